"""Images and affine maps in, images out: the one place that mirrors and warps."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._resize import skips_pixels
from sklmerge.augment._matrices import SYMMETRIES

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


def choose_frame(source: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Choose the source size from which a warp to another size does not skip pixels."""
    frame = source
    while skips_pixels(frame, size):
        # The side that shrinks most is halved until one interpolation reads what is left.
        if frame[0] / size[0] > frame[1] / size[1]:
            frame = ((frame[0] + 1) // 2, frame[1])
        else:
            frame = (frame[0], (frame[1] + 1) // 2)
    return frame


def mirror_image(image: NDArray[Any], symmetry: int, out: NDArray[Any]) -> None:
    """Copy, flip or turn one image into a contiguous array of its shape; see `SYMMETRIES`."""
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
    """Warps images of one shape and dtype with reusable buffers, in one thread."""

    def __init__(
        self,
        shape: tuple[int, ...],
        size: tuple[int, int],
        dtype: np.dtype[Any],
        room: list[int],
        *,
        interpolation: str,
        fill_mode: str,
        cval: float,
    ) -> None:
        self.flags = INTERPOLATIONS[interpolation] | cv2.WARP_INVERSE_MAP
        self.border = FILL_MODES[fill_mode]
        self.border_value = (float(cval),) * 4
        self.size = (size[1], size[0])
        # OpenCV rounds coordinates of float64 images to 1/32 pixel, those of float32 it does not.
        self.dtype = np.dtype(np.float32) if dtype == np.float64 else dtype
        self.casts = self.dtype != dtype
        # OpenCV warps four channels about twice as fast as three, so three go through four lanes.
        self.lanes = len(shape) == 3 and shape[2] == 3
        depth = (4,) if self.lanes else shape[2:]
        # Room for the margins of all images to come: pixels that OpenCV need not look for beyond
        # the border are warped faster than those that it must.
        top, bottom, left, right = room
        padded = (top + shape[0] + bottom, left + shape[1] + right, *depth)
        self.padded = np.empty(padded, self.dtype)
        # Where an image lies between its margins.
        self.top, self.left = top, left
        self.bottom, self.right = top + shape[0], left + shape[1]
        self.inner = self.padded[top : self.bottom, left : self.right]
        self.target = np.empty((*size, *depth), self.dtype)

    def __call__(
        self,
        image: NDArray[Any],
        affine: NDArray[np.float64],
        margins: list[int],
        out: NDArray[Any],
    ) -> None:
        """Warp one image into a contiguous array; `affine` maps to the source plus its margins."""
        pixels = image.astype(self.dtype) if self.casts else image
        if self.lanes:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA, dst=self.inner)
        if any(margins):
            top, bottom, left, right = margins
            view = self.padded[
                self.top - top : self.bottom + bottom, self.left - left : self.right + right
            ]
            pixels = cv2.copyMakeBorder(pixels, top, bottom, left, right, self.border, dst=view)
        warped = cv2.warpAffine(
            pixels,
            affine,
            self.size,
            self.target if self.lanes or self.casts else out,
            self.flags,
            self.border,
            self.border_value,
        )
        if self.casts:
            out[...] = warped[..., :3] if self.lanes else warped
        elif self.lanes:
            cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=out)
