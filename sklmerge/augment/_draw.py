"""Check the ranges of an augmenter, and draw columns of random parameters from them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_flag, is_real, is_whole, list_items
from sklmerge._random import draw_uniforms, salt_keys
from sklmerge.augment._params import COLUMNS
from sklmerge.augment._warp import FILL_MODES, INTERPOLATIONS


def spread_zoom(zoom_range: Any) -> tuple[float, float]:
    """Convert a zoom range of either form to its two bounds."""
    if is_real(zoom_range):
        return 1 - float(zoom_range), 1 + float(zoom_range)
    return float(zoom_range[0]), float(zoom_range[1])


def spread_blur(blur_sigma: Any) -> tuple[float, float]:
    """Convert a blur range of any form to its two bounds."""
    if blur_sigma is None:
        return 0.0, 0.0
    if is_real(blur_sigma):
        return 0.0, float(blur_sigma)
    return float(blur_sigma[0]), float(blur_sigma[1])


def check_ranges(ranges: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse ranges of the wrong sign, order or kind, by name; return them as they are."""
    for name in ("rotation_range", "shear_range", "channel_shift_range", "noise_std", "cval"):
        value = ranges[name]
        if not is_real(value):
            raise TypeError(f"{name} must be a finite number, got {value!r}")
        if name != "cval" and value < 0:
            raise ValueError(f"{name} must be >= 0, got {value}")
    for name in ("width_shift_range", "height_shift_range"):
        check_shift_range(name, ranges[name])
    check_zoom_range(ranges["zoom_range"])
    check_crop_range(ranges["crop_range"])
    for name in ("brightness_range", "contrast_range", "gamma_range", "saturation_range"):
        if ranges[name] is not None:
            check_factor_range(name, ranges[name])
    check_hue_range(ranges["hue_range"])
    if (blur := ranges["blur_sigma"]) is not None:
        check_factor_range("blur_sigma", (0, blur) if is_real(blur) else blur)
    erase = ranges["erase"]
    if not is_real(erase) or not 0 <= erase <= 1:
        raise ValueError(f"erase must be a chance in [0, 1], got {erase!r}")
    for name in ("horizontal_flip", "vertical_flip", "rotate90"):
        check_flag(name, ranges[name])
    for name, known in (("fill_mode", FILL_MODES), ("interpolation", INTERPOLATIONS)):
        if ranges[name] not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {ranges[name]!r}")
    return ranges


def check_shift_range(name: str, shift: Any) -> None:
    """Refuse a shift range that is neither a number >= 0 nor a list of finite numbers."""
    if is_real(shift):
        if shift < 0:
            raise ValueError(f"{name} must be >= 0, got {shift}")
        return
    shifts = list_items(shift)
    if not shifts or not all(map(is_real, shifts)):
        raise TypeError(
            f"{name} must be a number or a sequence of numbers, each finite, got {shift!r}"
        )


def check_zoom_range(zoom: Any) -> None:
    """Refuse a zoom range that is neither a number in [0, 1) nor a pair of factors above 0."""
    if is_real(zoom):
        if not 0 <= zoom < 1:
            raise ValueError(f"zoom_range must be in [0, 1), got {zoom}")
        return
    check_factor_range("zoom_range", zoom)
    if zoom[0] == 0:
        raise ValueError(f"zoom_range must be above 0, got {zoom}")


def check_crop_range(crop: Any) -> None:
    """Refuse a crop range that is not a pair of fractions of the area, above 0 and up to 1."""
    if crop is None:
        return
    check_factor_range("crop_range", crop)
    if crop[0] == 0 or crop[1] > 1:
        raise ValueError(f"crop_range must be a pair 0 < low <= high <= 1, got {crop!r}")


def check_hue_range(hue: Any) -> None:
    """Refuse a hue range that is not an ascending pair of degrees from -180 to 180."""
    if hue is None:
        return
    low, high = check_pair("hue_range", hue)
    if not -180 <= low <= high <= 180:
        raise ValueError(f"hue_range must be a pair -180 <= low <= high <= 180, got {hue!r}")


def check_factor_range(name: str, bounds: object) -> None:
    """Refuse a range of factors that is not a pair with 0 <= low <= high."""
    low, high = check_pair(name, bounds)
    if not 0 <= low <= high:
        raise ValueError(f"{name} must be a pair 0 <= low <= high, got {bounds!r}")


def check_pair(name: str, bounds: object) -> tuple[float, float]:
    """Return a pair of finite numbers, and refuse anything else."""
    pair = list_items(bounds)
    if len(pair) != 2 or not all(map(is_real, pair)):
        raise TypeError(f"{name} must be a pair of numbers, each finite, got {bounds!r}")
    return pair[0], pair[1]


# Whether a rectangle is erased; its size and place have columns of their own.
_ERASE_STREAM = 25
# Shares of the area and ratios of the sides of an erased rectangle (Zhong et al. 2020, section 4).
_ERASE_AREA = (0.02, 0.4)
_ERASE_RATIO = 0.3

Bounds = tuple[float, float]
# Columns and the parameters that bound them; batches are small enough for a name made to count.
_AROUND_ZERO = tuple((name, f"{name}_range") for name in ("rotation", "shear", "channel_shift"))
_PAIRS = tuple(
    (name, f"{name}_range") for name in ("contrast", "brightness", "gamma", "saturation", "hue")
)
# What is chosen, or happens by chance, is drawn of all numbers there are.
_ALL: Bounds = (0.0, 1.0)


