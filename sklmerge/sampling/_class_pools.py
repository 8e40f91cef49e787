"""The pools of all classes: which row stands at which number of an epoch, how often each comes."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import hash_keys
from sklmerge.sampling._pools import RowPool, make_pools


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
    >>> from sklmerge.sampling._class_pools import ClassPools
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
