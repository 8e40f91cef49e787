"""Rows in, their images out: from the cache, from the source, or another row's in its place."""

import bisect
import os
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_on_error, is_real
from sklmerge._config import get_config, set_config
from sklmerge.feed._sources import ImageSource
from sklmerge.images import BadFileError


class DecodeCache:
    """Thread-safe cache of the decoded images that are drawn most often."""

    def __init__(self, max_bytes: float) -> None:
        # What is full stays full: if all rows come once an epoch, throwing out the oldest would
        # throw out each just before it comes again. Only rows that are drawn more often take the
        # place of others.
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._images: dict[int, NDArray[Any]] = {}
        # By rate: the rows that are kept, and their bytes.
        self._rows: dict[float, list[int]] = {}
        self._sizes: dict[float, int] = {}
        self._rates: list[float] = []  # ascending
        self._lock = threading.Lock()

    def get(self, row: int) -> NDArray[Any] | None:
        """Return the image of a row, or None if it is not cached."""
        return self._images.get(row)

    def put(self, row: int, image: NDArray[Any], rate: float) -> None:
        """Cache an image with its draw rate, if there is room or rarer images can be evicted."""
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

    def _find_room(self, n_bytes: float, rate: float) -> list[float]:
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
    """Read images, cache those that come again soon, and replace those that cannot be read."""

    def __init__(
        self,
        source: ImageSource,
        codes: NDArray[np.signedinteger],
        rates: Sequence[float],
        *,
        on_error: str,
        cache_bytes: float,
    ) -> None:
        if not is_real(cache_bytes) or cache_bytes < 0:
            kind = ValueError if is_real(cache_bytes) else TypeError
            raise kind(f"cache_bytes must be a number of bytes >= 0, got {cache_bytes!r}")
        self.source = source
        # The class of each row, and the draws of an image of each class in an epoch.
        self.codes = codes
        self.rates = rates
        self.on_error = check_on_error(on_error)
        self.cache_bytes = cache_bytes
        self.unreadable: dict[str, str] = {}
        self._bad_rows: set[int] = set()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._cache = DecodeCache(cache_bytes)
        self._members: dict[int, NDArray[np.intp]] = {}

    def read_all(self, rows: Sequence[int]) -> list[tuple[int, NDArray[Any]]]:
        """Read each row, or the next readable row of its class; callers must not modify images."""
        self._reopen()
        found = {row: self._cache.get(row) for row in rows}
        new = [row for row, image in found.items() if image is None and row not in self._bad_rows]
        for row, read in zip(new, self.source.read_many(new), strict=True):
            found[row] = self._take(row, read)
        whole = []
        for row in rows:
            image = found[row]
            whole.append(self._replace(row) if image is None else (row, image))
        return whole

    @property
    def n_bytes(self) -> int:
        """Size in bytes of the cached images."""
        return self._cache.n_bytes

    def forget(self) -> None:
        """Clear the cache."""
        self._cache = DecodeCache(self.cache_bytes)

    def _replace(self, row: int) -> tuple[int, NDArray[Any]]:
        same = self._list_class(int(self.codes[row]))
        start = int(np.searchsorted(same, row)) + 1
        for place in range(start, start + len(same) - 1):
            other = int(same[place % len(same)])
            image = self._cache.get(other)
            if image is None and other not in self._bad_rows:
                image = self._take(other, self.source.read_many([other])[0])
            if image is not None:
                return other, image
        name = self.source.describe(row)
        raise BadFileError(
            f"source must have an image of each class that can be read, got {len(same)} of a "
            f"class that cannot, among them {name} ({self.unreadable[name]})"
        )

    def _list_class(self, code: int) -> NDArray[np.intp]:
        """List the rows of a class, once: a bad file that is drawn again costs no pass again."""
        if code not in self._members:
            self._members[code] = np.flatnonzero(self.codes == code)
        return self._members[code]

    def _take(self, row: int, image: NDArray[Any] | ValueError) -> NDArray[Any] | None:
        """Keep an image that was read, or tell why it was not."""
        if isinstance(image, ValueError):
            self._tell(row, image)
            return None
        rate = self.rates[self.codes[row]]
        if self.source.is_kept and rate * _EPOCHS_WORTH_KEEPING >= 1:
            self._cache.put(row, image, rate)
        return image

    def _tell(self, row: int, error: ValueError) -> None:
        name = self.source.describe(row)
        if self.on_error == "raise":
            raise BadFileError(
                f'{name} could not be read ({error}); pass on_error="skip" to draw another image '
                "of its class instead"
            ) from error
        with self._lock:
            is_new = row not in self._bad_rows
            self._bad_rows.add(row)
            self.unreadable[name] = str(error)
        if is_new and self.on_error == "warn":
            warnings.warn(
                f"{name} could not be read ({error}); another image of its class is drawn instead",
                UserWarning,
                stacklevel=2,
            )

    def _reopen(self) -> None:
        """Open the source anew in a process that was forked from the one that opened it."""
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    self.source.reopen()
                    self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        # Locks and what was decoded stay behind; another process decodes for itself.
        left = ("_lock", "_cache", "_members")
        state = {name: value for name, value in self.__dict__.items() if name not in left}
        return state | {"sent": (os.getpid(), get_config())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        sender, settings = state.pop("sent")
        self.__dict__.update(state)
        # A worker that was spawned, not forked, knows nothing of what set_config said at home; what
        # its own code sets later holds.
        if os.getppid() == sender:
            set_config(**settings)
        self._lock = threading.Lock()
        self._cache = DecodeCache(self.cache_bytes)
        self._members = {}
