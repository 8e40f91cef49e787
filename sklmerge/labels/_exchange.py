"""Tables that exchange labels, and the arrays they are written in. No settings of a merger here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import Label, show_labels

_KIND_OF_CODE = {
    "U": "str",
    "O": "str",
    "T": "str",
    "b": "bool",
    "i": "int",
    "u": "int",
    "f": "float",
}


def to_label_array(labels: Sequence[Label], like: np.dtype[Any]) -> NDArray[Any]:
    """Write labels of one kind as an array of dtype `like` where they fit, else a natural one.

    Examples
    --------
    >>> to_label_array([0, 2], np.dtype(np.uint8)).dtype, to_label_array([-1], np.dtype("u1")).dtype
    (dtype('uint8'), dtype('int64'))
    """
    natural = np.array(labels)
    if natural.dtype.kind == "U":
        return natural.astype(object) if like.kind == "O" else natural
    if like.kind not in "iuf" or natural.dtype.kind not in "iuf":
        return natural
    with np.errstate(over="ignore"):
        written = natural.astype(like)
    return written if (written == natural).all() else natural


def pair_labels(
    mapping: Mapping[Label, Label], like: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Write a mapping as two arrays side by side, sorted by the first.

    Examples
    --------
    >>> known, merged = pair_labels({2: 0, 1: 0}, np.dtype(np.int64))
    >>> known.tolist(), merged.tolist()
    ([1, 2], [0, 0])
    """
    known = sorted(mapping)
    return to_label_array(known, like), to_label_array([mapping[label] for label in known], like)


def invert_mapping(mapping: Mapping[Label, Label]) -> dict[Label, list[Label]]:
    """List for each merged label, sorted, the labels that become it, sorted.

    Examples
    --------
    >>> invert_mapping({"B": "AB", "C": "C", "A": "AB"})
    {'AB': ['A', 'B'], 'C': ['C']}
    """
    inverse: dict[Label, list[Label]] = {name: [] for name in sorted(set(mapping.values()))}
    for label in sorted(mapping):
        inverse[mapping[label]].append(label)
    return inverse


def place_members(
    members: Mapping[Label, Sequence[Label]], labels: Sequence[Label]
) -> list[NDArray[np.intp]]:
    """Say for each merged label at which places of `labels` its members stand.

    Examples
    --------
    >>> place_members({"AB": ["A", "B"], "C": ["C"]}, ["A", "C", "B"])
    [array([0, 2]), array([1])]
    """
    places = {label: place for place, label in enumerate(labels)}
    return [
        np.array([places[label] for label in group], dtype=np.intp) for group in members.values()
    ]


def is_identity(mapping: Mapping[Label, Label]) -> bool:
    """Say whether every label becomes itself."""
    return all(label == name for label, name in mapping.items())


def check_same_kind(values: NDArray[Any], known: NDArray[Any], name: str) -> None:
    """Check that labels are of the kind that a merger was fitted on; 1 and 1.0 are one number.

    Raises
    ------
    TypeError
        If not.
    """
    came, expected = (_KIND_OF_CODE[array.dtype.kind] for array in (values, known))
    numbers = ("int", "float")
    if len(values) and came != expected and not (came in numbers and expected in numbers):
        raise TypeError(
            f"{name} must hold {expected} labels like {show_labels(known, 3)}, got {came}: "
            f"{show_labels(values[:3])}"
        )


def put_labels(values: NDArray[Any], rows: NDArray[np.intp], labels: NDArray[Any]) -> NDArray[Any]:
    """Put labels into some rows, widening the dtype where they need it.

    Examples
    --------
    >>> put_labels(np.array(["A", "B"]), np.array([1]), np.array(["long"]))
    array(['A', 'long'], dtype='<U4')
    """
    dtype = object if values.dtype == object else np.result_type(values, labels)
    out = values.astype(dtype)
    out[rows] = labels
    return out


def choose_sources(
    sources: Mapping[Label, Sequence[Label]], counts: Mapping[Label, int]
) -> dict[Label, Label]:
    """Choose for each merged label its most frequent original label, the first of equals.

    Examples
    --------
    >>> choose_sources({"AB": ["A", "B"]}, {"A": 3, "B": 5})
    {'AB': 'B'}
    """
    return {
        name: max(labels, key=lambda label: counts.get(label, 0))
        for name, labels in sources.items()
    }


def check_unambiguous(sources: Mapping[Label, Sequence[Label]], ambiguous: str) -> None:
    """Check that each merged label has one source, unless ambiguity is allowed.

    Raises
    ------
    ValueError
        If not.
    """
    several = [name for name, labels in sources.items() if len(labels) > 1]
    if several and ambiguous == "error":
        raise ValueError(
            f"y_merged does not say which of {show_labels(sources[several[0]])} a {several[0]!r} "
            f"was (merged classes of several members: {show_labels(several)}); pass original, the "
            'original labels of the same rows, or ambiguous="most_frequent"'
        )


def check_same_rows(expected: NDArray[Any], came: NDArray[Any]) -> None:
    """Check that merged labels are what the original labels of the same rows merge into.

    Raises
    ------
    ValueError
        If not; the message shows the first rows.
    """
    if expected.shape != came.shape:
        raise ValueError(
            f"original must have the rows of y_merged, {came.shape}, got {expected.shape}"
        )
    wrong = np.flatnonzero((expected != came).reshape(len(came), -1).any(axis=1)).tolist()
    if wrong:
        should, did = expected.tolist(), came.tolist()
        rows = "; ".join(f"row {i} must be {should[i]!r}, got {did[i]!r}" for i in wrong[:3])
        raise ValueError(
            f"y_merged contradicts original in {len(wrong)} of {len(did)} rows, first: {rows}"
        )
