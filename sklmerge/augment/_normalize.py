"""Images of the right size in, input for a model out. Options and statistics are in _scaler.py."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import is_real, list_items
from sklmerge._contract import find_value_range

Chunks = Iterable[NDArray[np.float64]]


class ChannelMoments(NamedTuple):
    """Statistics so far: number of pixels, and mean and squared deviations of each channel."""

    n_pixels: int
    mean: NDArray[np.float64]
    deviations: NDArray[np.float64]


def add_pixels(seen: ChannelMoments | None, chunk: NDArray[np.float64]) -> ChannelMoments:
    """Add the pixels of images of shape (m, H, W) or (m, H, W, C) to the statistics."""
    pixels = chunk.reshape(-1, chunk.shape[3] if chunk.ndim == 4 else 1)
    mean = pixels.mean(axis=0)
    deviations = ((pixels - mean) ** 2).sum(axis=0)
    if seen is None:
        return ChannelMoments(len(pixels), mean, deviations)
    n_all = seen.n_pixels + len(pixels)
    # Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    # Variances", 1979: how two sums of squared deviations join without losing digits.
    step = mean - seen.mean
    return ChannelMoments(
        n_all,
        seen.mean + step * (len(pixels) / n_all),
        seen.deviations + deviations + step**2 * (seen.n_pixels * len(pixels) / n_all),
    )


def measure_whitening(chunks: Chunks, epsilon: float) -> NDArray[np.float64]:
    """Find the symmetric matrix that decorrelates the values of images with the least change."""
    # Bell and Sejnowski, "The 'independent components' of natural scenes are edge filters", 1997.
    # The formula is that of Keras' `ImageDataGenerator.fit`, U diag(sqrt(n) / (s + epsilon)) U',
    # where U and s are left singular vectors and singular values of the images as columns.
    rows = np.concatenate([chunk.reshape(len(chunk), -1) for chunk in chunks])
    vectors, singular, _ = np.linalg.svd(rows.T, full_matrices=False)
    return (vectors * (np.sqrt(len(rows)) / (singular + epsilon))) @ vectors.T


def check_whitening_fits(n_images: int, shape: tuple[int, ...]) -> None:
    """Refuse to whiten images if `measure_whitening` would need more than the machine's memory."""
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
    """Return the machine's memory in bytes, or 16 GB if it is unknown."""
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 16 * 10**9


GainBias = tuple[NDArray[np.float64], NDArray[np.float64]]
Image = NDArray[Any]
Images = Iterable[NDArray[Any]]
# Keras adds it to every standard deviation that it divides by.
EPSILON = 1e-6
# Beyond it, float32 loses too many digits in the difference of two large numbers.
_LARGEST_BIAS = 1e4


