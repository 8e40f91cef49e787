"""Transforms of other libraries as functions ``f(image, rng)``, without importing a library."""

from __future__ import annotations

import copy
import inspect
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import check_scaler
from sklmerge._contract import as_image_batch, refuse_single_image, stack_images
from sklmerge._random import resolve_seed, salt_keys
from sklmerge.augment._base import BaseAugmenter, check_indices, check_keys, check_out
from sklmerge.augment._params import AugmentationParams

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


class CallableAugmenter(BaseAugmenter):
    """Augment images with your own function.

    Parameters
    ----------
    function : callable
        ``f(image)`` or ``f(image, rng)``. The function gets one image or row of X, unchanged, and,
        as ``rng``, a NumPy Generator for it. It must return an array of the same shape and dtype. A
        parameter named ``rng`` is passed by name, whether or not it has a default.
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images, if X contains flattened rows and the
        function needs images. None passes the flattened rows to the function.
    random_state : int, RandomState, Generator or None, default=None
        Seed that the methods use if they are called without one.

    Notes
    -----
    If the function does not take ``rng`` but uses its own random state, `random_state` has no
    effect.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.augment import as_augmenter
    >>> noisy = as_augmenter(lambda image, rng: image + rng.normal(0, 0.01, image.shape))
    >>> rows = np.zeros((2, 5))
    >>> augmented = noisy.apply(rows, noisy.draw_params(2, random_state=0))
    >>> augmented.shape, bool((augmented[0] == augmented[1]).any())
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
        """Draw the key of a separate random stream for each of n images.

        Parameters
        ----------
        n, random_state, keys
            See `ImageAugmenter.draw_params`.

        Returns
        -------
        AugmentationParams
            Parameters with a single column, ``key``.
        """
        seed = resolve_seed(self.random_state if random_state is None else random_state)
        return AugmentationParams(n, {"key": salt_keys(seed, check_keys(n, keys))})

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: ImageScaler | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Call the function on each image, with a generator made from its key.

        Parameters
        ----------
        X : array-like of shape (m, ...)
            Images or rows. The function gets copies, so it cannot change X.
        params, indices, out
            See `ImageAugmenter.apply`.
        scaler : ImageScaler, default=None
            An ImageScaler that normalises the output of the function, in a separate pass.

        Returns
        -------
        ndarray of shape (n, ...)
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.

        Raises
        ------
        ValueError, TypeError
            If the function changes the shape or dtype of an image.
        """
        check_scaler(scaler)
        batch = stack_images(X)
        refuse_single_image(batch, counted=indices is not None or len(batch) == len(params))
        rows = check_indices(len(batch), len(params), indices)
        made = out if scaler is None else None
        augmented = check_out(made, (len(rows), *batch.shape[1:]), batch.dtype)
        images = batch if self.image_shape is None else as_image_batch(batch, self.image_shape)
        places = augmented.reshape(len(rows), *images.shape[1:])
        pass_rng = find_rng_argument(self.function)
        for place, (row, key) in enumerate(zip(rows, params["key"], strict=True)):
            image = images[row].copy()
            rng = None if pass_rng is None else np.random.Generator(np.random.Philox(key=int(key)))
            if pass_rng == "name":
                result = np.asarray(self.function(image, rng=rng))
            else:
                result = np.asarray(self.function(image, *(() if rng is None else (rng,))))
            check_result(result, images[row], self.function)
            places[place] = result
        if scaler is None:
            return augmented
        scaled = scaler.transform(augmented)
        if out is None:
            return scaled
        check_out(out, scaled.shape, scaled.dtype)[...] = scaled
        return out


def check_result(result: NDArray[Any], image: NDArray[Any], function: Any) -> None:
    """Refuse the output of a function if it has another shape or dtype than the image."""
    if result.shape != image.shape:
        raise ValueError(
            f"augmenter must keep the shape {image.shape}, got {result.shape} from {function!r}"
        )
    normalizes = result.dtype.kind == "f" and image.dtype.kind == "u"
    advice = "normalise by ImageScaler(mean=..., std=...) instead, or " if normalizes else ""
    # Strings are no images; how long they are is theirs to choose.
    if result.dtype != image.dtype and not result.dtype.kind == image.dtype.kind == "U":
        raise TypeError(
            f"augmenter must keep the dtype {image.dtype}, got {result.dtype} from {function!r}; "
            f"{advice}let it end in .astype({str(image.dtype)!r}), after rounding and clipping"
        )


