"""Effects that need a pass over the image each: saturation, hue, blur, noise, erasing."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._color import LUMA, Images, select_colors
from sklmerge.augment._params import COLUMNS, AugmentationParams

Bounds = tuple[float, float]

# Grey levels that posterizing, solarizing and equalizing count in, as in 8-bit images.
_LEVELS = 255.0


def sharpen_image(image: NDArray[Any], factor: float, bounds: Bounds) -> NDArray[Any]:
    """Scale the distance of each pixel from its smoothed neighbourhood; 0 smooths, 1 keeps."""
    # The kernel and the untouched border are those of Pillow's `ImageEnhance.Sharpness`.
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    smooth = image.copy()
    if min(image.shape[:2]) > 2:
        smooth[1:-1, 1:-1] = cv2.filter2D(image, -1, kernel)[1:-1, 1:-1]
    sharpened = smooth + (image.astype(np.float64) - smooth) * factor
    return fit_values(sharpened, image.dtype, bounds)


def posterize_image(image: NDArray[Any], bits: int, bounds: Bounds) -> NDArray[Any]:
    """Keep the highest of the 8 bits of each value."""
    step = 2 ** (8 - bits)
    # The small addend keeps a level that division left just below itself.
    levels = np.floor((to_levels(image, bounds) + 1e-3) / step) * step
    return from_levels(levels, image.dtype, bounds)


def solarize_image(image: NDArray[Any], threshold: float, bounds: Bounds) -> NDArray[Any]:
    """Invert all values at or above a threshold, which is a fraction of the value range."""
    bound = bounds[0] + threshold * (bounds[1] - bounds[0])
    inverted = bounds[0] + bounds[1] - image.astype(np.float64)
    return fit_values(np.where(image < bound, image, inverted), image.dtype, bounds)


def stretch_contrast(image: NDArray[Any], _: bool, bounds: Bounds) -> NDArray[Any]:
    """Stretch the values of each channel to the whole value range; a constant channel stays."""
    low, high = image.min(axis=(0, 1)).astype(float), image.max(axis=(0, 1)).astype(float)
    gain = np.where(high > low, (bounds[1] - bounds[0]) / np.where(high > low, high - low, 1), 1)
    bias = np.where(high > low, bounds[0] - low * gain, 0)
    return fit_values(image * gain + bias, image.dtype, bounds)


def equalize_image(image: NDArray[Any], _: bool, bounds: Bounds) -> NDArray[Any]:
    """Equalize the histogram of each channel over the value range, with 256 grey levels."""
    levels = to_levels(image, bounds)
    equalized = np.empty_like(levels)
    for channel in np.ndindex(image.shape[2:]):
        values = levels[(..., *channel)]
        counts = np.bincount(np.rint(values).astype(np.intp).ravel(), minlength=256)
        step = (len(values.ravel()) - counts[np.flatnonzero(counts)[-1]]) // 255
        if step == 0:
            equalized[(..., *channel)] = values
            continue
        # The table of Pillow's `ImageOps.equalize`. Between two levels it is interpolated, so that
        # floats are not rounded to levels.
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
    """Convert values to 8-bit grey levels, with fractions."""
    return (image.astype(np.float64) - bounds[0]) * (_LEVELS / (bounds[1] - bounds[0]))


def from_levels(levels: NDArray[np.float64], dtype: np.dtype[Any], bounds: Bounds) -> NDArray[Any]:
    """Convert grey levels back to input units."""
    return fit_values(levels * ((bounds[1] - bounds[0]) / _LEVELS) + bounds[0], dtype, bounds)


def fit_values(values: NDArray[Any], dtype: np.dtype[Any], bounds: Bounds) -> NDArray[Any]:
    """Clip values and cast them to a dtype; round them if it is an integer dtype."""
    clipped = np.clip(values, *bounds)
    if dtype.kind == "u":
        np.rint(clipped, out=clipped)
    return clipped.astype(dtype, copy=False)


# How far a blur reaches, in standard deviations, as in scipy.ndimage.gaussian_filter.
_TRUNCATE = 4.0


def saturate_image(image: NDArray[Any], factor: float, bounds: Bounds) -> NDArray[Any]:
    """Scale the distance of each pixel of (H, W, 3) from its own grey, as Pillow and torch do."""
    matrix = factor * np.eye(3) + (1 - factor) * LUMA
    return clip_floats(cv2.transform(image, matrix), bounds)


def turn_hue(image: NDArray[Any], degrees: float, bounds: Bounds) -> NDArray[Any]:
    """Rotate the hue of an image of shape (H, W, 3); its HSV saturation and value stay."""
    low, span = bounds[0], bounds[1] - bounds[0]
    # OpenCV knows HSV in float32, with hue in degrees and no rounding.
    hsv = cv2.cvtColor(((image - low) / span).astype(np.float32), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return fit_values(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * span + low, image.dtype, bounds)


def blur_image(image: NDArray[Any], sigma: float, bounds: Bounds) -> NDArray[Any]:
    """Apply a Gaussian blur of a standard deviation in pixels; mirror the border."""
    side = 2 * int(_TRUNCATE * sigma + 0.5) + 1
    return cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REFLECT)


_EFFECTS: dict[str, Callable[[NDArray[Any], Any, Bounds], NDArray[Any]]] = {
    "saturation": saturate_image,
    "hue": turn_hue,
    **TONES,
    "blur_sigma": blur_image,
}
_COLORED = ("saturation", "hue")
EFFECT_COLUMNS = frozenset({*_EFFECTS, "noise_std", "erase_width"})


def apply_effects(images: Images, params: AugmentationParams, bounds: Bounds) -> None:
    """Apply saturation, hue, tones, blur, noise and erasing to images in place, except alpha."""
    names = [name for name in _EFFECTS if name in params.columns]
    rows = {name: params[name].tolist() for name in (*names, "noise_std", "key")}
    for place, image in enumerate(images):
        colors = select_colors(image)
        work = np.ascontiguousarray(colors)
        for name in names:
            value = rows[name][place]
            if value != COLUMNS[name].neutral and (work.ndim == 3 or name not in _COLORED):
                work = _EFFECTS[name](work, value, bounds)
        if rows["noise_std"][place] > 0:
            work = add_noise(work, rows["noise_std"][place], rows["key"][place], bounds)
        if work is not colors:
            colors[...] = work
    if "erase_width" in params:
        erase_parts(images, params, bounds)


def add_noise(image: NDArray[Any], std: float, key: int, bounds: Bounds) -> NDArray[Any]:
    """Add independent Gaussian noise to each value, with a standard deviation in input units."""
    dtype = np.float64 if image.dtype == np.float64 else np.float32
    noise = make_generator(key, COLUMNS["noise_std"].stream).standard_normal(image.shape, dtype)
    noise *= std
    return fit_values(image + noise, image.dtype, bounds)


def erase_parts(images: Images, params: AugmentationParams, bounds: Bounds) -> None:
    """Fill the rectangle of each image, if it has one, with uniform values between bounds."""
    height, width = images[0].shape[:2]
    left, top = params["erase_x"] * width, params["erase_y"] * height
    right, bottom = left + params["erase_width"] * width, top + params["erase_height"] * height
    edges = np.rint([top, bottom, left, right]).astype(np.intp).T.tolist()
    for image, key, (first, last, start, stop) in zip(images, params["key"], edges, strict=True):
        part = select_colors(image)[first:last, start:stop]
        if part.size:
            # RE-R, the filling that did best in Zhong et al., AAAI 2020.
            filling = make_generator(int(key), COLUMNS["erase_width"].stream).random(part.shape)
            filling = bounds[0] + filling * (bounds[1] - bounds[0])
            part[...] = fit_values(filling, part.dtype, bounds)


def make_generator(key: int, stream: int) -> np.random.Generator:
    """Make the random generator of one image for one purpose, independent of other images."""
    return np.random.Generator(np.random.Philox(key=np.array([key, stream], np.uint64)))


def clip_floats(image: NDArray[Any], bounds: Bounds) -> NDArray[Any]:
    """Clip floats to their bounds; OpenCV has already clipped integers."""
    return np.clip(image, *bounds, out=image) if image.dtype.kind == "f" else image
