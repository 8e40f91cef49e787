"""What a decoded image is turned by, and how far a JPEG may be reduced while it is decoded."""

from typing import Any

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
