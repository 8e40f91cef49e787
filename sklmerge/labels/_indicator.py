"""Multilabel tables: read one, merge its columns by OR, and take that back. No 1-D labels here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklmerge.labels._kinds import Label, check_one_kind, to_plain
from sklmerge.labels._reading import is_pandas


def is_indicator(y: Any) -> bool:
    """Say whether y is a table of two dimensions: one 0/1 column a label."""
    if isinstance(y, list | tuple):
        return len(y) > 0 and isinstance(y[0], list | tuple | np.ndarray)
    return len(getattr(y, "shape", ())) == 2


def read_indicator(y: Any, name: str = "y") -> NDArray[Any]:
    """Read a 0/1 table, dense, with one column a label.

    Raises
    ------
    ValueError
        If it has fewer than two columns or other values than 0 and 1.
    """
    table = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            f"{name} must be of shape (n_samples,), or (n_samples, n_labels) with two or more 0/1 "
            f"columns, got {table.shape}; pass {name}.ravel() for a single column of labels"
        )
    if table.dtype.kind not in "biuf" or not ((table == 0) | (table == 1)).all():
        raise ValueError(f"{name} of two dimensions must hold 0 and 1 only, one column a label")
    return table


def read_columns(y: Any, labels: NDArray[Any], name: str) -> NDArray[Any]:
    """Read a 0/1 table whose columns are these labels, and put them in this order.

    Raises
    ------
    ValueError
        If it has other columns.
    """
    table, expected = read_indicator(y, name), labels.tolist()
    columns = _name_columns(y, table)
    if columns is None and table.shape[1] == len(expected):
        return table
    if columns is None or sorted(columns) != expected:
        came = table.shape[1] if columns is None else columns
        raise ValueError(f"{name} must have the columns {expected}, got {came}")
    return table[:, [columns.index(label) for label in expected]]


def count_columns(y: Any) -> tuple[NDArray[Any], list[int], int]:
    """Count the labels of a 0/1 table: a data frame's columns, else 0, 1, 2, ...

    Returns
    -------
    labels : ndarray of shape (n_labels,)
        Sorted.
    counts : list of int
        Rows with each label.
    n_samples : int
        Rows.
    """
    table = read_indicator(y)
    columns = _name_columns(y, table)
    names: list[Label] = list(range(table.shape[1])) if columns is None else columns
    counts = dict(zip(names, table.sum(axis=0, dtype=np.int64).tolist(), strict=True))
    classes = np.array(sorted(names))
    return classes, [counts[label] for label in classes.tolist()], len(table)


def _name_columns(y: Any, table: NDArray[Any]) -> list[Label] | None:
    if not is_pandas(y, "DataFrame"):
        return None
    labels = [to_plain(label) for label in y.columns]
    check_one_kind(labels, "columns of y")
    if len(set(labels)) < len(labels):
        raise ValueError(f"y must name its columns differently, got {labels}")
    return labels


def merge_columns(table: NDArray[Any], groups: Sequence[NDArray[np.intp]]) -> NDArray[Any]:
    """Merge columns: a merged label is on where any of its members is.

    Examples
    --------
    >>> merge_columns(np.array([[0, 1, 0], [0, 0, 0]]), [np.array([0, 1]), np.array([2])])
    array([[1, 0],
           [0, 0]])
    """
    starts = np.cumsum([0, *(len(columns) for columns in groups[:-1])])
    return np.maximum.reduceat(table[:, np.concatenate(groups)], starts, axis=1)


def split_merged_columns(
    table: NDArray[Any], groups: Sequence[NDArray[np.intp]], weights: Sequence[int]
) -> NDArray[Any]:
    """Give each merged column to its member of the largest weight; the others stay 0.

    Examples
    --------
    >>> groups = [np.array([0, 1]), np.array([2])]
    >>> split_merged_columns(np.array([[1, 0]]), groups, weights=[3, 5, 1])
    array([[0, 1, 0]])
    """
    out = np.zeros((len(table), len(weights)), dtype=table.dtype)
    for merged, columns in enumerate(groups):
        out[:, max(columns.tolist(), key=lambda column: weights[column])] = table[:, merged]
    return out


def place_members(
    members: Mapping[Label, Sequence[Label]], labels: Sequence[Label]
) -> list[NDArray[np.intp]]:
    """Say for each merged label in which columns its members stand."""
    places = {label: column for column, label in enumerate(labels)}
    return [
        np.array([places[label] for label in group], dtype=np.intp) for group in members.values()
    ]


def rebuild_table(y: Any, table: NDArray[Any], labels: NDArray[Any]) -> Any:
    """Put a table into the container of another: a data frame, a sparse matrix or an array."""
    if is_pandas(y, "DataFrame"):
        return type(y)(table, index=y.index, columns=labels.tolist())
    return type(y)(table) if sparse.issparse(y) else table
