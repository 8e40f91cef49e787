"""One decoder a kind of file, each by the library that was seen to decode it rightly."""

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sklmerge._resize import resize_image
from sklmerge.images.codec._headers import FORMAT_NAMES, ImageHeader


def choose_reduction(header: ImageHeader, image_size: tuple[int, int] | None) -> int:
    """Choose the largest of 1, 2, 4, 8 that leaves a JPEG no smaller than asked for.

    Parameters
    ----------
    header : ImageHeader
        Of the image.
    image_size : (height, width) or None
        What is asked for.

    Returns
    -------
    {1, 2, 4, 8}

    Examples
    --------
    >>> choose_reduction(ImageHeader("jpeg", 375, 500, 3, "uint8", 1), (90, 100))
    4
    """
    if image_size is None:
        return 1
    # Whole pixels only: the decoder rounds up, and its last row may be half made up.
    fitting = [
        reduction
        for reduction in (8, 4, 2)
        if header.height // reduction >= image_size[0]
        and header.width // reduction >= image_size[1]
    ]
    return fitting[0] if fitting else 1


def orient_image(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn an image as stored upright.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        As stored.
    orientation : int
        EXIF orientation: 1 upright, 2 mirrored, 3 upside down, 4 both, 5 to 8 the same after
        swapping rows and columns (Exif 2.32, tag 274).

    Returns
    -------
    ndarray
        Contiguous.

    Examples
    --------
    >>> orient_image(np.array([[1, 2, 3]]), 6)
    array([[1],
           [2],
           [3]])
    """
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


# OpenCV's flags IMREAD_REDUCED_* without their color bits.
REDUCTION_FLAGS = {1: 0, 2: 16, 4: 32, 8: 64}
PILLOW_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
COLOR_CODES = {
    (1, 3): cv2.COLOR_GRAY2RGB,
    (1, 4): cv2.COLOR_GRAY2RGBA,
    (3, 1): cv2.COLOR_RGB2GRAY,
    (3, 4): cv2.COLOR_RGB2RGBA,
    (4, 1): cv2.COLOR_RGBA2GRAY,
    (4, 3): cv2.COLOR_RGBA2RGB,
}
# What Pillow raises on malformed TIFF files, apart from what read_header stops.
PILLOW_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    NotImplementedError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    struct.error,
    # Where a person's filters turn warnings into errors.
    UserWarning,
)


def decode_jpeg(
    data: bytes, header: ImageHeader, channels: int, image_size: tuple[int, int] | None
) -> NDArray[Any]:
    """Decode a JPEG, at reduced scale and resized where ``image_size`` is much smaller.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)
        Of ``image_size`` if it was decoded at reduced scale, else of the header's size.
    """
    reduction = choose_reduction(header, image_size)
    color = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
    flags = color | REDUCTION_FLAGS[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
    image = _decode_with_opencv(data, "jpeg", flags)
    if image_size is not None and reduction > 1:
        # Before turning, since the row and column that the decoder rounds up are the stored last.
        height, width = header.height, header.width
        if header.orientation >= 5:
            height, width, image_size = width, height, image_size[::-1]
        image = resize_image(image, image_size, (height / reduction, width / reduction))
    return _convert_channels(orient_image(image, header.orientation), channels)


def decode_tiff(data: bytes, header: ImageHeader, channels: int) -> NDArray[Any]:
    """Decode the first image of a TIFF.

    Pillow keeps the alpha that OpenCV multiplies into the colors, and notices most damaged strips;
    but it knows no 16-bit or floating-point color.
    """
    if header.dtype == "uint8":
        with allow_pixels(header.height * header.width):
            return _decode_with_pillow(data, channels)
    # Only this flag gives one order of channels, blue first, for all depths. Upright it is always.
    image = _decode_with_opencv(data, "tiff", cv2.IMREAD_UNCHANGED)
    if image.ndim == 3:
        image = np.ascontiguousarray(image[..., [2, 1, 0, 3][: image.shape[2]]])
    return _convert_channels(image, channels)


def decode_plain(data: bytes, header: ImageHeader, channels: int) -> NDArray[Any]:
    """Decode a PNG, BMP or WebP."""
    if channels == 4 and header.channels == 4:
        image = _decode_with_opencv(data, header.format, cv2.IMREAD_UNCHANGED)
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    else:
        color = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        flags = color | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
        image = _decode_with_opencv(data, header.format, flags)
    return _convert_channels(orient_image(image, header.orientation), channels)


def _convert_channels(image: NDArray[Any], channels: int) -> NDArray[Any]:
    present = 1 if image.ndim == 2 else image.shape[2]
    return image if present == channels else cv2.cvtColor(image, COLOR_CODES[present, channels])


def _decode_with_opencv(data: bytes, image_format: str, flags: int) -> NDArray[Any]:
    try:
        with quiet_opencv():
            image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        raise ValueError(f"corrupt {FORMAT_NAMES[image_format]}") from error
    # The stubs promise an array, but what OpenCV cannot decode gives None.
    if image is None:
        raise ValueError(f"corrupt {FORMAT_NAMES[image_format]}")
    return image


def _decode_with_pillow(data: bytes, channels: int) -> NDArray[Any]:
    try:
        with Image.open(BytesIO(data), formats=["TIFF"]) as image:
            upright = ImageOps.exif_transpose(image)
            return np.array(upright.convert(PILLOW_MODES[channels]))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError("TIFF of more pixels than PIL.Image.MAX_IMAGE_PIXELS allows") from error
    except PILLOW_ERRORS as error:
        raise ValueError("corrupt TIFF") from error


# Pillow warns of more pixels than a limit of the whole process, and refuses twice as many. Ours was
# checked before, so Pillow's is raised for an image beyond it, and put back by the last one out.
_limit_lock = threading.Lock()
_n_allowed = 0
_limit_before: int | None = None


@contextmanager
def allow_pixels(n_pixels: int) -> Iterator[None]:
    """Let Pillow decode an image of so many pixels."""
    global _n_allowed, _limit_before
    with _limit_lock:
        if _n_allowed == 0:
            _limit_before = Image.MAX_IMAGE_PIXELS
        _n_allowed += 1
        if Image.MAX_IMAGE_PIXELS is not None and n_pixels > Image.MAX_IMAGE_PIXELS:
            # Twice as many: the last tiles reach over the border.
            Image.MAX_IMAGE_PIXELS = 2 * n_pixels
    try:
        yield
    finally:
        with _limit_lock:
            _n_allowed -= 1
            if _n_allowed == 0:
                Image.MAX_IMAGE_PIXELS = _limit_before


# OpenCV logs what it cannot decode on stderr, and only a level of the whole process stops it. It is
# lowered while a thread is in here, and put back by the last one out.
_quiet_lock = threading.Lock()
_n_quiet = 0
_level_before = 0


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from logging the errors that its callers get as exceptions."""
    global _n_quiet, _level_before
    with _quiet_lock:
        if _n_quiet == 0:
            _level_before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        _n_quiet += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _n_quiet -= 1
            if _n_quiet == 0:
                cv2.utils.logging.setLogLevel(_level_before)
