"""What users say of weights and counts, read and checked. No data is counted here."""

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import check_one_kind, show_labels, to_plain

Scheme: TypeAlias = (
    str | Mapping[Hashable, float] | Callable[[NDArray[np.float64]], NDArray[np.float64]]
)

NAMED_SCHEMES = ("balanced", "effective", "log", "uniform")
NORMALIZATIONS = ("samples", "classes", "max", "min", None)


def check_weighting(
    scheme: Any, power: Any, beta: Any, normalize: Any, max_ratio: Any, missing: Any
) -> None:
    """Raise on a parameter that no data could make right."""
    if isinstance(scheme, str):
        if scheme not in NAMED_SCHEMES:
            raise ValueError(
                f"scheme must be one of {', '.join(map(repr, NAMED_SCHEMES))}, a mapping of label "
                f"to weight or a callable of the counts, got {scheme!r}"
            )
    elif not isinstance(scheme, Mapping) and not callable(scheme):
        raise TypeError(
            "scheme must be a string, a mapping of label to weight or a callable of the counts, "
            f"got {type(scheme).__name__}"
        )
    if not (_is_finite(power) and power >= 0):
        raise ValueError(f"power must be a finite number >= 0, got {power!r}")
    if not (_is_finite(beta) and 0 <= beta < 1):
        raise ValueError(f"beta must be in [0, 1), got {beta!r}")
    if normalize not in NORMALIZATIONS:
        raise ValueError(
            f"normalize must be 'samples', 'classes', 'max', 'min' or None, got {normalize!r}"
        )
    if max_ratio is not None and not (_is_finite(max_ratio) and max_ratio >= 1):
        raise ValueError(f"max_ratio must be None or a finite number >= 1, got {max_ratio!r}")
    if missing not in ("error", "ignore"):
        raise ValueError(f"missing must be 'error' or 'ignore', got {missing!r}")


def read_classes(classes: Any) -> list[Any]:
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


def read_counts(counts: Any) -> tuple[list[Any], list[float]]:
    """Read the user's counts by class: a mapping, or a Series such as `value_counts` gives.

    Examples
    --------
    >>> read_counts({"cat": 3, "dog": 5})
    (['cat', 'dog'], [3.0, 5.0])
    """
    if hasattr(counts, "iloc") and np.ndim(counts) == 1:
        items = list(zip(counts.index.tolist(), counts.tolist(), strict=True))
    elif isinstance(counts, Mapping):
        items = list(counts.items())
    else:
        raise TypeError(
            "counts must be a mapping of label to number or a Series of numbers by label, got "
            f"{type(counts).__name__}; for the labels themselves use fit"
        )
    labels = [to_plain(label) for label, _ in items]
    if not labels:
        raise ValueError("counts must hold the count of at least one class, got none")
    if len(set(labels)) != len(labels):
        raise ValueError(f"counts must be of distinct labels, got {show_labels(labels)}")
    for label, count in items:
        if not isinstance(count, Real):
            raise TypeError(f"counts must be numbers, got {count!r} for {label!r}")
        if not (_is_finite(count) and float(count) >= 0):
            raise ValueError(f"counts must be finite and >= 0, got {count!r} for {label!r}")
    return labels, [float(count) for _, count in items]


def _is_finite(value: Any) -> bool:
    largest: Any = sys.float_info.max
    return (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and bool(-largest <= value <= largest)
    )
