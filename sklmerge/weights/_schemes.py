"""Compute class weights from counts, and check the scheme, missing classes and odd values.

Labels are counted in _tally.py.
"""

import math
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_choice, is_real
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import check_one_kind, convert_number, get_kind, show_labels, to_plain
from sklmerge._tensors import to_numpy

Scheme: TypeAlias = (
    str | Mapping[Hashable, float] | Callable[[NDArray[np.float64]], NDArray[np.float64]]
)

NAMED_SCHEMES = ("balanced", "effective", "log", "uniform")
NORMALIZATIONS = ("samples", "classes", "max", "min", None)


def check_weighting(
    scheme: Any, power: Any, beta: Any, normalize: Any, max_ratio: Any, missing: Any
) -> None:
    """Check the parameters that do not depend on the data."""
    if isinstance(scheme, str):
        if scheme not in NAMED_SCHEMES:
            named = ", ".join(map(repr, NAMED_SCHEMES))
            expected = f"one of {named}, a mapping of label to weight or a callable of the counts"
            raise ValueError(f"scheme must be {expected}, got {scheme!r}")
    elif not isinstance(scheme, Mapping) and not callable(scheme):
        raise TypeError(
            "scheme must be a string, a mapping of label to weight or a callable of the counts, "
            f"got {type(scheme).__name__}"
        )
    if not (is_real(power) and power >= 0):
        raise ValueError(f"power must be a finite number >= 0, got {power!r}")
    if not (is_real(beta) and 0 <= beta < 1):
        raise ValueError(f"beta must be in [0, 1), got {beta!r}")
    if normalize not in NORMALIZATIONS:
        named = "'samples', 'classes', 'max', 'min' or None"
        raise ValueError(f"normalize must be {named}, got {normalize!r}")
    if max_ratio is not None and not (is_real(max_ratio) and max_ratio >= 1):
        raise ValueError(f"max_ratio must be None or a finite number >= 1, got {max_ratio!r}")
    check_choice("missing", missing, ("error", "ignore"))


def list_classes(classes: Any) -> list[Any]:
    """Read the user's classes as plain Python labels, in their order."""
    has_order = isinstance(classes, Sequence) or hasattr(classes, "__array__")
    if isinstance(classes, str | bytes) or not (has_order and np.ndim(classes) > 0):
        raise TypeError(
            f"classes must be a list or array of labels, got {classes!r} ({type(classes).__name__})"
        )
    labels = [to_plain(label) for label in classes]
    if not labels or len(set(labels)) != len(labels):
        raise ValueError(f"classes must be distinct labels, got {show_labels(labels)}")
    check_one_kind(labels, "classes")
    return labels


def read_counts(
    counts: Any, remedy: str = "for the labels themselves use fit"
) -> tuple[list[Any], list[float]]:
    """Read the user's counts by class: a mapping, or a Series like that of `value_counts`."""
    if hasattr(counts, "iloc") and np.ndim(counts) == 1:
        items = list(zip(counts.index.tolist(), counts.tolist(), strict=True))
    elif isinstance(counts, Mapping):
        items = list(counts.items())
    else:
        raise TypeError(
            "counts must be a mapping of label to number or a Series of numbers by label, got "
            f"{type(counts).__name__}; {remedy}"
        )
    labels = [to_plain(label) for label, _ in items]
    if not labels:
        raise ValueError("counts must hold the count of at least one class, got none")
    if len(set(labels)) != len(labels):
        raise ValueError(f"counts must be of distinct labels, got {show_labels(labels)}")
    for label, count in items:
        if not isinstance(count, Real):
            raise TypeError(f"counts must be numbers, got {count!r} for {label!r}")
        if not (is_real(count) and float(count) >= 0):
            raise ValueError(f"counts must be finite and >= 0, got {count!r} for {label!r}")
    return labels, [float(count) for _, count in items]


def weigh_by_inverse_power(counts: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Weigh classes by count ** -power: 1 is inverse frequency, 0.5 the square-root rule."""
    # King and Zeng, "Logistic Regression in Rare Events Data", Political Analysis 2001 (power 1);
    # Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", ECCV 2018 (0.5).
    return counts**-power


def weigh_by_effective_number(counts: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Weigh classes by the inverse effective number of their samples, with overlap `beta`."""
    # Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019, eq. 3. At
    # beta 0 all classes weigh alike; towards 1 it becomes inverse frequency.
    if beta == 0:
        return np.ones_like(counts)
    # expm1 keeps the digits that 1 - beta**n loses when beta is near 1.
    return (1 - beta) / -np.expm1(counts * np.log(beta))


def weigh_by_log_share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh classes by 1 / log(1.02 + share of all samples), which lies between 1.4 and 50.5."""
    # Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time Semantic Segmentation",
    # 2016, section 5.2, with their c = 1.02.
    return 1 / np.log(1.02 + counts / math.fsum(counts))


def cap_ratio(weights: NDArray[np.float64], max_ratio: float) -> NDArray[np.float64]:
    """Lower the weights that exceed `max_ratio` times the smallest positive one."""
    return np.minimum(weights, max_ratio * weights[weights > 0].min())


def normalize_weights(
    weights: NDArray[np.float64], counts: NDArray[np.float64], normalize: str | None
) -> NDArray[np.float64]:
    """Scale weights so that the value that `normalize` names becomes 1."""
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


def add_weighted_classes(counts: Any, scheme: Scheme, classes: Sequence[Any] | None) -> Any:
    """Add a count of 0 for classes that only a mapping `scheme` lists, unless `classes` is set."""
    if classes is not None or not isinstance(scheme, Mapping):
        return counts
    # Keys of another kind are other names: the lookup of weights says so better.
    if any(label not in scheme for label in counts):
        return counts
    kind = get_kind(next(iter(counts)))
    absent = [convert_number(to_plain(label), kind) for label in scheme if label not in counts]
    return dict(sorted((counts | dict.fromkeys(absent, 0.0)).items()))


def weigh_counts(counts: Any, **rules: Any) -> NDArray[np.float64]:
    """Weigh classes, or zeros and ones of each column; shape (n_classes,) or (n_columns, 2)."""
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
    """Weigh named classes: compute relative weights, cap their ratio, then normalise them."""
    present = counts > 0
    if missing == "error" and not present.all():
        raise ValueError(
            "every class must have a sample to be weighed, none of "
            f"{show_labels([label for label, has in zip(labels, present, strict=True) if not has])}"
            "; pass missing='ignore' to weigh a class without samples 0"
        )
    if not present.any():
        raise ValueError("y must have at least one sample, got none")
    # A class without samples weighs 0, and neither caps nor normalises the others.
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
        is_lost |= weights < np.finfo(np.float64).tiny
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
            f"{suggest_names(set(scheme) - set(labels), unweighted)}"
        )
    return [scheme[label] for label in labels]


def _check_given(weights: Any, n_classes: int, name: str) -> NDArray[np.float64]:
    given = to_numpy(weights).astype(np.float64)
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
