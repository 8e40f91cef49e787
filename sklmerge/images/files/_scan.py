"""Class folders in, sorted paths and class codes out. One walk, and no file is opened."""

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._did_you_mean import suggest_names
from sklmerge.images.codec import IMAGE_EXTENSIONS
from sklmerge.images.files._class_folders import (
    choose_class_folders,
    choose_leaves,
    drop_empty_folders,
)
from sklmerge.images.files._names import PACKED_NAME, is_hidden
from sklmerge.images.files._packed import PADDING, SEPARATOR, keep_images
from sklmerge.images.files._paths import ImagePaths
from sklmerge.images.files._sorting import sort_paths

# Names joined so many at a time are forgotten while they are still in the processor's cache.
_CHUNK = 8192


def walk_folder(root: bytes, folder: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield each folder with its number of files and their paths, with a 0 byte after each."""
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
                    # Hidden folders are passed over. Links are followed, except those to a folder
                    # that they lie in.
                    inner = find_place(entry, places)
                    if inner is not None and not is_hidden(entry.name):
                        waiting.append((prefix + entry.name, (*places, inner)))
                    continue
                names.append(entry.name)
                if len(names) == _CHUNK:
                    yield folder, _CHUNK, prefix + between.join(names) + SEPARATOR
                    names.clear()
        if names:
            yield folder, len(names), prefix + between.join(names) + SEPARATOR


def is_folder(entry: os.DirEntry[bytes]) -> bool:
    """Return whether an entry is a folder; False for links that loop or cannot be followed."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def find_place(entry: os.DirEntry[bytes], places: tuple[bytes, ...]) -> bytes | None:
    """Return the real path of a folder, or None for a link to a parent folder, which loops."""
    # `places` are the real places of the folders above, the nearest last.
    if not entry.is_symlink():
        return os.path.join(places[-1], entry.name)
    target = os.path.realpath(entry.path)
    inside = os.path.join(target, b"")
    loops = any(place == target or place.startswith(inside) for place in places)
    return None if loops else target


LEVELS = ("top", "leaf")

# Paths that are judged at once: few enough that what is left out of a folder takes no room.
_BLOCK = 1 << 16


class ScannedFolder(NamedTuple):
    """The images and classes that were found in class folders."""

    # Names of the class folders, sorted.
    classes: list[str]
    # Sorted bytewise, class by class.
    paths: ImagePaths
    # Position of each image's class in `classes`, shape (n,).
    codes: NDArray[np.signedinteger]
    # Names of class folders without an image, sorted.
    empty: list[str]
    # Extension -> how many files were seen and not taken.
    passed_over: Counter[str]


class Wanted(NamedTuple):
    """Which files of a folder, store or archive to use, and what their classes are."""

    # The class folders to take; None takes all.
    classes: Collection[str] | None = None
    # Endings of images' names, with the dot; upper and lower case alike.
    extensions: tuple[str, ...] = IMAGE_EXTENSIONS
    # Leaves out the paths, relative to the root, in which it is found.
    exclude: re.Pattern[str] | None = None
    # "top": classes are the folders directly in the root; "leaf": all that hold images themselves.
    levels: str = "top"
    # Whether class folders without an image are passed over.
    allow_empty: bool = False

    @property
    def endings(self) -> tuple[bytes, ...]:
        """The extensions as bytes, in lower case."""
        return tuple(os.fsencode(extension.lower()) for extension in self.extensions)

    @property
    def top_classes(self) -> Collection[str] | None:
        """The top-level folders to search; None means all."""
        return self.classes if self.levels == "top" else None


def scan_class_folders(root: str, wanted: Wanted) -> ScannedFolder:
    """List the images in the class folders of `root` and in their subfolders."""
    folders, passed_over = _find_class_folders(root, wanted)
    gathered = _gather_paths(os.fsencode(root), folders, wanted.levels)
    return arrange_paths(root, folders, gathered, wanted, passed_over)


def arrange_paths(
    root: str,
    folders: list[bytes],
    blocks: Iterable[tuple[bytes, NDArray[np.signedinteger], dict[bytes, int]]],
    wanted: Wanted,
    passed_over: Counter[str],
) -> ScannedFolder:
    """Select the images among the files, and sort their paths bytewise within each class."""
    block, lengths, numbers, known = _pack_images(blocks, wanted, passed_over)
    known = known or folders
    if wanted.levels == "leaf":
        known, numbers = choose_leaves(root, known, numbers, wanted.classes)
    # Each step lets go of what the one before it needed: of many million files, the most memory
    # that any of them takes is what limits.
    numbers = numbers.astype(choose_code_dtype(len(known)), copy=False)
    starts = np.cumsum(lengths, dtype=np.int64)
    starts -= lengths
    if wanted.levels == "leaf":
        # Those of folders that are not wanted come first.
        by_class = np.argsort(numbers, kind="stable")[np.count_nonzero(numbers < 0) :]
        numbers = numbers[by_class]
        lengths = lengths[by_class]
        starts = starts[by_class]
        del by_class
    names, empty, codes = drop_empty_folders(
        root, known, numbers, wanted.extensions, allow_empty=wanted.allow_empty
    )
    sort_paths(block, starts, lengths, codes)
    paths = ImagePaths(block, starts, lengths, root=root)
    return ScannedFolder(names, paths, codes, empty, passed_over)


def _pack_images(
    blocks: Iterable[tuple[bytes, NDArray[np.signedinteger], dict[bytes, int]]],
    wanted: Wanted,
    passed_over: Counter[str],
) -> tuple[bytearray, NDArray[np.int32], NDArray[np.int32], list[bytes]]:
    """Pack the paths of images; give their lengths, the numbers of their folders, and these."""
    # Arrays of bytes grow where they are. To join a list of pieces takes their memory twice.
    packed, lengths, numbers = bytearray(), bytearray(), bytearray()
    known: Collection[bytes] = ()
    # A block is paths with a 0 after each, with the number of each path's folder and the folders
    # numbered so far.
    for block, of_block, so_far in blocks:
        known = so_far
        kept, kept_lengths, is_kept, others = keep_images(block, wanted.endings, wanted.exclude)
        packed += kept
        lengths += kept_lengths.tobytes()
        numbers += of_block[is_kept].astype(np.int32).tobytes()
        passed_over += others
    packed += PADDING
    return (
        packed,
        np.frombuffer(lengths, np.int32),
        np.frombuffer(numbers, np.int32),
        list(known),
    )


def check_extensions(extensions: Any) -> tuple[str, ...]:
    """Check that extensions begin with a dot; None means all image extensions."""
    if extensions is None:
        return IMAGE_EXTENSIONS
    endings = tuple(extensions) if isinstance(extensions, Collection) else ()
    endings = () if isinstance(extensions, str) else endings
    if not endings or not all(isinstance(e, str) and e.startswith(".") for e in endings):
        raise ValueError(f"extensions must be endings such as ('.jpg', '.png'), got {extensions!r}")
    return endings


def check_exclude(exclude: str | re.Pattern[str] | None) -> re.Pattern[str] | None:
    """Check and compile the pattern of the paths to leave out."""
    if exclude is None or isinstance(exclude, re.Pattern):
        return exclude
    try:
        return re.compile(exclude)
    except (re.error, TypeError) as error:
        raise ValueError(
            "exclude must be a regular expression of paths, such as '_mask', "
            f"got {exclude!r} ({error})"
        ) from error


def choose_code_dtype(n_classes: int) -> type[np.signedinteger]:
    """Choose the dtype for class codes: two bytes each if this is enough."""
    return np.int16 if n_classes < 2**15 else np.int32


def suggest_place(path: str) -> str:
    """Guess which existing name was meant by a mistyped path, for an error message."""
    try:
        names = os.listdir(os.path.dirname(path) or ".")
    except OSError:
        return ""
    return suggest_names([os.path.basename(path)], names)


def _find_class_folders(root: str, wanted: Wanted) -> tuple[list[bytes], Counter[str]]:
    if not os.path.isdir(root):
        raise ValueError(
            f"source must be an existing folder, table or archive, got {root!r}"
            f"{suggest_place(root)}"
        )
    home = os.path.realpath(os.fsencode(root))
    with os.scandir(os.fsencode(root)) as entries:
        visible = [entry for entry in entries if not is_hidden(entry.name)]
    folders = sorted(
        entry.name for entry in visible if is_folder(entry) and find_place(entry, (home,))
    )
    beside = [entry.name for entry in visible if not is_folder(entry)]
    loose = count_loose(beside, wanted.endings)
    chosen = choose_class_folders(
        root,
        folders,
        wanted.top_classes,
        exclude=wanted.exclude,
        has_images=bool(loose),
        list_inside=lambda folder: list_folders(os.path.join(root, folder)),
        advise=lambda: _advise_on_packed(root, beside),
    )
    return chosen, loose


def _advise_on_packed(root: str, names: Iterable[bytes]) -> str:
    """Say how archives are read that a folder holds, if there are any."""
    packed = sorted(os.path.join(root, name) for name in find_packed(names))
    shown = ", ".join(map(repr, packed[:2])) + (", ..." if len(packed) > 2 else "")
    return f"; it holds archives: pass ImageIndex([{shown}])" if packed else ""


def find_packed(names: Iterable[bytes]) -> list[str]:
    """Find the archives among the names of files."""
    texts = map(os.fsdecode, names)
    return [name for name in texts if PACKED_NAME.search(name.lower())]


def list_folders(folder: str) -> list[str]:
    """List the folders directly in a folder, except hidden ones."""
    with os.scandir(folder) as entries:
        return [e.name for e in entries if e.is_dir() and not is_hidden(e.name)]


def count_loose(names: Iterable[bytes], endings: tuple[bytes, ...]) -> Counter[str]:
    """Count the images directly in the root by extension; they have no class."""
    return count_extensions(name for name in names if name.lower().endswith(endings))


def count_extensions(names: Iterable[bytes]) -> Counter[str]:
    """Count files by extension in lower case."""
    return Counter(os.path.splitext(os.fsdecode(name).lower())[1] for name in names)


def _gather_paths(
    root: bytes, folders: list[bytes], levels: str
) -> Iterator[tuple[bytes, NDArray[np.signedinteger], dict[bytes, int]]]:
    """Yield the paths of all files below class folders in blocks, and the class of each path."""
    numbers = _number_folders(folders, levels)
    dtype = choose_code_dtype(len(numbers)) if levels == "top" else np.int32
    pieces: list[bytes] = []
    classes: list[int] = []
    counts: list[int] = []
    n_gathered = 0
    for top in folders:
        for folder, n_paths, piece in walk_folder(root, top):
            pieces.append(piece)
            name = top if levels == "top" else folder
            classes.append(numbers.setdefault(name, len(numbers)))
            counts.append(n_paths)
            n_gathered += n_paths
            if n_gathered >= _BLOCK:
                yield b"".join(pieces), np.repeat(np.array(classes, dtype), counts), numbers
                pieces, classes, counts, n_gathered = [], [], [], 0
    if pieces:
        yield b"".join(pieces), np.repeat(np.array(classes, dtype), counts), numbers


def block_names(
    listings: Iterable[list[bytes]],
    folders: list[bytes],
    levels: str,
    place_in_root: Callable[[bytes], bytes] = bytes,
) -> Iterator[tuple[bytes, NDArray[np.signedinteger], dict[bytes, int]]]:
    """Convert lists of paths, one list per class folder, to the blocks for `arrange_paths`."""
    numbers = _number_folders(folders, levels)
    for top, names in zip(folders, listings, strict=True):
        for start in range(0, len(names), _BLOCK):
            some = names[start : start + _BLOCK]
            if levels == "top":
                codes = np.full(len(some), numbers[top])
            else:
                # What stands before the folders of a path, such as an archive's name, is cut off.
                homes = [place_in_root(name).rpartition(b"/")[0] for name in some]
                codes = np.array([numbers.setdefault(home, len(numbers)) for home in homes])
            yield SEPARATOR.join(some) + SEPARATOR, codes, numbers


def _number_folders(folders: Iterable[bytes], levels: str) -> dict[bytes, int]:
    """Give class folders numbers; leaves get theirs in the order in which they are met."""
    return {folder: number for number, folder in enumerate(folders)} if levels == "top" else {}
