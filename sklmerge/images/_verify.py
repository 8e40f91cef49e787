"""Which files are bad, and which are the same: the report of ImageIndex.verify."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._codec import decode_image
from sklmerge.images._paths import ImagePaths
from sklmerge.images._reading import Reader, map_files, read_bytes, read_with


@dataclass(frozen=True)
class ImageReport:
    """What ``ImageIndex.verify`` found; printed, it says so in a few lines.

    Attributes
    ----------
    n_files : int
        How many files were looked at.
    bad_files : dict of str to str
        Path relative to the root -> why the file cannot be read.
    duplicates : list of list of str
        Paths of files that are the same, byte by byte.
    conflicts : list of list of str
        Those duplicates whose labels differ, after merging.
    """

    n_files: int
    bad_files: dict[str, str] = field(default_factory=dict)
    duplicates: list[list[str]] = field(default_factory=list)
    conflicts: list[list[str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every file can be read and no two are the same."""
        return not self.bad_files and not self.duplicates

    def __str__(self) -> str:
        n_copies = sum(len(same) - 1 for same in self.duplicates)
        lines = [
            f"{self.n_files} files: {len(self.bad_files)} cannot be read, {n_copies} are copies "
            f"of others, {len(self.conflicts)} times under different labels"
        ]
        lines += [f"  cannot be read: {path} ({why})" for path, why in self.bad_files.items()]
        lines += [f"  different labels: {' = '.join(same)}" for same in self.conflicts]
        return "\n".join(lines)


def verify_files(
    paths: ImagePaths, codes: NDArray[Any], reader: Reader | None, n_jobs: int | None
) -> ImageReport:
    """Read every file and compare their digests.

    Parameters
    ----------
    paths : ImagePaths of length n
        The files.
    codes : ndarray of int, shape (n,)
        Their merged labels.
    reader : callable or None
        What reads a file, ``decode_image`` if None.
    n_jobs : int or None
        Threads.

    Returns
    -------
    ImageReport
    """
    names = paths.relative()
    bad_files: dict[str, str] = {}
    digests = []
    rows = []
    for row, (digest, reason) in enumerate(
        map_files(partial(_check, reader=reader), paths, n_jobs)
    ):
        if reason is not None:
            bad_files[names[row]] = reason
        if digest is not None:
            digests.append(digest)
            rows.append(row)
    groups = _group_equal(digests, rows)
    return ImageReport(
        n_files=len(paths),
        bad_files=bad_files,
        duplicates=[[names[row] for row in group] for group in groups],
        conflicts=[
            [names[row] for row in group] for group in groups if len(np.unique(codes[group])) > 1
        ],
    )


def _check(path: str, reader: Reader | None) -> tuple[bytes | None, str | None]:
    """Give the digest of a file, if it can be opened, and the reason why it is bad, if it is."""
    digest = None
    try:
        data = read_bytes(path)
        digest = blake2b(data, digest_size=16).digest()
        if reader is None:
            decode_image(data)
        else:
            read_with(reader, path)
    except ValueError as error:
        return digest, str(error)
    return digest, None


def _group_equal(digests: Sequence[bytes], rows: Sequence[int]) -> list[list[int]]:
    """Group the rows of equal digests, in the order of their first rows."""
    groups: dict[bytes, list[int]] = {}
    for digest, row in zip(digests, rows, strict=True):
        groups.setdefault(digest, []).append(row)
    return [group for group in groups.values() if len(group) > 1]
