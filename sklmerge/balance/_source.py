"""The source folder as columns: which images there are, of which class, in which part."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance._split import PART_NAMES

_PARTS_BY_NAME = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}
_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, eq=False)
class Sources:
    """The images of a source folder.

    Parameters
    ----------
    root : str
        Absolute path of the folder.
    paths : list of bytes, length n
        Relative to it, POSIX, sorted.
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
    paths: list[bytes]
    class_names: tuple[str, ...]
    classes: NDArray[np.int32]
    part_names: tuple[str, ...] = ()
    parts: NDArray[np.int8] | None = None


def list_sources(source: str) -> Sources:
    """List the images of a folder of class folders, or of train, val and test folders of them.

    Parameters
    ----------
    source : str
        A local folder.

    Returns
    -------
    Sources

    Raises
    ------
    ValueError
        If a class has no image, or in divided folders none in train.
    """
    root = os.path.abspath(source)
    if not os.path.isdir(root):
        raise ValueError(f"source must be a folder, got {source!r}")
    part_folders = _find_parts(root)
    found = [
        (f"{part}{name}/{path}", name, code)
        for part, code in part_folders
        for name in _list_folders(os.path.join(root, part))
        for path in _list_images(os.path.join(root, part, name))
    ]
    found.sort(key=lambda image: os.fsencode(image[0]))
    class_names = tuple(
        sorted({n for part, _ in part_folders for n in _list_folders(os.path.join(root, part))})
    )
    codes = {name: code for code, name in enumerate(class_names)}
    return Sources(
        root,
        [os.fsencode(path) for path, _, _ in found],
        class_names,
        np.array([codes[name] for _, name, _ in found], np.int32),
        tuple(PART_NAMES[code] for _, code in part_folders) if part_folders[0][0] else (),
        np.array([code for _, _, code in found], np.int8) if part_folders[0][0] else None,
    )


def _find_parts(root: str) -> list[tuple[str, int]]:
    """Find the folders of train, val and test, each with its code; one unnamed folder if none."""
    folders = _list_folders(root)
    codes = [_PARTS_BY_NAME.get(name.lower(), -1) for name in folders]
    if -1 in codes or 0 not in codes or len(folders) < 2:
        return [("", 0)]
    if len(set(codes)) < len(codes):
        raise ValueError(f"source must hold each part once, got {', '.join(folders)}")
    return [(f"{folders[codes.index(code)]}/", code) for code in sorted(set(codes))]


def _list_folders(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def _list_images(folder: str) -> list[str]:
    images = []
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = "" if where == folder else os.path.relpath(where, folder).replace(os.sep, "/") + "/"
        images += [
            inner + name
            for name in files
            if not name.startswith(".") and name.lower().endswith(_EXTENSIONS)
        ]
    return images