class Shift(NamedTuple):
    """The column of the shifts along one axis, and the values to draw from."""

    column: str
    bounds: Bounds
    # Empty if any shift between the bounds may come.
    choices: Sequence[float] = ()


def draw_columns(
    ranges: Mapping[str, Any], seed: int, keys: NDArray[np.uint64]
) -> dict[str, NDArray[Any]]:
    """Draw the columns for the ranges in use, which are checked, for images with these keys."""
    shifts = list_shifts(ranges)
    columns = draw_evenly(bound_columns(ranges, shifts), seed, keys)
    for shift in shifts:
        if shift.choices:
            columns[shift.column] = choose(shift.choices, columns[shift.column])
    if "quarter_turns" in columns:
        columns["quarter_turns"] = columns["quarter_turns"].astype(np.int64)
    for name in ("horizontal_flip", "vertical_flip"):
        if name in columns:
            columns[name] = columns[name] < 0.5
    if ranges["noise_std"]:
        columns["noise_std"] = np.full(len(keys), float(ranges["noise_std"]))
    if ranges["erase"]:
        columns |= draw_rectangle(ranges["erase"], seed, keys)
    if ranges["noise_std"] or ranges["erase"]:
        columns["key"] = salt_keys(seed, keys)
    return columns


def draw_evenly(
    bounds: Mapping[str, Bounds], seed: int, keys: NDArray[np.uint64]
) -> dict[str, NDArray[Any]]:
    """Draw all columns at once, each uniformly between two bounds: batches are small."""
    if not bounds:
        return {}
    drawn = draw_uniforms(seed, keys, [COLUMNS[name].stream for name in bounds])
    drawn *= np.array([high - low for low, high in bounds.values()])[:, None]
    drawn += np.array([low for low, _ in bounds.values()])[:, None]
    return dict(zip(bounds, drawn, strict=True))


def bound_columns(ranges: Mapping[str, Any], shifts: Sequence[Shift]) -> dict[str, Bounds]:
    """Return the bounds of the numbers of each column, in the order of the columns."""
    bounds: dict[str, Bounds] = {}
    for name, parameter in _AROUND_ZERO:
        if bound := float(ranges[parameter]):
            bounds[name] = -bound, bound
    for shift in shifts:
        bounds[shift.column] = shift.bounds
    zoom = spread_zoom(ranges["zoom_range"])
    if zoom != (1, 1):
        bounds["zoom_x"] = bounds["zoom_y"] = zoom
    if (crop := ranges["crop_range"]) is not None:
        bounds["crop"] = float(crop[0]), float(crop[1])
        bounds["crop_x"] = bounds["crop_y"] = _ALL
    if ranges["rotate90"]:
        bounds["quarter_turns"] = 0.0, 4.0
    for name in ("horizontal_flip", "vertical_flip"):
        if ranges[name]:
            bounds[name] = _ALL
    for name, parameter in _PAIRS:
        if (pair := ranges[parameter]) is not None:
            bounds[name] = float(pair[0]), float(pair[1])
    blur = spread_blur(ranges["blur_sigma"])
    if blur[1] > 0:
        bounds["blur_sigma"] = blur
    return bounds


def list_shifts(ranges: Mapping[str, Any]) -> list[Shift]:
    """List the shifts that are in use."""
    given = (("x", ranges["width_shift_range"]), ("y", ranges["height_shift_range"]))
    return [
        read_shift(axis, shift)
        for axis, shift in given
        if (shift if is_real(shift) else any(shift))
    ]


def read_shift(axis: str, shift_range: Any) -> Shift:
    """Read the shift along one axis, as a fraction or in pixels, depending on the range."""
    fraction, pixels = f"shift_{axis}", f"shift_{axis}_pixels"
    # As Keras documents it: an int n means whole pixels from -(n - 1) to n - 1, a float below 1
    # bounds a fraction of the side, a float from 1 on a number of pixels, and a sequence lists the
    # shifts to choose from.
    if is_whole(shift_range):
        whole = range(1 - int(shift_range), int(shift_range))
        return Shift(pixels, _ALL, [float(shift) for shift in whole])
    if is_real(shift_range):
        bound = float(shift_range)
        return Shift(fraction if bound < 1 else pixels, (-bound, bound))
    shifts = [float(shift) for shift in shift_range]
    return Shift(fraction if max(map(abs, shifts)) < 1 else pixels, _ALL, shifts)


def choose(values: Sequence[Any], drawn: NDArray[np.float64]) -> NDArray[Any]:
    """Choose equally likely values by numbers in [0, 1)."""
    return np.asarray(values)[(drawn * len(values)).astype(np.intp)]


def draw_rectangle(
    chance: float, seed: int, keys: NDArray[np.uint64]
) -> dict[str, NDArray[np.float64]]:
    """Draw the rectangle to erase, as fractions of the sides; a width of 0 means none."""
    # Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, draw again until a rectangle
    # fits. Here the ratio of the sides is drawn from those that fit; its logarithm is even, so that
    # tall and wide rectangles are equally likely.
    names = ("erase_x", "erase_y", "erase_width", "erase_height")
    streams = [*(COLUMNS[name].stream for name in names), _ERASE_STREAM]
    x, y, share, place, fate = draw_uniforms(seed, keys, streams)
    area = _ERASE_AREA[0] + (_ERASE_AREA[1] - _ERASE_AREA[0]) * share
    widest = np.log(1 / np.maximum(_ERASE_RATIO, area))
    ratio = np.exp((2 * place - 1) * widest)
    erased = fate < chance
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    sides = (x * (1 - width), y * (1 - height), width, height)
    return {name: side * erased for name, side in zip(names, sides, strict=True)}
