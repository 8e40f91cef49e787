"""Headers of tar and zip archives in, the places of their files out. No content is unpacked."""

import os
import posixpath
import stat
import struct
import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from typing import NamedTuple

from sklmerge.images.files._bad_files import BadFileError

BLOCK_SIZE = 512
STORED, DEFLATED = 0, 8
# Bytes of a zip's local header before the name.
LOCAL_SIZE = 30
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}
_MOST_LINKS = 40


class Member(NamedTuple):
    """Where the content of a file is in an archive."""

    name: bytes
    # Negative for a zip: -1 less the offset of its local header, which tells where the content is.
    offset: int
    size: int
    packed_size: int
    method: int = STORED


class _Link(NamedTuple):
    """A name that stands for another file of the archive."""

    name: bytes
    target: bytes
    is_symbolic: bool


def list_members(path: str) -> tuple[list[Member], list[bytes]]:
    """List the files of a tar or zip archive, and its broken links."""
    try:
        with open(path, "rb") as file:
            head = file.read(2)
            if not head:
                raise BadFileError(f"source must be a tar or zip archive, got the empty {path!r}")
            if head in _COMPRESSED:
                raise BadFileError(
                    f"source must be an archive whose files can be read one by one, got {path!r}, "
                    f"which is compressed by {_COMPRESSED[head]} as a whole; unpack it to .tar"
                )
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                entries = _list_zip(data, path) if head == b"PK" else _list_tar(data, path)
                # A link stands for the file that it leads to; the last entry of a name counts.
                return _follow_links(entries)
    except OSError as error:
        raise BadFileError(f"source {path!r} could not be read ({error})") from error


def _follow_links(entries: Iterator[Member | _Link]) -> tuple[list[Member], list[bytes]]:
    """Replace links by the files that they lead to."""
    files: dict[bytes, Member] = {}
    links: dict[bytes, bytes] = {}
    lost: dict[bytes, None] = {}
    for entry in entries:
        for known in (files, links, lost):
            known.pop(entry.name, None)
        if isinstance(entry, Member):
            files[entry.name] = entry
        elif entry.is_symbolic:
            folder = posixpath.dirname(entry.name)
            links[entry.name] = posixpath.normpath(posixpath.join(folder, entry.target))
        # A hard link is to the content that the name has when the link is made.
        elif entry.target in files:
            files[entry.name] = files[entry.target]._replace(name=entry.name)
        elif entry.target in links:
            links[entry.name] = links[entry.target]
        else:
            lost[entry.name] = None
    found = dict(files)
    for name in links:
        target = name
        for _ in range(_MOST_LINKS):
            target = links.get(target, target)
        if target in files:
            found[name] = files[target]._replace(name=name)
        else:
            lost[name] = None
    return list(found.values()), list(lost)


