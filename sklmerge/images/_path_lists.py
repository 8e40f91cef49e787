"""Whatever lists paths of images, as ImagePaths. Nothing is read here."""

import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from sklmerge._containers import is_index
from sklmerge._tensors import to_numpy
from sklmerge.images._reading import Reader
from sklmerge.images.files import ImagePaths, RemoteFiles


def find_paths(X: Any, *, name: str = "X") -> ImagePaths | None:
    """Find the paths in an index, a list, an array or a table column; None if X has none."""
    if is_index(X):
        paths: ImagePaths = X.paths
        return paths
    if isinstance(X, ImagePaths):
        return X
    if isinstance(X, str | os.PathLike):
        raise TypeError(f"{name} must be a list of paths, got one path: {os.fspath(X)!r}")
    values = X if isinstance(X, list | tuple) else list_column(to_numpy(X))
    if not len(values) or not is_path(values[0]):
        return None
    wrong = next((place for place, value in enumerate(values) if not is_path(value)), None)
    if wrong is not None:
        raise TypeError(f"{name} must hold paths only, got {values[wrong]!r} at position {wrong}")
    return ImagePaths.from_bytes([os.fsencode(value) for value in values])


def get_ways(X: Any) -> tuple[Reader | None, RemoteFiles]:
    """Get an index's own ways to read and fetch files; anything else has the usual ones."""
    # Not by hasattr: a data frame may have columns of these names.
    return (X.reader, X.files) if is_index(X) else (None, RemoteFiles())


def list_column(values: NDArray[Any]) -> Sequence[Any]:
    """List text and objects that stand in one column; numbers are no paths."""
    if values.dtype.kind not in "OUT" or values.ndim not in (1, 2):
        return []
    if values.ndim == 2 and values.shape[1] != 1:
        return []
    return list(values.ravel())


def is_path(value: Any) -> bool:
    """Tell a path from other objects."""
    return isinstance(value, str | os.PathLike)
