"""Read labels from a container, and put them back: lists, arrays, Series, frames, tensors."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from sklmerge._codes import count_classes
from sklmerge._kinds import (
    DECODE_BYTES,
    check_one_kind,
    is_missing,
    show_labels,
    to_array,
    to_plain,
)
from sklmerge._tensors import give_in_kind, read_scalars, to_numpy

_SHOWN_POSITIONS = 10


def is_pandas(y: Any, *names: str) -> bool:
    """Say whether y is one of these pandas classes, without importing pandas."""
    return _is_of("pandas", y, *names)


def is_polars(y: Any, *names: str) -> bool:
    """Say whether y is one of these polars classes, without importing polars."""
    return _is_of("polars", y, *names)


def _is_of(module: str, y: Any, *names: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(y, tuple(getattr(loaded, name) for name in names))


def is_index(thing: Any) -> bool:
    """Say whether y is an ImageIndex, without importing its package."""
    return getattr(type(thing), "_is_image_index", False) is True


def read_labels(y: Any, name: str = "y", *, trust_objects: bool = False) -> NDArray[Any]:
    """Read one label per row into an array of numbers, fixed-width str, or str objects."""
    values = _to_array(y, name)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"{name} must be of shape (n_samples,), one label a row, got shape {values.shape}"
        )
    if values.dtype == object:
        has_no_dtype = isinstance(y, list | tuple)
        # The caller looks each row up among known strings, and returns for the check if one is new.
        if trust_objects and not has_no_dtype:
            return values
        values = _check_objects(values, name)
        return values.astype(np.str_) if has_no_dtype and values.dtype == object else values
    if values.dtype.kind == "f":
        _check_floats(values, name)
        # -0.0 is 0.0, also by name.
        return values + 0.0 if np.signbit(values[values == 0]).any() else values
    if values.dtype.kind not in "iubU":
        advice = f"; {DECODE_BYTES}" if values.dtype.kind == "S" else ""
        raise TypeError(
            f"{name} must hold labels of str, int, bool or whole float, got dtype {values.dtype}"
            f"{advice}"
        )
    return values


def _to_array(y: Any, name: str) -> NDArray[Any]:
    is_container = hasattr(y, "__len__") or hasattr(y, "__array__")
    if isinstance(y, str | bytes) or not is_container:
        raise TypeError(f"{name} must be an array or list of labels, got {y!r}")
    if isinstance(y, set | frozenset | dict):
        raise TypeError(
            f"{name} must be an array or list, one label a row in order, got a {type(y).__name__}"
        )
    if isinstance(y, list | tuple):
        return _read_list(y)
    if is_column(y):
        y = y.iloc[:, 0] if hasattr(y, "iloc") else y.to_series()
    if is_pandas(y, "Series", "Index", "Categorical"):
        return _read_pandas(y, name)
    if is_polars(y, "Series"):
        return _read_polars(y, name)
    if isinstance(y, np.ma.MaskedArray):
        _refuse_missing(np.ma.getmaskarray(y).ravel(), name)
    values = to_numpy(y)
    if values.ndim == 0 and values.dtype == object:
        # Views of a dict and the like, which have a length and no rows to NumPy.
        raise TypeError(f"{name} must be an array or list of labels, got {y!r}")
    if values.dtype.kind == "T":
        return values.astype(object)
    # Another machine's byte order reads the same, but the tables and keys want our own.
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _read_list(y: Sequence[Any]) -> NDArray[Any]:
    """Read rows as objects: NumPy would turn [1, "A"] into strings and [True, 2] into integers."""
    y = read_scalars(y)
    rows = np.empty(len(y), dtype=object)
    rows[:] = y
    if not any(issubclass(kind, list | tuple | np.ndarray) for kind in set(map(type, y))):
        return rows
    lengths = {len(row) if isinstance(row, list | tuple | np.ndarray) else -1 for row in y}
    # Rows of one length are a table, which has a message of its own.
    return np.array(y, dtype=object) if lengths not in ({-1}, set()) and len(lengths) == 1 else rows


def read_array(y: Any) -> NDArray[Any]:
    """Read y of any shape as NumPy does, without checks; refuse rows of different lengths."""
    try:
        return to_numpy(y)
    except ValueError:
        return read_labels(y)


def check_floats_as_scikit_learn(values: NDArray[Any]) -> None:
    """Refuse regression targets and infinities, with scikit-learn's own messages."""
    if values.dtype.kind != "f" or np.isnan(values).any():
        return
    # It casts to int64, with a warning where that cannot be.
    if not (np.abs(values[np.isfinite(values)]) >= 2.0**63).any():
        check_classification_targets(values)


