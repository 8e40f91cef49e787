"""Features of images for scikit-learn: scikit-image inside, transformers outside."""

from abc import ABC, abstractmethod
from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.color import rgb2gray
from skimage.feature import hog, local_binary_pattern
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklmerge._contract import as_image_batch, check_value_range, find_value_range

# So many images make a task for a worker worth its start.
_CHUNK = 64


class ImageFeatures(TransformerMixin, BaseEstimator, ABC):
    """What all features of images share; each kind says how it describes one image."""

    image_shape: tuple[int, ...] | None
    n_jobs: int | None

    def _find_range(self) -> tuple[float, float] | None:
        """Return black and white of float images where they are not 0 and 1."""
        return None

    @abstractmethod
    def _describe_image(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Describe one image by a vector whose length depends on the image's shape alone."""

    @abstractmethod
    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name the entries of that vector; raise a ValueError where parameters do not fit."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters against the shape of the images; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Images; flattened rows need ``image_shape``.
        y : ignored

        Returns
        -------
        self
        """
        shape = as_image_batch(X, self.image_shape).shape[1:]
        self.feature_names_ = self._name_features(shape)
        self.image_shape_ = shape
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Describe each image.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Images of the shape seen in `fit`.

        Returns
        -------
        ndarray of float64, shape (n, n_features)
        """
        check_is_fitted(self)
        batch = as_image_batch(X, self.image_shape)
        if batch.shape[1:] != self.image_shape_:
            raise ValueError(
                f"X must hold images of shape {self.image_shape_} as in fit, got {batch.shape[1:]}"
            )
        check_value_range(batch, find_value_range(batch.dtype, self._find_range()))
        chunks = [batch[start : start + _CHUNK] for start in range(0, len(batch), _CHUNK)]
        run = joblib.delayed(describe_images)
        parts = joblib.Parallel(n_jobs=self.n_jobs)(run(self, chunk) for chunk in chunks)
        return np.concatenate([np.empty((0, len(self.feature_names_))), *parts])

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Name the features.

        Parameters
        ----------
        input_features : ignored
            Pixels have no part in the names.

        Returns
        -------
        ndarray of str, shape (n_features,)
        """
        check_is_fitted(self)
        return np.array(self.feature_names_, dtype=object)


def describe_images(features: ImageFeatures, images: NDArray[Any]) -> NDArray[np.float64]:
    """Describe some images, in one worker."""
    return np.stack([features._describe_image(image) for image in images])


class HOGFeatures(ImageFeatures):
    """Describe the shapes in images by histograms of oriented gradients.

    Parameters
    ----------
    orientations : int, default=9
        Directions that gradients are counted in.
    pixels_per_cell, cells_per_block : (int, int), default=(8, 8) and (2, 2)
        Height and width of a cell in pixels, and of a block in cells.
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
    The values are those of `skimage.feature.hog`. Floats must lie between 0 and 1. Of a colour
    image, each pixel counts by the channel with the strongest gradient; alpha is left out.

    References
    ----------
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.

    Examples
    --------
    >>> from sklmerge import HOGFeatures
    >>> from sklmerge.datasets import load_textures
    >>> HOGFeatures(pixels_per_cell=(16, 16)).fit_transform(load_textures().images[:3]).shape
    (3, 72)
    """

    def __init__(
        self,
        *,
        orientations: int = 9,
        pixels_per_cell: tuple[int, int] = (8, 8),
        cells_per_block: tuple[int, int] = (2, 2),
        image_shape: tuple[int, ...] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _describe_image(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Count the gradients of one image."""
        color = image.ndim == 3 and image.shape[2] > 1
        return hog(
            image[..., :3] if color else image.reshape(image.shape[:2]),
            orientations=self.orientations,
            pixels_per_cell=self.pixels_per_cell,
            cells_per_block=self.cells_per_block,
            channel_axis=-1 if color else None,
        )

    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name features by block, by cell within it and by direction."""
        sizes = (*self.pixels_per_cell, *self.cells_per_block, self.orientations)
        if min(sizes) < 1:
            raise ValueError(
                "orientations, pixels_per_cell and cells_per_block must be >= 1, got "
                f"{self.orientations}, {self.pixels_per_cell} and {self.cells_per_block}"
            )
        cells = [image_shape[axis] // self.pixels_per_cell[axis] for axis in (0, 1)]
        blocks = [cells[axis] - self.cells_per_block[axis] + 1 for axis in (0, 1)]
        if min(blocks) < 1:
            raise ValueError(
                f"pixels_per_cell={self.pixels_per_cell} and cells_per_block="
                f"{self.cells_per_block} leave no whole block in images of {image_shape[:2]}"
            )
        grid = (*blocks, *self.cells_per_block, self.orientations)
        return ["hog_" + "_".join(map(str, place)) for place in np.ndindex(*grid)]


class LBPFeatures(ImageFeatures):
    """Describe the texture of images by histograms of local binary patterns.

    Each pixel is compared with neighbours on a circle around it; patterns with at most two changes
    from darker to brighter are counted by themselves, all others together.

    Parameters
    ----------
    n_points : int, default=8
        Neighbours on the circle.
    radius : float, default=1
        Of the circle, in pixels.
    cells : (int, int), default=(1, 1)
        Rows and columns of the grid that an image is cut into, with a histogram for each cell.
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
    Images are turned to 256 levels of grey; floats must lie between 0 and 1. Each histogram adds
    up to 1. Interpolation smooths the finest patterns away, so that at ``radius=1`` varied copies
    do not look like their sources: vary the images of all classes alike, or take a larger radius.

    References
    ----------
    Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns", IEEE TPAMI 24(7), 2002.

    Examples
    --------
    >>> from sklmerge import LBPFeatures
    >>> from sklmerge.datasets import load_textures
    >>> LBPFeatures(cells=(2, 2)).fit_transform(load_textures().images[:3]).shape
    (3, 40)
    """

    def __init__(
        self,
        *,
        n_points: int = 8,
        radius: float = 1,
        cells: tuple[int, int] = (1, 1),
        image_shape: tuple[int, ...] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_points = n_points
        self.radius = radius
        self.cells = cells
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _describe_image(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Count the patterns of one image, cell by cell."""
        patterns = local_binary_pattern(to_grey(image), self.n_points, self.radius, "uniform")
        histograms = [
            np.bincount(cell.ravel(), minlength=self.n_points + 2) / cell.size
            for band in np.array_split(patterns.astype(np.intp), self.cells[0], axis=0)
            for cell in np.array_split(band, self.cells[1], axis=1)
        ]
        return np.concatenate(histograms)

    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name features by cell and by the number of brighter neighbours."""
        if min(self.cells) < 1 or any(self.cells[axis] > image_shape[axis] for axis in (0, 1)):
            raise ValueError(
                f"cells must have a pixel each in images of {image_shape[:2]}, got {self.cells}"
            )
        patterns = [*range(self.n_points + 1), "other"]
        places = np.ndindex(*self.cells)
        return [f"lbp_{row}_{column}_{p}" for row, column in places for p in patterns]


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
        counts = [np.histogram(channel, self.n_bins, bounds)[0] for channel in channels]
        return np.concatenate(counts) / channels[0].size

    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name features by channel and bin."""
        if self.n_bins < 1:
            raise ValueError(f"n_bins must be >= 1, got {self.n_bins}")
        n_channels = image_shape[2] if len(image_shape) == 3 else 1
        return [f"color_{place}_{b}" for place in range(n_channels) for b in range(self.n_bins)]


def to_grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn an image of any kind to 256 levels of grey, which pixels are compared in exactly."""
    if image.ndim == 3:
        image = image[..., 0] if image.shape[2] == 1 else rgb2gray(image[..., :3])
    if image.dtype.kind == "u":
        return np.right_shift(image, 8 * (image.dtype.itemsize - 1)).astype(np.uint8)
    return np.rint(image * 255).astype(np.uint8)
