"""Whatever a person has in, the source of its images out, or an error that says what to pass."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from typing import Any

import numpy as np

from sklmerge._checks import check_image_size
from sklmerge._containers import is_index
from sklmerge._contract import as_image_batch
from sklmerge._dataset_labels import check_rows, is_feed, yields_batches
from sklmerge._tensors import check_open, to_numpy
from sklmerge.feed._dataset_rows import RowColumn, check_form, find_column, is_file
from sklmerge.feed._sources import (
    ArraySource,
    DataSetSource,
    FileSource,
    ImageSource,
    OwnSource,
)
from sklmerge.images import (
    ImagePaths,
    ReadOptions,
    RemoteFiles,
    advise_on_open,
    check_decoding,
    find_open_path,
    find_paths,
    name_source,
    sniff_format,
)

_KINDS = "images, paths, an ImageIndex or a data set with __len__ and __getitem__"


def open_source(source: Any, image_size: Any, color_mode: str, y: Any = None) -> ImageSource:
    """Make a source from anything that `ImageBatches` accepts; read nothing."""
    image_size, n_labels = check_image_size(image_size), _count_labels(y)
    check_decoding(color_mode, image_size)
    options = ReadOptions(None, image_size, color_mode)
    if is_index(source):
        options = options._replace(reader=source.reader)
        return FileSource(source.paths, options, source.files)
    check_open(source, "source")
    if callable(getattr(source, "read", None)) and hasattr(source, "__len__"):
        _check_count(source)
        return OwnSource(source, options)
    source = _find_table(source)
    if is_data_set(source):
        _check_count(source)
        return DataSetSource(source, options, find_column(source))
    if _is_on_disk(source):
        _check_count(source)
        return _open_arrays(source, image_size, n_labels)
    _check_rows(source)
    source = _list_objects(source)
    _check_count(source)
    paths = find_paths(source, name="source")
    if paths is not None:
        return FileSource(paths, options, RemoteFiles())
    if isinstance(source, list | tuple) and len(source):
        if _is_image(source[0]):
            _check_list(source)
            return ArraySource(source, image_size)
        if _is_encoded(source[0]):
            return DataSetSource(source, options, RowColumn(source, is_plain=True))
        source = _stack_numbers(source)
    return _open_arrays(np.asanyarray(source), image_size, n_labels)


def is_data_set(source: Any) -> bool:
    """Return whether an object is a map-style data set, and not an array or a list."""
    if hasattr(source, "features") and hasattr(source, "select_columns"):
        return hasattr(source, "__len__")
    if isinstance(source, np.ndarray | str | list | tuple | range | ImagePaths):
        return False
    if hasattr(source, "__array__") or hasattr(source, "column_name"):
        return False
    if hasattr(source, "shape") or hasattr(source, "iloc") or _is_stream(source):
        return False
    return hasattr(source, "__len__") and hasattr(source, "__getitem__")


def _find_table(source: Any) -> Any:
    """Take a column of a Hugging Face data set, such as data["image"], as a table of one column."""
    table: Any = getattr(source, "source", None)
    if hasattr(source, "features") and hasattr(source, "select_columns"):
        check_rows(source, "source")
    if hasattr(source, "column_name") and hasattr(table, "select_columns"):
        return table.select_columns([source.column_name])
    return source


def _is_stream(source: Any) -> bool:
    """Tell what can only be gone through: an IterableDataset, or batches that are made already."""
    torch_data = sys.modules.get("torch.utils.data")
    iterable = getattr(torch_data, "IterableDataset", ())
    # A data set may keep a list of keys, as those of LMDB do; what has a method is a mapping.
    has_parts = callable(getattr(source, "keys", None))
    is_made = is_feed(source) or yields_batches(source)
    return has_parts or is_made or isinstance(source, iterable)


def _is_on_disk(source: Any) -> bool:
    """Tell an array that is read by rows, such as h5py's and zarr's."""
    if isinstance(source, np.ndarray | np.generic) or hasattr(source, "__array_interface__"):
        return False
    # Columns of pandas and polars have to_list, tensors the protocol of DLPack.
    if any(hasattr(source, name) for name in ("iloc", "to_list", "__dlpack__")):
        return False
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def _is_image(value: Any) -> bool:
    # Open files have a detach, too.
    is_tensor = hasattr(value, "detach") and hasattr(value, "ndim")
    if isinstance(value, np.ndarray) or is_tensor:
        return bool(value.ndim > 1)
    return hasattr(value, "convert") and hasattr(value, "getbands")


def _is_encoded(value: Any) -> bool:
    """Tell the content of an image file, by itself or as Parquet files of images hold it."""
    if isinstance(value, Mapping):
        return is_file(value)
    return isinstance(value, bytes) and sniff_format(value) is not None


def _check_count(source: Any) -> None:
    """Refuse a source without images, whatever it is."""
    try:
        n = source.shape[0] if getattr(source, "shape", None) else len(source)
    except TypeError as error:
        # A data set of torch may have a length that raises, to say that it has none.
        raise TypeError(
            f"source must be {_KINDS}, got {type(source).__name__} without a length ({error})"
        ) from error
    if n == 0:
        raise ValueError(f"source must hold an image or more, got an empty {type(source).__name__}")


def _check_list(images: Any) -> None:
    """Check the arrays of a list; tensors and pictures are checked as they become arrays."""
    for place, image in enumerate(images):
        if isinstance(image, np.ndarray):
            check_form(image.shape, f"source[{place}]")
            as_image_batch(image[None], name=f"source[{place}]", counted=True)


def _check_rows(source: Any) -> None:
    """Refuse what has no rows by number, so that nothing is iterated blindly."""
    listed = isinstance(source, np.ndarray | list | tuple | ImagePaths)
    if listed or hasattr(source, "__array__") or hasattr(source, "iloc"):
        return
    is_path = isinstance(source, str | bytes | os.PathLike)
    shown = repr(source) if is_path else type(source).__name__
    raise TypeError(f"source must be {_KINDS}, got {shown}{_advise(source)}")


def _advise(source: Any) -> str:
    """Say what to pass instead of what has no rows."""
    if isinstance(source, str | os.PathLike):
        return f"; pass {name_source(os.fspath(source))}"
    path = find_open_path(source)
    if path is not None:
        return f"; pass {name_source(path)}" if path else advise_on_open(source)
    if is_feed(source):
        return "; these are batches already: loop over them"
    if hasattr(source, "batch_sampler"):
        return "; pass the data set that it loads, loader.dataset"
    if callable(getattr(source, "keys", None)) and isinstance(source, Iterable):
        return f"; pass one of its parts ({', '.join(map(repr, list(source)[:5]))})"
    if isinstance(source, Iterator | ValuesView):
        return "; pass list(source)"
    return "; a stream has no rows by number: load it as a data set" if _is_stream(source) else ""


def _list_objects(source: Any) -> Any:
    """List the rows of a column or an array of objects, such as pictures; read tensors."""
    if isinstance(source, np.ndarray):
        return list(source) if source.dtype == object and source.ndim == 1 else source
    if hasattr(source, "__dlpack__"):
        return to_numpy(source)
    # A column of pandas or polars.
    if hasattr(source, "to_list") and not isinstance(source, ImagePaths):
        return source.to_list()
    return source


def _stack_numbers(rows: Any) -> Any:
    """Make an array of nested lists of numbers, or say what a list holds instead of images."""
    first = rows[0]
    is_pair = isinstance(first, tuple | list) and len(first) and _is_image(first[0])
    advice = "; pass the images and their labels each by itself"
    if is_pair or hasattr(first, "keys"):
        raise TypeError(f"source must be {_KINDS}, got a list of {type(first).__name__}{advice}")
    try:
        return np.asanyarray(rows)
    except ValueError as error:
        raise TypeError(f"source must be {_KINDS}, got a list that is no array ({error})") from None


def _count_labels(y: Any) -> int | None:
    """Count the rows of labels, as far as they say so."""
    check_open(y, "y")
    shape = getattr(y, "shape", None)
    if shape:
        return int(shape[0])
    return len(y) if hasattr(y, "__len__") and not hasattr(y, "shape") else None


def _open_arrays(
    images: Any, image_size: tuple[int, int] | None, n_labels: int | None
) -> ArraySource:
    shape, kind = tuple(images.shape), np.dtype(images.dtype).kind
    if len(shape) < 2 or kind in "OSUT":
        raise TypeError(
            f"source must be {_KINDS}, got an array of shape {shape} and dtype {images.dtype}"
            f"{_advise_array(images, shape, kind)}"
        )
    if len(shape) == 2:
        # Flattened images or other rows; augmenter and scaler have their own `image_shape`.
        if image_size is not None:
            raise ValueError("image_size must be None where source has flattened rows")
    else:
        # Of what lies on disk, shape and dtype are checked without a row.
        is_read = isinstance(images, np.ndarray)
        rows = images if is_read else np.broadcast_to(np.zeros((), images.dtype), shape)
        # A batch of grey images is told from one photograph by the number of labels.
        as_image_batch(rows, name="source", counted=n_labels == shape[0])
    return ArraySource(images, image_size)


def _advise_array(images: Any, shape: tuple[int, ...], kind: str) -> str:
    """Say what to pass instead of an array that holds no images."""
    if len(shape) == 2:
        return (
            "; pass a column of images, table[name], or for a table of paths pass "
            "ImageIndex(table, path_column=, label_column=)"
        )
    if len(shape) > 2:
        return "; pass source.astype(np.uint8)" if kind == "O" else ""
    if kind == "S":
        return "; paths are text, pass [os.fsdecode(path) for path in source]"
    if not isinstance(images, np.ndarray):
        return "; wrap it in an object with __len__ and read(row), which may return bytes"
    return f" of {type(images[0]).__name__}" if kind == "O" else ""
