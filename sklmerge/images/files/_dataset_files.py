"""Rows of a Hugging Face data set as files: which column, what they are called, their bytes.

Nothing is decoded, and a row is read when its image is; labels are read in `_dataset_labels.py`
below.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sklmerge._dataset_labels import check_rows, find_label_columns, read_data_set
from sklmerge._kinds import is_missing
from sklmerge._tensors import to_numpy
from sklmerge.images.files._tables import METADATA_NAME

ROW_SCHEME = "dataset://"
# What the image of a row is called, in the order they are looked for: what a transform has made of
# an image comes before the image itself.
IMAGE_COLUMNS = ("pixel_values", "image", "img", "picture", "photo", "x")
_BINARY = ("binary", "large_binary")
_TEXT = ("string", "large_string")
_CELLS = re.compile(r"string|large_string|bool|u?int\d+")


def find_image_column(features: Mapping[str, Any]) -> str | None:
    """Find the column with images by the types of all columns; None if there is none."""
    pictures = [name for name, kind in features.items() if _is_picture(kind)]
    usual = [name for name in IMAGE_COLUMNS if name in (pictures or features)]
    if len(pictures) > 1 and not usual:
        raise TypeError(
            f"source must have one column of images, got {', '.join(map(repr, pictures))}; take "
            "one, data.select_columns([name, 'label'])"
        )
    others = [name for name, kind in features.items() if _holds_arrays_or_bytes(kind)]
    return next(iter(usual or pictures or others), None)


def select_images(data: Any, column: str) -> Any:
    """Select only the column of images, as stored: without formats, transforms and decoding."""
    chosen = data.select_columns([column]).with_format(None)
    if not _is_picture(data.features[column]):
        return chosen
    import datasets

    return chosen.cast_column(column, datasets.Image(decode=False))


def _is_picture(kind: Any) -> bool:
    return type(kind).__name__ == "Image"


def _is_file(kind: Any) -> bool:
    """Tell what Parquet files of images hold if nothing says that these are images."""
    return isinstance(kind, Mapping) and set(kind) == {"bytes", "path"}


def _get_dtype(kind: Any) -> Any:
    return getattr(kind, "dtype", None) if type(kind).__name__ == "Value" else None


def _holds_arrays_or_bytes(kind: Any) -> bool:
    return type(kind).__name__.startswith("Array") or _get_dtype(kind) in _BINARY


class DataSetFiles:
    """The images of a data set as files, named by row number and path, such as ``12/img7.jpg``."""

    def __init__(self, data: Any, path_column: str | None = None) -> None:
        check_table(data)
        features = data.features or {}
        column = find_image_column(features) if path_column is None else path_column
        if column is None or column not in features:
            raise ValueError(
                "path_column must say which column of the data set holds the images, got "
                f"{path_column!r}; there are {', '.join(map(repr, features))}"
            )
        kind = features[column]
        self.has_paths = _get_dtype(kind) in _TEXT
        self._has_parts = _is_picture(kind) or _is_file(kind)
        if not (self._has_parts or self.has_paths or _get_dtype(kind) in _BINARY):
            raise TypeError(
                f"source must have a column of image files, got {kind} in {column!r}; cast it, "
                f"data.cast_column({column!r}, datasets.Image()), or pass the data set to "
                "ImageBatches, which also takes arrays"
            )
        self.column = column
        # What stands where an archive has its path; the same for the same data.
        self.path = str(getattr(data, "_fingerprint", id(data)))
        self._images = select_images(data, column)
        self._others = data.with_format("arrow")

    def __len__(self) -> int:
        return len(self._images)

    def __repr__(self) -> str:
        return f"DataSetFiles({self.path!r}: {len(self)} rows)"

    @property
    def url(self) -> str:
        """The prefix of the paths of all files in this data set."""
        return ROW_SCHEME + self.path

    def list_names(self, name_extension: Any) -> list[str]:
        """Name each row by its number and the stored path; read at most one image."""
        paths = self.list_paths()
        # Where rows have bytes alone, the first one says what all are called: whoever reads a file
        # goes by its content.
        is_needed = not all(paths)
        extension = name_extension(_read_cell(self._images[0][self.column])) if is_needed else ""
        return [
            f"{row}/{_shorten(path)}" if path else f"{row}{extension}"
            for row, path in enumerate(paths)
        ]

    def list_paths(self) -> list[Any]:
        """List the path stored with or instead of each image; None where there is no path."""
        table = self._images
        if self._has_parts:
            table = table.flatten().select_columns([f"{self.column}.path"])
        elif not self.has_paths:
            return [None] * len(self)
        return list(table.with_format("arrow")[:].column(0).to_pylist())

    def read(self, names: Sequence[str]) -> list[bytes | ValueError]:
        """Read files; return a ValueError for each file that is missing."""
        numbers = [re.match(r"\d+", name) for name in names]
        places = [-1 if number is None else int(number[0]) for number in numbers]
        rows = [row for row in places if 0 <= row < len(self)]
        # All at once: a call costs more than a row.
        values = dict(zip(rows, self._images[rows][self.column], strict=True)) if rows else {}
        return [
            self._write_metadata() if name == METADATA_NAME else _read_cell(values.get(row, ""))
            for name, row in zip(names, places, strict=True)
        ]

    def _write_metadata(self) -> bytes:
        """Write the columns of text and whole numbers, so that images are grouped by them."""
        kinds = self._others.features
        names = [name for name, kind in kinds.items() if _CELLS.fullmatch(str(_get_dtype(kind)))]
        table = self._others.select_columns(names)[:]
        columns = [table.column(name).to_pylist() for name in names]
        text = io.StringIO()
        # No column of a data set can be called like the column of rows.
        key = max(["row", *names], key=len) + "_"
        csv.writer(text).writerow([key, *names])
        csv.writer(text).writerows(zip(map(str, range(len(self))), *columns, strict=True))
        return text.getvalue().replace("\0", "").encode()


def _read_cell(value: Any) -> bytes | ValueError:
    """Read what a cell holds: the bytes of a file, or its path."""
    path = value
    if isinstance(value, Mapping):
        data, path = value.get("bytes"), value.get("path")
        value = path if data is None else data
    if isinstance(value, bytes):
        return value
    if not path:
        return ValueError("no image in this row")
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        return ValueError(f"{path}: {(error.strerror or str(error)).lower()}")


def _shorten(path: str) -> str:
    """Make a relative path of one as it is stored, which may be absolute, or a URL."""
    return path.replace("://", "/").replace("\\", "/").lstrip("/")


def check_table(data: Any) -> None:
    """Raise an error, with advice, unless this is a single data set with numbered rows."""
    if isinstance(data, Mapping):
        parts = ", ".join(map(repr, list(data)[:5]))
        raise TypeError(f"source must be one data set, got a dict of them; pass one of {parts}")
    check_rows(data, "source")
    if len(data) == 0:
        raise ValueError("source must have a row for each image, got an empty data set")
    if (getattr(data, "format", None) or {}).get("type") == "custom":
        raise TypeError(
            "source must be a data set without a transform, which an index does not apply; pass "
            "data.with_format(None), or the data set to ImageBatches"
        )


def read_names(data: Any, label_column: str | None) -> list[Any]:
    """Read one label per row, as class names if the data set has them."""
    features = data.features or {}
    likely = find_label_columns(features) if label_column is None else [label_column]
    if len(likely) != 1 or likely[0] not in features:
        raise ValueError(
            "label_column must say which column of the data set holds the labels, got "
            f"{label_column!r}; there are {', '.join(map(repr, features))}"
        )
    found = read_data_set(data.with_format(None)[likely[0]], "source")
    labels = to_numpy(found.labels)
    if labels.ndim != 1:
        raise ValueError(
            f"source must have one label a row, got several in {type(data).__name__}; pass the "
            "data set to ImageBatches with class_mode='multilabel', or name another label_column"
        )
    if found.names is None:
        return list(labels.tolist())
    # A missing label turns whole numbers into floats; whoever reads the labels names its row.
    known = dict(enumerate(found.names))
    return [None if is_missing(label) else known[int(label)] for label in labels.tolist()]
