"""audit_split: what a training folder and a validation folder have in common, and should not."""

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance.store import PLAN_NAME
from sklmerge.images import (
    Fingerprints,
    ImageIndex,
    Progress,
    check_url,
    fetch_urls,
    find_local,
    find_near,
    is_url,
    read_bytes,
    read_column,
    show_name,
    take_fingerprints,
)

# What two images have in common -> how it is told, the surest first.
_KINDS = {
    "same_bytes": "the same file",
    "same_pixels": "the same pixels",
    "same_source": "made from the same source image",
    "similar": "near duplicates",
}
_SURE = ("same_bytes", "same_pixels", "same_source")
_MOST_NAMED = 10
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class AuditReport:
    """The images that a training and a validation folder share. Print it for a short summary.

    Parameters
    ----------
    n_train, n_val : int
        Number of images in each folder.
    same_bytes : list of (str, str)
        Pairs of a training file and a validation file with the same content.
    same_pixels : list of (str, str)
        Pairs of a training file and a validation file that differ, but have the same pixels.
    same_source : list of (str, str)
        Pairs of files that were made from the same source image, according to ``metadata.csv``: a
        copy and its source image, or two copies.
    unreadable : dict of str to str
        Path of each file that could not be compared -> the reason.
    similar : list of (str, str)
        Pairs that are near duplicates but in neither `same_bytes` nor `same_pixels`; see
        `ImageIndex.verify`.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import audit_split, balance_folder
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder + "/photos")
    ...     _ = balance_folder(folder + "/photos", folder + "/balanced")
    ...     report = audit_split(folder + "/balanced/train", folder + "/balanced/val")
    >>> report.ok
    True
    """

    n_train: int
    n_val: int
    same_bytes: Pairs
    same_pixels: Pairs
    same_source: Pairs
    unreadable: dict[str, str]
    similar: Pairs = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True if no validation image equals or resembles a training image or shares its source."""
        return not (self.leaked or self.similar)

    @property
    def leaked(self) -> dict[str, str]:
        """Validation image -> the surest kind of match with a training image."""
        return {val: kind for kind in reversed(_SURE) for _, val in getattr(self, kind)}

    @property
    def look_alikes(self) -> list[str]:
        """Validation images that are near duplicates of training images, but not in `leaked`."""
        return sorted({val for _, val in self.similar} - set(self.leaked))

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values that JSON can store."""
        leaked = self.leaked
        return {
            **asdict(self),
            "leaked": leaked,
            "n_leaked": len(leaked),
            "n_look_alikes": len(self.look_alikes),
        }

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all pairs as a table with the columns val, train and kind.

        Parameters
        ----------
        path : path
            File to write. An existing file is replaced.
        """
        with open(path, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            table = csv.writer(file)
            table.writerow(["val", "train", "kind"])
            for kind in _KINDS:
                table.writerows([val, train, kind] for train, val in getattr(self, kind))

    def __str__(self) -> str:
        leaked = self.leaked
        share = f" ({len(leaked) / self.n_val:.0%})" if leaked else ""
        lines = [
            f"{len(leaked)} of {self.n_val} validation images{share} are also among the "
            f"{self.n_train} training images; {len(self.look_alikes)} more look like one of them"
        ]
        for kind, what in _KINDS.items():
            pairs = getattr(self, kind)
            n = sum(own == kind for own in leaked.values())
            lines.append(f"{n if kind in _SURE else len(self.look_alikes)} images: {what}")
            lines += [
                f"  {show_name(train)} = {show_name(val)}" for train, val in pairs[:_MOST_NAMED]
            ]
            n_more = len(pairs) - _MOST_NAMED
            lines += [f"  and {n_more:,} more pairs"] if n_more > 0 else []
        bad = [f"  not compared: {show_name(p)} ({why})" for p, why in self.unreadable.items()]
        n_more = len(bad) - _MOST_NAMED
        more = [f"  and {n_more:,} more that were not compared"] if n_more > 0 else []
        return "\n".join([*lines, *bad[:_MOST_NAMED], *more])


def audit_split(
    train: Any,
    val: Any,
    *,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> AuditReport:
    """Find validation images that are also in the training set.

    A model looks better than it is if it is tested on images from its training set. This function
    finds equal files, different files with equal pixels, and near duplicates. If the folders
    contain a ``metadata.csv`` that `balance_folder` has written, this function also finds augmented
    copies of images in the other folder.

    Parameters
    ----------
    train, val : path, URL or ImageIndex
        Folders with one subfolder per class, or indexes.
    n_jobs : int or None, default=None
        Number of threads, as in joblib. Does not change the report.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread, with separate counts for each
        folder.
    storage_options : mapping or None, default=None
        Options for fsspec's file systems, which open the URLs.

    Returns
    -------
    AuditReport
        The report. Each path is relative to its own folder, `train` or `val`.

    Raises
    ------
    ValueError
        If `train` or `val` does not contain class folders.
    ConnectionError
        If the server behind a URL does not respond or refuses access.

    See Also
    --------
    balance_folder : ``group_by="content"`` or ``"similar"`` makes a split without leaks.
    inspect_folder : Reports what a folder contains.

    Examples
    --------
    >>> import shutil, tempfile
    >>> from sklmerge import audit_split
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder + "/train")
    ...     _ = shutil.copytree(folder + "/train/grass", folder + "/val/grass")
    ...     report = audit_split(folder + "/train", folder + "/val")
    >>> len(report.leaked), report.ok
    (60, False)
    """
    given = {"train": train, "val": val}
    places = [find_local(s, n) for n, s in given.items() if not isinstance(s, ImageIndex)]
    if len(places) == 2 and not any(map(is_url, places)):
        check_url(train, storage_options)
    sides = [_index(side, name, storage_options) for name, side in given.items()]
    names = [list(side.paths.relative()) for side in sides]
    prints = [take_fingerprints(side, n_jobs=n_jobs, progress=progress) for side in sides]
    same_bytes = _pair_rows(names, [(one.files, one.has_file) for one in prints])
    same_pixels = _pair_rows(names, [(one.pixels, one.has_pixels) for one in prints])
    equal = {*same_bytes, *same_pixels}
    similar = _pair_similar(names, prints)
    return AuditReport(
        n_train=len(sides[0]),
        n_val=len(sides[1]),
        same_bytes=same_bytes,
        same_pixels=sorted(set(same_pixels) - set(same_bytes)),
        same_source=_pair_sources(sides, names, equal | set(similar)),
        unreadable={
            side.paths[row]: reason
            for side, one in zip(sides, prints, strict=True)
            for row, reason in one.reasons.items()
        },
        similar=[pair for pair in similar if pair not in equal],
    )


def _pair_rows(
    names: Sequence[Sequence[str]],
    digests: Sequence[tuple[NDArray[np.uint64], NDArray[np.bool_]]],
) -> Pairs:
    """Pair the names on both sides whose digests are equal."""
    sides = [
        [(side[row], some[row].tobytes()) for row in np.flatnonzero(has).tolist()]
        for side, (some, has) in zip(names, digests, strict=True)
    ]
    return pair_equal(*sides)


def _pair_similar(names: Sequence[Sequence[str]], prints: Sequence[Fingerprints]) -> Pairs:
    """Pair the names on both sides that are near duplicates."""
    first, second = prints
    joint = Fingerprints(len(first) + len(second))
    for start, one in ((0, first), (len(first), second)):
        rows = slice(start, start + len(one))
        joint.thumbnails[rows] = one.thumbnails
        joint.has_thumbnail[rows] = one.has_thumbnail
    pairs = find_near(joint).pairs.tolist()
    n = len(first)
    return sorted((names[0][a], names[1][b - n]) for a, b in pairs if a < n <= b)


def _index(side: Any, name: str, options: Mapping[str, Any] | None) -> ImageIndex:
    if isinstance(side, ImageIndex):
        return side
    folder = find_local(side)
    try:
        # A part that was balanced has a folder for every class, also for one without an image.
        return ImageIndex(
            folder, allow_empty=True, storage_options=options if is_url(folder) else None
        )
    except ValueError as error:
        raise ValueError(f"{name} {str(error).removeprefix('source ')}") from error


def _pair_sources(
    sides: Sequence[ImageIndex], names: Sequence[Sequence[str]], alike: Set[tuple[str, str]]
) -> Pairs:
    """Pair files made from one source; equal paths in unrelated sources mean nothing."""
    tables = [read_column(side.root, "source", side.files) for side in sides]
    if all(table is None for table in tables):
        return []
    # What was not made from anything is a source itself, and its files are theirs.
    places = [
        side.root if table is None else _find_origin(side)
        for side, table in zip(sides, tables, strict=True)
    ]
    if len({_resolve(place) for place in places if place is not None}) > 1:
        return []
    found = [
        [(name, name if table is None else table.get(name)) for name in some]
        for table, some in zip(tables, names, strict=True)
    ]
    pairs = pair_equal(*found)
    # Without its plan a part may come from anywhere. Of one source, its own files look alike.
    if None in places and not _look_alike(_take_plain(sides, pairs), alike):
        return []
    return pairs


def _take_plain(sides: Sequence[ImageIndex], pairs: Pairs) -> Pairs:
    """Take the pairs in which neither file is an augmented copy."""
    copies = [
        {name for name, told in (table or {}).items() if told == "true"}
        for table in (read_column(side.root, "augmented", side.files) for side in sides)
    ]
    return [(one, other) for one, other in pairs if one not in copies[0] and other not in copies[1]]


def _look_alike(pairs: Pairs, alike: Set[tuple[str, str]]) -> bool:
    """Tell whether half of the pairs look alike, of those that there are."""
    return 2 * sum(pair in alike for pair in pairs) >= len(pairs)


def _find_origin(side: ImageIndex) -> str | None:
    """Read where a balanced part comes from; None if it was moved away from its plan."""
    path = f"{os.path.dirname(side.root.rstrip('/'))}/{PLAN_NAME}"
    (data,) = fetch_urls([path], side.files)
    try:
        source = json.loads(read_bytes(path, data)).get("source")
    except (ValueError, AttributeError):
        return None
    return source if isinstance(source, str) else None


def _resolve(place: str) -> str:
    return place.rstrip("/") if is_url(place) else os.path.realpath(place)


def pair_equal(
    first: Iterable[tuple[str, object]], second: Iterable[tuple[str, object]]
) -> list[tuple[str, str]]:
    """Pair names on both sides that stand for the same thing; None stands for nothing."""
    by_thing: dict[object, list[str]] = {}
    for name, thing in first:
        if thing is not None:
            by_thing.setdefault(thing, []).append(name)
    pairs = [(name, other) for other, thing in second for name in by_thing.get(thing, ())]
    return sorted(pairs)
