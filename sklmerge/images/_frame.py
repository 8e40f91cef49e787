"""Data frames in and out of an index: which columns are read, and which are written."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._codes import find_classes
from sklmerge._containers import read_labels
from sklmerge.images.files import ImagePaths, choose_code_dtype


def read_frame(
    frame: Any, root: str, path_column: str, label_column: str | None
) -> tuple[ImagePaths, NDArray[np.signedinteger], list[Any]]:
    """Take paths and labels out of a data frame.

    Parameters
    ----------
    frame : pandas or polars DataFrame
        One row per image.
    root : str
        What relative paths are relative to.
    path_column : str
        The column of the paths.
    label_column : str or None
        The column of the labels; None is "original_label", or else "label".

    Returns
    -------
    paths : ImagePaths of length n
    codes : ndarray of int, shape (n,)
        Position of each label in ``classes``.
    classes : list of length n_classes
        The labels that occur, sorted.

    Raises
    ------
    ValueError
        The frame is empty, lacks a column, or a row lacks its label.
    """
    if label_column is None:
        label_column = "original_label" if "original_label" in frame.columns else "label"
    for name in (path_column, label_column):
        if name not in frame.columns:
            raise ValueError(f"frame must have a column {name!r}, got {list(frame.columns)}")
    if len(frame) == 0:
        raise ValueError("frame must have a row for each image, got none")
    classes, places = find_classes(read_labels(frame[label_column], f"frame[{label_column!r}]"))
    paths = [os.fsencode(path) for path in frame[path_column]]
    codes = places.astype(choose_code_dtype(len(classes)))
    return ImagePaths.from_bytes(paths, root=root), codes, classes.tolist()


def make_frame(paths: ImagePaths, labels: NDArray[Any], original_labels: NDArray[Any]) -> Any:
    """Put paths and labels in a pandas DataFrame, under the names that read_frame looks for."""
    import pandas as pd

    return pd.DataFrame(
        {
            "file_name": list(paths.relative()),
            "label": labels,
            "original_label": original_labels,
        }
    )
