"""Formats that Pillow decodes, each by its own plugin's class."""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile

from sklmerge.images.codec._arrays import (
    Opened,
    Pixels,
    Size,
    check_pixels,
    make_header,
    orient_image,
)
from sklmerge.images.codec._formats import FORMATS
from sklmerge.images.codec._quiet import strict_pillow

# What Pillow was seen to raise on malformed files.
PILLOW_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    NotImplementedError,
    TypeError,
    AttributeError,
    AssertionError,
    LookupError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    EOFError,
    struct.error,
    # Where a person's filters turn warnings into errors.
    UserWarning,
    Image.DecompressionBombError,
)
# What Python's own functions say of values that a damaged file leads to.
PYTHONS_WORDS = re.compile(
    r"invalid literal|could not convert|cannot convert|not enough values|too many values|negative "
    r"|read length|bytes? must|embedded|buffer |unexpected|operands"
)
# Mode of the file -> channels and dtype of the image.
MODES = {
    "1": (1, "uint8"),
    "L": (1, "uint8"),
    "P": (3, "uint8"),
    "RGB": (3, "uint8"),
    "RGBX": (3, "uint8"),
    "CMYK": (3, "uint8"),
    "YCbCr": (3, "uint8"),
    "LAB": (3, "uint8"),
    "LA": (4, "uint8"),
    "La": (4, "uint8"),
    "PA": (4, "uint8"),
    "RGBA": (4, "uint8"),
    "RGBa": (4, "uint8"),
    "I;16": (1, "uint16"),
    "I;16L": (1, "uint16"),
    "I;16B": (1, "uint16"),
    # Whole numbers of 16 bits, in wider ones; nothing else that we read comes so.
    "I": (1, "uint16"),
    "F": (1, "float32"),
}
# Width and height in the header of a PNG, and of a JPEG 2000.
INNER_SIZE = re.compile(
    rb"\x89PNG\r\n\x1a\n....IHDR(.{4})(.{4})|\xff\x4f\xff\x51....(.{4})(.{4})", re.DOTALL
)
PILLOW_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Modes that Pillow does not turn into all of these -> one that it does.
STEPS = {"RGBa": "RGBA", "La": "LA", "LAB": "RGB"}
# Pixels put into an array at a time, so that Pillow's copy and ours are the only whole ones.
PIXELS_AT_ONCE = 1 << 22


@cache
def _load_plugin(name: str) -> Callable[[BytesIO], ImageFile.ImageFile]:
    # Called directly, plugins shut out those of other people, and Pillow's own limit of pixels,
    # which lies below ours and belongs to the whole process.
    module, kind = FORMATS[name].plugin
    try:
        return getattr(import_module(module), kind)
    except ImportError as error:
        if name == "heif":
            raise ValueError('HEIC needs pillow-heif: pip install "sklmerge[heif]"') from error
        raise ValueError(f"{FORMATS[name].title} needs a newer Pillow") from error


@contextmanager
def pillow_reasons(name: str) -> Iterator[None]:
    """Convert every error of Pillow to a ValueError that says why a file cannot be read."""
    title = FORMATS[name].title
    try:
        with strict_pillow:
            yield
    except PILLOW_ERRORS as error:
        raise ValueError(explain_pillow(error, title)) from error


def explain_pillow(error: Exception, title: str) -> str:
    """Say why Pillow cannot read a file; keep Pillow's own messages, but not Python's."""
    # A plugin's constructor makes a SyntaxError of what its own code ran into.
    if isinstance(error, SyntaxError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    reason = " ".join(str(error).split())
    # Plugins read on behind the end, and find nothing there.
    if "truncated" in reason.lower() or isinstance(error, EOFError | IndexError | struct.error):
        return f"truncated {title}"
    own = isinstance(error, SyntaxError | NotImplementedError | Image.DecompressionBombError)
    own |= type(error) is OSError and error.errno is None
    own |= type(error) is ValueError and PYTHONS_WORDS.match(reason) is None
    # That it is "not identified by this driver" says no more than "corrupt".
    tells = own and 0 < len(reason) < 100 and "by this driver" not in reason
    return f"corrupt {title}{f': {reason}' if tells else ''}"


def open_pillow(data: bytes, name: str, orientation: int | None = None) -> Opened:
    """Read the header of the first image with Pillow, and its orientation if it is not given."""
    # libwebp does not tell half a file from a damaged one.
    if name == "webp" and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ValueError("truncated WebP")
    if name in ("ico", "icns"):
        # Pillow decodes the first as soon as it opens it.
        check_inner(data)
    plugin = _load_plugin(name)
    with pillow_reasons(name):
        image = plugin(BytesIO(data))
        mode = image.mode
        if orientation is None:
            orientation = get_orientation(image)
    if mode not in MODES:
        raise ValueError(f"{FORMATS[name].title} of {mode} pixels is not supported")
    channels, dtype = MODES[mode]
    # A single transparent grey level is not worth turning a grey image into four channels.
    if mode in ("P", "RGB") and "transparency" in image.info:
        channels = 4
    size = (image.height, image.width)
    header = make_header(name, size, channels, dtype, orientation)

    def decode(channels: int, image_size: Size) -> Pixels:
        with pillow_reasons(name), image:
            image.load()
            pixels = convert_pillow(image, channels)
        return orient_image(pixels, header.orientation)

    return Opened(header, decode)


def check_inner(data: bytes) -> None:
    """Check the actual size of the images inside an icon, whatever its directory says."""
    for found in INNER_SIZE.finditer(data):
        width, height = (int.from_bytes(side, "big") for side in found.groups() if side)
        check_pixels(height, width)


def get_orientation(image: Image.Image) -> int:
    """Find the orientation in EXIF or XMP without decoding; 1 if there is none."""
    # The method of the base class: that of PNG decodes the image first.
    try:
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    # A damaged block counts as none.
    except PILLOW_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def convert_pillow(image: Image.Image, channels: int) -> NDArray[Any]:
    """Convert a loaded image to an array with this number of channels; keep the bit depth."""
    if image.mode in STEPS:
        image = image.convert(STEPS[image.mode])
    if MODES.get(image.mode, (0, "uint8"))[1] != "uint8":
        deep = np.array(image)
        if deep.dtype.kind in "iu":
            if deep.size and (deep.min() < 0 or deep.max() > 65535):
                raise ValueError("values beyond 16 bits are not supported")
            deep = deep.astype(np.uint16)
        return deep if channels == 1 else np.repeat(deep[..., None], channels, axis=2)
    if image.mode != PILLOW_MODES[channels]:
        image = image.convert(PILLOW_MODES[channels])
    width, height = image.size
    if width * height <= PIXELS_AT_ONCE:
        return np.array(image)
    pixels = np.empty((height, width) if channels == 1 else (height, width, channels), np.uint8)
    rows = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        pixels[top : top + rows] = np.asarray(strip)
    return pixels
