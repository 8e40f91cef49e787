"""Class folders in, sorted paths and class codes out. One walk, and no file is opened."""

import os
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._class_folders import choose_class_folders, explain_empty_folder
from sklmerge.images._paths import ImagePaths

IMAGE_EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class ScannedFolder(NamedTuple):
    """What a walk through class folders found.

    Attributes
    ----------
    classes : list of str
        Names of the class folders, sorted.
    paths : ImagePaths of length n
        Sorted bytewise, class by class.
    codes : ndarray of int, shape (n,)
        Position of each image's class in ``classes``.
    """

    classes: list[str]
    paths: ImagePaths
    codes: NDArray[np.signedinteger]


def scan_class_folders(
    root: str, classes: Collection[str] | None, extensions: Iterable[str]
) -> ScannedFolder:
    """List the images in the class folders of ``root``.

    Each folder directly in ``root`` is a class; images may lie in folders inside it. Names that
    begin with a dot are passed over. Links are followed, except those to a folder that they lie in.

    Parameters
    ----------
    root : str
        The folder that holds the class folders.
    classes : collection of str or None
        The class folders to take; None takes all.
    extensions : iterable of str
        Endings of images' names, with the dot; upper and lower case alike.

    Returns
    -------
    ScannedFolder

    Raises
    ------
    ValueError
        There is no such folder, it has no class folders or lacks one of ``classes``, or a class
        folder has no image.
    """
    endings = tuple(os.fsencode(extension.lower()) for extension in extensions)
    folders = _find_class_folders(root, classes, endings)
    blocks = []
    lengths = []
    for folder in folders:
        names = _list_images(os.fsencode(root), folder, endings)
        if not names:
            raise explain_empty_folder(root, folder, extensions)
        names.sort()
        lengths.append(np.fromiter(map(len, names), dtype=np.int32, count=len(names)))
        blocks.append(b"".join(names))
    numbers = np.arange(len(folders), dtype=choose_code_dtype(len(folders)))
    codes: NDArray[np.signedinteger] = np.repeat(numbers, [len(part) for part in lengths])
    paths = ImagePaths.from_block(b"".join(blocks), np.concatenate(lengths), root=root)
    return ScannedFolder([os.fsdecode(folder) for folder in folders], paths, codes)


def check_extensions(extensions: Iterable[str]) -> tuple[str, ...]:
    """Check that extensions are a list of endings that begin with a dot."""
    endings = () if isinstance(extensions, str) else tuple(extensions)
    if not endings or not all(isinstance(e, str) and e.startswith(".") for e in endings):
        raise ValueError(f"extensions must be endings such as ('.jpg', '.png'), got {extensions!r}")
    return endings


def choose_code_dtype(n_classes: int) -> type[np.signedinteger]:
    """Choose how codes of so many classes are kept: two bytes each, if that is enough."""
    return np.int16 if n_classes < 2**15 else np.int32


def _find_class_folders(
    root: str, classes: Collection[str] | None, endings: tuple[bytes, ...]
) -> list[bytes]:
    if not os.path.isdir(root):
        raise ValueError(f"root must be an existing folder, got {root!r}")
    home = os.path.realpath(os.fsencode(root))
    with os.scandir(os.fsencode(root)) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(b".")]
    folders = sorted(
        entry.name for entry in visible if entry.is_dir() and _find_place(entry, (home,))
    )
    has_images = any(entry.name.lower().endswith(endings) for entry in visible)
    return choose_class_folders(root, folders, classes, has_images=has_images)


def _list_images(root: bytes, class_folder: bytes, endings: tuple[bytes, ...]) -> list[bytes]:
    """List the images of a class, relative to the root, in any order."""
    names: list[bytes] = []
    home = os.path.realpath(root)
    place = os.path.realpath(os.path.join(root, class_folder))
    # Folders to visit, each with the real places of itself and those above it.
    waiting: list[tuple[bytes, tuple[bytes, ...]]] = [(class_folder, (home, place))]
    while waiting:
        folder, places = waiting.pop()
        prefix = folder + b"/"
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                name = entry.name
                if name[:1] == b".":
                    continue
                if entry.is_dir():
                    inner = _find_place(entry, places)
                    if inner is not None:
                        waiting.append((prefix + name, (*places, inner)))
                elif name.lower().endswith(endings):
                    names.append(prefix + name)
    return names


def _find_place(entry: os.DirEntry[bytes], places: tuple[bytes, ...]) -> bytes | None:
    """Find where a folder really is, or None for a link to one that holds it: that has no end."""
    if not entry.is_symlink():
        return os.path.join(places[-1], entry.name)
    target = os.path.realpath(entry.path)
    inside = os.path.join(target, b"")
    loops = any(place == target or place.startswith(inside) for place in places)
    return None if loops else target
