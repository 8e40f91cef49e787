"""Draws per class in, which draw goes to which batch and rank out. No labels, no sources."""

import math

import numpy as np
from numpy.typing import NDArray

_GOLDEN_RATIO = (1 + 5**0.5) / 2


def count_batches(n_draws: int, batch_size: int, world_size: int = 1) -> int:
    """Count the batches of an epoch: as few as hold all draws."""
    return -(-n_draws // (batch_size * world_size))


def share_draws(class_draws: NDArray[np.int64], n_batches: int) -> NDArray[np.int64]:
    """Share the draws of each class among batches, as evenly as whole draws allow.

    Parameters
    ----------
    class_draws : ndarray of int64, shape (n_classes,)
        Draws of each class in the epoch.
    n_batches : int
        How many batches.

    Returns
    -------
    ndarray of int64, shape (n_batches, n_classes)
        Draws of each class in each batch. Rows add up to batch sizes that differ by at most 1, the
        larger first; columns add up to `class_draws`; each count is the floor or the ceiling of the
        class's share of the batch.

    Notes
    -----
    Every class gets the floor of its share first. Handing the spare seats to whichever class is
    furthest behind, batch by batch, may come out a draw wrong at the end; so all spare seats are
    laid along one walk over the batches, which gives no class two seats in a batch and each batch
    as many seats as it has. The walk takes golden steps, and so spreads each class's seats evenly.

    Examples
    --------
    >>> import numpy as np
    >>> share_draws(np.array([5, 5]), 3).tolist()
    [[2, 2], [2, 1], [1, 2]]
    """
    n_draws = int(class_draws.sum())
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
    """Share draws among batches of one size."""
    if n_batches == 0:
        return np.zeros((0, len(class_draws)), np.int64)
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
    """Refuse a batch size that leaves a class, or a rank, out of a batch.

    Parameters
    ----------
    class_draws : dict of label to int
        Draws of each class in the epoch.
    batch_size : int
        Most draws in a batch of one rank.
    world_size : int
        Number of ranks.
    stratified : bool
        Whether every class must be in every batch.

    Raises
    ------
    ValueError
        Naming the class, and the least batch size that would do.
    """
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
    """Lay out the draws of one rank, batch by batch, with the classes of each batch mixed evenly.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_batches, n_classes)
        See `share_draws`.
    rank, world_size : int
        Which rows of each batch to take: ``[rank::world_size]`` of it, ordered by class.

    Returns
    -------
    numbers : ndarray of int64, shape (n,)
        Draws, numbered class after class; within a class they keep their order.
    sizes : ndarray of int64, shape (n_batches,)
        How many of them each batch takes.

    Examples
    --------
    >>> import numpy as np
    >>> numbers, sizes = arrange_classes(np.array([[2, 2], [2, 1]]), 0, 1)
    >>> numbers.tolist(), sizes.tolist()
    ([0, 4, 1, 5, 2, 6, 3], [4, 3])
    """
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
