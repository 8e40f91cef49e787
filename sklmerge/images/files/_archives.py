"""Images inside tar and zip archives, read by their offsets. Any number of threads may read."""

import os
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from io import FileIO
from mmap import ACCESS_READ, mmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_texts
from sklmerge.images.files._class_folders import choose_class_folders
from sklmerge.images.files._packed import SEPARATOR
from sklmerge.images.files._scan import ScannedFolder, Wanted, arrange_paths, count_loose

SCHEME = "archive://"
_BLOCK = 512
_STORED, _DEFLATED = 0, 8
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


class Member(NamedTuple):
    """Where the content of a file lies in an archive."""

    name: bytes
    offset: int
    size: int
    packed_size: int
    method: int = _STORED


class Archive:
    """The files of one archive and where they lie; 32 bytes a file, so a million take 32 MB.

    Parameters
    ----------
    path : str
        The archive, absolute.
    members : iterable of Member
        Its files.

    Notes
    -----
    A file is looked up by the 64-bit hash of its name. Nothing is kept open: every call opens the
    archive for itself, so threads, forks and pickles have nothing to share.
    """

    def __init__(self, path: str, members: Sequence[Member]) -> None:
        self.path = path
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
        """What the paths of its files begin with."""
        return SCHEME + self.path

    def _find(self, name: str) -> NDArray[np.int64] | None:
        (key,) = hash_texts([os.fsencode(name)])
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        if place == len(self) or self._keys[place] != key:
            return None
        found: NDArray[np.int64] = self._places[place]
        return found

    def read(self, names: Sequence[str]) -> list[bytes | ValueError]:
        """Read files; the error of one that is not there, or is damaged."""
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
        if method not in (_STORED, _DEFLATED):
            return ValueError(f"compressed by method {method}, which is not read")
        if offset < 0:
            offset = _skip_local_header(file, -offset - 1)
        file.seek(offset)
        data = _read_whole(file, packed_size)
        if method == _DEFLATED:
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
    """Say whether a file is a tar or a zip archive, or a compressed tar, by its content or name."""
    if re.search(r"\.(tar(\.\w+)?|tgz|tbz2|txz|zip)$", path.lower()):
        return True
    with open(path, "rb") as file:
        head = file.read(_BLOCK)
    return head[:4] == b"PK\3\4" or head[257:262] == b"ustar"


def open_archive(path: str | os.PathLike[str]) -> Archive:
    """List the files of an archive."""
    place = os.path.abspath(path)
    return Archive(place, list(list_members(place)))


def list_members(path: str) -> Iterator[Member]:
    """List the files of a tar or zip archive, without those that are hidden.

    Raises
    ------
    ValueError
        It is no archive, is damaged, or is compressed as a whole.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(2)
            if not head:
                raise ValueError(f"source must be a tar or zip archive, got the empty {path!r}")
            if head in _COMPRESSED:
                raise ValueError(
                    f"source must be an archive whose files can be read one by one, got {path!r}, "
                    f"which is compressed by {_COMPRESSED[head]} as a whole; unpack it to .tar"
                )
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                yield from _list_zip(data, path) if head == b"PK" else _list_tar(data, path)
    except OSError as error:
        raise ValueError(f"source {path!r} could not be read ({error})") from error


def _list_tar(data: mmap, path: str) -> Iterator[Member]:
    place = 0
    own_name: bytes | None = None
    own_size: int | None = None
    while place + _BLOCK <= len(data):
        header = data[place : place + _BLOCK]
        if header.count(0) == _BLOCK:
            return
        name, kind = header[:100].split(b"\0", 1)[0], header[156:157]
        if not _sums_up(header):
            raise ValueError(f"source {path!r} is no tar archive, or damaged at byte {place}")
        if header[257:263] == b"ustar\0" and header[345]:
            name = header[345:500].split(b"\0", 1)[0] + b"/" + name
        size = _read_number(header[124:136]) if own_size is None else own_size
        start = place + _BLOCK
        place = start + -(-size // _BLOCK) * _BLOCK
        if kind == b"L":
            own_name = data[start : start + size].split(b"\0", 1)[0]
        elif kind == b"x":
            records = _read_pax(data[start : start + size])
            own_name = records.get(b"path", own_name)
            own_size = int(records[b"size"]) if b"size" in records else None
        elif kind not in b"gK":
            if kind in b"0\0":
                if start + size > len(data):
                    raise ValueError(f"source {path!r} is cut off in {os.fsdecode(name)!r}")
                yield Member((own_name or name).removeprefix(b"./"), start, size, size)
            own_name = own_size = None
    if place > len(data):
        raise ValueError(f"source {path!r} is cut off")


def _sums_up(header: bytes) -> bool:
    try:
        claimed = _read_number(header[148:156])
    except ValueError:
        return False
    return claimed == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _read_number(field: bytes) -> int:
    """Read a number as tar writes it: octal, or binary where it is too large for that."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.strip(b"\0 ") or b"0", 8)


def _read_pax(data: bytes) -> dict[bytes, bytes]:
    records = {}
    while data[:1].isdigit():
        length = int(data[: data.index(b" ")])
        key, _, value = data[data.index(b" ") + 1 : length - 1].partition(b"=")
        records[key] = value
        data = data[length:]
    return records


_DIRECTORY_END = struct.Struct("<4s4H2LH")
_DIRECTORY_ENTRY = struct.Struct("<4s6H3L5H2L")
_WIDE_END = struct.Struct("<4sQ2H2L4Q")


