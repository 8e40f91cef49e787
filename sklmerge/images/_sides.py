"""Which images go to train and which to test: the checks around _split.py and _split_groups.py."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge.augment._hash import resolve_seed
from sklmerge.images._hash import hash_texts, rank_keys
from sklmerge.images._paths import ImagePaths
from sklmerge.images._split import pool_small_classes, split_by_rank
from sklmerge.images._split_groups import number_groups, split_by_group


def choose_sides(
    paths: ImagePaths,
    originals: NDArray[np.signedinteger],
    merged: NDArray[np.signedinteger],
    *,
    test_size: float,
    groups: ArrayLike | None,
    random_state: Any,
) -> NDArray[np.int8]:
    """Give each image its side, 0 for train and 1 for test.

    Parameters
    ----------
    paths : ImagePaths of length n
        Their bytes without the root, or the groups' names, order the images.
    originals, merged : ndarray of int, shape (n,)
        Codes of the original and of the merged class.
    test_size : float
        Share of the test side.
    groups : array-like of shape (n,) or None
        What must not be divided.
    random_state : int, RandomState or None
        The seed.

    Returns
    -------
    ndarray of int8, shape (n,)

    Raises
    ------
    ValueError
        ``test_size`` is out of range or leaves a side empty, or ``groups`` does not fit.
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must be between 0 and 1, got {test_size!r}")
    seed = resolve_seed(random_state)
    # The codes of an index are as narrow as its classes allow, too narrow to add to.
    originals, merged = originals.astype(np.int32), merged.astype(np.int32)
    shares = (1 - test_size, test_size)
    if groups is None:
        ranks = rank_keys(hash_texts(paths.iterate_bytes()), seed, "split")
        sides = split_by_rank(pool_small_classes(originals, merged, len(shares)), ranks, shares)
        divided = f"{len(paths)} images"
    else:
        codes, keys = number_groups(groups, len(paths))
        sides = split_by_group(codes, originals, rank_keys(keys, seed, "split"), shares)
        divided = f"{len(keys)} groups"
    if sides.all() or not sides.any():
        raise ValueError(f"test_size={test_size} of {divided} leaves a side without images")
    return sides
