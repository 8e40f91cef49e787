"""Images of the right size in, numbers for a model out. What is learned and chosen: _scaler.py."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import is_real, list_items
from sklmerge._contract import find_value_range

Chunks = Iterable[NDArray[np.float64]]


def measure_channels(
    chunks: Chunks, n_channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure mean and standard deviation of each channel over all images, a few at a time.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (m, H, W) or (m, H, W, C)
        Images, a few at a time.
    n_channels : int
        C, or 1.

    Returns
    -------
    mean, std : ndarray of float64, shape (n_channels,)

    References
    ----------
    Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", 1979: how two sums of squared deviations join without losing digits.
    """
    n_seen, mean, deviations = 0, np.zeros(1), np.zeros(1)
    for chunk in chunks:
        pixels = chunk.reshape(-1, n_channels)
        own_mean = pixels.mean(axis=0)
        own_deviations = ((pixels - own_mean) ** 2).sum(axis=0)
        n_all = n_seen + len(pixels)
        step = own_mean - mean
        deviations = deviations + own_deviations + step**2 * (n_seen * len(pixels) / n_all)
        mean = mean + step * (len(pixels) / n_all)
        n_seen = n_all
    return mean, np.sqrt(deviations / n_seen)


def measure_whitening(chunks: Chunks, epsilon: float) -> NDArray[np.float64]:
    """Find the matrix that makes the values of an image uncorrelated and changes it least.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (m, ...)
        Images of d values each, a few at a time.
    epsilon : float
        Added to every singular value.

    Returns
    -------
    ndarray of float64, shape (d, d)
        Symmetric; what flattened images are multiplied by.

    References
    ----------
    Bell and Sejnowski, "The 'independent components' of natural scenes are edge filters", 1997.
    The formula is that of Keras' ``ImageDataGenerator.fit``: U diag(sqrt(n) / (s + epsilon)) U',
    where U and s are left singular vectors and singular values of the images as columns.
    """
    rows = np.concatenate([chunk.reshape(len(chunk), -1) for chunk in chunks])
    vectors, singular, _ = np.linalg.svd(rows.T, full_matrices=False)
    return (vectors * (np.sqrt(len(rows)) / (singular + epsilon))) @ vectors.T


def check_whitening_fits(n_images: int, shape: tuple[int, ...]) -> None:
    """Refuse to whiten images whose matrix would not fit in memory, with the figure.

    Parameters
    ----------
    n_images : int
        Training images.
    shape : tuple of int
        Of one image.

    Raises
    ------
    ValueError
        If what `measure_whitening` holds at a time is more than the machine's memory.
    """
    n_values = int(np.prod(shape))
    # The matrix, and images and singular vectors twice each.
    needed = 8 * (n_values**2 + 4 * n_values * n_images)
    memory = find_memory()
    if needed > memory:
        raise ValueError(
            f"zca_whitening of images of {' x '.join(map(str, shape))} needs a matrix of "
            f"{n_values:,} x {n_values:,} values, with work space {needed / 1e9:,.1f} GB of "
            f"{memory / 1e9:,.1f} GB of memory; pass a smaller image_size, such as (32, 32)"
        )


def find_memory() -> int:
    """Return the machine's memory in bytes, or 16 GB where the system does not say."""
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 16 * 10**9


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


def read_normalization(
    mean: Any, std: Any, dtype: np.dtype[Any], n_channels: int, *, rescaled: bool = False
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Turn a given mean and std into gain and bias, for images of a dtype.

    Values up to 1 are shares of white, as ImageNet's are published, unless the images are rescaled
    already; if any is above 1, all are in units of the images. The gain is None if both are None.

    Examples
    --------
    >>> gain, bias = read_normalization(0.5, 0.25, np.dtype("uint8"), 1)
    >>> [float(value * gain[0] + bias[0]) for value in (0, 255)]
    [-2.0, 2.0]
    """
    if mean is None and std is None:
        return None, np.zeros(1)
    means = _check_channels("mean", 0 if mean is None else mean, n_channels)
    stds = _check_channels("std", 1 if std is None else std, n_channels)
    if (stds <= 0).any():
        raise ValueError(f"std must be above 0, got {std!r}")
    shares = not rescaled and max(np.abs(means).max(), stds.max()) <= 1
    white = find_value_range(dtype, None)[1] if shares else 1.0
    return 1 / (stds * white), -means / stds


def _check_channels(name: str, values: Any, n_channels: int) -> NDArray[np.float64]:
    numbers = (values,) if is_real(values) else list_items(values)
    if not numbers or not all(map(is_real, numbers)):
        raise TypeError(f"{name} must be a number, or one for each channel, got {values!r}")
    if len(numbers) not in (1, n_channels):
        raise ValueError(
            f"{name} must be a number, or one for each of {n_channels} channels, got {values!r}"
        )
    return np.array(numbers, dtype=np.float64)


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
