"""Rows of X and of whatever belongs to X, for any container. Nothing is validated here."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklmerge._codes import count_classes
from sklmerge._kinds import check_one_kind, is_missing, show_labels

_SHOWN_POSITIONS = 10


def is_pandas(y: Any, *names: str) -> bool:
    """Say whether y is one of these pandas classes, without importing pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(y, tuple(getattr(pandas, name) for name in names))


def is_index(thing: Any) -> bool:
    """Say whether something is an ImageIndex, which lies in a room above."""
    return getattr(type(thing), "_is_image_index", False) is True


def read_labels(y: Any, name: str = "y", *, trust_objects: bool = False) -> NDArray[Any]:
    """Read labels into an array of one kind, without a copy where none is needed.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        A list, an array of str, int, bool, whole float or object, or a pandas Series, Index or
        Categorical of any dtype that holds these.
    name : str
        What error messages call it.
    trust_objects : bool
        Leave the rows of an object array unchecked, for a caller who looks each of them up among
        known strings anyway and comes back for the check when one is not found.

    Returns
    -------
    ndarray of shape (n_samples,)
        Of a number dtype, of fixed-width str, or of object that holds str alone.

    Raises
    ------
    TypeError
        If y is no container of labels, or holds labels of several types.
    ValueError
        If y is not one-dimensional, or has missing labels or continuous numbers.

    Examples
    --------
    >>> read_labels(["A", "B"])
    array(['A', 'B'], dtype='<U1')
    """
    values = _to_array(y, name)
    if values.ndim != 1:
        raise ValueError(
            f"{name} must be one-dimensional, got shape {values.shape}; pass y.ravel()"
        )
    if values.dtype == object:
        has_no_dtype = isinstance(y, list | tuple) or _has_variable_width(y)
        if trust_objects and not has_no_dtype:
            return values
        values = _check_objects(values, name)
        return values.astype(np.str_) if has_no_dtype and values.dtype == object else values
    if values.dtype.kind == "f":
        _check_floats(values, name)
    elif values.dtype.kind not in "iubU":
        raise TypeError(
            f"{name} must hold labels of str, int, bool or whole float, got dtype {values.dtype}"
        )
    return values


def _to_array(y: Any, name: str) -> NDArray[Any]:
    is_container = hasattr(y, "__len__") or hasattr(y, "__array__")
    if isinstance(y, str | bytes) or not is_container:
        raise TypeError(f"{name} must be an array or list of labels, got {y!r}")
    if isinstance(y, list | tuple):
        # As objects: NumPy would turn [1, "A"] into strings and [True, 2] into integers.
        return np.array(y, dtype=object)
    if is_pandas(y, "Series", "Index", "Categorical"):
        return _read_pandas(y, name)
    values = np.asarray(y)
    if _has_variable_width(values):
        return values.astype(object)
    # Another machine's byte order reads the same, but the tables and hashes want our own.
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _has_variable_width(y: Any) -> bool:
    return isinstance(y, np.ndarray) and y.dtype.kind == "T"


def _read_pandas(y: Any, name: str) -> NDArray[Any]:
    missing = np.flatnonzero(np.asarray(y.isna()))
    if len(missing):
        _raise_missing(missing, name)
    if is_pandas(y.dtype, "CategoricalDtype"):
        codes = y.codes if hasattr(y, "codes") else getattr(y, "cat", y).codes
        return np.take(_read_pandas(y.dtype.categories, name), np.asarray(codes))
    # Nullable dtypes name the NumPy dtype of their values; strings have none but object.
    natural = getattr(y.dtype, "numpy_dtype", y.dtype)
    plain = isinstance(natural, np.dtype) and natural.kind in "iubf"
    return np.asarray(y.to_numpy(dtype=natural if plain else object))


