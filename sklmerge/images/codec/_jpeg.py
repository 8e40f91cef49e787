"""JPEG by simplejpeg: OpenCV's pixels, faster, and strict about damage."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import simplejpeg
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from sklmerge._resize import resize_image
from sklmerge.images.codec._arrays import (
    Opened,
    Pixels,
    Size,
    convert_channels,
    make_header,
    orient_image,
)
from sklmerge.images.codec._pillow import get_orientation, open_pillow
from sklmerge.images.codec._quiet import strict_pillow

APP0, APP1, APP14, APP15, DAC, SOS, EOI = 0xE0, 0xE1, 0xEE, 0xEF, 0xCC, 0xDA, 0xD9
# Frames of sequential JPEGs, whose scans have fixed parameters.
SEQUENTIAL = (0xC0, 0xC1, 0xC9)
SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
# C4, C8 and CC lie among the markers of frames, but are none.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, DAC}


def open_jpeg(data: bytes, name: str) -> Opened:
    """Read the header of a JPEG; Pillow decodes chroma subsampling that simplejpeg cannot."""
    kept = data
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
    # It has no names for what damage can make of colours.
    except (ValueError, KeyError):
        kept = mend(data)
        try:
            height, width, colors, _ = simplejpeg.decode_jpeg_header(kept)
        except (ValueError, KeyError) as error:
            # Chroma at quarter width and the like: an unknown number, or an error that says so.
            if isinstance(error, ValueError) and "subsampling" not in str(error):
                raise ValueError(_explain(data, error)) from error
            # Pillow decodes these, but goes on past damage; what it cannot see is only looked for.
            if data.rfind(b"\xff\xd9") < 0:
                raise ValueError("truncated JPEG") from error
            return open_pillow(data, name)
    orientation = read_orientation(data)
    channels = 1 if colors == "Gray" else 3
    header = make_header(name, (height, width), channels, "uint8", orientation)

    def decode(channels: int, image_size: Size) -> Pixels:
        reduction = choose_reduction((header.height, header.width), image_size)
        gray = colors == "Gray" or (channels == 1 and colors in ("YCbCr", "RGB"))
        if (reduction > 1 or gray) and find_frame(kept) in LOSSLESS:
            # libjpeg decodes these at full size and in their own colours, whatever is asked for,
            # and would write beyond the smaller array that simplejpeg gives it.
            reduction, gray = 1, colors == "Gray"
        image = _decode(kept, "GRAY" if gray else "RGB", (height, width), reduction)
        if gray:
            image = image[..., 0]
        if image_size is not None and reduction > 1:
            # Before turning, since the row and column that the decoder rounds up are stored last.
            turned = orientation >= 5
            image = resize_image(
                image,
                image_size[::-1] if turned else image_size,
                (height / reduction, width / reduction),
            )
        return convert_channels(orient_image(image, orientation), channels)

    return Opened(header, decode)


def choose_reduction(size: tuple[int, int], image_size: Size) -> int:
    """Choose the largest reduction (1, 2, 4, 8) that keeps a JPEG at least `image_size`."""
    if image_size is None:
        return 1
    # libjpeg also knows 3/8, 5/8 and the like, but has fast transforms for these four alone.
    # Whole pixels only: the decoder rounds up, and its last row may be half made up.
    fitting = (
        reduction
        for reduction in (8, 4, 2)
        if size[0] // reduction >= image_size[0] and size[1] // reduction >= image_size[1]
    )
    return next(fitting, 1)


def _decode(data: bytes, colors: str, size: tuple[int, int], reduction: int) -> NDArray[Any]:
    """Decode strictly, and once more where what carries no pixels may be the trouble."""
    # Named so, each of the four scales is the only one that fits.
    least = {
        "min_height": -(-size[0] // reduction),
        "min_width": -(-size[1] // reduction),
        "min_factor": reduction,
    }
    options: dict[str, int] = least if reduction > 1 else {}
    try:
        return simplejpeg.decode_jpeg(data, colors, **options)
    except ValueError as error:
        mended = mend(data)
        if mended == data:
            raise ValueError(_explain(data, error)) from error
        try:
            return simplejpeg.decode_jpeg(mended, colors, **options)
        # The first complaint may be of what carries no pixels; this one is of the pixels.
        except ValueError as damage:
            raise ValueError(_explain(mended, damage)) from damage


def _explain(data: bytes, error: ValueError | KeyError) -> str:
    reason = str(error)
    has_scan = any(marker == SOS for marker, _, _ in walk_jpeg(data))
    if not has_scan or reason.startswith("Premature end of JPEG"):
        return "truncated JPEG"
    precision = re.search(r"precision (\d+)", reason)
    if precision:
        return f"JPEG of {precision[1]} bits a sample is not supported"
    detail = reason.removeprefix("Corrupt JPEG data: ").rpartition("(): ")[2] or "its header"
    return f"corrupt JPEG: {detail[:1].lower()}{detail[1:]}"


def walk_jpeg(data: bytes, position: int = 2) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and stop of each segment, up to and including the next scan header."""
    marker = 0
    while marker != SOS:
        # What stands between two segments is passed over, as libjpeg does.
        position = data.find(b"\xff", position)
        if position < 0:
            return
        while data[position : position + 1] == b"\xff":
            position += 1
        if position + 3 > len(data):
            return
        marker = data[position]
        # A zero is no marker, and restarts and the like have no content.
        if marker == 0 or 0xD0 <= marker <= 0xD9 or marker == 1:
            continue
        stop = position + 1 + int.from_bytes(data[position + 1 : position + 3], "big")
        yield marker, position + 3, stop
        position = stop


