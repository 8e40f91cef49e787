"""Count labels of any shape, and look their weights up: one pass, a chunk at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import show_labels
from sklmerge.labels._matching import find_classes, match_labels

# Labels a chunk: its copies stay in the processor's cache.
_CHUNK = 1 << 16
# A table of more places than this costs more to fill than sorting saves.
_MAX_TABLE = 1 << 20


def count_labels(
    labels: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Count labels.

    Parameters
    ----------
    labels : ndarray of any shape
        As :func:`sklmerge.labels._reading.read_labels` gives them.
    sample_weight : ndarray of the same shape or None

    Returns
    -------
    found : ndarray of shape (n_classes,)
        The labels, sorted.
    counts : ndarray of shape (n_classes,)
        Their number, or the sum of their weights.

    Examples
    --------
    >>> count_labels(np.array(["b", "a", "b"]), None)
    (array(['a', 'b'], dtype='<U1'), array([1., 2.]))
    """
    flat = labels.ravel()
    weight = None if sample_weight is None else sample_weight.ravel()
    if len(flat) == 0:
        return flat, np.zeros(0)
    if flat.dtype.kind in "biu":
        low, high = int(flat.min()), int(flat.max())
        if high - low < _MAX_TABLE and high < 2**63:
            return _count_in_table(flat, weight, low, high)
    found, codes = find_classes(flat)
    counts = np.bincount(codes, weight, len(found))
    return found, counts.astype(np.float64)


def look_up_weights(
    labels: NDArray[Any], classes: NDArray[Any], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give every label its class's weight.

    Parameters
    ----------
    labels : ndarray of any shape
    classes : ndarray of shape (n_classes,)
        Distinct, in any order.
    weights : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of the shape of labels

    Raises
    ------
    ValueError
        If a label is not among the classes.

    Examples
    --------
    >>> look_up_weights(np.array([[2, 1]]), np.array([1, 2]), np.array([3.0, 0.5]))
    array([[0.5, 3. ]])
    """
    flat = labels.ravel()
    if len(flat) and (flat.dtype.kind in "OU") != (classes.dtype.kind in "OU"):
        check_known(find_classes(flat[:_CHUNK])[0], classes.tolist())
    order = np.argsort(classes)
    known, found = classes[order], np.empty(len(flat))
    if flat.dtype.kind in "bi" and known.dtype.kind in "bi" and _fits_table(known):
        _take_from_table(flat, known, weights[order], found)
    else:
        # One place more than classes: -1, which match_labels gives a stranger, takes the NaN.
        np.take(np.append(weights[order], np.nan), match_labels(flat, known), out=found)
    strangers = np.isnan(found)
    if strangers.any():
        check_known(find_classes(flat[strangers])[0], classes.tolist())
    return found.reshape(labels.shape)


def weigh_columns(
    values: NDArray[Any], is_indicator: bool, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give every zero and one of an indicator its weight.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
    is_indicator : bool
        Whether the values are zeros and ones indeed.
    weights : ndarray of shape (n_columns, 2)

    Returns
    -------
    ndarray of shape (n_samples, n_columns)

    Examples
    --------
    >>> weigh_columns(np.array([[0, 1]]), True, np.array([[0.5, 3.0], [2.0, 4.0]]))
    array([[0.5, 4. ]])
    """
    if not is_indicator or values.shape[1:] != (len(weights),):
        raise ValueError(
            f"y must have {len(weights)} columns of zeros and ones, as in fit, "
            f"got shape {values.shape}"
        )
    return np.where(values == 1, weights[:, 1], weights[:, 0])


def check_known(found: NDArray[Any], classes: Sequence[Any]) -> None:
    """Raise on labels that are not among the classes."""
    unknown = [label for label in found.tolist() if label not in classes]
    if unknown:
        raise ValueError(
            f"y must have labels of the classes {show_labels(classes, 5)} only, "
            f"got {show_labels(unknown, 5)}"
        )


def _count_in_table(
    flat: NDArray[Any], weight: NDArray[np.float64] | None, low: int, high: int
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    n_places = high - low + 1
    counts, rows = np.zeros(n_places), np.zeros(n_places, dtype=np.intp)
    for start in range(0, len(flat), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        places = np.subtract(flat[chunk], low, dtype=np.intp)
        rows += np.bincount(places, minlength=n_places)
        if weight is not None:
            counts += np.bincount(places, weight[chunk], n_places)
    present = np.flatnonzero(rows)
    labels = (present + low).astype(flat.dtype)
    return labels, (rows.astype(np.float64) if weight is None else counts)[present]


def _fits_table(known: NDArray[Any]) -> bool:
    return len(known) > 0 and int(known[-1]) - int(known[0]) < _MAX_TABLE


def _take_from_table(
    flat: NDArray[Any], known: NDArray[Any], weights: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Take weights from a table with a NaN for every gap and at both ends."""
    first = int(known[0]) - 1
    table = np.full(int(known[-1]) - first + 2, np.nan)
    table[known.astype(np.intp) - first] = weights
    for start in range(0, len(flat), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        places = np.subtract(flat[chunk], first, dtype=np.intp)
        # "clip" sends what is out of range to the NaN at the ends.
        np.take(table, places, mode="clip", out=out[chunk])
