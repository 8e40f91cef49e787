"""The source as columns: which images there are, of which class, in which part."""

import os
import re
import warnings
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance.plan._parts_and_folds import PART_NAMES
from sklmerge.images import (
    ImageIndex,
    ImagePaths,
    Reader,
    RemoteFiles,
    ScannedFolder,
    Wanted,
    check_exclude,
    is_url,
    leave_out,
    list_folders,
    order_parts,
    scan_class_folders,
    scan_remote_folders,
    suggest_place,
)


@dataclass(frozen=True, eq=False)
class Sources:
    """The images of a source folder."""

    root: str
    # Sorted bytewise, part by part and class by class.
    paths: ImagePaths
    # Original classes, sorted.
    class_names: tuple[str, ...]
    classes: NDArray[np.int32]
    # Parts that the folder is divided into; empty if it is not.
    part_names: tuple[str, ...] = ()
    parts: NDArray[np.int8] | None = None
    # What opens a root that is a URL.
    files: RemoteFiles | None = None
    # What reads files of formats of one's own.
    reader: Reader | None = None
    # How an index merges its classes.
    merge: Any = None
    # Original classes as an index has them, such as numbers; empty if they are `class_names`.
    labels: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, rows: NDArray[Any]) -> "Sources":
        """Select some of the images; classes without images are still listed."""
        parts = None if self.parts is None else self.parts[rows]
        paths, classes = self.paths.take(rows), self.classes[rows]
        return replace(self, paths=paths, classes=classes, parts=parts)

    def forget_parts(self) -> "Sources":
        """Ignore the parts that the source is divided into."""
        return replace(self, part_names=(), parts=None)

    def keep_parts(self, asked: str | None) -> "Sources":
        """Keep the parts, if any; raise an error if a parameter, such as split, asks for others."""
        if self.parts is not None and asked is not None:
            raise ValueError(
                f"source is divided into {', '.join(self.part_names)} already, so {asked} cannot "
                "be given; pass resplit=True to divide it anew"
            )
        return self


def list_sources(
    source: str, files: RemoteFiles | None, wanted: Wanted, reader: Reader | None = None
) -> Sources:
    """List the images of a folder of class folders, or of one with train, val and test."""
    classes = wanted.classes
    folders = {} if _are_folders(wanted, source, files) else _find_divided(source, files, wanted)
    if not folders:
        scan = _scan(source, files, wanted)
        codes = scan.codes.astype(np.int32)
        return Sources(source, scan.paths, tuple(scan.classes), codes, files=files, reader=reader)
    # A part may lack a class that others have. Which images are wanted is told by their paths in
    # the source, of which a part knows only the end.
    all_of_it = wanted._replace(classes=None, exclude=None, allow_empty=True)
    scans = [
        _scan_part(os.path.join(source, folder), files, all_of_it, classes) for folder in folders
    ]
    paths: list[bytes] = []
    labels: list[str] = []
    parts: list[int] = []
    for part, (folder, scan) in enumerate(zip(folders, scans, strict=True)):
        prefix = os.fsencode(folder) + b"/"
        names = [scan.classes[code] for code in scan.codes.tolist()]
        for path, name in zip(scan.paths.iterate_bytes(), names, strict=True):
            whole = prefix + path
            if (classes is None or name in classes) and not _is_excluded(whole, wanted):
                paths.append(whole)
                labels.append(name)
                parts.append(part)
    class_names = sorted(set(labels))
    there = {name for scan in scans for name in (*scan.classes, *scan.empty)}
    lost = sorted((there if classes is None else set(classes)) - set(class_names))
    if lost and (classes is not None or wanted.exclude is None):
        raise ValueError(
            f"source has no image of class {lost[0]!r} in any part; name the folders to take by "
            "classes=[...]"
        )
    if not class_names:
        raise ValueError(f"source has no image in any part, got {source!r}")
    numbers = {name: number for number, name in enumerate(class_names)}
    return Sources(
        source,
        ImagePaths.from_bytes(paths, root=source),
        tuple(class_names),
        np.array([numbers[name] for name in labels], np.int32),
        tuple(PART_NAMES[code] for code in folders.values()),
        np.array(parts, np.int8),
        files,
        reader,
    )


def _is_excluded(path: bytes, wanted: Wanted) -> bool:
    return wanted.exclude is not None and wanted.exclude.search(os.fsdecode(path)) is not None


