"""The pools of all classes: which row each draw of an epoch takes, and how often rows are drawn."""

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
    places: NDArray[np.int64], n: NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Permute places in [0, n); the same key and n give the same permutation."""
    moved = np.empty(len(places), dtype=np.int64)
    for start in range(0, len(places), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        lengths, sought, streams = n[chunk], places[chunk].astype(np.uint64), keys[chunk]
        if (lengths == lengths[0]).all():
            # Division by one number is several times as fast as by many.
            moved[chunk] = _permute_chunk(sought, streams, lengths[:1])
            continue
        for is_short in (False, True):
            mine = np.flatnonzero((lengths < _SHORT) == is_short)
            if len(mine):
                moved[start + mine] = _permute_chunk(sought[mine], streams[mine], lengths[mine])
    return moved


def _permute_chunk(
    places: NDArray[np.uint64], keys: NDArray[np.uint64], n: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Permute places; `n` has one length per place or one for all, all short or all long."""
    # Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002: a Feistel network
    # over two numbers of radix a and b with a b >= n, walked on wherever it leaves [0, n). With a
    # and b near the square root of n, that is hardly ever.
    high_radix, low_radix = _choose_radices(n)
    n_rounds = _N_ROUNDS_SHORT if n[0] < _SHORT else _N_ROUNDS
    lengths = n.astype(np.uint64)
    moved = _encipher(places, high_radix, low_radix, keys, n_rounds)
    outside = np.flatnonzero(moved >= lengths)
    while len(outside):
        of_each = (x if len(x) == 1 else x[outside] for x in (high_radix, low_radix, lengths))
        high, low, most = of_each
        again = _encipher(moved[outside], high, low, keys[outside], n_rounds)
        moved[outside] = again
        outside = outside[again >= most]
    return moved


