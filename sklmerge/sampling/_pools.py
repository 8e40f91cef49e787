"""The pools of all classes: which row stands at which number of an epoch, how often each comes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_keys, mix_bits

# So many places at a time stay in the processor's cache.
_CHUNK = 1 << 14
# Eight rounds mix well, but short permutations come out equally likely only after sixteen.
_N_ROUNDS, _N_ROUNDS_SHORT, _SHORT = 8, 16, 4096
# Odd, so that the rounds' keys differ in many bits.
_STEP = 0x9E3779B97F4A7C15


def permute_places(
    places: NDArray[np.int64], n: int, keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Say where a keyed permutation of n places sends each of some places.

    Parameters
    ----------
    places : ndarray of int64, shape (m,)
        In [0, n).
    n : int
        Length of the permutation, at least 1.
    keys : ndarray of uint64, shape (m,)
        Which permutation moves each place: equal keys, same permutation.

    Returns
    -------
    ndarray of int64, shape (m,)
        In [0, n). For one key, n different places give n different results.

    References
    ----------
    Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002: a Feistel network over
    two numbers of radix a and b with a b >= n, walked on wherever it leaves [0, n). With a and b
    near the square root of n, that is hardly ever.

    Examples
    --------
    >>> import numpy as np
    >>> permuted = permute_places(np.arange(6), 6, np.zeros(6, np.uint64))
    >>> sorted(permuted.tolist())
    [0, 1, 2, 3, 4, 5]
    """
    moved = np.empty(len(places), dtype=np.int64)
    for start in range(0, len(places), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        moved[chunk] = _permute_chunk(places[chunk].astype(np.uint64), n, keys[chunk])
    return moved


def _permute_chunk(
    places: NDArray[np.uint64], n: int, keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    high_radix = math.isqrt(n - 1) + 1
    low_radix = -(-n // high_radix)
    n_rounds = _N_ROUNDS_SHORT if n < _SHORT else _N_ROUNDS
    moved = _encipher(places, high_radix, low_radix, keys, n_rounds)
    outside = np.flatnonzero(moved >= n)
    while len(outside):
        again = _encipher(moved[outside], high_radix, low_radix, keys[outside], n_rounds)
        moved[outside] = again
        outside = outside[again >= n]
    return moved


def _encipher(
    places: NDArray[np.uint64],
    high_radix: int,
    low_radix: int,
    keys: NDArray[np.uint64],
    n_rounds: int,
) -> NDArray[np.uint64]:
    radices = np.uint64(high_radix), np.uint64(low_radix)
    low, high = places % radices[1], places // radices[1]
    for number in range(n_rounds):
        # One half moves by a hash of the other, which stands still: so each round can be undone.
        if number % 2:
            low = (low + _hash_round(high, keys, number) % radices[1]) % radices[1]
        else:
            high = (high + _hash_round(low, keys, number) % radices[0]) % radices[0]
    return high * radices[1] + low


def _hash_round(
    half: NDArray[np.uint64], keys: NDArray[np.uint64], number: int
) -> NDArray[np.uint64]:
    return mix_bits(half ^ (keys + np.uint64(number * _STEP % 2**64)))


# Rows that are sorted at once: few enough to stay in the processor's cache.
_CHUNK_OF_DRAWS = 1 << 16


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
    for start in range(0, len(codes), _CHUNK_OF_DRAWS):
        # One row more, to compare each chunk with the next.
        numbers = groups[codes[start : start + _CHUNK_OF_DRAWS + 1]]
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
    for start in range(0, len(codes), _CHUNK_OF_DRAWS):
        chunk = codes[start : start + _CHUNK_OF_DRAWS]
        rows = np.flatnonzero(is_wanted[chunk])
        numbers = groups[chunk[rows]]
        # Numbers of one or two bytes are sorted by radix, in a time that grows with them alone.
        sorting = np.argsort(numbers, kind="stable")
        sizes = np.bincount(numbers, minlength=len(counts))
        places = np.repeat(nexts - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(rows))
        listed[places] = rows[sorting] + start
        nexts += sizes
    return listed


class ClassPools:
    """Draw rows of each class in turn, pass after pass.

    Parameters
    ----------
    pools : sequence of lists of (int, RowPool)
        For each class the pools that it is drawn from in turn, each with the number of its random
        stream.
    class_draws : sequence of int
        Draws of each class in an epoch.
    seed : int or None
        Of the orders of passes; None keeps the order given.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.sampling._pools import ClassPools
    >>> codes, groups = np.array([0, 1, 1, 1], np.int8), np.array([0, 1], np.int8)
    >>> pools = ClassPools.gather(codes, groups, [1, 3], [1, 2], seed=None)
    >>> rows, passes = pools.draw(1, np.arange(3))
    >>> rows.tolist(), passes.tolist()
    ([0, 3, 1], [1, 0, 1])
    """

    def __init__(
        self,
        pools: Sequence[list[tuple[int, RowPool]]],
        class_draws: Sequence[int],
        seed: int | None,
    ) -> None:
        self.pools = pools
        self.class_draws = np.array(class_draws, dtype=np.int64)
        self.seed = seed

    @classmethod
    def gather(
        cls,
        codes: NDArray[np.signedinteger],
        merged_of: NDArray[np.signedinteger],
        counts: Sequence[int],
        class_draws: Sequence[int],
        seed: int | None,
        *,
        balance_members: bool = False,
    ) -> Self:
        """Gather the rows of each merged class, or of each of its members.

        Parameters
        ----------
        codes : ndarray of int, shape (n_samples,)
            Original class of each row.
        merged_of : ndarray of int, shape (n_originals,)
            Merged class of each original one.
        counts : sequence of int, length n_originals
            Rows of each original class, none of them 0.
        class_draws : sequence of int
            Draws of each merged class in an epoch.
        seed : int or None
            Of the orders of passes; None keeps the order given.
        balance_members : bool, default=False
            Whether the members of a merged class are drawn in turn, in equal numbers.

        Returns
        -------
        ClassPools
        """
        if not balance_members:
            totals = np.zeros(len(class_draws), dtype=np.int64)
            np.add.at(totals, merged_of, counts)
            pools = make_pools(codes, merged_of, totals.tolist())
            return cls([[(merged, pool)] for merged, pool in enumerate(pools)], class_draws, seed)
        pools = make_pools(codes, np.arange(len(counts), dtype=codes.dtype), counts)
        members = [np.flatnonzero(merged_of == merged) for merged in range(len(class_draws))]
        by_class = [[(code, pools[code]) for code in codes.tolist()] for codes in members]
        return cls(by_class, class_draws, seed)

    def draw(
        self, epoch: int, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw what stands at some numbers of an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        numbers : ndarray of int64, shape (m,)
            Draws of the epoch, numbered class after class.

        Returns
        -------
        rows, passes : ndarray of int64, shape (m,)
            What is drawn, and how often it was drawn before.
        """
        rows, passes = np.empty_like(numbers), np.empty_like(numbers)
        stops = np.cumsum(self.class_draws)
        # Two bytes are sorted by radix.
        dtype = np.int16 if len(stops) < 2**15 else np.int32
        merged = np.searchsorted(stops, numbers, side="right").astype(dtype)
        by_class = np.argsort(merged, kind="stable")
        ends = np.cumsum(np.bincount(merged, minlength=len(stops)))
        for mine, pools, n_draws, stop in zip(
            np.split(by_class, ends[:-1]), self.pools, self.class_draws, stops, strict=True
        ):
            positions = epoch * n_draws + numbers[mine] - (stop - n_draws)
            for turn, (stream, pool) in enumerate(pools):
                turns = positions % len(pools) == turn
                drawn = pool.draw(positions[turns] // len(pools), self._make_key(stream))
                rows[mine[turns]], passes[mine[turns]] = drawn
        return rows, passes

    def count(self, n_epochs: int, n_samples: int) -> NDArray[np.int64]:
        """Count how often each row is drawn in the first epochs.

        Parameters
        ----------
        n_epochs, n_samples : int
            How many epochs, and how many rows there are.

        Returns
        -------
        ndarray of int64, shape (n_samples,)
        """
        counts = np.zeros(n_samples, dtype=np.int64)
        for n_draws, pools in zip(self.class_draws.tolist(), self.pools, strict=True):
            for turn, (stream, pool) in enumerate(pools):
                n_positions = (n_epochs * n_draws - turn + len(pools) - 1) // len(pools)
                rows = pool.take(np.arange(pool.n))
                counts[rows] = pool.count(n_positions, self._make_key(stream))
        return counts

    def _make_key(self, stream: int) -> NDArray[np.uint64] | None:
        return None if self.seed is None else hash_keys(self.seed, stream)
