"""Images inside tar and zip archives, read by their offsets. Any number of threads may read."""

import os
import zlib
from collections import Counter
from collections.abc import Sequence
from io import FileIO

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_texts
from sklmerge.images.files._class_folders import choose_class_folders
from sklmerge.images.files._names import PACKED_NAME, is_hidden
from sklmerge.images.files._scan import (
    ScannedFolder,
    Wanted,
    arrange_paths,
    block_names,
    count_extensions,
    count_loose,
    find_packed,
)
from sklmerge.images.files._tar_and_zip import (
    BLOCK_SIZE,
    DEFLATED,
    LOCAL_SIZE,
    STORED,
    Member,
    list_members,
    measure_local,
)

SCHEME = "archive://"


class Archive:
    """The positions of the files in an archive; 40 bytes per file, so 40 MB for a million."""

    def __init__(self, path: str, members: Sequence[Member]) -> None:
        # Nothing is kept open: every call opens the archive for itself, so threads, forks and
        # pickles have nothing to share.
        self.path = path
        # A file is looked up by the 64-bit hash of its name.
        keys = np.array(hash_texts(member.name for member in members), np.uint64)
        order = np.argsort(keys, kind="stable")
        # Of files of one name the last is the one that unpacking would leave.
        last = np.append(np.diff(keys[order]) != 0, True)[: len(order)]
        order = order[last]
        self._keys = keys[order]
        rows = [(m.offset, m.size, m.packed_size, m.method) for m in members]
        self._places = np.array(rows, np.int64).reshape(-1, 4)[order]

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Archive({self.path!r}: {len(self)} files)"

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    @property
    def url(self) -> str:
        """The prefix of the paths of all files in this archive."""
        return SCHEME + self.path

    def _find(self, name: str) -> NDArray[np.int64] | None:
        (key,) = hash_texts([os.fsencode(name)])
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        if place == len(self) or self._keys[place] != key:
            return None
        found: NDArray[np.int64] = self._places[place]
        return found

    def read(self, names: Sequence[str]) -> list[bytes | ValueError]:
        """Read files; return a ValueError for each file that is missing or damaged."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                return [self._read_one(file, name) for name in names]
        except OSError as error:
            return [ValueError((error.strerror or str(error)).lower()) for _ in names]

    def _read_one(self, file: FileIO, name: str) -> bytes | ValueError:
        place = self._find(name)
        if place is None:
            return ValueError("no such file in the archive")
        offset, size, packed_size, method = place.tolist()
        if method not in (STORED, DEFLATED):
            return ValueError(f"compressed by method {method}, which is not read")
        if offset < 0:
            file.seek(-offset - 1)
            header = _read_whole(file, LOCAL_SIZE)
            if len(header) < LOCAL_SIZE:
                return ValueError("cut off in the archive")
            offset = -offset - 1 + measure_local(header)
        file.seek(offset)
        data = _read_whole(file, packed_size)
        if method == DEFLATED:
            try:
                data = zlib.decompress(data, -zlib.MAX_WBITS)
            except zlib.error as error:
                return ValueError(f"damaged in the archive ({error})")
        return data if len(data) == size else ValueError("cut off in the archive")


def _read_whole(file: FileIO, size: int) -> bytes:
    """Read so many bytes, however many one call gives."""
    pieces = []
    while size > 0 and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def is_archive(path: str) -> bool:
    """Return whether a file is a (compressed) tar or zip archive, by its content or name."""
    if PACKED_NAME.search(path.lower()):
        return True
    with open(path, "rb") as file:
        head = file.read(BLOCK_SIZE)
    return head[:4] == b"PK\3\4" or head[257:262] == b"ustar"


def open_archive(path: str | os.PathLike[str]) -> Archive:
    """List the files of an archive."""
    place = os.path.abspath(path)
    return Archive(place, list_members(place)[0])


def scan_archives(paths: Sequence[str], wanted: Wanted) -> tuple[ScannedFolder, dict[str, Archive]]:
    """List the images in the class folders of archives, as if all were unpacked in one folder."""
    if not paths:
        raise ValueError("source must be a list of at least one archive, got none")
    places = [os.path.abspath(path) for path in paths]
    common = os.path.dirname(places[0]) if len(places) == 1 else os.path.commonpath(places)
    root = SCHEME + common
    archives: dict[str, Archive] = {}
    by_folder: dict[bytes, list[bytes]] = {}
    loose: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    prefixes: dict[bytes, bytes] = {}
    packed: list[str] = []
    for place in places:
        members, lost = list_members(place)
        archives[place] = Archive(place, members)
        # The folder that holds all others of an archive, as most archives have one, is no class.
        inner = _find_inner_root([member.name for member in members])
        prefix = os.fsencode(os.path.relpath(place, common)).replace(os.sep.encode(), b"/")
        prefixes[prefix + b"/" + inner] = prefix
        names = [m.name.removeprefix(inner) for m in members]
        beside = [n for n in names if b"/" not in n and not is_hidden(n)]
        packed += find_packed(beside)
        loose += count_loose(beside, wanted.endings)
        broken += count_extensions(name for name in lost if not is_hidden(name))
        for name in names:
            top = name.split(b"/", 1)[0]
            if b"/" in name and not is_hidden(top):
                by_folder.setdefault(top, []).append(prefix + b"/" + inner + name)
    shown = ", ".join(places[:2]) + (", ..." if len(places) > 2 else "")
    folders = choose_class_folders(
        shown,
        sorted(by_folder),
        wanted.top_classes,
        exclude=wanted.exclude,
        has_images=bool(loose),
        list_inside=lambda folder: _list_inside(by_folder, os.fsencode(folder)),
        advise=lambda: _advise_on_nested(sorted(packed)),
    )
    starts = list(prefixes)
    listings = (by_folder.get(folder, []) for folder in folders)
    blocks = block_names(listings, folders, wanted.levels, lambda name: _cut_prefix(name, starts))
    return arrange_paths(root, folders, blocks, wanted, loose + broken), archives


def _advise_on_nested(packed: Sequence[str]) -> str:
    """Say how archives within an archive can be read, if there are any."""
    if not packed:
        return ""
    shown = ", ".join(map(repr, packed[:2])) + (", ..." if len(packed) > 2 else "")
    return f"; it holds archives, which must be unpacked from it: then pass ImageIndex([{shown}])"


def _list_inside(by_folder: dict[bytes, list[bytes]], folder: bytes) -> set[str]:
    inside = (name.partition(b"/" + folder + b"/")[2] for name in by_folder[folder])
    return {os.fsdecode(name.partition(b"/")[0]) for name in inside if b"/" in name}


def _find_inner_root(names: Sequence[bytes]) -> bytes:
    """Find the folder of an archive that holds its class folders, such as ``photos/``."""
    inner = b""
    while True:
        tops = {name.removeprefix(inner).split(b"/", 1)[0] for name in names}
        visible = [top for top in tops if not is_hidden(top)]
        inside = b"".join([inner, *visible, b"/"])
        # A folder of files alone is a class, not the root of classes.
        inner_names = (n.removeprefix(inside) for n in names if n.startswith(inside))
        if len(visible) != 1 or not any(b"/" in name for name in inner_names):
            return inner
        inner, names = inside, [name for name in names if name.startswith(inside)]


def _cut_prefix(name: bytes, prefixes: Sequence[bytes]) -> bytes:
    return next(name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix))
