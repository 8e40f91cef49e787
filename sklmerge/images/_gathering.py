"""Images as they come in, one array or a list out, and what to do about those that do not come."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._errors import BadFileError
from sklmerge.images._paths import ImagePaths
from sklmerge.images._reading import ReadOptions, read_images
from sklmerge.images._remote import RemoteFiles

ON_ERROR = ("raise", "skip", "warn")


class Failure(NamedTuple):
    """A file that could not be read, and why."""

    position: int
    reason: str


def read_all(
    paths: ImagePaths,
    options: ReadOptions,
    files: RemoteFiles,
    *,
    on_error: str,
    n_jobs: int | None,
) -> tuple[NDArray[Any] | list[NDArray[Any]], list[int]]:
    """Read files, and raise, warn or keep silent about those that cannot be read.

    Parameters
    ----------
    paths : ImagePaths of length n
        The files.
    options : ReadOptions
        How they are read.
    files : RemoteFiles
        What fetches URLs.
    on_error : {"raise", "skip", "warn"}
        See `ImageIndex.read`.
    n_jobs : int or None
        Threads.

    Returns
    -------
    images : ndarray of shape (n_read, ...) or list of ndarray
    positions : list of int, length n_read
        Which of the n they are.

    Raises
    ------
    BadFileError
        Files could not be read, and that is an error, or none could.
    """
    images = read_images(paths, options, files, n_jobs)
    gathered, positions, failures = gather_images(images, len(paths))
    if failures:
        told = tell_failures(failures, paths.relative())
        if on_error == "raise" or not positions:
            raise BadFileError(f'{told}; pass on_error="skip" to go on without them')
        if on_error == "warn":
            warnings.warn(f"{told}; they are left out", UserWarning, stacklevel=3)
    return gathered, positions


def gather_images(
    images: Iterator[NDArray[Any] | str], n: int
) -> tuple[NDArray[Any] | list[NDArray[Any]], list[int], list[Failure]]:
    """Put images into one array where their shapes and dtypes agree, into a list where not.

    Parameters
    ----------
    images : iterator of ndarray or str
        What ``read_images`` yields.
    n : int
        How many there are.

    Returns
    -------
    images : ndarray of shape (n_read, ...) or list of ndarray
    positions : list of int, length n_read
        Which of the n they are.
    failures : list of Failure
    """
    batch: NDArray[Any] | None = None
    loose: list[NDArray[Any]] = []
    positions: list[int] = []
    failures: list[Failure] = []
    for position, image in enumerate(images):
        if isinstance(image, str):
            failures.append(Failure(position, image))
            continue
        if not positions:
            # Filling one array halves the memory that stacking a list would take.
            batch = np.empty((n, *image.shape), dtype=image.dtype)
        elif batch is not None and (image.shape, image.dtype) != (batch.shape[1:], batch.dtype):
            loose = list(batch[: len(positions)])
            batch = None
        if batch is None:
            loose.append(image)
        else:
            batch[len(positions)] = image
        positions.append(position)
    return loose if batch is None else batch[: len(positions)], positions, failures


def tell_failures(failures: Sequence[Failure], paths: ImagePaths) -> str:
    """Say how many files could not be read, which is the first, and why."""
    first, reason = failures[0]
    n_files = f"{len(failures)} of {len(paths)} files"
    return f"{n_files} could not be read, first: {paths[first]!r} ({reason})"
