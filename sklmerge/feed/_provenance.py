"""A batch that knows where each of its images comes from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BatchDraws:
    """Where each image of a batch comes from.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
        Row of the source.
    labels : ndarray of shape (n,), or None
        Its merged class; None where there are no labels.
    original_labels : ndarray of shape (n,), or None
        Its original class.
    is_augmented : ndarray of bool, shape (n,)
        Whether it is varied.
    keys : ndarray of uint64, shape (n,)
        Random stream of the variation, see `sklmerge.augment.hash_keys`.
    """

    indices: NDArray[np.int64]
    labels: NDArray[Any] | None
    original_labels: NDArray[Any] | None
    is_augmented: NDArray[np.bool_]
    keys: NDArray[np.uint64]


class Batch(tuple[Any, ...]):
    """A tuple ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)`` that knows where it comes from.

    Attributes
    ----------
    draws : BatchDraws
        One row an image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import ImageBatches
    >>> batch = ImageBatches(np.zeros((3, 8, 9), np.uint8), ["a", "b", "a"])[0]
    >>> x, y = batch
    >>> y.tolist(), batch.draws.labels.tolist()
    ([0, 1, 0], ['a', 'b', 'a'])
    """

    draws: BatchDraws
