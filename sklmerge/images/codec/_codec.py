"""Bytes to array and back: the one place that decodes and encodes images."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_choice, check_image_size, check_whole
from sklmerge._resize import resize_image
from sklmerge.images.codec._arrays import ImageHeader, Opened, check_pixels
from sklmerge.images.codec._formats import FORMATS, identify
from sklmerge.images.codec._jpeg import open_jpeg
from sklmerge.images.codec._pillow import open_pillow
from sklmerge.images.codec._png import open_png
from sklmerge.images.codec._quiet import quiet_opencv
from sklmerge.images.codec._tiff import open_tiff

# Which library decodes which format stands in _formats.py.
OPENERS = {
    "simplejpeg": open_jpeg,
    "OpenCV": open_png,
    "tifffile": open_tiff,
    "Pillow": open_pillow,
}
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
    data: bytes, *, color_mode: str = "keep", image_size: tuple[int, int] | None = None
) -> NDArray[Any]:
    """Decode the bytes of an image file into an upright array with channels last, in RGB order.

    Formats are recognised by content. The supported formats are JPEG, PNG, TIFF, WebP, BMP, GIF,
    AVIF, JPEG 2000, PPM and related formats, HEIC (with the extra ``heif``), and some rarer
    formats. If a file contains several images, the first is decoded. Damaged files raise an error
    if the decoder can detect the damage. A truncated file is never decoded into a partly grey
    image.

    Parameters
    ----------
    data : bytes
        The whole file.
    color_mode : {"keep", "grayscale", "rgb", "rgba"}, default="keep"
        "keep" keeps the channels and dtype of the file, except that palette and CMYK images become
        RGB, and grey images with alpha become RGBA. All other modes return uint8. They convert a
        16-bit value v to round(v / 257), and raise an error for floats, because a file does not
        store the range of its floats. "rgb" and "grayscale" drop the alpha channel without
        blending. "rgba" adds an alpha channel of 255 if the file has none.
    image_size : (height, width) or None, default=None
        Size of the returned image, in pixels. None keeps the size. The aspect ratio is not kept.
        Shrinking by a factor above 2 uses area averaging; all other resizing uses linear
        interpolation. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if this reduced size is at
        least `image_size`.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)
        Colour images have 3 or 4 channels. The dtype is uint8 or, with "keep", also uint16, float32
        or float64.

    Raises
    ------
    ValueError
        If a parameter is wrong, the data cannot be decoded, or the image has more pixels than
        ``max_pixels`` of :func:`sklmerge.set_config`. The error message does not contain the file
        name, which only the caller knows.

    See Also
    --------
    read_header : Reads size, channels and dtype without decoding.

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
    image_size = check_decoding(color_mode, image_size)
    opened = _open(data)
    header = opened.header
    check_pixels(header.height, header.width)
    if color_mode != "keep" and header.dtype.startswith("float"):
        raise ValueError(
            f"{header.dtype} pixels have no known range; read them with color_mode='keep'"
        )
    decode = opened.decode
    if color_mode != "keep" and opened.decode_8_bits is not None:
        decode = opened.decode_8_bits
    image = decode(COLOR_CHANNELS.get(color_mode, header.channels), image_size)
    if color_mode != "keep" and image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    return image if image_size is None else resize_image(image, image_size)


def read_header(data: bytes) -> ImageHeader:
    """Read the size, channels, dtype and orientation of an image without decoding it.

    Parameters
    ----------
    data : bytes
        The whole file, because PNG and TIFF may store parts of their headers after the pixels.

    Returns
    -------
    ImageHeader

    Raises
    ------
    ValueError
        If the format is unknown, the header is damaged, or the pixel type is not supported. The
        error message does not contain the file name, which only the caller knows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images import encode_image
    >>> read_header(encode_image(np.zeros((48, 64), dtype="uint16"), "png"))
    ImageHeader(format='png', height=48, width=64, channels=1, dtype='uint16', orientation=1)
    """
    return _open(data).header


def _open(data: bytes) -> Opened:
    name = identify(data)
    return OPENERS[FORMATS[name].library](data, name)


def check_decoding(color_mode: str, image_size: Any) -> tuple[int, int] | None:
    """Check ``color_mode`` and ``image_size`` before any file is read; return ``image_size``."""
    check_choice("color_mode", color_mode, ("keep", *COLOR_CHANNELS))
    return check_image_size(image_size)


def encode_image(image: NDArray[Any], image_format: str, *, quality: int = 95) -> bytes:
    """Encode an array with channels last, in RGB order, as an image file.

    The same array always gives the same bytes, if the version of OpenCV is the same.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        An image with 1, 3 or 4 channels (JPEG: 1 or 3). All formats can store uint8. "png" can also
        store uint16. "tiff" can also store uint16, float32 and float64. The dtype is never
        converted.
    image_format : {"jpeg", "png", "bmp", "tiff", "webp"}
        Format of the file. "png", "bmp" and "tiff" are lossless.
    quality : int, default=95
        Quality from 1 to 100. Only used for "jpeg" and "webp".

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a parameter is wrong, or the format cannot store this array.

    Examples
    --------
    >>> import numpy as np
    >>> encode_image(np.zeros((48, 64, 3), dtype="uint8"), "webp")[:4]
    b'RIFF'
    """
    check_choice("image_format", image_format, tuple(ENCODABLE_DTYPES))
    quality = check_whole("quality", quality, 1, 100)
    image = np.asarray(image)
    name = FORMATS[image_format].title
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
        with quiet_opencv:
            done, data = cv2.imencode(f".{image_format}", flipped, options.get(image_format, []))
    except cv2.error as error:
        raise ValueError(f"{name} cannot hold an image of shape {image.shape}") from error
    if not done:
        raise ValueError(f"{name} cannot hold an image of shape {image.shape}")
    return data.tobytes()
