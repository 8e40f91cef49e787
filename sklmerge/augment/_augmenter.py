"""ImageAugmenter: random, keeps shape and dtype. _draw draws parameters, _render applies them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import check_scaler
from sklmerge._contract import check_value_range, find_value_range, is_flattened
from sklmerge._random import resolve_seed
from sklmerge.augment._base import BaseAugmenter, check_batch, check_indices, check_keys, check_out
from sklmerge.augment._draw import check_ranges, draw_columns
from sklmerge.augment._params import AugmentationParams, expand_operations
from sklmerge.augment._render import VALUE_COLUMNS, RenderSettings, render_images
from sklmerge.augment._scaler import ImageScaler, find_size, plan_preparation

PRESETS: dict[str, dict[str, Any]] = {
    "light": {
        "rotation_range": 15,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "zoom_range": 0.1,
        "brightness_range": (0.9, 1.1),
    },
    "strong": {
        "rotation_range": 30,
        "width_shift_range": 0.2,
        "height_shift_range": 0.2,
        "shear_range": 15,
        "zoom_range": 0.25,
        "brightness_range": (0.7, 1.3),
        "contrast_range": (0.7, 1.3),
    },
}


class ImageAugmenter(BaseAugmenter):
    """Augment images at random, with a single interpolation and a single table lookup per image.

    An augmenter does not change the shape or dtype of images; use `ImageScaler` to resize or
    normalise them. An augmenter has ``get_params`` and ``set_params``, like an estimator, so a grid
    search can tune ``augmenter__rotation_range``. But it is not a transformer, because a random
    ``transform`` in a pipeline would also augment test images.

    Parameters
    ----------
    rotation_range : float, default=0
        Largest rotation in either direction, in degrees.
    width_shift_range, height_shift_range : float, int or sequence of float, default=0
        Largest horizontal and vertical shift. A float below 1 is a fraction of the width or height,
        and a float of 1 or more is in pixels. An int n means a random whole number of pixels from
        -(n - 1) to n - 1. A sequence lists the shifts to choose from.
    shear_range : float, default=0
        Largest shear in either direction, in degrees.
    zoom_range : float or (float, float), default=0
        Range of the zoom factor: below 1 zooms in, above 1 zooms out. A float z means ``(1 - z, 1
        + z)``. Factors for width and height are drawn separately.
    crop_range : (float, float), default=None
        Range of the fraction of the area to keep (1 = whole image). The crop is at a random place
        and has the aspect ratio of the image.
    horizontal_flip, vertical_flip : bool, default=False
        Flip each image left to right (horizontal) or upside down (vertical) with probability 0.5.
    rotate90 : bool, default=False
        Rotate by 0, 90, 180 or 270 degrees, chosen at random. Non-square images are rotated only by
        0 or 180 degrees, to keep their shape.
    brightness_range : (float, float), default=None
        Range of the brightness factor (1 = unchanged).
    contrast_range : (float, float), default=None
        Range of the contrast factor (1 = unchanged), which scales differences from the image's mean
        luminance.
    gamma_range : (float, float), default=None
        Range of the gamma exponent (1 = unchanged). Values below 1 lighten dark areas.
    saturation_range : (float, float), default=None
        Range of the saturation factor (1 = unchanged, 0 = grey).
    hue_range : (float, float), default=None
        Range of the hue rotation, in degrees from -180 to 180.
    channel_shift_range : float, default=0
        Largest value added to or subtracted from all channels, in input units. The result is
        clipped to the value range of the image.
    noise_std : float, default=0
        Standard deviation of Gaussian noise that is added to every value, in input units.
    blur_sigma : float or (float, float), default=None
        Range for the standard deviation of a Gaussian blur, in pixels. A float s means ``(0, s)``.
    erase : float, default=0
        Probability of filling a rectangle with random values. The rectangle covers 2 to 40 % of the
        image.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        How pixels beyond the border are filled.
    cval : float, default=0
        The fill value of every channel for ``fill_mode="constant"``, in input units.
    interpolation : {"nearest", "linear", "cubic"}, default="linear"
        How values between pixels are interpolated.
    value_range : (float, float), default=None
        Values of black and white in float images. None means 0 and 1. Integer images use the range
        of their dtype.
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows.
    random_state : int, RandomState, Generator or None, default=None
        Seed that the methods use if they are called without one.
    n_jobs : int, default=None
        Number of threads. The result does not depend on it.

    See Also
    --------
    TrivialAugmenter : Has no ranges to choose.
    as_augmenter : Converts transforms of other libraries.
    ImageScaler : Normalises images.
    AugmentingOverSampler : Oversamples with augmented copies.

    Notes
    -----
    Parameters that Keras' ``ImageDataGenerator`` also has mean what its documentation says: width
    means columns, height means rows, and images rotate about their true centre.

    The order of operations is: first crop, rotation, shift, shear, zoom, quarter turns and flips,
    combined into one affine map; then channel shift, contrast, brightness and gamma, combined into
    one lookup table; then saturation, hue, blur, noise and erasing, each of which needs one more
    pass over the image. Only the affine map changes a fourth channel (alpha). Saturation and hue do
    not change grey images.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage.data import gravel
    >>> from sklmerge import ImageAugmenter
    >>> images = gravel().reshape(8, 64, 512)
    >>> augmenter = ImageAugmenter(rotation_range=15, brightness_range=(0.8, 1.2))
    >>> augmented = augmenter.augment(images, random_state=0)
    >>> augmented.shape, augmented.dtype
    ((8, 64, 512), dtype('uint8'))

    The parameters can be kept and replayed.

    >>> params = augmenter.draw_params(8, random_state=0)
    >>> bool((augmenter.apply(images, params) == augmented).all())
    True
    """

    def __init__(
        self,
        *,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0,
        height_shift_range: float | Sequence[float] = 0,
        shear_range: float = 0,
        zoom_range: float | tuple[float, float] = 0,
        crop_range: tuple[float, float] | None = None,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rotate90: bool = False,
        brightness_range: tuple[float, float] | None = None,
        contrast_range: tuple[float, float] | None = None,
        gamma_range: tuple[float, float] | None = None,
        saturation_range: tuple[float, float] | None = None,
        hue_range: tuple[float, float] | None = None,
        channel_shift_range: float = 0,
        noise_std: float = 0,
        blur_sigma: float | tuple[float, float] | None = None,
        erase: float = 0,
        fill_mode: str = "nearest",
        cval: float = 0,
        interpolation: str = "linear",
        value_range: tuple[float, float] | None = None,
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.shear_range = shear_range
        self.zoom_range = zoom_range
        self.crop_range = crop_range
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rotate90 = rotate90
        self.brightness_range = brightness_range
        self.contrast_range = contrast_range
        self.gamma_range = gamma_range
        self.saturation_range = saturation_range
        self.hue_range = hue_range
        self.channel_shift_range = channel_shift_range
        self.noise_std = noise_std
        self.blur_sigma = blur_sigma
        self.erase = erase
        self.fill_mode = fill_mode
        self.cval = cval
        self.interpolation = interpolation
        self.value_range = value_range
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def preset(cls, name: str) -> Self:
        """Return an augmenter whose ranges suit most photographs.

        Parameters
        ----------
        name : {"light", "strong"}
            "light" rotates by up to 15 degrees, and shifts, zooms and changes brightness by up to
            a tenth. "strong" at least doubles these ranges, and adds shear and contrast. Neither
            flips images, because a flip can change what an image shows.

        Returns
        -------
        ImageAugmenter

        Examples
        --------
        >>> from sklmerge import ImageAugmenter
        >>> ImageAugmenter.preset("light").rotation_range
        15
        """
        if name not in PRESETS:
            raise ValueError(f"name must be one of {', '.join(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw random parameters for n images.

        Parameters
        ----------
        n : int
            Number of images.
        random_state : int, RandomState, Generator or None, default=None
            Random seed. None uses the `random_state` of the augmenter.
        keys : array-like of uint64, shape (n,), default=None
            Key of the random stream of each image; see `sklmerge.augment.hash_keys`. The parameters
            of an image depend only on the seed and on its key. None means the keys 0, 1, 2, ...

        Returns
        -------
        AugmentationParams
            One row per image. Only the columns in use are included.

        Raises
        ------
        ValueError, TypeError
            If a range of the augmenter has the wrong sign, order or type.
        """
        seed = resolve_seed(self.random_state if random_state is None else random_state)
        streams = check_keys(n, keys)
        # The attributes are the parameters; get_params would look them up by introspection.
        ranges = check_ranges(vars(self))
        return AugmentationParams(n, draw_columns(ranges, seed, streams))

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: ImageScaler | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Augment images with the given parameters.

        Parameters
        ----------
        X : array-like of shape (m, H, W), (m, H, W, C) or (m, H * W * C)
            Images. The input is never changed. Flattened rows need ``image_shape`` and stay
            flattened.
        params : AugmentationParams
            Augmentation parameters of n images, one row per image.
        indices : array-like of int, shape (n,), default=None
            For each row of `params`, the index of the image to augment. For example, ``np.zeros(n,
            int)`` makes n copies of the first image. None means each image once, in order.
        scaler : ImageScaler, default=None
            An ImageScaler that also resizes and normalises the images. Resizing, augmentation and
            normalisation take one pass with a single interpolation. If the scaler does not resize,
            the result is exactly the same as ``scaler.transform(augmenter.apply(X, params))``.
        out : ndarray, default=None
            Contiguous array to write to, with the shape and dtype of the result.

        Returns
        -------
        ndarray of shape (n, ...)
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.

        Raises
        ------
        ValueError, TypeError
            If X is not a batch of images. Also raised if the parameters change colours and X has
            float values outside `value_range`.
        """
        check_ranges(vars(self))
        batch = check_batch(X, self.image_shape, len(params), indices)
        params = expand_operations(params)
        rows = check_indices(len(batch), len(params), indices)
        bounds = find_value_range(batch.dtype, self.value_range)
        if not VALUE_COLUMNS.isdisjoint(params.columns):
            check_value_range(batch, bounds)
        shape, dtype = batch.shape[1:], batch.dtype
        preparation = None
        check_scaler(scaler)
        if scaler is not None:
            shape = (*find_size(scaler, shape[:2]), *shape[2:])
            n_channels = shape[2] if len(shape) == 3 else 1
            preparation = plan_preparation(scaler, batch.dtype, n_channels)
            dtype = preparation.dtype
        flat = is_flattened(X)
        expected = (len(rows), math.prod(shape)) if flat else (len(rows), *shape)
        out = check_out(out, expected, dtype)
        if len(rows):
            render_images(
                batch,
                rows,
                params,
                RenderSettings(self.fill_mode, self.cval, self.interpolation, bounds),
                out.reshape(len(rows), *shape),
                preparation=preparation,
                n_jobs=self.n_jobs,
            )
        return out
