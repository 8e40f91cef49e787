"""Rows of an index, as Python, scikit-learn and pandas ask for them."""

import os
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import is_whole
from sklmerge._containers import CountedLabels
from sklmerge.images.files import ImagePaths, check_rows
from sklmerge.labels import agree_on_merge

# Worked out when asked for, for the images that there are.
_CACHED = ("codes", "labels", "original_labels")


class IndexRows:
    """Let scikit-learn use an index as X: it behaves like a sequence of paths."""

    paths: ImagePaths
    original_codes: NDArray[np.signedinteger]
    labels: Any
    original_labels: Any

    @property
    def shape(self) -> tuple[int]:
        """Shape of the index, seen as an array with one axis: ``(n,)``."""
        return (len(self),)

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: Any) -> Self: ...
    def __getitem__(self, rows: Any) -> str | Self:
        """Return the path of one image or, for several rows, an index of these images."""
        # scikit-learn indexes whatever has a shape as X[rows, ...].
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]
        if is_whole(rows):
            return self.paths[range(len(self))[rows]]
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        return self.take(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the paths as an array of str."""
        return np.array(list(self.paths), dtype=dtype or np.str_)

    def take(self, indices: ArrayLike) -> Self:
        """Select images. Classes and their numbers stay the same, even if a class becomes empty.

        Parameters
        ----------
        indices : array-like of int or bool
            Positions in any order, or a boolean mask of length n.

        Returns
        -------
        ImageIndex
        """
        rows = check_rows(indices, len(self))
        part = self._copy()
        part.paths = self.paths.take(rows)
        part.original_codes = self.original_codes[rows]
        return part

    def _copy(self) -> Self:
        """Copy without what was worked out, which does not hold for other rows or another merge."""
        view = copy(self)
        for name in _CACHED:
            view.__dict__.pop(name, None)
        return view

    def __getstate__(self) -> dict[str, Any]:
        # What can be worked out again costs more to send than to make.
        return {name: value for name, value in self.__dict__.items() if name not in _CACHED}

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        root: str | os.PathLike[str] | None = None,
        merge: Any = None,
        reader: Any = None,
        path_column: str | None = None,
        label_column: str | None = None,
        suffix: str = "",
        storage_options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Make an index from a table, like ``ImageIndex(frame, ...)``.

        Parameters
        ----------
        frame : pandas or polars DataFrame, or path of a CSV file
            The table, with one row per image. The order of the rows is kept.
        root, merge, reader, path_column, label_column, suffix, storage_options
            See `ImageIndex`.

        Returns
        -------
        ImageIndex
        """
        make: Any = cls
        index: Self = make(
            frame,
            root=root,
            merge=merge,
            reader=reader,
            path_column=path_column,
            label_column=label_column,
            suffix=suffix,
            storage_options=storage_options,
        )
        return index

    def to_frame(self) -> Any:
        """Return a DataFrame with columns file_name (relative to root), label, original_label."""
        import pandas as pd

        return pd.DataFrame(
            {
                "file_name": list(self.paths.relative()),
                "label": self.labels,
                "original_label": self.original_labels,
            }
        )


def get_merge(index: Any) -> Any:
    """Get the merger of an index; None if the index has no merge."""
    return index.merger if index.merger.merge is not None else None


def merge_index(index: Any, merge: Any, door: str) -> Any:
    """Apply `merge` to an index; it must agree with a merge that the index already has."""
    if merge is None:
        return index
    merged = index.with_merge(merge)
    counts = index.original_counts
    labels = CountedLabels(list(counts), list(counts.values()))
    agree_on_merge(labels, {"the ImageIndex": get_merge(index), door: merged.merger})
    return merged
