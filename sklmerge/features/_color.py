"""ColorHistogram: the colours of an image, channel by channel."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_whole
from sklmerge._contract import find_value_range
from sklmerge.features._base import ImageFeatures


class ColorHistogram(ImageFeatures):
    """Describe the colours of images by one histogram per channel.

    Parameters
    ----------
    n_bins : int, default=16
        Number of bins in the value range.
    value_range : (float, float), default=None
        Value range of float images. None means 0 to 1. Integer images use the range of their dtype.
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows.
    n_jobs : int, default=None
        Number of workers, as in joblib. The result does not depend on it.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in `fit`.
    feature_names_ : list of str
        Names of the features.

    See Also
    --------
    HOGFeatures : Describes shapes.
    LBPFeatures : Describes texture.
    EmbeddingFeatures : Uses the output of a pretrained network.

    Notes
    -----
    The histogram of each channel sums to 1. As in `numpy.histogram`, the last bin includes its
    upper bound.

    Examples
    --------
    >>> from sklmerge import ColorHistogram
    >>> from sklmerge.datasets import load_textures
    >>> ColorHistogram(n_bins=8).fit_transform(load_textures().images[:6]).shape
    (6, 8)
    """

    # OpenCV counts outside of Python's lock.
    _prefer = "threads"

    def __init__(
        self,
        *,
        n_bins: int = 16,
        value_range: tuple[float, float] | None = None,
        image_shape: tuple[int, ...] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_bins = n_bins
        self.value_range = value_range
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _find_range(self) -> tuple[float, float] | None:
        """Return ``value_range``."""
        return self.value_range

    def _describe_image(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Count the values of one image, channel by channel."""
        if image.dtype == np.uint8:
            counts = count_in_bins(count_levels(image), self.n_bins)
        else:
            bounds = find_value_range(image.dtype, self.value_range)
            channels = np.moveaxis(np.atleast_3d(image), -1, 0)
            counts = np.stack([np.histogram(c, self.n_bins, bounds)[0] for c in channels])
        return counts.ravel() / (image.shape[0] * image.shape[1])

    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name features by channel and bin."""
        find_value_range(np.dtype(float), self.value_range)
        check_whole("n_bins", self.n_bins, 1)
        n_channels = image_shape[2] if len(image_shape) == 3 else 1
        return [f"color_{place}_{b}" for place in range(n_channels) for b in range(self.n_bins)]


def count_levels(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how often each of 256 levels occurs in each channel; shape (C, 256)."""
    n_channels = image.shape[2] if image.ndim == 3 else 1
    counts = np.zeros((n_channels, 256), np.int64)
    # OpenCV counts in float32, which is exact up to 2 ** 24.
    n_rows = max(1, 2**24 // image.shape[1])
    for top in range(0, len(image), n_rows):
        band = np.ascontiguousarray(image[top : top + n_rows])
        for channel in range(n_channels):
            found = cv2.calcHist([band], [channel], None, [256], [0, 256])
            counts[channel] += found.ravel().astype(np.int64)
    return counts


def count_in_bins(levels: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    """Sum counted levels in bins of equal width, as `numpy.histogram` does with values."""
    up_to = np.zeros((len(levels), 257), np.int64)
    np.cumsum(levels, axis=1, out=up_to[:, 1:])
    return np.diff(up_to[:, find_bin_ends(n_bins)], axis=1)


@cache
def find_bin_ends(n_bins: int) -> NDArray[np.intp]:
    """Find the first of 256 levels in each bin, followed by 256."""
    sizes = np.histogram(np.arange(256), n_bins, (0, 255))[0]
    return np.concatenate([[0], np.cumsum(sizes)])
