"""Where images come from, arrays or files: one image a row, or the reason why there is none."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sklmerge._contract import as_image_batch, check_image_shape
from sklmerge._resize import resize_image
from sklmerge.images import (
    MAX_PIXELS,
    Fetched,
    ImagePaths,
    ReadOptions,
    RemoteFiles,
    check_decoding,
    check_max_pixels,
    fetch_urls,
    find_paths,
    read_image,
)


class ImageSource(Protocol):
    """What batches ask of a source."""

    # Whether reading a row costs enough to keep what was read.
    is_costly: bool

    def __len__(self) -> int:
        """Count the images."""

    def fetch(self, rows: Sequence[int]) -> dict[int, Fetched]:
        """Fetch at once what is far away; rows that are at hand are left out."""

    def read(self, row: int, fetched: Fetched = None) -> NDArray[Any]:
        """Return one image; ValueError gives the reason where that fails."""

    def describe(self, row: int) -> str:
        """Say which image a row is, for an error message."""


class ArraySource:
    """Images, or other rows, that are in memory or in a memory map.

    Parameters
    ----------
    images : ndarray or sequence of ndarray
        One image, or row, each.
    image_size : (int, int) or None
        Height and width to bring them to.
    """

    def __init__(
        self, images: NDArray[Any] | Sequence[NDArray[Any]], image_size: tuple[int, int] | None
    ) -> None:
        self.images = images
        self.image_size = image_size
        self.is_costly = image_size is not None

    def __len__(self) -> int:
        return len(self.images)

    def fetch(self, rows: Sequence[int]) -> dict[int, Fetched]:
        """Fetch nothing: all is at hand."""
        return {}

    def read(self, row: int, fetched: Fetched = None) -> NDArray[Any]:
        """Return one image, as a view where it is not resized."""
        image = self.images[row]
        return image if self.image_size is None else resize_image(image, self.image_size)

    def describe(self, row: int) -> str:
        """Name the row."""
        return f"image {row}"


class FileSource:
    """Images in files.

    Parameters
    ----------
    paths : ImagePaths
        Where they are.
    options : ReadOptions
        How they are read.
    files : RemoteFiles
        What fetches those behind URLs.
    """

    is_costly = True

    def __init__(self, paths: ImagePaths, options: ReadOptions, files: RemoteFiles) -> None:
        self.paths = paths
        self.options = options
        self.files = files

    def __len__(self) -> int:
        return len(self.paths)

    def fetch(self, rows: Sequence[int]) -> dict[int, Fetched]:
        """Fetch the files behind URLs; ConnectionError where a store does not answer."""
        fetched = fetch_urls([self.paths[row] for row in rows], self.files)
        return {row: data for row, data in zip(rows, fetched, strict=True) if data is not None}

    def read(self, row: int, fetched: Fetched = None) -> NDArray[Any]:
        """Decode what was fetched of a file, or read it."""
        return read_image(self.paths[row], self.options, fetched)

    def describe(self, row: int) -> str:
        """Name the file."""
        return self.paths[row]


def open_source(
    source: Any,
    image_size: tuple[int, int] | None,
    color_mode: str,
    max_pixels: int | None = MAX_PIXELS,
) -> ImageSource:
    """Make a source of whatever `ImageBatches` takes as one.

    Parameters
    ----------
    source : array-like, sequence of paths or ImageIndex
        See `ImageBatches`.
    image_size : (int, int) or None
        Height and width to bring images to.
    color_mode, max_pixels
        How files are decoded, see `sklmerge.images.decode_image`.

    Returns
    -------
    ImageSource

    Raises
    ------
    ValueError, TypeError
        If it holds neither images nor paths.
    """
    check_decoding(color_mode, image_size)
    options = ReadOptions(None, image_size, color_mode, check_max_pixels(max_pixels))
    if hasattr(source, "paths") and hasattr(source, "original_codes"):
        options = options._replace(reader=source.reader)
        return FileSource(source.paths, options, source.files)
    if isinstance(source, str | bytes | os.PathLike):
        raise TypeError(f"source must be images, paths or an ImageIndex, got {source!r}")
    paths = find_paths(source, name="source")
    if paths is not None:
        return FileSource(paths, options, RemoteFiles())
    first = source[0] if isinstance(source, list | tuple) and len(source) else None
    if isinstance(first, np.ndarray) and first.ndim > 1:
        for place, image in enumerate(source):
            as_image_batch(np.asarray(image)[None], name=f"source[{place}]")
        return ArraySource(source, image_size)
    array = np.asanyarray(source)
    if array.ndim < 2 or array.dtype.kind in "OSUT":
        raise TypeError(
            "source must be images, paths or an ImageIndex, got an array of shape "
            f"{array.shape} and dtype {array.dtype}"
        )
    if array.ndim == 2:
        # Flattened images or other rows; augmenter and scaler have their own `image_shape`.
        if image_size is not None:
            raise ValueError("image_size must be None where source has flattened rows")
    else:
        as_image_batch(array, name="source", counted=True)
    if image_size is not None:
        image_size = (check_image_shape(image_size)[0], image_size[1])
    return ArraySource(array, image_size)
