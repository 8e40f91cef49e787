"""Digests of files and of pixels, and which of many are equal."""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 16


def digest_pixels(image: NDArray[Any]) -> bytes:
    """Digest an image, its shape and its depth: images of the same digest are the same.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._duplicates import digest_pixels
    >>> image = np.zeros((4, 6), np.uint8)
    >>> digest_pixels(image) == digest_pixels(image.T)
    False
    """
    state = blake2b(f"{image.dtype} {image.shape} ".encode(), digest_size=_DIGEST_BYTES)
    state.update(np.ascontiguousarray(image).data)
    return state.digest()


def digest_file(data: bytes) -> bytes:
    """Digest the bytes of a file."""
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def group_equal(digests: NDArray[np.uint64], rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Group rows of equal digests, in the order of their first rows.

    Parameters
    ----------
    digests : ndarray of uint64, shape (n, 2)
    rows : ndarray of int, shape (m,)
        Those to compare, ascending.

    Returns
    -------
    list of ndarray of int
        Groups of two or more rows, each ascending.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._duplicates import group_equal
    >>> digests = np.array([[1, 1], [2, 1], [1, 1], [2, 1], [3, 1]], np.uint64)
    >>> [group.tolist() for group in group_equal(digests, np.arange(5))]
    [[0, 2], [1, 3]]
    """
    some = digests[rows]
    order = np.lexsort((rows, some[:, 1], some[:, 0]))
    ordered = some[order]
    ends = np.flatnonzero((ordered[1:] != ordered[:-1]).any(axis=1)) + 1
    bounds = np.concatenate([[0], ends, [len(rows)]])
    long = np.flatnonzero(np.diff(bounds) > 1)
    groups = [rows[order[bounds[i] : bounds[i + 1]]] for i in long]
    return sorted(groups, key=lambda group: int(group[0]))
