"""Replace labels by a mapping, and undo it: one label per row, in any container."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._codes import match_labels, replace_labels
from sklmerge._containers import read_categories, read_labels, rebuild_like
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import Label, show_labels, to_array

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
    """Make an array of labels of one kind: of dtype `like` if they fit, else of their own dtype."""
    natural = to_array(labels)
    if natural.dtype.kind == "U":
        return natural.astype(object) if like.kind == "O" else natural
    if like.kind not in "iuf" or natural.dtype.kind not in "iuf":
        return natural
    # What does not fit wraps round or overflows, and so does not come out as it was.
    with np.errstate(over="ignore"):
        written = natural.astype(like)
    return written if (written == natural).all() else natural


def pair_labels(
    mapping: Mapping[Label, Label], like: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the keys and the values of a mapping as two arrays, sorted by key."""
    known = sorted(mapping)
    return to_label_array(known, like), to_label_array([mapping[label] for label in known], like)


def invert_mapping(mapping: Mapping[Label, Label]) -> dict[Label, list[Label]]:
    """Map each merged label to the labels that become it. Keys and lists are sorted."""
    inverse: dict[Label, list[Label]] = {name: [] for name in sorted(set(mapping.values()))}
    for label in sorted(mapping):
        inverse[mapping[label]].append(label)
    return inverse


def place_members(
    members: Mapping[Label, Sequence[Label]], labels: Sequence[Label]
) -> list[NDArray[np.intp]]:
    """List for each merged label the positions of its members in `labels`."""
    places = {label: place for place, label in enumerate(labels)}
    return [
        np.array([places[label] for label in group], dtype=np.intp) for group in members.values()
    ]


def is_identity(mapping: Mapping[Label, Label]) -> bool:
    """Say whether a mapping leaves every label unchanged."""
    return all(label == name for label, name in mapping.items())


def check_same_kind(values: NDArray[Any], known: NDArray[Any], name: str) -> None:
    """Check that labels are of the kind that a merger was fitted on; int and float count as one."""
    came, expected = (_KIND_OF_CODE[array.dtype.kind] for array in (values, known))
    numbers = ("int", "float")
    if len(values) and came != expected and not (came in numbers and expected in numbers):
        raise TypeError(
            f"{name} must hold {expected} labels like {show_labels(known, 3)}, got {came}: "
            f"{show_labels(values[:3])}"
        )