def take_index(index: ImageIndex, classes: Collection[str] | None = None) -> Sources:
    """List the images of an index, sorted as for a folder; none may be listed twice."""
    # Classes become folders, so labels that are not text are written as text.
    names = [str(label) for label in index.original_classes]
    unknown = [label for label in classes or () if label not in names]
    if unknown:
        raise ValueError(f"classes must be in the source, got {unknown}; there are {names}")
    kept = names if classes is None else [name for name in names if name in set(classes)]
    root = index.root if is_url(index.root) else os.path.abspath(index.root)
    codes: NDArray[np.int32] = np.asarray(index.original_codes, np.int32)
    rows = np.flatnonzero(np.isin(codes, [names.index(name) for name in kept]))
    wanted = index.take(rows)
    paths = [_make_relative(path, root) for path in wanted.paths.iterate_bytes()]
    twice = [path for path, n in Counter(paths).items() if n > 1]
    if twice:
        raise ValueError(
            f"source must list each image once, got {os.fsdecode(twice[0])!r} "
            f"{Counter(paths)[twice[0]]} times; remove rows that repeat"
        )
    class_names = sorted(kept)
    by_name = dict(zip(names, index.original_classes, strict=True))
    new_codes = np.array([class_names.index(n) if n in kept else -1 for n in names])[codes[rows]]
    order = sorted(range(len(paths)), key=lambda row: (new_codes[row], paths[row]))
    return Sources(
        root,
        ImagePaths.from_bytes([paths[row] for row in order], root=root),
        tuple(class_names),
        new_codes[order].astype(np.int32),
        files=index.files if index.paths.hold_urls() else None,
        reader=index.reader,
        merge=index.merger,
        labels=tuple(by_name[name] for name in class_names),
    )


def _make_relative(path: bytes, root: str) -> bytes:
    """Take the root off an absolute path in it, so that tables and folders name files alike."""
    home = os.fsencode(root) + b"/"
    return path.removeprefix(home)


def _list_folders(source: str, files: RemoteFiles | None) -> list[str]:
    """List the visible folders of a source."""
    try:
        if files is not None:
            return files.list_folder(source).folders
        return list_folders(source)
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "" if files is not None else suggest_place(source)
        raise ValueError(f"source must be an existing folder, got {source!r}{hint}") from error


def _find_divided(source: str, files: RemoteFiles | None, wanted: Wanted) -> dict[str, int]:
    """Find the parts that a source is divided into, and warn of what else lies there."""
    folders = leave_out(_list_folders(source, files), wanted.exclude)
    parts = order_parts(folders, lambda name: _list_folders(os.path.join(source, name), files))
    others = [name for name in folders if name not in parts]
    if parts and others:
        warnings.warn(
            f"source is divided into {', '.join(parts)}; passed over beside them: "
            f"{', '.join(map(repr, sorted(others)))}",
            stacklevel=4,
        )
    return parts


def _are_folders(wanted: Wanted, source: str, files: RemoteFiles | None) -> bool:
    """Say whether classes name folders of the source, which are then no parts, whatever called."""
    classes = set(wanted.classes or ())
    return bool(classes) and classes <= set(_list_folders(source, files))


def find_parts(
    source: str,
    options: Mapping[str, Any] | None = None,
    exclude: str | re.Pattern[str] | None = None,
) -> dict[str, str]:
    """Find the folders train, val and test of a source; {} if it is not divided."""
    files = RemoteFiles(options) if is_url(source) else None
    folders = _find_divided(source, files, Wanted(exclude=check_exclude(exclude)))
    return {PART_NAMES[code]: os.path.join(source, name) for name, code in folders.items()}


def _scan_part(
    folder: str, files: RemoteFiles | None, wanted: Wanted, classes: Collection[str] | None
) -> ScannedFolder:
    """List the images of a part, and of no class that was not asked for, as far as that is told."""
    # Leaves are known only when all folders are listed.
    if classes is not None and wanted.levels == "top":
        present = set(_list_folders(folder, files))
        wanted = wanted._replace(classes=[name for name in classes if name in present])
    return _scan(folder, files, wanted)


def _scan(folder: str, files: RemoteFiles | None, wanted: Wanted) -> ScannedFolder:
    if files is None:
        return scan_class_folders(folder, wanted)
    return scan_remote_folders(files, folder, wanted)
