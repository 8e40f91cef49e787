"""Whatever is taken as an augmenter, as an object that draws parameters and applies them."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._hash import mix_bits, resolve_seed
from sklmerge.augment._params import AugmentationParams


@runtime_checkable
class Augmenter(Protocol):
    """What the rest of the library asks of an augmenter; `ImageAugmenter` is one."""

    def draw_params(
        self, n: int, random_state: Any = None, *, keys: ArrayLike | None = None
    ) -> AugmentationParams:
        """Draw how n images are varied."""

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Vary images by given parameters."""


class CallableAugmenter(BaseEstimator):
    """Vary images by a function of the user's own.

    Parameters
    ----------
    function : callable
        ``f(image)`` or ``f(image, rng)``, where ``rng`` is a numpy Generator of the image's own.
        Gets one row of X, as it is, and returns an array of the same shape.
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

    def __init__(self, function: Callable[..., ArrayLike], *, random_state: Any = None) -> None:
        self.function = function
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
        streams = np.arange(n, dtype=np.uint64) if keys is None else np.asarray(keys, np.uint64)
        return AugmentationParams(
            n, {"key": mix_bits(streams ^ mix_bits(np.array([seed], np.uint64)))}
        )

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Call the function on each image, with a generator made from its key.

        Parameters
        ----------
        X : array-like of shape (m, ...)
            Images or rows; the function never sees the array itself, so it cannot change it.
        params, indices, out
            See `ImageAugmenter.apply`.

        Returns
        -------
        ndarray of shape (n, ...)
            Of the dtype of X; integers are rounded and clipped to their range.

        Raises
        ------
        ValueError
            If the function returns another shape.
        """
        batch = np.asarray(X)
        rows = np.arange(len(batch)) if indices is None else np.asarray(indices, dtype=np.intp)
        varied = np.empty((len(rows), *batch.shape[1:]), batch.dtype) if out is None else out
        takes_rng = count_arguments(self.function) > 1
        for place, (row, key) in enumerate(zip(rows, params["key"], strict=True)):
            image = batch[row].copy()
            rng = (np.random.Generator(np.random.Philox(key=int(key))),) if takes_rng else ()
            result = np.asarray(self.function(image, *rng))
            if result.shape != image.shape:
                raise ValueError(
                    f"augmenter must keep the shape {image.shape}, got {result.shape} from "
                    f"{self.function!r}"
                )
            varied[place] = cast_values(result, batch.dtype)
        return varied


def count_arguments(function: Callable[..., Any]) -> int:
    """Count the positional arguments that a function must or may be given without a default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(
        parameter.kind in kinds and parameter.default is inspect.Parameter.empty
        for parameter in inspect.signature(function).parameters.values()
    )


def cast_values(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Cast to a dtype; floats are rounded and clipped on the way to integers, never wrapped."""
    if dtype.kind in "iu" and values.dtype != dtype:
        bounds = np.iinfo(dtype)
        return np.clip(np.rint(values), bounds.min, bounds.max).astype(dtype)
    return values.astype(dtype, copy=False)


def as_augmenter(augmenter: Any) -> Augmenter | None:
    """Turn whatever may be given as an augmenter into one.

    Parameters
    ----------
    augmenter : {"light", "strong"}, None, ImageAugmenter or callable
        A preset's name; None for plain copies; an object with ``draw_params`` and ``apply``, which
        is cloned; or ``f(image)`` or ``f(image, rng)``.

    Returns
    -------
    Augmenter or None
        None where None was given.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.

    Examples
    --------
    >>> from sklmerge.augment import as_augmenter
    >>> as_augmenter("light").rotation_range
    15
    """
    if augmenter is None:
        return None
    if isinstance(augmenter, str):
        return ImageAugmenter.preset(augmenter)
    if isinstance(augmenter, Augmenter):
        return clone(augmenter) if hasattr(augmenter, "get_params") else augmenter
    if callable(augmenter) and not isinstance(augmenter, type):
        return CallableAugmenter(augmenter)
    raise TypeError(
        'augmenter must be "light", "strong", None, an ImageAugmenter or a callable, '
        f"got {augmenter!r}"
    )
