"""PNG: checked by its own checksums; 8 bits decoded by Pillow, 16 by OpenCV."""

import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from sklmerge.images.codec._arrays import (
    Opened,
    Pixels,
    Size,
    convert_channels,
    make_header,
    orient_image,
)
from sklmerge.images.codec._pillow import get_orientation, open_pillow
from sklmerge.images.codec._quiet import quiet_opencv, strict_pillow

Chunks = list[tuple[bytes, int, int]]
METADATA = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
HEAD = frozenset({b"IHDR", b"tRNS"})
# First row and column, and steps, of the passes of an interlaced PNG (PNG 1.2, section 2.6).
ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}


def open_png(data: bytes, name: str) -> Opened:
    """Read the header of a PNG, and check all checksums; Pillow ignores those of pixels."""
    chunks = check_chunks(data)
    orientation = 1
    if any(kind in METADATA for kind, _, _ in chunks):
        orientation = _read_orientation(data, chunks)
    shallow = open_pillow(data, name, orientation)
    if data[24] != 16:
        return shallow
    # Pillow gives 16 bits of colour as 8, without a word.
    color_type = data[25]
    has_alpha = color_type in (4, 6)
    if color_type == 2:
        has_alpha = any(kind == b"tRNS" for kind, _, _ in chunks)
    n_channels = 4 if has_alpha else 1 if color_type == 0 else 3
    size = int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big")
    header = make_header(name, size, n_channels, "uint16", orientation)

    def decode(channels: int, image_size: Size) -> Pixels:
        # OpenCV takes an animation for a picture, and libpng speaks of odd metadata on stderr, and
        # of damage: so it gets the pixels alone, inflated and checked.
        plain = pick_chunks(data, chunks, HEAD) + store_pixels(data, chunks, size)
        image = decode_opencv(plain, n_channels, "PNG")
        return convert_channels(orient_image(image, orientation), channels)

    return Opened(header, decode)


def check_chunks(data: bytes) -> Chunks:
    """List type, start and stop of each chunk up to the end; check the checksums."""
    if len(data) >= 16 and data[12:16] != b"IHDR":
        raise ValueError("corrupt PNG: it does not begin with its header chunk")
    chunks: Chunks = []
    position, kind = 8, b""
    view = memoryview(data)
    while kind != b"IEND":
        stop = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if stop + 4 > len(data):
            raise ValueError("truncated PNG")
        kind = data[position + 4 : position + 8]
        # The checksum covers the kind too.
        if zlib.crc32(view[position + 4 : stop]) != int.from_bytes(data[stop : stop + 4], "big"):
            raise ValueError(f"corrupt PNG: checksum of chunk {kind.decode('latin-1')!r}")
        chunks.append((kind, position + 8, stop))
        position = stop + 4
    return chunks


def pick_chunks(data: bytes, chunks: Chunks, kinds: frozenset[bytes]) -> bytes:
    """Make a PNG that contains only chunks of some types."""
    parts = [data[start - 8 : stop + 4] for kind, start, stop in chunks if kind in kinds]
    return b"".join([data[:8], *parts])


def store_pixels(data: bytes, chunks: Chunks, size: tuple[int, int]) -> bytes:
    """Inflate and check the pixels of a 16-bit PNG, and return chunks with them uncompressed."""
    inflated = zlib.decompressobj()
    packed = b"".join([data[start:stop] for kind, start, stop in chunks if kind == b"IDAT"])
    passes = ADAM7 if data[28] else ((0, 0, 1, 1),)
    shapes = [
        (-(-(size[0] - top) // down), 1 + -(-(size[1] - left) // across) * 2 * SAMPLES[data[25]])
        for top, left, down, across in passes
        if size[0] > top and size[1] > left
    ]
    n_bytes = sum(rows * stride for rows, stride in shapes)
    try:
        rows_of_all = inflated.decompress(packed, n_bytes)
    except zlib.error as error:
        raise ValueError("corrupt PNG") from error
    if len(rows_of_all) < n_bytes:
        raise ValueError("truncated PNG")
    place = 0
    for rows, stride in shapes:
        # A row begins with the number of its filter, 0 to 4.
        if max(rows_of_all[place : place + rows * stride : stride]) > 4:
            raise ValueError("corrupt PNG: unknown filter")
        place += rows * stride
    return make_chunk(b"IDAT", zlib.compress(rows_of_all, 0)) + make_chunk(b"IEND", b"")


def make_chunk(kind: bytes, content: bytes) -> bytes:
    """Make a chunk with its length and checksum."""
    checksum = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + checksum


def _read_orientation(data: bytes, chunks: Chunks) -> int:
    """Read EXIF or XMP by Pillow, also where they lie behind the pixels, without decoding."""
    head = pick_chunks(data, chunks, METADATA | {b"IHDR", b"PLTE"})
    # Pillow stops at the pixels, so some come last.
    end = make_chunk(b"IDAT", b"") + make_chunk(b"IEND", b"")
    try:
        with strict_pillow:
            return get_orientation(PngImagePlugin.PngImageFile(BytesIO(head + end)))
    # Texts that are damaged within, or too long for Pillow, have nothing to do with the pixels.
    except (OSError, ValueError, SyntaxError):
        return 1


def decode_opencv(data: bytes, channels: int, title: str) -> NDArray[Any]:
    """Decode a 16-bit file without scaling or rotation, in RGB order."""
    flags = cv2.IMREAD_UNCHANGED
    if channels != 4:
        color = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        flags = color | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with quiet_opencv:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ValueError(f"corrupt {title}") from error
    # The stubs promise an array, but what OpenCV cannot decode gives None.
    if image is None:
        raise ValueError(f"corrupt {title}")
    return image if channels != 4 else cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
