"""Multilabel tables: read one, merge its columns by OR, and undo the merge. No 1-D labels here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklmerge._containers import is_pandas, is_polars
from sklmerge._kinds import Label, check_one_kind, to_plain
from sklmerge._tensors import give_in_kind, to_numpy
from sklmerge.labels._merge_and_unmerge import check_unambiguous, choose_sources, place_members


def is_indicator(y: Any) -> bool:
    """Say whether y is a table of two or more columns, one 0/1 column per label."""
    if isinstance(y, list | tuple):
        is_table = len(y) > 0 and isinstance(y[0], list | tuple | np.ndarray)
        return is_table and len(y[0]) != 1
    shape: Any = getattr(y, "shape", ())
    return len(shape) == 2 and shape[1] != 1


def read_indicator(y: Any, name: str = "y") -> NDArray[Any]:
    """Read a 0/1 table of two or more columns, one per label, as a dense array."""
    table = y.toarray() if sparse.issparse(y) else to_numpy(y)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(
            f"{name} must be of shape (n_samples,), or (n_samples, n_labels) with two or more 0/1 "
            f"columns, got {table.shape}; pass {name}.ravel() for a single column of labels"
        )
    if table.dtype.kind not in "biuf" or not ((table == 0) | (table == 1)).all():
        raise ValueError(
            f"{name} of two dimensions must hold 0 and 1 only, one column a label, got "
            f"{_show_other(table)}"
        )
    return table


def _show_other(table: NDArray[Any]) -> str:
    """Show the first value that is neither 0 nor 1."""
    if table.dtype.kind not in "biuf":
        return f"dtype {table.dtype}"
    row, column = np.argwhere((table != 0) & (table != 1))[0].tolist()
    return f"{table[row, column]} in row {row}, column {column}"


def read_columns(y: Any, labels: Sequence[Label], name: str) -> NDArray[Any]:
    """Read a 0/1 table whose columns must be `labels`, and put them in this order."""
    table, expected = read_indicator(y, name), list(labels)
    columns = _name_columns(y, table)
    if columns is None and table.shape[1] == len(expected):
        return table
    if columns is None or sorted(columns) != expected:
        came = table.shape[1] if columns is None else columns
        raise ValueError(f"{name} must have the columns {expected}, got {came}")
    return table[:, [columns.index(label) for label in expected]]


def count_columns(y: Any) -> tuple[NDArray[Any], list[int], int]:
    """Return the sorted labels of a 0/1 table, how many rows have each, and the number of rows."""
    table = read_indicator(y)
    columns = _name_columns(y, table)
    # Columns without names are called 0, 1, 2, ...
    names: list[Label] = list(range(table.shape[1])) if columns is None else columns
    counts = dict(zip(names, table.sum(axis=0, dtype=np.int64).tolist(), strict=True))
    classes = np.array(sorted(names))
    return classes, [counts[label] for label in classes.tolist()], len(table)


def _name_columns(y: Any, table: NDArray[Any]) -> list[Label] | None:
    if not is_pandas(y, "DataFrame") and not is_polars(y, "DataFrame"):
        return None
    labels = [to_plain(label) for label in y.columns]
    check_one_kind(labels, "columns of y")
    if len(set(labels)) < len(labels):
        raise ValueError(f"y must name its columns differently, got {labels}")
    return labels


def merge_table(y: Any, members: Mapping[Label, Sequence[Label]], classes: Sequence[Label]) -> Any:
    """Merge the columns of a 0/1 table by OR, in the order of `members` and the container of y."""
    table = read_columns(y, classes, "y")
    places = place_members(members, classes)
    # Members side by side, so that one pass takes the maximum of each group.
    starts = np.cumsum([0, *(len(columns) for columns in places[:-1])])
    merged = np.maximum.reduceat(table[:, np.concatenate(places)], starts, axis=1)
    return _rebuild_table(y, merged, list(members))


def unmerge_table(
    y_merged: Any,
    members: Mapping[Label, Sequence[Label]],
    counts: Mapping[Label, int],
    ambiguous: str,
) -> Any:
    """Give each merged column to its most frequent member; the columns of other members stay 0."""
    names = list(members)
    table = read_columns(y_merged, names, "y_merged")
    # A merged label that no row has cannot be ambiguous.
    present = [names[column] for column in np.flatnonzero(np.any(table, axis=0))]
    check_unambiguous({name: members[name] for name in present}, ambiguous)
    places = {label: place for place, label in enumerate(counts)}
    split = np.zeros((len(table), len(places)), dtype=table.dtype)
    for column, label in enumerate(choose_sources(members, counts).values()):
        split[:, places[label]] = table[:, column]
    return _rebuild_table(y_merged, split, list(places))


def _rebuild_table(y: Any, table: NDArray[Any], labels: list[Label]) -> Any:
    """Put a table into the container of another: a data frame, a sparse matrix or an array."""
    if is_pandas(y, "DataFrame"):
        return type(y)(table, index=y.index, columns=labels)
    if is_polars(y, "DataFrame"):
        # polars names columns by text only.
        return type(y)(table, schema=list(map(str, labels)))
    return type(y)(table) if sparse.issparse(y) else give_in_kind(table, y)
