"""Which images go to train and which to test: by a hash of each path, or group by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._kinds import is_missing
from sklmerge._random import hash_texts, rank_keys, resolve_seed
from sklmerge.images.files._paths import ImagePaths


def apportion(counts: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.int64]:
    """Divide counts by the largest remainder method: (n_strata,) -> (n_strata, n_parts)."""
    n_parts = len(shares)
    # 0.29 * 100 is 28.999999999999996: rounding keeps that a whole quota.
    quotas = np.round(counts[:, None] * np.asarray(shares), 9)
    seats = np.floor(quotas).astype(np.int64)
    by_remainder = np.argsort(-(quotas - seats), axis=1, kind="stable")
    place = np.argsort(by_remainder, axis=1, kind="stable")
    seats += place < (counts - seats.sum(axis=1))[:, None]
    # Each part gets an image if a stratum has as many images as there are parts; a smaller stratum
    # goes to the first part whole.
    for row in np.flatnonzero((counts >= n_parts) & (seats == 0).any(axis=1)):
        while (seats[row] == 0).any():
            seats[row, seats[row].argmax()] -= 1
            seats[row, np.flatnonzero(seats[row] == 0)[0]] += 1
    small = counts < n_parts
    seats[small] = 0
    seats[small, 0] = counts[small]
    return seats


def pool_small_classes(
    originals: NDArray[np.int32], merged: NDArray[np.int32], n_parts: int
) -> NDArray[np.int64]:
    """Give each source its stratum: its original class, or a pool of small classes."""
    counts = np.bincount(originals)
    # Rare original classes of a merged class are divided together, so that it reaches every part.
    return np.where(counts[originals] < n_parts, len(counts) + merged, originals).astype(np.int64)


def split_by_rank(
    strata: NDArray[np.int64], ranks: NDArray[np.uint64], shares: Sequence[float]
) -> NDArray[np.int8]:
    """Divide the sources of each stratum among the parts by rank; shares must sum to 1."""
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    upper_bounds = apportion(counts.astype(np.int64), shares).cumsum(axis=1)[codes]
    positions = find_positions(codes, ranks)
    return (positions[:, None] >= upper_bounds[:, :-1]).sum(axis=1).astype(np.int8)


def find_positions(codes: NDArray[np.integer], ranks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find the position of each row by rank, from 0, among the rows with the same code."""
    order = np.lexsort((ranks, codes))
    starts = np.concatenate([[0], np.bincount(codes).cumsum()[:-1]]) if len(codes) else codes
    positions = np.empty(len(codes), np.int64)
    positions[order] = np.arange(len(codes)) - starts[codes[order]]
    return positions


def split_by_group(
    groups: NDArray[np.int64],
    classes: NDArray[np.int32],
    ranks: NDArray[np.uint64],
    shares: Sequence[float] | NDArray[np.float64],
) -> NDArray[np.int8]:
    """Assign whole groups to parts, so that each class is close to its share in every part."""
    contents = _count_contents(groups, classes, len(ranks))
    n_classes = int(classes.max()) + 1
    totals = np.bincount(classes, minlength=n_classes)
    # Shares are of all classes, (n_parts,), or class by class, (n_parts, n_classes).
    by_class = np.asarray(shares, dtype=np.float64)
    wanted = (by_class[:, None] if by_class.ndim == 1 else by_class) * totals
    held = np.zeros((len(shares), n_classes), np.int64)
    parts = np.zeros(len(ranks), np.int8)
    n_groups = np.bincount(np.concatenate([members for members, _ in contents]))
    for group in _order_groups(np.bincount(groups, minlength=len(ranks)), ranks):
        members, counts = contents[group]
        # Least squares of the shares: the terms that differ between parts are these.
        # The group goes to the part that lacks its classes most.
        lack = ((wanted - held)[:, members] / totals[members]) @ counts
        # A class of a single group can only be learned from in train, the first part.
        parts[group] = 0 if (n_groups[members] == 1).any() else lack.argmax()
        held[parts[group], members] += counts
    _fill_empty_parts(parts, held, contents, ranks)
    return parts[groups]


def number_groups(groups: ArrayLike, n: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Give groups numbers from 0, sorted by name, and hash keys to order the groups by."""
    values = np.asarray(groups, dtype=object)
    if values.shape != (n,):
        raise ValueError(f"groups must be of shape ({n},), got {values.shape}")
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if missing:
        raise ValueError(f"groups must name a group for each image, got none at {missing[:5]}")
    names, codes = np.unique(np.array([str(v) for v in values], object), return_inverse=True)
    keys = hash_texts(name.encode("utf-8", "surrogateescape") for name in names)
    return codes.astype(np.int64), keys


def _order_groups(sizes: NDArray[np.int64], ranks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Order groups from large to small; the ranks decide between sizes of one power of two."""
    return np.lexsort((ranks, -np.frexp(sizes)[1]))


def _count_contents(
    groups: NDArray[np.int64], classes: NDArray[np.int32], n_groups: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """List the classes of each group and how many sources of each it has."""
    n_classes = int(classes.max()) + 1
    pairs, counts = np.unique(groups * n_classes + classes, return_counts=True)
    bounds = np.searchsorted(pairs, np.arange(1, n_groups) * n_classes)
    members = np.split(pairs % n_classes, bounds)
    return list(zip(members, np.split(counts, bounds), strict=True))


def _fill_empty_parts(
    parts: NDArray[np.int8],
    held: NDArray[np.int64],
    contents: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    ranks: NDArray[np.uint64],
) -> None:
    """Move groups, in place, into parts that lack a class, where no other class then lacks one."""
    sizes = np.array([counts.sum() for _, counts in contents])
    small_first = np.lexsort((ranks, sizes))
    for part, label in np.argwhere(held == 0):
        # A group moved for one class may have filled this gap too.
        if held[part, label]:
            continue
        for group in small_first:
            members, counts = contents[group]
            if label in members and (held[parts[group], members] > counts).all():
                held[parts[group], members] -= counts
                held[part, members] += counts
                parts[group] = part
                break


def choose_sides(
    paths: ImagePaths,
    originals: NDArray[np.signedinteger],
    merged: NDArray[np.signedinteger],
    *,
    test_size: float,
    groups: ArrayLike | None,
    random_state: Any,
) -> NDArray[np.int8]:
    """Assign each image to train (0) or test (1); neither may be empty."""
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must be between 0 and 1, got {test_size!r}")
    seed = resolve_seed(random_state)
    # The codes of an index are as narrow as its classes allow, too narrow to add to.
    originals, merged = originals.astype(np.int32), merged.astype(np.int32)
    shares = (1 - test_size, test_size)
    if groups is None:
        # Paths without the root: images that move with their folder stay on their side.
        ranks = rank_keys(hash_texts(paths.iterate_bytes()), seed, "split")
        sides = split_by_rank(pool_small_classes(originals, merged, len(shares)), ranks, shares)
        divided = f"{len(paths)} images"
    else:
        codes, keys = number_groups(groups, len(paths))
        sides = split_by_group(codes, originals, rank_keys(keys, seed, "split"), shares)
        divided = f"{len(keys)} groups"
    if sides.all() or not sides.any():
        raise ValueError(f"test_size={test_size} of {divided} leaves a side without images")
    return sides
