"""A pool of rows that is gone through pass after pass: which row comes at which position."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import hash_keys
from sklmerge.sampling._bijection import permute_places


@dataclass(frozen=True, eq=False)
class RowPool:
    """The rows of a class in the order given, without storing them where they are consecutive.

    Parameters
    ----------
    n : int
        How many there are.
    first : int
        The first of them.
    rows : ndarray of int, shape (n,), or None
        All of them, ascending; None where they are ``first``, ``first + 1`` and so on.
    """

    n: int
    first: int
    rows: NDArray[np.signedinteger] | None

    def take(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows at some places."""
        if self.rows is None:
            return places + self.first
        return self.rows[places].astype(np.int64)

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


def make_pools(codes: NDArray[np.signedinteger], n_classes: int) -> list[RowPool]:
    """Gather the rows of each class.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Class of each row, in [0, n_classes).
    n_classes : int
        How many classes there are; each needs a row.

    Returns
    -------
    list of RowPool, length n_classes

    Examples
    --------
    >>> import numpy as np
    >>> [pool.take(np.arange(pool.n)).tolist() for pool in make_pools(np.array([1, 0, 1]), 2)]
    [[1], [0, 2]]
    """
    counts = np.bincount(codes, minlength=n_classes)
    stops = np.cumsum(counts).tolist()
    starts = [0, *stops[:-1]]
    if bool((codes[1:] >= codes[:-1]).all()):
        return [
            RowPool(stop - start, start, None) for start, stop in zip(starts, stops, strict=True)
        ]
    # Codes of two bytes are sorted by radix, in a time that grows with their number alone.
    order = np.argsort(codes, kind="stable")
    if len(codes) < 2**31:
        order = order.astype(np.int32)
    pools = []
    for start, stop in zip(starts, stops, strict=True):
        rows = order[start:stop]
        consecutive = int(rows[-1]) - int(rows[0]) == len(rows) - 1
        # A copy of the part lets go of the whole where other classes need none.
        pools.append(RowPool(len(rows), int(rows[0]), None if consecutive else rows.copy()))
    return pools
