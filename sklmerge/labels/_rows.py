"""Rows of X and of whatever belongs to X, for any container. Nothing is validated here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


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
