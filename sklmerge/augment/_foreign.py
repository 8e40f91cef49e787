"""Transforms of other libraries as functions ``f(image, rng)``; none of them is imported here."""

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._contract import as_image_batch, refuse_single_image, stack_images
from sklmerge._random import resolve_seed, salt_keys
from sklmerge.augment._base import BaseAugmenter, check_keys, check_out, check_rows
from sklmerge.augment._params import AugmentationParams

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
        batch = stack_images(X)
        refuse_single_image(batch, counted=indices is not None or len(batch) == len(params))
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


# Seeds that every library takes, in the narrowest integers that one of them uses.
_SEEDS = 2**31


class ForeignTransform:
    """A transform of another library, seeded anew for each image.

    Parameters
    ----------
    transform : object
        The transform, shared, not copied.
    call : callable
        ``call(transform, image, seed)``: how that library is called.
    """

    def __init__(self, transform: Any, call: Callable[[Any, NDArray[Any], int], Any]) -> None:
        self.transform = transform
        self.call = call

    def __call__(self, image: NDArray[Any], rng: np.random.Generator) -> Any:
        """Vary one image, of shape (H, W) or (H, W, C)."""
        return self.call(self.transform, image, int(rng.integers(_SEEDS)))

    def __deepcopy__(self, memo: dict[int, Any]) -> "ForeignTransform":
        """Share the transform: it is seeded before each use, and some cannot be copied."""
        return ForeignTransform(self.transform, self.call)

    def __repr__(self) -> str:
        return repr(self.transform)


def adapt_transform(transform: Any) -> ForeignTransform | None:
    """Adapt a transform of albumentations, torchvision or Keras.

    Parameters
    ----------
    transform : object
        Whatever was given as an augmenter.

    Returns
    -------
    ForeignTransform or None
        None where it is none of these.
    """
    libraries = {kind.__module__.split(".")[0] for kind in type(transform).__mro__}
    for library, call in _CALLS.items():
        if library in libraries:
            return ForeignTransform(transform, call)
    return None


def call_albumentations(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call ``transform(image=image)["image"]``, seeded where this version can be."""
    if hasattr(transform, "set_random_seed"):
        transform.set_random_seed(seed)
    return transform(image=image)["image"]


def call_torch(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call a transform of tensors (C, H, W), as torchvision's v2 are, seeded by torch's own state.

    The state that others draw from is put back afterwards.
    """
    import torch

    planes = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        result = transform(torch.from_numpy(np.ascontiguousarray(planes)))
    if not isinstance(result, torch.Tensor):
        return result
    varied = result.detach().cpu().numpy()
    if image.ndim == 2 and varied.shape[:1] == (1,):
        return varied[0]
    return np.moveaxis(varied, 0, -1)


def call_keras(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call a layer on a batch of one, in float32; what comes of integers is rounded back.

    Given uint8, some layers wrap around where they should clip.
    """
    import keras

    for place, generator in enumerate(list_generators(transform)):
        generator.state.assign([seed, place])
    pixels = image.astype(np.float32)
    batch = pixels[None, ..., None] if image.ndim == 2 else pixels[None]
    varied = np.asarray(keras.ops.convert_to_numpy(transform(batch, training=True)))[0]
    if image.ndim == 2 and varied.shape[2:] == (1,):
        varied = varied[..., 0]
    if image.dtype.kind == "u":
        bounds = np.iinfo(image.dtype)
        varied = np.rint(np.clip(varied, bounds.min, bounds.max))
    return varied.astype(image.dtype, copy=False)


def list_generators(layer: Any) -> Iterator[Any]:
    """List the seed generators of a Keras layer and of the layers within."""
    import keras

    for value in vars(layer).values():
        if isinstance(value, keras.random.SeedGenerator):
            yield value
    for inner in getattr(layer, "layers", []):
        yield from list_generators(inner)


# torchvision's transforms are modules of torch, as those are that users write for it.
_CALLS: dict[str, Callable[[Any, NDArray[Any], int], Any]] = {
    "albumentations": call_albumentations,
    "torchvision": call_torch,
    "torch": call_torch,
    "keras": call_keras,
}