def find_rng_argument(function: Callable[..., Any]) -> str | None:
    """Say how a function takes a generator: by "name", by "place", or not at all (None)."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        # Functions written in C, such as OpenCV's, may have no signature, and draw nothing.
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if "rng" in parameters and parameters["rng"].kind in named:
        return "name"
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    n_needed = sum(
        parameter.kind in kinds and parameter.default is inspect.Parameter.empty
        for parameter in parameters.values()
    )
    return "place" if n_needed > 1 else None


# Seeds that every library takes, in the narrowest integers that one of them uses.
_SEEDS = 2**31

# Held by whoever uses a transform that all threads share.
_SHARED = threading.Lock()


class ForeignTransform:
    """A transform of another library, seeded anew for each image. It is thread-safe."""

    def __init__(self, transform: Any, call: Callable[[Any, NDArray[Any], int], Any]) -> None:
        self.transform = transform
        self.call = call
        self._can_be_copied = call not in (call_keras, chain)
        # Each thread augments with a copy of its own, because transforms keep what they draw in
        # themselves. Copies outlive the threads: a thread may last for no longer than a batch.
        self._spare: list[Any] = []

    def __call__(self, image: NDArray[Any], rng: np.random.Generator) -> Any:
        """Augment one image of shape (H, W) or (H, W, C)."""
        seed = int(rng.integers(_SEEDS))
        own = self._take_copy()
        if own is None:
            with _SHARED:
                return self.call(self.transform, image, seed)
        try:
            return self.call(own, image, seed)
        finally:
            self._spare.append(own)

    def _take_copy(self) -> Any:
        """Return a copy for this thread; None in the main thread, or if copying is impossible."""
        if not self._can_be_copied or threading.current_thread() is threading.main_thread():
            return None
        try:
            return self._spare.pop()
        except IndexError:
            pass
        try:
            return copy.deepcopy(self.transform)
        except (TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError):
            self._can_be_copied = False
            return None

    def __reduce__(self) -> tuple[Any, ...]:
        return ForeignTransform, (self.transform, self.call)

    def __deepcopy__(self, memo: dict[int, Any]) -> ForeignTransform:
        """Share the transform: it is seeded before each use, and some cannot be copied."""
        return ForeignTransform(self.transform, self.call)

    def __repr__(self) -> str:
        return repr(self.transform)


def adapt_transform(transform: Any) -> ForeignTransform | None:
    """Adapt a transform of albumentations, torchvision or Keras; return None for anything else."""
    members = list_members(transform)
    if any(map(is_keras, members)):
        # With Keras' torch backend its layers are modules of torch, too, so a torch container may
        # hold them; they still want what Keras gives them.
        return ForeignTransform([adapt_transform(member) or member for member in members], chain)
    libraries = list_libraries(transform)
    for library, call in _CALLS.items():
        if library in libraries:
            return ForeignTransform(transform, call)
    return None


def list_libraries(transform: Any) -> set[str]:
    """List the libraries that define the classes of an object."""
    return {kind.__module__.split(".")[0] for kind in type(transform).__mro__}


def is_keras(transform: Any) -> bool:
    """Say whether a transform is a Keras layer, or a torch container that has one."""
    return "keras" in list_libraries(transform) or any(map(is_keras, list_members(transform)))


def list_members(transform: Any) -> list[Any]:
    """List the transforms of a torch ``Sequential`` or a torchvision ``Compose``."""
    libraries = list_libraries(transform)
    if "keras" in libraries:
        return []
    if type(transform).__name__ == "Sequential" and "torch" in libraries:
        return list(transform)
    if type(transform).__name__ == "Compose" and "torchvision" in libraries:
        return list(transform.transforms)
    return []


def chain(transforms: Any, image: NDArray[Any], seed: int) -> Any:
    """Call transforms one after another, each in the way of its library."""
    rng = np.random.default_rng(seed)
    for transform in transforms:
        if isinstance(transform, ForeignTransform):
            image = transform.call(transform.transform, image, int(rng.integers(_SEEDS)))
        else:
            image = transform(image)
    return image


def call_albumentations(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call ``transform(image=image)["image"]``, with a seed if this version supports it."""
    if hasattr(transform, "set_random_seed"):
        transform.set_random_seed(seed)
    return transform(image=image)["image"]


