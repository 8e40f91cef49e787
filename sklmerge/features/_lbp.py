"""LBPFeatures: the texture of an image, described by comparing pixels with their neighbours."""

from math import inf
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.feature import local_binary_pattern

from sklmerge._checks import check_whole, check_whole_pair
from sklmerge.features._base import ImageFeatures


class LBPFeatures(ImageFeatures):
    """Describe the texture of images by histograms of local binary patterns.

    Each pixel is compared with its neighbours on a circle. Each neighbour counts as darker than the
    pixel or as brighter (also if they are equal). Patterns with at most two changes between darker
    and brighter around the circle are counted by their number of brighter neighbours. All other
    patterns are counted together.

    Parameters
    ----------
    n_points : int, default=8
        Number of neighbours on the circle.
    radius : float, default=1
        Radius of the circle, in pixels.
    cells : (int, int), default=(1, 1)
        Number of rows and columns of a grid over the image. Each cell gets its own histogram.
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
    ColorHistogram : Describes colours.
    EmbeddingFeatures : Uses the output of a pretrained network.

    Notes
    -----
    Images are converted to 256 grey levels. Values of float images must be between 0 and 1. Each
    histogram sums to 1.

    Augmentation interpolates between pixels, which smooths the finest patterns. With ``radius=1``,
    augmented copies therefore have different features from their sources. Augment the images of all
    classes in the same way, or use a larger radius.

    References
    ----------
    Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns", IEEE TPAMI 24(7), 2002.

    Examples
    --------
    >>> from sklmerge import LBPFeatures
    >>> from sklmerge.datasets import load_textures
    >>> LBPFeatures(cells=(2, 2)).fit_transform(load_textures().images[:6]).shape
    (6, 40)
    """

    # scikit-image finds the patterns outside of Python's lock.
    _prefer = "threads"

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
        check_whole("n_points", self.n_points, 1)
        if not isinstance(self.radius, Real) or isinstance(self.radius, bool):
            raise TypeError(f"radius must be a number of pixels, got {self.radius!r}")
        if not 0 < self.radius < inf:
            raise ValueError(f"radius must be > 0 and finite, got {self.radius}")
        check_whole_pair("cells", self.cells)
        if any(self.cells[axis] > image_shape[axis] for axis in (0, 1)):
            raise ValueError(
                f"cells must have a pixel each in images of {image_shape[:2]}, got {self.cells}"
            )
        patterns = [*range(self.n_points + 1), "other"]
        places = np.ndindex(*self.cells)
        return [f"lbp_{row}_{column}_{p}" for row, column in places for p in patterns]


def to_grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert an image of any kind to 256 grey levels, so that pixels are compared exactly."""
    if image.ndim == 3:
        image = image[..., 0] if image.shape[2] == 1 else rgb2gray(image[..., :3])
    if image.dtype.kind == "u":
        return np.right_shift(image, 8 * (image.dtype.itemsize - 1)).astype(np.uint8)
    return np.rint(image * 255).astype(np.uint8)
