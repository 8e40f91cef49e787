"""A pool of rows that is gone through pass after pass: which row comes at which position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import hash_keys
from sklmerge.sampling._bijection import permute_places

# Rows that are sorted at once: few enough to stay in the processor's cache.
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class RowPool:
    """The rows of a class in the order given, stored only where they cannot be worked out.

    Parameters
    ----------
    n : int
        How many there are.
    first : int
        The first of them, where they are consecutive.
    rows : ndarray of int, shape (n,), or None
        All of them, ascending; None where they are consecutive but for gaps.
    n_before : ndarray of int, shape (n_gaps,), or None
        How many of them come before each row in between that is of another class.
    """

    n: int
    first: int = 0
    rows: NDArray[np.signedinteger] | None = None
    n_before: NDArray[np.signedinteger] | None = None

    def take(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows at some places."""
        if self.rows is not None:
            return self.rows[places].astype(np.int64)
        if self.n_before is not None:
            # In order, so that neighbours are looked for in the processor's cache.
            by_place = np.argsort(places)
            sought = places[by_place].astype(self.n_before.dtype)
            rows = np.empty_like(places)
            rows[by_place] = sought + np.searchsorted(self.n_before, sought, side="right")
            return rows
        return places + self.first

    def draw(
        self, positions: NDArray[np.int64], key: NDArray[np.uint64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw rows: position p is place ``p % n`` of pass ``p // n`` through the pool.

        Parameters
        ----------
        positions : ndarray of int64, shape (m,)
            Which draws, counted from the first one of the first epoch.
        key : ndarray of uint64, shape (1,), or None
            Random stream of the pool's order, which is another in every pass; None keeps the order.

        Returns
        -------
        rows, passes : ndarray of int64, shape (m,)
            What is drawn, and how often it was drawn before.
        """
        passes, places = np.divmod(positions, self.n)
        if key is not None and self.n > 1:
            places = permute_places(places, self.n, hash_keys(key, passes))
        return self.take(places), passes

    def count(self, n_positions: int, key: NDArray[np.uint64] | None) -> NDArray[np.int64]:
        """Count how often each place of the pool is among the first positions."""
        n_passes, n_rest = divmod(n_positions, self.n)
        counts = np.full(self.n, n_passes, dtype=np.int64)
        places = np.arange(n_rest)
        if key is not None and self.n > 1:
            places = permute_places(places, self.n, hash_keys(key, np.full(n_rest, n_passes)))
        counts[places] += 1
        return counts


def make_pools(
    codes: NDArray[np.signedinteger], groups: NDArray[np.signedinteger], counts: Sequence[int]
) -> list[RowPool]:
    """Gather the rows of each group of classes.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Class of each row.
    groups : ndarray of int, shape (n_classes,)
        Group of each class, in [0, n_groups).
    counts : sequence of int, length n_groups
        Rows of each group, none of them 0.

    Returns
    -------
    list of RowPool, length n_groups

    Notes
    -----
    One pass over the rows. A group of more than two thirds of them is not listed: its rows are all
    that the others leave.

    Examples
    --------
    >>> import numpy as np
    >>> pools = make_pools(np.array([1, 0, 1]), np.array([0, 1]), [1, 2])
    >>> [pool.take(np.arange(pool.n)).tolist() for pool in pools]
    [[1], [0, 2]]
    """
    stops = np.cumsum(counts)
    starts = stops - counts
    if _is_ascending(codes, groups):
        return [RowPool(n, first) for n, first in zip(counts, starts.tolist(), strict=True)]
    largest = int(np.argmax(counts))
    left = largest if 3 * counts[largest] > 2 * len(codes) else None
    listed = np.array([0 if group == left else n for group, n in enumerate(counts)])
    rows = _list_rows(codes, groups, listed)
    parts = np.split(rows, np.cumsum(listed)[:-1])
    pools = []
    for group, (n, part) in enumerate(zip(counts, parts, strict=True)):
        if group == left:
            others = np.sort(rows)
            pools.append(RowPool(n, n_before=others - np.arange(len(others), dtype=others.dtype)))
        elif int(part[-1]) - int(part[0]) == n - 1:
            pools.append(RowPool(n, int(part[0])))
        else:
            pools.append(RowPool(n, rows=part))
    return pools


def _is_ascending(codes: NDArray[np.signedinteger], groups: NDArray[np.signedinteger]) -> bool:
    """Say whether no row is of an earlier group than the row before it."""
    for start in range(0, len(codes), _CHUNK):
        # One row more, to compare each chunk with the next.
        numbers = groups[codes[start : start + _CHUNK + 1]]
        if (numbers[1:] < numbers[:-1]).any():
            return False
    return True


def _list_rows(
    codes: NDArray[np.signedinteger],
    groups: NDArray[np.signedinteger],
    counts: NDArray[np.int64],
) -> NDArray[np.signedinteger]:
    """List the rows of one group after another, ascending; those of a group of count 0 are left."""
    dtype: type[np.signedinteger] = np.int32 if len(codes) < 2**31 else np.int64
    listed: NDArray[np.signedinteger] = np.empty(int(counts.sum()), dtype)
    is_wanted = (counts > 0)[groups]
    nexts = np.cumsum(counts) - counts
    for start in range(0, len(codes), _CHUNK):
        chunk = codes[start : start + _CHUNK]
        rows = np.flatnonzero(is_wanted[chunk])
        numbers = groups[chunk[rows]]
        # Numbers of one or two bytes are sorted by radix, in a time that grows with them alone.
        sorting = np.argsort(numbers, kind="stable")
        sizes = np.bincount(numbers, minlength=len(counts))
        places = np.repeat(nexts - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(rows))
        listed[places] = rows[sorting] + start
        nexts += sizes
    return listed