def _list_tar(data: mmap, path: str) -> Iterator[Member | _Link]:
    place = 0
    # What headers before a file's own say of it, each the last word on it.
    told: dict[bytes, bytes] = {}
    while place + BLOCK_SIZE <= len(data):
        header = data[place : place + BLOCK_SIZE]
        if header.count(0) == BLOCK_SIZE:
            return
        name, kind = header[:100].split(b"\0", 1)[0], header[156:157]
        if not _sums_up(header):
            raise BadFileError(f"source {path!r} is no tar archive, or damaged at byte {place}")
        if header[257:263] == b"ustar\0" and header[345]:
            name = header[345:500].split(b"\0", 1)[0] + b"/" + name
        start = place + BLOCK_SIZE
        try:
            size = _read_size(header, told)
            place = start + -(-size // BLOCK_SIZE) * BLOCK_SIZE
            if kind in b"LK":
                text = data[start : start + size].split(b"\0", 1)[0]
                told[b"path" if kind == b"L" else b"linkpath"] = text
            elif kind == b"x":
                told |= _read_pax(data[start : start + size])
        except ValueError as error:
            raise BadFileError(f"source {path!r} is a damaged tar archive ({error})") from error
        if kind in b"LKxg":
            continue
        name = told.get(b"path", name)
        target = told.get(b"linkpath", header[157:257].split(b"\0", 1)[0])
        told = {}
        if kind in b"0\07" and not name.endswith(b"/"):
            if start + size > len(data):
                raise BadFileError(f"source {path!r} is cut off in {os.fsdecode(name)!r}")
            yield Member(_tidy(name), start, size, size)
        elif kind in b"12":
            is_symbolic = kind == b"2"
            yield _Link(_tidy(name), target if is_symbolic else _tidy(target), is_symbolic)
    if place > len(data):
        raise BadFileError(f"source {path!r} is cut off")


def _tidy(name: bytes) -> bytes:
    return name.partition(b"\0")[0].removeprefix(b"./")


def _sums_up(header: bytes) -> bool:
    try:
        claimed = _read_number(header[148:156])
    except ValueError:
        return False
    return claimed == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _read_size(header: bytes, told: dict[bytes, bytes]) -> int:
    """Read how many bytes follow a header: none that of a link, a folder or a device."""
    if header[156:157] in b"123456":
        return 0
    size = int(told[b"size"]) if b"size" in told else _read_number(header[124:136])
    if size < 0:
        raise ValueError(f"a file of {size} bytes")
    return size


def _read_number(field: bytes) -> int:
    """Read a number as tar writes it: octal, or binary where it is too large for that."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.strip(b"\0 ") or b"0", 8)


def _read_pax(data: bytes) -> dict[bytes, bytes]:
    records = {}
    while data.strip(b"\0"):
        digits, space, _ = data.partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        if not len(digits) + len(space) < length <= len(data):
            raise ValueError("a pax header of no known form")
        key, _, value = data[len(digits) + 1 : length - 1].partition(b"=")
        records[key] = value
        data = data[length:]
    return records


_DIRECTORY_END = struct.Struct("<4s4H2LH")
_DIRECTORY_ENTRY = struct.Struct("<4s6H3L5H2L")
_WIDE_END = struct.Struct("<4sQ2H2L4Q")


def _list_zip(data: mmap, path: str) -> Iterator[Member | _Link]:
    try:
        yield from _read_directory(data, path)
    except (struct.error, OverflowError, zlib.error) as error:
        raise BadFileError(f"source {path!r} is a damaged zip archive ({error})") from error


def _read_directory(data: mmap, path: str) -> Iterator[Member | _Link]:
    end = data.rfind(b"PK\5\6", max(0, len(data) - 2**16 - _DIRECTORY_END.size))
    if end < 0:
        raise BadFileError(f"source {path!r} is no zip archive, or cut off")
    _, _, _, _, n_entries, _, place, _ = _DIRECTORY_END.unpack_from(data, end)
    if place == 2**32 - 1 or n_entries == 2**16 - 1:
        wide = data.rfind(b"PK\6\6", 0, end)
        if wide >= 0:
            *_, n_entries, _, place = _WIDE_END.unpack_from(data, wide)
    for number in range(n_entries):
        (
            mark,
            _,
            _,
            flags,
            method,
            _,
            _,
            _,
            packed,
            size,
            n_name,
            n_extra,
            n_note,
            _,
            _,
            mode,
            at,
        ) = _DIRECTORY_ENTRY.unpack_from(data, place)
        start = place + _DIRECTORY_ENTRY.size
        name = data[start : start + n_name]
        extra = data[start + n_name : start + n_name + n_extra]
        place = start + n_name + n_extra + n_note
        if not flags & 0x800:
            name = name.decode("cp437").encode()
        name = _tidy(name)
        if 2**32 - 1 in (packed, size, at):
            size, packed, at = _widen(extra, size, packed, at)
        if mark != b"PK\1\2" or at + LOCAL_SIZE + packed > len(data) or size >= 2**63:
            raise BadFileError(f"source {path!r} is a damaged zip archive (entry {number})")
        if name.endswith(b"/"):
            continue
        # Encrypted files have no method that is read. The header before the content has a
        # length of its own, which is looked up when the file is read.
        member = Member(name, -at - 1, size, packed, -1 if flags & 1 else method)
        if stat.S_ISLNK(mode >> 16) and member.method in (STORED, DEFLATED):
            start = at + measure_local(data[at : at + LOCAL_SIZE])
            target = data[start : start + packed]
            if method == DEFLATED:
                target = zlib.decompress(target, -zlib.MAX_WBITS)
            yield _Link(name, target, is_symbolic=True)
        else:
            yield member


def measure_local(header: bytes) -> int:
    """Return the length of a zip file's local header, which has its own name and extra fields."""
    n_name, n_extra = struct.unpack_from("<2H", header, 26)
    return LOCAL_SIZE + int(n_name) + int(n_extra)


def _widen(extra: bytes, *numbers: int) -> list[int]:
    """Take numbers that need eight bytes from the field that holds them."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra, 4))
            return [next(wide, number) if number == 2**32 - 1 else number for number in numbers]
        extra = extra[4 + length :]
    return list(numbers)
