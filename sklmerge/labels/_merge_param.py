"""Read a parameter called `merge`: make a LabelMerger of it, and refuse ambiguous numbers."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import column_or_1d

from sklmerge._containers import (
    check_floats_as_scikit_learn,
    count_labels,
    is_column,
    read_array,
    read_labels,
)
from sklmerge._dataset_labels import find_labels
from sklmerge._kinds import get_kind, show_labels
from sklmerge.labels._merge_and_unmerge import is_identity
from sklmerge.labels._merge_map import invert_merge_map, normalize_merge_map, read_classes
from sklmerge.labels._merger import LabelMerger


def check_merger(merge: Any) -> LabelMerger:
    """Make an unfitted LabelMerger from any value of a `merge` parameter.

    Parameters
    ----------
    merge : LabelMerger, mapping, list of lists or None
        A LabelMerger is cloned, so the one that you pass is never fitted.

    Returns
    -------
    LabelMerger
        An unfitted LabelMerger.

    Raises
    ------
    TypeError
        If `merge` has none of these types.
    ValueError
        If `merge` contradicts itself, for example if it lists a label twice.

    Examples
    --------
    >>> check_merger([["A", "B"]])
    LabelMerger(merge=[['A', 'B']])
    """
    if isinstance(merge, LabelMerger):
        return clone(merge)
    normalize_merge_map(merge)
    return LabelMerger(merge)


def fit_nested_merger(merge: Any, y: Any) -> LabelMerger:
    """Fit a new merger on labels that a meta-estimator may have replaced; see `check_all_named`."""
    merger = check_merger(merge)
    classes, counts, n_samples = count_labels(y)
    found = classes.tolist()
    listed = invert_merge_map(normalize_merge_map(merger.merge))
    takes_rest = merger.unlisted != "keep" and merger.unlisted != "error"
    takes_rare = merger.min_count is not None and merger.rare_label in found
    # No map at all and counting alone mean the same under any numbering, and so does a map that
    # changes no label. All other maps of numbers must name every class.
    if takes_rest or takes_rare or not is_identity(listed):
        declared = read_classes(merger.classes)
        named = list(listed) if declared is None else declared
        if all(isinstance(label, int | float) for label in named):
            check_all_named("merge", named, found, missing=merger.missing)
            if found == [0, 1] and len({listed.get(label, label) for label in named}) == 1:
                raise ValueError(
                    "merge must keep two classes apart if labels are 0 and 1, which say one class "
                    "or the rest inside OneVsRestClassifier and its kin, got "
                    f"{merger.merge!r}; use text labels, or put the meta-estimator inside this "
                    "estimator"
                )
    try:
        return merger._fit_counts(classes, counts, n_samples, multilabel=False)
    except ValueError as error:
        if classes.dtype.kind not in "iuf" or found != list(range(len(found))):
            raise
        raise ValueError(
            f"{error}; y holds 0..{len(found) - 1}, as it does inside meta-estimators that number "
            "the classes before fit (VotingClassifier, StackingClassifier, cross_val_predict of "
            "probabilities): put the meta-estimator inside this estimator"
        ) from error


def is_fitted_merger(merge: Any) -> bool:
    """Say whether a parameter called `merge` is a LabelMerger that has learned its classes."""
    return isinstance(merge, LabelMerger) and hasattr(merge, "mapping_")


def agree_on_merge(y: Any, doors: Mapping[str, Any]) -> Any:
    """Return the merge given in several places; refuse merges that differ, and name the places."""
    given = {door: merge for door, merge in doors.items() if merge is not None}
    if len(given) > 1:
        maps = {
            door: (merge if is_fitted_merger(merge) else check_merger(merge).fit(y)).mapping_
            for door, merge in given.items()
        }
        (first, whole), *others = maps.items()
        for door, other in others:
            differing = [
                label for label in whole if label in other and other[label] != whole[label]
            ]
            if differing:
                raise ValueError(
                    f"merge must be the same wherever it is given, got one in {first} and another "
                    f"in {door}, which differ on {show_labels(differing)}; give it once"
                )
    return next(reversed(given.values()), None)


def may_join(merge: Any) -> bool:
    """Say whether, as far as is known before fit, `merge` may join several classes."""
    merger = merge if isinstance(merge, LabelMerger) else LabelMerger(merge)
    sizes = [len(members) for members in normalize_merge_map(merger.merge).values()]
    return max(sizes, default=1) > 1 or merger.min_count is not None or merger.unlisted != "keep"


def check_all_named(
    name: str, named: Iterable[Any], classes: Iterable[Any], *, missing: str = "error"
) -> None:
    """Refuse a parameter keyed by label if a meta-estimator may have replaced the labels in y."""
    # Many meta-estimators number the classes 0, 1, 2, ... in sorted order and may then leave rows
    # out (folds, bootstraps). Text labels are safe: a map of text fails on numbers by its type.
    # Of an encoder that numbers in another order nothing can be known.
    found, known = set(classes), set(named)
    if found == known or not all(get_kind(label) in ("int", "float") for label in found):
        return
    numbers = set(range(len(known)))
    if known == numbers:
        # A numbering of all of them changes nothing; one of fewer never gives the last number.
        numbers.discard(len(known) - 1)
    # Fewer classes will do if one of them is a number that no such numbering can give.
    if found < known and missing == "ignore" and not found <= numbers:
        return
    # The messages never show the classes of y, which nobody should name if they are such numbers.
    why = "because a meta-estimator may number the classes 0, 1, 2, ... before it fits this one"
    around = "use text labels, or put the meta-estimator inside this estimator"
    if not found < known:
        raise ValueError(
            f"{name} must name every class if labels are numbers, {why}, but y has classes that "
            f"it does not name; name all your original labels (a LabelMerger takes them as "
            f"classes=), {around}"
        )
    lacking = show_labels(sorted(known - found))
    allow = "" if missing == "ignore" else 'allow that by missing="ignore" (of a LabelMerger), '
    raise ValueError(
        f"y must have every class that {name} names if labels are numbers, {why}, but lacks "
        f"{lacking}; {allow}{around}"
    )


def read_training_labels(y: Any) -> NDArray[Any]:
    """Read the y of a classifier, with the errors and warnings that scikit-learn requires."""
    if y is None:
        raise ValueError("MergedClassifier requires y to be passed, but the target y is None")
    y = find_labels(y)
    plain = read_array(y)
    if plain.ndim == 2 and plain.shape[1] == 1:
        column_or_1d(plain, warn=not is_column(y))
    elif plain.ndim == 2:
        raise ValueError(
            f"y must be of shape (n_samples,), one class a sample, got {plain.shape}; to merge the "
            "columns of a multilabel table use LabelMerger"
        )
    if plain.dtype.kind == "c":
        raise ValueError("Complex data not supported: y must hold class labels")
    check_floats_as_scikit_learn(plain)
    return read_labels(y)
