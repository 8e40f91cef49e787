"""Turn a decoded image upright, and bring it to the size asked for."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.images._headers import ImageHeader


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


def resize_image(
    image: NDArray[Any], image_size: tuple[int, int], extent: tuple[float, float] | None = None
) -> NDArray[Any]:
    """Resize to (height, width): areas are averaged where an axis shrinks by more than 2.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        Of a dtype of the image contract.
    image_size : (height, width)
        In pixels.
    extent : (height, width) or None, default=None
        The part of ``image`` to resize, from the upper left corner, in pixels: 125.5 of 126 rows
        are the picture where 251 were decoded at half size. None is all of it.

    Returns
    -------
    ndarray of shape (*image_size) or (*image_size, channels)
        Of the same dtype.

    Examples
    --------
    >>> resize_image(np.array([[0, 30, 60, 90, 0, 90]], dtype="uint8"), (1, 2))
    array([[30, 60]], dtype=uint8)
    """
    height, width = image_size
    if image.shape[0] > 2 * height or image.shape[1] > 2 * width:
        # OpenCV averages areas only where neither axis grows, so growing comes after. A last pixel
        # that is half made up does not matter to areas of more than two.
        shrunk = (min(width, image.shape[1]), min(height, image.shape[0]))
        image = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    elif extent is not None and extent != image.shape[:2]:
        # cv2.resize takes whole pixels only; pixel centres lie at half coordinates.
        rows, columns = extent[0] / height, extent[1] / width
        back = np.array([[columns, 0, (columns - 1) / 2], [0, rows, (rows - 1) / 2]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            image, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return image


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
