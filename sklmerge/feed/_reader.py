"""A row in, its image out: from the cache, from the source, or another row's in its place."""

import bisect
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.feed._sources import ImageSource
from sklmerge.images import BadFileError, Fetched


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
    >>> from sklmerge.feed._reader import DecodeCache
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
        self._rates: list[float] = []  # ascending
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
            # From the lowest rate on, so that an image which finds no room costs one look at it.
            lower = self._find_room(excess, rate)
            if excess > 0 and not lower:
                return
            for low in lower:
                while excess > 0 and self._rows[low]:
                    excess -= self._remove(low)
                if not self._rows[low]:
                    del self._rows[low], self._sizes[low]
                    self._rates.remove(low)
            # A view would keep the whole array that it looks at.
            self._images[row] = image if image.base is None else np.array(image)
            if rate not in self._rows:
                bisect.insort(self._rates, rate)
                self._rows[rate], self._sizes[rate] = [], 0
            self._rows[rate].append(row)
            self._sizes[rate] += image.nbytes
            self.n_bytes += image.nbytes

    def _find_room(self, n_bytes: int, rate: float) -> list[float]:
        """List the lowest rates, below `rate`, whose rows make room; [] if they do not."""
        found: list[float] = []
        for lower in self._rates:
            if n_bytes <= 0 or lower >= rate:
                break
            found.append(lower)
            n_bytes -= self._sizes[lower]
        return found if n_bytes <= 0 else []

    def _remove(self, rate: float) -> int:
        size = self._images.pop(self._rows[rate].pop()).nbytes
        self._sizes[rate] -= size
        self.n_bytes -= size
        return size


# Rows drawn less often than once in so many epochs are not worth their place in the cache.
_EPOCHS_WORTH_KEEPING = 10


class RowReader:
    """Read images, keep those that come again soon, and replace those that cannot be read.

    Parameters
    ----------
    source : ImageSource
        Where images are.
    codes : ndarray of int, shape (n_samples,)
        Class of each row: what cannot be read is replaced by the next row of its class.
    rates : sequence of float, length n_classes
        Draws of an image of each class in an epoch.
    on_error : {"raise", "skip", "warn"}
        See `ImageBatches`.
    cache_bytes : int
        The most that decoded images may take.

    Attributes
    ----------
    unreadable : dict of str to str
        Files met so far that could not be read, with the reason.
    """

    def __init__(
        self,
        source: ImageSource,
        codes: NDArray[np.signedinteger],
        rates: Sequence[float],
        *,
        on_error: str,
        cache_bytes: int,
    ) -> None:
        if on_error not in ("raise", "skip", "warn"):
            raise ValueError(f"on_error must be one of raise, skip, warn, got {on_error!r}")
        if not isinstance(cache_bytes, int | float):
            raise TypeError(f"cache_bytes must be a number of bytes, got {cache_bytes!r}")
        if cache_bytes < 0:
            raise ValueError(f"cache_bytes must be >= 0, got {cache_bytes}")
        self.source = source
        self.codes = codes
        self.rates = rates
        self.on_error = on_error
        self.cache_bytes = cache_bytes
        self.unreadable: dict[str, str] = {}
        self._lock = threading.Lock()
        self._cache = DecodeCache(cache_bytes)
        self._members: dict[int, NDArray[np.intp]] = {}

    def read_all(self, rows: Sequence[int]) -> list[tuple[int, NDArray[Any]]]:
        """Read some images, see `read`; those that are far away are fetched together."""
        if not self.source.is_costly:
            return [self.read(row) for row in rows]
        new = [row for row in dict.fromkeys(rows) if self._cache.get(row) is None]
        fetched = self.source.fetch([row for row in new if not self._is_known_bad(row)])
        return [self.read(row, fetched.get(row)) for row in rows]

    def read(self, row: int, fetched: Fetched = None) -> tuple[int, NDArray[Any]]:
        """Read an image, or, where that fails and may, the next of its class that can be read.

        Parameters
        ----------
        row : int
            Which one.
        fetched : bytes, ValueError or None, default=None
            What its source has fetched of it.

        Returns
        -------
        row : int
            The row that was read.
        image : ndarray
            Not to be changed.

        Raises
        ------
        BadFileError
            If it, or all of its class, cannot be read.
        """
        image = self._try_reading(row, fetched)
        if image is not None:
            return row, image
        same = self._list_class(int(self.codes[row]))
        start = int(np.searchsorted(same, row)) + 1
        for place in range(start, start + len(same) - 1):
            other = int(same[place % len(same)])
            image = self._try_reading(other)
            if image is not None:
                return other, image
        path = self.source.describe(row)
        raise BadFileError(
            f"source must have an image of each class that can be read, got {len(same)} of a "
            f"class that cannot, among them {path} ({self.unreadable[path]})"
        )

    def _list_class(self, code: int) -> NDArray[np.intp]:
        """List the rows of a class, once: a bad file that is drawn again costs no pass again."""
        if code not in self._members:
            self._members[code] = np.flatnonzero(self.codes == code)
        return self._members[code]

    def _is_known_bad(self, row: int) -> bool:
        return bool(self.unreadable) and self.source.describe(row) in self.unreadable

    def _try_reading(self, row: int, fetched: Fetched = None) -> NDArray[Any] | None:
        if not self.source.is_costly:
            return self.source.read(row)
        image = self._cache.get(row)
        if image is not None:
            return image
        path = self.source.describe(row)
        if path in self.unreadable:
            return None
        if fetched is None:
            fetched = self.source.fetch([row]).get(row)
        try:
            image = self.source.read(row, fetched)
        except ValueError as error:
            self._tell(path, str(error), error)
            return None
        rate = self.rates[self.codes[row]]
        if rate * _EPOCHS_WORTH_KEEPING >= 1:
            self._cache.put(row, image, rate)
        return image

    def _tell(self, path: str, reason: str, error: ValueError) -> None:
        if self.on_error == "raise":
            raise BadFileError(
                f'{path} could not be read ({reason}); pass on_error="skip" to draw another image '
                "of its class instead"
            ) from error
        with self._lock:
            is_new = path not in self.unreadable
            self.unreadable[path] = reason
        if is_new and self.on_error == "warn":
            warnings.warn(
                f"{path} could not be read ({reason}); another image of its class is drawn instead",
                UserWarning,
                stacklevel=2,
            )

    def __getstate__(self) -> dict[str, Any]:
        # Locks and what was decoded stay behind; another process decodes for itself.
        left = ("_lock", "_cache", "_members")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._cache = DecodeCache(self.cache_bytes)
        self._members = {}