def is_column(y: Any) -> bool:
    """Say whether y is a data frame of a single column."""
    return (is_pandas(y, "DataFrame") or is_polars(y, "DataFrame")) and y.shape[1] == 1


def _read_pandas(y: Any, name: str) -> NDArray[Any]:
    if is_pandas(y, "MultiIndex"):
        raise TypeError(f"{name} must hold labels, one a row, got a MultiIndex of {y[:1].tolist()}")
    _refuse_missing(np.asarray(y.isna()), name)
    if is_pandas(y.dtype, "CategoricalDtype"):
        codes = y.codes if hasattr(y, "codes") else getattr(y, "cat", y).codes
        return np.take(_read_pandas(y.dtype.categories, name), np.asarray(codes))
    # Nullable dtypes name the NumPy dtype of their values; strings have none but object.
    natural = getattr(y.dtype, "numpy_dtype", y.dtype)
    plain = isinstance(natural, np.dtype) and natural.kind in "iubf"
    return np.asarray(y.to_numpy(dtype=natural if plain else object))


def _read_polars(y: Any, name: str) -> NDArray[Any]:
    _refuse_missing(y.is_null().to_numpy(), name)
    if type(y.dtype).__name__ in ("String", "Categorical", "Enum"):
        return np.array([*y.to_list(), None], dtype=object)[:-1]
    return np.asarray(y.to_numpy())


def read_categories(y: Any, name: str = "y") -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Read a pandas categorical as (codes, all categories); return None for anything else."""
    if not (is_pandas(y, "Series", "Index", "Categorical") and hasattr(y.dtype, "categories")):
        return None
    if not is_pandas(y.dtype, "CategoricalDtype"):
        return None
    # A Categorical and its Index have codes of their own, a Series has them at `cat`.
    codes = np.asarray(y.codes if hasattr(y, "codes") else getattr(y, "cat", y).codes)
    if len(codes) and codes.min() < 0:
        _refuse_missing(codes < 0, name)
    return codes, _read_pandas(y.dtype.categories, name)


def _check_objects(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Check that objects are labels of one kind; numbers get a number dtype."""
    rows = values.tolist()
    try:
        distinct = list(dict.fromkeys(rows))
    except TypeError as error:
        raise TypeError(f"{name} must hold labels, one a row, got {rows[0]!r}") from error
    if all(type(label) is str for label in distinct):
        return values
    if any(is_missing(label) for label in distinct):
        _refuse_missing(np.array([is_missing(label) for label in rows]), name)
    # True == 1 == 1.0 to Python, so the distinct labels alone would hide a mixture.
    kind = check_one_kind(rows, name)
    if kind == "str":
        return np.array([*map(to_plain, rows), None], dtype=object)[:-1]
    try:
        numbers = to_array(rows)
    except ValueError as error:
        raise ValueError(
            f"{name} must hold integers of 64 bits, got {show_labels(distinct, 3)}"
        ) from error
    if kind == "float":
        _check_floats(numbers, name)
    return numbers


def _check_floats(values: NDArray[Any], name: str) -> None:
    _refuse_missing(np.isnan(values), name)
    broken = values[~np.isfinite(values) | (values != np.floor(values))]
    if len(broken):
        raise ValueError(
            f"{name} must hold class labels, got continuous numbers: {show_labels(broken, 3)}"
        )


def _refuse_missing(missing: NDArray[np.bool_], name: str) -> None:
    if not missing.any():
        return
    positions = np.flatnonzero(missing)
    shown = ", ".join(str(position) for position in positions[:_SHOWN_POSITIONS])
    more = len(positions) - _SHOWN_POSITIONS
    rest = f" (and {more} more)" if more > 0 else ""
    raise ValueError(
        f"{name} has missing labels (NaN, None) at positions {shown}{rest}; "
        "give these rows a label or leave them out"
    )


@dataclass(frozen=True)
class CountedLabels:
    """Labels that are already counted, so that a million of them need no array."""

    # Distinct.
    classes: list[Any]
    # Samples of each; a class of 0 is none of y.
    counts: list[int]


