"""CallableAugmenter: a function of the user's own as an augmenter."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._contract import as_image_batch
from sklmerge.augment._base import BaseAugmenter
from sklmerge.augment._hash import resolve_seed, salt_keys
from sklmerge.augment._params import AugmentationParams
from sklmerge.augment._rows import check_keys, check_out, check_rows

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


class CallableAugmenter(BaseAugmenter):
    """Vary images by a function of the user's own.

    Parameters
    ----------
    function : callable
        ``f(image)`` or ``f(image, rng)``, where ``rng`` is a numpy Generator of the image's own.
        Gets one row of X, as it is, and returns an array of the same shape and dtype.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of images that come as flattened rows, where the function is to
        see images; None hands it the rows.
    random_state : int, RandomState, Generator or None, default=None
        Seed of what is drawn where a method is given none.

    Notes
    -----
    A function that takes no ``rng`` and draws from a random state of its own is beyond the reach of
    `random_state`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.augment import as_augmenter
    >>> noisy = as_augmenter(lambda image, rng: image + rng.normal(0, 0.01, image.shape))
    >>> rows = np.zeros((2, 5))
    >>> varied = noisy.apply(rows, noisy.draw_params(2, random_state=0))
    >>> varied.shape, bool((varied[0] == varied[1]).any())
    ((2, 5), False)
    """

    def __init__(
        self,
        function: Callable[..., ArrayLike],
        *,
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
    ) -> None:
        self.function = function
        self.image_shape = image_shape
        self.random_state = random_state

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Give each of n images the key of its own random stream.

        Parameters
        ----------
        n, random_state, keys
            See `ImageAugmenter.draw_params`.

        Returns
        -------
        AugmentationParams
            With the one column ``key``.
        """
        seed = resolve_seed(self.random_state if random_state is None else random_state)
        return AugmentationParams(n, {"key": salt_keys(seed, check_keys(n, keys))})

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: "ImageScaler | None" = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Call the function on each image, with a generator made from its key.

        Parameters
        ----------
        X : array-like of shape (m, ...)
            Images or rows; the function never sees the array itself, so it cannot change it.
        params, indices, out
            See `ImageAugmenter.apply`.
        scaler : ImageScaler, default=None
            Prepares what the function returns, in a pass of its own.

        Returns
        -------
        ndarray of shape (n, ...)
            Of the shape and dtype of X, or of those of the scaler.

        Raises
        ------
        ValueError, TypeError
            If the function returns another shape or another dtype.
        """
        batch = np.asarray(X)
        rows = check_rows(len(batch), len(params), indices)
        made = out if scaler is None else None
        varied = check_out(made, (len(rows), *batch.shape[1:]), batch.dtype)
        images = batch if self.image_shape is None else as_image_batch(batch, self.image_shape)
        places = varied.reshape(len(rows), *images.shape[1:])
        takes_rng = count_arguments(self.function) > 1
        for place, (row, key) in enumerate(zip(rows, params["key"], strict=True)):
            image = images[row].copy()
            rng = (np.random.Generator(np.random.Philox(key=int(key))),) if takes_rng else ()
            result = np.asarray(self.function(image, *rng))
            check_result(result, images[row], self.function)
            places[place] = result
        if scaler is None:
            return varied
        scaled = scaler.transform(varied)
        if out is None:
            return scaled
        check_out(out, scaled.shape, scaled.dtype)[...] = scaled
        return out


def check_result(result: NDArray[Any], image: NDArray[Any], function: Any) -> None:
    """Refuse what a function made of an image where its shape or its dtype is another."""
    if result.shape != image.shape:
        raise ValueError(
            f"augmenter must keep the shape {image.shape}, got {result.shape} from {function!r}"
        )
    # Strings are no images; how long they are is theirs to choose.
    if result.dtype != image.dtype and not result.dtype.kind == image.dtype.kind == "U":
        raise TypeError(
            f"augmenter must keep the dtype {image.dtype}, got {result.dtype} from {function!r}; "
            f"let it end in .astype({str(image.dtype)!r}), after rounding and clipping"
        )


def count_arguments(function: Callable[..., Any]) -> int:
    """Count the positional arguments that a function must be given."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(
        parameter.kind in kinds and parameter.default is inspect.Parameter.empty
        for parameter in inspect.signature(function).parameters.values()
    )
