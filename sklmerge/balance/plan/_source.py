"""The source folder as columns: which images there are, of which class, in which part."""

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from sklmerge.images import (
    IMAGE_EXTENSIONS,
    ImagePaths,
    RemoteFiles,
    ScannedFolder,
    scan_class_folders,
    scan_remote_folders,
)

_PARTS_BY_NAME = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}

PART_NAMES = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Sources:
    """The images of a source folder.

    Parameters
    ----------
    root : str
        The folder.
    paths : ImagePaths of length n
        Sorted bytewise, part by part and class by class.
    class_names : tuple of str
        Original classes, sorted.
    classes : ndarray of int32, shape (n,)
        Code of each image's class.
    part_names : tuple of str
        Parts that the folder is divided into; empty where it is not.
    parts : ndarray of int8, shape (n,), or None
        Code of each image's part.
    files : RemoteFiles or None, default=None
        What opens a root that is a URL.
    """

    root: str
    paths: ImagePaths
    class_names: tuple[str, ...]
    classes: NDArray[np.int32]
    part_names: tuple[str, ...] = ()
    parts: NDArray[np.int8] | None = None
    files: RemoteFiles | None = None


def list_sources(
    source: str, files: RemoteFiles | None = None, classes: Collection[str] | None = None
) -> Sources:
    """List the images of a folder of class folders, or of train, val and test folders of them.

    Parameters
    ----------
    source : str
        A local folder, absolute, or a URL without a slash at its end.
    files : RemoteFiles or None, default=None
        What opens the URL; None for a local folder.
    classes : collection of str or None, default=None
        The class folders to take; None takes all.

    Returns
    -------
    Sources

    Raises
    ------
    ValueError
        If there are no class folders, one of `classes` is not there, or one has no image. In a
        folder of parts a class may have its images in some of them.
    ConnectionError
        If the store behind a URL does not answer, or refuses.

    Examples
    --------
    >>> import fsspec
    >>> from sklmerge.balance.plan._source import list_sources
    >>> from sklmerge.images import RemoteFiles
    >>> pictures = {"/divided/train/cat/1.png": b".", "/divided/val/cat/2.png": b"."}
    >>> fsspec.filesystem("memory").pipe(pictures)
    >>> sources = list_sources("memory://divided", RemoteFiles())
    >>> sources.class_names, sources.part_names, sources.parts.tolist()
    (('cat',), ('train', 'val'), [0, 1])
    """
    folders = order_parts(_list_folders(source, files))
    if not folders:
        scan = _scan(source, files, classes, allow_empty=False)
        codes = scan.codes.astype(np.int32)
        return Sources(source, scan.paths, tuple(scan.classes), codes, files=files)
    scans = [_scan_part(os.path.join(source, folder), files, classes) for folder in folders]
    class_names = tuple(sorted({name for scan in scans for name in scan.classes}))
    wanted = {name for scan in scans for name in scan.empty} if classes is None else set(classes)
    lost = sorted(wanted - set(class_names))
    if lost:
        raise ValueError(
            f"source has no image of class {lost[0]!r} in any part; name the folders to take by "
            "classes=[...]"
        )
    paths: list[bytes] = []
    for folder, scan in zip(folders, scans, strict=True):
        prefix = os.fsencode(folder) + b"/"
        paths += [prefix + path for path in scan.paths.iterate_bytes()]
    classes = [np.array(list(map(class_names.index, s.classes)), np.int32)[s.codes] for s in scans]
    return Sources(
        source,
        ImagePaths.from_bytes(paths, root=source),
        class_names,
        np.concatenate(classes),
        tuple(PART_NAMES[code] for code in folders.values()),
        np.repeat(np.arange(len(scans), dtype=np.int8), [len(scan.codes) for scan in scans]),
        files,
    )


def _list_folders(source: str, files: RemoteFiles | None) -> list[str]:
    """List the visible folders of a source."""
    try:
        if files is not None:
            return files.list_folder(source).folders
        with os.scandir(source) as entries:
            return [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(f"source must be an existing folder, got {source!r}") from error


def order_parts(folders: Sequence[str]) -> dict[str, int]:
    """Give folders that are train, val and test their codes, in this order; {} if they are not.

    Examples
    --------
    >>> from sklmerge.balance.plan._source import order_parts
    >>> order_parts(["valid", "train"]), order_parts(["cat", "dog"])
    ({'train': 0, 'valid': 1}, {})
    """
    codes = [_PARTS_BY_NAME.get(name.lower(), -1) for name in folders]
    if -1 in codes or 0 not in codes or len(folders) < 2:
        return {}
    if len(set(codes)) < len(codes):
        raise ValueError(f"source must hold each part once, got {', '.join(sorted(folders))}")
    return dict(sorted(zip(folders, codes, strict=True), key=itemgetter(1)))


def _scan_part(
    folder: str, files: RemoteFiles | None, classes: Collection[str] | None
) -> ScannedFolder:
    """Scan a part, which may lack a class that others have."""
    if classes is not None:
        present = set(_list_folders(folder, files))
        classes = [name for name in classes if name in present]
    return _scan(folder, files, classes, allow_empty=True)


def _scan(
    folder: str, files: RemoteFiles | None, classes: Collection[str] | None, *, allow_empty: bool
) -> ScannedFolder:
    try:
        if files is None:
            return scan_class_folders(folder, classes, IMAGE_EXTENSIONS, allow_empty=allow_empty)
        return scan_remote_folders(
            files, folder, classes, IMAGE_EXTENSIONS, allow_empty=allow_empty
        )
    except ValueError as error:
        # An index calls root what is the job's source.
        raise ValueError(re.sub(r"^root\b", "source", str(error))) from error
