"""The source folder as columns: which images there are, of which class, in which part."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance._checks import PART_NAMES
from sklmerge.images._paths import ImagePaths
from sklmerge.images._scan import IMAGE_EXTENSIONS, ScannedFolder, scan_class_folders

_PARTS_BY_NAME = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


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
    """

    root: str
    paths: ImagePaths
    class_names: tuple[str, ...]
    classes: NDArray[np.int32]
    part_names: tuple[str, ...] = ()
    parts: NDArray[np.int8] | None = None


def list_sources(source: str) -> Sources:
    """List the images of a folder of class folders, or of train, val and test folders of them.

    Parameters
    ----------
    source : str
        A local folder, absolute.

    Returns
    -------
    Sources

    Raises
    ------
    ValueError
        If there are no class folders, or one has no image.
    """
    if not os.path.isdir(source):
        raise ValueError(f"source must be an existing folder, got {source!r}")
    folders = _find_parts(source)
    if not folders:
        scan = _scan(source)
        return Sources(source, scan.paths, tuple(scan.classes), scan.codes.astype(np.int32))
    scans = [_scan(os.path.join(source, folder)) for folder in folders]
    class_names = tuple(sorted({name for scan in scans for name in scan.classes}))
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
    )


def _find_parts(source: str) -> dict[str, int]:
    """Find the folders of train, val and test, each with its code; none where there are others."""
    with os.scandir(source) as entries:
        folders = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    return order_parts(folders)


def order_parts(folders: Sequence[str]) -> dict[str, int]:
    """Give folders that are train, val and test their codes, in this order; {} if they are not.

    Examples
    --------
    >>> from sklmerge.balance._source import order_parts
    >>> order_parts(["valid", "train"]), order_parts(["cat", "dog"])
    ({'train': 0, 'valid': 1}, {})
    """
    codes = [_PARTS_BY_NAME.get(name.lower(), -1) for name in folders]
    if -1 in codes or 0 not in codes or len(folders) < 2:
        return {}
    if len(set(codes)) < len(codes):
        raise ValueError(f"source must hold each part once, got {', '.join(sorted(folders))}")
    return dict(sorted(zip(folders, codes, strict=True), key=itemgetter(1)))


def _scan(folder: str) -> ScannedFolder:
    try:
        return scan_class_folders(folder, None, IMAGE_EXTENSIONS)
    except ValueError as error:
        raise ValueError(f"source cannot be used: {error}") from error
