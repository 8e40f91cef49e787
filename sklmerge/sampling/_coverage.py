"""How likely a random batch lacks a class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def batch_coverage(counts: Mapping[Any, int] | Sequence[int], batch_size: int) -> Any:
    """Compute the exact chance that a random batch misses a class.

    Parameters
    ----------
    counts : mapping of label to int, or sequence of int
        Images of each class.
    batch_size : int
        Images in a batch, drawn without replacement from all.

    Returns
    -------
    dict of label to float, or ndarray of float64, shape (n_classes,)
        The chance that the batch holds no image of the class.

    Raises
    ------
    ValueError
        If a count is negative, or the batch is larger than the data.

    Notes
    -----
    It is the hypergeometric chance of no hit, C(N - n, b) / C(N, b), worked out as a product of b
    factors (N - n - i) / (N - i).

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
    if not 1 <= batch_size <= n_all:
        raise ValueError(
            f"batch_size must be from 1 to the {n_all} images there are, got {batch_size}"
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
