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
    """One source: where it is, its labels, and which copies to write (0 is the file itself)."""

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
        """What its files are written as."""
        return "png" if self.extension.lower() == ".png" else "jpeg"

    def list_outputs(self) -> Iterator[tuple[int, str]]:
        """List the numbers and the paths of the files to write."""
        for copy in range(self.first, self.last + 1):
            yield copy, name_file(self.base, copy, self.extension)


@dataclass
class Outcome:
    """What came of some sources: files in place, their bytes, and what could not be read."""

    n_files: int = 0
    n_bytes: int = 0
    unreadable: list[tuple[int, str]] = field(default_factory=list)

    def count_file(self, n_bytes: int) -> None:
        """Count a file that is in place; a link adds no bytes to the disk."""
        self.n_files += 1
        self.n_bytes += n_bytes


class Writer(Protocol):
    """Puts the files of one shard in place, and counts them in its outcome."""

    def check_alive(self) -> None:
        """Raise OSError where the run that asked for the shard has ended: nobody waits for it."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file that appears whole or not at all, at the latest when `flush` is called."""

    def link(self, source: str, path: str, place: str) -> None:
        """Put a hard or a symbolic link to a source in place."""

    def flush(self) -> None:
        """Write what waits to be written."""


class Store(Protocol):
    """Holds a balanced folder. Small, so that it can be sent to workers."""

    @property
    def place(self) -> str:
        """Where it is."""

    def enter(self, folder: str) -> "Store":
        """Give the store of a folder in it."""

    def open(self) -> AbstractContextManager["Store"]:
        """Keep other runs out, and give what this one writes by."""

    def end(self) -> None:
        """Let workers know that the run is over: they stop before their next file."""

    def read(self, name: str) -> bytes | None:
        """Read a file whole; None where there is none."""

    def list_names(self, folder: str = "") -> list[str]:
        """List what lies directly in a folder, but for hidden names; nothing where it is not."""

    def make_folders(self, parts: Sequence[str], labels: Sequence[str]) -> None:
        """Make a folder for every class in every part, where folders can be made."""

    def find_present(self, parts: Sequence[str], labels: Sequence[str]) -> "Present":
        """Find what an earlier run has put in place, where workers do not look for themselves."""

    def find_missing(self, item: Item, outcome: Outcome) -> list[tuple[int, str]]:
        """Count the files of a source that are in place, and list the others."""

    def open_writer(self, outcome: Outcome) -> Writer:
        """Give what writes the files of one shard."""

    def write_if_new(self, pieces: Iterable[bytes], name: str) -> None:
        """Write a file whole, piece by piece, unless it is there already with this content."""

    def remove(self, name: str) -> None:
        """Remove a file."""


class Present:
    """Files that are in place already; this one knows of none, and workers look for themselves."""

    def look_up(self, item: Item) -> dict[int, int]:
        """Find which files of a source are in place: number of the copy -> bytes."""
        return {}
