"""Confusion counts in, groups of classes that are taken for one another out. No labels here."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform


def count_confusions(truth: NDArray[np.intp], predicted: NDArray[np.intp]) -> NDArray[np.int64]:
    """Count how often which class is predicted for which.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n_samples,)
        Class numbers of the same samples.

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64
        Rows are true classes, columns predicted ones.

    Examples
    --------
    >>> count_confusions(np.array([0, 0, 1]), np.array([0, 1, 1]))
    array([[1, 1],
           [0, 1]])
    """
    k = 1 + int(max(truth.max(), predicted.max()))
    return np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k).astype(np.int64)


def measure_confusability(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Measure how often two classes are taken for one another, whatever their sizes.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts; rows are true classes, columns predicted ones.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        For i and j the mean of P(predicted j | true i) and P(predicted i | true j), symmetric,
        within 0..1, and 0 on the diagonal.

    Examples
    --------
    >>> measure_confusability(np.array([[6, 4], [0, 9]]))
    array([[0. , 0.2],
           [0.2, 0. ]])
    """
    totals = confusion.sum(axis=1, keepdims=True)
    # A class that was only predicted has no samples to be mistaken: its row stays 0.
    rates = confusion / np.maximum(totals, 1)
    confusability = (rates + rates.T) / 2
    np.fill_diagonal(confusability, 0)
    return confusability


def link_classes(confusability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join classes step by step, those most taken for one another first (average linkage).

    Parameters
    ----------
    confusability : ndarray of shape (n_classes, n_classes)
        Symmetric, within 0..1.

    Returns
    -------
    ndarray of shape (n_classes - 1, 4)
        SciPy's linkage matrix; its heights are 1 minus the mean confusability of what is joined.

    Examples
    --------
    >>> link_classes(np.array([[0, 0.2], [0.2, 0]]))
    array([[0. , 1. , 0.8, 2. ]])
    """
    if len(confusability) < 2:
        return np.empty((0, 4))
    distances = 1 - confusability
    np.fill_diagonal(distances, 0)
    return np.asarray(linkage(squareform(distances, checks=False), method="average"))


def list_groups(links: NDArray[np.float64], n_joins: int) -> list[list[int]]:
    """List the groups of classes after the first joins, sorted.

    Examples
    --------
    >>> list_groups(np.array([[0, 2, 0.5, 2], [1, 3, 0.9, 3]]), n_joins=1)
    [[0, 2], [1]]
    """
    n_classes = len(links) + 1
    groups = {i: [i] for i in range(n_classes)}
    for step, (left, right) in enumerate(links[:n_joins, :2].astype(int).tolist()):
        groups[n_classes + step] = sorted(groups.pop(left) + groups.pop(right))
    return sorted(groups.values())


def count_joins(links: NDArray[np.float64], n_classes: int | None, threshold: float | None) -> int:
    """Say how many joins leave `n_classes` groups, or join at least at `threshold`.

    Examples
    --------
    >>> links = np.array([[0, 2, 0.5, 2], [1, 3, 0.95, 3]])
    >>> count_joins(links, None, 0.1), count_joins(links, 1, None)
    (1, 2)
    """
    if n_classes is not None:
        return len(links) + 1 - n_classes
    # Rounding must not undo a confusability that is the threshold itself.
    return int(np.sum(1 - links[:, 2] >= (0 if threshold is None else threshold) - 1e-12))


def score_groups(
    confusion: NDArray[np.int64], groups: Sequence[Sequence[int]]
) -> tuple[float, float]:
    """Score predictions after groups of classes count as one.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts.
    groups : list of list of int
        A partition of the classes.

    Returns
    -------
    accuracy, balanced_accuracy : float
        The latter over groups that have samples.

    Examples
    --------
    >>> score_groups(np.array([[6, 4, 0], [1, 9, 0], [5, 0, 5]]), [[0, 1], [2]])
    (0.8333333333333334, 0.75)
    """
    hits = [confusion[np.ix_(group, group)].sum() for group in groups]
    totals = [confusion[list(group)].sum() for group in groups]
    recalls = [hit / total for hit, total in zip(hits, totals, strict=True) if total]
    return float(sum(hits) / sum(totals)), float(np.mean(recalls))
