"""Base classes of augmenters, and checks of their arguments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from sklmerge._checks import check_whole
from sklmerge._contract import as_image_batch, refuse_single_image, stack_images
from sklmerge.augment._params import AugmentationParams

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


@runtime_checkable
class Augmenter(Protocol):
    """The interface of augmenters; `ImageAugmenter` implements it."""

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw random parameters for n images."""

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Augment images with the given parameters."""


class BaseAugmenter(BaseEstimator, ABC):
    """Base class that draws and applies in one call. Subclasses define how to draw and apply."""

    @abstractmethod
    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw random parameters for n images."""

    @abstractmethod
    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: ImageScaler | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Augment images with the given parameters."""

    def augment(
        self, X: ArrayLike, random_state: Any = None, *, scaler: ImageScaler | None = None
    ) -> NDArray[Any]:
        """Augment each image once, at random.

        Parameters
        ----------
        X, scaler
            See `apply`.
        random_state : int, RandomState, Generator or None, default=None
            Random seed. None uses the `random_state` of the augmenter.

        Returns
        -------
        ndarray
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.
        """
        batch = stack_images(X)
        refuse_single_image(batch)
        return self.apply(batch, self.draw_params(len(batch), random_state), scaler=scaler)

    def __call__(self, image: ArrayLike, rng: Any = None) -> NDArray[Any]:
        """Augment one image of shape (H, W) or (H, W, C), with a random generator."""
        return self.augment(np.asarray(image)[None], rng)[0]


class ImageTransformer(TransformerMixin):
    """A transformer whose output stays an array, because a data frame cannot hold images."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(auto_wrap_output_keys=None, **options)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing, because images stay arrays. This method lets a pipeline call `set_output`.

        Parameters
        ----------
        transform : str, default=None
            Ignored.

        Returns
        -------
        self
        """
        return self


def check_batch(
    X: ArrayLike, image_shape: tuple[int, ...] | None, n_rows: int, indices: ArrayLike | None
) -> NDArray[Any]:
    """Check the images that the rows of parameters refer to; see `as_image_batch`."""
    batch = stack_images(X)
    # Copies are drawn of photographs, not of grey images that are 3 pixels wide.
    counted = len(batch) == n_rows if indices is None else batch.shape[-1] not in (3, 4)
    return as_image_batch(batch, image_shape, counted=counted)


def check_indices(n_images: int, n_rows: int, indices: ArrayLike | None) -> NDArray[np.intp]:
    """Check the image index of each row of parameters; None means each image once, in order."""
    rows = np.arange(n_images) if indices is None else np.asarray(indices, dtype=np.intp)
    if rows.shape != (n_rows,):
        raise ValueError(f"params must have one row for each of {len(rows)} images, got {n_rows}")
    if indices is not None and len(rows) and not (rows.min() >= 0 and rows.max() < n_images):
        raise ValueError(f"indices must be in [0, {n_images}), got {rows.min()}, {rows.max()}")
    return rows


def check_out(
    out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Check the output array, which must be contiguous, or make one."""
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"out must be a contiguous {dtype} array of shape {shape}, "
            f"got {out.dtype} of shape {out.shape}"
        )
    return out


def check_keys(n: int, keys: ArrayLike | None) -> NDArray[np.uint64]:
    """Check the keys of the random streams of n images; None means 0, 1, 2, ..."""
    check_whole("n", n, 0)
    streams = np.arange(n, dtype=np.uint64) if keys is None else np.asarray(keys, np.uint64)
    if streams.shape != (n,):
        raise ValueError(f"keys must have shape ({n},), got {streams.shape}")
    return streams
