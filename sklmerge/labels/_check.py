"""What a parameter called `merge` is: one fresh LabelMerger of it, and whether it is fitted."""

from typing import Any

from sklearn.base import clone

from sklmerge.labels._merge_map import normalize_merge_map
from sklmerge.labels._merger import LabelMerger


def check_merger(merge: Any) -> LabelMerger:
    """Make a fresh, unfitted merger of whatever a parameter called `merge` takes.

    Parameters
    ----------
    merge : LabelMerger, mapping, list of lists or None
        A merger is cloned, never fitted in place.

    Returns
    -------
    LabelMerger
        Unfitted.

    Raises
    ------
    TypeError
        If `merge` is none of these.
    ValueError
        If `merge` contradicts itself.

    Examples
    --------
    >>> check_merger([["A", "B"]])
    LabelMerger(merge=[['A', 'B']])
    """
    if isinstance(merge, LabelMerger):
        return clone(merge)
    normalize_merge_map(merge)
    return LabelMerger(merge)


def is_fitted_merger(merge: Any) -> bool:
    """Say whether a parameter called `merge` is a LabelMerger that has learned its classes."""
    return isinstance(merge, LabelMerger) and hasattr(merge, "mapping_")
