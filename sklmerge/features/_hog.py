"""HOGFeatures: shapes in an image, described by gradient directions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.feature import hog

from sklmerge._checks import check_whole, check_whole_pair
from sklmerge.features._base import ImageFeatures


class HOGFeatures(ImageFeatures):
    """Describe the shapes in images by histograms of oriented gradients.

    Parameters
    ----------
    orientations : int, default=9
        Number of gradient directions.
    pixels_per_cell, cells_per_block : (int, int), default=(8, 8) and (2, 2)
        Height and width of a cell in pixels, and height and width of a block in cells.
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
    LBPFeatures : Describes texture.
    ColorHistogram : Describes colours.
    EmbeddingFeatures : Uses the output of a pretrained network.

    Notes
    -----
    The features are the same as those of `skimage.feature.hog`. Values of float images must be
    between 0 and 1. In a colour image, the gradient of each pixel comes from the channel where it
    is strongest. Alpha is ignored.

    References
    ----------
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.

    Examples
    --------
    >>> from sklmerge import HOGFeatures
    >>> from sklmerge.datasets import load_textures
    >>> HOGFeatures(pixels_per_cell=(16, 16)).fit_transform(load_textures().images[:6]).shape
    (6, 72)
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
        check_whole("orientations", self.orientations, 1)
        check_whole_pair("pixels_per_cell", self.pixels_per_cell)
        check_whole_pair("cells_per_block", self.cells_per_block)
        cells = [image_shape[axis] // self.pixels_per_cell[axis] for axis in (0, 1)]
        blocks = [cells[axis] - self.cells_per_block[axis] + 1 for axis in (0, 1)]
        if min(blocks) < 1:
            raise ValueError(
                f"pixels_per_cell={self.pixels_per_cell} and cells_per_block="
                f"{self.cells_per_block} leave no whole block in images of {image_shape[:2]}"
            )
        grid = (*blocks, *self.cells_per_block, self.orientations)
        return ["hog_" + "_".join(map(str, place)) for place in np.ndindex(*grid)]
