"""Which part a group of sources falls to. Sources without groups are in _split.py."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge.images._hash import hash_texts
from sklmerge.labels._kinds import is_missing


def split_by_group(
    groups: NDArray[np.int64],
    classes: NDArray[np.int32],
    ranks: NDArray[np.uint64],
    shares: Sequence[float],
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
        What orders the groups, see `sklmerge.images._hash.rank_keys`.
    shares : sequence of float, length n_parts
        Shares of the parts.

    Returns
    -------
    ndarray of int8, shape (n,)
        The part of each source, one for all sources of a group.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._split_groups import split_by_group
    >>> groups = np.array([0, 0, 0, 1, 1, 2])
    >>> ranks = np.array([3, 1, 2], np.uint64)
    >>> split_by_group(groups, np.zeros(6, np.int32), ranks, (0.75, 0.25)).tolist()
    [0, 0, 0, 0, 0, 1]
    """
    contents = _count_contents(groups, classes, len(ranks))
    n_classes = int(classes.max()) + 1
    totals = np.bincount(classes, minlength=n_classes)
    wanted = np.asarray(shares)[:, None] * totals
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
    >>> from sklmerge.images._split_groups import number_groups
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