def count_labels(y: Any) -> tuple[NDArray[Any], list[int], int]:
    """Return the sorted classes of y, their numbers of samples, and the total (at least 1)."""
    if isinstance(y, CountedLabels):
        present = [pair for pair in zip(y.classes, y.counts, strict=True) if pair[1]]
        classes = read_labels([label for label, _ in present])
        order = np.argsort(classes)
        counts = [present[place][1] for place in order]
        return classes[order], counts, sum(counts)
    # Categories are far fewer than rows, which need not be spelt out.
    coded = read_categories(y)
    if coded is not None and len(coded[0]):
        return _count_codes(*coded)
    values = read_labels(y, trust_objects=True)
    if len(values) == 0:
        raise ValueError("y must hold at least one label, got none")
    counted = _count_strings(values)
    if counted is not None:
        classes = np.array(sorted(counted), dtype=object)
        return classes, [counted[label] for label in classes.tolist()], len(values)
    values = read_labels(y)
    classes, numbers = count_classes(values)
    return classes, numbers.tolist(), len(values)


def _count_codes(
    codes: NDArray[Any], categories: NDArray[Any]
) -> tuple[NDArray[Any], list[int], int]:
    """Count the categories in use, sorted, by their codes."""
    present, counts = count_classes(codes)
    classes = categories[present]
    order = np.argsort(classes)
    return classes[order], counts[order].tolist(), len(codes)


def _count_strings(values: NDArray[Any]) -> Counter[str] | None:
    """Count objects in one pass; return None if they are not all strings."""
    if values.dtype != object:
        return None
    try:
        counted = Counter(values.tolist())
    except TypeError:
        return None
    return counted if all(type(label) is str for label in counted) else None


def copy_labels(y: Any) -> Any:
    """Copy labels and keep their container; a list becomes an array."""
    if isinstance(y, list | tuple):
        return np.array(y)
    copy = getattr(y, "copy", None) or getattr(y, "clone", None)
    return give_in_kind(np.array(y), y) if copy is None else copy()


def rebuild_like(y: Any, values: NDArray[Any], classes: Sequence[Any]) -> Any:
    """Put new labels into the container and shape of y; categories become `classes`."""
    if is_column(y):
        column = y.iloc[:, 0] if hasattr(y, "iloc") else y.to_series()
        return rebuild_like(column, values, classes).to_frame()
    if is_pandas(y, "Series"):
        # Index and name stay, and so does the dtype if the labels keep their kind.
        dtype = _choose_pandas_dtype(y, values, classes)
        return type(y)(values, index=y.index, name=y.name, dtype=dtype)
    if is_polars(y, "Series"):
        return _rebuild_polars(y, values, classes)
    if isinstance(y, np.ndarray):
        # Objects, and NumPy's strings of any length ("T"), stay what they are.
        if y.dtype.kind == "O" or (y.dtype.kind == "T" and values.dtype.kind in "OU"):
            values = values.astype(y.dtype, copy=False)
        return values.reshape(-1, 1) if y.ndim == 2 else values
    return give_in_kind(values, y, exact=True)


def _rebuild_polars(y: Any, values: NDArray[Any], classes: Sequence[Any]) -> Any:
    polars = sys.modules["polars"]
    rebuilt = polars.Series(y.name, values.tolist() if values.dtype.kind in "OU" else values)
    if isinstance(y.dtype, polars.Enum):
        known = set(classes)
        extra = [label for label in rebuilt.unique(maintain_order=True) if label not in known]
        return (
            rebuilt.cast(polars.Enum([*classes, *extra])) if values.dtype.kind in "OU" else rebuilt
        )
    same_kind = rebuilt.dtype.is_numeric() == y.dtype.is_numeric()
    return rebuilt.cast(y.dtype) if same_kind and values.dtype.kind != "b" else rebuilt


def _choose_pandas_dtype(y: Any, values: NDArray[Any], classes: Sequence[Any]) -> Any:
    if is_pandas(y.dtype, "CategoricalDtype"):
        known = set(classes)
        extra = [label for label in dict.fromkeys(values.tolist()) if label not in known]
        return type(y.dtype)([*classes, *extra])
    natural = getattr(y.dtype, "numpy_dtype", y.dtype)
    if isinstance(natural, np.dtype) and natural.kind in "iubf":
        return y.dtype if natural == values.dtype else None
    return y.dtype if values.dtype.kind in "OU" else None
