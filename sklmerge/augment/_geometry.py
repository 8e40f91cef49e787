"""Images and affine maps in, images out: the one place that resizes, mirrors and warps."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._affine import SYMMETRIES

FILL_MODES = {
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
}
INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
}
# Images resized at a time.
_BATCH = 32


def skips_pixels(source: tuple[int, int], size: tuple[int, int]) -> bool:
    """Tell whether one interpolation, which reads 2 x 2 pixels, would skip much of the source.

    It does where the area shrinks by more than 2 times 2, or one side by more than 3.
    """
    down, across = source[0] / size[0], source[1] / size[1]
    return down * across > 4 or max(down, across) > 3


def resize_image(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resize one image, averaging areas where one interpolation would skip pixels.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Of any dtype of the image contract.
    size : (int, int)
        Height and width wanted.

    Returns
    -------
    ndarray of shape (h, w) or (h, w, C)
        Contiguous; the image itself where it has that size already.
    """
    contiguous = np.ascontiguousarray(image)
    if contiguous.shape[:2] == size:
        return contiguous
    # At exactly 2 to 1, linear interpolation is the average, and far cheaper.
    area = skips_pixels((contiguous.shape[0], contiguous.shape[1]), size)
    method = cv2.INTER_AREA if area else cv2.INTER_LINEAR
    resized = cv2.resize(contiguous, (size[1], size[0]), interpolation=method)
    # OpenCV drops a channel axis of length 1.
    return resized.reshape(*size, *contiguous.shape[2:])


def iterate_resized(batch: NDArray[Any], size: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """Yield images resized, a few at a time, so that memory does not grow with their number."""
    for start in range(0, len(batch), _BATCH):
        images = batch[start : start + _BATCH]
        if batch.shape[1:3] == size:
            yield images
        else:
            yield np.stack([resize_image(image, size) for image in images])


def choose_frame(source: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Choose the size at which a warp to another size reads a source without skipping pixels.

    The side that shrinks most is halved until one interpolation reads what is left.

    Examples
    --------
    >>> choose_frame((375, 500), (224, 224)), choose_frame((750, 1000), (224, 224))
    ((375, 500), (375, 500))
    """
    frame = source
    while skips_pixels(frame, size):
        if frame[0] / size[0] > frame[1] / size[1]:
            frame = ((frame[0] + 1) // 2, frame[1])
        else:
            frame = (frame[0], (frame[1] + 1) // 2)
    return frame


def mirror_image(image: NDArray[Any], symmetry: int, out: NDArray[Any]) -> None:
    """Copy, flip or turn one image, see `SYMMETRIES`, into a contiguous array of its shape."""
    swap, mirror_x, mirror_y = SYMMETRIES[symmetry]
    if swap:
        cv2.transpose(image, dst=out)
        image = out
    if mirror_x < 0 or mirror_y < 0:
        # OpenCV flips rows by 0, columns by 1 and both by -1.
        code = 0 if mirror_x > 0 else (1 if mirror_y > 0 else -1)
        cv2.flip(image, code, dst=out)
    elif not swap:
        np.copyto(out, image)


class Warper:
    """Warps images of one shape and dtype, with buffers that are used again for each.

    One object serves one thread.

    Parameters
    ----------
    shape, size : tuple of int
        Shape of each image, ``(H, W)`` or ``(H, W, C)``, and height and width of the output.
    dtype : dtype
        Of the images, uint8, uint16, float32 or float64.
    interpolation : {"nearest", "linear", "cubic"}
        How values between pixels are found.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What lies beyond the border.
    cval : float
        The value beyond the border for "constant", the same for every channel.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        size: tuple[int, int],
        dtype: np.dtype[Any],
        *,
        interpolation: str,
        fill_mode: str,
        cval: float,
    ) -> None:
        self.flags = INTERPOLATIONS[interpolation] | cv2.WARP_INVERSE_MAP
        self.border = FILL_MODES[fill_mode]
        self.border_value = (float(cval),) * 4
        self.size = size
        # OpenCV rounds coordinates of float64 images to 1/32 pixel, those of float32 it does not.
        self.lane_dtype = np.dtype(np.float32) if dtype == np.float64 else dtype
        # OpenCV warps four channels about twice as fast as three.
        self.lanes = len(shape) == 3 and shape[2] == 3
        if self.lanes:
            self.source = np.empty((*shape[:2], 4), self.lane_dtype)
            self.target = np.empty((*size, 4), self.lane_dtype)

    def __call__(self, image: NDArray[Any], affine: NDArray[np.float64], out: NDArray[Any]) -> None:
        """Warp one image by one map, of shape (2, 3), into a contiguous array."""
        if out.dtype != self.lane_dtype:
            out[...] = self.warp(image.astype(self.lane_dtype), affine, None)
            return
        self.warp(image, affine, out)

    def warp(
        self,
        image: NDArray[Any],
        affine: NDArray[np.float64],
        out: NDArray[Any] | None,
    ) -> NDArray[Any]:
        """Warp one image whose dtype OpenCV warps exactly."""
        size = (self.size[1], self.size[0])
        if self.lanes:
            cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=self.source)
            cv2.warpAffine(
                self.source, affine, size, self.target, self.flags, self.border, self.border_value
            )
            return cv2.cvtColor(self.target, cv2.COLOR_RGBA2RGB, dst=out)
        return cv2.warpAffine(image, affine, size, out, self.flags, self.border, self.border_value)
