"""Where images come from: one small protocol, and the sources of it for what people have.

What is not an array in memory is read row by row, when a row is drawn. Labels are not read here.
"""

import mmap
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_image_size
from sklmerge._containers import is_index
from sklmerge._contract import as_image_batch
from sklmerge._resize import resize_image
from sklmerge.feed._dataset_rows import RowColumn, find_column, make_image
from sklmerge.images import (
    ImagePaths,
    ReadOptions,
    RemoteFiles,
    check_decoding,
    fetch_urls,
    find_paths,
    read_image,
)

_KINDS = "images, paths, an ImageIndex or a data set with __len__ and __getitem__"


class ImageSource(Protocol):
    """What batches ask of a source."""

    # Whether reading a row costs enough to keep what was read, and gives the same each time.
    is_kept: bool

    def __len__(self) -> int:
        """Count the images."""

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Return each image, or the reason why it cannot be read."""

    def describe(self, row: int) -> str:
        """Name an image for an error message."""

    def reopen(self) -> None:
        """Open anew what two processes must not share."""


class _RowByRow:
    """A source that reads one row at a time."""

    def read(self, row: int) -> NDArray[Any]:
        """Return one image; ValueError gives the reason if that fails."""
        raise NotImplementedError

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Return each image, or the reason why it cannot be read."""
        read: list[NDArray[Any] | ValueError] = []
        for row in rows:
            try:
                read.append(self.read(row))
            except ValueError as error:
                read.append(error)
        return read

    def reopen(self) -> None:
        """Open nothing anew."""


class ArraySource(_RowByRow):
    """Images, or other rows, in memory, in a memory map, or in an array of h5py or zarr.

    Parameters
    ----------
    images : ndarray, sequence of images, or array on disk
        One image, or row, each.
    image_size : (int, int) or None
        Height and width to bring them to.
    """

    def __init__(self, images: Any, image_size: tuple[int, int] | None) -> None:
        self.images = images
        self.image_size = image_size
        # Shape and dtype of an array were checked as a whole, those of a list were not.
        self._is_array = hasattr(images, "dtype")
        self.is_kept = image_size is not None or not isinstance(images, np.ndarray | list | tuple)

    def __len__(self) -> int:
        # zarr's arrays have a shape and no length.
        return len(self.images) if isinstance(self.images, Sequence) else int(self.images.shape[0])

    def read(self, row: int) -> NDArray[Any]:
        """Return one image, as a view where it is in memory and not resized."""
        try:
            image = self.images[row]
        except (OSError, RuntimeError, KeyError) as error:
            raise ValueError(str(error)) from error
        if not self._is_array:
            image = make_image(image)
        return image if self.image_size is None else resize_image(image, self.image_size)

    def describe(self, row: int) -> str:
        """Name the row."""
        return f"image {row}"

    def reopen(self) -> None:
        """Open an h5py file anew: two processes must not share one."""
        if _is_h5py(self.images):
            self.images = _open_h5py(*_find_h5py(self.images))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if _is_h5py(self.images):
            state["images"] = _Reopened(_open_h5py, _find_h5py(self.images))
        elif isinstance(self.images, np.memmap) and isinstance(self.images.base, mmap.mmap):
            # A memory map would be sent as a copy of all that it maps.
            images = self.images
            order = "C" if images.flags.c_contiguous else "F"
            where = (images.filename, images.dtype, "r", images.offset, images.shape, order)
            state["images"] = _Reopened(np.memmap, where)
        return state


class _Reopened:
    """What is opened, not copied, when it is unpickled."""

    def __init__(self, opener: Any, where: tuple[Any, ...]) -> None:
        self.opener, self.where = opener, where

    def __reduce__(self) -> tuple[Any, ...]:
        return self.opener, self.where


def _is_h5py(images: Any) -> bool:
    return type(images).__module__.split(".")[0] == "h5py"


def _find_h5py(images: Any) -> tuple[str, str]:
    return images.file.filename, images.name


def _open_h5py(path: str, name: str) -> Any:
    import h5py

    return h5py.File(path, "r")[name]


class FileSource(_RowByRow):
    """Images in files."""

    is_kept = True

    def __init__(self, paths: ImagePaths, options: ReadOptions, files: RemoteFiles) -> None:
        self.paths = paths
        self.options = options
        self.files = files

    def __len__(self) -> int:
        return len(self.paths)

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Read some files, and fetch those behind URLs together.

        Raises
        ------
        ConnectionError
            If a store does not answer.
        """
        paths = [self.paths[row] for row in rows]
        read: list[NDArray[Any] | ValueError] = []
        for path, data in zip(paths, fetch_urls(paths, self.files), strict=True):
            try:
                read.append(read_image(path, self.options, data))
            except ValueError as error:
                read.append(error)
        return read

    def describe(self, row: int) -> str:
        """Name the file."""
        return self.paths[row]


class DataSetSource(_RowByRow):
    """The images of a map-style data set, row by row.

    Parameters
    ----------
    data : object with `__len__` and `__getitem__`
        Of torch, or of the like.
    options : ReadOptions
        How images in files are decoded, and the size that all are brought to.
    column : RowColumn
        Where in a row the image is.
    """

    def __init__(self, data: Any, options: ReadOptions, column: RowColumn) -> None:
        self.data, self.options, self.column = data, options, column
        self.is_kept = column.is_plain
        self.n = len(data)

    def __len__(self) -> int:
        return self.n

    def read(self, row: int) -> NDArray[Any]:
        """Read a row, and make an image of what it holds."""
        if len(self.data) != self.n:
            raise RuntimeError(
                f"source must keep its length, got a data set of {self.n} rows that has "
                f"{len(self.data)} now; make the batches anew"
            )
        try:
            item = self.column.data[row]
        # The code of a data set is the user's own, and may fail in any way.
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return make_image(self.column.pick(item), self.options)

    def describe(self, row: int) -> str:
        """Name the row."""
        return f"row {row} of {type(self.data).__name__}"


class OwnSource(DataSetSource):
    """An object of the user's with ``__len__`` and ``read(row)``.

    It may also have ``read_many(rows)``, ``reopen()``, and ``labels()``, which are y. An image that
    cannot be read is a ValueError: raised, or in the list of ``read_many`` in the image's place.
    """

    def __init__(self, own: Any, options: ReadOptions) -> None:
        super().__init__(own, options, RowColumn(_Rows(own)))

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Read rows together where the object can."""
        if not hasattr(self.data, "read_many"):
            return super().read_many(rows)
        try:
            images = list(self.data.read_many(rows))
        except ValueError:
            # One by one, which of them it is comes out.
            return super().read_many(rows)
        if len(images) != len(rows):
            raise RuntimeError(f"read_many must give {len(rows)} images, got {len(images)}")
        return [self._make(image) for image in images]

    def _make(self, image: Any) -> NDArray[Any] | ValueError:
        if isinstance(image, ValueError):
            return image
        try:
            return make_image(image, self.options)
        except ValueError as error:
            return error

    def reopen(self) -> None:
        """Let the object open what it has to."""
        if hasattr(self.data, "reopen"):
            self.data.reopen()


