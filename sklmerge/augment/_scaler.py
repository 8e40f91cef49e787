"""ImageScaler: the deterministic transformer that prepares images for training and testing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice, check_flag, check_image_size, is_real
from sklmerge._containers import is_index
from sklmerge._contract import as_image_batch, is_flattened, stack_images
from sklmerge._resize import resize_image
from sklmerge.augment._base import ImageTransformer
from sklmerge.augment._normalize import (
    EPSILON,
    ChannelMoments,
    Preparation,
    add_pixels,
    check_whitening_fits,
    measure_whitening,
    read_normalization,
)

# Images prepared at a time, so that memory does not grow with their number.
_CHUNK = 64


class ImageScaler(ImageTransformer, BaseEstimator):
    """Resize and normalise images, in the same way for training and testing.

    This is the deterministic half of Keras' ``ImageDataGenerator``. `fit` computes statistics of
    the training images, and `transform` applies them to any images.

    Parameters
    ----------
    rescale : float, default=None
        Multiply every value by this factor, such as ``1 / 255``.
    image_size : (int, int), default=None
        Resize images to this height and width, in pixels. None keeps the size.
    featurewise_center : bool, default=False
        Subtract the mean of the training images, channel by channel.
    featurewise_std_normalization : bool, default=False
        Divide by the standard deviation of the training images, channel by channel.
    samplewise_center : bool, default=False
        Subtract each image's own mean.
    samplewise_std_normalization : bool, default=False
        Divide by each image's own standard deviation.
    zca_whitening : bool, default=False
        Centre like `featurewise_center`, then multiply by a matrix that makes the values of an
        image uncorrelated over the training images. As in Keras, means are computed per channel,
        not per pixel. The values are therefore fully uncorrelated only if all pixels have the same
        mean. For an image of n values, the matrix has n * n entries, so use small images.
    zca_epsilon : float, default=1e-06
        Small number added to the singular values in whitening, before dividing by them.
    preprocessing_function : callable, default=None
        Called for each image, after resizing and before everything else. It gets a float array of
        shape (H, W) or (H, W, C), and must return an array of the same shape.
    dtype : {"float32", "float64"}, default="float32"
        Dtype of the output.
    mean, std : float or sequence of float, default=None
        Subtract `mean` from each channel, then divide by `std`. This does not require `fit`. Values
        up to 1 are fractions of the white value, whatever the dtype of the images, like ImageNet's
        (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225). If any value is above 1, or if `rescale` is
        used, all values are in units of the (rescaled) images.
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows.

    Attributes
    ----------
    mean_ : ndarray of float64, shape (C,)
        Mean over the training images, after rescaling. This attribute exists only with a
        featurewise option or `zca_whitening`.
    std_ : ndarray of float64, shape (C,)
        Standard deviation over the training images, after rescaling.
    n_pixels_ : int
        Number of pixels that the mean and standard deviation were computed from.
    whitening_ : ndarray of float64, shape (h * w * C, h * w * C)
        The whitening matrix for flattened images. This attribute exists only with `zca_whitening`.
    n_channels_ : int
        Number of channels of the training images. 1 for grey images without a channel axis.

    See Also
    --------
    ImageAugmenter : Augments images at random.

    Notes
    -----
    The order of the steps is the same as in Keras: resize, preprocessing function, rescale,
    samplewise centre and scale, featurewise centre and scale, whitening. Before dividing by a
    standard deviation, 1e-6 is added to it.

    There are two differences from Keras. First, Keras computes statistics after rescaling, but
    before the preprocessing function and the samplewise options. Here, each statistic is computed
    on images that have gone through all earlier steps. If both featurewise options are on and
    whitening is off, the scaled training images therefore have mean 0 and standard deviation 1,
    whatever the other options are. Second, in Keras some options turn others on or off: dividing by
    the standard deviation also centres, and whitening turns off this division. Here, each option
    does only what it says.

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

    n_channels_: int
    n_pixels_: int
    mean_: NDArray[np.float64]
    std_: NDArray[np.float64]

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
        mean: Any = None,
        std: Any = None,
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
        self.mean = mean
        self.std = std
        self.dtype = dtype
        self.image_shape = image_shape

    def fit(self, X: Any, y: object = None) -> Self:
        """Compute the statistics for the featurewise options and whitening.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), ImageIndex, ImageBatches
            Training images. If X is an ImageIndex, its files are read a few at a time and resized
            to `image_size`. If X is an ImageBatches, one epoch is used.
        y : ignored

        Returns
        -------
        ImageScaler
            The object itself.
        """
        self._check_params()
        for learned in ("mean_", "std_", "n_pixels_", "whitening_", "n_channels_"):
            self.__dict__.pop(learned, None)
        if self.zca_whitening:
            self._fit_whitening(np.concatenate(list(self._gather(X))))
            return self
        chunks = iterate_images(X, self.image_size)
        if not self._learns():
            # One chunk tells the number of channels.
            chunks = islice(chunks, 1)
        for chunk in chunks:
            self._learn(chunk)
        if self._learns() and not hasattr(self, "mean_"):
            raise ValueError("X must hold at least one image, got none")
        return self

    def partial_fit(self, X: Any, y: object = None) -> Self:
        """Update the statistics. The result is that of one `fit` on the images of all calls.

        Parameters
        ----------
        X, y
            See `fit`.

        Returns
        -------
        ImageScaler
            The object itself.

        Raises
        ------
        ValueError
            If `zca_whitening` is set, because whitening needs all images at once.
        """
        self._check_params()
        if self.zca_whitening:
            raise ValueError("zca_whitening must be False in partial_fit; pass all images to fit")
        for chunk in iterate_images(X, self.image_size):
            self._learn(chunk)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Resize and normalise images.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Images. The input is never changed. Flattened rows need ``image_shape`` and stay
            flattened.

        Returns
        -------
        ndarray of float32 or float64
            Images of shape (n, h, w), (n, h, w, C) or (n, h * w * C).
        """
        # A batch may end with 3 grey images.
        return scale_batch(self, X, counted=getattr(self, "n_channels_", 3) == 1)

    def __sklearn_is_fitted__(self) -> bool:
        """Declare that no fit is needed if nothing is learned."""
        return hasattr(self, "n_channels_") or not (self._learns() or self.zca_whitening)

    def __sklearn_tags__(self) -> Any:
        """Declare whether fit must be called."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = self._learns() or bool(self.zca_whitening)
        return tags

    def _learns(self) -> bool:
        return bool(self.featurewise_center or self.featurewise_std_normalization)

    def _check_params(self) -> None:
        check_choice("dtype", self.dtype, ("float32", "float64"))
        check_image_size(self.image_size)
        for name in _FLAGS:
            check_flag(name, getattr(self, name))
        if self.rescale is not None and not is_real(self.rescale):
            raise TypeError(f"rescale must be a number or None, got {self.rescale!r}")
        read_normalization(self.mean, self.std, np.dtype(np.uint8), None)
        learned = (
            self.featurewise_center or self.zca_whitening,
            self.featurewise_std_normalization,
        )
        for name, given, learns in zip(
            ("mean", "std"), (self.mean, self.std), learned, strict=True
        ):
            if given is not None and learns:
                raise ValueError(f"{name} must be None if it is learned from images, got {given!r}")

    def _learn(self, chunk: NDArray[Any]) -> None:
        """Update the statistics with images of one shape."""
        batch = as_image_batch(chunk, self.image_shape, counted=hasattr(self, "n_channels_"))
        n_channels = batch.shape[3] if batch.ndim == 4 else 1
        if getattr(self, "n_channels_", n_channels) != n_channels:
            raise ValueError(f"X must have {self.n_channels_} channels as before, got {n_channels}")
        self.n_channels_ = n_channels
        if not self._learns():
            return
        size = find_size(self, (batch.shape[1], batch.shape[2]))
        plan = plan_preparation(self, batch.dtype, n_channels, learned=False)
        seen = None
        if hasattr(self, "mean_"):
            seen = ChannelMoments(self.n_pixels_, self.mean_, self.std_**2 * self.n_pixels_)
        for start in range(0, len(batch), _CHUNK):
            images = [resize_image(image, size) for image in batch[start : start + _CHUNK]]
            shape = (len(images), *size, *batch.shape[3:])
            seen = add_pixels(seen, plan.run_exactly(images, shape))
        if seen is not None:
            self.n_pixels_, self.mean_ = seen.n_pixels, seen.mean
            self.std_ = np.sqrt(seen.deviations / seen.n_pixels)

    def _gather(self, X: Any) -> Iterator[NDArray[Any]]:
        """Yield all images; if they are too many to whiten, raise after reading the first ones."""
        n_seen = 0
        for chunk in iterate_images(X, self.image_size):
            n_seen += len(chunk)
            # Of batches the number of images comes out as they come.
            n_images = n_seen if hasattr(X, "make_batch") else len(X)
            shape = as_image_batch(chunk, self.image_shape, counted=True).shape[1:]
            size = find_size(self, (shape[0], shape[1]))
            check_whitening_fits(n_images, (*size, *shape[2:]))
            yield chunk

    def _fit_whitening(self, images: NDArray[Any]) -> None:
        batch = as_image_batch(images, self.image_shape)
        size = find_size(self, (batch.shape[1], batch.shape[2]))
        check_whitening_fits(len(batch), (*size, *batch.shape[3:]))
        if len(batch) == 0:
            raise ValueError("X must hold at least one image, got none")
        self.n_channels_ = batch.shape[3] if batch.ndim == 4 else 1
        shape = (len(batch), *size, *batch.shape[3:])
        resized = [resize_image(image, size) for image in batch]
        plan = plan_preparation(self, batch.dtype, self.n_channels_, learned=False)
        prepared = plan.run_exactly(resized, shape)
        seen = add_pixels(None, prepared)
        self.n_pixels_, self.mean_ = seen.n_pixels, seen.mean
        self.std_ = np.sqrt(seen.deviations / seen.n_pixels)
        prepared -= self.mean_
        if self.featurewise_std_normalization:
            prepared /= self.std_ + EPSILON
        self.whitening_ = measure_whitening([prepared], self.zca_epsilon)


