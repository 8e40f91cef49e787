"""Class folders in, sorted paths and class codes out. One walk, and no file is opened."""

import os
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.images.files._class_folders import choose_class_folders, drop_empty_folders
from sklmerge.images.files._packed import PADDING, SEPARATOR, keep_images, order_paths
from sklmerge.images.files._paths import ImagePaths

# Names joined so many at a time are forgotten while they are still in the processor's cache.
_CHUNK = 8192


def walk_folder(root: bytes, folder: bytes) -> Iterator[tuple[int, bytes]]:
    """List the files below a folder, in any order.

    Folders whose names begin with a dot are passed over. Links are followed, except those to a
    folder that they lie in.

    Parameters
    ----------
    root : bytes
        What paths are relative to.
    folder : bytes
        In the root.

    Yields
    ------
    n_paths : int
        At least 1.
    paths : bytes
        Relative to the root, with a 0 after each.
    """
    home = os.path.realpath(root)
    place = os.path.realpath(os.path.join(root, folder))
    # Folders to visit, each with the real places of itself and those above it.
    waiting: list[tuple[bytes, tuple[bytes, ...]]] = [(folder, (home, place))]
    while waiting:
        folder, places = waiting.pop()
        prefix = folder + b"/"
        between = SEPARATOR + prefix
        names: list[bytes] = []
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                if is_folder(entry):
                    inner = find_place(entry, places)
                    if inner is not None and not entry.name.startswith(b"."):
                        waiting.append((prefix + entry.name, (*places, inner)))
                    continue
                names.append(entry.name)
                if len(names) == _CHUNK:
                    yield _CHUNK, prefix + between.join(names) + SEPARATOR
                    names.clear()
        if names:
            yield len(names), prefix + between.join(names) + SEPARATOR


def is_folder(entry: os.DirEntry[bytes]) -> bool:
    """Say whether an entry is a folder; a link to itself, or to where nobody may look, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def find_place(entry: os.DirEntry[bytes], places: tuple[bytes, ...]) -> bytes | None:
    """Find where a folder really is, or None for a link to one that holds it: that has no end.

    Parameters
    ----------
    entry : os.DirEntry
        The folder.
    places : tuple of bytes
        The real places of the folders above it, the nearest last.

    Returns
    -------
    bytes or None
    """
    if not entry.is_symlink():
        return os.path.join(places[-1], entry.name)
    target = os.path.realpath(entry.path)
    inside = os.path.join(target, b"")
    loops = any(place == target or place.startswith(inside) for place in places)
    return None if loops else target


# Paths that are judged at once: few enough that what is left out of a folder takes no room.
_BLOCK = 1 << 16


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
    empty : list of str
        Names of class folders without an image, sorted.
    """

    classes: list[str]
    paths: ImagePaths
    codes: NDArray[np.signedinteger]
    empty: list[str]


def scan_class_folders(
    root: str,
    classes: Collection[str] | None,
    extensions: Iterable[str],
    *,
    allow_empty: bool = False,
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
    allow_empty : bool, default=False
        Whether class folders without an image are passed over.

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
    block, lengths, codes = _list_images(os.fsencode(root), folders, endings)
    names, empty, codes = drop_empty_folders(
        root, folders, codes, extensions, allow_empty=allow_empty
    )
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    order = order_paths(block, starts, lengths, codes)
    paths = ImagePaths(block, starts[order], lengths[order], root=root)
    return ScannedFolder(names, paths, codes, empty)


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
        entry.name for entry in visible if is_folder(entry) and find_place(entry, (home,))
    )
    has_images = any(entry.name.lower().endswith(endings) for entry in visible)
    return choose_class_folders(root, folders, classes, has_images=has_images)


def _list_images(
    root: bytes, folders: list[bytes], endings: tuple[bytes, ...]
) -> tuple[bytes, NDArray[np.int32], NDArray[np.signedinteger]]:
    """List the images below class folders: packed paths class by class, lengths and classes."""
    dtype = choose_code_dtype(len(folders))
    blocks: list[bytes] = []
    lengths, codes = [np.empty(0, np.int32)], [np.empty(0, dtype)]
    for paths, classes in _gather_paths(root, folders, dtype):
        packed, kept_lengths, is_kept = keep_images(paths, endings)
        blocks.append(packed)
        lengths.append(kept_lengths)
        codes.append(classes[is_kept])
    return b"".join([*blocks, PADDING]), np.concatenate(lengths), np.concatenate(codes)


def _gather_paths(
    root: bytes, folders: list[bytes], dtype: type[np.signedinteger]
) -> Iterator[tuple[bytes, NDArray[np.signedinteger]]]:
    """Yield the paths of all files below class folders in blocks, and the class of each path."""
    pieces: list[bytes] = []
    classes: list[int] = []
    counts: list[int] = []
    n_gathered = 0
    for number, folder in enumerate(folders):
        for n_paths, piece in walk_folder(root, folder):
            pieces.append(piece)
            classes.append(number)
            counts.append(n_paths)
            n_gathered += n_paths
            if n_gathered >= _BLOCK:
                yield b"".join(pieces), np.repeat(np.array(classes, dtype), counts)
                pieces, classes, counts, n_gathered = [], [], [], 0
    if pieces:
        yield b"".join(pieces), np.repeat(np.array(classes, dtype), counts)
