"""The draws of an epoch as columns, and cut into batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class EpochDraws:
    """Which sources are drawn, one row a draw.

    Parameters
    ----------
    indices : ndarray of int64, shape (n_draws,)
        Row of the data that each draw uses.
    is_augmented : ndarray of bool, shape (n_draws,)
        Whether it is varied.
    keys : ndarray of uint64, shape (n_draws,)
        Random stream of its variation, see `sklmerge.augment.hash_keys`: a function of the row and
        of how often it was drawn before.

    Examples
    --------
    >>> from sklmerge import EpochSchedule
    >>> draws = EpochSchedule("minority", random_state=0).fit(["a", "b", "b"]).draws(0)
    >>> len(draws), draws.is_augmented.tolist()
    (2, [True, True])
    """

    indices: NDArray[np.int64]
    is_augmented: NDArray[np.bool_]
    keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, rows: ArrayLike | slice) -> "EpochDraws":
        """Return some of the draws.

        Parameters
        ----------
        rows : array-like of int or slice
            Which of them.

        Returns
        -------
        EpochDraws
        """
        chosen = rows if isinstance(rows, slice) else np.asarray(rows)
        return EpochDraws(self.indices[chosen], self.is_augmented[chosen], self.keys[chosen])


class BatchPlan(Sequence[EpochDraws]):
    """The batches of one epoch: a sequence of `EpochDraws`.

    Parameters
    ----------
    draws : EpochDraws
        All of them, batch after batch.
    sizes : ndarray of int64, shape (n_batches,)
        How many each batch takes.

    Examples
    --------
    >>> from sklmerge import EpochSchedule
    >>> plan = EpochSchedule(random_state=0).fit(["a"] * 5 + ["b"] * 9).plan_batches(0, 4)
    >>> [len(batch) for batch in plan]
    [4, 3, 3]
    """

    def __init__(self, draws: EpochDraws, sizes: NDArray[np.int64]) -> None:
        self.draws = draws
        self.sizes = sizes
        self._stops = np.cumsum(sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, index: int) -> EpochDraws: ...
    @overload
    def __getitem__(self, index: slice) -> "list[EpochDraws]": ...
    def __getitem__(self, index: int | slice) -> "EpochDraws | list[EpochDraws]":
        """Return the draws of a batch."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        stop = int(self._stops[number])
        return self.draws.take(slice(stop - int(self.sizes[number]), stop))
