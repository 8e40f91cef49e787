"""Is the file all there? Decoders fill what is missing with grey, or complain on stderr."""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

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


BYTE_ORDERS = {b"II": "<", b"MM": ">"}
# TIFF field types that hold unsigned integers, with their struct codes; others are passed over.
INTEGER_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}

IMAGE_WIDTH, IMAGE_LENGTH, BITS_PER_SAMPLE = 256, 257, 258
PHOTOMETRIC, ORIENTATION, SAMPLES_PER_PIXEL = 262, 274, 277
STRIP_OFFSETS, STRIP_BYTE_COUNTS = 273, 279
TILE_OFFSETS, TILE_BYTE_COUNTS = 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339

Tags = dict[int, tuple[int, ...]]


def read_tags(data: bytes) -> Tags:
    """Read the integer tags of the first directory of a TIFF file or an EXIF block.

    Parameters
    ----------
    data : bytes
        From the byte order mark (``II`` or ``MM``) on; classic TIFF or BigTIFF.

    Returns
    -------
    dict of int to tuple of int
        Tag number -> its values.

    Raises
    ------
    ValueError
        ``data`` is no TIFF, or ends before its directory does.

    References
    ----------
    TIFF Revision 6.0, Adobe 1992, section 2; the BigTIFF design of libtiff.

    Examples
    --------
    >>> one_tag = bytes.fromhex("49492a0008000000" "0100" "1201030001000000" "06000000")
    >>> read_tags(one_tag)
    {274: (6,)}
    """
    order = BYTE_ORDERS.get(data[:2])
    if order is None:
        raise ValueError("corrupt TIFF: no byte order mark")
    try:
        (magic,) = struct.unpack_from(order + "H", data, 2)
        if magic == 42:
            (start,) = struct.unpack_from(order + "I", data, 4)
            return _read_directory(data, start, order, "H", "I")
        if magic == 43:
            (start,) = struct.unpack_from(order + "Q", data, 8)
            return _read_directory(data, start, order, "Q", "Q")
    # An offset beyond 2**63 overflows instead of falling off the end.
    except (struct.error, OverflowError) as error:
        raise ValueError("truncated TIFF") from error
    raise ValueError(f"corrupt TIFF: version {magic}, expected 42 or 43")


def read_orientation(exif: bytes) -> int:
    """Read the orientation (1 to 8) of an EXIF block; a damaged block counts as upright.

    Examples
    --------
    >>> read_orientation(b"no EXIF")
    1
    """
    try:
        return upright_unless_valid(read_tags(exif))
    except ValueError:
        return 1


def upright_unless_valid(tags: Tags) -> int:
    """Take the orientation out of tags, or 1 where there is none or none that EXIF knows."""
    orientation = tags.get(ORIENTATION, (1,))[:1]
    return orientation[0] if orientation and 1 <= orientation[0] <= 8 else 1


def _read_directory(data: bytes, start: int, order: str, count_code: str, word_code: str) -> Tags:
    word = struct.calcsize(word_code)
    (n_entries,) = struct.unpack_from(order + count_code, data, start)
    first = start + struct.calcsize(count_code)
    tags: Tags = {}
    for position in range(first, first + n_entries * (4 + 2 * word), 4 + 2 * word):
        tag, kind = struct.unpack_from(order + "HH", data, position)
        (count,) = struct.unpack_from(order + word_code, data, position + 4)
        code = INTEGER_TYPES.get(kind)
        if code is None:
            continue
        size = count * struct.calcsize(code)
        where = position + 4 + word
        # Values that do not fit into one word stand elsewhere, and the word says where.
        if size > word:
            (where,) = struct.unpack_from(order + word_code, data, where)
        if where + size > len(data):
            raise ValueError("truncated TIFF")
        tags[tag] = struct.unpack_from(f"{order}{count}{code}", data, where)
    return tags


