"""Draws per class in, the batch and rank of each draw out. No labels, no sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import check_whole


def batch_coverage(counts: Mapping[Any, int] | Sequence[int], batch_size: int) -> Any:
    """Compute the exact probability that a random batch contains no image of a class.

    Parameters
    ----------
    counts : mapping of label to int, or sequence of int
        Number of images of each class.
    batch_size : int
        Number of images in a batch, drawn without replacement from all images.

    Returns
    -------
    dict of label to float, or ndarray of float64, shape (n_classes,)
        The probability for each class.

    Raises
    ------
    ValueError
        If a count is negative, or the batch is larger than the data.

    See Also
    --------
    EpochSchedule : Plans batches that contain every class.
    EpochCoverageDisplay : Draws these probabilities.

    Notes
    -----
    For a class with n of N images and a batch of b images, this is the hypergeometric probability
    C(N - n, b) / C(N, b), computed as a product of b factors (N - n - i) / (N - i).

    Examples
    --------
    >>> from sklmerge import batch_coverage
    >>> misses = batch_coverage({"rare": 500, "common": 1_000_000}, 256)
    >>> round(misses["rare"], 2)
    0.88
    """
    values = list(counts.values() if isinstance(counts, Mapping) else counts)
    n_all = sum(values)
    if any(n < 0 for n in values):
        raise ValueError(f"counts must be >= 0, got {values}")
    check_whole("batch_size", batch_size, 1)
    if batch_size > n_all:
        raise ValueError(
            f"batch_size must be at most the {n_all} images there are, got {batch_size}"
        )
    left = n_all - np.arange(batch_size, dtype=np.float64)
    chances = np.zeros(len(values))
    for place, n in enumerate(values):
        # Where fewer than a batch are of other classes, none can miss this one.
        if n_all - n >= batch_size:
            chances[place] = np.exp(np.log1p(-n / left).sum())
    if isinstance(counts, Mapping):
        return dict(zip(counts, chances.tolist(), strict=True))
    return chances


@dataclass(frozen=True, eq=False)
class EpochDraws:
    """The images that are drawn in an epoch or batch, one row per draw.

    Parameters
    ----------
    indices : ndarray of int64, shape (n_draws,)
        Row number in the data set of each drawn image.
    is_augmented : ndarray of bool, shape (n_draws,)
        Whether the drawn image is augmented.
    keys : ndarray of uint64, shape (n_draws,)
        Key of the random stream that augments the image; see `sklmerge.augment.hash_keys`. The key
        depends on the row and on how often that row was drawn before.

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

    def take(self, rows: ArrayLike | slice) -> EpochDraws:
        """Return the draws at the given rows.

        Parameters
        ----------
        rows : array-like of int or slice
            Rows to return.

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
        All draws of the epoch, batch after batch.
    sizes : ndarray of int64, shape (n_batches,)
        Number of draws in each batch.

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

    def __repr__(self) -> str:
        most = int(self.sizes.max()) if len(self) else 0
        return f"BatchPlan({len(self)} batches of up to {most}, {len(self.draws)} draws)"

    @overload
    def __getitem__(self, index: int) -> EpochDraws: ...
    @overload
    def __getitem__(self, index: slice) -> list[EpochDraws]: ...
    def __getitem__(self, index: int | slice) -> EpochDraws | list[EpochDraws]:
        """Return the draws of a batch."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        stop = int(self._stops[number])
        return self.draws.take(slice(stop - int(self.sizes[number]), stop))


_GOLDEN_RATIO = (1 + 5**0.5) / 2


