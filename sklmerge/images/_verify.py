"""Which files are bad, which are the same, and what they are like: ImageIndex.verify."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._codec import decode_image
from sklmerge.images._digests import digest_file, digest_pixels, group_equal
from sklmerge.images._headers import FORMAT_NAMES, sniff_format
from sklmerge.images._names import show_name
from sklmerge.images._paths import ImagePaths
from sklmerge.images._reading import (
    Fetched,
    Progress,
    ReadOptions,
    map_files,
    read_bytes,
    read_with,
)
from sklmerge.images._remote import RemoteFiles
from sklmerge.images._statistics import find_lie, name_mode, sort_counts, summarise_sizes


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
    same_pixels : list of list of str
        Paths of files that are not all the same, but whose pixels are.
    conflicts : list of list of str
        Paths of files with the same bytes or pixels whose labels differ, after merging.
    sizes : dict of str to (height, width)
        The ``"smallest"``, the ``"median"`` and the ``"largest"`` size, by the number of pixels.
    modes : dict of str to int
        Colours and depth, such as ``"RGB uint8"`` -> how many images have them.
    formats : dict of str to int
        Format of the content, such as ``"JPEG"`` -> how many files have it.
    wrong_extensions : dict of str to str
        Path of each file whose extension stands for another format -> the format that it has.
    n_bytes : int
        What the files take together.
    """

    n_files: int
    bad_files: dict[str, str] = field(default_factory=dict)
    duplicates: list[list[str]] = field(default_factory=list)
    same_pixels: list[list[str]] = field(default_factory=list)
    conflicts: list[list[str]] = field(default_factory=list)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
    wrong_extensions: dict[str, str] = field(default_factory=dict)
    n_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether every file can be read and no two are the same, in bytes or in pixels."""
        return not (self.bad_files or self.duplicates or self.same_pixels)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values, fit for JSON."""
        return {**asdict(self), "sizes": {name: list(size) for name, size in self.sizes.items()}}

    def __str__(self) -> str:
        n_copies = sum(len(same) - 1 for same in self.duplicates)
        lines = [
            f"{self.n_files} files: {len(self.bad_files)} cannot be read, {n_copies} are copies "
            f"of others, {len(self.same_pixels)} times the same pixels in different files, "
            f"{len(self.conflicts)} times under different labels",
            *self.describe_images(),
        ]
        lines += [f"  cannot be read: {path} ({why})" for path, why in self.bad_files.items()]
        lines += [f"  same pixels: {' = '.join(same)}" for same in self.same_pixels]
        lines += [f"  different labels: {' = '.join(same)}" for same in self.conflicts]
        lines += [f"  wrong extension: {path} ({it})" for path, it in self.wrong_extensions.items()]
        return "\n".join(map(show_name, lines))

    def describe_images(self) -> list[str]:
        """Say in a line each what sizes, modes and formats there are."""
        lines = []
        if self.sizes:
            sizes = ", ".join(f"{name} {h} x {w}" for name, (h, w) in self.sizes.items())
            lines.append(f"height x width: {sizes}")
        for title, counts in (("modes", self.modes), ("formats", self.formats)):
            if counts:
                lines.append(f"{title}: {', '.join(f'{k} {n}' for k, n in counts.items())}")
        return lines


class _Checked(NamedTuple):
    """What one file is: digests of its bytes and its pixels, or why there are none."""

    file: bytes | None = None
    pixels: bytes | None = None
    reason: str | None = None
    size: tuple[int, int] | None = None
    mode: str | None = None
    image_format: str | None = None
    n_bytes: int = 0


def verify_files(
    paths: ImagePaths,
    codes: NDArray[Any],
    options: ReadOptions,
    files: RemoteFiles,
    n_jobs: int | None,
    progress: Progress | None = None,
) -> ImageReport:
    """Read every file, compare their digests, and count what they are like.

    Parameters
    ----------
    paths : ImagePaths of length n
        The files.
    codes : ndarray of int, shape (n,)
        Their merged labels.
    options : ReadOptions
        Its ``reader`` and ``max_pixels``.
    files : RemoteFiles
        What fetches URLs.
    n_jobs : int or None
        Threads.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)``.

    Returns
    -------
    ImageReport
    """
    names = paths.relative()
    n_bytes = 0
    bad_files: dict[str, str] = {}
    lies: dict[str, str] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    # 16 bytes a file and digest: a million files must not become millions of objects.
    file_digests = np.zeros((len(paths), 2), np.uint64)
    content_digests = np.zeros((len(paths), 2), np.uint64)
    readable = np.zeros(len(paths), np.bool_)
    checked = map_files(partial(_check, options=options), paths, files, n_jobs, progress)
    for row, found in enumerate(checked):
        if found.reason is not None:
            bad_files[names[row]] = found.reason
        if found.file is None:
            continue
        readable[row] = True
        n_bytes += found.n_bytes
        file_digests[row] = np.frombuffer(found.file, np.uint64)
        content_digests[row] = np.frombuffer(found.pixels or found.file, np.uint64)
        lie = find_lie(names[row], found.image_format)
        if lie is not None:
            lies[names[row]] = lie
        if found.image_format is not None:
            formats[FORMAT_NAMES[found.image_format]] += 1
        if found.size is not None and found.mode is not None:
            sizes[found.size] += 1
            modes[found.mode] += 1
    rows = np.flatnonzero(readable)
    same_content = group_equal(content_digests, rows)
    return ImageReport(
        n_files=len(paths),
        bad_files=bad_files,
        duplicates=_name_groups(group_equal(file_digests, rows), names),
        same_pixels=_name_groups((g for g in same_content if _differ(file_digests[g])), names),
        conflicts=_name_groups((g for g in same_content if _differ(codes[g])), names),
        sizes=summarise_sizes(sizes),
        modes=sort_counts(modes),
        formats=sort_counts(formats),
        wrong_extensions=lies,
        n_bytes=n_bytes,
    )


def _differ(values: NDArray[Any]) -> bool:
    return bool((values != values[0]).any())


def _name_groups(groups: Iterable[NDArray[np.intp]], names: ImagePaths) -> list[list[str]]:
    return [[names[int(row)] for row in group] for group in groups]


def _check(path: str, fetched: Fetched, options: ReadOptions) -> _Checked:
    reader = options.reader
    try:
        data = read_bytes(path, fetched)
    except ValueError as error:
        return _Checked(reason=str(error))
    image_format = sniff_format(data) if reader is None else None
    try:
        if reader is None:
            image = decode_image(data, max_pixels=options.max_pixels)
        else:
            image = read_with(reader, path, fetched)
    except ValueError as error:
        return _Checked(
            digest_file(data), reason=str(error), image_format=image_format, n_bytes=len(data)
        )
    return _Checked(
        digest_file(data),
        digest_pixels(image),
        None,
        (image.shape[0], image.shape[1]),
        name_mode(image),
        image_format,
        len(data),
    )
