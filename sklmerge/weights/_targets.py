"""Tell plain labels from what may be a 0/1 indicator or one-hot, and refuse soft labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge.labels._reading import read_labels


def read_target(y: Any) -> tuple[NDArray[Any], bool]:
    """Read labels of any shape, and tell whether they may be zeros and ones by class.

    Two dimensions of zeros and ones with several columns may be an indicator, more of them one-hot
    where the last axis has a single 1 throughout. Either may be a mask too: the classes decide.

    Parameters
    ----------
    y : array-like

    Returns
    -------
    values : ndarray
        Labels of any shape, or zeros and ones of shape (n_samples, ..., n_columns).
    is_indicator : bool
        Whether they may be zeros and ones by class.

    Raises
    ------
    TypeError
        If y holds no labels, or labels of several kinds.
    ValueError
        If a label is missing or soft.

    Examples
    --------
    >>> read_target([[0, 1, 0], [1, 1, 0]])[1], read_target([[0, 1, 2], [1, 1, 0]])[1]
    (True, False)
    """
    table = _read_table(y)
    if table is None:
        return read_labels(_detach(y)), False
    if _is_binary(table) and (table.ndim == 2 or is_one_hot(table)):
        return table, True
    _refuse_soft(table)
    return read_labels(table.ravel(), "y.ravel()").reshape(table.shape), False


def read_sample_weight(sample_weight: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Check weights against labels of a shape; one weight a row serves all labels of that row.

    Returns
    -------
    ndarray of that shape

    Examples
    --------
    >>> read_sample_weight([2, 3], shape=(2, 2)).tolist()
    [[2.0, 2.0], [3.0, 3.0]]
    """
    weights = np.asarray(_detach(sample_weight), dtype=np.float64)
    if weights.shape == shape[:1]:
        weights = np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1)), shape)
    if weights.shape != shape:
        raise ValueError(
            f"sample_weight must have a weight for each of y's labels, of shape {shape}, "
            f"got {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("sample_weight must be finite and >= 0, got NaN, infinity or less than 0")
    return weights


def is_one_hot(indicator: NDArray[Any]) -> bool:
    """Tell whether every row of zeros and ones, along the last axis, has a single 1.

    Examples
    --------
    >>> is_one_hot(np.array([[0, 1], [1, 0]])), is_one_hot(np.array([[1, 1], [0, 0]]))
    (True, False)
    """
    n_rows = indicator.size // indicator.shape[-1]
    # The total is cheap and settles most arrays.
    if indicator.sum(dtype=np.float64) != n_rows:
        return False
    return bool((indicator.max(axis=-1) == 1).all())


def _detach(y: Any) -> Any:
    """Bring a tensor or a column of a data frame to where NumPy can read it."""
    if hasattr(y, "detach"):
        return y.detach().cpu().numpy()
    # pandas' own dtypes are read_labels' matter; tensors and other frames turn into arrays.
    return np.asarray(y) if hasattr(y, "__array__") and not hasattr(y, "iloc") else y


def _read_table(y: Any) -> NDArray[Any] | None:
    """Read y as an array of two or more dimensions, or None where it has fewer."""
    if hasattr(y, "toarray"):
        return np.asarray(y.toarray())
    if isinstance(y, list | tuple):
        if not (len(y) and hasattr(y[0], "__len__") and not isinstance(y[0], str | bytes)):
            return None
        try:
            return np.asarray(y)
        except ValueError as error:
            raise ValueError(
                "y must have rows of one length, got rows of several lengths; turn lists of "
                "labels into a 0/1 column per class, for example with MultiLabelBinarizer"
            ) from error
    if len(getattr(y, "shape", ())) < 2:
        return None
    return np.asarray(_detach(y))


def _is_binary(table: NDArray[Any]) -> bool:
    if table.shape[-1] < 2 or table.size == 0 or table.dtype.kind not in "biuf":
        return False
    # A few rows settle most label maps.
    head = table[:4]
    if not ((head == 0) | (head == 1)).all():
        return False
    if table.dtype.kind == "f":
        return bool(((table == 0) | (table == 1)).all())
    return int(table.min()) >= 0 and int(table.max()) <= 1


def _refuse_soft(table: NDArray[Any]) -> None:
    if table.dtype.kind != "f":
        return
    fractions = table[(table != np.floor(table)) & np.isfinite(table)]
    if len(fractions):
        raise ValueError(
            f"y must be labels or one-hot, got soft labels such as {fractions[0]:g}; pass "
            "y.argmax(axis=-1), the class that each sample counts for"
        )
