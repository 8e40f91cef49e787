"""The tone changes of AutoAugment's family, for any dtype: images in, images out."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bounds = tuple[float, float]

# Grey levels that posterizing, solarizing and equalizing count in, as in 8-bit images.
_LEVELS = 255.0


def sharpen_image(image: NDArray[Any], factor: float, bounds: Bounds) -> NDArray[Any]:
    """Scale the distance of each pixel from its smoothed neighbourhood; 0 smooths, 1 keeps.

    The kernel and the untouched border are those of Pillow's ``ImageEnhance.Sharpness``.
    """
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    smooth = image.copy()
    if min(image.shape[:2]) > 2:
        smooth[1:-1, 1:-1] = cv2.filter2D(image, -1, kernel)[1:-1, 1:-1]
    sharpened = smooth + (image.astype(np.float64) - smooth) * factor
    return fit_values(sharpened, image.dtype, bounds)


def posterize_image(image: NDArray[Any], bits: int, bounds: Bounds) -> NDArray[Any]:
    """Keep the highest bits of each value, counted in 8."""
    step = 2 ** (8 - bits)
    # The small addend keeps a level that division left just below itself.
    levels = np.floor((to_levels(image, bounds) + 1e-3) / step) * step
    return from_levels(levels, image.dtype, bounds)


def solarize_image(image: NDArray[Any], threshold: float, bounds: Bounds) -> NDArray[Any]:
    """Invert all values from a threshold on, given as a share of the value range."""
    bound = bounds[0] + threshold * (bounds[1] - bounds[0])
    inverted = bounds[0] + bounds[1] - image.astype(np.float64)
    return fit_values(np.where(image < bound, image, inverted), image.dtype, bounds)


def stretch_contrast(image: NDArray[Any], _: bool, bounds: Bounds) -> NDArray[Any]:
    """Stretch each channel's values over the whole value range; a flat channel stays."""
    low, high = image.min(axis=(0, 1)).astype(float), image.max(axis=(0, 1)).astype(float)
    gain = np.where(high > low, (bounds[1] - bounds[0]) / np.where(high > low, high - low, 1), 1)
    bias = np.where(high > low, bounds[0] - low * gain, 0)
    return fit_values(image * gain + bias, image.dtype, bounds)


def equalize_image(image: NDArray[Any], _: bool, bounds: Bounds) -> NDArray[Any]:
    """Spread each channel's values evenly over the value range, by 256 grey levels.

    The table is that of Pillow's ``ImageOps.equalize``; between two levels it is interpolated, so
    that floats are not rounded to levels.
    """
    levels = to_levels(image, bounds)
    equalized = np.empty_like(levels)
    for channel in np.ndindex(image.shape[2:]):
        values = levels[(..., *channel)]
        counts = np.bincount(np.rint(values).astype(np.intp).ravel(), minlength=256)
        step = (len(values.ravel()) - counts[np.flatnonzero(counts)[-1]]) // 255
        if step == 0:
            equalized[(..., *channel)] = values
            continue
        table = (step // 2 + np.cumsum(counts) - counts) // step
        equalized[(..., *channel)] = np.interp(values, np.arange(256), np.minimum(table, _LEVELS))
    return from_levels(equalized, image.dtype, bounds)


TONES: dict[str, Callable[[NDArray[Any], Any, Bounds], NDArray[Any]]] = {
    "sharpness": sharpen_image,
    "posterize": posterize_image,
    "solarize": solarize_image,
    "autocontrast": stretch_contrast,
    "equalize": equalize_image,
}


def to_levels(image: NDArray[Any], bounds: Bounds) -> NDArray[np.float64]:
    """Count values in 8-bit grey levels, with fractions."""
    return (image.astype(np.float64) - bounds[0]) * (_LEVELS / (bounds[1] - bounds[0]))


def from_levels(levels: NDArray[np.float64], dtype: np.dtype[Any], bounds: Bounds) -> NDArray[Any]:
    """Turn grey levels back to input units."""
    return fit_values(levels * ((bounds[1] - bounds[0]) / _LEVELS) + bounds[0], dtype, bounds)


def fit_values(values: NDArray[Any], dtype: np.dtype[Any], bounds: Bounds) -> NDArray[Any]:
    """Clip values and cast them to a dtype, rounded where it holds integers."""
    clipped = np.clip(values, *bounds)
    if dtype.kind == "u":
        np.rint(clipped, out=clipped)
    return clipped.astype(dtype, copy=False)