@dataclass(frozen=True)
class Preparation:
    """The steps for images of the right size, of one dtype and number of channels."""

    function: Callable[[NDArray[Any]], ArrayLike] | None
    rescale: float
    samplewise_center: bool
    samplewise_std: bool
    # What follows for every image alike.
    affine: GainBias
    whitening: NDArray[np.float64] | None
    dtype: np.dtype[Any]

    def start(self) -> Callable[[Images, Image], None]:
        """Return a function, for one thread, that writes (H, W) or (H, W, C) images to an array."""
        # Its buffers are used again for each image: new memory costs more than the arithmetic.
        scale = Scale(self._all)
        samplewise = self.samplewise_center or self.samplewise_std

        def run(images: Images, out: Image) -> None:
            if self.whitening is not None:
                out[...] = whiten(self.run_exactly(images, out.shape), self.whitening)
                return
            for image, place in zip(images, out, strict=True):
                values = self._preprocess(image)
                scale(values, place, self._join(values) if samplewise else None)

        return run

    def run_exactly(
        self, images: Iterable[NDArray[Any]], shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        """Apply all steps that precede whitening, in float64, for statistics and for whitening."""
        prepared = np.empty(shape)
        for image, place in zip(images, prepared, strict=True):
            place[...] = self._preprocess(image)
            place *= self.rescale
            if self.samplewise_center:
                place -= place.mean()
            if self.samplewise_std:
                place /= place.std() + EPSILON
            gain, bias = self.affine
            if (gain != 1).any() or bias.any():
                place *= gain
                place += bias
        return prepared

    @property
    def _all(self) -> GainBias:
        return self.rescale * self.affine[0], self.affine[1]

    def _preprocess(self, image: NDArray[Any]) -> NDArray[Any]:
        if self.function is None:
            return image
        result = np.asarray(self.function(image.astype(self.dtype)))
        if result.shape != image.shape:
            raise ValueError(
                f"preprocessing_function must keep the shape {image.shape}, got {result.shape}"
            )
        return result

    def _join(self, image: NDArray[Any]) -> GainBias:
        """Combine the mean and deviation of an image with the steps for all images."""
        mean, std = measure_image(image)
        mean, std = mean * self.rescale, std * abs(self.rescale)
        gain, bias = self.affine
        own = gain / (std + EPSILON) if self.samplewise_std else gain
        shift = mean if self.samplewise_center else 0.0
        return self.rescale * own, bias - shift * own


def measure_image(image: NDArray[Any]) -> tuple[float, float]:
    """Measure the mean and the standard deviation of all values of an image."""
    if image.dtype.name in ("uint8", "uint16", "float32"):
        flat = np.ascontiguousarray(image).reshape(len(image), -1)
        means, stds = cv2.meanStdDev(flat)
        mean, std = float(means[0, 0]), float(stds[0, 0])
        # The difference of two sums has no digits left if the deviation is so small.
        if std > 1e-3 * abs(mean):
            return mean, std
    values = image.astype(np.float64)
    return float(values.mean()), float(values.std())


class Factors(NamedTuple):
    """Factors and offsets of channels, separately and as one matrix."""

    gain: NDArray[np.float64]
    bias: NDArray[np.float64]
    # None if float32 would lose too many digits in the sum.
    matrix: NDArray[np.float64] | None


class Scale:
    """Multiplies each channel by a factor and adds an offset, in few passes over memory."""

    def __init__(self, affine: GainBias) -> None:
        self.affine = affine
        self.alike = all((part == part[0]).all() for part in affine)
        # All made at the first image.
        self.factors: Factors | None = None
        self.stage: NDArray[Any] | None = None
        self.table: NDArray[Any] | None = None

    def __call__(
        self, image: NDArray[Any], place: NDArray[Any], own: GainBias | None = None
    ) -> None:
        """Scale an image into a contiguous array of float32 or float64."""
        if self.factors is None:
            self.factors = make_factors(self.affine, place)
        if own is not None:
            factors = make_factors(own, place)
        elif self.alike and image.dtype == np.uint8 and place.dtype == np.float32:
            if self.table is None:
                self.table = make_table(self.factors, place)
            cv2.LUT(image, self.table, dst=place)
            return
        else:
            factors = self.factors
        if image.dtype == place.dtype or image.dtype == np.float64:
            scale_image(image, factors, place)
            return
        # Memory is written once: what lies between stays in the cache.
        if self.stage is None or self.stage.shape != image.shape:
            self.stage = np.empty(image.shape, place.dtype)
        np.copyto(self.stage, image)
        scale_image(self.stage, factors, place)


def make_factors(affine: GainBias, place: NDArray[Any]) -> Factors:
    """Make the factors of the channels of an image."""
    gain, bias = affine
    if np.abs(bias).max() > _LARGEST_BIAS:
        return Factors(gain, bias, None)
    n_channels = place.shape[2] if place.ndim == 3 else 1
    matrix = np.zeros((n_channels, n_channels + 1))
    np.fill_diagonal(matrix, gain)
    matrix[:, -1] = bias
    return Factors(gain, bias, matrix)


def make_table(factors: Factors, place: NDArray[Any]) -> NDArray[Any]:
    """Make the table that maps uint8 levels, the same for all channels."""
    levels = np.arange(256, dtype=np.float32)
    if place.ndim == 3:
        levels = np.repeat(levels, place.shape[2])
    levels = levels.reshape(1, 256, *place.shape[2:])
    table = np.empty_like(levels)
    scale_image(levels, factors, table)
    return np.ascontiguousarray(table.reshape(256, -1)[:, 0])


def scale_image(image: NDArray[Any], factors: Factors, place: NDArray[Any]) -> None:
    """Multiply each channel of an image by a factor and add an offset, into a contiguous array."""
    if factors.matrix is None or image.dtype != place.dtype:
        place[...] = image * factors.gain + factors.bias
    else:
        # OpenCV's own loop is several times as fast as NumPy's.
        cv2.transform(image, factors.matrix, dst=place)


def whiten(prepared: NDArray[np.float64], whitening: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply flattened images by the whitening matrix."""
    flat = prepared.reshape(len(prepared), -1)
    if flat.shape[1] != len(whitening):
        raise ValueError(
            f"X must have images of {len(whitening)} values as in fit, got {flat.shape[1]}"
        )
    return (flat @ whitening).reshape(prepared.shape)


def read_normalization(
    mean: Any,
    std: Any,
    dtype: np.dtype[Any],
    n_channels: int | None,
    *,
    rescaled: bool = False,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Convert mean and std to gain and bias for images of a dtype; no gain if both are None."""
    if mean is None and std is None:
        return None, np.zeros(1)
    means = _check_channels("mean", 0 if mean is None else mean, n_channels)
    stds = _check_channels("std", 1 if std is None else std, n_channels)
    if (stds <= 0).any():
        raise ValueError(f"std must be above 0, got {std!r}")
    # Values up to 1 are shares of white, as ImageNet's are published, unless the images are
    # rescaled already; if any is above 1, all are in units of the images.
    shares = not rescaled and max(np.abs(means).max(), stds.max()) <= 1
    white = find_value_range(dtype, None)[1] if shares else 1.0
    return 1 / (stds * white), -means / stds


def _check_channels(name: str, values: Any, n_channels: int | None) -> NDArray[np.float64]:
    numbers = (values,) if is_real(values) else list_items(values)
    if not numbers or not all(map(is_real, numbers)):
        raise TypeError(f"{name} must be a number, or one for each channel, got {values!r}")
    if n_channels is not None and len(numbers) not in (1, n_channels):
        raise ValueError(
            f"{name} must be a number, or one for each of {n_channels} channels, got {values!r}"
        )
    return np.array(numbers, dtype=np.float64)
