"""Parameters in, one affine map an image out; and the one place that warps."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._params import AugmentationParams

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
GEOMETRIC_COLUMNS = frozenset(
    {
        "rotation",
        "shift_x",
        "shift_y",
        "shift_x_pixels",
        "shift_y_pixels",
        "shear",
        "zoom_x",
        "zoom_y",
        "horizontal_flip",
        "vertical_flip",
    }
)
_IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def compose_affine(params: AugmentationParams, size: tuple[int, int]) -> NDArray[np.float64]:
    """Compose each image's flips, zoom, shear, shift and rotation into one affine map.

    Parameters
    ----------
    params : AugmentationParams
        Of n images.
    size : (int, int)
        Height and width in pixels.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        Maps where a pixel goes, ``(x, y, 1)``, to where it comes from, ``(x, y)``.

    Notes
    -----
    Rotation, shift, shear and zoom act in this order on output coordinates around the true centre
    ``((width - 1) / 2, (height - 1) / 2)``, as Keras' ``apply_affine_transform`` has it on square
    images; flips come after them in the image, so first on coordinates.
    """
    height, width = size
    theta, shear = np.deg2rad(params["rotation"]), np.deg2rad(params["shear"])
    cos, sin = np.cos(theta), np.sin(theta)
    shift_x = params["shift_x"] * width + params["shift_x_pixels"]
    shift_y = params["shift_y"] * height + params["shift_y_pixels"]
    flip_x = np.where(params["horizontal_flip"], -1.0, 1.0)
    flip_y = np.where(params["vertical_flip"], -1.0, 1.0)

    # Sheared first, x' = x - y sin(shear) and y' = y cos(shear), then turned.
    linear = np.empty((len(params), 2, 2))
    linear[:, 0, 0] = cos
    linear[:, 0, 1] = -cos * np.sin(shear) - sin * np.cos(shear)
    linear[:, 1, 0] = sin
    linear[:, 1, 1] = cos * np.cos(shear) - sin * np.sin(shear)
    linear *= np.stack([params["zoom_x"] * flip_x, params["zoom_y"] * flip_y], axis=-1)[:, None, :]

    center = np.array([(width - 1) / 2, (height - 1) / 2])
    affine = np.empty((len(params), 2, 3))
    affine[:, :, :2] = linear
    affine[:, 0, 2] = cos * shift_x - sin * shift_y
    affine[:, 1, 2] = sin * shift_x + cos * shift_y
    affine[:, :, 2] += center - linear @ center
    return affine


def compose_resize(
    affine: NDArray[np.float64], size: tuple[int, int], source_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Let maps within an image of one size read from a source of another size.

    Parameters
    ----------
    affine : ndarray of shape (n, 2, 3)
        Maps within the output's frame, see `compose_affine`.
    size, source_size : (int, int)
        Height and width of the output and of the source, in pixels.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        The same maps, followed by the resize; pixel centres lie at halves, as in OpenCV's and
        Pillow's resize.
    """
    scale = np.array([source_size[1] / size[1], source_size[0] / size[0]])
    resized = affine * scale[:, None]
    resized[:, :, 2] += (scale - 1) / 2
    return resized


def find_still(affine: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which maps, of shape (n, 2, 3), move nothing: their images are copied to the bit."""
    return (affine == _IDENTITY).all(axis=(1, 2))


def skips_pixels(source: tuple[int, int], size: tuple[int, int]) -> bool:
    """Tell whether one interpolation, which reads 2 x 2 pixels, would skip some of the source."""
    return source[0] > 2 * size[0] or source[1] > 2 * size[1]


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


def choose_frame(source: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Choose the size at which a warp to another size reads a source without skipping pixels.

    Sides are halved until one interpolation reads all that is left.

    Examples
    --------
    >>> choose_frame((375, 500), (224, 224))
    (375, 250)
    """
    frame = list(source)
    for axis in (0, 1):
        while frame[axis] > 2 * size[axis]:
            frame[axis] = (frame[axis] + 1) // 2
    return frame[0], frame[1]


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
