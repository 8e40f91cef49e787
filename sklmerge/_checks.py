"""Checks of parameters that several public functions share: one rule and one message each."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from sklmerge._tensors import to_numpy

ON_ERROR = ("raise", "skip", "warn")
_FLAGS = (bool, np.bool_)
SAMPLES_PER_CLASS = ("minority", "majority", "natural")
Method = TypeVar("Method", bound=Callable[..., Any])


def is_whole(number: object) -> bool:
    """Say whether a value is a Python or NumPy integer; a bool is not."""
    # Most numbers are Python's own, and asking an abstract class takes ten times as long.
    return type(number) is int or (isinstance(number, Integral) and not isinstance(number, bool))


def is_real(number: Any) -> bool:
    """Say whether a value is a finite Python or NumPy number; a bool is not."""
    own = type(number) is float or type(number) is int
    if not own and (not isinstance(number, Real) or isinstance(number, bool)):
        return False
    try:
        return math.isfinite(number)
    except OverflowError:
        # An integer beyond all floats.
        return False


def check_whole(name: str, number: Any, least: int, most: int | None = None) -> int:
    """Return the number as an int if it is whole and from `least` to `most`."""
    whole = is_whole(number)
    if whole and least <= number and (most is None or number <= most):
        return int(number)
    allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
    kind = ValueError if whole else TypeError
    raise kind(f"{name} must be a whole number {allowed}, got {number!r}")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return the value if it is one of the choices; the error lists them all."""
    if not isinstance(value, str) or value not in choices:
        *others, last = map(repr, choices)
        listed = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{name} must be {listed}, got {value!r}")
    return str(value)


def check_flag(name: str, value: Any) -> bool:
    """Return True or False; refuse any other value, such as ``"False"``."""
    if not isinstance(value, _FLAGS):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_whole_pair(name: str, pair: Any, least: int = 1) -> tuple[int, int]:
    """Return (rows, columns), from any sequence or array of two whole numbers."""
    sides = list_items(pair)
    message = f"{name} must be two whole numbers (rows, columns) of at least {least}, got {pair!r}"
    if len(sides) != 2 or not all(map(is_whole, sides)):
        raise TypeError(message)
    if min(sides) < least:
        raise ValueError(message)
    return int(sides[0]), int(sides[1])


def check_image_size(image_size: Any) -> tuple[int, int] | None:
    """Return (height, width), from any sequence or array of two; None stays None."""
    if image_size is None:
        return None
    sides = list_items(image_size)
    if len(sides) != 2 or not all(is_whole(side) and side >= 1 for side in sides):
        raise ValueError(
            f"image_size must be (height, width) in pixels, such as (224, 224), got {image_size!r}"
        )
    return int(sides[0]), int(sides[1])


def check_n_jobs(n_jobs: Any) -> int | None:
    """Return a number of workers, as in joblib; None stays None."""
    message = (
        f"n_jobs must be a whole number other than 0 (-1: one per core), or None, got {n_jobs!r}"
    )
    if n_jobs is None:
        return None
    if not is_whole(n_jobs):
        raise TypeError(message)
    if n_jobs == 0:
        raise ValueError(message)
    return int(n_jobs)


def check_on_error(on_error: Any) -> str:
    """Return what to do about a file that cannot be read: "raise", "skip" or "warn"."""
    return check_choice("on_error", on_error, ON_ERROR)


def check_max_copies(max_copies: Any) -> int | None:
    """Return the maximum number of copies of one source; None means no limit."""
    if max_copies is None:
        return None
    message = (
        f"max_copies must be a whole number of at least 0, or None for no bound, got {max_copies!r}"
    )
    if not is_whole(max_copies):
        raise TypeError(message)
    if max_copies < 0:
        raise ValueError(message)
    return int(max_copies)


def check_samples_per_class(samples_per_class: Any, name: str = "samples_per_class") -> Any:
    """Return a word or one number for all classes, a mapping of numbers, or None."""
    if samples_per_class is None:
        return None
    if isinstance(samples_per_class, Mapping):
        for label, n in samples_per_class.items():
            check_whole(f"{name}[{label!r}]", n, 1)
        return samples_per_class
    if isinstance(samples_per_class, str) and samples_per_class in SAMPLES_PER_CLASS:
        return samples_per_class
    if is_whole(samples_per_class) and samples_per_class >= 1:
        return int(samples_per_class)
    raise (ValueError if isinstance(samples_per_class, str | Integral) else TypeError)(
        f"{name} must be 'minority', 'majority', 'natural', a whole number of at least 1, a "
        f"mapping from classes to such numbers, or None, got {samples_per_class!r}"
    )


def check_reader(reader: Any) -> None:
    """Check that `reader` is callable or None."""
    if reader is not None and not callable(reader):
        raise TypeError(f"reader must be callable with a path, or None, got {reader!r}")


def check_progress(progress: Any) -> None:
    """Check that `progress` is callable or None."""
    if progress is not None and not callable(progress):
        raise TypeError(
            f"progress must be callable with (n_done, n_files), or None, got {progress!r}"
        )


def check_storage_options(options: Any) -> None:
    """Check that `storage_options` is a mapping or None."""
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"storage_options must be a mapping or None, got {options!r}")


def check_scaler(scaler: Any) -> None:
    """Check that `scaler` can prepare images."""
    if scaler is not None and not callable(getattr(scaler, "transform", None)):
        raise TypeError(
            f"scaler must be an ImageScaler or have transform, got {scaler!r}; for a function pass "
            "ImageScaler(preprocessing_function=...)"
        )


def list_items(value: Any) -> tuple[Any, ...]:
    """Return the items of a sequence or a 1-D array, and an empty tuple for anything else."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, np.ndarray):
        return tuple(value.tolist()) if value.ndim == 1 else ()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def read_sample_weight(sample_weight: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return finite weights >= 0 of this shape; a weight per row applies to all its labels."""
    if isinstance(sample_weight, np.ma.MaskedArray):
        # A plain array would uncover what is masked.
        sample_weight = np.ma.filled(sample_weight.astype(np.float64), np.nan)
    weights = to_numpy(sample_weight).astype(np.float64, copy=False)
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


def copy_fitted(
    owner: Any, fitted: Any, names: Sequence[str] = ("n_features_in_", "feature_names_in_")
) -> None:
    """Copy these attributes from `fitted` to `owner`; delete those that `fitted` lacks."""
    for name in names:
        if hasattr(fitted, name):
            setattr(owner, name, getattr(fitted, name))
        else:
            # What an earlier fit left would be wrong now.
            owner.__dict__.pop(name, None)


def available_where(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Offer a method only if `check` of its object is true; otherwise `hasattr` is false."""
    # scikit-learn leaves out the types.
    return cast(Callable[[Method], Method], available_if(check))