def find_frame(data: bytes) -> int:
    """Return the marker of the frame, which says what kind of JPEG this is; 0 if it is missing."""
    return next((marker for marker, _, _ in walk_jpeg(data) if marker in FRAMES), 0)


def read_orientation(data: bytes) -> int:
    """Read the EXIF orientation of a JPEG with Pillow, if a segment may contain one."""
    position, marker, last = 2, 0, len(data) - 4
    # 2 us, where Pillow takes 25 to look for an orientation that is not there. What does not stand
    # where it should makes it look as well.
    while marker != SOS and position <= last and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == APP1:
            break
        position += 2 + (data[position + 2] << 8 | data[position + 3])
    if marker == SOS:
        return 1
    try:
        with strict_pillow:
            return get_orientation(JpegImagePlugin.JpegImageFile(BytesIO(data)))
    # What damaged metadata makes Pillow raise is open-ended, and the pixels are another matter.
    except Exception:
        return 1


def mend(data: bytes) -> bytes:
    """Remove segments without pixels; set the fixed parameters of sequential scans."""
    # Strict decoding then judges the pixels alone: stray bytes between segments, a damaged colour
    # profile or an unknown Adobe marker do not touch them.
    parts = [data[:2]]
    sequential, position = False, 2
    frames = [start for marker, start, _ in walk_jpeg(data) if marker in FRAMES]
    n_components = data[frames[0] + 5 : frames[0] + 6] if frames else b""
    transforms = (b"\0", b"\2") if n_components == b"\4" else (b"\0", b"\1")
    while True:
        for marker, start, stop in walk_jpeg(data, position):
            segment = b"\xff" + data[start - 3 : stop]
            if marker in FRAMES:
                sequential = marker in SEQUENTIAL
            if marker == SOS and sequential and stop - start >= 3:
                segment = segment[:-3] + b"\0\x3f\0"
            adobe = marker == APP14 and data[start : start + 5] == b"Adobe"
            known = adobe and data[stop - 1 : stop] in transforms
            if not APP0 <= marker <= APP15 or known:
                parts.append(segment)
            position = stop
        else:
            if parts[-1][1:2] != bytes([SOS]):
                # Whatever is left belongs to no scan.
                return b"".join([*parts, data[position:]])
        # Within a scan FF is followed by 00 or a restart; the next marker ends it.
        found = SCAN_END.search(data, position)
        end = len(data) if found is None else found.start()
        parts.append(data[position:end])
        if found is None or data[end + 1] == EOI:
            return b"".join([*parts, data[end:]])
        position = end
