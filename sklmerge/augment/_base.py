"""BaseAugmenter: what augmenters share once they can draw parameters and apply them."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from sklmerge.augment._params import AugmentationParams

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


class BaseAugmenter(BaseEstimator, ABC):
    """Draws and applies in one call; each kind says how it draws and how it applies."""

    @abstractmethod
    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw how n images are varied."""

    @abstractmethod
    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: "ImageScaler | None" = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Vary images by given parameters."""

    def augment(
        self, X: ArrayLike, random_state: Any = None, *, scaler: "ImageScaler | None" = None
    ) -> NDArray[Any]:
        """Vary each image once, at random.

        Parameters
        ----------
        X, scaler
            See `apply`.
        random_state : int, RandomState, Generator or None, default=None
            None means the augmenter's own.

        Returns
        -------
        ndarray
            Of the shape and dtype of X, or of those of the scaler.
        """
        return self.apply(X, self.draw_params(np.shape(X)[0], random_state), scaler=scaler)

    def __call__(self, image: ArrayLike, rng: Any = None) -> NDArray[Any]:
        """Vary one image, of shape (H, W) or (H, W, C), by a random generator."""
        return self.augment(np.asarray(image)[None], rng)[0]
