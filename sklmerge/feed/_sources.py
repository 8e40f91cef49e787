"""Where images come from: one small protocol, and the sources of it for what people have.

What is not an array in memory is read row by row, when a row is drawn. Labels are not read here;
which source serves what a person has, `_opening.py` says.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sklmerge._resize import resize_image
from sklmerge._tensors import is_closed, is_h5py
from sklmerge.feed._dataset_rows import RowColumn, make_image
from sklmerge.images import ImagePaths, ReadOptions, RemoteFiles, fetch_urls, read_image


class ImageSource(Protocol):
    """The interface that a source of images must have."""

    # Whether reading a row costs enough to keep what was read, and gives the same each time.
    is_kept: bool

    def __len__(self) -> int:
        """Return the number of images."""

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Return each image, or the reason why it cannot be read."""

    def describe(self, row: int) -> str:
        """Name an image for an error message."""

    def reopen(self) -> None:
        """Reopen what two processes must not share."""


class _RowByRow:
    """A source that reads one row at a time."""

    def read(self, row: int) -> NDArray[Any]:
        """Return one image; a ValueError gives the reason if this fails."""
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
        """Do nothing, because nothing has to be reopened."""


class ArraySource(_RowByRow):
    """Images or other rows in memory, in a memory map, or in an h5py or zarr array."""

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
        """Return one image, as a view if it is in memory and not resized."""
        try:
            image = self.images[row]
        except (OSError, RuntimeError, KeyError) as error:
            if is_closed(self.images):
                raise RuntimeError(
                    "source must stay open while it is fed, got an h5py data set whose file is "
                    "closed"
                ) from error
            raise ValueError(str(error)) from error
        # An array of dask's computes its row here.
        image = np.asarray(image) if self._is_array else make_image(image)
        return image if self.image_size is None else resize_image(image, self.image_size)

    def describe(self, row: int) -> str:
        """Name the row."""
        return f"image {row}"

    def reopen(self) -> None:
        """Reopen an h5py file, which two processes must not share."""
        if is_h5py(self.images):
            self.images = _open_h5py(*_find_h5py(self.images))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if is_h5py(self.images):
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
        """Read some files; download all URLs concurrently."""
        # A store that does not answer is a ConnectionError, which is no row's fault.
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
    """The images of a map-style data set, row by row."""

    def __init__(self, data: Any, options: ReadOptions, column: RowColumn) -> None:
        self.data, self.options, self.column = data, options, column
        self.is_kept = column.is_plain
        self.n = len(data)

    def __len__(self) -> int:
        return self.n

    def read(self, row: int) -> NDArray[Any]:
        """Read a row and convert its content to an image."""
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
    """An object of the user's with ``__len__`` and ``read(row)``."""

    # It may also have read_many(rows), reopen(), and labels(), which are y. An image that cannot be
    # read is a ValueError: raised, or in the list of read_many in the image's place.

    def __init__(self, own: Any, options: ReadOptions) -> None:
        super().__init__(own, options, RowColumn(_Rows(own)))

    def read_many(self, rows: Sequence[int]) -> list[NDArray[Any] | ValueError]:
        """Read several rows at once if the object can."""
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
        """Call the object's own ``reopen``, if it has one."""
        if hasattr(self.data, "reopen"):
            self.data.reopen()


@dataclass(frozen=True)
class _Rows:
    own: Any

    def __getitem__(self, row: int) -> Any:
        return self.own.read(row)
