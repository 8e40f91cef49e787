"""What each image of a batch weighs: its class's weight times its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from sklmerge._kinds import show_labels
from sklmerge.weights import ClassWeightEstimator


def resolve_class_weight(class_weight: Any, draws: Mapping[Any, int]) -> dict[Any, float] | None:
    """Say what each merged class weighs.

    Parameters
    ----------
    class_weight : mapping of label to float, ClassWeightEstimator, "balanced" or None
        See `ImageBatches`.
    draws : mapping of label to int
        Draws of each merged class in an epoch.

    Returns
    -------
    dict of label to float, or None

    Raises
    ------
    ValueError, TypeError
        If it does not weigh each class, or is something else.

    Examples
    --------
    >>> resolve_class_weight("balanced", {"a": 100, "b": 300})
    {'a': 2.0, 'b': 0.6666666666666667}
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == "balanced":
        class_weight = ClassWeightEstimator(missing="ignore")
    if isinstance(class_weight, ClassWeightEstimator):
        if not hasattr(class_weight, "class_counts_"):
            # What the schedule draws, not what there is: that would correct twice.
            class_weight = clone(class_weight).fit_counts(draws)
        class_weight = class_weight.class_weight_
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            'class_weight must be a mapping of labels, a ClassWeightEstimator, "balanced" or '
            f"None, got {class_weight!r}"
        )
    differing = [label for label in draws if label not in class_weight]
    differing += [label for label in class_weight if label not in draws]
    if differing:
        raise ValueError(
            f"class_weight must weigh each merged class by its label, got "
            f"{show_labels(differing)} on one side only; the classes are "
            f"{show_labels(list(draws))}"
        )
    return {label: float(class_weight[label]) for label in draws}


def check_sample_weight(sample_weight: ArrayLike | None, n: int) -> NDArray[np.float32] | None:
    """Check that there is one finite weight, >= 0, for each of n images."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight must be of shape ({n},), one for each image, got {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("sample_weight must be finite and >= 0")
    return weights


def tabulate_class_weight(
    class_weight: Mapping[Any, float] | None, merged: Sequence[Any]
) -> NDArray[np.float32] | None:
    """Write the weight of each original class, once, so that a batch only looks it up."""
    if class_weight is None:
        return None
    return np.array([class_weight[label] for label in merged], np.float32)


def weigh_rows(
    sample_weight: NDArray[np.float32] | None,
    class_weight: NDArray[np.float32] | None,
    codes: NDArray[np.signedinteger],
    rows: NDArray[np.int64],
) -> NDArray[np.float32] | None:
    """Give the weights of some rows, or None where nothing weighs.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_samples,) or None
        Weight of each source.
    class_weight : ndarray of shape (n_originals,) or None
        Weight of each original class, see `tabulate_class_weight`.
    codes : ndarray of int, shape (n_samples,)
        Original class of each source.
    rows : ndarray of int, shape (n,)
        The sources.

    Returns
    -------
    ndarray of float32, shape (n,), or None
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(rows), np.float32)
    if sample_weight is not None:
        weights = weights * sample_weight[rows]
    if class_weight is not None:
        weights = weights * class_weight[codes[rows]]
    return weights
