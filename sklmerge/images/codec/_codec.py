"""Bytes to array and back: the one place that decodes and encodes images."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._resize import resize_image
from sklmerge.images.codec._decoders import decode_jpeg, decode_plain, decode_tiff, quiet_opencv
from sklmerge.images.codec._headers import FORMAT_NAMES, check_complete, read_header

# 600 MB as RGB: above every camera's picture, below what takes a machine down.
MAX_PIXELS = 200_000_000
COLOR_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
BLUE_FIRST = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
ENCODABLE_DTYPES = {
    "jpeg": ("uint8",),
    "png": ("uint8", "uint16"),
    "bmp": ("uint8",),
    "tiff": ("uint8", "uint16", "float32", "float64"),
    "webp": ("uint8",),
}


def decode_image(
    data: bytes,
    *,
    color_mode: str = "keep",
    image_size: tuple[int, int] | None = None,
    max_pixels: int | None = MAX_PIXELS,
) -> NDArray[Any]:
    """Turn the bytes of an image file into an upright array, channels last, in RGB order.

    JPEG, PNG, BMP, TIFF and WebP are told apart by content. Of a file with several images the first
    is taken. Incomplete files are errors, never half-grey images.

    Parameters
    ----------
    data : bytes
        The whole file.
    color_mode : {"keep", "grayscale", "rgb", "rgba"}, default="keep"
        "keep" leaves channels and dtype as the file has them; palettes and CMYK become RGB, grey
        with alpha becomes RGBA. The others give uint8: 16-bit values v become round(v / 257), and
        floats, whose range no file tells, are refused. Alpha is dropped, not blended, where
        "rgb" or "grayscale" is asked for, and is 255 where "rgba" is asked for and there is none.
    image_size : (height, width) or None, default=None
        Size of the result, in pixels; the aspect ratio is not kept. Shrinking by more than 2
        averages areas, anything else interpolates linearly. A JPEG is decoded at 1/2, 1/4 or 1/8 of
        its size where that is no smaller than what is asked for.
    max_pixels : int or None, default=200_000_000
        Larger images are refused before anything is decoded; None sets no limit.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)
        With 3 or 4 channels; uint8, and with "keep" also uint16, float32 or float64.

    Raises
    ------
    ValueError
        The data cannot be decoded, with the reason alone: the caller knows the file's name. A wrong
        parameter, too.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((48, 64, 3), [200, 100, 0], dtype="uint8")
    >>> data = encode_image(image, "png")
    >>> np.array_equal(decode_image(data), image)
    True
    >>> decode_image(data, color_mode="grayscale", image_size=(24, 30)).shape
    (24, 30)
    """
    check_decoding(color_mode, image_size)
    header = read_header(data)
    if max_pixels is not None and header.height * header.width > max_pixels:
        raise ValueError(
            f"{header.height} x {header.width} pixels are more than max_pixels={max_pixels}"
        )
    if color_mode != "keep" and header.dtype.startswith("float"):
        raise ValueError(
            f"{header.dtype} pixels have no known range; read them with color_mode='keep'"
        )
    check_complete(data, header.format)
    channels = COLOR_CHANNELS.get(color_mode, header.channels)
    if header.format == "jpeg":
        image = decode_jpeg(data, header, channels, image_size)
    elif header.format == "tiff":
        image = decode_tiff(data, header, channels)
    else:
        image = decode_plain(data, header, channels)
    if color_mode != "keep" and image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    return image if image_size is None else resize_image(image, image_size)


def check_decoding(color_mode: str, image_size: tuple[int, int] | None) -> None:
    """Refuse wrong values of ``color_mode`` and ``image_size`` before any file is blamed.

    Raises
    ------
    ValueError
        Naming the parameter and what came.
    """
    if color_mode != "keep" and color_mode not in COLOR_CHANNELS:
        raise ValueError(
            f"color_mode must be 'keep', 'grayscale', 'rgb' or 'rgba', got {color_mode!r}"
        )
    if image_size is None:
        return
    sides = tuple(image_size) if isinstance(image_size, Sequence) else ()
    whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise ValueError(f"image_size must be (height, width) in pixels, got {image_size!r}")


def check_max_pixels(max_pixels: int | None) -> int | None:
    """Check the most pixels that an image may have.

    Raises
    ------
    ValueError
        If it is no whole number of at least 1, nor None.

    Examples
    --------
    >>> from sklmerge.images.codec._codec import check_max_pixels
    >>> check_max_pixels(10**9)
    1000000000
    """
    whole = isinstance(max_pixels, Integral) and not isinstance(max_pixels, bool)
    if max_pixels is not None and not (whole and max_pixels >= 1):
        raise ValueError(
            f"max_pixels must be a whole number of at least 1, or None, got {max_pixels!r}"
        )
    return None if max_pixels is None else int(max_pixels)


def encode_image(image: NDArray[Any], image_format: str, *, quality: int = 95) -> bytes:
    """Turn an array, channels last and in RGB order, into the bytes of an image file.

    The same array gives the same bytes, for the same version of OpenCV.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        With 1, 3 or 4 channels (JPEG: 1 or 3). uint8 for every format, uint16 also for "png" and
        "tiff", float32 and float64 for "tiff" alone: nothing is converted in silence.
    image_format : {"jpeg", "png", "bmp", "tiff", "webp"}
        "png", "bmp" and "tiff" are lossless.
    quality : int, default=95
        1 to 100, for "jpeg" and "webp".

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        The format cannot hold such an array.

    Examples
    --------
    >>> import numpy as np
    >>> encode_image(np.zeros((48, 64, 3), dtype="uint8"), "webp")[:4]
    b'RIFF'
    """
    if image_format not in ENCODABLE_DTYPES:
        raise ValueError(
            f"image_format must be one of {', '.join(ENCODABLE_DTYPES)}, got {image_format!r}"
        )
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality!r}")
    image = np.asarray(image)
    name = FORMAT_NAMES[image_format]
    if image.dtype.name not in ENCODABLE_DTYPES[image_format]:
        fitting = " or ".join(ENCODABLE_DTYPES[image_format])
        raise ValueError(f"image must be {fitting} to be written as {name}, got {image.dtype}")
    most = 3 if image_format == "jpeg" else 4
    channels = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim not in (2, 3) or channels not in (1, 3, most) or image.size == 0:
        raise ValueError(
            "image must be of shape (height, width) or (height, width, C), C one of "
            f"{sorted({1, 3, most})}, to be written as {name}, got shape {image.shape}"
        )
    # OpenCV wants blue first, and alpha last all the same. cvtColor takes 4 us where an index takes
    # 180 (224 x 224 pixels), but knows no float64.
    if channels == 1:
        flipped = np.ascontiguousarray(image)
    elif image.dtype == np.float64:
        flipped = np.ascontiguousarray(image[..., [2, 1, 0, 3][:channels]])
    else:
        flipped = cv2.cvtColor(image, BLUE_FIRST[channels])
    options = {
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
    }
    try:
        with quiet_opencv():
            done, data = cv2.imencode(f".{image_format}", flipped, options.get(image_format, []))
    except cv2.error as error:
        raise ValueError(f"{name} cannot hold an image of shape {image.shape}") from error
    if not done:
        raise ValueError(f"{name} cannot hold an image of shape {image.shape}")
    return data.tobytes()
