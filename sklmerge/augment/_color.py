"""Colour parameters in, one linear map or lookup table per image out, and their application."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._params import AugmentationParams

COLOR_COLUMNS = frozenset({"channel_shift", "contrast", "brightness", "gamma"})
# Named once: what annotates an inner function is made anew whenever that is.
Image = NDArray[Any]
Images = list[NDArray[Any]]
# ITU-R BT.601, the weights of Pillow's and OpenCV's conversion to grey.
LUMA = np.array([0.299, 0.587, 0.114])


class ImageStatistics(NamedTuple):
    """Statistics of images for recolouring: smallest, largest and mean grey value of each."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    grey: NDArray[np.float64]


def measure_grey(image: NDArray[Any]) -> float:
    """Measure an image's mean luminance, without an alpha channel."""
    pixels = select_colors(image)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return float(np.dot(LUMA, cv2.mean(pixels)[:3]))
    return float(cv2.mean(np.ascontiguousarray(pixels).reshape(len(pixels), -1))[0])


def measure_images(images: Images, *, extremes: bool) -> ImageStatistics:
    """Measure each image's mean luminance, and its range if `extremes`, both without alpha."""
    figures = np.zeros((3, len(images)))
    for place, image in enumerate(images):
        pixels = select_colors(image)
        # OpenCV's reductions are several times faster than numpy's, but want contiguous planes.
        plane = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
        low, high = cv2.minMaxLoc(plane)[:2] if extremes else (0.0, 0.0)
        figures[:, place] = low, high, measure_grey(image)
    return ImageStatistics(*figures)


def select_colors(image: NDArray[Any]) -> NDArray[Any]:
    """View an image's channels without its alpha."""
    return image[..., :3] if image.ndim == 3 and image.shape[2] == 4 else image


def recolor_values(
    values: NDArray[Any],
    params: AugmentationParams,
    statistics: ImageStatistics | None,
    bounds: tuple[float, float],
) -> NDArray[Any]:
    """Recolour values (n, ...) or (1, ...), in input units, by each row; clip, do not round."""

    def spread(column: NDArray[np.float64]) -> NDArray[Any]:
        tall = column.reshape(-1, *(1,) * (values.ndim - 1))
        return tall.astype(values.dtype)

    recolored = values
    if statistics is not None:
        pivot = statistics.grey
        # Added, and clipped to the image's own range, as Keras' `apply_channel_shift` does.
        if "channel_shift" in params:
            shift, low, high = params["channel_shift"], statistics.low, statistics.high
            recolored = np.clip(recolored + spread(shift), spread(low), spread(high))
            pivot = np.clip(pivot + shift, low, high)
        # Scales distances from the image's mean luminance, as Pillow's and torchvision's does.
        if "contrast" in params:
            contrast = params["contrast"]
            recolored = recolored * spread(contrast) + spread(pivot * (1 - contrast))
    # Scales distances from black.
    if "brightness" in params:
        factor = params["brightness"]
        recolored = recolored * spread(factor) + spread(bounds[0] * (1 - factor))
    recolored = np.clip(recolored, *bounds)
    # Raises the share of the value range to a power, as scikit-image's `adjust_gamma` does.
    if "gamma" in params:
        span = bounds[1] - bounds[0]
        shares = (recolored - bounds[0]) / span
        recolored = np.clip(bounds[0] + span * shares ** spread(params["gamma"]), *bounds)
    return recolored


def needs_statistics(params: AugmentationParams) -> bool:
    """Say whether recolouring depends on statistics of the image."""
    return "channel_shift" in params or "contrast" in params


# Takes rows, their images, and the targets, which may be the images themselves.
Recolor = Callable[[slice, Images, Images], None]


