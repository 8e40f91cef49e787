"""The image contract: which arrays of images are valid, and the one place that checks them."""

import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import is_whole, list_items
from sklmerge._tensors import check_open, to_numpy

# By type, which byte orders share; to ask a dtype for its name takes ten times as long.
_IMAGE_TYPES = (np.uint8, np.uint16, np.float32, np.float64)
CHANNELS = (1, 3, 4)
_PHOTO_SIDE = 16
DTYPE_ADVICE = {
    "i": "; levels from 0 to 255 are np.asarray(X, np.uint8)",
    "f": "; pass np.asarray(X, np.float32)",
    "b": "; pass np.uint8(255) * X",
    "U": "; ImageReader reads paths",
}


def check_image_shape(image_shape: Sequence[int]) -> tuple[int, ...]:
    """Return (height, width), or (height, width, channels) with 1, 3 or 4 channels, as ints."""
    shape = list_items(image_shape)
    whole = all(is_whole(side) and side >= 1 for side in shape)
    if len(shape) not in (2, 3) or not whole or (len(shape) == 3 and shape[2] not in CHANNELS):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels, got {image_shape!r}"
        )
    return tuple(int(side) for side in shape)


def holds_pixels(array: NDArray[Any]) -> bool:
    """Tell whether an array has one of the dtypes of images."""
    return array.dtype.type in _IMAGE_TYPES


def as_image_batch(
    X: ArrayLike,
    image_shape: Sequence[int] | None = None,
    *,
    name: str = "X",
    counted: bool = False,
) -> NDArray[Any]:
    """View X as images of shape (n, H, W) or (n, H, W, C), without a copy if NumPy can."""
    batch = stack_images(X, name)
    if not holds_pixels(batch):
        kind = batch.dtype.kind
        advice = DTYPE_ADVICE.get(kind, "") if (batch.ndim > 1) != (kind == "U") else ""
        raise TypeError(
            f"{name} must hold images of dtype uint8, uint16, float32 or float64, "
            f"got {batch.dtype.name}{advice}"
        )
    shape = None if image_shape is None else check_image_shape(image_shape)
    # A table of the very shape of an image is one image, which is refused below.
    if batch.ndim == 2 and batch.shape != shape:
        return _unflatten(batch, shape, name)
    # If labels say how many images there are (`counted`), (n, H, 3) are n grey images, 3 wide.
    refuse_single_image(batch, shape, name, counted=counted)
    if batch.ndim not in (3, 4) or (batch.ndim == 4 and batch.shape[3] not in CHANNELS):
        first = batch.ndim == 4 and batch.shape[1] in CHANNELS
        # A tensor's own transpose is not what np.moveaxis takes it for.
        remedy = "; the channels are first: pass np.moveaxis(np.asarray(X), 1, -1)"
        advice = remedy if first else ""
        raise ValueError(
            f"{name} must be images of shape (n, H, W) or (n, H, W, C) with 1, 3 or 4 channels "
            f"last, got shape {batch.shape}{advice}"
        )
    if shape is not None and shape != batch.shape[1:]:
        raise ValueError(
            f"image_shape={shape} does not fit {name}, whose images have shape {batch.shape[1:]}"
        )
    if 0 in batch.shape[1:]:
        raise ValueError(f"{name} must hold images of at least 1 x 1 pixel, got {batch.shape}")
    return batch


def _unflatten(rows: NDArray[Any], image_shape: tuple[int, ...] | None, name: str) -> NDArray[Any]:
    """View flattened rows as images."""
    n_values = rows.shape[1]
    if n_values == 0:
        raise ValueError(f"{name} must hold images of at least 1 x 1 pixel, got {rows.shape}")
    if image_shape is None:
        raise ValueError(
            f"image_shape is needed for 2-D {name} of {n_values} columns, for example "
            f"image_shape={suggest_image_shape(n_values)}; for one grey image pass image[None]"
        )
    expected = math.prod(image_shape)
    if expected != n_values:
        raise ValueError(
            f"image_shape={image_shape} makes {expected} values an image, but {name} has "
            f"{n_values} columns; image_shape={suggest_image_shape(n_values)} would fit"
        )
    return rows.reshape(len(rows), *image_shape)


def refuse_single_image(
    batch: NDArray[Any],
    image_shape: tuple[int, ...] | None = None,
    name: str = "X",
    *,
    counted: bool = False,
) -> None:
    """Refuse a single image, recognised by its shape: grey images 3 pixels wide are implausible."""
    shape = batch.shape
    wanted = f"{name} must be a batch of images, got one image"
    if shape == image_shape:
        raise ValueError(f"{wanted} of shape {shape}; pass image[None]")
    if batch.ndim != 3 or image_shape is not None or counted:
        return
    side = sorted(shape)[1]
    # Small arrays of floats may be anything; photographs are larger.
    if side < 2 or (batch.dtype != np.uint8 and side < _PHOTO_SIDE):
        return
    if shape[2] in CHANNELS:
        raise ValueError(f"{wanted} of shape {shape}; pass image[None]")
    if shape[0] == 3 and min(shape[1:]) > 3:
        raise ValueError(
            f"{wanted} with its channels first, of shape {shape}; set "
            "image = np.moveaxis(image, 0, -1) and pass image[None], or pass X[..., None] for "
            "3 grey images"
        )


