"""Multilabel tables: read one, merge its columns by OR, and take that back. No 1-D labels here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklmerge.labels._kinds import Label, check_one_kind, to_plain
from sklmerge.labels._reading import is_pandas


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


def name_columns(y: Any, others: int | Sequence[Label]) -> list[Label]:
    """Name the labels of a table: a data frame's columns, else as given, else 0, 1, 2, ..."""
    if not is_pandas(y, "DataFrame"):
        return list(range(others)) if isinstance(others, int) else list(others)
    labels = [to_plain(label) for label in y.columns]
    check_one_kind(labels, "columns of y")
    if len(set(labels)) < len(labels):
        raise ValueError(f"y must name its columns differently, got {labels}")
    return labels


def merge_columns(table: NDArray[Any], groups: Sequence[Sequence[int]]) -> NDArray[Any]:
    """Merge columns: a merged label is on where any of its members is.

    Examples
    --------
    >>> merge_columns(np.array([[0, 1, 0], [0, 0, 0]]), [[0, 1], [2]])
    array([[1, 0],
           [0, 0]])
    """
    starts = np.cumsum([0, *(len(columns) for columns in groups[:-1])])
    order = np.concatenate([np.asarray(columns, dtype=np.intp) for columns in groups])
    return np.maximum.reduceat(table[:, order], starts, axis=1)


def split_merged_columns(
    table: NDArray[Any], groups: Sequence[Sequence[int]], weights: Sequence[int]
) -> NDArray[Any]:
    """Give each merged column to its member of the largest weight; the others stay 0.

    Examples
    --------
    >>> split_merged_columns(np.array([[1, 0]]), [[0, 1], [2]], weights=[3, 5, 1])
    array([[0, 1, 0]])
    """
    out = np.zeros((len(table), len(weights)), dtype=table.dtype)
    for merged, columns in enumerate(groups):
        out[:, max(columns, key=lambda column: weights[column])] = table[:, merged]
    return out


def rebuild_table(y: Any, table: NDArray[Any], labels: Sequence[Label]) -> Any:
    """Put a table into the container of another: a data frame or a sparse matrix or an array."""
    if is_pandas(y, "DataFrame"):
        return type(y)(table, index=y.index, columns=list(labels))
    if sparse.issparse(y):
        return type(y)(table)
    return table


def group_columns(
    members: Mapping[Label, Sequence[Label]], labels: Sequence[Label]
) -> list[list[int]]:
    """Say for each merged label in which columns its members stand."""
    places = {label: column for column, label in enumerate(labels)}
    return [[places[label] for label in group] for group in members.values()]
