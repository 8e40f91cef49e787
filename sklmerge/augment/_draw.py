"""Ranges in: what they may be, and the columns of random parameters that are drawn of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_flag, is_real, is_whole, list_items
from sklmerge._random import draw_uniform, draw_uniforms, salt_keys
from sklmerge.augment._params import COLUMNS
from sklmerge.augment._warp import FILL_MODES, INTERPOLATIONS


def spread_zoom(zoom_range: Any) -> tuple[float, float]:
    """Turn a zoom range of either form into its two bounds."""
    if is_real(zoom_range):
        return 1 - float(zoom_range), 1 + float(zoom_range)
    return float(zoom_range[0]), float(zoom_range[1])


def spread_blur(blur_sigma: Any) -> tuple[float, float]:
    """Turn a range of blurs of any form into its two bounds."""
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
    if is_real(ranges["blur_sigma"]):
        check_factor_range("blur_sigma", (0, ranges["blur_sigma"]))
    elif ranges["blur_sigma"] is not None:
        check_factor_range("blur_sigma", ranges["blur_sigma"])
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
    """Refuse a shift range that is no number >= 0 and no list of finite numbers."""
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
    """Refuse a zoom range that is no number in [0, 1) and no pair of factors above 0."""
    if is_real(zoom):
        if not 0 <= zoom < 1:
            raise ValueError(f"zoom_range must be in [0, 1), got {zoom}")
        return
    check_factor_range("zoom_range", zoom)
    if zoom[0] == 0:
        raise ValueError(f"zoom_range must be above 0, got {zoom}")


def check_crop_range(crop: Any) -> None:
    """Refuse a crop range that is no pair of shares of an area, above 0 and up to 1."""
    if crop is None:
        return
    check_factor_range("crop_range", crop)
    if crop[0] == 0 or crop[1] > 1:
        raise ValueError(f"crop_range must be a pair 0 < low <= high <= 1, got {crop!r}")


def check_hue_range(hue: Any) -> None:
    """Refuse a hue range that is no rising pair of degrees from -180 to 180."""
    if hue is None:
        return
    low, high = check_pair("hue_range", hue)
    if not -180 <= low <= high <= 180:
        raise ValueError(f"hue_range must be a pair -180 <= low <= high <= 180, got {hue!r}")


def check_factor_range(name: str, bounds: object) -> None:
    """Refuse a range of factors that is no pair 0 <= low <= high."""
    low, high = check_pair(name, bounds)
    if not 0 <= low <= high:
        raise ValueError(f"{name} must be a pair 0 <= low <= high, got {bounds!r}")


def check_pair(name: str, bounds: object) -> tuple[float, float]:
    """Refuse what is no pair of finite numbers; return it."""
    pair = list_items(bounds)
    if len(pair) != 2 or not all(map(is_real, pair)):
        raise TypeError(f"{name} must be a pair of numbers, each finite, got {bounds!r}")
    return pair[0], pair[1]


# Whether a rectangle is erased; its size and place have columns of their own.
_ERASE_STREAM = 25
# Shares of the area and ratios of the sides of an erased rectangle (Zhong et al. 2020, section 4).
_ERASE_AREA = (0.02, 0.4)
_ERASE_RATIO = 0.3


# Up to so many images, numbers of all streams cost no more than those of one.
_FEW = 64
_STREAMS = np.arange(1 + max(column.stream for column in COLUMNS.values()), dtype=np.uint64)


class Draws:
    """Uniform numbers in [0, 1) of n images, by stream: a row depends on seed and key alone."""

    def __init__(self, seed: int, keys: NDArray[np.uint64]) -> None:
        self.seed = seed
        self.keys = keys
        self.all = draw_uniforms(seed, keys, _STREAMS) if len(keys) <= _FEW else None

    def __getitem__(self, stream: int) -> NDArray[np.float64]:
        if self.all is None:
            return draw_uniform(self.seed, self.keys, stream)
        row: NDArray[np.float64] = self.all[stream]
        return row


def draw_columns(ranges: Mapping[str, Any], draws: Draws) -> dict[str, NDArray[Any]]:
    """Draw the columns that some ranges, checked before, put to use."""
    columns: dict[str, NDArray[Any]] = {}
    for name in ("rotation", "shear", "channel_shift"):
        if bound := ranges[f"{name}_range"]:
            columns[name] = draw_between(name, -bound, bound, draws)
    for axis, side in (("x", "width"), ("y", "height")):
        shift = ranges[f"{side}_shift_range"]
        if shift if is_real(shift) else any(shift):
            columns |= draw_shift(axis, shift, draws)
    low, high = spread_zoom(ranges["zoom_range"])
    if (low, high) != (1, 1):
        for name in ("zoom_x", "zoom_y"):
            columns[name] = draw_between(name, low, high, draws)
    if ranges["crop_range"] is not None:
        low, high = ranges["crop_range"]
        columns["crop"] = draw_between("crop", low, high, draws)
        for name in ("crop_x", "crop_y"):
            columns[name] = draw_between(name, 0, 1, draws)
    if ranges["rotate90"]:
        turns = draw_between("quarter_turns", 0, 4, draws)
        columns["quarter_turns"] = turns.astype(np.int64)
    for name in ("horizontal_flip", "vertical_flip"):
        if ranges[name]:
            columns[name] = draws[COLUMNS[name].stream] < 0.5
    for name in ("contrast", "brightness", "gamma", "saturation", "hue"):
        if (bounds := ranges[f"{name}_range"]) is not None:
            columns[name] = draw_between(name, bounds[0], bounds[1], draws)
    low, high = spread_blur(ranges["blur_sigma"])
    if high > 0:
        columns["blur_sigma"] = draw_between("blur_sigma", low, high, draws)
    if ranges["noise_std"]:
        columns["noise_std"] = np.full(len(draws.keys), float(ranges["noise_std"]))
    if ranges["erase"]:
        columns |= draw_rectangle(ranges["erase"], draws)
    if ranges["noise_std"] or ranges["erase"]:
        columns["key"] = salt_keys(draws.seed, draws.keys)
    return columns


def draw_between(name: str, low: float, high: float, draws: Draws) -> NDArray[np.float64]:
    """Draw a column evenly between two bounds."""
    low, high = float(low), float(high)
    return low + (high - low) * draws[COLUMNS[name].stream]


def draw_choice(name: str, values: Sequence[Any], draws: Draws) -> NDArray[Any]:
    """Draw a column of values each as likely as the others."""
    places = (draws[COLUMNS[name].stream] * len(values)).astype(np.intp)
    return np.asarray(values)[places]


def draw_shift(axis: str, shift_range: Any, draws: Draws) -> dict[str, NDArray[np.float64]]:
    """Draw the shift along one axis, in fractions or in pixels as the range's form says."""
    fraction, pixels = f"shift_{axis}", f"shift_{axis}_pixels"
    # As Keras documents it: an int n means whole pixels from -(n - 1) to n - 1, a float below 1
    # bounds a fraction of the side, a float from 1 on a number of pixels, and a sequence lists the
    # shifts to choose from.
    if is_whole(shift_range):
        whole = range(1 - int(shift_range), int(shift_range))
        return {pixels: draw_choice(pixels, [float(shift) for shift in whole], draws)}
    if is_real(shift_range):
        name = fraction if shift_range < 1 else pixels
        return {name: draw_between(name, -float(shift_range), float(shift_range), draws)}
    shifts = [float(shift) for shift in shift_range]
    name = fraction if max(map(abs, shifts)) < 1 else pixels
    return {name: draw_choice(name, shifts, draws)}


def draw_rectangle(chance: float, draws: Draws) -> dict[str, NDArray[np.float64]]:
    """Draw which part of each image is erased, as shares of its sides; a width of 0 is none."""
    # Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, draw again until a rectangle
    # fits. Here the ratio of the sides is drawn from those that fit; its logarithm is even, so that
    # tall and wide rectangles are equally likely.
    area = draw_between("erase_width", _ERASE_AREA[0], _ERASE_AREA[1], draws)
    widest = np.log(1 / np.maximum(_ERASE_RATIO, area))
    place = draws[COLUMNS["erase_height"].stream]
    ratio = np.exp((2 * place - 1) * widest)
    erased = draws[_ERASE_STREAM] < chance
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    return {
        "erase_x": draw_between("erase_x", 0, 1, draws) * (1 - width) * erased,
        "erase_y": draw_between("erase_y", 0, 1, draws) * (1 - height) * erased,
        "erase_width": width * erased,
        "erase_height": height * erased,
    }
