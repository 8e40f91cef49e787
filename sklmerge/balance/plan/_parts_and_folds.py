"""Which part each source falls to: shares, exact numbers of images, or folds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_whole, is_real, is_whole, list_items
from sklmerge._random import rank_keys
from sklmerge.images import find_positions, pool_small_classes, split_by_group, split_by_rank

PART_NAMES = ("train", "val", "test")
TRAIN, VAL = 0, 1

Split = Sequence[float] | Mapping[str, float | int]


class Parts(NamedTuple):
    """The parts of a split, train first."""

    names: tuple[str, ...]
    # For each part a share, a number of images per class, or None for the rest.
    amounts: tuple[float | int | None, ...]


def check_split(split: Split | None) -> Parts:
    """Check and convert `split` of `balance_folder`."""
    if split is None:
        return Parts(("train",), (1.0,))
    if isinstance(split, Mapping):
        return _check_named(split)
    shares = list_items(split)
    sound = 1 <= len(shares) <= 3 and all(is_real(share) and share > 0 for share in shares)
    if not sound or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(
            "split must be up to three shares above 0 for train, val and test that sum to 1, "
            "such as (0.8, 0.2), or a mapping such as {'val': 0.1, 'test': 50}, or None, "
            f"got {split!r}"
        )
    return Parts(PART_NAMES[: len(shares)], tuple(float(share) for share in shares))


def _check_named(split: Mapping[str, Any]) -> Parts:
    message = (
        "split must map 'train', 'val' or 'test' to a share between 0 and 1 or to a whole number "
        f"of images per class, and leave the rest to train or val, got {dict(split)!r}"
    )
    amounts: dict[str, float | int | None] = {}
    for name, amount in split.items():
        exact = is_whole(amount) and amount >= 1
        if name not in PART_NAMES or not (exact or (is_real(amount) and 0 < amount < 1)):
            raise ValueError(message)
        amounts[name] = int(amount) if exact else float(amount)
    shares = sum(amount for amount in amounts.values() if isinstance(amount, float))
    complete = all(isinstance(amount, float) for amount in amounts.values())
    if not (complete and abs(shares - 1) <= 1e-6 and "train" in amounts):
        rest = "val" if "train" in amounts else "train"
        if not amounts or rest in amounts or shares >= 1:
            raise ValueError(message)
        amounts[rest] = None
    names = tuple(name for name in PART_NAMES if name in amounts)
    return Parts(names, tuple(amounts[name] for name in names))


def check_folds(folds: int | None) -> int | None:
    """Check that the number of folds is at least 2; return None for None."""
    return None if folds is None else check_whole("folds", folds, 2)


def divide_sources(
    wanted: Parts,
    originals: NDArray[np.int32],
    merged: NDArray[np.int32],
    keys: NDArray[np.uint64],
    seed: int,
    *,
    class_names: Sequence[str],
    groups: tuple[NDArray[np.int64], NDArray[np.uint64]] | None = None,
) -> NDArray[np.int8]:
    """Assign each source to a part, by the hash rank of its path or of its group."""
    shares = _find_shares(wanted.amounts)
    if shares is None:
        counts = np.bincount(originals, minlength=len(class_names))
        seats = _count_seats(counts, wanted, class_names)
        if groups is None:
            positions = find_positions(originals, rank_keys(keys, seed, "split"))
            bounds = seats.cumsum(axis=1)[originals]
            return (positions[:, None] >= bounds[:, :-1]).sum(axis=1).astype(np.int8)
        # Whole groups only approach exact numbers.
        by_class = (seats / np.maximum(counts, 1)[:, None]).T
        return split_by_group(groups[0], originals, rank_keys(groups[1], seed, "split"), by_class)
    if groups is not None:
        return split_by_group(groups[0], merged, rank_keys(groups[1], seed, "split"), shares)
    strata = pool_small_classes(originals, merged, len(shares))
    return split_by_rank(strata, rank_keys(keys, seed, "split"), shares)


def number_folds(
    n_folds: int,
    merged: NDArray[np.int32],
    keys: NDArray[np.uint64],
    seed: int,
    *,
    class_names: Sequence[str],
    groups: tuple[NDArray[np.int64], NDArray[np.uint64]] | None = None,
) -> NDArray[np.int8]:
    """Assign each source to the fold that validates it; every fold needs each class."""
    shares = [1 / n_folds] * n_folds
    if groups is None:
        folds = split_by_rank(merged.astype(np.int64), rank_keys(keys, seed, "split"), shares)
    else:
        folds = split_by_group(groups[0], merged, rank_keys(groups[1], seed, "split"), shares)
    for code, name in enumerate(class_names):
        present = len(np.unique(folds[merged == code]))
        if present < n_folds:
            what = "images" if groups is None else "groups"
            raise ValueError(
                f"folds must be at most the {what} of the smallest class, got {n_folds}, but "
                f"{name!r} reaches only {present} of the folds; merge it or leave it out by classes"
            )
    return folds


def _find_shares(amounts: Sequence[float | int | None]) -> tuple[float, ...] | None:
    """Turn amounts into shares that sum to 1; None if some are numbers of images."""
    if any(isinstance(amount, int) for amount in amounts):
        return None
    rest = 1 - sum(amount for amount in amounts if amount is not None)
    return tuple(rest if amount is None else amount for amount in amounts)


def _count_seats(
    counts: NDArray[np.int64], wanted: Parts, class_names: Sequence[str]
) -> NDArray[np.int64]:
    """Count the images that each part gets of each class, shape (n_classes, n_parts)."""
    seats = np.zeros((len(counts), len(wanted.names)), np.int64)
    for part, amount in enumerate(wanted.amounts):
        if isinstance(amount, int):
            seats[:, part] = amount
        elif amount is not None:
            seats[:, part] = np.maximum(np.round(counts * amount), 1)
    rest = wanted.amounts.index(None)
    left = counts - seats.sum(axis=1)
    short = np.flatnonzero((left < 0) & (counts > 0))
    if len(short):
        code = int(short[0])
        raise ValueError(
            f"split asks for {int(seats[code].sum())} images of each class, but "
            f"{class_names[code]!r} has {int(counts[code])}; ask for fewer, or merge the class"
        )
    seats[:, rest] = np.maximum(left, 0)
    return seats
