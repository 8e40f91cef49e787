"""A destination that is a folder in an object store: held by a lease, files put in place whole."""

import errno
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance._items import Item, Outcome
from sklmerge.balance._lease import end_lease, hold_lease, is_held
from sklmerge.balance._objects import Objects
from sklmerge.balance._store import PLAN_NAME, WORK_NAME, Present
from sklmerge.images._hash import hash_texts
from sklmerge.images._remote import RemoteFiles

# What is written at a time: enough that the store's answers are not waited for one by one.
_FILES_AT_ONCE = 32
_BYTES_AT_ONCE = 2**24
# How often a worker asks whether its run still has the lease.
_ASK_EVERY = 10.0


@dataclass(frozen=True)
class ObjectStore:
    """A folder in an object store that a job writes to, see `Store`.

    Parameters
    ----------
    place : str
        URL, without a slash at its end.
    files : RemoteFiles
        What opens it.
    run : str, default=""
        Whose lease it is; `open` names it.
    """

    place: str
    files: RemoteFiles
    run: str = ""

    @property
    def objects(self) -> Objects:
        """What is in it, by name."""
        return Objects(self.place, self.files)

    @contextmanager
    def open(self) -> Iterator["ObjectStore"]:
        """Take the lease, and give it back at the end.

        Raises
        ------
        ValueError
            If another run has it.
        """
        with hold_lease(self.objects) as run:
            yield replace(self, run=run)
            if self.read(PLAN_NAME) is not None:
                self.remove(f"{WORK_NAME}/{PLAN_NAME}")

    def end(self) -> None:
        """Give the lease back early, by which workers know that it is over."""
        end_lease(self.objects, self.run)

    def read(self, name: str) -> bytes | None:
        """Read a file whole; None where there is none."""
        return self.objects.read(name)

    def list_names(self, folder: str = "") -> list[str]:
        """List what lies directly in a folder, but for hidden names; nothing where it is not."""
        return self.objects.list_names(folder)

    def make_folders(self, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Do nothing: a store has no folders, and names that differ in case are two."""

    def find_present(self, parts: Sequence[str], labels: Sequence[str]) -> "PresentObjects":
        """List what an earlier run has written, class by class, so that no worker has to ask."""
        found = [
            PresentObjects.pack(self.objects.list_sizes(f"{part}/{label}"))
            for part in parts
            for label in labels
        ]
        keys = np.concatenate([some.keys for some in found])
        order = np.argsort(keys)
        sizes = np.concatenate([some.sizes for some in found])
        return PresentObjects(keys[order], sizes[order])

    def find_missing(self, item: Item, outcome: Outcome) -> list[tuple[int, str]]:
        """Count the files of a source that were found in place, and list the others."""
        missing = []
        for copy, path in item.list_outputs():
            if copy in item.present:
                outcome.count_file(item.present[copy])
            else:
                missing.append((copy, path))
        return missing

    def open_writer(self, outcome: Outcome) -> "ObjectWriter":
        """Give what writes the files of one shard."""
        return ObjectWriter(self, outcome)

    def write_if_new(self, pieces: Iterable[bytes], name: str) -> None:
        """Write a file whole, unless it is there already with this content.

        It is put together on the local disk first: what is uploaded piece by piece would be taken
        for complete if this process stopped with an error.
        """
        self.check_held()
        with tempfile.NamedTemporaryFile(prefix="sklmerge-") as file:
            file.writelines(pieces)
            file.flush()
            if not self.objects.is_same(file.name, name):
                self.objects.put_file(file.name, name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.objects.remove(name)

    def check_held(self) -> None:
        """Check that the lease is still this run's.

        Raises
        ------
        OSError
            If it is not.
        """
        if not is_held(self.objects, self.run):
            raise OSError(
                errno.EBUSY,
                "this run has ended, or lost its lease to another one; what is written is whole",
                self.place,
            )


@dataclass
class ObjectWriter:
    """Writes the files of one shard, some at a time, see `Writer`."""

    store: ObjectStore
    outcome: Outcome
    _waiting: dict[str, bytes] = field(default_factory=dict)
    _n_bytes: int = 0
    _asked: float = -_ASK_EVERY

    def check_alive(self) -> None:
        """Ask now and then whether the run still has the lease; OSError where it has not."""
        if time.monotonic() - self._asked >= _ASK_EVERY:
            self.store.check_held()
            self._asked = time.monotonic()

    def put(self, path: str, data: bytes) -> None:
        """Write an object when some more have come, or `flush` is called."""
        self._waiting[path] = data
        self._n_bytes += len(data)
        if len(self._waiting) >= _FILES_AT_ONCE or self._n_bytes >= _BYTES_AT_ONCE:
            self.flush()

    def link(self, source: str, path: str, place: str) -> None:
        """Refuse: a store has no links."""
        raise OSError(errno.ENOTSUP, f"an object store has no {place}", path)

    def flush(self) -> None:
        """Write what waits to be written."""
        self.store.objects.write(self._waiting)
        for data in self._waiting.values():
            self.outcome.count_file(len(data))
        self._waiting, self._n_bytes = {}, 0


@dataclass(frozen=True, eq=False)
class PresentObjects(Present):
    """What is in a store already: 16 bytes an object.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Digests of their URLs, ascending.
    sizes : ndarray of int64, shape (n,)
        Their bytes.
    """

    keys: NDArray[np.uint64]
    sizes: NDArray[np.int64]

    @classmethod
    def pack(cls, sizes: dict[str, int]) -> "PresentObjects":
        """Pack what was listed, in the order that it has; empty objects count as missing."""
        whole = {url: size for url, size in sizes.items() if size > 0}
        return cls(
            hash_texts(os.fsencode(url) for url in whole),
            np.fromiter(whole.values(), np.int64, count=len(whole)),
        )

    def look_up(self, item: Item) -> dict[int, int]:
        """Find which files of a source are in place: number of the copy -> bytes."""
        outputs = list(item.list_outputs())
        wanted = hash_texts(os.fsencode(path) for _, path in outputs)
        places = np.searchsorted(self.keys, wanted)
        return {
            copy: int(self.sizes[place])
            for (copy, _), key, place in zip(outputs, wanted, places.tolist(), strict=True)
            if place < len(self.keys) and self.keys[place] == key
        }