def count_batches(n_draws: int, batch_size: int, world_size: int = 1) -> int:
    """Return the smallest number of batches that holds all draws of an epoch."""
    return -(-n_draws // (batch_size * world_size))


def share_draws(class_draws: NDArray[np.int64], n_batches: int) -> NDArray[np.int64]:
    """Share each class's draws evenly among batches; return counts (n_batches, n_classes)."""
    n_draws = int(class_draws.sum())
    # Batch sizes differ by at most 1, the larger first. Each count is the floor or the ceiling of
    # the class's share of its batch.
    size, n_larger = divmod(n_draws, n_batches)
    # Larger and smaller batches have two kinds of shares, so first part the draws between them.
    parted = class_draws * (n_larger * (size + 1))
    in_larger, rests = parted // n_draws, parted % n_draws
    n_spare = n_larger * (size + 1) - int(in_larger.sum())
    in_larger[np.argsort(-rests, kind="stable")[:n_spare]] += 1
    return np.concatenate(
        [
            _share_alike(in_larger, n_larger),
            _share_alike(class_draws - in_larger, n_batches - n_larger),
        ]
    )


def _share_alike(class_draws: NDArray[np.int64], n_batches: int) -> NDArray[np.int64]:
    """Share draws among batches of equal size."""
    if n_batches == 0:
        return np.zeros((0, len(class_draws)), np.int64)
    # Every class gets the floor of its share. If the seats left over went, batch by batch, to the
    # class that is furthest behind, a class could be one draw off at the end. One walk over the
    # batches gives no class two of them in a batch and fills each batch exactly; its steps of the
    # golden ratio spread the seats of a class evenly.
    floors = class_draws // n_batches
    counts = np.tile(floors, (n_batches, 1))
    seats = np.repeat(np.arange(len(floors)), class_draws - floors * n_batches)
    step = round(n_batches / _GOLDEN_RATIO)
    while math.gcd(step, n_batches) != 1:
        step += 1
    counts[np.arange(len(seats)) * step % n_batches, seats] += 1
    return counts


def check_shares(
    class_draws: dict[object, int], batch_size: int, world_size: int, *, stratified: bool
) -> None:
    """Refuse a batch size that leaves a class, or a rank, without a draw in a batch."""
    n_draws = sum(class_draws.values())
    rarest = min(class_draws, key=lambda label: class_draws[label])
    n_rarest = class_draws[rarest] if stratified else n_draws

    def is_enough(size: int) -> bool:
        # The share of a class in a rank's part of the smallest batch.
        smallest = n_draws // count_batches(n_draws, size, world_size)
        return n_rarest * smallest >= n_draws * world_size

    if is_enough(batch_size):
        return
    ranks = f" on each of {world_size} ranks" if world_size > 1 else ""
    enough = next((size for size in range(batch_size + 1, n_draws + 1) if is_enough(size)), None)
    if enough is None:
        raise ValueError(
            f"world_size must not exceed the {n_rarest} draws of an epoch that "
            f"{f'class {rarest!r} has' if stratified else 'there are'}, got {world_size}"
        )
    if not stratified:
        raise ValueError(
            f"batch_size must be at least {enough} to give {world_size} ranks as many batches "
            f"each of {n_draws} draws, got {batch_size}"
        )
    raise ValueError(
        f"batch_size must be at least {enough}, so that every batch{ranks} has a draw of class "
        f"{rarest!r} ({n_rarest} of {n_draws}), got {batch_size}; or pass stratify_batches=False"
    )


def arrange_classes(
    counts: NDArray[np.int64], rank: int, world_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the draws of a rank, batch by batch with classes mixed, and the size of each batch."""
    # Draws are numbered class after class, and keep their order within a class. Of a batch in this
    # order, a rank takes [rank::world_size].
    n_batches, n_classes = counts.shape
    # Runs are the draws of one class in one batch; `firsts` are the draws that they begin with.
    per_class = counts.sum(axis=0)
    before = np.cumsum(counts, axis=0) - counts + (np.cumsum(per_class) - per_class)
    lengths, firsts = counts.ravel(), before.ravel()
    places = np.cumsum(lengths) - lengths
    rows_before = places - np.repeat(places[::n_classes], n_classes)
    # In a run that begins in row s of its batch, the rank's first row is the next = rank (mod w).
    offsets = (rank - rows_before) % world_size
    kept = np.maximum(lengths - offsets + world_size - 1, 0) // world_size
    places_kept = np.cumsum(kept) - kept
    inside = np.arange(int(kept.sum())) - np.repeat(places_kept, kept)
    numbers = np.repeat(firsts + offsets, kept) + inside * world_size
    sizes = kept.reshape(counts.shape).sum(axis=1)
    # Draws of a class lie evenly between the beginning of their batch and its end.
    spots = np.repeat(np.arange(n_batches), sizes) + (inside + 0.5) / np.repeat(kept, kept)
    return numbers[np.argsort(spots, kind="stable")], sizes