def _choose_radices(n: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Choose two numbers near the square root of n whose product is at least n."""
    root = np.sqrt((n - 1).astype(np.float64)).astype(np.int64)
    # The root of a float may be one off at either side of a square.
    root -= root * root > n - 1
    root += (root + 1) ** 2 <= n - 1
    high = root + 1
    return high.astype(np.uint64), (-(-n // high)).astype(np.uint64)


def _encipher(
    places: NDArray[np.uint64],
    high_radix: NDArray[np.uint64],
    low_radix: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    n_rounds: int,
) -> NDArray[np.uint64]:
    if len(high_radix) == 1:
        high_radix, low_radix = high_radix[0], low_radix[0]
    low, high = places % low_radix, places // low_radix
    for number in range(n_rounds):
        # One half moves by a hash of the other, which stands still: so each round can be undone.
        if number % 2:
            low = (low + _hash_round(high, keys, number) % low_radix) % low_radix
        else:
            high = (high + _hash_round(low, keys, number) % high_radix) % high_radix
    return high * low_radix + low


def _hash_round(
    half: NDArray[np.uint64], keys: NDArray[np.uint64], number: int
) -> NDArray[np.uint64]:
    return mix_bits(half ^ (keys + np.uint64(number * _STEP % 2**64)))


# Rows that are sorted at once: few enough to stay in the processor's cache.
_CHUNK_OF_DRAWS = 1 << 16
# Rows that are counted at once: few enough for memory.
_CHUNK_OF_COUNTS = 1 << 22


@dataclass(frozen=True, eq=False)
class RowPools:
    """The rows of every pool in the given order, stored only if they cannot be computed."""

    sizes: NDArray[np.int64]
    # Where each pool begins in `rows`, or among all rows if they are in the order of the pools.
    starts: NDArray[np.int64]
    # Pool after pool, ascending; None if all rows are in the order of the pools.
    rows: NDArray[np.signedinteger] | None = None
    # The one pool that is not listed: all rows that the others leave.
    rest: int | None = None
    # How many rows of that pool come before each row of another one.
    n_before: NDArray[np.signedinteger] | None = None

    @classmethod
    def gather(
        cls,
        codes: NDArray[np.signedinteger],
        groups: NDArray[np.signedinteger],
        sizes: NDArray[np.int64],
    ) -> Self:
        """Gather the rows of each group of classes in one pass; no group may be empty."""
        if _is_ascending(codes, groups):
            return cls(sizes, np.cumsum(sizes) - sizes)
        largest = int(np.argmax(sizes))
        # A pool of more than two thirds of the rows would take most of the memory.
        rest = largest if 3 * sizes[largest] > 2 * len(codes) else None
        listed = sizes.copy()
        if rest is not None:
            listed[rest] = 0
        rows = _list_rows(codes, groups, listed)
        starts = np.cumsum(listed) - listed
        if rest is None:
            return cls(sizes, starts, rows)
        others = np.sort(rows)
        n_before = others - np.arange(len(others), dtype=others.dtype)
        return cls(sizes, starts, rows, rest, n_before)

    def take(self, pools: NDArray[np.intp], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows at the given places of the given pools."""
        positions: NDArray[np.int64] = places + self.starts[pools]
        if self.rows is None:
            return positions
        if self.rest is None or self.n_before is None:
            return self.rows[positions].astype(np.int64)
        rows = np.empty_like(places)
        is_rest = pools == self.rest
        rows[~is_rest] = self.rows[positions[~is_rest]]
        sought = places[is_rest]
        # In order, so that neighbours are looked for in the processor's cache.
        by_place = np.argsort(sought)
        ordered = sought[by_place].astype(self.n_before.dtype)
        found = np.empty_like(sought)
        found[by_place] = ordered + np.searchsorted(self.n_before, ordered, side="right")
        rows[is_rest] = found
        return rows


def _is_ascending(codes: NDArray[np.signedinteger], groups: NDArray[np.signedinteger]) -> bool:
    """Say whether the groups of the rows are in ascending order."""
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
    """List the rows group by group, in ascending order; leave out groups of count 0."""
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
    """Draw rows of each class, pass after pass; if a class has several pools, alternate."""

    def __init__(
        self,
        codes: NDArray[np.signedinteger],
        groups: NDArray[np.signedinteger],
        rows: RowPools,
        n_pools: NDArray[np.int64],
        streams: NDArray[np.int64],
        class_draws: NDArray[np.int64],
        seed: int | None,
    ) -> None:
        # The original class of each row, and the pool of each original class. Pools of one class
        # stand side by side.
        self.codes, self.groups, self.rows = codes, groups, rows
        self.n_pools = n_pools
        self.class_draws = class_draws
        self._first_pools = np.cumsum(n_pools) - n_pools
        # Each pool has a random stream of its own; without a seed, rows keep the order given.
        self._keys = None if seed is None else hash_keys(seed, streams)

    @classmethod
    def gather(
        cls,
        codes: NDArray[np.signedinteger],
        merged_of: NDArray[np.signedinteger],
        counts: NDArray[np.int64],
        class_draws: NDArray[np.int64],
        seed: int | None,
        *,
        balance_members: bool = False,
    ) -> Self:
        """Gather the rows of each merged class, or of each of its members; none may be empty."""
        n_classes = len(class_draws)
        if balance_members:
            # Members have a pool each and are drawn in turn, in equal numbers.
            streams = np.argsort(merged_of, kind="stable")
            groups = np.argsort(streams).astype(merged_of.dtype)
            sizes, n_pools = counts[streams], np.bincount(merged_of, minlength=n_classes)
        else:
            streams, groups = np.arange(n_classes), merged_of
            sizes = np.bincount(merged_of, counts, n_classes).astype(np.int64)
            n_pools = np.ones(n_classes, np.int64)
        rows = RowPools.gather(codes, groups, sizes)
        return cls(codes, groups, rows, n_pools, streams, class_draws, seed)

    def draw(
        self, epoch: int, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of the given draws of an epoch, and how often each was drawn before."""
        stops = np.cumsum(self.class_draws)
        # Two bytes are sorted by radix.
        dtype = np.int16 if len(stops) < 2**15 else np.int32
        classes = np.searchsorted(stops, numbers, side="right").astype(dtype)
        # Class after class, so that neighbours go by permutations of one length.
        by_class = np.argsort(classes, kind="stable")
        classes = classes[by_class]
        # How much a number in each class falls short of its position since the first epoch.
        offsets = epoch * self.class_draws - (stops - self.class_draws)
        rows, passes = np.empty_like(numbers), np.empty_like(numbers)
        for start in range(0, len(numbers), _CHUNK_OF_DRAWS):
            chunk = slice(start, start + _CHUNK_OF_DRAWS)
            owners, places = classes[chunk], by_class[chunk]
            positions, pools = numbers[places] + offsets[owners], self._first_pools[owners]
            if len(self.rows.sizes) > len(stops):
                positions, turns = np.divmod(positions, self.n_pools[owners])
                pools = pools + turns
            rows[places], passes[places] = self._look_up(pools, positions)
        return rows, passes

    def count(self, n_epochs: int) -> NDArray[np.int64]:
        """Count how often each row is drawn in the first `n_epochs` epochs; shape (n_samples,)."""
        owners = np.repeat(np.arange(len(self.n_pools)), self.n_pools)
        turns = np.arange(len(owners)) - self._first_pools[owners]
        shares = self.n_pools[owners]
        n_positions = (n_epochs * self.class_draws[owners] - turns + shares - 1) // shares
        n_passes, n_rest = np.divmod(n_positions, self.rows.sizes)
        counts: NDArray[np.int64] = n_passes[self.groups[self.codes]]
        # Rows of the pass that is not finished yet.
        stops = np.cumsum(n_rest)
        for start in range(0, int(stops[-1]), _CHUNK_OF_COUNTS):
            numbers = np.arange(start, min(start + _CHUNK_OF_COUNTS, int(stops[-1])))
            pools = np.searchsorted(stops, numbers, side="right")
            places = numbers - (stops - n_rest)[pools]
            rows, _ = self._look_up(pools, places + (n_passes * self.rows.sizes)[pools])
            counts[rows] += 1
        return counts

    def _look_up(
        self, pools: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        sizes = self.rows.sizes[pools]
        # Position p of a pool of n rows is place p % n of pass p // n through it.
        passes, places = np.divmod(positions, sizes)
        if self._keys is not None:
            places = permute_places(places, sizes, hash_keys(self._keys[pools], passes))
        return self.rows.take(pools, places), passes
