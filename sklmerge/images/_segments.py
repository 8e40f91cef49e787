"""The parts that JPEG, PNG and WebP files are chained of: their types and where they lie."""

import struct
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START_OF_SCAN = 0xDA


def walk_jpeg(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and stop of each segment of a JPEG, the first scan's header being last.

    Raises
    ------
    ValueError
        A segment does not begin with a marker.
    IndexError, struct.error
        The file ends before the first scan.
    """
    position = 2
    marker = 0
    while marker != JPEG_START_OF_SCAN:
        if data[position] != 0xFF:
            raise ValueError("corrupt JPEG: a segment does not begin with a marker")
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        (length,) = struct.unpack_from(">H", data, position + 1)
        yield marker, position + 3, position + 1 + length
        position += 1 + length


def walk_png(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and stop of each chunk of a PNG, up to its end chunk.

    Raises
    ------
    struct.error
        The file ends before the end chunk.
    """
    position = len(PNG_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, position + 8, position + 8 + length
        position += 12 + length


def walk_webp(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and stop of each chunk of a WebP, up to the end of the file."""
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind, position + 8, position + 8 + length
        # Chunks are padded to an even length.
        position += 8 + length + length % 2
