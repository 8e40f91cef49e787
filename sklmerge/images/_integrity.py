"""Is the file all there? Decoders fill what is missing with grey, or complain on stderr."""

import zlib

from sklmerge.images import _tiff as tiff
from sklmerge.images._headers import FORMAT_NAMES
from sklmerge.images._segments import JPEG_START_OF_SCAN, walk_jpeg, walk_png


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
    tags = tiff.read_tags(data)
    for offsets, byte_counts in (
        (tiff.STRIP_OFFSETS, tiff.STRIP_BYTE_COUNTS),
        (tiff.TILE_OFFSETS, tiff.TILE_BYTE_COUNTS),
    ):
        pieces = zip(tags.get(offsets, ()), tags.get(byte_counts, ()), strict=False)
        if any(offset + count > len(data) for offset, count in pieces):
            return False
    return True


def _ends_webp(data: bytes) -> bool:
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)
