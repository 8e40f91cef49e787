"""A 0/1 table of labels in, how often each row is drawn out. Rows of equal factor form a class."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class FactorClasses(NamedTuple):
    """Classes of rows that are drawn equally often.

    Attributes
    ----------
    codes : ndarray of int, shape (n_samples,)
        Class of each row.
    counts : ndarray of int64, shape (n_classes,)
        Rows of each class.
    draws : ndarray of int64, shape (n_classes,)
        Draws of each class in an epoch.
    """

    codes: NDArray[np.signedinteger]
    counts: NDArray[np.int64]
    draws: NDArray[np.int64]


def find_repeat_factors(table: NDArray[Any], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how often each row of a table is to be drawn in an epoch.

    Parameters
    ----------
    table : ndarray of zeros and ones, shape (n_samples, n_labels)
        No column without a 1.
    targets : ndarray of shape (n_labels,)
        How many draws of each label are aimed at.

    Returns
    -------
    ndarray of shape (n_samples,)
        The largest factor of its labels, sqrt(target / rows with the label); of a row without
        labels the smallest factor there is.

    References
    ----------
    Gupta, Dollar and Girshick, "LVIS: A Dataset for Large Vocabulary Instance Segmentation", CVPR
    2019, appendix "Repeat factor sampling". They leave no label's factor below 1; here it may be,
    where fewer draws than rows are asked for.

    Examples
    --------
    >>> table = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [0, 0]])
    >>> find_repeat_factors(table, np.array([4.0, 4.0])).tolist()
    [1.0, 1.0, 1.0, 2.0, 1.0]
    """
    by_label = np.sqrt(targets / table.sum(axis=0))
    factors = np.full(len(table), by_label.min())
    # Label by label, since a table of factors would take eight times the memory of the labels.
    for label in np.argsort(by_label):
        factors[table[:, label] == 1] = by_label[label]
    return factors


def group_by_factor(factors: NDArray[np.float64]) -> FactorClasses:
    """Make a class of all rows of equal factor, drawn a whole number of times in an epoch.

    Examples
    --------
    >>> group_by_factor(np.array([1.0, 2.0, 1.0, 1.5])).draws.tolist()
    [2, 2, 2]
    """
    distinct, codes, counts = np.unique(factors, return_inverse=True, return_counts=True)
    draws = np.maximum(1, np.rint(distinct * counts)).astype(np.int64)
    return FactorClasses(codes.astype(np.int32), counts.astype(np.int64), draws)


def expect_draws(
    table: NDArray[Any], classes: FactorClasses, labels: list[Any]
) -> dict[Any, float]:
    """Say how many draws of an epoch show each label, on average over the epochs."""
    rates = (classes.draws / classes.counts)[classes.codes]
    shown = [float(rates[column == 1].sum()) for column in table.T]
    return dict(zip(labels, shown, strict=True))
