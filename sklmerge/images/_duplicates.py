"""The same image twice: equal files, equal pixels and near duplicates, found in one place."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice, check_whole, is_real
from sklmerge.images._fingerprints import (
    BY,
    Fingerprints,
    describe_all,
    describe_looks,
    list_paths,
    take_fingerprints,
)
from sklmerge.images._phash import SIDE, correlate, hash_thumbnails, pair_hashes
from sklmerge.images._reading import Progress
from sklmerge.images.files import is_url

_BLOCK = 4096


def group_equal(digests: NDArray[np.uint64], rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Find groups of two or more rows with equal digests, of shape (n, 2); sort by first row."""
    some = digests[rows]
    order = np.lexsort((rows, some[:, 1], some[:, 0]))
    ordered = some[order]
    ends = np.flatnonzero((ordered[1:] != ordered[:-1]).any(axis=1)) + 1
    bounds = np.concatenate([[0], ends, [len(rows)]])
    long = np.flatnonzero(np.diff(bounds) > 1)
    groups = [rows[order[bounds[i] : bounds[i + 1]]] for i in long]
    return sorted(groups, key=lambda group: int(group[0]))


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Images that look similar. Print the object to see a summary.

    Attributes
    ----------
    groups : list of ndarray of int
        Groups of rows whose images are near duplicates of each other, directly or through other
        images. Equal images are included. Rows within a group are in ascending order, and groups
        are sorted by their first row.
    pairs : ndarray of int, shape (n_pairs, 2)
        The confirmed pairs of rows, sorted, with the smaller row number first in each pair.
    correlations : ndarray of float64, shape (n_pairs,)
        Correlation of the two images of each pair, both reduced to grey images of 32 x 32 pixels.
        With ``embed``, the cosine similarity of their embeddings.
    weak_pairs : ndarray of int, shape (n_weak, 2)
        Pairs with similar hashes but a correlation below ``min_correlation``. They are not part of
        any group; check them yourself.
    weak_correlations : ndarray of float64, shape (n_weak,)
        Correlation of each weak pair.
    capped : ndarray of int
        Rows of images, such as blank images, that share a part of their hash with very many others.
        Each of them was compared only with the nearest 256 images in the order of their hashes, so
        some pairs may be missing.
    """

    groups: list[NDArray[np.intp]]
    pairs: NDArray[np.intp]
    correlations: NDArray[np.float64]
    weak_pairs: NDArray[np.intp] = field(default_factory=lambda: np.empty((0, 2), np.intp))
    weak_correlations: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    capped: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))

    def __repr__(self) -> str:
        told = f"{len(self.groups)} groups, {len(self.pairs)} pairs, {len(self.weak_pairs)} weak"
        more = f", {len(self.capped)} images compared with neighbours only"
        return f"NearDuplicates({told}{more if len(self.capped) else ''})"


def find_equal(
    images: Any,
    *,
    by: str = "bytes",
    n_jobs: int | None = None,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[NDArray[np.intp]]:
    """Find images that are equal.

    Parameters
    ----------
    images : ImageIndex, sequence of paths or Fingerprints
        The images, or their fingerprints.
    by : {"bytes", "pixels"}, default="bytes"
        What must be equal. "bytes" compares the contents of files, and reads only URLs and files
        that have the same size as another file. "pixels" compares decoded pixels, so it also finds
        images that were saved again losslessly.
    n_jobs : int or None, default=None
        Number of threads, as in joblib.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread.
    storage_options : mapping or None, default=None
        Options for the fsspec file systems that open URLs in a list of paths. Not needed for an
        index.

    Returns
    -------
    list of ndarray of int
        Groups of rows whose images are equal. Rows within a group are in ascending order, and
        groups are sorted by their first row. Files that cannot be read are not part of any group.

    See Also
    --------
    find_near : Finds images that look similar, and equal ones among them.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from sklmerge.images import find_equal
    >>> with TemporaryDirectory() as folder:
    ...     paths = [Path(folder, name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    ...     for path, content in zip(paths, (b"one", b"two", b"one")):
    ...         _ = path.write_bytes(content)
    ...     [group.tolist() for group in find_equal(paths)]
    [[0, 2]]
    """
    check_choice("by", by, BY)
    if isinstance(images, Fingerprints):
        digests, has = images.files, images.has_file
        if by == "pixels":
            digests, has = images.pixels, images.has_pixels
        return group_equal(digests, np.flatnonzero(has))
    if by == "pixels":
        prints = take_fingerprints(
            images, n_jobs=n_jobs, progress=progress, storage_options=storage_options
        )
        return find_equal(prints, by=by)
    paths = list_paths(images)
    rows = _find_shared_sizes(paths)
    some = images.take(rows) if hasattr(images, "take") else [paths[int(row)] for row in rows]
    prints = take_fingerprints(
        some, by=by, n_jobs=n_jobs, progress=progress, storage_options=storage_options
    )
    return [rows[group] for group in find_equal(prints)]


def find_near(
    images: Any,
    *,
    max_distance: int = 4,
    min_correlation: float = 0.98,
    embed: Any = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> NearDuplicates:
    """Find images that look similar: resized, recompressed, brightened or slightly cropped.

    Perceptual hashes find candidate pairs, and the correlation of grey images of 32 x 32 pixels
    confirms them. Hashes alone are not enough: they would put thousands of different microscope
    cells into one group.

    Parameters
    ----------
    images : ImageIndex, sequence of paths or Fingerprints
        The images, or their fingerprints. JPEG files are decoded at a reduced size, which changes
        at most about 2 bits of a hash.
    max_distance : int, default=4
        Maximum number of differing bits between two hashes of 64 bits.
    min_correlation : float, default=0.98
        Minimum correlation of the grey images or, with `embed`, minimum cosine similarity.
    embed : callable, transformer or None, default=None
        A function or transformer, such as `EmbeddingFeatures`, that turns images into an array of
        shape (n, n_features). Images are then compared by the cosine similarity of these rows, and
        no hash is computed. An unfitted transformer is cloned and fitted. All pairs are compared,
        so the time grows with the square of the number of images.
    n_jobs : int or None, default=None
        Number of threads, as in joblib.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread.
    storage_options : mapping or None, default=None
        Options for the fsspec file systems that open URLs in a list of paths. Not needed for an
        index.

    Returns
    -------
    NearDuplicates
        Files that cannot be read are not part of any group.

    See Also
    --------
    find_equal : Finds images with equal bytes or pixels.

    Notes
    -----
    The hash is the same as that of ``imagehash.phash``. Flipped and rotated copies of an image are
    not found, unless they differ only in their EXIF orientation.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import cv2
    >>> from sklmerge.datasets import load_textures
    >>> from sklmerge.images import find_near
    >>> image = load_textures().images[0]
    >>> with TemporaryDirectory() as folder:
    ...     _ = cv2.imwrite(folder + "/a.png", image)
    ...     _ = cv2.imwrite(folder + "/b.png", cv2.resize(image, None, fx=2, fy=2))
    ...     near = find_near([folder + "/a.png", folder + "/b.png"])
    >>> [group.tolist() for group in near.groups]
    [[0, 1]]
    """
    check_whole("max_distance", max_distance, 0, 30)
    if not is_real(min_correlation) or not -1 <= min_correlation <= 1:
        raise ValueError(f"min_correlation must be a number from -1 to 1, got {min_correlation!r}")
    if embed is not None:
        return _pair_embedded(_embed(images, embed), min_correlation)
    prints = images
    if not isinstance(images, Fingerprints):
        prints = describe_all(images, describe_looks, n_jobs, progress, storage_options)
    rows = np.flatnonzero(prints.has_thumbnail)
    hashes = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        hashes[part] = hash_thumbnails(prints.thumbnails[rows[part]])
    pairs, capped = pair_hashes(hashes, max_distance)
    pairs = rows[pairs]
    correlations = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK):
        part = slice(start, start + _BLOCK)
        first, second = pairs[part].T
        correlations[part] = correlate(prints.thumbnails[first], prints.thumbnails[second])
    is_near = correlations >= min_correlation
    return NearDuplicates(
        _group_pairs(pairs[is_near], len(prints)),
        pairs[is_near],
        correlations[is_near],
        pairs[~is_near],
        correlations[~is_near],
        rows[capped],
    )


def find_same_looks(prints: Fingerprints) -> list[NDArray[np.intp]]:
    """Group rows whose thumbnails are the same in every pixel."""
    rows = np.flatnonzero(prints.has_thumbnail)
    factors = np.random.default_rng(0).integers(2**64, size=(SIDE * SIDE // 8, 2), dtype=np.uint64)
    factors |= 1
    keys = np.zeros((len(prints), 2), np.uint64)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        keys[part] = prints.thumbnails[part].reshape(len(part), -1).view(np.uint64) @ factors
    return group_equal(keys, rows)


def _group_pairs(pairs: NDArray[np.intp], n: int) -> list[NDArray[np.intp]]:
    """Group rows that pairs connect, in the order of their first rows."""
    members, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(-1, 2)
    links = coo_array((np.ones(len(places), np.bool_), places.T), shape=(len(members),) * 2)
    _, labels = connected_components(links, directed=False)
    order = np.argsort(labels, kind="stable")
    groups = np.split(members[order], np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted((group for group in groups if len(group)), key=lambda group: int(group[0]))


def _embed(images: Any, embed: Any) -> NDArray[Any]:
    if not hasattr(embed, "transform"):
        return np.asarray(embed(images))
    # What has no fit has nothing to learn, and scikit-learn refuses to look at it.
    if hasattr(embed, "fit"):
        try:
            check_is_fitted(embed)
        except NotFittedError:
            embed = clone(embed).fit(images)
    return np.asarray(embed.transform(images))


def _pair_embedded(rows: NDArray[Any], min_similarity: float) -> NearDuplicates:
    """Pair rows by their cosine similarity, a block of rows at a time."""
    if rows.ndim != 2:
        raise ValueError(f"embed must give an array of shape (n, n_features), got {rows.shape}")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = (rows / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
    pairs, similarities = [np.empty((0, 2), np.intp)], [np.empty(0)]
    for start in range(0, len(unit), _BLOCK):
        products = unit[start : start + _BLOCK] @ unit[start:].T
        found = np.argwhere(np.triu(products, 1) >= min_similarity)
        found = found[found[:, 0] < found[:, 1]]
        similarities.append(products[found[:, 0], found[:, 1]].astype(np.float64))
        pairs.append(found + start)
    joined = np.concatenate(pairs)
    return NearDuplicates(_group_pairs(joined, len(unit)), joined, np.concatenate(similarities))


def _find_shared_sizes(paths: Sequence[str]) -> NDArray[np.intp]:
    """Find the files whose size another file has, too; those behind URLs all count."""
    sizes = np.array([-1 if is_url(path) else _measure(path) for path in paths], np.int64)
    _, codes, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    return np.flatnonzero((counts[codes] > 1) | (sizes == -1))


def _measure(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
