"""Labels, one a row, to merged ones and back. No 0/1 tables here, see _indicator.py for those."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._exchange import (
    check_same_kind,
    check_unambiguous,
    choose_sources,
    invert_mapping,
    pair_labels,
    put_labels,
)
from sklmerge.labels._kinds import Label, show_labels
from sklmerge.labels._matching import match_labels, replace_labels
from sklmerge.labels._reading import read_labels, rebuild_like


def merge_labels(
    y: Any, mapping: Mapping[Label, Label], merged_classes: Sequence[Label], unknown: Label
) -> Any:
    """Say what each label becomes, in the container of y.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Original labels.
    mapping : mapping of label -> label
        What the known labels become.
    merged_classes : sequence of labels
        The categories of the result, where y is categorical.
    unknown : "error", "keep" or label
        As for :class:`sklmerge.LabelMerger`.

    Raises
    ------
    ValueError, TypeError
        If y has labels that are unknown and must not be, or are of another kind.

    Examples
    --------
    >>> merge_labels(["A", "C", "B"], {"A": "AB", "B": "AB", "C": "C"}, ["AB", "C"], "error")
    array(['AB', 'C', 'AB'], dtype='<U2')
    """
    # A row found among known strings is a string; only rows not found need the full check.
    values = read_labels(y, trust_objects=isinstance(next(iter(mapping)), str))
    known, merged = pair_labels(mapping, values.dtype)
    check_same_kind(values, known, "y")
    replaced, strangers = replace_labels(values, known, merged)
    if len(strangers):
        values = read_labels(y)
        check_same_kind(values, known, "y")
        labels = _admit_unknown(values[strangers], unknown, mapping)
        replaced = put_labels(replaced, strangers, labels)
    return rebuild_like(y, replaced, merged_classes)


def unmerge_labels(
    y_merged: Any,
    mapping: Mapping[Label, Label],
    counts: Mapping[Label, int],
    *,
    ambiguous: str,
    unknown: Label,
) -> Any:
    """Say which original label each merged one was, or most often was, in the same container.

    Parameters
    ----------
    y_merged : array-like of shape (n_samples,)
        Merged labels.
    mapping : mapping of label -> label
        What the known original labels become.
    counts : mapping of label -> int
        Samples of each original class; the classes are the categories of the result, where
        y_merged is categorical.
    ambiguous : {"error", "most_frequent"}
        What to do where a merged label has several original ones.
    unknown : "error", "keep" or label
        As for :class:`sklmerge.LabelMerger`: with "keep", labels of no merged class stay.

    Raises
    ------
    ValueError, TypeError
        If the answer is ambiguous and must not be, or a label is no merged class or of another
        kind.

    Examples
    --------
    >>> unmerge_labels(["AB"], {"A": "AB", "B": "AB"}, {"A": 3, "B": 5},
    ...                ambiguous="most_frequent", unknown="error")
    array(['B'], dtype='<U1')
    """
    values = read_labels(y_merged, "y_merged")
    sources = invert_mapping(mapping)
    merged, origins = pair_labels(choose_sources(sources, counts), values.dtype)
    check_same_kind(values, merged, "y_merged")
    places = match_labels(values, merged)
    present = merged[np.unique(places[places >= 0])].tolist()
    check_unambiguous({name: sources[name] for name in present}, ambiguous)
    inverse, strangers = np.take(origins, places), np.flatnonzero(places < 0)
    if len(strangers):
        if unknown != "keep":
            names = show_labels(np.unique(values[strangers]))
            raise ValueError(f"y_merged has labels that are no merged class: {names}")
        inverse = put_labels(inverse, strangers, values[strangers])
    return rebuild_like(y_merged, inverse, list(counts))


def _admit_unknown(
    labels: NDArray[Any], unknown: Label, mapping: Mapping[Label, Label]
) -> NDArray[Any]:
    """Say what unknown labels become: themselves ("keep") or one label."""
    if unknown == "error":
        raise ValueError(
            f"y has labels unknown to this LabelMerger: {show_labels(np.unique(labels))}; pass "
            'unknown="keep" to let them through'
        )
    names = set(mapping.values())
    if unknown != "keep":
        labels = np.array([unknown])
    elif taken := [label for label in np.unique(labels).tolist() if label in names]:
        raise ValueError(
            f"y has unknown labels that are names of merged classes: {show_labels(taken)}; is it "
            "merged already?"
        )
    check_same_kind(labels, np.array(sorted(names)), "unknown")
    return labels
