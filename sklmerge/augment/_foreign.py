"""Transforms of other libraries as functions ``f(image, rng)``; none of them is imported here."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
