"""One folder in, the paths of all files below it out, in pieces of bytes. No name is judged."""

import os
from collections.abc import Iterator

from sklmerge.images._packed import SEPARATOR

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