def _list_zip(data: mmap, path: str) -> Iterator[Member]:
    end = data.rfind(b"PK\5\6", max(0, len(data) - 2**16 - _DIRECTORY_END.size))
    if end < 0:
        raise ValueError(f"source {path!r} is no zip archive, or cut off")
    _, _, _, _, n_entries, _, place, _ = _DIRECTORY_END.unpack_from(data, end)
    if place == 2**32 - 1 or n_entries == 2**16 - 1:
        wide = data.rfind(b"PK\6\6", 0, end)
        if wide >= 0:
            *_, n_entries, _, place = _WIDE_END.unpack_from(data, wide)
    for _ in range(n_entries):
        (mark, _, _, flags, method, _, _, _, packed, size, n_name, n_extra, n_note, _, _, _, at) = (
            _DIRECTORY_ENTRY.unpack_from(data, place)
        )
        if mark != b"PK\1\2":
            raise ValueError(f"source {path!r} is a damaged zip archive")
        start = place + _DIRECTORY_ENTRY.size
        name = data[start : start + n_name]
        extra = data[start + n_name : start + n_name + n_extra]
        place = start + n_name + n_extra + n_note
        if not flags & 0x800:
            name = name.decode("cp437").encode()
        if 2**32 - 1 in (packed, size, at):
            size, packed, at = _widen(extra, size, packed, at)
        if not name.endswith(b"/"):
            # Encrypted files have no method that is read. The header before the content has a
            # length of its own, which is looked up when the file is read.
            yield Member(name, -at - 1, size, packed, -1 if flags & 1 else method)


def _widen(extra: bytes, *numbers: int) -> list[int]:
    """Take numbers that need eight bytes from the field that holds them."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra, 4))
            return [next(wide) if number == 2**32 - 1 else number for number in numbers]
        extra = extra[4 + length :]
    return list(numbers)


def _skip_local_header(file: FileIO, place: int) -> int:
    file.seek(place + 26)
    n_name, n_extra = struct.unpack("<2H", _read_whole(file, 4))
    return place + 30 + int(n_name) + int(n_extra)


def scan_archives(paths: Sequence[str], wanted: Wanted) -> tuple[ScannedFolder, dict[str, Archive]]:
    """List the images in the class folders of archives, which are read as one folder.

    A folder that holds all others of an archive, as most archives have one, is not taken for a
    class.

    Raises
    ------
    ValueError
        There is no archive, one cannot be read, or they hold no class folders.
    """
    if not paths:
        raise ValueError("source must be a list of at least one archive, got none")
    places = [os.path.abspath(path) for path in paths]
    common = os.path.dirname(places[0]) if len(places) == 1 else os.path.commonpath(places)
    root = SCHEME + common
    archives: dict[str, Archive] = {}
    by_folder: dict[bytes, list[bytes]] = {}
    loose: Counter[str] = Counter()
    prefixes: dict[bytes, bytes] = {}
    for place in places:
        members = list(list_members(place))
        archives[place] = Archive(place, members)
        inner = _find_inner_root([member.name for member in members])
        prefix = os.fsencode(os.path.relpath(place, common)).replace(os.sep.encode(), b"/")
        prefixes[prefix + b"/" + inner] = prefix
        names = [m.name.removeprefix(inner) for m in members]
        loose += count_loose((n for n in names if b"/" not in n), wanted.endings)
        for name in names:
            top = name.split(b"/", 1)[0]
            if b"/" in name and not top.startswith(b"."):
                by_folder.setdefault(top, []).append(prefix + b"/" + inner + name)
    shown = ", ".join(places[:2]) + (", ..." if len(places) > 2 else "")
    folders = choose_class_folders(
        shown,
        sorted(by_folder),
        wanted.top_classes,
        has_images=bool(loose),
        list_inside=lambda folder: _list_inside(by_folder, os.fsencode(folder)),
    )
    blocks = _block_members(by_folder, folders, list(prefixes), wanted.levels)
    return arrange_paths(root, folders, blocks, wanted, loose), archives


def _list_inside(by_folder: dict[bytes, list[bytes]], folder: bytes) -> set[str]:
    inside = (name.partition(b"/" + folder + b"/")[2] for name in by_folder[folder])
    return {os.fsdecode(name.partition(b"/")[0]) for name in inside if b"/" in name}


def _find_inner_root(names: Sequence[bytes]) -> bytes:
    """Find the folder of an archive that holds its class folders, such as ``photos/``."""
    inner = b""
    while True:
        tops = {name.removeprefix(inner).split(b"/", 1)[0] for name in names}
        visible = [top for top in tops if not top.startswith((b".", b"__MACOSX"))]
        inside = b"".join([inner, *visible, b"/"])
        # A folder of files alone is a class, not the root of classes.
        inner_names = (n.removeprefix(inside) for n in names if n.startswith(inside))
        if len(visible) != 1 or not any(b"/" in name for name in inner_names):
            return inner
        inner, names = inside, [name for name in names if name.startswith(inside)]


def _block_members(
    by_folder: dict[bytes, list[bytes]],
    folders: list[bytes],
    prefixes: Sequence[bytes],
    levels: str,
) -> Iterator[tuple[bytes, NDArray[np.signedinteger], list[bytes]]]:
    """Give the members of each class folder as `arrange_paths` takes them."""
    known = list(folders) if levels == "top" else []
    numbers = {folder: number for number, folder in enumerate(known)}
    for folder in folders:
        names = by_folder.get(folder, [])
        if not names:
            continue
        if levels == "top":
            codes = np.full(len(names), numbers[folder])
        else:
            homes = [_cut_prefix(name, prefixes).rpartition(b"/")[0] for name in names]
            for home in dict.fromkeys(homes):
                if home not in numbers:
                    numbers[home] = len(known)
                    known.append(home)
            codes = np.array([numbers[home] for home in homes])
        yield SEPARATOR.join(names) + SEPARATOR, codes, known


def _cut_prefix(name: bytes, prefixes: Sequence[bytes]) -> bytes:
    return next(name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix))
