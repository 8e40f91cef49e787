"""The image contract: what an array of images may be, and the one place that checks it."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

IMAGE_DTYPES = ("uint8", "uint16", "float32", "float64")
CHANNELS = (1, 3, 4)


def check_image_shape(image_shape: Sequence[int]) -> tuple[int, ...]:
    """Check a height, a width and, where there are any, a number of channels.

    Parameters
    ----------
    image_shape : sequence of 2 or 3 int
        ``(height, width)`` or ``(height, width, channels)``, channels in 1, 3, 4.

    Returns
    -------
    tuple of int
        The same numbers, as plain integers.

    Raises
    ------
    ValueError
        If it has another length, a number below 1, or another number of channels.
    """
    shape = tuple(image_shape) if isinstance(image_shape, Sequence | np.ndarray) else ()
    whole = all(isinstance(side, numbers.Integral) and side >= 1 for side in shape)
    if len(shape) not in (2, 3) or not whole or (len(shape) == 3 and shape[2] not in CHANNELS):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels, got {image_shape!r}"
        )
    return tuple(int(side) for side in shape)


def as_image_batch(
    X: ArrayLike, image_shape: Sequence[int] | None = None, *, name: str = "X"
) -> NDArray[Any]:
    """View a batch of images, or of flattened images, as an array of images.

    Parameters
    ----------
    X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
        Images, channels last. Flattened rows need `image_shape`.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of one flattened image.
    name : str, default="X"
        What errors call the batch.

    Returns
    -------
    ndarray of shape (n, H, W) or (n, H, W, C)
        A view of X wherever numpy can give one.

    Raises
    ------
    ValueError
        If the rank, the number of channels or `image_shape` does not fit.
    TypeError
        If the values are no uint8, uint16, float32 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge._contract import as_image_batch
    >>> as_image_batch(np.zeros((2, 7500), np.uint8), image_shape=(50, 50, 3)).shape
    (2, 50, 50, 3)
    """
    batch = stack_images(X, name)
    if batch.dtype.name not in IMAGE_DTYPES:
        levels = batch.dtype.kind == "i" and batch.ndim > 1
        advice = "; levels from 0 to 255 are np.asarray(X, np.uint8)" if levels else ""
        raise TypeError(
            f"{name} must hold images of dtype uint8, uint16, float32 or float64, "
            f"got {batch.dtype.name}{advice}"
        )
    if batch.ndim == 2:
        if image_shape is None:
            raise ValueError(
                f"image_shape is needed for 2-D {name} of {batch.shape[1]} columns, "
                f"for example image_shape={suggest_image_shape(batch.shape[1])}"
            )
        shape = check_image_shape(image_shape)
        if int(np.prod(shape)) != batch.shape[1]:
            raise ValueError(
                f"image_shape={shape} makes {int(np.prod(shape))} values an image, "
                f"but {name} has {batch.shape[1]} columns"
            )
        return batch.reshape(len(batch), *shape)
    if batch.ndim not in (3, 4) or (batch.ndim == 4 and batch.shape[3] not in CHANNELS):
        raise ValueError(
            f"{name} must be images of shape (n, H, W) or (n, H, W, C) with 1, 3 or 4 channels "
            f"last, got shape {batch.shape}"
        )
    if image_shape is not None and check_image_shape(image_shape) != batch.shape[1:]:
        raise ValueError(
            f"image_shape={tuple(image_shape)} does not fit {name}, whose images have shape "
            f"{batch.shape[1:]}"
        )
    if 0 in batch.shape[1:]:
        raise ValueError(f"{name} must hold images of at least 1 x 1 pixel, got {batch.shape}")
    return batch


def stack_images(X: ArrayLike, name: str = "X") -> NDArray[Any]:
    """Make an array of a batch, or say which of its images have not one shape.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge._contract import stack_images
    >>> stack_images([np.zeros((4, 6)), np.zeros((4, 5))])
    Traceback (most recent call last):
    ValueError: X must hold images of one shape, got (4, 6) and, at position 1, (4, 5)
    """
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim):
        shapes = [image.shape for image in X if isinstance(image, np.ndarray) and image.ndim > 1]
        place = next((place for place, shape in enumerate(shapes) if shape != shapes[0]), None)
        if place is not None and len(shapes) == len(X):
            raise ValueError(
                f"{name} must hold images of one shape, got {shapes[0]} and, at position {place}, "
                f"{shapes[place]}"
            )
    return np.asarray(X)


def suggest_image_shape(n_values: int) -> tuple[int, ...]:
    """Suggest the most square colour or grey image shape that has so many values.

    Examples
    --------
    >>> from sklmerge._contract import suggest_image_shape
    >>> suggest_image_shape(7500)
    (50, 50, 3)
    """
    channels = 3 if n_values % 3 == 0 else 1
    n_pixels = n_values // channels
    height = max(h for h in range(1, int(n_pixels**0.5) + 1) if n_pixels % h == 0)
    shape = (height, n_pixels // height)
    return (*shape, 3) if channels == 3 else shape


def find_value_range(
    dtype: np.dtype[Any], value_range: tuple[float, float] | None
) -> tuple[float, float]:
    """Find the smallest and the largest value that an image of a dtype may have.

    Parameters
    ----------
    dtype : dtype
        Of the images.
    value_range : (float, float) or None
        What the user set; None means 0 to 255, 0 to 65535, or 0 to 1 for floats.

    Returns
    -------
    (float, float)
        Black and white in input units.

    Raises
    ------
    TypeError
        If the range is no pair of numbers.
    ValueError
        If they do not rise, or are given for integers and are not theirs.
    """
    natural = (0.0, float(np.iinfo(dtype).max)) if dtype.kind == "u" else (0.0, 1.0)
    if value_range is None:
        return natural
    values = tuple(value_range) if isinstance(value_range, Sequence | np.ndarray) else ()
    if len(values) != 2 or not all(isinstance(bound, numbers.Real) for bound in values):
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


def check_value_range(
    batch: NDArray[Any],
    bounds: tuple[float, float],
    advice: str = "for floats from 0 to 255 pass value_range=(0, 255)",
) -> None:
    """Refuse floats that are not finite or lie outside the range of values they should have.

    Parameters
    ----------
    batch : ndarray
        Images of any dtype; integers always pass.
    bounds : (float, float)
        Black and white, see `find_value_range`.
    advice : str
        What to do about values beyond them.

    Raises
    ------
    ValueError
        Naming the values found.
    """
    if batch.dtype.kind != "f" or batch.size == 0:
        return
    low, high = float(batch.min()), float(batch.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("X must be finite, got NaN or infinity")
    if low < bounds[0] or high > bounds[1]:
        raise ValueError(
            f"X must lie between {bounds[0]:g} and {bounds[1]:g}, got values from {low:g} to "
            f"{high:g}; {advice}"
        )