@dataclass(frozen=True)
class _Rows:
    own: Any

    def __getitem__(self, row: int) -> Any:
        return self.own.read(row)


def open_source(
    source: Any,
    image_size: Any,
    color_mode: str,
) -> ImageSource:
    """Make a source of whatever `ImageBatches` takes as one; nothing is read.

    Raises
    ------
    ValueError, TypeError
        If it holds neither images nor paths, or has no rows by number.
    """
    image_size = check_image_size(image_size)
    check_decoding(color_mode, image_size)
    options = ReadOptions(None, image_size, color_mode)
    if is_index(source):
        options = options._replace(reader=source.reader)
        return FileSource(source.paths, options, source.files)
    if callable(getattr(source, "read", None)) and hasattr(source, "__len__"):
        return OwnSource(source, options)
    if is_data_set(source):
        return DataSetSource(source, options, find_column(source))
    if _is_on_disk(source):
        return _open_arrays(source, image_size)
    _check_rows(source)
    paths = find_paths(source, name="source")
    if paths is not None:
        return FileSource(paths, options, RemoteFiles())
    if isinstance(source, list | tuple) and len(source) and _is_image(source[0]):
        for place, image in enumerate(source):
            if isinstance(image, np.ndarray):
                as_image_batch(image[None], name=f"source[{place}]", counted=True)
        return ArraySource(source, image_size)
    return _open_arrays(np.asanyarray(source), image_size)


def is_data_set(source: Any) -> bool:
    """Tell a map-style data set from arrays and lists, by what it has."""
    if hasattr(source, "features") and hasattr(source, "select_columns"):
        return hasattr(source, "__len__")
    if isinstance(source, np.ndarray | Sequence | ImagePaths) or hasattr(source, "__array__"):
        return False
    if hasattr(source, "shape") or hasattr(source, "iloc") or _is_stream(source):
        return False
    return hasattr(source, "__len__") and hasattr(source, "__getitem__")


def _is_stream(source: Any) -> bool:
    """Tell what can only be gone through: an IterableDataset, or batches that are made already."""
    torch_data = sys.modules.get("torch.utils.data")
    iterable = getattr(torch_data, "IterableDataset", ())
    names = ("element_spec", "on_epoch_end", "batch_sampler", "keys")
    return isinstance(source, iterable) or any(hasattr(source, name) for name in names)


def _is_on_disk(source: Any) -> bool:
    """Tell an array that is read by rows, such as h5py's and zarr's."""
    if isinstance(source, np.ndarray | np.generic) or hasattr(source, "__array_interface__"):
        return False
    if hasattr(source, "iloc") or hasattr(source, "__dlpack__"):
        return False
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def _is_image(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray) and value.ndim > 1
    return is_array or (hasattr(value, "convert") and hasattr(value, "getbands"))


def _check_rows(source: Any) -> None:
    """Refuse what has no rows by number, so that nothing is iterated blindly."""
    listed = isinstance(source, np.ndarray | list | tuple | ImagePaths)
    if listed or hasattr(source, "__array__") or hasattr(source, "iloc"):
        return
    shown = repr(source) if isinstance(source, str | bytes | os.PathLike) else type(source).__name__
    advice = "; list the images, or give a data set with rows" if _is_stream(source) else ""
    raise TypeError(f"source must be {_KINDS}, got {shown}{advice}")


def _open_arrays(images: Any, image_size: tuple[int, int] | None) -> ArraySource:
    shape, kind = tuple(images.shape), np.dtype(images.dtype).kind
    if len(shape) < 2 or kind in "OSUT":
        raise TypeError(
            f"source must be {_KINDS}, got an array of shape {shape} and dtype {images.dtype}"
        )
    if len(shape) == 2:
        # Flattened images or other rows; augmenter and scaler have their own `image_shape`.
        if image_size is not None:
            raise ValueError("image_size must be None where source has flattened rows")
    else:
        # Of what lies on disk, shape and dtype are checked without a row.
        rows = images if isinstance(images, np.ndarray) else np.empty((0, *shape[1:]), images.dtype)
        as_image_batch(rows, name="source", counted=True)
    return ArraySource(images, image_size)
