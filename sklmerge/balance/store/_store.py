"""What a job asks of the place that it writes to: a folder, or a folder in an object store."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sklmerge.balance.plan import name_file

PLAN_NAME = "plan.json"
WORK_NAME = ".sklmerge"

LINKS = ("hardlink", "symlink")


@dataclass(frozen=True, eq=False)
class Item:
    """One source image: its path, its labels, and the copies to write (0 is the image itself)."""

    row: int
    source: str
    base: str
    extension: str
    key: int
    first: int
    last: int
    labels: tuple[str, str]
    # The bytes of those known to be in place.
    present: dict[int, int] = field(default_factory=dict)

    @property
    def image_format(self) -> str:
        """The format of the files made from this image."""
        return "png" if self.extension.lower() == ".png" else "jpeg"

    def list_outputs(self) -> Iterator[tuple[int, str]]:
        """List the copy numbers and the paths of the files to write."""
        for copy in range(self.first, self.last + 1):
            yield copy, name_file(self.base, copy, self.extension)


@dataclass
class Outcome:
    """The result for some sources: number of files, their size, and unreadable sources."""

    n_files: int = 0
    n_bytes: int = 0
    unreadable: list[tuple[int, str]] = field(default_factory=list)

    def count_file(self, n_bytes: int) -> None:
        """Count a written file; links count as 0 bytes."""
        self.n_files += 1
        self.n_bytes += n_bytes


class Writer(Protocol):
    """Writes the files of one shard, and counts them in its outcome."""

    def check_alive(self) -> None:
        """Raise OSError if the run that needs this shard has ended."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file, at the next `flush` at the latest; it appears complete or not at all."""

    def link(self, source: str, path: str, place: str) -> None:
        """Create a hard or symbolic link to a source."""

    def flush(self) -> None:
        """Write everything that is still queued."""


class Store(Protocol):
    """Holds a balanced folder. Small, so that it can be sent to workers."""

    @property
    def place(self) -> str:
        """The path or URL of the folder."""

    def enter(self, folder: str) -> "Store":
        """Return the store of a subfolder."""

    def open(self) -> AbstractContextManager["Store"]:
        """Lock out other runs, and yield the store to write to."""

    def end(self) -> None:
        """Tell workers that the run has ended; they stop before their next file."""

    def read(self, name: str) -> bytes | None:
        """Read a whole file; return None if it does not exist."""

    def list_names(self, folder: str = "") -> list[str]:
        """List the names of the visible files and folders in a folder; [] if it does not exist."""

    def make_folders(self, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Create a folder for every class in every part, if the store has folders."""

    def find_present(self, parts: Sequence[str], labels: Sequence[str]) -> "Present":
        """List the files of an earlier run, unless the workers look for them."""

    def find_missing(self, item: Item, outcome: Outcome) -> list[tuple[int, str]]:
        """Count the existing files of a source, and list the missing ones."""

    def open_writer(self, outcome: Outcome) -> Writer:
        """Return the writer for the files of one shard."""

    def write_if_new(self, pieces: Iterable[bytes], name: str) -> None:
        """Write a file atomically from pieces, unless it already has this content."""

    def remove(self, name: str) -> None:
        """Remove a file."""


class Present:
    """The files that already exist; this class lists none, so the workers check themselves."""

    def look_up(self, item: Item) -> dict[int, int]:
        """Find the existing files of a source: copy number -> size in bytes."""
        return {}
