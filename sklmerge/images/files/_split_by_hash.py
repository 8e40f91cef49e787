"""Which images go to train and which to test: by a hash of each path, or group by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._kinds import is_missing
from sklmerge._random import hash_texts, rank_keys, resolve_seed
from sklmerge.images.files._paths import ImagePaths


def apportion(counts: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.int64]:
    """Divide counts into parts by the largest remainder, with no part left empty.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_strata,)
        Images to divide, stratum by stratum.
    shares : sequence of float, length n_parts
        Shares above 0 that sum to 1.

    Returns
    -------
    ndarray of int64, shape (n_strata, n_parts)
        Rows sum to `counts`. Each part has an image where a stratum has as many images as there
        are parts; a smaller stratum goes to the first part whole.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._split_by_hash import apportion
    >>> apportion(np.array([10, 2, 1]), (0.8, 0.2)).tolist()
    [[8, 2], [1, 1], [1, 0]]
    """
    n_parts = len(shares)
    # 0.29 * 100 is 28.999999999999996: rounding keeps that a whole quota.
    quotas = np.round(counts[:, None] * np.asarray(shares), 9)
    seats = np.floor(quotas).astype(np.int64)
    by_remainder = np.argsort(-(quotas - seats), axis=1, kind="stable")
    place = np.argsort(by_remainder, axis=1, kind="stable")
    seats += place < (counts - seats.sum(axis=1))[:, None]
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
    """Name the stratum of each source: its original class, unless that is too small to divide.

    The original classes of one merged class that have fewer images than there are parts are
    divided together, so that a merged class of many rare ones still reaches every part.

    Parameters
    ----------
    originals, merged : ndarray of int32, shape (n,)
        Codes of the original and of the merged class.
    n_parts : int
        Parts to divide into.

    Returns
    -------
    ndarray of int64, shape (n,)
        Codes of the strata, with gaps.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._split_by_hash import pool_small_classes
    >>> pool_small_classes(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), 2).tolist()
    [0, 0, 4, 4]
    """
    counts = np.bincount(originals)
    return np.where(counts[originals] < n_parts, len(counts) + merged, originals).astype(np.int64)


def split_by_rank(
    strata: NDArray[np.int64], ranks: NDArray[np.uint64], shares: Sequence[float]
) -> NDArray[np.int8]:
    """Divide the sources of each stratum in the order of their ranks.

    Parameters
    ----------
    strata : ndarray of int64, shape (n,)
        What must have the same share in every part.
    ranks : ndarray of uint64, shape (n,)
        See `sklmerge._random.rank_keys`.
    shares : sequence of float, length n_parts
        Shares of the parts.

    Returns
    -------
    ndarray of int8, shape (n,)
        The part of each source.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._split_by_hash import split_by_rank
    >>> ranks = np.array([9, 3, 5, 1], np.uint64)
    >>> split_by_rank(np.zeros(4, np.int64), ranks, (0.75, 0.25)).tolist()
    [1, 0, 0, 0]
    """
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    upper_bounds = apportion(counts.astype(np.int64), shares).cumsum(axis=1)[codes]
    positions = find_positions(codes, ranks)
    return (positions[:, None] >= upper_bounds[:, :-1]).sum(axis=1).astype(np.int8)


def find_positions(codes: NDArray[np.integer], ranks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find the place, from 0, that each row has among the rows of its code.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Classes or strata, from 0.
    ranks : ndarray of uint64, shape (n,)
        What orders the rows; equal ranks keep their order.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._split_by_hash import find_positions
    >>> find_positions(np.array([0, 1, 0]), np.array([8, 4, 2], np.uint64)).tolist()
    [1, 0, 0]
    """
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
    """Divide whole groups so that each class comes near its share in every part.

    Groups are taken by size, large before small (sizes within a factor of two count as equal) and
    in the order of their ranks, and each goes to the part that lacks its classes most. A class
    then missing from a part gets its smallest group that can be spared elsewhere. The only group
    of a class goes to the first part.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Code of each source's group, from 0 without gaps.
    classes : ndarray of int32, shape (n,)
        Code of each source's class.
    ranks : ndarray of uint64, shape (n_groups,)
        What orders the groups, see `sklmerge._random.rank_keys`.
    shares : sequence of float, length n_parts, or ndarray of shape (n_parts, n_classes)
        Shares of the parts, of all classes or class by class.

    Returns
    -------
    ndarray of int8, shape (n,)
        The part of each source, one for all sources of a group.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._split_by_hash import split_by_group
    >>> groups = np.array([0, 0, 0, 1, 1, 2])
    >>> ranks = np.array([3, 1, 2], np.uint64)
    >>> split_by_group(groups, np.zeros(6, np.int32), ranks, (0.75, 0.25)).tolist()
    [0, 0, 0, 0, 0, 1]
    """
    contents = _count_contents(groups, classes, len(ranks))
    n_classes = int(classes.max()) + 1
    totals = np.bincount(classes, minlength=n_classes)
    by_class = np.asarray(shares, dtype=np.float64)
    wanted = (by_class[:, None] if by_class.ndim == 1 else by_class) * totals
    held = np.zeros((len(shares), n_classes), np.int64)
    parts = np.zeros(len(ranks), np.int8)
    n_groups = np.bincount(np.concatenate([members for members, _ in contents]))
    for group in _order_groups(np.bincount(groups, minlength=len(ranks)), ranks):
        members, counts = contents[group]
        # Least squares of the shares: the terms that differ between parts are these.
        lack = ((wanted - held)[:, members] / totals[members]) @ counts
        # A class of a single group can only be learned from in train, the first part.
        parts[group] = 0 if (n_groups[members] == 1).any() else lack.argmax()
        held[parts[group], members] += counts
    _fill_empty_parts(parts, held, contents, ranks)
    return parts[groups]


def number_groups(groups: ArrayLike, n: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Give groups numbers, by the text of their names.

    Parameters
    ----------
    groups : array-like of shape (n,)
        The group of each source.
    n : int
        How many sources there are.

    Returns
    -------
    codes : ndarray of int64, shape (n,)
        From 0 without gaps.
    keys : ndarray of uint64, shape (n_groups,)
        What stands for a group when groups are ordered.

    Raises
    ------
    ValueError
        If there are not n, or one is missing.

    Examples
    --------
    >>> from sklmerge.images.files._split_by_hash import number_groups
    >>> number_groups(["smear 2", "smear 1", "smear 2"], 3)[0].tolist()
    [1, 0, 1]
    """
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
    """Give each image its side, 0 for train and 1 for test.

    Parameters
    ----------
    paths : ImagePaths of length n
        Their bytes without the root, or the groups' names, order the images.
    originals, merged : ndarray of int, shape (n,)
        Codes of the original and of the merged class.
    test_size : float
        Share of the test side.
    groups : array-like of shape (n,) or None
        What must not be divided.
    random_state : int, RandomState or None
        The seed.

    Returns
    -------
    ndarray of int8, shape (n,)

    Raises
    ------
    ValueError
        ``test_size`` is out of range or leaves a side empty, or ``groups`` does not fit.
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must be between 0 and 1, got {test_size!r}")
    seed = resolve_seed(random_state)
    # The codes of an index are as narrow as its classes allow, too narrow to add to.
    originals, merged = originals.astype(np.int32), merged.astype(np.int32)
    shares = (1 - test_size, test_size)
    if groups is None:
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
