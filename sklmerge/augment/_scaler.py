"""ImageScaler: deterministic, a transformer. How images are prepared to train and to test."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklmerge._contract import as_image_batch, check_image_shape
from sklmerge._resize import resize_image
from sklmerge.augment._geometry import iterate_resized
from sklmerge.augment._normalize import (
    GainBias,
    check_whitening_fits,
    measure_channels,
    measure_whitening,
    preprocess_images,
    scale_integers,
)

# Keras adds it to every standard deviation that it divides by.
_EPSILON = 1e-6


class ImageScaler(TransformerMixin, BaseEstimator):
    """Resize and normalise images, for training and testing alike.

    The deterministic half of Keras' ``ImageDataGenerator``: what it learns, it learns in `fit` from
    training images, and applies unchanged to any others.

    Parameters
    ----------
    rescale : float, default=None
        Factor on every value, such as ``1 / 255``.
    image_size : (int, int), default=None
        Height and width to resize to; None keeps the size.
    featurewise_center : bool, default=False
        Subtract the mean over the training images, channel by channel.
    featurewise_std_normalization : bool, default=False
        Divide by the standard deviation over the training images, channel by channel.
    samplewise_center : bool, default=False
        Subtract each image's own mean.
    samplewise_std_normalization : bool, default=False
        Divide by each image's own standard deviation.
    zca_whitening : bool, default=False
        Centre as `featurewise_center` does, and make the values of an image uncorrelated over the
        training images. The matrix has the square of an image's values: images must be small.
    zca_epsilon : float, default=1e-06
        Added to the singular values that whitening divides by.
    preprocessing_function : callable, default=None
        Called on each image, after the resize and before all else: takes a float array of shape
        (H, W) or (H, W, C) and returns one of the same shape.
    dtype : {"float32", "float64"}, default="float32"
        Of the output.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of images that come as flattened rows.

    Attributes
    ----------
    mean_ : ndarray of float64, shape (C,)
        Mean over the training images, rescaled; only where a featurewise option asks for it.
    std_ : ndarray of float64, shape (C,)
        Standard deviation of the same.
    whitening_ : ndarray of float64, shape (h * w * C, h * w * C)
        What flattened images are multiplied by; only with `zca_whitening`.
    n_channels_ : int
        Channels of the training images, 1 for grey ones without a channel axis.

    Notes
    -----
    The order is Keras': resize, preprocessing function, rescale, samplewise centre and scale,
    featurewise centre and scale, whitening; 1e-6 is added to every standard deviation. Keras
    gathers its statistics after rescaling, but before the preprocessing function and before
    samplewise options; here each is gathered after all that comes before it, so that the mean
    comes out as 0 and the standard deviation as 1 whatever the other options are. Where Keras
    turns options on or off by others (dividing by a deviation also centres, whitening drops it),
    here each does what it says.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage.data import grass
    >>> from sklmerge import ImageScaler
    >>> images = grass().reshape(8, 64, 512)
    >>> scaler = ImageScaler(rescale=1 / 255, image_size=(32, 256), featurewise_center=True)
    >>> prepared = scaler.fit_transform(images)
    >>> prepared.shape, prepared.dtype, round(abs(float(prepared.mean())), 2)
    ((8, 32, 256), dtype('float32'), 0.0)
    """

    def __init__(
        self,
        *,
        rescale: float | None = None,
        image_size: tuple[int, int] | None = None,
        featurewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_center: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        preprocessing_function: Callable[[NDArray[Any]], ArrayLike] | None = None,
        dtype: str = "float32",
        image_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.rescale = rescale
        self.image_size = image_size
        self.featurewise_center = featurewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_center = samplewise_center
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.preprocessing_function = preprocessing_function
        self.dtype = dtype
        self.image_shape = image_shape

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn what the featurewise options need.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Training images.
        y : ignored

        Returns
        -------
        ImageScaler
            The object itself.
        """
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype!r}")
        _check_image_size(self.image_size)
        batch = as_image_batch(X, self.image_shape)
        self.n_channels_ = batch.shape[3] if batch.ndim == 4 else 1
        size = self.find_size((batch.shape[1], batch.shape[2]))
        if self.zca_whitening:
            check_whitening_fits(len(batch), (*size, *batch.shape[3:]))
        if self._centers() or self.featurewise_std_normalization:
            if len(batch) == 0:
                raise ValueError("X must hold at least one image, got none")
            samples = map(self.prepare_sample, iterate_resized(batch, size))
            self.mean_, self.std_ = measure_channels(samples, self.n_channels_)
        if self.zca_whitening:
            features = map(self.prepare_features, iterate_resized(batch, size))
            self.whitening_ = measure_whitening(features, self.zca_epsilon)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Resize and normalise images.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Images, never changed. Flattened rows need ``image_shape`` and stay flattened.

        Returns
        -------
        ndarray of float32 or float64
            Of shape (n, h, w), (n, h, w, C) or (n, h * w * C).
        """
        check_is_fitted(self)
        # A batch may end with 3 grey images.
        batch = as_image_batch(X, self.image_shape, counted=self.n_channels_ == 1)
        n_channels = batch.shape[3] if batch.ndim == 4 else 1
        size = self.find_size((batch.shape[1], batch.shape[2]))
        out = np.empty((len(batch), *size, *batch.shape[3:]), self.dtype)
        affine = self.find_affine(n_channels)
        if affine is not None and batch.dtype.kind == "u":
            scale_integers((resize_image(image, size) for image in batch), affine, out)
        else:
            start = 0
            for images in iterate_resized(batch, size):
                out[start : start + len(images)] = self.prepare_batch(images)
                start += len(images)
        return out.reshape(len(batch), -1) if np.ndim(X) == 2 else out

    def find_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return height and width of the output for an input of this height and width.

        Parameters
        ----------
        size : (int, int)
            Height and width of the input.

        Returns
        -------
        (int, int)
        """
        return size if self.image_size is None else (self.image_size[0], self.image_size[1])

    def find_affine(self, n_channels: int) -> GainBias | None:
        """Return the gain and the bias that the arithmetic comes down to.

        Parameters
        ----------
        n_channels : int
            Of the images that come.

        Returns
        -------
        (gain, bias), each an ndarray of shape (1,) or (C,), or None
            None where arithmetic on each value alone is not all.
        """
        check_is_fitted(self)
        if n_channels != self.n_channels_:
            raise ValueError(f"X must have {self.n_channels_} channels as in fit, got {n_channels}")
        if (
            self.samplewise_center
            or self.samplewise_std_normalization
            or self.zca_whitening
            or self.preprocessing_function is not None
        ):
            return None
        gain = np.array([1.0 if self.rescale is None else float(self.rescale)])
        bias = np.array([0.0])
        if self._centers():
            bias = bias - self.mean_
        if self.featurewise_std_normalization:
            gain, bias = gain / (self.std_ + _EPSILON), bias / (self.std_ + _EPSILON)
        return gain, bias

    def _centers(self) -> bool:
        """Tell whether the mean over the training images is subtracted."""
        return self.featurewise_center or self.zca_whitening

    def prepare_sample(self, images: NDArray[Any]) -> NDArray[np.float64]:
        """Preprocess and rescale images of the right size; normalise each by its own values.

        Parameters
        ----------
        images : ndarray of shape (n, H, W) or (n, H, W, C)
            Images of the right size.

        Returns
        -------
        ndarray of float64, of the same shape
        """
        if self.preprocessing_function is None:
            prepared = images.astype(np.float64)
        else:
            prepared = preprocess_images(images, self.preprocessing_function, self.dtype)
        axes = tuple(range(1, images.ndim))
        if self.rescale is not None:
            prepared *= self.rescale
        if self.samplewise_center:
            prepared -= prepared.mean(axis=axes, keepdims=True)
        if self.samplewise_std_normalization:
            prepared /= prepared.std(axis=axes, keepdims=True) + _EPSILON
        return prepared

    def prepare_features(self, images: NDArray[Any]) -> NDArray[np.float64]:
        """Do all that comes before whitening.

        Parameters
        ----------
        images : ndarray of shape (n, H, W) or (n, H, W, C)
            Images of the right size.

        Returns
        -------
        ndarray of float64, of the same shape
        """
        prepared = self.prepare_sample(images)
        if self._centers():
            prepared -= self.mean_
        if self.featurewise_std_normalization:
            prepared /= self.std_ + _EPSILON
        return prepared

    def prepare_batch(self, images: NDArray[Any]) -> NDArray[Any]:
        """Prepare images that already have the right size, in float64.

        Parameters
        ----------
        images : ndarray of shape (n, H, W) or (n, H, W, C)
            Images of the right size.

        Returns
        -------
        ndarray of float64, of the same shape
        """
        prepared = self.prepare_features(images)
        if self.zca_whitening:
            flat = prepared.reshape(len(prepared), -1)
            if flat.shape[1] != len(self.whitening_):
                raise ValueError(
                    f"X must have images of {len(self.whitening_)} values as in fit, "
                    f"got {flat.shape[1]}"
                )
            prepared = (flat @ self.whitening_).reshape(prepared.shape)
        return prepared


def _check_image_size(image_size: Any) -> None:
    try:
        fits = image_size is None or len(check_image_shape(image_size)) == 2
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"image_size must be (height, width), got {image_size!r}")
