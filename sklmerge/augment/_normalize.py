"""Images of the right size in, numbers for a model out. What is learned and chosen: _scaler.py."""

from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

GainBias = tuple[NDArray[np.float64], NDArray[np.float64]]


def scale_integers(images: Iterable[NDArray[Any]], affine: GainBias, out: NDArray[Any]) -> None:
    """Multiply each channel of integer images, and add to it.

    Parameters
    ----------
    images : iterable of n ndarrays of shape (H, W) or (H, W, C)
        uint8 or uint16.
    affine : (gain, bias), each an ndarray of shape (1,) or (C,)
        What values are multiplied by, and what is added to them.
    out : ndarray of float32 or float64, shape (n, H, W) or (n, H, W, C)
        Contiguous; filled.
    """
    n_channels = out.shape[3] if out.ndim == 4 else 1
    matrix = np.zeros((n_channels, n_channels + 1))
    np.fill_diagonal(matrix, affine[0])
    matrix[:, -1] = affine[1]
    for image, place in zip(images, out, strict=True):
        np.copyto(place, image)
        cv2.transform(place, matrix, dst=place)


def preprocess_images(
    images: NDArray[Any], function: Callable[[NDArray[Any]], ArrayLike], dtype: str
) -> NDArray[np.float64]:
    """Call a user's function on a copy of each image, and refuse another shape.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Of any dtype.
    function : callable
        Image -> image.
    dtype : {"float32", "float64"}
        Of what the function gets.

    Returns
    -------
    ndarray of float64, of the same shape

    Raises
    ------
    ValueError
        If the function returns another shape.
    """
    prepared = np.empty(images.shape)
    for image, place in zip(images, prepared, strict=True):
        result = np.asarray(function(image.astype(dtype)))
        if result.shape != image.shape:
            raise ValueError(
                f"preprocessing_function must keep the shape {image.shape}, got {result.shape}"
            )
        place[...] = result
    return prepared