def check_read_image(image: NDArray[Any]) -> NDArray[Any]:
    """Check one image that the user's own `reader` returned."""
    fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in CHANNELS)
    if not fits or image.size == 0 or not holds_pixels(image):
        raise ValueError(
            "reader must give (H, W) or (H, W, C) with 1, 3 or 4 channels of "
            f"uint8, uint16, float32 or float64, got shape {image.shape} of {image.dtype}"
        )
    return image


def stack_images(X: Any, name: str = "X") -> NDArray[Any]:
    """Convert a batch to one array, or raise an error; the dtype is not checked."""
    if type(X) is np.ndarray and holds_pixels(X):
        return X
    if isinstance(X, Iterator):
        raise TypeError(
            f"{name} must be an array or a list of images, got a {type(X).__name__}; "
            f"pass list({name})"
        )
    check_open(X, name)
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(f"{name} must have no masked values; pass {name}.filled(0)")
    is_objects = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    if not (isinstance(X, list | tuple) or is_objects) or not all(map(_is_array, X)):
        return to_numpy(X)
    images = [to_numpy(each) for each in X]
    for place, image in enumerate(images):
        if image.shape != images[0].shape:
            raise ValueError(
                f"{name} must hold images of one shape, got {images[0].shape} and, at position "
                f"{place}, {image.shape}; resize them to one (height, width) first"
            )
        if image.dtype != images[0].dtype:
            raise TypeError(
                f"{name} must hold images of one dtype, got {images[0].dtype} and, at position "
                f"{place}, {image.dtype}"
            )
    return np.stack(images) if images else np.asarray(X)


def is_flattened(X: Any) -> bool:
    """Say whether a batch consists of flattened rows."""
    if hasattr(X, "ndim"):
        return bool(X.ndim == 2)
    return len(X) > 0 and len(getattr(X[0], "shape", np.shape(X[0]))) == 1


def _is_array(image: Any) -> bool:
    """Tell arrays, tensors and PIL images, which have the second attribute alone, from scalars."""
    has_values = hasattr(image, "__array__") or hasattr(image, "__array_interface__")
    return has_values and not isinstance(image, np.generic)


def suggest_image_shape(n_values: int) -> tuple[int, ...]:
    """Suggest the most square image shape with `n_values`: colour if divisible by 3, else grey."""
    channels = 3 if n_values % 3 == 0 else 1
    n_pixels = n_values // channels
    height = max(h for h in range(1, int(n_pixels**0.5) + 1) if n_pixels % h == 0)
    shape = (height, n_pixels // height)
    return (*shape, 3) if channels == 3 else shape


def find_value_range(
    dtype: np.dtype[Any], value_range: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the values of black and white: as given, the range of uint8 or uint16, or 0 and 1."""
    natural = (0.0, 2.0 ** (8 * dtype.itemsize) - 1 if dtype.kind == "u" else 1.0)
    if value_range is None:
        return natural
    values = list_items(value_range)
    if len(values) != 2 or not all(isinstance(bound, Real) for bound in values):
        raise TypeError(
            f"value_range must be two numbers, such as (0, 255), or None, got {value_range!r}"
        )
    pair = float(values[0]), float(values[1])
    if not -math.inf < pair[0] < pair[1] < math.inf:
        raise ValueError(f"value_range must be a rising pair of numbers, got {value_range!r}")
    if dtype.kind == "u" and pair != natural:
        raise ValueError(
            f"value_range of {dtype.name} images is {natural}, got {value_range!r}; "
            "leave it at None or pass floats"
        )
    return pair


def check_value_range(batch: NDArray[Any], bounds: tuple[float, float]) -> None:
    """Refuse floats that are not finite or lie outside (black, white); integers always pass."""
    if batch.dtype.kind != "f" or batch.size == 0:
        return
    low, high = float(batch.min()), float(batch.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("X must be finite, got NaN or infinity")
    if low < bounds[0] or high > bounds[1]:
        advice = "scale them to this range first"
        if low >= 0 and high <= 255 and bounds == (0, 1):
            advice = (
                "divide floats from 0 to 255 by 255 (ImageAugmenter and ColorHistogram also take "
                "value_range=(0, 255))"
            )
        raise ValueError(
            f"X must lie between {bounds[0]:g} and {bounds[1]:g}, got values from {low:g} to "
            f"{high:g}; {advice}"
        )
