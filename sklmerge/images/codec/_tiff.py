"""TIFF: 16 bits and floats by tifffile, or OpenCV where it lacks a codec; 8 bits by Pillow.

Which library has the other formats is a table in `_formats.py`.
"""

import re
import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from sklmerge.images.codec._arrays import (
    Opened,
    Pixels,
    Size,
    convert_channels,
    make_header,
    orient_image,
)
from sklmerge.images.codec._pillow import open_pillow
from sklmerge.images.codec._quiet import catch_libtiff, quiet_opencv, tifffile_log

TIFFFILE_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
COLORS = (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB)
UNCOMPRESSED = 1
DEFLATE = (8, 32946)
PREMULTIPLIED, STRAIGHT = 1, 2
LOST_TAG = re.compile(r"TiffTag (\d+) .*invalid value offset")
# Size, depth, colours, strips and tiles: without one of them pixels would be guessed.
PIXEL_TAGS = frozenset({*range(256, 260), 262, 273, *range(277, 280), 284, 320, *range(322, 326)})
PIXEL_TAGS |= {338, 339}


def open_tiff(data: bytes, name: str) -> Opened:
    """Read the first directory of a TIFF with tifffile."""
    logged = tifffile_log.listen()
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            page = file.pages.first
    except TIFFFILE_ERRORS as error:
        # Its first directory, which may lie at the end, is not there.
        cut = isinstance(error, struct.error | LookupError) or "offset" in str(error)
        told = f": {error}" if isinstance(error, tifffile.TiffFileError) else ""
        raise ValueError("truncated TIFF" if cut else f"corrupt TIFF{told}") from error
    if not isinstance(page, tifffile.TiffPage):
        raise ValueError("corrupt TIFF")
    # It goes on without such a tag, as if the file had never said how deep its pixels are.
    lost = (LOST_TAG.search(line) for line in logged)
    if any(tag is not None and int(tag[1]) in PIXEL_TAGS for tag in lost):
        raise ValueError("truncated TIFF")
    try:
        return _open_page(page, data, name)
    # Tags of other kinds and lengths than they should have.
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError("corrupt TIFF") from error


def _open_page(page: tifffile.TiffPage, data: bytes, name: str) -> Opened:
    pieces = zip(page.dataoffsets, page.databytecounts, strict=False)
    if not page.dataoffsets or any(
        count < 1 or start + count > len(data) for start, count in pieces
    ):
        raise ValueError("truncated TIFF")
    dtype = _name_dtype(page)
    photometric, n_samples = int(page.photometric), page.samplesperpixel
    if n_samples > 4 and photometric != CMYK:
        raise ValueError(f"TIFF of {n_samples} channels is not supported")
    if photometric not in COLORS:
        raise ValueError(f"TIFF of photometric interpretation {photometric} is not supported")
    extra = tuple(page.extrasamples)
    # Some writers of RGBA, OpenCV among them, do not say what the fourth sample is.
    alpha = int(extra[0]) if extra else STRAIGHT if photometric == RGB and n_samples == 4 else 0
    has_alpha = alpha in (PREMULTIPLIED, STRAIGHT)
    channels = 4 if has_alpha else 1 if photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) else 3
    tag = page.tags.get("Orientation")
    orientation = int(tag.value) if tag and tag.value in range(1, 9) else 1
    size = (page.imagelength, page.imagewidth)
    header = make_header(name, size, channels, dtype, orientation)
    plain = photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
    # Only zlib itself checks the checksum of what it inflates; libtiff was seen to let zeros pass.
    checked = int(page.compression) in DEFLATE
    # Pillow refuses tiles above twice its own limit, whatever our max_pixels allows.
    limit = Image.MAX_IMAGE_PIXELS
    is_beyond = limit is not None and size[0] * size[1] > 2 * limit
    by_tifffile = plain and page.bitspersample == 8 and (checked or is_beyond)
    if dtype == "uint8" and not by_tifffile:
        return Opened(header, _decode_shallow(data, name, page))
    if not plain:
        raise ValueError(f"TIFF of {dtype} palettes, CMYK, YCbCr or Lab is not supported")

    def decode(channels: int, image_size: Size) -> Pixels:
        pixels = _read_page(page, data, header.channels)
        if pixels.dtype == np.int16:
            if pixels.min() < 0:
                raise ValueError("TIFF of values below 0 is not supported")
            pixels = pixels.view(np.uint16)
        # Which value is white no file of floats says, so they stay as they are.
        if photometric == WHITE_IS_ZERO and not dtype.startswith("float"):
            pixels = np.iinfo(dtype).max - pixels
        if alpha == PREMULTIPLIED:
            pixels = undo_premultiplied(pixels)
        return convert_channels(orient_image(pixels, orientation), channels)

    if alpha == PREMULTIPLIED and dtype == "uint16":
        # What is left of colours under little alpha depends on the depth they are divided in.
        return Opened(header, decode, _decode_shallow(data, name, page))
    return Opened(header, decode)


