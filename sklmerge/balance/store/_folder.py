"""A destination that is a folder: locked by a file, files put in place by renaming."""

import errno
import filecmp
import os
import shutil
import stat
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

with warnings.catch_warnings():
    # It warns where the system has no locks of its own, and locks by files all the same.
    warnings.simplefilter("ignore", UserWarning)
    from filelock import FileLock, Timeout

from sklmerge.balance.store._store import PLAN_NAME, WORK_NAME, Item, Outcome, Present
from sklmerge.images import is_hidden

# What Windows says where the right to make symbolic links is missing.
_NO_RIGHT_TO_LINK = 1314


def write_whole(data: bytes, path: str, temporary: str) -> None:
    """Write a file atomically; `temporary` is a folder on the same file system."""
    unfinished = os.path.join(temporary, uuid.uuid4().hex)
    try:
        with open(unfinished, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except OSError as error:
        with suppress(OSError):
            os.remove(unfinished)
        raise explain_write_error(error, path) from error


def link_whole(source: str, path: str, temporary: str, place: str) -> None:
    """Create a hard or symbolic link to a source atomically; `path` is absolute."""
    unfinished = os.path.join(temporary, uuid.uuid4().hex)
    target = os.path.realpath(source)
    try:
        if place == "symlink":
            os.symlink(target, unfinished)
        else:
            os.link(target, unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise explain_write_error(error, path) from error


def explain_write_error(error: OSError, path: str) -> OSError:
    """Add advice to the error of a full disk, or of links between file systems."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "no space left; free some and run the same command again, which goes on from here"
    elif error.errno == errno.EFBIG:
        advice = (
            "the file system, or a limit set for this process, takes no file so large; raise it "
            "and run the same command again, which goes on from here"
        )
    elif error.errno == errno.EXDEV:
        advice = (
            "place='hardlink' needs source and destination on one file system; pass "
            "place='copy' or 'symlink'"
        )
    elif getattr(error, "winerror", None) == _NO_RIGHT_TO_LINK:
        advice = (
            "this account may not make symbolic links; turn on Windows' developer mode, or pass "
            "place='copy' or 'hardlink'"
        )
    else:
        return error
    return OSError(error.errno, advice, path)


def write_if_new(pieces: Iterable[bytes], path: str, temporary: str) -> None:
    """Write a file atomically from pieces, unless it already has this content."""
    unfinished = os.path.join(temporary, os.path.basename(path))
    try:
        with open(unfinished, "wb") as file:
            file.writelines(pieces)
        if os.path.exists(path) and filecmp.cmp(unfinished, path, shallow=False):
            os.remove(unfinished)
        else:
            os.replace(unfinished, path)
    except OSError as error:
        raise explain_write_error(error, path) from error


def lock_folder(work: str, destination: str) -> FileLock:
    """Lock a folder for one run with a lock file, which is released when the process ends."""
    path = os.path.join(work, "lock")
    while True:
        os.makedirs(work, exist_ok=True)
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise ValueError(f"destination {destination!r} is in use by another run") from error
        # A run that ends removes its lock file, so the file locked here may no longer be the one
        # in place. If it is not, a second lock on the same name can be had.
        second = FileLock(path, thread_local=False)
        try:
            second.acquire(blocking=False)
        except Timeout:
            return lock
        second.release()
        lock.release()


@dataclass(frozen=True)
class FolderStore:
    """A folder that a job writes to, see `Store`."""

    # Absolute path.
    place: str
    # Folder for files that are not whole yet; `open` makes it.
    temporary: str = ""

    def enter(self, folder: str) -> "FolderStore":
        """Return the store of a subfolder."""
        return replace(self, place=os.path.join(self.place, folder))

    @contextmanager
    def open(self) -> Iterator["FolderStore"]:
        """Lock the folder for one run, and remove unfinished files of killed runs."""
        work = os.path.join(self.place, WORK_NAME)
        lock = lock_folder(work, self.place)
        # Named anew for each run: a worker that a dead run left behind must find its own one gone.
        temporary = os.path.join(work, f"tmp-{uuid.uuid4().hex}")
        try:
            _remove_temporary(work)
            os.mkdir(temporary)
            yield replace(self, temporary=temporary)
        except OSError as error:
            raise explain_write_error(error, error.filename or self.place) from error
        finally:
            _remove_temporary(work)
            is_finished = os.path.exists(os.path.join(self.place, PLAN_NAME))
            if is_finished:
                shutil.rmtree(work, ignore_errors=True)
            lock.release()
            if is_finished and os.name == "nt":
                # Windows keeps a file that is open, such as the lock until now.
                shutil.rmtree(work, ignore_errors=True)

    def end(self) -> None:
        """Move the folder of temporary files away, which tells workers that the run has ended."""
        # In one step: a worker may write to it at this moment.
        with suppress(FileNotFoundError):
            os.rename(self.temporary, self.temporary + "-ended")

    def read(self, name: str) -> bytes | None:
        """Read a whole file; return None if it does not exist."""
        try:
            with open(os.path.join(self.place, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            if not os.path.lexists(self.place):
                return None
            raise ValueError(
                f"destination must be a folder, got the file {self.place!r}"
            ) from error

    def list_names(self, folder: str = "") -> list[str]:
        """List the names of the visible files and folders in a folder; [] if it does not exist."""
        try:
            names = os.listdir(os.path.join(self.place, folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name for name in names if not is_hidden(name)]

    def make_folders(self, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Create a folder for every class in every part, even if it stays empty."""
        # A data loader numbers classes by their folders: a missing one would shift the others.
        for part in parts:
            folders = [os.path.join(self.place, part, label) for label in labels]
            for folder in folders:
                for place in (os.path.dirname(folder), folder):
                    # What is written there would land elsewhere, perhaps in the source.
                    if os.path.islink(place):
                        raise ValueError(
                            f"destination must hold folders of its own, got the link {place!r}; "
                            "remove it"
                        )
                os.makedirs(folder, exist_ok=True)
            # As file systems do that ignore case.
            if len({os.stat(folder).st_ino for folder in folders}) < len(folders):
                raise ValueError(
                    f"destination {self.place!r} is on a file system that takes two of the classes "
                    f"{', '.join(labels)} for one folder; merge them"
                )

    def find_present(self, parts: Sequence[str], labels: Sequence[str]) -> Present:
        """Do nothing, because the workers check each file themselves."""
        return Present()

    def find_missing(self, item: Item, outcome: Outcome) -> list[tuple[int, str]]:
        """Count the existing files that are not older than their source; list the others."""
        changed = _read_change(item.source)
        missing = []
        for copy, path in item.list_outputs():
            try:
                status = os.lstat(path)
                n_bytes = status.st_size if status.st_nlink == 1 else 0
                if stat.S_ISLNK(status.st_mode):
                    status, n_bytes = os.stat(path), 0
            except FileNotFoundError:
                missing.append((copy, path))
                continue
            # After a power cut a file may be in place without its content.
            if status.st_size > 0 and status.st_mtime_ns >= changed:
                outcome.count_file(n_bytes)
            else:
                missing.append((copy, path))
        return missing

    def open_writer(self, outcome: Outcome) -> "FolderWriter":
        """Return the writer for the files of one shard."""
        return FolderWriter(self.temporary, outcome)

    def write_if_new(self, pieces: Iterable[bytes], name: str) -> None:
        """Write a file atomically from pieces, unless it already has this content."""
        write_if_new(pieces, os.path.join(self.place, name), self.temporary)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.remove(os.path.join(self.place, name))


@dataclass(frozen=True)
class FolderWriter:
    """Writes files to a folder immediately, see `Writer`."""

    temporary: str
    outcome: Outcome

    def check_alive(self) -> None:
        """Raise FileNotFoundError if the run has ended and its temporary folder is gone."""
        if not os.path.isdir(self.temporary):
            raise FileNotFoundError(errno.ENOENT, "the run has ended", self.temporary)

    def put(self, path: str, data: bytes) -> None:
        """Write a file that appears complete or not at all."""
        write_whole(data, path, self.temporary)
        self.outcome.count_file(len(data))

    def link(self, source: str, path: str, place: str) -> None:
        """Create a hard or symbolic link to a source; a link needs no disk space."""
        link_whole(source, path, self.temporary, place)
        self.outcome.count_file(0)

    def flush(self) -> None:
        """Do nothing, because everything has already been written."""


def _remove_temporary(work: str) -> None:
    for name in os.listdir(work):
        if name.startswith("tmp"):
            shutil.rmtree(os.path.join(work, name), ignore_errors=True)


def _read_change(source: str) -> int:
    """Read when a source was last written, in ns; 0 where that cannot be told."""
    try:
        changed = os.stat(source).st_mtime_ns
    except OSError:
        return 0
    # Clocks of cameras and archives run ahead: such a file would be newer than all that is made.
    return changed if changed <= time.time_ns() else 0
