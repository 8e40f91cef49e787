"""TrivialAugmenter: one random operation per image, without ranges to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._random import draw_uniforms, resolve_seed
from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._base import BaseAugmenter, check_keys
from sklmerge.augment._draw import choose
from sklmerge.augment._params import COLUMNS, OPERATIONS, AugmentationParams

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


# Whether a magnitude is turned negative.
_SIGN_STREAM = 28


class TrivialAugmenter(BaseAugmenter):
    """Augment each image with one random operation of random strength, without tuning.

    The operations are those of TrivialAugmentWide, and all are equally likely: no change; shear,
    shift and rotation; brightness, colour, contrast and sharpness; posterize, solarize,
    autocontrast and equalize. The strength is chosen from 31 steps.

    Parameters
    ----------
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        How pixels beyond the border are filled. The paper fills them with black: ``"constant"``.
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
    ImageAugmenter : Lets you choose the ranges.

    Notes
    -----
    Shifts are up to 32 pixels, whatever the image size. Shears keep the centre in place. Rotations
    are up to 135 degrees. Images are never flipped. If a rotated or solarized image would belong to
    a different class, use `ImageAugmenter` and choose the ranges yourself.

    References
    ----------
    Mueller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation",
    ICCV 2021.

    Examples
    --------
    >>> from skimage.data import gravel
    >>> from sklmerge import TrivialAugmenter
    >>> images = gravel().reshape(8, 64, 512)
    >>> augmenter = TrivialAugmenter(random_state=0)
    >>> augmenter.augment(images).shape
    (8, 64, 512)
    >>> augmenter.draw_params(2).to_dicts()[1]
    {'operation': 'translate_y', 'magnitude': 29.87}
    """

    def __init__(
        self,
        *,
        fill_mode: str = "nearest",
        cval: float = 0,
        interpolation: str = "linear",
        value_range: tuple[float, float] | None = None,
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.fill_mode = fill_mode
        self.cval = cval
        self.interpolation = interpolation
        self.value_range = value_range
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw one operation and its magnitude for each of n images.

        Parameters
        ----------
        n, random_state, keys
            See `ImageAugmenter.draw_params`.

        Returns
        -------
        AugmentationParams
            With the columns ``operation`` and ``magnitude``. Depending on the operation, the
            magnitude is in degrees or pixels, or is a factor, a slope, a number of bits, or the
            fraction of white above which values are inverted.
        """
        seed = resolve_seed(self.random_state if random_state is None else random_state)
        streams = check_keys(n, keys)
        columns = [COLUMNS[name].stream for name in ("operation", "magnitude")]
        which, strength, side = draw_uniforms(seed, streams, [*columns, _SIGN_STREAM])
        operation, step = choose(list(OPERATIONS), which), choose(range(31), strength)
        minus = side < 0.5
        magnitude = np.zeros(n)
        for name, (_, magnitudes, signed, around) in OPERATIONS.items():
            rows = operation == name
            sign = np.where(minus[rows] & signed, -1, 1)
            magnitude[rows] = around + sign * magnitudes[step[rows]]
        return AugmentationParams(n, {"operation": operation, "magnitude": magnitude})

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
        X, params, indices, scaler, out
            See `ImageAugmenter.apply`.

        Returns
        -------
        ndarray of shape (n, ...)
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.
        """
        settings = {k: v for k, v in self.get_params().items() if k != "random_state"}
        augmenter = ImageAugmenter(**settings)
        return augmenter.apply(X, params, indices=indices, scaler=scaler, out=out)