def write_like(values: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """Convert numbers to the kind of other labels, for example floats to ints or bools."""
    # scikit-learn gives floats for nullable ints and bools.
    kinds = values.dtype.kind + like.dtype.kind
    if kinds in ("fi", "fu", "if", "uf"):
        return values.astype(like.dtype if like.dtype.kind == "f" else np.int64)
    if kinds in ("fb", "ib", "ub") and ((values == 0) | (values == 1)).all():
        return values.astype(bool)
    return values


def put_labels(values: NDArray[Any], rows: NDArray[np.intp], labels: NDArray[Any]) -> NDArray[Any]:
    """Copy an array and replace the labels of some rows; widen the dtype if necessary."""
    dtype = object if values.dtype == object else np.result_type(values, labels)
    out = values.astype(dtype)
    out[rows] = labels
    return out


def choose_sources(
    sources: Mapping[Label, Sequence[Label]], counts: Mapping[Label, float]
) -> dict[Label, Label]:
    """Choose each merged label's most frequent original label; of equals, the first."""
    return {
        name: max(labels, key=lambda label: counts.get(label, 0))
        for name, labels in sources.items()
    }


def check_unambiguous(sources: Mapping[Label, Sequence[Label]], ambiguous: str) -> None:
    """Check that each merged label has one original label, unless `ambiguous` allows several."""
    several = [name for name, labels in sources.items() if len(labels) > 1]
    if several and ambiguous == "error":
        raise ValueError(
            f"y_merged does not say which of {show_labels(sources[several[0]])} a {several[0]!r} "
            f"was (merged classes of several members: {show_labels(several)}); pass original, the "
            'original labels of the same rows, or ambiguous="most_frequent"'
        )


def check_same_rows(expected: NDArray[Any], came: NDArray[Any]) -> None:
    """Check that the merged labels of all rows agree with their original labels."""
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


def merge_labels(
    y: Any, mapping: Mapping[Label, Label], merged_classes: Sequence[Label], unknown: Label
) -> Any:
    """Merge labels, and keep the container of y; `unknown` is that of LabelMerger."""
    # Of a categorical only the categories are merged, which are far fewer than the rows.
    coded = read_categories(y)
    if coded is not None:
        return _merge_categories(y, *coded, mapping, merged_classes, unknown)
    # A row found among known strings is a string; only rows not found need the full check.
    values = read_labels(y, trust_objects=isinstance(next(iter(mapping)), str))
    known, merged = pair_labels(mapping, values.dtype)
    check_same_kind(values, known, "y")
    replaced, strangers = replace_labels(values, known, merged)
    if len(strangers):
        values = read_labels(y)
        check_same_kind(values, known, "y")
        # Strings of an Enum are found once they are read as what they hold.
        replaced, strangers = replace_labels(values, known, merged)
    if len(strangers):
        labels = _admit_unknown(values[strangers], unknown, mapping)
        replaced = put_labels(replaced, strangers, labels)
    return rebuild_like(y, replaced, merged_classes)


def _merge_categories(
    y: Any,
    codes: NDArray[Any],
    categories: NDArray[Any],
    mapping: Mapping[Label, Label],
    merged_classes: Sequence[Label],
    unknown: Label,
) -> Any:
    """Merge the categories in use, and give each row the code of its merged category."""
    import pandas as pd

    present = np.flatnonzero(np.bincount(codes, minlength=len(categories)))
    merged = read_labels(merge_labels(categories[present], mapping, merged_classes, unknown))
    # Unknown labels that are kept become categories after those of the merged classes.
    labels: list[Label] = list(dict.fromkeys([*merged_classes, *merged.tolist()]))
    places = {label: place for place, label in enumerate(labels)}
    exchange = np.zeros(len(categories), dtype=np.min_scalar_type(-len(labels) - 1))
    exchange[present] = [places[label] for label in merged.tolist()]
    dtype = pd.CategoricalDtype(labels)
    rows = pd.Categorical.from_codes(np.take(exchange, codes), dtype=dtype, validate=False)
    if isinstance(y, pd.Series):
        return type(y)(rows, index=y.index, name=y.name)
    return np.asarray(rows)


def unmerge_labels(
    y_merged: Any,
    mapping: Mapping[Label, Label],
    counts: Mapping[Label, int],
    *,
    ambiguous: str,
    unknown: Label,
) -> Any:
    """Replace each merged label by its only or most frequent original label; keep the container."""
    values = read_labels(y_merged, "y_merged")
    sources = invert_mapping(mapping)
    merged, origins = pair_labels(choose_sources(sources, counts), values.dtype)
    check_same_kind(values, merged, "y_merged")
    places = match_labels(values, merged)
    present = merged[np.unique(places[places >= 0])].tolist()
    # Only labels that are there must be unambiguous.
    check_unambiguous({name: sources[name] for name in present}, ambiguous)
    inverse, strangers = np.take(origins, places), np.flatnonzero(places < 0)
    if len(strangers):
        if unknown != "keep":
            wrong = np.unique(values[strangers])
            raise ValueError(
                f"y_merged has labels that are no merged class: {show_labels(wrong)}"
                f"{suggest_names(wrong.tolist(), merged.tolist())}"
            )
        inverse = put_labels(inverse, strangers, values[strangers])
    # The original classes are the categories of a categorical.
    return rebuild_like(y_merged, inverse, list(counts))


def _admit_unknown(
    labels: NDArray[Any], unknown: Label, mapping: Mapping[Label, Label]
) -> NDArray[Any]:
    """Return what unknown labels become: themselves ("keep") or one given label."""
    if unknown == "error":
        raise ValueError(
            f"y has labels unknown to this LabelMerger: {show_labels(np.unique(labels))}"
            f"{suggest_names(np.unique(labels).tolist(), mapping)}; "
            'pass unknown="keep" to let them through'
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
