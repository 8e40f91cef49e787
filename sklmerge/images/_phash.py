"""Perceptual hashes: grey pixels in, hashes and pairs of near hashes out. No file is read here."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
_LOW = 8
# More images than this that share a part of their hashes are compared with their neighbours alone.
MOST_IN_A_BUCKET = 256
# Larger sides are shrunk by areas first: Lanczos over a photograph costs as much as decoding it.
_AREA_SIDE = 16 * SIDE
# Beyond as many pixels Pillow is as fast as products of matrices, and BLAS would start threads.
_MOST_BY_MATRIX = 8192
# Half of the last digit of Pillow's weights: halves are rounded up, where OpenCV rounds to even.
_UP: Any = 2.0**-23


def make_grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert an image, with any channels and dtype, to a grey one of at most 512 x 512 pixels."""
    grey = _to_grey(image)
    size = min(grey.shape[1], _AREA_SIDE), min(grey.shape[0], _AREA_SIDE)
    if size != grey.shape[::-1]:
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    # It is kept for a while, and somebody's reader may put every image into the same array.
    return grey.copy() if np.may_share_memory(grey, image) else grey


def shrink_grey(images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Shrink what `make_grey` gives to 32 x 32 pixels, as Pillow's Lanczos filter does."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        by_shape.setdefault(image.shape, []).append(place)
    thumbnails: list[NDArray[np.uint8]] = list(images)
    for (height, width), places in by_shape.items():
        # It computes its weights for every image, and takes 45 us for 40 x 50 pixels: one at a time
        # a product takes 24, and 10 if there are 16 images of a size. It filters the rows first if
        # there are no more of them than columns; if not, versions differ.
        if height <= width and width * height <= _MOST_BY_MATRIX:
            small = list(_shrink_by_matrix(np.stack([images[place] for place in places])))
        else:
            small = [_shrink_by_pillow(images[place]) for place in places]
        for place, thumbnail in zip(places, small, strict=True):
            thumbnails[place] = thumbnail
    return thumbnails


def _shrink_by_matrix(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    n, height, width = images.shape
    # Sums are exact whatever their order: 8 bits of a pixel by 22 of a weight. Of many images the
    # products are as many, and none is so large that BLAS would start threads.
    rows = (images.astype(np.float64) @ _weigh_columns(width)).reshape(-1, SIDE)
    narrow = np.asarray(cv2.add(rows, _UP, dtype=cv2.CV_8U)).reshape(n, height, SIDE)
    columns = (_weigh_side(height) @ narrow.astype(np.float64)).reshape(-1, SIDE)
    return np.asarray(cv2.add(columns, _UP, dtype=cv2.CV_8U), np.uint8).reshape(n, SIDE, SIDE)


def _shrink_by_pillow(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Of a small image half of the time would go into Image.fromarray and np.asarray.
    whole = Image.frombuffer("L", grey.shape[::-1], grey, "raw", "L", 0, 1)
    shrunk = whole.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.frombuffer(shrunk.tobytes(), np.uint8).reshape(SIDE, SIDE)


@lru_cache(128)
def _weigh_side(side: int) -> NDArray[np.float64]:
    """Return Pillow's Lanczos weights of so many pixels for each of 32."""
    # Whole numbers, since Pillow itself rounds its weights to 22 bits behind the point.
    units = Image.fromarray(np.eye(side, dtype=np.int32) << 22)
    weights = np.asarray(units.resize((SIDE, side), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(weights.T / 2.0**22)


@lru_cache(128)
def _weigh_columns(side: int) -> NDArray[np.float64]:
    """Return the same, a column for each of 32: products of contiguous arrays are faster."""
    return np.ascontiguousarray(_weigh_side(side).T)


def _to_grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype.kind == "f":
        # No file tells the range of its floats: they are stretched from the least to the largest.
        low, high = float(np.nanmin(image)), float(np.nanmax(image))
        scaled = (np.nan_to_num(image) - low) * (255 / (high - low) if high > low else 0)
        image = np.clip(scaled, 0, 255)
    elif image.dtype != np.uint8:
        image = image.astype(np.float32) * np.float32(255 / np.iinfo(image.dtype).max)
    pixels = np.ascontiguousarray(image.astype(np.uint8, copy=False))
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] in (3, 4):
        code = cv2.COLOR_RGB2GRAY if pixels.shape[2] == 3 else cv2.COLOR_RGBA2GRAY
        return np.asarray(cv2.cvtColor(pixels, code), np.uint8)
    return pixels.mean(axis=2).astype(np.uint8)


@cache
def _cosines() -> NDArray[np.float64]:
    """Return the rows of the discrete cosine transform (type II) of the 8 lowest frequencies."""
    frequencies, places = np.arange(_LOW)[:, None], np.arange(SIDE)[None]
    return np.asarray(2 * np.cos(np.pi * frequencies * (2 * places + 1) / (2 * SIDE)))


def hash_thumbnails(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash thumbnails of shape (n, 32, 32) to 64 bits each, ordered as in `imagehash.phash`."""
    hashes = np.empty(len(thumbnails), np.uint64)
    cosines = _cosines()
    for start in range(0, len(thumbnails), 4096):
        some = thumbnails[start : start + 4096].astype(np.float64)
        # Rounded, because sums in another order differ in their last digits.
        low = (cosines @ some @ cosines.T).reshape(len(some), -1).round(6)
        # One bit for each of the 64 lowest frequencies: whether it lies above their median, which
        # np.median takes eight times as long to find.
        middle = np.sort(low, axis=1)[:, 31:33]
        bits = low > middle.mean(axis=1, keepdims=True)
        hashes[start : start + 4096] = np.packbits(bits, axis=1).view(">u8")[:, 0]
    return hashes


def correlate(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Correlate the pixels (Pearson) of thumbnails of shape (n, 32, 32), pair by pair."""
    pairs = [each.reshape(len(each), -1).astype(np.float64) for each in (first, second)]
    means = [each.mean(axis=1) for each in pairs]
    centred = [each - mean[:, None] for each, mean in zip(pairs, means, strict=True)]
    norms = [np.linalg.norm(each, axis=1) for each in centred]
    # Below half a level of standard deviation there is no picture, only noise.
    flat = [norm < SIDE / 2 for norm in norms]
    products = np.einsum("ij,ij->i", *centred)
    correlations = products / np.maximum(norms[0] * norms[1], 1e-9)
    # Two images of nearly one colour each have no correlation: 1 if their colours are within 2
    # levels, else 0.
    alike = (np.abs(means[0] - means[1]) <= 2).astype(np.float64)
    return np.where(flat[0] & flat[1], alike, correlations)


def pair_hashes(
    hashes: NDArray[np.uint64], max_distance: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find pairs within `max_distance` (0 to 30) bits, and the rows with comparisons left out."""
    n = len(hashes)
    found = [np.empty(0, np.int64)]
    is_capped = np.zeros(n, np.bool_)
    # Of max_distance + 2 bands, two hashes within max_distance bits share at least two, so only
    # those that do are compared: 15 sorts for a distance of 4.
    for turned, n_rest in _turn_bands(hashes, max_distance):
        # A bucket is in the order of the other bits, so neighbours are near where it is capped.
        order = np.argsort(turned)
        turned = turned[order]
        keys = turned >> np.uint64(n_rest)
        places = np.arange(n)
        for step in range(1, MOST_IN_A_BUCKET + 1):
            places = places[: np.searchsorted(places, n - step)]
            places = places[keys[places] == keys[places + step]]
            if not len(places):
                break
            differing = np.bitwise_count(turned[places] ^ turned[places + step])
            near = places[differing <= max_distance]
            rows, others = order[near], order[near + step]
            found.append(np.minimum(rows, others) * np.int64(n) + np.maximum(rows, others))
        else:
            # Too many share these two bands: some comparisons were not made.
            is_capped[order[places]] = True
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // max(n, 1), codes % max(n, 1)], axis=1), np.flatnonzero(is_capped)


def _turn_bands(
    hashes: NDArray[np.uint64], max_distance: int
) -> Iterator[tuple[NDArray[np.uint64], int]]:
    """Move every two of ``max_distance + 2`` bands to the front; tell how many bits are behind."""
    bounds = np.linspace(0, 64, max_distance + 3).astype(int).tolist()
    bands = list(pairwise(bounds))
    for pair in combinations(bands, 2):
        turned = np.zeros_like(hashes)
        for start, stop in (*pair, *(band for band in bands if band not in pair)):
            bits = (hashes >> np.uint64(start)) & np.uint64((1 << (stop - start)) - 1)
            turned = (turned << np.uint64(stop - start)) | bits
        yield turned, 64 - sum(stop - start for start, stop in pair)
