"""Which part a source falls to: by hash rank and by class. Groups are in _split_groups.py."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
    >>> from sklmerge.images._split import apportion
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
    >>> from sklmerge.images._split import pool_small_classes
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
        See `sklmerge.images._hash.rank_keys`.
    shares : sequence of float, length n_parts
        Shares of the parts.

    Returns
    -------
    ndarray of int8, shape (n,)
        The part of each source.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._split import split_by_rank
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
    >>> from sklmerge.images._split import find_positions
    >>> find_positions(np.array([0, 1, 0]), np.array([8, 4, 2], np.uint64)).tolist()
    [1, 0, 0]
    """
    order = np.lexsort((ranks, codes))
    starts = np.concatenate([[0], np.bincount(codes).cumsum()[:-1]]) if len(codes) else codes
    positions = np.empty(len(codes), np.int64)
    positions[order] = np.arange(len(codes)) - starts[codes[order]]
    return positions
