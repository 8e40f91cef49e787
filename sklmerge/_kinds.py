"""Properties of one label: its kind, whether it is missing, how it is shown. No arrays here."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

Label: TypeAlias = str | int | bool | float

KINDS = ("str", "int", "bool", "float")
# h5py and old files of NumPy give text as bytes.
DECODE_BYTES = "text is np.char.decode(np.asarray(y, bytes))"


def is_missing(label: Any) -> bool:
    """Say whether a value stands for "no label": None, a NaN, or a missing value of pandas."""
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(label, float | np.floating) and bool(np.isnan(label))


def get_kind(label: Any) -> str:
    """Return the kind of one label: "str", "int", "bool" or "float"; else raise a TypeError."""
    # bool before int: a Python bool is an int too, and True must not pass for 1.
    if isinstance(label, bool | np.bool_):
        return "bool"
    if isinstance(label, str):
        return "str"
    if isinstance(label, int | np.integer):
        return "int"
    if isinstance(label, float | np.floating):
        return "float"
    advice = f"; {DECODE_BYTES}" if isinstance(label, bytes) else ""
    raise TypeError(
        f"labels must be str, int, bool or float, got {label!r} ({type(label).__name__}){advice}"
    )


def to_plain(label: Any) -> Label:
    """Convert a NumPy scalar to a Python value; return a Python value unchanged."""
    kind = get_kind(label)
    if kind == "str":
        # Of an Enum of strings, str() is its name.
        return str.__str__(label)
    if kind == "int":
        return int(label)
    return bool(label) if kind == "bool" else float(label)


def convert_number(label: Label, kind: str) -> Label:
    """Convert a whole number to the kind of y, for example 1 to 1.0; return others unchanged."""
    if kind == "float" and get_kind(label) == "int":
        return float(label)
    if kind == "int" and isinstance(label, float) and label.is_integer():
        return int(label)
    return label


def check_one_kind(labels: Iterable[Label], name: str) -> str | None:
    """Return the kind of all labels, or None if there are none; raise TypeError for a mixture."""
    labels = labels if isinstance(labels, Sequence) else list(labels)
    first: dict[str, Label] = {}
    # A label's type says its kind, and nearly always all have one: a fifth of the time of a loop.
    for label in labels[:1] if len(set(map(type, labels))) == 1 else labels:
        first.setdefault(get_kind(label), label)
    if len(first) > 1:
        found = ", ".join(f"{kind} ({label!r})" for kind, label in first.items())
        raise TypeError(f"{name} must hold labels of one type, got {found}")
    return next(iter(first), None)


def to_array(labels: Sequence[Label]) -> np.ndarray[Any, Any]:
    """Convert labels of one kind to an array; integers that only fit uint64 stay exact."""
    array = np.array(labels)
    # NumPy makes floats of 1 beside 2**63, and objects of what 64 bits do not hold.
    if array.dtype.kind in "fO" and len(labels) and all(get_kind(one) == "int" for one in labels):
        whole = [int(label) for label in labels]
        if min(whole) < 0 or max(whole) >= 2**64:
            raise ValueError(f"labels must be integers of 64 bits, got {show_labels(labels, 3)}")
        return np.array(whole, dtype=np.uint64)
    return array


def show_labels(labels: Sequence[Any] | np.ndarray[Any, Any], limit: int = 10) -> str:
    """List the first labels for an error message, and the number of the others."""
    head = ", ".join(repr(to_plain(label)) for label in labels[:limit])
    return head if len(labels) <= limit else f"{head} (and {len(labels) - limit} more)"