def _check_objects(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Check that objects are labels of one kind; numbers get a number dtype."""
    rows = values.tolist()
    try:
        distinct = list(dict.fromkeys(rows))
    except TypeError as error:
        raise TypeError(f"{name} must hold labels, one a row, got {rows[0]!r}") from error
    if all(type(label) is str for label in distinct):
        return values
    missing = np.array([i for i, label in enumerate(rows) if is_missing(label)], dtype=np.intp)
    if len(missing):
        _raise_missing(missing, name)
    # True == 1 == 1.0 to Python, so the distinct labels alone would hide a mixture.
    kind = check_one_kind(rows, name)
    if kind == "str":
        return np.array([str(label) for label in rows], dtype=object)
    numbers = np.array(rows)
    if numbers.dtype == object:
        raise ValueError(f"{name} must hold integers of 64 bits, got {show_labels(distinct, 3)}")
    if kind == "float":
        _check_floats(numbers, name)
    return numbers


def _check_floats(values: NDArray[Any], name: str) -> None:
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        _raise_missing(missing, name)
    broken = values[~np.isfinite(values) | (values != np.floor(values))]
    if len(broken):
        raise ValueError(
            f"{name} must hold class labels, got continuous numbers: {show_labels(broken, 3)}"
        )


def _raise_missing(positions: NDArray[np.intp], name: str) -> None:
    shown = ", ".join(str(position) for position in positions[:_SHOWN_POSITIONS])
    more = len(positions) - _SHOWN_POSITIONS
    rest = f" (and {more} more)" if more > 0 else ""
    raise ValueError(
        f"{name} has missing labels (NaN, None) at positions {shown}{rest}; "
        "give these rows a label or leave them out"
    )


@dataclass(frozen=True)
class CountedLabels:
    """Labels that were counted already, so that a million of them need not be spelt out.

    Parameters
    ----------
    classes : list of labels
        Distinct.
    counts : list of int
        Samples of each; one of 0 is no class of y.
    """

    classes: list[Any]
    counts: list[int]


def count_labels(y: Any) -> tuple[NDArray[Any], list[int], int]:
    """Count the classes of y.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Sorted.
    counts : list of int
        Samples of each.
    n_samples : int
        Samples of all.

    Raises
    ------
    ValueError
        If y is empty.
    """
    if isinstance(y, CountedLabels):
        present = [pair for pair in zip(y.classes, y.counts, strict=True) if pair[1]]
        classes = read_labels([label for label, _ in present])
        order = np.argsort(classes)
        counts = [present[place][1] for place in order]
        return classes[order], counts, sum(counts)
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


def _count_strings(values: NDArray[Any]) -> Counter[str] | None:
    """Count objects in one pass; None if they are not all strings, and need a closer look."""
    if values.dtype != object:
        return None
    try:
        counted = Counter(values.tolist())
    except TypeError:
        return None
    return counted if all(type(label) is str for label in counted) else None


def copy_labels(y: Any) -> Any:
    """Copy labels in their container; a list becomes an array."""
    return np.array(y) if isinstance(y, list | tuple) or not hasattr(y, "copy") else y.copy()


def rebuild_like(y: Any, values: NDArray[Any], classes: Sequence[Any]) -> Any:
    """Put new labels into the container of the old ones.

    A Series stays a Series with its index, its name and, where the labels keep their kind, its
    dtype; a category becomes a category of `classes`. All else becomes an array, of object
    where y was one.
    """
    if is_pandas(y, "Series"):
        dtype = _choose_pandas_dtype(y, values, classes)
        return type(y)(values, index=y.index, name=y.name, dtype=dtype)
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        return values.astype(object, copy=False)
    return values


def _choose_pandas_dtype(y: Any, values: NDArray[Any], classes: Sequence[Any]) -> Any:
    if is_pandas(y.dtype, "CategoricalDtype"):
        known = set(classes)
        extra = [label for label in dict.fromkeys(values.tolist()) if label not in known]
        return type(y.dtype)([*classes, *extra])
    natural = getattr(y.dtype, "numpy_dtype", y.dtype)
    if isinstance(natural, np.dtype) and natural.kind in "iubf":
        return y.dtype if natural == values.dtype else None
    return y.dtype if values.dtype.kind in "OU" else None


def take_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Take some rows of an array, a data frame, a sparse matrix or a list, as such again.

    Examples
    --------
    >>> take_rows(["a.png", "b.png", "c.png"], np.array([2, 0]))
    ['c.png', 'a.png']
    """
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if sparse.issparse(X):
        return X.tocsr()[rows]
    if isinstance(X, list | tuple):
        return [X[row] for row in rows.tolist()]
    return X[rows] if hasattr(X, "shape") else np.asarray(X)[rows]


def take_metadata(params: dict[str, Any], rows: NDArray[np.intp], n_samples: int) -> dict[str, Any]:
    """Take some rows of those parameters that have one entry a row, and leave the others."""
    return {
        name: take_rows(value, rows) if _count_rows(value) == n_samples else value
        for name, value in params.items()
    }


def _count_rows(value: Any) -> int | None:
    if isinstance(value, str | bytes | dict):
        return None
    shape = getattr(value, "shape", None)
    if shape:
        return int(shape[0])
    return len(value) if hasattr(value, "__len__") else None