def plan_integers(params: AugmentationParams, dtype: np.dtype[Any], has_alpha: bool) -> Recolor:
    """Plan one linear map or lookup table for each uint8 or uint16 image, except for alpha."""
    names = COLOR_COLUMNS.intersection(params.columns)
    if names == {"channel_shift"} and not has_alpha:
        shifts = params["channel_shift"].tolist()

        def shift_rows(rows: slice, images: Images, targets: Images) -> None:
            for image, shift, target in zip(images, shifts[rows], targets, strict=True):
                shift_channels(image, shift, target)

        return shift_rows
    if has_alpha or "channel_shift" in names or "gamma" in names:

        def look_up(rows: slice, images: Images, targets: Images) -> None:
            own, statistics = params.take(rows), None
            if needs_statistics(params):
                statistics = measure_images(images, extremes="channel_shift" in names)
            tables = build_tables(own, statistics, dtype, has_alpha)
            for image, table, target in zip(images, tables, targets, strict=True):
                cv2.LUT(image, table, dst=target)

        return look_up
    lines = list(zip(params["contrast"].tolist(), params["brightness"].tolist(), strict=True))

    def draw_lines(rows: slice, images: Images, targets: Images) -> None:
        for image, (contrast, brightness), target in zip(images, lines[rows], targets, strict=True):
            pivot = measure_grey(image) * (1 - contrast) if "contrast" in names else 0.0
            draw_line(image, contrast * brightness, pivot * brightness, target)

    return draw_lines


def draw_line(image: NDArray[Any], gain: float, bias: float, target: NDArray[Any]) -> None:
    """Multiply all values and add to them, rounded and clipped: cheaper than a table."""
    if bias >= 0 and image.dtype == np.uint8:
        # Nothing is below 0 whose absolute value could be taken: the same values, in less time.
        cv2.convertScaleAbs(image, target, gain, bias)
    else:
        cv2.addWeighted(image, gain, image, 0, bias, dst=target)


def shift_channels(image: NDArray[Any], shift: float, target: NDArray[Any]) -> None:
    """Add a number, rounded, to all values, and clip them to the image's own range."""
    whole = round(shift)
    if abs(shift - math.trunc(shift)) == 0.5:
        # Half a level is rounded to the even neighbour, which depends on the value.
        statistics = measure_images([image], extremes=True)
        params = AugmentationParams(1, {"channel_shift": np.array([shift])})
        cv2.LUT(image, build_tables(params, statistics, image.dtype, False)[0], dst=target)
        return
    # One channel: OpenCV's scalars have one value a channel.
    plane = np.ascontiguousarray(image).reshape(len(image), -1)
    shifted = target.reshape(len(target), -1)
    low, high = map(int, cv2.minMaxLoc(plane)[:2])
    kind = image.dtype.type
    # NumPy's own minimum takes ten times as long.
    if whole >= 0:
        whole = min(whole, high - low)
        cv2.threshold(plane, high - whole, 0, cv2.THRESH_TRUNC, dst=shifted)
        np.add(shifted, kind(whole), out=shifted)
    else:
        whole = min(-whole, high - low)
        # OpenCV's types know no number beside an array.
        least: Any = float(low + whole)
        cv2.max(plane, least, dst=shifted)
        np.subtract(shifted, kind(whole), out=shifted)


def build_tables(
    params: AugmentationParams,
    statistics: ImageStatistics | None,
    dtype: np.dtype[Any],
    has_alpha: bool,
) -> NDArray[Any]:
    """Build one lookup table per image, by applying the rule to every possible value."""
    largest = int(np.iinfo(dtype).max)
    values = np.arange(largest + 1, dtype=np.float64)[None]
    recolored = recolor_values(values, params, statistics, (0.0, float(largest)))
    tables = np.rint(np.broadcast_to(recolored, (len(params), largest + 1))).astype(dtype)
    if not has_alpha:
        return tables
    alpha = np.broadcast_to(values.astype(dtype), tables.shape)
    # OpenCV takes tables of several channels in the shape (1, n_values, 4).
    return np.stack([tables, tables, tables, alpha], axis=-1)[:, None]


def recolor_floats(images: Images, params: AugmentationParams, bounds: tuple[float, float]) -> None:
    """Recolour float images in place, except alpha; one by one, to save memory."""
    statistics = None
    if needs_statistics(params):
        statistics = measure_images(images, extremes="channel_shift" in params)
    for place, image in enumerate(images):
        row = slice(place, place + 1)
        own = statistics and ImageStatistics(*(figures[row] for figures in statistics))
        colors = select_colors(image)
        colors[...] = recolor_values(colors[None], params.take(row), own, bounds)[0]
