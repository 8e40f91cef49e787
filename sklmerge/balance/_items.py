"""What is sent to workers and what comes back: sources with their files, and outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sklmerge.balance._names import name_file


@dataclass(frozen=True, eq=False)
class Item:
    """One source: where it is, its labels, and which copies to write (0 is the file itself).

    `present` holds the bytes of those known to be in place.
    """

    row: int
    source: str
    base: str
    extension: str
    key: int
    first: int
    last: int
    labels: tuple[str, str]
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