def _name_dtype(page: tifffile.TiffPage) -> str:
    bits, kind = page.bitspersample, int(page.sampleformat)
    if kind == 1 and bits in (1, 2, 4, 8):
        return "uint8"
    # What is signed is read if nothing in it lies below 0.
    if (kind, bits) in ((1, 16), (2, 16), (3, 32), (3, 64)):
        return f"{'float' if kind == 3 else 'uint'}{bits}"
    kinds = {1: "unsigned", 2: "signed", 3: "floating-point"}
    raise ValueError(f"TIFF of {bits}-bit {kinds.get(kind, 'unknown')} samples is not supported")


def _decode_shallow(data: bytes, name: str, page: tifffile.TiffPage) -> Any:
    """Decode up to 8 bits by Pillow, which knows every kind of colour that TIFF does."""

    def decode(channels: int, image_size: Size) -> Pixels:
        # Pillow turns a TIFF upright when it loads it.
        opened = open_pillow(data, name, 1)
        if int(page.compression) == UNCOMPRESSED:
            return opened.decode(channels, image_size)
        with catch_libtiff() as complaints:
            try:
                pixels = opened.decode(channels, image_size)
            except ValueError as error:
                # libtiff knows better what is wrong than Pillow, which got a number from it; the
                # lines are complete only after this block.
                failure: ValueError | None = error
            else:
                failure = None
        # Pillow decodes on past some damage that libtiff tells of.
        if complaints:
            told = complaints[0].removeprefix("tempfile.tif: ").rstrip(".")
            raise ValueError(f"corrupt TIFF: {told}") from failure
        if failure is not None:
            raise failure
        return pixels

    return decode


def _read_page(page: tifffile.TiffPage, data: bytes, channels: int) -> NDArray[Any]:
    """Read samples as stored, channels last; those that are no colour and no alpha are dropped."""
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            first = file.pages.first
            pixels = np.asarray(first.asarray())
    except TIFFFILE_ERRORS as error:
        if "imagecodecs" in str(error) and int(page.planarconfig) == 1:
            return _read_by_opencv(data, channels)
        needs = "imagecodecs" in str(error)
        raise ValueError(
            "TIFF of this compression needs imagecodecs: pip install imagecodecs"
            if needs
            else "corrupt TIFF"
        ) from error
    if page.samplesperpixel == 1:
        return pixels.reshape(page.imagelength, page.imagewidth)
    if int(page.planarconfig) == 2:
        pixels = np.moveaxis(pixels.reshape(-1, page.imagelength, page.imagewidth), 0, -1)
    pixels = pixels.reshape(page.imagelength, page.imagewidth, -1)
    if channels == 4 and pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
    return np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels[..., :channels])


def _read_by_opencv(data: bytes, channels: int) -> NDArray[Any]:
    # Only this flag gives one order of channels, blue first, for all depths. It turns no image.
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with quiet_opencv:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ValueError("corrupt TIFF") from error
    # The stubs promise an array, but what OpenCV cannot decode gives None.
    if image is None or (1 if image.ndim == 2 else image.shape[2]) != channels:
        raise ValueError("corrupt TIFF")
    return image if channels == 1 else np.ascontiguousarray(image[..., [2, 1, 0, 3][:channels]])


def undo_premultiplied(pixels: NDArray[Any]) -> NDArray[Any]:
    """Divide colours by their alpha, except where alpha is 0 or full, as Pillow does."""
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    alpha = pixels[..., 3:].astype(np.float64)
    partly = (alpha > 0) & (alpha < full)
    scale = np.where(partly, full / np.where(partly, alpha, 1), 1.0)
    straight = pixels.copy()
    straight[..., :3] = np.clip(pixels[..., :3] * scale, 0, full)
    return straight
