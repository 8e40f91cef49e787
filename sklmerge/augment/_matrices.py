"""Parameters in, one affine map per image out. Nothing is warped here: see _warp.py."""

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._params import AugmentationParams

# (rows and columns swapped, columns mirrored, rows mirrored): all that lands pixel on pixel.
SYMMETRIES = tuple((swap, x, y) for swap in (False, True) for x in (1, -1) for y in (1, -1))
# The place of the one that moves nothing.
UNMOVED = 0

# Pixels that an interpolation may read beyond the place it is for.
_REACH = 2


def compose_affine(params: AugmentationParams, size: tuple[int, int]) -> NDArray[np.float64]:
    """Compose one map per image, of shape (n, 2, 3), from output pixels to source positions."""
    # Rotation, shift, shear and zoom act in this order on output coordinates around the true
    # centre, as Keras' `apply_affine_transform` has it on square images. In the image the crop
    # comes before them, so it acts last on coordinates; quarter turns and then flips come after
    # them in the image, so first on coordinates.
    height, width = size
    given = params.columns
    # A number where no image has a value of its own: arrays of them cost time.
    theta, shear = np.deg2rad(given.get("rotation", 0.0)), np.deg2rad(given.get("shear", 0.0))
    cos, sin, lean, tall = np.cos(theta), np.sin(theta), np.sin(shear), np.cos(shear)
    shift_x, shift_y = find_shift(given, "x", width), find_shift(given, "y", height)

    # Sheared first, x' = x - y sin(shear) and y' = y cos(shear), then turned.
    affine = np.empty((len(params), 2, 3))
    # Entry by entry, as views: NumPy takes twice as long for columns of two.
    (xx, xy, x), (yx, yy, y) = affine.transpose(1, 2, 0)
    across, down = (xx, yx), (xy, yy)
    xx[:] = cos
    xy[:] = -cos * lean - sin * tall
    yx[:] = sin
    yy[:] = cos * tall - sin * lean
    x[:] = cos * shift_x - sin * shift_y
    y[:] = sin * shift_x + cos * shift_y
    linear, offset = affine[:, :, :2], affine[:, :, 2]
    if "slope_x" in params or "slope_y" in params:
        slopes = np.broadcast_to(np.eye(2), linear.shape).copy()
        slopes[:, 0, 1], slopes[:, 1, 0] = params["slope_x"], params["slope_y"]
        linear[...] = linear @ slopes
    for column, name in ((across, "zoom_x"), (down, "zoom_y")):
        if name in given:
            multiply(column, given[name])
    if "quarter_turns" in given:
        linear[...] = linear @ compose_turns(given["quarter_turns"], square=height == width)
    for column, name in ((across, "horizontal_flip"), (down, "vertical_flip")):
        if name in given:
            multiply(column, np.where(given[name], -1.0, 1.0))

    center = np.array([(width - 1) / 2, (height - 1) / 2])
    offset += center - linear @ center
    return crop_affine(affine, params, size) if "crop" in params else affine


def find_shift(
    given: Mapping[str, NDArray[Any]], axis: str, side: int
) -> float | NDArray[np.float64]:
    """Find the shift of each image along one axis, in pixels."""
    fraction, pixels = given.get(f"shift_{axis}"), given.get(f"shift_{axis}_pixels")
    if fraction is None:
        return 0.0 if pixels is None else pixels
    shift: NDArray[np.float64] = fraction * float(side)
    return shift if pixels is None else shift + pixels


def multiply(entries: Iterable[NDArray[np.float64]], factor: NDArray[np.float64]) -> None:
    """Multiply entries of matrices, of shape (n,), in place."""
    for entry in entries:
        entry *= factor


def compose_turns(quarter_turns: NDArray[np.int64], *, square: bool) -> NDArray[np.float64]:
    """Return the matrices, of shape (n, 2, 2), of some counterclockwise quarter turns."""
    # A quarter turn of an image that is not square would change its shape. Half turns are left: 1
    # counts as none and 3 as two.
    turns = quarter_turns % 4 if square else quarter_turns % 4 // 2 * 2
    cos, sin = np.array([1.0, 0, -1, 0])[turns], np.array([0.0, 1, 0, -1])[turns]
    return np.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)


def crop_affine(
    affine: NDArray[np.float64], params: AugmentationParams, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Change maps of shape (n, 2, 3) so that they read a crop, scaled to the whole image."""
    # The part has the image's own shape. Beyond it, maps read the image's true pixels, as far as
    # there are any.
    share = np.sqrt(params["crop"])[:, None]
    corner = np.stack([params["crop_x"] * size[1], params["crop_y"] * size[0]], axis=-1)
    cropped = affine * share[..., None]
    # Pixel centres lie at halves.
    cropped[:, :, 2] += (share - 1) / 2 + corner * (1 - share)
    return cropped


def compose_resize(
    affine: NDArray[np.float64], size: tuple[int, int], source_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Change maps of shape (n, 2, 3) so that they read from a source of another size."""
    scale = np.array([source_size[1] / size[1], source_size[0] / size[0]])
    resized = affine * scale[:, None]
    # Pixel centres lie at halves, as in OpenCV's and Pillow's resize.
    resized[:, :, 2] += (scale - 1) / 2
    return resized


def find_symmetries(affine: NDArray[np.float64], size: tuple[int, int]) -> list[int]:
    """Find the index in `SYMMETRIES` of maps that only permute pixels; -1 for all others."""
    # In most batches no map could be one: the first row of each would be one 1 and one 0.
    if not np.count_nonzero(np.abs(affine[:, 0, 0]) + np.abs(affine[:, 0, 1]) == 1):
        return [-1] * len(affine)
    found = np.full(len(affine), -1)
    center = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    for place, (swap, mirror_x, mirror_y) in enumerate(SYMMETRIES):
        if swap and size[0] != size[1]:
            continue
        linear = np.diag([float(mirror_x), float(mirror_y)])
        linear = linear[::-1] if swap else linear
        offset = center - linear @ center
        same = (affine[:, :, :2] == linear).all(axis=(1, 2)) & (affine[:, :, 2] == offset).all(1)
        found[same] = place
    places: list[int] = found.tolist()
    return places


def measure_margins(
    affine: NDArray[np.float64], size: tuple[int, int], source_size: tuple[int, int]
) -> tuple[NDArray[np.intp], list[int]]:
    """Measure how many pixels above, below, left and right of the source each map reads.

    The second part is the room that the margins of all maps need.
    """
    bottom, right = size[0] - 1.0, size[1] - 1.0
    rows, columns = source_size
    reached = affine @ np.array([[0.0, right, 0.0, right], [0.0, 0.0, bottom, bottom], [1.0] * 4])
    # x and y run against the order of the sides.
    beyond = np.empty((len(affine), 4))
    np.negative(np.minimum.reduce(reached, axis=2), out=beyond[:, 2::-2])
    np.subtract(np.maximum.reduce(reached, axis=2), (columns - 1, rows - 1), out=beyond[:, 3::-2])
    margins = np.maximum(np.ceil(beyond) + _REACH, 0).astype(np.intp)
    # All 0 if one of them is more than half of its side: OpenCV then looks for the border.
    halves = (rows // 2, rows // 2, columns // 2, columns // 2)
    room: list[int] = margins.max(axis=0).tolist()
    if any(map(operator.gt, room, halves)):
        margins[(margins > halves).any(axis=1)] = 0
        room = margins.max(axis=0).tolist()
    return margins, room
