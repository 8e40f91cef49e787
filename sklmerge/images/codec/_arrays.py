"""What every decoder's pixels go through: header, channels, orientation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._config import get_config


class ImageHeader(NamedTuple):
    """Header of an image file. It describes the array that ``decode_image(data)`` would return.

    Attributes
    ----------
    format : str
        Format of the content, regardless of the file name. The names are those that
        ``sniff_format`` returns.
    height, width : int
        Size of the upright image in pixels, with the EXIF orientation applied.
    channels : {1, 3, 4}
        Number of channels of the decoded image: 1 for grey images, 3 for colour images (including
        palette and CMYK images), and 4 for images with an alpha channel.
    dtype : {"uint8", "uint16", "float32", "float64"}
        Dtype of the decoded image. 1-bit and palette pixels become uint8.
    orientation : int
        EXIF orientation, 1 (stored upright) to 8.
    """

    format: str
    height: int
    width: int
    channels: int
    dtype: str
    orientation: int


Size = tuple[int, int] | None
# Named once: the decoders are made for each file, and looking this up for each takes 3 us.
Pixels = NDArray[Any]


class Opened(NamedTuple):
    """A file whose header has been read; ``decode(channels, image_size)`` gives upright pixels."""

    header: ImageHeader
    decode: Callable[[int, Size], NDArray[Any]]
    # The same in 8 bits, if that is not the pixels of `decode` divided by 257.
    decode_8_bits: Callable[[int, Size], NDArray[Any]] | None = None


COLOR_CODES = {
    (1, 3): cv2.COLOR_GRAY2RGB,
    (1, 4): cv2.COLOR_GRAY2RGBA,
    (3, 1): cv2.COLOR_RGB2GRAY,
    (3, 4): cv2.COLOR_RGB2RGBA,
    (4, 1): cv2.COLOR_RGBA2GRAY,
    (4, 3): cv2.COLOR_RGBA2RGB,
}


def make_header(
    name: str, size: tuple[int, int], channels: int, dtype: str, orientation: int
) -> ImageHeader:
    """Make a header from the stored (height, width), which orientations 5 to 8 swap."""
    height, width = size if orientation < 5 else size[::-1]
    if height < 1 or width < 1:
        raise ValueError(f"no pixels: {height} rows of {width} columns")
    return ImageHeader(name, height, width, channels, dtype, orientation)


def check_pixels(height: int, width: int) -> None:
    """Raise an error for more than ``max_pixels`` pixels, before anything is decoded."""
    max_pixels = get_config()["max_pixels"]
    if max_pixels is not None and height * width > max_pixels:
        raise ValueError(f"{height} x {width} pixels are more than max_pixels={max_pixels}")


def convert_channels(image: NDArray[Any], channels: int) -> NDArray[Any]:
    """Convert an image to 1, 3 or 4 channels."""
    present = 1 if image.ndim == 2 else image.shape[2]
    if present == channels:
        return image
    if image.dtype == np.float64:  # OpenCV converts no float64, and nothing is lost by choosing.
        if channels == 3:
            return np.ascontiguousarray(image[..., :3])
        raise ValueError("float64 pixels can only be read as they are")
    return cv2.cvtColor(image, COLOR_CODES[present, channels])


def orient_image(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn a stored image upright by its EXIF orientation (Exif 2.32, tag 274); contiguous."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
