"""Counts in, class weights out. No labels and no estimators: see _estimator.py for those.

Every function takes the classes that have samples; what a class without samples weighs is the
caller's rule.
"""

import math

import numpy as np
from numpy.typing import NDArray


def weigh_by_inverse_power(counts: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Weigh classes by their count to the power of `-power`.

    Parameters
    ----------
    counts : ndarray of shape (n_classes,)
        Samples per class, all > 0.
    power : float >= 0
        1 is inverse frequency, 0.5 the square-root rule, 0 weighs all classes alike.

    Returns
    -------
    ndarray of shape (n_classes,)
        Relative weights, not normalised.

    References
    ----------
    King and Zeng, "Logistic Regression in Rare Events Data", Political Analysis 2001 (power 1);
    Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", ECCV 2018 (0.5).

    Examples
    --------
    >>> weigh_by_inverse_power(np.array([4.0, 16.0]), power=0.5)
    array([0.5 , 0.25])
    """
    return counts**-power


def weigh_by_effective_number(counts: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Weigh classes by the inverse effective number of their samples.

    Parameters
    ----------
    counts : ndarray of shape (n_classes,)
        Samples per class, all > 0.
    beta : float in [0, 1)
        Overlap of samples. 0 weighs all classes alike, towards 1 it becomes inverse frequency.

    Returns
    -------
    ndarray of shape (n_classes,)
        Relative weights, not normalised.

    References
    ----------
    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019, eq. 3.

    Examples
    --------
    >>> weights = weigh_by_effective_number(np.array([500.0, 1_000_000.0]), beta=0.9999)
    >>> round(float(weights[0] / weights[1]), 1)
    20.5
    """
    if beta == 0:
        return np.ones_like(counts)
    # expm1 keeps the digits that 1 - beta**n loses when beta is near 1.
    return (1 - beta) / -np.expm1(counts * np.log(beta))


def weigh_by_log_share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh classes by one over the logarithm of 1.02 plus their share.

    Parameters
    ----------
    counts : ndarray of shape (n_classes,)
        Samples (or pixels) per class, all > 0.

    Returns
    -------
    ndarray of shape (n_classes,)
        Relative weights between 1.4 and 50.5, not normalised.

    References
    ----------
    Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time Semantic Segmentation",
    2016, section 5.2, with their c = 1.02.

    Examples
    --------
    >>> weigh_by_log_share(np.array([1.0, 99.0])).round(2)
    array([33.83,  1.43])
    """
    return 1 / np.log(1.02 + counts / math.fsum(counts))


def cap_ratio(weights: NDArray[np.float64], max_ratio: float) -> NDArray[np.float64]:
    """Lower the weights that exceed `max_ratio` times the smallest positive one.

    Parameters
    ----------
    weights : ndarray of shape (n_classes,)
        Relative weights, all >= 0 and at least one > 0.
    max_ratio : float >= 1
        Largest allowed ratio of two positive weights.

    Returns
    -------
    ndarray of shape (n_classes,)

    Examples
    --------
    >>> cap_ratio(np.array([2000.0, 30.0, 1.0]), max_ratio=50)
    array([50., 30.,  1.])
    """
    return np.minimum(weights, max_ratio * weights[weights > 0].min())


def normalize_weights(
    weights: NDArray[np.float64], counts: NDArray[np.float64], normalize: str | None
) -> NDArray[np.float64]:
    """Scale relative weights, leaving their ratios.

    Parameters
    ----------
    weights : ndarray of shape (n_classes,)
        Relative weights, all >= 0 and at least one > 0.
    counts : ndarray of shape (n_classes,)
        Samples per class, all > 0.
    normalize : {"samples", "classes", "max", "min"} or None
        What becomes 1: the mean weight over all samples, the mean weight over the classes, the
        largest weight or the smallest positive weight. None leaves the weights as they are.

    Returns
    -------
    ndarray of shape (n_classes,)

    Examples
    --------
    >>> normalize_weights(np.array([1 / 500, 1 / 1500]), np.array([500.0, 1500.0]), "min")
    array([3., 1.])
    """
    if normalize == "samples":
        # fsum rounds once however many classes there are: scikit-learn's weights to the last digit.
        return weights * (math.fsum(counts) / math.fsum(counts * weights))
    if normalize == "classes":
        return weights * (len(weights) / math.fsum(weights))
    if normalize == "max":
        return weights / weights.max()
    if normalize == "min":
        return weights / weights[weights > 0].min()
    return weights
