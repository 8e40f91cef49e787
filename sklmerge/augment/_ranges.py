"""What each range of an augmenter may be, and the bounds that its short forms stand for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sklmerge.augment._geometry import FILL_MODES, INTERPOLATIONS

NUMBER = int | float | np.integer | np.floating


def spread_zoom(zoom_range: float | tuple[float, float]) -> tuple[float, float]:
    """Turn a zoom range of either form into its two bounds."""
    if isinstance(zoom_range, NUMBER):
        return 1 - float(zoom_range), 1 + float(zoom_range)
    return float(zoom_range[0]), float(zoom_range[1])


def spread_blur(blur_sigma: float | tuple[float, float] | None) -> tuple[float, float]:
    """Turn a range of blurs of any form into its two bounds."""
    if blur_sigma is None:
        return 0.0, 0.0
    if isinstance(blur_sigma, NUMBER):
        return 0.0, float(blur_sigma)
    return float(blur_sigma[0]), float(blur_sigma[1])


def check_ranges(ranges: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse ranges of the wrong sign, order or kind, by name; return them as they are."""
    for name in ("rotation_range", "shear_range", "channel_shift_range", "noise_std", "cval"):
        value = ranges[name]
        if not isinstance(value, NUMBER) or not np.isfinite(value):
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
    if isinstance(ranges["blur_sigma"], NUMBER):
        check_factor_range("blur_sigma", (0, ranges["blur_sigma"]))
    elif ranges["blur_sigma"] is not None:
        check_factor_range("blur_sigma", ranges["blur_sigma"])
    erase = ranges["erase"]
    if not isinstance(erase, NUMBER) or not 0 <= erase <= 1:
        raise ValueError(f"erase must be a chance in [0, 1], got {erase!r}")
    for name in ("horizontal_flip", "vertical_flip", "rotate90"):
        # The string "False" is true.
        if not isinstance(ranges[name], bool | np.bool_):
            raise TypeError(f"{name} must be True or False, got {ranges[name]!r}")
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


def check_zoom_range(zoom: Any) -> None:
    """Refuse a zoom range that is no number in [0, 1) and no pair of factors above 0."""
    if isinstance(zoom, NUMBER):
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
    if not 0 <= low <= high < np.inf:
        raise ValueError(f"{name} must be a pair 0 <= low <= high, got {bounds!r}")


def check_pair(name: str, bounds: object) -> tuple[float, float]:
    """Refuse what is no pair of numbers; return it."""
    pair = bounds if isinstance(bounds, Sequence | np.ndarray) else ()
    if len(pair) != 2 or not all(isinstance(bound, NUMBER) for bound in pair):
        raise TypeError(f"{name} must be a pair of numbers, got {bounds!r}")
    return pair[0], pair[1]
