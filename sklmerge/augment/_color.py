"""Parameters in, one line or lookup table an image out; and the one place that recolours."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._params import AugmentationParams

COLOR_COLUMNS = frozenset({"channel_shift", "contrast", "brightness", "gamma"})
# ITU-R BT.601, the weights of Pillow's and OpenCV's conversion to grey.
LUMA = np.array([0.299, 0.587, 0.114])


class ImageStatistics(NamedTuple):
    """What recolouring must know of images: smallest, largest and mean grey value of each."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    grey: NDArray[np.float64]


def measure_images(images: NDArray[Any], *, extremes: bool) -> ImageStatistics:
    """Measure each image's range of values and its mean luminance; an alpha channel is left out.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Warped images.
    extremes : bool
        Whether the range of values is needed; else it is left at 0.

    Returns
    -------
    ImageStatistics
        Arrays of shape (n,).
    """
    figures = np.zeros((3, len(images)))
    for place, image in enumerate(images):
        pixels = select_colors(image)
        # OpenCV's reductions are several times faster than numpy's, but want contiguous planes.
        plane = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
        low, high = cv2.minMaxLoc(plane)[:2] if extremes else (0.0, 0.0)
        if pixels.ndim == 3 and pixels.shape[2] == 3:
            grey = float(np.dot(LUMA, cv2.mean(pixels)[:3]))
        else:
            grey = cv2.mean(plane)[0]
        figures[:, place] = low, high, grey
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
    """Apply each image's channel shift, contrast, brightness and gamma to values, and clip them.

    Parameters
    ----------
    values : ndarray of shape (n, ...) or (1, ...)
        Values in input units; row i is recoloured by row i of the parameters.
    params : AugmentationParams
        Of n images.
    statistics : ImageStatistics or None
        Of the same images; needed for channel shift and contrast.
    bounds : (float, float)
        Black and white in input units.

    Returns
    -------
    ndarray of shape (n, ...)
        Recoloured, not rounded.

    Notes
    -----
    A channel shift is added and clipped to the image's own range, as Keras'
    ``apply_channel_shift`` does; contrast scales distances from the image's mean luminance, as
    Pillow's and torchvision's does; brightness scales distances from black; what comes of these
    is clipped, and gamma raises its share of the value range to a power, as scikit-image's
    ``adjust_gamma`` does.
    """

    def spread(column: NDArray[np.float64]) -> NDArray[Any]:
        tall = column.reshape(-1, *(1,) * (values.ndim - 1))
        return tall.astype(values.dtype)

    recolored = values
    if statistics is not None:
        pivot = statistics.grey
        if "channel_shift" in params:
            shift, low, high = params["channel_shift"], statistics.low, statistics.high
            recolored = np.clip(recolored + spread(shift), spread(low), spread(high))
            pivot = np.clip(pivot + shift, low, high)
        if "contrast" in params:
            contrast = params["contrast"]
            recolored = recolored * spread(contrast) + spread(pivot * (1 - contrast))
    if "brightness" in params:
        factor = params["brightness"]
        recolored = recolored * spread(factor) + spread(bounds[0] * (1 - factor))
    recolored = np.clip(recolored, *bounds)
    if "gamma" in params:
        span = bounds[1] - bounds[0]
        shares = (recolored - bounds[0]) / span
        recolored = np.clip(bounds[0] + span * shares ** spread(params["gamma"]), *bounds)
    return recolored


def needs_statistics(params: AugmentationParams) -> bool:
    """Tell whether recolouring depends on the image's own values."""
    return "channel_shift" in params or "contrast" in params


def recolor_integers(
    images: NDArray[Any], params: AugmentationParams, statistics: ImageStatistics | None
) -> None:
    """Recolour uint8 or uint16 images where they lie, each by one line or one lookup table.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Changed in place, but for an alpha channel.
    params, statistics
        See `recolor_values`.
    """
    has_alpha = images.ndim == 4 and images.shape[3] == 4
    if has_alpha or "channel_shift" in params or "gamma" in params:
        tables = build_tables(params, statistics, images.dtype, has_alpha)
        for image, table in zip(images, tables, strict=True):
            cv2.LUT(image, table, dst=image)
        return
    # A line that is clipped, which costs less than a table.
    contrast, brightness = params["contrast"], params["brightness"]
    pivot = statistics.grey * (1 - contrast) if statistics is not None else contrast * 0
    gains, biases = (contrast * brightness).tolist(), (pivot * brightness).tolist()
    for image, gain, bias in zip(images, gains, biases, strict=True):
        cv2.addWeighted(image, gain, image, 0, bias, dst=image)


def build_tables(
    params: AugmentationParams,
    statistics: ImageStatistics | None,
    dtype: np.dtype[Any],
    has_alpha: bool,
) -> NDArray[Any]:
    """Build one lookup table an image: the rule, applied to every value there is.

    Parameters
    ----------
    params, statistics
        See `recolor_values`.
    dtype : dtype
        uint8 or uint16.
    has_alpha : bool
        Whether the last of four channels keeps its values.

    Returns
    -------
    ndarray of `dtype`, shape (n, n_values), or (n, 1, n_values, 4) where alpha is kept
    """
    largest = int(np.iinfo(dtype).max)
    values = np.arange(largest + 1, dtype=np.float64)[None]
    recolored = recolor_values(values, params, statistics, (0.0, float(largest)))
    tables = np.rint(np.broadcast_to(recolored, (len(params), largest + 1))).astype(dtype)
    if not has_alpha:
        return tables
    alpha = np.broadcast_to(values.astype(dtype), tables.shape)
    return np.stack([tables, tables, tables, alpha], axis=-1)[:, None]


def recolor_floats(
    images: NDArray[Any],
    params: AugmentationParams,
    statistics: ImageStatistics | None,
    bounds: tuple[float, float],
) -> None:
    """Recolour float images where they lie, one after the other so that temporaries stay small.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Changed in place, but for an alpha channel.
    params, statistics, bounds
        See `recolor_values`.
    """
    for place, image in enumerate(images):
        row = slice(place, place + 1)
        own = statistics and ImageStatistics(*(figures[row] for figures in statistics))
        colors = select_colors(image)
        colors[...] = recolor_values(colors[None], params.take(row), own, bounds)[0]