_FLAGS = (
    "featurewise_center",
    "featurewise_std_normalization",
    "samplewise_center",
    "samplewise_std_normalization",
    "zca_whitening",
)


def scale_batch(scaler: ImageScaler, X: ArrayLike, *, counted: bool) -> NDArray[Any]:
    """Transform images; `counted` says that their number is known; see `as_image_batch`."""
    check_is_fitted(scaler)
    batch = as_image_batch(X, scaler.image_shape, counted=counted)
    size = find_size(scaler, (batch.shape[1], batch.shape[2]))
    plan = plan_preparation(scaler, batch.dtype, batch.shape[3] if batch.ndim == 4 else 1)
    out = np.empty((len(batch), *size, *batch.shape[3:]), plan.dtype)
    prepare = plan.start()
    for start in range(0, len(batch), _CHUNK):
        images = batch[start : start + _CHUNK]
        prepare((resize_image(image, size) for image in images), out[start : start + _CHUNK])
    return out.reshape(len(batch), -1) if is_flattened(X) else out


def find_size(scaler: ImageScaler, size: tuple[int, int]) -> tuple[int, int]:
    """Find the output height and width of a scaler for images of a height and width."""
    return check_image_size(scaler.image_size) or size


def plan_preparation(
    scaler: ImageScaler, dtype: np.dtype[Any], n_channels: int, *, learned: bool = True
) -> Preparation:
    """Plan the steps of a scaler for images of a dtype; `learned=False` omits learned steps."""
    if learned:
        # A scaler that learns nothing has come past no check in fit.
        scaler._check_params()
        check_is_fitted(scaler)
        expected = getattr(scaler, "n_channels_", n_channels)
        if n_channels != expected:
            raise ValueError(f"X must have {expected} channels as in fit, got {n_channels}")
    rescale = 1.0 if scaler.rescale is None else float(scaler.rescale)
    gain, bias = read_normalization(
        scaler.mean, scaler.std, dtype, n_channels, rescaled=scaler.rescale is not None
    )
    if gain is None:
        gain = np.ones(1)
    if learned:
        if scaler.featurewise_center or scaler.zca_whitening:
            bias = bias - scaler.mean_ * gain
        if scaler.featurewise_std_normalization:
            gain, bias = gain / (scaler.std_ + EPSILON), bias / (scaler.std_ + EPSILON)
    return Preparation(
        scaler.preprocessing_function,
        rescale,
        scaler.samplewise_center,
        scaler.samplewise_std_normalization,
        (gain, bias),
        scaler.whitening_ if learned and scaler.zca_whitening else None,
        np.dtype(scaler.dtype),
    )


def iterate_images(X: Any, image_size: tuple[int, int] | None) -> Iterator[Any]:
    """Yield training images in chunks, from an array, an index or batches."""
    if hasattr(X, "make_batch"):
        for number in range(len(X)):
            yield X[number][0]
    elif is_index(X):
        for start in range(0, len(X.paths), _CHUNK):
            rows = range(start, min(start + _CHUNK, len(X.paths)))
            images = X.read(rows, image_size=check_image_size(image_size))
            if isinstance(images, list):
                # Statistics do not ask for images of one size.
                yield from (image[None] for image in images)
            else:
                yield images
    else:
        yield stack_images(X)
