"""Paths in, arrays and reasons out: many files read in threads, the bad ones named."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from sklmerge._resize import resize_image
from sklmerge.images._codec import decode_image
from sklmerge.images._paths import ImagePaths

Reader = Callable[[str], Any]
Result = TypeVar("Result")
# Files a task, so that handing out tasks costs little beside decoding.
FILES_PER_TASK = 16
# Tasks handed out at a time, so that few images wait in memory to be put in their place.
TASKS_AT_ONCE = 32


class Failure(NamedTuple):
    """A file that could not be read, and why."""

    position: int
    reason: str


class ReadOptions(NamedTuple):
    """How files are read.

    Attributes
    ----------
    reader : callable or None
        Path -> array, for formats of one's own; it raises OSError or ValueError where it fails.
        ``color_mode`` is then its own affair.
    image_size, color_mode
        See ``decode_image``.
    """

    reader: Reader | None = None
    image_size: tuple[int, int] | None = None
    color_mode: str = "rgb"


def read_bytes(path: str) -> bytes:
    """Read a file whole; ValueError gives the reason where that fails."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(_explain(error)) from error


def read_with(reader: Reader, path: str) -> NDArray[Any]:
    """Call a user's reader; ValueError gives the reason where it fails."""
    try:
        image = np.asarray(reader(path))
    except OSError as error:
        raise ValueError(_explain(error)) from error
    if image.ndim not in (2, 3):
        raise ValueError(f"reader gave an array of shape {image.shape}")
    return image


def read_image(path: str, options: ReadOptions) -> NDArray[Any]:
    """Read one image file.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)

    Raises
    ------
    ValueError
        With the reason alone.
    """
    size = options.image_size
    if options.reader is None:
        return decode_image(read_bytes(path), color_mode=options.color_mode, image_size=size)
    image = read_with(options.reader, path)
    return image if size is None else resize_image(image, size)


def read_images(
    paths: Sequence[str], options: ReadOptions, n_jobs: int | None
) -> Iterator[NDArray[Any] | str]:
    """Read files in threads, in order; of each that cannot be read comes the reason instead."""
    return map_files(partial(_read_or_explain, options=options), paths, n_jobs)


def map_files(
    function: Callable[[str], Result], paths: Sequence[str], n_jobs: int | None
) -> Iterator[Result]:
    """Call a function for each path, in threads, and yield what it gives in order.

    Parameters
    ----------
    function : callable
        Path -> result.
    paths : sequence of str
        The files.
    n_jobs : int or None
        Threads, as joblib counts them.

    Yields
    ------
    result
    """
    starts = range(0, len(paths), FILES_PER_TASK)
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:
        for first in range(0, len(starts), TASKS_AT_ONCE):
            tasks = (
                delayed(_call_each)(function, list(paths[start : start + FILES_PER_TASK]))
                for start in starts[first : first + TASKS_AT_ONCE]
            )
            for results in parallel(tasks):
                yield from results


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
    return f"{n_files} could not be read, first: {paths[first]} ({reason})"


def _call_each(function: Callable[[str], Result], paths: Sequence[str]) -> list[Result]:
    return [function(path) for path in paths]


def _read_or_explain(path: str, options: ReadOptions) -> NDArray[Any] | str:
    try:
        return read_image(path, options)
    except ValueError as error:
        return str(error)


def _explain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