def call_torch(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call a transform of (C, H, W) tensors, as in torchvision v2, with its own generator."""
    import torch

    planes = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
    with load_redirect()(seed):
        result = transform(torch.from_numpy(np.ascontiguousarray(planes)))
    if not isinstance(result, torch.Tensor):
        return result
    augmented = result.detach().cpu().numpy()
    if image.ndim == 2 and augmented.shape[:1] == (1,):
        return augmented[0]
    return np.moveaxis(augmented, 0, -1)


@cache
def load_redirect() -> Any:
    """Make a mode in which torch's random functions use a generator, in one thread only."""
    # Torch's own random state belongs to the training loop, which may run at the same time.
    import torch
    from torch.overrides import TorchFunctionMode

    class Redirect(TorchFunctionMode):
        def __init__(self, seed: int) -> None:
            super().__init__()
            self.generator = torch.Generator().manual_seed(seed)

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            options = kwargs or {}
            if func is torch.nn.functional.dropout:
                return self.drop(*args, **options)
            if getattr(func, "__name__", "") in _TORCH_DRAWS and options.get("generator") is None:
                options = {**options, "generator": self.generator}
            return func(*args, **options)

        def drop(
            self, image: Any, p: float = 0.5, training: bool = True, inplace: bool = False
        ) -> Any:
            # Dropout takes no generator; this is how torch computes it.
            kept = torch.empty_like(image).bernoulli_(1 - p, generator=self.generator)
            return image * kept.div_(max(1 - p, 1e-12)) if training else image

    return Redirect


# What draws random numbers in torch, and takes a generator.
_TORCH_DRAWS = {
    *("rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "random_"),
    *("normal", "normal_", "log_normal_", "uniform_", "exponential_", "cauchy_", "geometric_"),
    *("bernoulli", "bernoulli_", "binomial", "multinomial", "poisson"),
    *("_standard_gamma", "_sample_dirichlet"),
}


def call_keras(transform: Any, image: NDArray[Any], seed: int) -> Any:
    """Call a layer on a batch of one image, in float32; round the result for integer images."""
    import keras

    # Keras tracks the states of all generators of a layer, however deep they lie.
    states = [state for state in transform.variables if state.name == "seed_generator_state"]
    for place, state in enumerate(states):
        state.assign([seed, place])
    # Given uint8, some layers wrap around instead of clipping.
    pixels = image.astype(np.float32)
    batch = pixels[None, ..., None] if image.ndim == 2 else pixels[None]
    if keras.backend.backend() == "torch":
        import torch

        with load_redirect()(seed), torch.no_grad():
            result = transform(batch, training=True)
    else:
        result = transform(batch, training=True)
    augmented = np.asarray(keras.ops.convert_to_numpy(result))[0]
    if image.ndim == 2 and augmented.shape[2:] == (1,):
        augmented = augmented[..., 0]
    if image.dtype.kind == "u":
        bounds = np.iinfo(image.dtype)
        augmented = np.rint(np.clip(augmented, bounds.min, bounds.max))
    return augmented.astype(image.dtype, copy=False)


# Keras' layers come first: with its torch backend they are modules of torch, too. torchvision's
# transforms are such modules, as those are that users write for it.
_CALLS: dict[str, Callable[[Any, NDArray[Any], int], Any]] = {
    "keras": call_keras,
    "albumentations": call_albumentations,
    "torchvision": call_torch,
    "torch": call_torch,
}
