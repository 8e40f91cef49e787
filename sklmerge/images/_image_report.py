"""Which files are bad, which are the same, and what they are like: ImageIndex.verify."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_progress
from sklmerge.images._duplicates import find_equal, find_near, find_same_looks
from sklmerge.images._fingerprints import (
    Fingerprint,
    Fingerprints,
    digest_file,
    digest_pixels,
    finish_thumbnails,
    name_dtype,
)
from sklmerge.images._phash import make_grey
from sklmerge.images._reading import (
    Fetched,
    Progress,
    ReadOptions,
    map_files,
    read_bytes,
    read_with,
)
from sklmerge.images.codec import FORMATS, decode_image, sniff_format
from sklmerge.images.files import ImagePaths, RemoteFiles, show_name

_FORMATS_BY_EXTENSION = {e: name for name, kind in FORMATS.items() for e in kind.extensions}
_COLORS = {1: "grey", 3: "RGB", 4: "RGBA"}


def name_mode(image: NDArray[Any]) -> str:
    """Name the colours and the depth of an image, such as "RGB uint8" or "grey uint16"."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    return f"{_COLORS.get(channels, f'{channels} channels')} {name_dtype(image.dtype)}"


def find_lie(name: str, image_format: str | None) -> str | None:
    """Return the actual format if the extension belongs to another format; None if it is right."""
    claimed = _FORMATS_BY_EXTENSION.get("." + name.rpartition(".")[2].lower())
    if image_format is None or claimed is None or claimed == image_format:
        return None
    return FORMATS[image_format].title