FORMAT_NAMES = {"jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "tiff": "TIFF", "webp": "WebP"}
# Sizes of the header that follows "BM"; two letters alone would take many a text for a BMP.
BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
# Photometric interpretations: grey (twice), RGB, palette, CMYK, YCbCr.
TIFF_COLORS = frozenset({0, 1, 2, 3, 5, 6})
JPEG_APP1 = 0xE1
# C4, C8 and CC lie among the markers of frames, but are none.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class ImageHeader(NamedTuple):
    """What the header of an image file says, as ``decode_image(data)`` would give it.

    Attributes
    ----------
    format : {"jpeg", "png", "bmp", "tiff", "webp"}
        By content, whatever the file is called.
    height, width : int
        In pixels, of the upright image: after the EXIF orientation.
    channels : {1, 3, 4}
        Of the decoded image: 3 for palettes and CMYK, 4 with an alpha channel.
    dtype : {"uint8", "uint16", "float32", "float64"}
        Of the decoded image; 1-bit and palette pixels become uint8.
    orientation : int
        EXIF orientation, 1 (stored upright) to 8.
    """

    format: str
    height: int
    width: int
    channels: int
    dtype: str
    orientation: int


def sniff_format(data: bytes) -> str | None:
    """Tell an image's format from its first bytes.

    Parameters
    ----------
    data : bytes
        The file, or its beginning.

    Returns
    -------
    {"jpeg", "png", "bmp", "tiff", "webp"} or None
        None for anything else.

    Examples
    --------
    >>> sniff_format(bytes.fromhex("ffd8ffe0"))
    'jpeg'
    >>> sniff_format(b"GIF89a") is None
    True
    """
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == PNG_SIGNATURE:
        return "png"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in BMP_HEADER_SIZES:
        return "bmp"
    return None


def read_header(data: bytes) -> ImageHeader:
    """Read size, channels, dtype and orientation of an image without decoding it.

    Parameters
    ----------
    data : bytes
        The whole file: PNG and TIFF may keep parts of their headers behind the pixels.

    Returns
    -------
    ImageHeader

    Raises
    ------
    ValueError
        The data is no JPEG, PNG, BMP, TIFF or WebP, its header is incomplete or contradicts
        itself, or its pixels are of a kind that is not supported. The message is the reason alone:
        the caller knows the file's name.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images import encode_image
    >>> read_header(encode_image(np.zeros((48, 64), dtype="uint16"), "png"))
    ImageHeader(format='png', height=48, width=64, channels=1, dtype='uint16', orientation=1)
    """
    image_format = sniff_format(data)
    if image_format is None:
        raise ValueError(
            f"no JPEG, PNG, BMP, TIFF or WebP image: starts with {data[:8]!r}"
            if data
            else "empty file"
        )
    try:
        header = READERS[image_format](data)
    except (struct.error, IndexError) as error:
        raise ValueError(f"truncated {FORMAT_NAMES[image_format]}") from error
    if header.height < 1 or header.width < 1:
        raise ValueError(f"no pixels: {header.height} rows of {header.width} columns")
    # Orientations 5 to 8 lie on their side.
    if header.orientation >= 5:
        header = header._replace(height=header.width, width=header.height)
    return header


def _read_jpeg(data: bytes) -> ImageHeader:
    orientation = 1
    frame = None
    for marker, start, stop in walk_jpeg(data):
        if marker in JPEG_FRAMES:
            frame = struct.unpack_from(">BHHB", data, start)
        elif marker == JPEG_APP1 and data[start : start + 6] == b"Exif\0\0":
            orientation = read_orientation(data[start + 6 : stop])
    if frame is None:
        raise ValueError("corrupt JPEG: no frame before the first scan")
    precision, height, width, n_components = frame
    if precision != 8:
        raise ValueError(f"JPEG of {precision} bits a sample is not supported")
    channels = 1 if n_components == 1 else 3
    return ImageHeader("jpeg", height, width, channels, "uint8", orientation)


def _read_png(data: bytes) -> ImageHeader:
    if data[12:16] != b"IHDR":
        raise ValueError("corrupt PNG: it does not begin with its header chunk")
    width, height, depth, color_type = struct.unpack_from(">IIBB", data, 16)
    orientation = 1
    has_transparency = color_type in (4, 6)
    for kind, start, stop in walk_png(data):
        if kind == b"eXIf":
            orientation = read_orientation(data[start:stop])
        elif kind == b"tRNS":
            # A single transparent grey level is not worth turning a grey image into four channels.
            has_transparency = color_type in (2, 3, 4, 6)
    channels = 4 if has_transparency else 1 if color_type == 0 else 3
    dtype = "uint16" if depth == 16 else "uint8"
    return ImageHeader("png", height, width, channels, dtype, orientation)


def _read_bmp(data: bytes) -> ImageHeader:
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size in (12, 16):
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
    if depth <= 8:
        channels = 1 if _is_grey_palette(data, header_size, 1 << depth) else 3
    else:
        # Only the longer headers have a mask for alpha; without one the fourth byte is padding.
        has_alpha = depth == 32 and header_size >= 56 and data[66:70] != bytes(4)
        channels = 4 if has_alpha else 3
    # A negative height means rows from top to bottom.
    return ImageHeader("bmp", abs(height), width, channels, "uint8", 1)


def _is_grey_palette(data: bytes, header_size: int, n_colors: int) -> bool:
    entry = 3 if header_size == 12 else 4
    if header_size >= 40:
        n_colors = struct.unpack_from("<I", data, 46)[0] or n_colors
    palette = data[14 + header_size : 14 + header_size + n_colors * entry]
    blue, green, red = (palette[channel::entry] for channel in range(3))
    return blue == green == red


def _read_webp(data: bytes) -> ImageHeader:
    kind = data[12:16]
    orientation = 1
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        return ImageHeader("webp", height, width, 3, "uint8", orientation)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        channels = 4 if bits >> 28 & 1 else 3
        return ImageHeader(
            "webp", (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1, channels, "uint8", orientation
        )
    if kind != b"VP8X":
        raise ValueError(f"corrupt WebP: unknown first chunk {kind!r}")
    flags = data[20]
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    for name, start, stop in walk_webp(data):
        if name == b"EXIF":
            orientation = read_orientation(data[start:stop].removeprefix(b"Exif\0\0"))
    return ImageHeader("webp", height, width, 4 if flags & 0x10 else 3, "uint8", orientation)


def _read_tiff(data: bytes) -> ImageHeader:
    tags = read_tags(data)
    width, height, photometric = (
        tags.get(tag, (0,))[0] for tag in (IMAGE_WIDTH, IMAGE_LENGTH, PHOTOMETRIC)
    )
    dtype = _name_tiff_dtype(tags.get(BITS_PER_SAMPLE, (1,))[0], tags.get(SAMPLE_FORMAT, (1,))[0])
    n_samples = tags.get(SAMPLES_PER_PIXEL, (1,))[0]
    # 1 and 2 mean alpha, premultiplied or not; 0 is a channel nobody can name. Some writers of
    # RGBA, OpenCV among them, say nothing.
    unsaid = 2 if photometric == 2 and n_samples == 4 else 0
    has_alpha = tags.get(EXTRA_SAMPLES, (unsaid,))[0] in (1, 2)
    if n_samples > 4:
        raise ValueError(f"TIFF of {n_samples} channels is not supported")
    if photometric not in TIFF_COLORS:
        raise ValueError(f"TIFF of photometric interpretation {photometric} is not supported")
    channels = 4 if has_alpha else 1 if photometric in (0, 1) else 3
    return ImageHeader("tiff", height, width, channels, dtype, upright_unless_valid(tags))


def _name_tiff_dtype(bits: int, sample_format: int) -> str:
    if sample_format == 1 and bits in (1, 2, 4, 8):
        return "uint8"
    if (sample_format, bits) in ((1, 16), (3, 32), (3, 64)):
        return f"{'uint' if sample_format == 1 else 'float'}{bits}"
    kind = {1: "unsigned", 2: "signed", 3: "floating-point"}.get(sample_format, "unknown")
    raise ValueError(f"TIFF of {bits}-bit {kind} samples is not supported")


READERS: dict[str, Callable[[bytes], ImageHeader]] = {
    "jpeg": _read_jpeg,
    "png": _read_png,
    "bmp": _read_bmp,
    "tiff": _read_tiff,
    "webp": _read_webp,
}


def check_complete(data: bytes, image_format: str) -> None:
    """Refuse a file that ends before its pixels do, or whose checksums do not match.

    What has no checksum cannot be checked: a JPEG, BMP or WebP damaged in the middle of its pixels
    decodes to a damaged picture, as everywhere.

    Parameters
    ----------
    data : bytes
        A file whose header ``read_header`` has read.
    image_format : {"jpeg", "png", "bmp", "tiff", "webp"}
        As ``sniff_format`` names it.

    Raises
    ------
    ValueError
        With the reason.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images import encode_image
    >>> data = encode_image(np.zeros((48, 64), dtype="uint8"), "jpeg")
    >>> check_complete(data, "jpeg")
    >>> check_complete(data[:-40], "jpeg")
    Traceback (most recent call last):
    ...
    ValueError: truncated JPEG
    """
    checks = {"jpeg": _ends_jpeg, "png": _ends_png, "tiff": _ends_tiff, "webp": _ends_webp}
    # A short BMP is refused by its decoder.
    if image_format in checks and not checks[image_format](data):
        raise ValueError(f"truncated {FORMAT_NAMES[image_format]}")


def _ends_jpeg(data: bytes) -> bool:
    # Within a scan FF is always followed by 00 or a restart marker, so the first end marker after
    # the first scan's header is the true one; thumbnails lie before it, appended videos behind.
    scan = max(stop for marker, _, stop in walk_jpeg(data) if marker == JPEG_START_OF_SCAN)
    return data.find(b"\xff\xd9", scan) >= 0


def _ends_png(data: bytes) -> bool:
    for kind, start, stop in walk_png(data):
        if stop + 4 > len(data):
            return False
        # The checksum covers the type too, four bytes before the content.
        checksum = zlib.crc32(memoryview(data)[start - 4 : stop])
        if checksum != int.from_bytes(data[stop : stop + 4], "big"):
            raise ValueError(f"corrupt PNG: checksum of chunk {kind.decode('latin-1')!r}")
    return True


def _ends_tiff(data: bytes) -> bool:
    tags = read_tags(data)
    for offsets, byte_counts in (
        (STRIP_OFFSETS, STRIP_BYTE_COUNTS),
        (TILE_OFFSETS, TILE_BYTE_COUNTS),
    ):
        pieces = zip(tags.get(offsets, ()), tags.get(byte_counts, ()), strict=False)
        if any(offset + count > len(data) for offset, count in pieces):
            return False
    return True


def _ends_webp(data: bytes) -> bool:
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)
