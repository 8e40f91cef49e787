"""A destination that is a folder in an object store: held by a lease, files put in place whole."""

import errno
import json
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_texts
from sklmerge.balance.store._store import PLAN_NAME, WORK_NAME, Item, Outcome, Present
from sklmerge.images import RemoteFiles, explain_store

_GO_ON = "; run the same command again, which goes on from here"


@dataclass(frozen=True)
class Objects:
    """A folder in an object store; its URL does not end with a slash."""

    place: str
    files: RemoteFiles

    def read(self, name: str) -> bytes | None:
        """Read a whole object; return None if it does not exist."""
        data = self.files.fetch([f"{self.place}/{name}"])[0]
        return data if isinstance(data, bytes) else None

    def write(self, objects: Mapping[str, bytes]) -> None:
        """Write complete objects, URL -> content, in parallel if the file system supports it."""
        if not objects:
            return
        opened = {self.files.open(url): data for url, data in objects.items()}
        system = next(iter(opened))[0]
        try:
            with explain_store(next(iter(objects)), "written"):
                system.pipe({path: data for (_, path), data in opened.items()})
        except ConnectionError as error:
            raise ConnectionError(f"{error}{_GO_ON}") from error
        except FileNotFoundError as error:
            raise FileNotFoundError(
                errno.ENOENT, f"no such bucket ({error})", self.place
            ) from error

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless one exists; return whether the new object is in place."""
        if self.read(name) is not None:
            return False
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        try:
            system.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        except (OSError, TypeError, NotImplementedError):
            # Some stores have no such condition; what else is wrong shows again here.
            self.write({url: data})
        # Others pass over the condition in silence.
        return self.read(name) == data

    def put_file(self, local: str, name: str) -> None:
        """Upload a file of any size; the object becomes visible only when it is complete."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "written"):
            system.put_file(local, path)

    def is_same(self, local: str, name: str) -> bool:
        """Return whether an object has the same content as a file."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "read"):
            try:
                if system.info(path)["size"] != os.path.getsize(local):
                    return False
            except FileNotFoundError:
                return False
            with system.open(path, "rb") as there, open(local, "rb") as here:
                while block := here.read(2**22):
                    if there.read(len(block)) != block:
                        return False
        return True

    def list_sizes(self, folder: str) -> dict[str, int]:
        """Return a dict from URL to size for all objects in a folder and its subfolders."""
        url = f"{self.place}/{folder}"
        sizes = self.files.list_sizes(url)
        return {f"{url}/{name}": size for name, size in sizes.items()}

    def list_names(self, folder: str = "") -> list[str]:
        """List the names of the visible files and folders in a folder; [] if it does not exist."""
        try:
            listing = self.files.list_folder(f"{self.place}/{folder}".rstrip("/"))
        except FileNotFoundError:
            return []
        return [*listing.folders, *listing.files]

    def remove(self, name: str) -> None:
        """Remove an object, if it exists."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "removed"):
            try:
                system.rm_file(path)
            except FileNotFoundError:
                return


LEASE_NAME = f"{WORK_NAME}/lease.json"
# Runs of this process that are over: a lease that one could not give back, because the store was
# down, must not lock out the next one.
_ENDED: set[str] = set()


@contextmanager
def hold_lease(objects: Objects, *, force: bool) -> Iterator[str]:
    """Hold the lease on a folder, and yield the name of the run that holds it."""
    run = uuid.uuid4().hex
    # If a store writes an object only if there is none (S3, GCS, Azure), one of two runs that
    # begin at once gets the lease. Elsewhere both may begin; one then finds the other's name
    # before its next shard, and stops.
    _take(objects, run, force)
    try:
        yield run
    finally:
        _ENDED.add(run)
        end_lease(objects, run)


def end_lease(objects: Objects, run: str) -> None:
    """Remove the lease if this run holds it; ignore a store that does not respond."""
    # What made the run end is worth more than an error from here.
    with suppress(OSError):
        if is_held(objects, run):
            objects.remove(LEASE_NAME)


def is_held(objects: Objects, run: str) -> bool:
    """Return whether a run holds the lease."""
    found = objects.read(LEASE_NAME)
    return found is not None and _parse(found).get("run") == run


def _take(objects: Objects, run: str, force: bool) -> None:
    lease = _write(run)
    while not objects.create(LEASE_NAME, lease):
        found = objects.read(LEASE_NAME)
        if found is None:
            continue
        holder = _parse(found)
        if holder.get("run") == run:
            # It was written, though the answer was lost.
            return
        if not force and holder.get("run") not in _ENDED:
            raise ValueError(
                f"destination {objects.place!r} is in use by another run{_name_holder(holder)}; "
                "wait for it to end, or pass force=True if it is dead"
            )
        objects.write({f"{objects.place}/{LEASE_NAME}": lease})
        return


def _write(run: str) -> bytes:
    began = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    lease = {"run": run, "host": platform.node(), "process": os.getpid(), "began": began}
    return json.dumps(lease, indent=2).encode()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        lease = json.loads(data)
    except ValueError:
        lease = None
    return lease if isinstance(lease, dict) else {}


def _name_holder(lease: Mapping[str, Any]) -> str:
    """Name who holds a lease, as far as it says."""
    if not {"host", "process", "began"} <= set(lease):
        return ""
    return f" (process {lease['process']} on {lease['host']}, since {lease['began']})"


