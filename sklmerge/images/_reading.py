"""Images as they come in, one array or a list out, and what to do about those that do not come."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from io import BytesIO, FileIO
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_progress
from sklmerge._containers import is_index
from sklmerge._contract import check_read_image
from sklmerge._parallel import Call, map_ordered
from sklmerge._resize import resize_image
from sklmerge._tensors import to_numpy
from sklmerge.images.codec import decode_image
from sklmerge.images.files import BadFileError, ImagePaths, RemoteFiles, is_url

Reader = Callable[[Any], Any]
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
# What came of a URL; None for a path, which is read when it is needed.
Fetched = bytes | ValueError | None
# Files a task, so that handing out tasks costs little beside decoding, and a store is asked for
# many at a time.
FILES_PER_TASK = 16
# Tasks handed out at a time, so that few images wait in memory to be put in their place.
TASKS_AT_ONCE = 32


class ReadOptions(NamedTuple):
    """How to read files; ``image_size`` and ``color_mode`` are those of `decode_image`."""

    # Path -> array, for formats of one's own; of a URL it gets the content as a binary file.
    # Whatever it raises is the reason of that file, and it ignores color_mode.
    reader: Reader | None = None
    image_size: tuple[int, int] | None = None
    color_mode: str = "rgb"


def fetch_urls(paths: Sequence[str], files: RemoteFiles) -> list[Fetched]:
    """Download all files that are URLs, concurrently; return None for local files."""
    places = [place for place, path in enumerate(paths) if is_url(path)]
    fetched: list[Fetched] = [None] * len(paths)
    # ConnectionError passes through: a store that does not answer is no fault of a file.
    for place, data in zip(places, files.fetch([paths[p] for p in places]), strict=True):
        fetched[place] = data
    return fetched


def read_bytes(path: str, fetched: Fetched = None) -> bytes:
    """Return the bytes of a file, downloaded or local; a ValueError says why this fails."""
    if isinstance(fetched, ValueError):
        raise fetched
    if fetched is not None:
        return fetched
    try:
        # Not by `open`, whose buffer costs as much as a small file: 9 us where it takes 12.
        with FileIO(path, "rb", opener=_open_at_once) as file:
            return file.readall() or b""
    except OSError as error:
        raise ValueError(_explain(error)) from error


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting: a pipe that is called like an image is an empty one."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_with(reader: Reader, path: str, fetched: Fetched = None) -> NDArray[Any]:
    """Call a user's reader; a ValueError gives the reason if it fails or returns no image."""
    source: Any = path
    if fetched is not None:
        source = BytesIO(read_bytes(path, fetched))
        # Some readers go by the ending of the name.
        source.name = path
    try:
        image = np.asarray(reader(source))
    except OSError as error:
        raise ValueError(_explain(error)) from error
    # Anybody's code runs here, and whatever it raises is the reason why this one file is not read.
    except Exception as error:
        raise ValueError(f"reader failed: {type(error).__name__}: {error}") from error
    return check_read_image(image)


def read_image(path: str, options: ReadOptions, fetched: Fetched = None) -> NDArray[Any]:
    """Read one image file; a ValueError gives only the reason, not the path."""
    reader, size, color_mode = options
    if reader is None:
        data = read_bytes(path, fetched)
        return decode_image(data, color_mode=color_mode, image_size=size)
    image = read_with(reader, path, fetched)
    return image if size is None else resize_image(image, size)


def read_images(
    paths: Sequence[str], options: ReadOptions, files: RemoteFiles, n_jobs: int | None
) -> Iterator[NDArray[Any] | str]:
    """Read files in threads and yield images in order, or the reason if a file cannot be read."""
    return map_files(partial(_read_or_explain, options=options), paths, files, n_jobs)


def map_files(
    function: Callable[[str, Fetched], Result],
    paths: Sequence[str],
    files: RemoteFiles,
    n_jobs: int | None,
    progress: Progress | None = None,
    finish: Callable[[list[Result]], list[Result]] | None = None,
) -> Iterator[Result]:
    """Call a function for each file, in threads, and yield the results in order.

    `finish` takes the results of a task, and what it returns is yielded. Use it for work that is
    cheaper when done for several files at once.
    """
    check_progress(progress)
    n_done = 0
    starts = range(0, len(paths), FILES_PER_TASK)
    tasks = (list(paths[start : start + FILES_PER_TASK]) for start in starts)
    done = map_ordered(
        _call_each,
        tasks,
        function,
        files,
        finish,
        n_jobs=n_jobs,
        at_once=TASKS_AT_ONCE,
        passes_gate=True,
    )
    # Stopped from the keyboard or closed early, it waits for the files at work alone.
    with closing(done):
        for results in done:
            yield from results
            n_done += len(results)
            if progress is not None:
                progress(n_done, len(paths))


def _call_each(
    paths: Sequence[str],
    function: Callable[[str, Fetched], Result],
    files: RemoteFiles,
    finish: Callable[[list[Result]], list[Result]] | None,
    call: Call,
) -> list[Result]:
    fetched = call(fetch_urls, paths, files) or ()
    results = [call(function, path, one) for path, one in zip(paths, fetched, strict=False)]
    # Closed in the meantime, the gate lets nothing through, and nobody waits for the results.
    return results if finish is None else call(finish, results) or []


def _read_or_explain(path: str, fetched: Fetched, options: ReadOptions) -> NDArray[Any] | str:
    try:
        return read_image(path, options, fetched)
    except ValueError as error:
        return str(error)


def _explain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


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
    """Read files as `ImageIndex.read` does; return the images and their positions."""
    images = read_images(paths, options, files, n_jobs)
    gathered, positions, failures = gather_images(images, len(paths))
    if failures:
        told = tell_failures(failures, paths.relative())
        # Nothing read is an error, whatever on_error says, and there is nothing to go on with.
        if not positions:
            raise BadFileError(told)
        if on_error == "raise":
            raise BadFileError(f'{told}; pass on_error="skip" to go on without them')
        if on_error == "warn":
            warnings.warn(f"{told}; they are left out", UserWarning, stacklevel=3)
    return gathered, positions


def gather_images(
    images: Iterator[NDArray[Any] | str], n: int
) -> tuple[NDArray[Any] | list[NDArray[Any]], list[int], list[Failure]]:
    """Collect images in an array, or in a list if they differ; with positions and failures."""
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
    """Say how many files could not be read, and name the first with the reason."""
    first, reason = failures[0]
    n_files = f"{len(failures)} of {len(paths)} files"
    return f"{n_files} could not be read, first: {paths[first]!r} ({reason})"


def find_paths(X: Any, *, name: str = "X") -> ImagePaths | None:
    """Find the paths in an index, list, array or table column; None if X has no paths."""
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
    return ImagePaths.from_bytes(os.fsencode(value) for value in values)


def get_ways(X: Any) -> tuple[Reader | None, RemoteFiles]:
    """Get the reader and the files object of an index; anything else gets the defaults."""
    # Not by hasattr: a data frame may have columns of these names.
    return (X.reader, X.files) if is_index(X) else (None, RemoteFiles())


def list_column(values: NDArray[Any]) -> Sequence[Any]:
    """List the text or objects of a single column; [] for numbers, which cannot be paths."""
    if values.dtype.kind not in "OUT" or values.ndim not in (1, 2):
        return []
    if values.ndim == 2 and values.shape[1] != 1:
        return []
    return list(values.ravel())


def is_path(value: Any) -> bool:
    """Return whether an object is a path."""
    return isinstance(value, str | os.PathLike)