def summarise_sizes(sizes: Counter[tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Find the smallest, median and largest (height, width) by area; {} if there are no images."""
    if not sizes:
        return {}
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ranks = np.cumsum([sizes[size] for size in ordered])
    # Of two in the middle the smaller is the median: each of the three is the size of an image.
    middle = ordered[int(np.searchsorted(ranks, (ranks[-1] + 1) // 2))]
    return {"smallest": ordered[0], "median": middle, "largest": ordered[-1]}


def sort_counts(counts: Counter[str]) -> dict[str, int]:
    """Sort counts in descending order; sort equal counts by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True)
class ImageReport:
    """The result of ``ImageIndex.verify``. Print the object to see a short summary.

    Attributes
    ----------
    n_files : int
        Number of files that were checked.
    bad_files : dict of str to str
        Path of each file that cannot be read, relative to the root -> the reason.
    duplicates : list of list of str
        Groups of paths whose files are byte-identical.
    same_pixels : list of list of str
        Groups of paths whose images have equal pixels, although the files differ.
    similar : list of list of str
        Groups of paths whose images are near duplicates but not all equal, see `find_near`.
    conflicts : list of list of str
        Groups of paths whose images have the same bytes or pixels, but different labels even after
        merging.
    sizes : dict of str to (height, width)
        The ``"smallest"``, ``"median"`` and ``"largest"`` image size, by number of pixels.
    modes : dict of str to int
        Colour mode and dtype, such as ``"RGB uint8"`` -> number of images.
    formats : dict of str to int
        Actual format, such as ``"JPEG"``, regardless of the extension -> number of files.
    wrong_extensions : dict of str to str
        Path of each file whose extension does not match its content -> the actual format.
    n_bytes : int
        Total size of the files.
    """

    n_files: int
    bad_files: dict[str, str] = field(default_factory=dict)
    duplicates: list[list[str]] = field(default_factory=list)
    same_pixels: list[list[str]] = field(default_factory=list)
    similar: list[list[str]] = field(default_factory=list)
    conflicts: list[list[str]] = field(default_factory=list)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
    wrong_extensions: dict[str, str] = field(default_factory=dict)
    n_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether every file can be read, and no two files have equal bytes or pixels."""
        return not (self.bad_files or self.duplicates or self.same_pixels)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values that JSON can store."""
        return {**asdict(self), "sizes": {name: list(size) for name, size in self.sizes.items()}}

    def __str__(self) -> str:
        n_copies = sum(len(same) - 1 for same in self.duplicates)
        lines = [
            f"{self.n_files} files: {len(self.bad_files)} cannot be read, {n_copies} are copies "
            f"of others; groups of different files with the same pixels: {len(self.same_pixels)}; "
            f"groups of equal images with different labels: {len(self.conflicts)}",
            *self.describe_images(),
        ]
        lines += [f"  cannot be read: {path} ({why})" for path, why in self.bad_files.items()]
        lines += [f"  same pixels: {' = '.join(same)}" for same in self.same_pixels]
        lines += [f"  look alike: {' ~ '.join(same)}" for same in self.similar]
        lines += [f"  different labels: {' = '.join(same)}" for same in self.conflicts]
        lines += [f"  wrong extension: {path} ({it})" for path, it in self.wrong_extensions.items()]
        return "\n".join(map(show_name, lines))

    def describe_images(self) -> list[str]:
        """Return lines that describe the sizes, modes and formats."""
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
    thumbnail: NDArray[np.uint8] | None = None
    grey: NDArray[np.uint8] | None = None


def verify_files(
    paths: ImagePaths,
    codes: NDArray[Any],
    options: ReadOptions,
    files: RemoteFiles,
    n_jobs: int | None,
    progress: Progress | None = None,
    *,
    with_near: bool = False,
) -> ImageReport:
    """Read every file once, compare digests, and count formats; `codes` are merged labels."""
    check_progress(progress)
    names = paths.relative()
    n_bytes = 0
    bad_files: dict[str, str] = {}
    lies: dict[str, str] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    prints = Fingerprints(len(paths))
    work = partial(_check, options=options, with_near=with_near)
    first_calls = None if progress is None else partial(_tell_unless_last, progress)
    checked = map_files(work, paths, files, n_jobs, first_calls, finish_thumbnails)
    # As bytes: of most files the name is not needed.
    for row, (found, path) in enumerate(zip(checked, names.iterate_bytes(), strict=True)):
        if found.reason is not None:
            bad_files[names[row]] = found.reason
        if found.file is None:
            continue
        n_bytes += found.n_bytes
        prints.put(row, Fingerprint(found.file, found.pixels, found.thumbnail))
        lie = find_lie(os.fsdecode(path), found.image_format)
        if lie is not None:
            lies[names[row]] = lie
        if found.image_format is not None:
            formats[FORMATS[found.image_format].title] += 1
        if found.size is not None and found.mode is not None:
            sizes[found.size] += 1
            modes[found.mode] += 1
    _digest_suspects(prints, paths, files, n_jobs, progress)
    # Those without a double, and those that cannot be decoded, are compared by their bytes.
    rest = prints.has_file & ~prints.has_pixels
    prints.pixels[rest], prints.has_pixels[rest] = prints.files[rest], True
    same_content = find_equal(prints, by="pixels")
    near = find_near(prints).groups if with_near else []
    # Equal files that cannot be read, such as empty ones, show nothing that has two labels.
    told_apart = [group for group in same_content if _differ(codes[group])]
    return ImageReport(
        n_files=len(paths),
        bad_files=bad_files,
        duplicates=_name_groups(find_equal(prints), names),
        same_pixels=_name_groups((g for g in same_content if _differ(prints.files[g])), names),
        similar=_name_groups((g for g in near if _differ(prints.pixels[g])), names),
        conflicts=_name_groups((g for g in told_apart if names[int(g[0])] not in bad_files), names),
        sizes=summarise_sizes(sizes),
        modes=sort_counts(modes),
        formats=sort_counts(formats),
        wrong_extensions=lies,
        n_bytes=n_bytes,
    )


def _digest_suspects(
    prints: Fingerprints,
    paths: ImagePaths,
    files: RemoteFiles,
    n_jobs: int | None,
    progress: Progress | None,
) -> None:
    """Compare images by their pixels where files differ, and thumbnails do not."""
    # Digests of all pixels take half as long as decoding a photograph. So few files have thumbnails
    # that are the same in every pixel that reading these once more takes less.
    alike = [group for group in find_same_looks(prints) if _differ(prints.files[group])]
    rows = np.concatenate([np.empty(0, np.intp), *alike])
    # See _check for those that have their digests already.
    rows = rows[~prints.has_pixels[rows]]
    # Of equal files one is enough.
    found, first, places = np.unique(
        prints.files[rows], axis=0, return_index=True, return_inverse=True
    )
    n = len(paths)
    # The call that was held back comes now if there is nothing to read once more.
    if progress is not None and n and not len(first):
        progress(n, n)
    more_calls = None if progress is None else partial(_tell_from, progress, n)
    again = map_files(_digest_again, paths.take(rows[first]), files, n_jobs, more_calls)
    for place, digest in enumerate(again):
        if digest is not None:
            found[place] = np.frombuffer(digest, np.uint64)
    prints.pixels[rows], prints.has_pixels[rows] = found[places.ravel()], True


def _tell_unless_last(progress: Progress, n_done: int, n_files: int) -> None:
    if n_done < n_files:
        progress(n_done, n_files)


def _tell_from(progress: Progress, n_before: int, n_done: int, n_files: int) -> None:
    progress(n_before + n_done, n_before + n_files)


def _digest_again(path: str, fetched: Fetched) -> bytes | None:
    try:
        return digest_pixels(decode_image(read_bytes(path, fetched)))
    # It could be read a moment ago.
    except ValueError:
        return None


def _differ(values: NDArray[Any]) -> bool:
    return bool((values != values[0]).any())


def _name_groups(groups: Iterable[NDArray[np.intp]], names: ImagePaths) -> list[list[str]]:
    return [[names[int(row)] for row in group] for group in groups]


def _check(path: str, fetched: Fetched, options: ReadOptions, *, with_near: bool) -> _Checked:
    reader = options.reader
    try:
        data = read_bytes(path, fetched)
    except ValueError as error:
        return _Checked(reason=str(error))
    image_format = sniff_format(data) if reader is None else None
    try:
        image = decode_image(data) if reader is None else read_with(reader, path, fetched)
    except ValueError as error:
        return _Checked(
            digest_file(data), reason=str(error), image_format=image_format, n_bytes=len(data)
        )
    grey = make_grey(image) if with_near else None
    # Only a file at hand is read once more if need be: see _digest_suspects. An image of one grey,
    # such as an empty mask, most likely has a double.
    waits = reader is None and fetched is None and grey is not None and grey.min() < grey.max()
    return _Checked(
        digest_file(data),
        None if waits else digest_pixels(image),
        None,
        (image.shape[0], image.shape[1]),
        name_mode(image),
        image_format,
        len(data),
        grey=grey,
    )
