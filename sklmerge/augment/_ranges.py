"""Ranges in, columns of random parameters out; and what a range may be."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._geometry import FILL_MODES, INTERPOLATIONS
from sklmerge.augment._hash import draw_uniform
from sklmerge.augment._params import COLUMNS

NUMBER = int | float | np.integer | np.floating


def draw_columns(
    ranges: Mapping[str, Any], seed: int, keys: NDArray[np.uint64]
) -> dict[str, NDArray[Any]]:
    """Draw the columns that some ranges put to use.

    Parameters
    ----------
    ranges : mapping
        The parameters of an `ImageAugmenter`, checked.
    seed : int
        In [0, 2**64).
    keys : ndarray of uint64, shape (n,)
        Random stream of each image.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        See `AugmentationParams`.
    """
    columns: dict[str, NDArray[Any]] = {}
    for name in ("rotation", "shear", "channel_shift"):
        if bound := ranges[f"{name}_range"]:
            columns[name] = draw_between(name, -bound, bound, seed, keys)
    for axis, side in (("x", "width"), ("y", "height")):
        if np.any(shift := ranges[f"{side}_shift_range"]):
            columns |= draw_shift(axis, shift, seed, keys)
    low, high = spread_zoom(ranges["zoom_range"])
    if (low, high) != (1, 1):
        for name in ("zoom_x", "zoom_y"):
            columns[name] = draw_between(name, low, high, seed, keys)
    for name in ("horizontal_flip", "vertical_flip"):
        if ranges[name]:
            columns[name] = draw_uniform(seed, keys, COLUMNS[name].stream) < 0.5
    for name in ("contrast", "brightness"):
        if (bounds := ranges[f"{name}_range"]) is not None:
            columns[name] = draw_between(name, bounds[0], bounds[1], seed, keys)
    return columns


def draw_between(
    name: str, low: float, high: float, seed: int, keys: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Draw a column evenly between two bounds."""
    return low + (high - low) * draw_uniform(seed, keys, COLUMNS[name].stream)


def draw_choice(
    name: str, values: Sequence[float], seed: int, keys: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Draw a column of values each as likely as the others."""
    places = (draw_uniform(seed, keys, COLUMNS[name].stream) * len(values)).astype(np.intp)
    return np.asarray(values, dtype=np.float64)[places]


def draw_shift(
    axis: str, shift_range: float | Sequence[float], seed: int, keys: NDArray[np.uint64]
) -> dict[str, NDArray[np.float64]]:
    """Draw the shift along one axis, in fractions or in pixels as the range's form says.

    Parameters
    ----------
    axis : {"x", "y"}
        Columns or rows.
    shift_range : float, int or sequence of float
        A float below 1 bounds a fraction of the side, a float from 1 a number of pixels; an int n
        means whole pixels from -(n - 1) to n - 1; a sequence lists the shifts to choose from.
    seed, keys
        See `draw_uniform`.

    Returns
    -------
    dict of str to ndarray
        The one column, named ``shift_x``, ``shift_x_pixels`` and so on.
    """
    fraction, pixels = f"shift_{axis}", f"shift_{axis}_pixels"
    if isinstance(shift_range, int | np.integer):
        whole = range(1 - int(shift_range), int(shift_range))
        return {pixels: draw_choice(pixels, list(whole), seed, keys)}
    if isinstance(shift_range, float | np.floating):
        name = fraction if shift_range < 1 else pixels
        return {name: draw_between(name, -float(shift_range), float(shift_range), seed, keys)}
    name = fraction if max(abs(float(shift)) for shift in shift_range) < 1 else pixels
    return {name: draw_choice(name, list(shift_range), seed, keys)}


def spread_zoom(zoom_range: float | tuple[float, float]) -> tuple[float, float]:
    """Turn a zoom range of either form into its two bounds."""
    if isinstance(zoom_range, NUMBER):
        return 1 - float(zoom_range), 1 + float(zoom_range)
    return float(zoom_range[0]), float(zoom_range[1])


def check_ranges(ranges: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse ranges of the wrong sign, order or kind, by name; return them as they are."""
    for name in ("rotation_range", "shear_range", "channel_shift_range", "cval"):
        value = ranges[name]
        if not isinstance(value, NUMBER) or not np.isfinite(value):
            raise TypeError(f"{name} must be a finite number, got {value!r}")
        if name != "cval" and value < 0:
            raise ValueError(f"{name} must be >= 0, got {value}")
    for name in ("width_shift_range", "height_shift_range"):
        check_shift_range(name, ranges[name])
    zoom = ranges["zoom_range"]
    if isinstance(zoom, NUMBER):
        if not 0 <= zoom < 1:
            raise ValueError(f"zoom_range must be in [0, 1), got {zoom}")
    else:
        check_factor_range("zoom_range", zoom)
        if zoom[0] == 0:
            raise ValueError(f"zoom_range must be above 0, got {zoom}")
    for name in ("brightness_range", "contrast_range"):
        if ranges[name] is not None:
            check_factor_range(name, ranges[name])
    for name, known in (("fill_mode", FILL_MODES), ("interpolation", INTERPOLATIONS)):
        if ranges[name] not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {ranges[name]!r}")
    return ranges


def check_shift_range(name: str, shift: object) -> None:
    """Refuse a shift range that is no number >= 0 and no list of finite numbers."""
    if isinstance(shift, NUMBER):
        if not (np.isfinite(shift) and shift >= 0):
            raise ValueError(f"{name} must be >= 0, got {shift}")
        return
    values = np.asarray(shift)
    if values.ndim != 1 or values.size == 0 or values.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a number or a sequence of numbers, got {shift!r}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must hold finite numbers, got {shift!r}")


def check_factor_range(name: str, bounds: object) -> None:
    """Refuse a range of factors that is no pair 0 <= low <= high."""
    pair = bounds if isinstance(bounds, Sequence | np.ndarray) else ()
    if len(pair) != 2 or not all(isinstance(bound, NUMBER) for bound in pair):
        raise TypeError(f"{name} must be a pair of numbers, got {bounds!r}")
    if not 0 <= pair[0] <= pair[1] < np.inf:
        raise ValueError(f"{name} must be a pair 0 <= low <= high, got {bounds!r}")
