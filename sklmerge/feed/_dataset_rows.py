"""What one row of a data set holds in, its image out as an array with channels last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._contract import CHANNELS, DTYPE_ADVICE, holds_pixels
from sklmerge._resize import resize_image
from sklmerge._tensors import to_numpy
from sklmerge.images import (
    IMAGE_COLUMNS,
    ReadOptions,
    find_image_column,
    read_image,
    select_images,
)

_PIL_MODES = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}


@dataclass(frozen=True)
class RowColumn:
    """Where to find the image in a row of a data set."""

    # What is asked for a row, with as few columns beside the image as it can be.
    data: Any
    # What the image of a row that is a mapping may be called; the first name that is there counts.
    names: tuple[str, ...] = IMAGE_COLUMNS
    # Whether a row is the same each time it is read, so that it may be kept: code of the user's may
    # augment at random.
    is_plain: bool = False

    def pick(self, item: Any) -> Any:
        """Return the image in a row."""
        if isinstance(item, Mapping) and not is_file(item):
            name = next((name for name in self.names if name in item), None)
            if name is None:
                raise ValueError(
                    f"a row must hold its image as {' or '.join(map(repr, self.names))}, got a "
                    f"mapping of {', '.join(map(repr, item))}"
                )
            value = item[name]
            # Text in a table's column of images is a path.
            return {"path": value} if self.is_plain and isinstance(value, str) else value
        # (image, target), as torch's data sets give it.
        return item[0] if isinstance(item, tuple | list) and len(item) else item


def is_file(item: Mapping[Any, Any]) -> bool:
    """Return whether a dict is an encoded image, as in Parquet files, and not a row of columns."""
    return "bytes" in item and set(item) <= {"bytes", "path"}


def find_column(data: Any) -> RowColumn:
    """Find the column of images of a Hugging Face data set; other data sets give whole rows."""
    features = getattr(data, "features", None)
    if not features or not hasattr(data, "select_columns"):
        return RowColumn(data)
    column = find_image_column(features)
    found = () if column is None else (column,)
    shape = getattr(features[column], "shape", None) if column else None
    if shape and None not in shape:
        check_form(shape, f"column {column!r} of source")
    if (getattr(data, "format", None) or {}).get("type") == "custom":
        # set_transform: what comes is the user's own doing, perhaps at random.
        return RowColumn(data, (IMAGE_COLUMNS[0], *found, *IMAGE_COLUMNS))
    if column is None:
        raise TypeError(
            "source must have a column of images, got a data set with the columns "
            f"{', '.join(map(repr, features))}; cast it, data.cast_column(name, datasets.Image())"
        )
    # The bytes, so that images are decoded here as those of files are.
    return RowColumn(select_images(data, column), found, is_plain=True)


def make_image(value: Any, options: ReadOptions | None = None) -> NDArray[Any]:
    """Convert an array, a tensor, a Pillow image or bytes to an array with channels last."""
    # Errors give the reason alone: whoever asked for a row knows what it is called.
    options = ReadOptions(color_mode="keep") if options is None else options
    if isinstance(value, Mapping) and {"bytes", "path"} & set(value):
        data, path = value.get("bytes"), value.get("path")
        return read_image(path or "", options, data)
    if isinstance(value, bytes | bytearray | memoryview):
        return read_image("", options, bytes(value))
    if hasattr(value, "convert") and hasattr(value, "getbands"):
        value = _convert_picture(value, options.color_mode)
    elif hasattr(value, "detach"):
        value = _move_channels(to_numpy(value))
    image = np.asarray(value)
    if image.ndim == 0:
        is_short = isinstance(value, str | int | float | None)
        raise ValueError(
            "an image must be an array, a tensor, a picture of Pillow or encoded bytes, got "
            f"{repr(value) if is_short else type(value).__name__}"
        )
    check_form(image.shape)
    if not holds_pixels(image):
        if image.dtype.kind not in "iu" or image.size == 0 or image.min() < 0 or image.max() > 255:
            advice = DTYPE_ADVICE.get(image.dtype.kind, "").replace("X", "image")
            raise ValueError(
                f"an image must be of uint8, uint16, float32 or float64, got {image.dtype}{advice}"
            )
        # Lists of numbers, as tables hold images, come as int64.
        image = image.astype(np.uint8)
    return image if options.image_size is None else resize_image(image, options.image_size)


def check_form(shape: tuple[int, ...], name: str = "an image") -> None:
    """Check that a shape is the shape of one image with channels last."""
    n_axes = len(shape)
    if n_axes not in (2, 3) or (n_axes == 3 and shape[2] not in CHANNELS):
        advice = "; np.moveaxis(image, 0, 2)" if n_axes == 3 and shape[0] in CHANNELS else ""
        raise ValueError(f"{name} must be (H, W) or (H, W, C), got shape {shape}{advice}")


def _convert_picture(picture: Any, color_mode: str) -> NDArray[Any]:
    if picture.mode.startswith(("I", "F")):
        # 16 bits and floats: Pillow's conversion would cut them to 8.
        values = np.asarray(picture)
        if (
            values.dtype.kind in "iu"
            and values.size
            and not 0 <= values.min() <= values.max() < 2**16
        ):
            raise ValueError(
                f"an image must hold values from 0 to 65535, got {values.min()} to {values.max()}"
            )
        return values.astype(np.uint16) if values.dtype.kind in "iu" else values
    mode = _PIL_MODES.get(color_mode)
    if mode is None:
        mode = picture.mode if picture.mode in ("L", "RGB", "RGBA") else "RGB"
    return np.asarray(picture if picture.mode == mode else picture.convert(mode))


def _move_channels(values: NDArray[Any]) -> NDArray[Any]:
    """Put the channels of a tensor last; torch has them first."""
    if values.ndim == 3 and values.shape[0] in CHANNELS:
        return np.ascontiguousarray(np.moveaxis(values, 0, 2))
    return values
