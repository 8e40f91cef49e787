"""ColorHistogram: the colours of an image, channel by channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._contract import find_value_range
from sklmerge.images._features import ImageFeatures
from sklmerge.images._features_checks import check_whole


class ColorHistogram(ImageFeatures):
    """Describe the colours of images by a histogram for each channel.

    Parameters
    ----------
    n_bins : int, default=16
        Bins over the range of values.
    value_range : (float, float), default=None
        Of float images; None means 0 to 1. Integers have their dtype's range.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of images that come as flattened rows.
    n_jobs : int, default=None
        Workers, as joblib counts them. The result does not depend on it.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in `fit`.
    feature_names_ : list of str
        Names of the features.

    Notes
    -----
    Each channel's histogram adds up to 1. The last bin has both its bounds, as in
    `numpy.histogram`.

    Examples
    --------
    >>> from sklmerge import ColorHistogram
    >>> from sklmerge.datasets import load_textures
    >>> ColorHistogram(n_bins=8).fit_transform(load_textures().images[:3]).shape
    (3, 8)
    """

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
        bounds = find_value_range(image.dtype, self.value_range)
        channels = np.moveaxis(np.atleast_3d(image), -1, 0)
        counts = [count_values(channel, self.n_bins, bounds) for channel in channels]
        return np.concatenate(counts) / channels[0].size

    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name features by channel and bin."""
        check_whole("n_bins", self.n_bins)
        if self.n_bins < 1:
            raise ValueError(f"n_bins must be >= 1, got {self.n_bins}")
        n_channels = image_shape[2] if len(image_shape) == 3 else 1
        return [f"color_{place}_{b}" for place in range(n_channels) for b in range(self.n_bins)]


def count_values(
    channel: NDArray[Any], n_bins: int, bounds: tuple[float, float]
) -> NDArray[np.float64]:
    """Count values in bins of equal width, as `numpy.histogram` does.

    Parameters
    ----------
    channel : ndarray
        Values within the bounds.
    n_bins : int
        How many bins.
    bounds : (float, float)
        The lower end of the first bin and the upper end of the last.

    Returns
    -------
    ndarray of shape (n_bins,)

    Examples
    --------
    >>> import numpy as np
    >>> count_values(np.array([0, 1, 254, 255], np.uint8), 2, (0, 255)).tolist()
    [2, 2]
    """
    if channel.dtype != np.uint8:
        return np.histogram(channel, n_bins, bounds)[0]
    # Counting 256 levels and putting those into bins takes a fraction of the time.
    levels = np.bincount(channel.ravel(), minlength=256)
    return np.histogram(np.arange(256), n_bins, bounds, weights=levels)[0]