# What is written at a time: enough that the store's answers are not waited for one by one.
_FILES_AT_ONCE = 32
_BYTES_AT_ONCE = 2**24
# How often a worker asks whether its run still has the lease.
_ASK_EVERY = 10.0


@dataclass(frozen=True)
class ObjectStore:
    """A folder in an object store that a job writes to, see `Store`."""

    # URL, without a slash at its end.
    place: str
    files: RemoteFiles
    # Whether to take the lease from another run, which must be dead.
    force: bool = False
    # Whose lease it is; `open` names it.
    run: str = ""

    @property
    def objects(self) -> Objects:
        """The objects in this folder."""
        return Objects(self.place, self.files)

    def enter(self, folder: str) -> "ObjectStore":
        """Return the store of a subfolder."""
        return replace(self, place=f"{self.place}/{folder}")

    @contextmanager
    def open(self) -> Iterator["ObjectStore"]:
        """Acquire the lease, and release it at the end."""
        with hold_lease(self.objects, force=self.force) as run:
            yield replace(self, run=run)
            if self.read(PLAN_NAME) is not None:
                self.remove(f"{WORK_NAME}/{PLAN_NAME}")

    def end(self) -> None:
        """Release the lease early, which tells workers that the run has ended."""
        end_lease(self.objects, self.run)

    def read(self, name: str) -> bytes | None:
        """Read a whole file; return None if it does not exist."""
        return self.objects.read(name)

    def list_names(self, folder: str = "") -> list[str]:
        """List the names of the visible files and folders in a folder; [] if it does not exist."""
        return self.objects.list_names(folder)

    def make_folders(self, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Do nothing: a store has no folders, and its names are case-sensitive."""

    def find_present(self, parts: Sequence[str], labels: Sequence[str]) -> "PresentObjects":
        """List the files of an earlier run, class by class, so that no worker has to check them."""
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
        """Count the existing files of a source, and list the missing ones."""
        missing = []
        for copy, path in item.list_outputs():
            if copy in item.present:
                outcome.count_file(item.present[copy])
            else:
                missing.append((copy, path))
        return missing

    def open_writer(self, outcome: Outcome) -> "ObjectWriter":
        """Return the writer for the files of one shard."""
        return ObjectWriter(self, outcome)

    def write_if_new(self, pieces: Iterable[bytes], name: str) -> None:
        """Write a complete file, unless it already has this content."""
        self.check_held()
        # Put together on the local disk first: what is uploaded piece by piece would be taken for
        # complete if this process stopped with an error.
        with tempfile.TemporaryDirectory(prefix="sklmerge-") as folder:
            path = os.path.join(folder, "whole")
            with open(path, "wb") as file:
                file.writelines(pieces)
            if not self.objects.is_same(path, name):
                self.objects.put_file(path, name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.objects.remove(name)

    def check_held(self) -> None:
        """Raise OSError if this run no longer holds the lease."""
        if not is_held(self.objects, self.run):
            raise OSError(
                errno.EBUSY,
                "this run has ended, or lost its lease to another one; what is written is whole",
                self.place,
            )


@dataclass
class ObjectWriter:
    """Writes the files of one shard, several at a time, see `Writer`."""

    store: ObjectStore
    outcome: Outcome
    _waiting: dict[str, bytes] = field(default_factory=dict)
    _n_bytes: int = 0
    _asked: float = -_ASK_EVERY

    def check_alive(self) -> None:
        """Check periodically that the run still holds the lease; raise OSError if not."""
        if time.monotonic() - self._asked >= _ASK_EVERY:
            self.store.check_held()
            self._asked = time.monotonic()

    def put(self, path: str, data: bytes) -> None:
        """Queue an object; it is written with others, at the next `flush` at the latest."""
        self._waiting[path] = data
        self._n_bytes += len(data)
        if len(self._waiting) >= _FILES_AT_ONCE or self._n_bytes >= _BYTES_AT_ONCE:
            self.flush()

    def link(self, source: str, path: str, place: str) -> None:
        """Raise an error, because a store has no links."""
        raise OSError(errno.ENOTSUP, f"an object store has no {place}", path)

    def flush(self) -> None:
        """Write all queued objects."""
        self.store.objects.write(self._waiting)
        for data in self._waiting.values():
            self.outcome.count_file(len(data))
        self._waiting, self._n_bytes = {}, 0


@dataclass(frozen=True, eq=False)
class PresentObjects(Present):
    """The objects that a store already contains, in 16 bytes each."""

    # Digests of their URLs, ascending.
    keys: NDArray[np.uint64]
    # Their bytes.
    sizes: NDArray[np.int64]

    @classmethod
    def pack(cls, sizes: dict[str, int]) -> "PresentObjects":
        """Pack a listing without sorting it; empty objects count as missing."""
        whole = {url: size for url, size in sizes.items() if size > 0}
        return cls(
            hash_texts(os.fsencode(url) for url in whole),
            np.fromiter(whole.values(), np.int64, count=len(whole)),
        )

    def look_up(self, item: Item) -> dict[int, int]:
        """Find the existing files of a source: copy number -> size in bytes."""
        outputs = list(item.list_outputs())
        wanted = hash_texts(os.fsencode(path) for _, path in outputs)
        places = np.searchsorted(self.keys, wanted)
        return {
            copy: int(self.sizes[place])
            for (copy, _), key, place in zip(outputs, wanted, places.tolist(), strict=True)
            if place < len(self.keys) and self.keys[place] == key
        }
