"""From the counts of named classes to their weights: which scheme, who lacks samples, what is odd.

The formulas are in _schemes.py, the counting in _tally.py, the checks of settings in _checks.py.
"""

import sys
import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import show_labels
from sklmerge.weights._checks import Scheme
from sklmerge.weights._schemes import (
    cap_ratio,
    normalize_weights,
    weigh_by_effective_number,
    weigh_by_inverse_power,
    weigh_by_log_share,
)


def add_weighted_classes(counts: Any, scheme: Scheme, classes: Sequence[Any] | None) -> Any:
    """Count classes that a mapping weighs and y lacks 0, where y alone says what there is."""
    if classes is not None or not isinstance(scheme, Mapping):
        return counts
    # Keys of another kind are other names: the lookup of weights says so better.
    if any(label not in scheme for label in counts):
        return counts
    return dict(sorted((dict.fromkeys(scheme, 0.0) | counts).items()))


def weigh_counts(counts: Any, **rules: Any) -> NDArray[np.float64]:
    """Weigh classes, or the zeros and ones of every column.

    Parameters
    ----------
    counts : dict of label to float, or list of dicts
    **rules
        The keyword arguments of :func:`weigh_classes`.

    Returns
    -------
    ndarray of shape (n_classes,) or (n_columns, 2)
    """
    if isinstance(counts, dict):
        return weigh_classes(list(counts), np.array([*counts.values()]), **rules)
    pairs = []
    for column, pair in enumerate(counts):
        try:
            pairs.append(weigh_counts(pair, **rules))
        except ValueError as error:
            raise ValueError(f"column {column} of y: {error}") from error
    return np.array(pairs)


def weigh_classes(
    labels: Sequence[Hashable],
    counts: NDArray[np.float64],
    *,
    scheme: Scheme,
    power: float,
    beta: float,
    normalize: str | None,
    max_ratio: float | None,
    missing: str,
) -> NDArray[np.float64]:
    """Weigh named classes: relative weights, then the cap, then the normalising.

    Parameters
    ----------
    labels : sequence of length n_classes
        The names of the classes, for a mapping and for messages.
    counts : ndarray of shape (n_classes,)
        Samples (or summed sample weights) per class, >= 0.
    scheme, power, beta, normalize, max_ratio, missing
        As in :class:`~sklmerge.ClassWeightEstimator`.

    Returns
    -------
    ndarray of shape (n_classes,)
        Finite weights >= 0; 0 for a class without samples.

    Examples
    --------
    >>> weigh_classes(["cat", "dog"], np.array([500.0, 1500.0]), scheme="balanced", power=1.0,
    ...               beta=0.9999, normalize="min", max_ratio=None, missing="error")
    array([3., 1.])
    """
    present = counts > 0
    if missing == "error" and not present.all():
        raise ValueError(
            "every class must have a sample to be weighed, none of "
            f"{show_labels([label for label, has in zip(labels, present, strict=True) if not has])}"
            "; pass missing='ignore' to weigh a class without samples 0"
        )
    if not present.any():
        raise ValueError("y must have at least one sample, got none")
    weights = np.zeros(len(counts))
    named = [label for label, has in zip(labels, present, strict=True) if has]
    # What leaves the range of floats is found by its result.
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        relative = _apply_scheme(scheme, named, counts[present], power, beta)
        _check_range(relative, scheme, named, counts[present])
        if max_ratio is not None:
            relative = cap_ratio(relative, max_ratio)
        scaled = _normalize(relative, counts[present], normalize)
    _check_range(np.where(relative > 0, scaled, relative), scheme, named, counts[present])
    weights[present] = scaled
    return weights


def _apply_scheme(
    scheme: Scheme,
    labels: Sequence[Hashable],
    counts: NDArray[np.float64],
    power: float,
    beta: float,
) -> NDArray[np.float64]:
    if isinstance(scheme, Mapping):
        return _check_given(_look_up(scheme, labels), len(labels), "scheme")
    if callable(scheme):
        return _check_given(scheme(counts.copy()), len(labels), "scheme(counts)")
    if scheme == "balanced":
        return weigh_by_inverse_power(counts, power)
    if scheme == "log":
        return weigh_by_log_share(counts)
    if scheme == "uniform":
        return np.ones_like(counts)
    relative = weigh_by_effective_number(counts, beta)
    _warn_if_flat(relative, counts, beta)
    return relative


def _normalize(
    relative: NDArray[np.float64], counts: NDArray[np.float64], normalize: str | None
) -> NDArray[np.float64]:
    try:
        return normalize_weights(relative, counts, normalize)
    except (OverflowError, ZeroDivisionError):
        return np.full_like(relative, np.inf)


def _check_range(
    weights: NDArray[np.float64],
    scheme: Scheme,
    labels: Sequence[Hashable],
    counts: NDArray[np.float64],
) -> None:
    # A mapping or callable may weigh a class 0, and what it gives is checked already.
    is_lost = ~np.isfinite(weights)
    if isinstance(scheme, str):
        is_lost |= weights < sys.float_info.min
    if is_lost.any():
        lost = show_labels([labels[place] for place in np.flatnonzero(is_lost).tolist()], 3)
        raise ValueError(
            f"weights must be within the range of floats, those of {lost} are not for counts of "
            f"{counts.min():g} to {counts.max():g}; lower power, or bring the weights of scheme "
            "nearer together"
        )


def _look_up(scheme: Mapping[Hashable, float], labels: Sequence[Hashable]) -> list[float]:
    unweighted = [label for label in labels if label not in scheme]
    if unweighted:
        raise ValueError(
            f"scheme must give every class of y a weight, none for {show_labels(unweighted)}; "
            f"it has {show_labels(list(scheme))}"
        )
    return [scheme[label] for label in labels]


def _check_given(weights: Any, n_classes: int, name: str) -> NDArray[np.float64]:
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n_classes,):
        raise ValueError(f"{name} must be of shape ({n_classes},), got {given.shape}")
    if not (np.isfinite(given).all() and (given >= 0).all() and (given > 0).any()):
        raise ValueError(f"{name} must be finite weights >= 0 and not all 0, got {given.tolist()}")
    return given


def _warn_if_flat(weights: NDArray[np.float64], counts: NDArray[np.float64], beta: float) -> None:
    # beta=0 asks for equal weights, and equal counts deserve them.
    if beta > 0 and counts.max() >= 1.01 * counts.min() and weights.max() < 1.01 * weights.min():
        warnings.warn(
            f"scheme='effective' with beta={beta} weighs classes of {counts.min():g} to "
            f"{counts.max():g} samples alike; a beta nearer 1 tells them apart",
            UserWarning,
            stacklevel=2,
        )
