"""The rule for resizing images, the same for files and arrays."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Here, since whatever works on pixels comes by: 4.x rounds coordinates, so copies would differ.
_version = getattr(cv2, "__version__", "none, since it is broken")
if not _version.partition(".")[0].isdecimal() or int(_version.partition(".")[0]) < 5:
    raise ImportError(
        f"sklmerge needs OpenCV 5 or later, got {_version} (from {cv2.__path__[0]}); run "
        'pip install --force-reinstall "opencv-python-headless>=5"',
        name="cv2",
    )


def skips_pixels(source: tuple[float, float], size: tuple[int, int]) -> bool:
    """Say whether an interpolation of 2 x 2 pixels would skip much of the source."""
    # It would if the area shrinks by more than 2 times 2, or one side by more than 3.
    down, across = source[0] / size[0], source[1] / size[1]
    return down * across > 4 or max(down, across) > 3


def resize_image(
    image: NDArray[Any], image_size: tuple[int, int], extent: tuple[float, float] | None = None
) -> NDArray[Any]:
    """Resize to (height, width); average areas if interpolation would skip pixels."""
    contiguous = image if image.flags.c_contiguous else np.ascontiguousarray(image)
    height, width = image_size
    # `extent` is the part to resize, from the upper left corner: 125.5 of 126 rows are the picture
    # if 251 were decoded at half size.
    source = (contiguous.shape[0], contiguous.shape[1])
    # An image that has the size already comes back itself, not as a copy.
    resized = contiguous
    if skips_pixels(source if extent is None else extent, image_size):
        # OpenCV averages areas only where neither axis grows, so growing comes after. A last pixel
        # that is half made up does not matter to areas of so many.
        shrunk = (min(width, source[1]), min(height, source[0]))
        resized = cv2.resize(contiguous, shrunk, interpolation=cv2.INTER_AREA)
    elif extent is not None and extent != source:
        # cv2.resize takes whole pixels only; pixel centres lie at half coordinates.
        rows, columns = extent[0] / height, extent[1] / width
        back = np.array([[columns, 0, (columns - 1) / 2], [0, rows, (rows - 1) / 2]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        resized = cv2.warpAffine(
            contiguous, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
    if resized.shape[:2] != (height, width):
        resized = cv2.resize(resized, (width, height), interpolation=cv2.INTER_LINEAR)
    # OpenCV drops a channel axis of length 1.
    return resized.reshape(height, width, *contiguous.shape[2:])
