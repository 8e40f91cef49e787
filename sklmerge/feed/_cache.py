"""Decoded images that will be drawn again soon, kept within a number of bytes."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray


class DecodeCache:
    """Keep decoded images of the rows that are drawn most often.

    What is full stays full: where all rows come once an epoch, throwing out the oldest would throw
    out each just before it comes again. Only rows that are drawn more often take the place of
    others. Any number of threads may use it at once.

    Parameters
    ----------
    max_bytes : int
        The most that the images may take.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.feed._cache import DecodeCache
    >>> cache = DecodeCache(1000)
    >>> cache.put(3, np.zeros((20, 30), np.uint8), rate=1.0)
    >>> cache.put(4, np.zeros((20, 30), np.uint8), rate=1.0)
    >>> cache.get(3) is None, cache.get(4) is None, cache.n_bytes
    (False, True, 600)
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._images: dict[int, NDArray[Any]] = {}
        # By rate: the rows that are kept, and their bytes.
        self._rows: dict[float, list[int]] = {}
        self._sizes: dict[float, int] = {}
        self._lock = threading.Lock()

    def get(self, row: int) -> NDArray[Any] | None:
        """Return the image of a row, or None."""
        return self._images.get(row)

    def put(self, row: int, image: NDArray[Any], rate: float) -> None:
        """Keep an image, if there is room or rows of a lower rate can make it.

        Parameters
        ----------
        row : int
            Which one it is.
        image : ndarray
            Must not be changed afterwards.
        rate : float
            Draws of the row in an epoch, on average.
        """
        with self._lock:
            if row in self._images:
                return
            excess = self.n_bytes + image.nbytes - self.max_bytes
            if excess > sum(size for lower, size in self._sizes.items() if lower < rate):
                return
            for lower in sorted(self._rows):
                while excess > 0 and lower < rate and self._rows[lower]:
                    excess -= self._remove(lower)
            # A view would keep the whole array that it looks at.
            self._images[row] = image if image.base is None else np.array(image)
            self._rows.setdefault(rate, []).append(row)
            self._sizes[rate] = self._sizes.get(rate, 0) + image.nbytes
            self.n_bytes += image.nbytes

    def _remove(self, rate: float) -> int:
        size = self._images.pop(self._rows[rate].pop()).nbytes
        self._sizes[rate] -= size
        self.n_bytes -= size
        return size
