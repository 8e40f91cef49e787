"""What one image is compared by: digests of its bytes and of its pixels, and a thumbnail."""

import tempfile
from collections.abc import Callable, Mapping
from functools import cache, partial
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_choice, check_n_jobs, check_reader
from sklmerge.images._phash import SIDE, make_grey, shrink_grey
from sklmerge.images._reading import (
    Fetched,
    Progress,
    Reader,
    find_paths,
    get_ways,
    map_files,
    read_bytes,
    read_with,
)
from sklmerge.images.codec import decode_image
from sklmerge.images.files import ImagePaths, RemoteFiles

_DIGEST_BYTES = 16
# A JPEG is decoded at a fraction of its size where this is left: at most 2 bits of the hash change.
_REDUCED = (6 * SIDE, 6 * SIDE)
# Thumbnails of more images than this lie in a temporary file, which takes no memory for long.
_MOST_IN_MEMORY = 2**16
BY = ("bytes", "pixels")


@cache
def name_dtype(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype from a cache, because NumPy takes 7 us each time."""
    return str(dtype)


def digest_pixels(image: NDArray[Any]) -> bytes:
    """Hash the pixels, shape and dtype of an image; equal digests mean equal images."""
    state = blake2b(f"{name_dtype(image.dtype)} {image.shape} ".encode(), digest_size=_DIGEST_BYTES)
    state.update(np.ascontiguousarray(image).data)
    return state.digest()


def digest_file(data: bytes) -> bytes:
    """Hash the bytes of a file."""
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


class Fingerprint(NamedTuple):
    """Digests and thumbnail of one image, or the reason why it cannot be read; None if not made."""

    file: bytes | None = None
    pixels: bytes | None = None
    thumbnail: NDArray[np.uint8] | None = None
    reason: str | None = None
    # What the thumbnail is made of, until it is: see finish_thumbnails.
    grey: NDArray[np.uint8] | None = None


class Fingerprints:
    """Digests and thumbnails of images, which `find_equal` and `find_near` compare.

    For a million images, the digests need 32 MB of memory, and the thumbnails 1 GB in a temporary
    file.

    Parameters
    ----------
    n : int
        Number of images.

    Attributes
    ----------
    files, pixels : ndarray of uint64, shape (n, 2)
        Digests of the bytes of each file, and of its pixels. Valid only in rows where `has_file` or
        `has_pixels`, respectively, is True.
    thumbnails : ndarray of uint8, shape (n, 32, 32)
        Grey thumbnails. Only valid in rows where `has_thumbnail` is True.
    has_file, has_pixels, has_thumbnail : ndarray of bool, shape (n,)
        Whether each row has a digest of the bytes, a digest of the pixels and a thumbnail,
        respectively. For a file that cannot be decoded, only `has_file` is True.
    reasons : dict of int to str
        Row of each image that could not be read or decoded -> the reason for this.

    Examples
    --------
    >>> from sklmerge.images import take_fingerprints
    >>> take_fingerprints([])
    Fingerprints(0 images)
    """

    def __init__(self, n: int) -> None:
        self.files, self.pixels = np.zeros((n, 2), np.uint64), np.zeros((n, 2), np.uint64)
        self.has_file, self.has_pixels = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        self.has_thumbnail = np.zeros(n, np.bool_)
        self.reasons: dict[int, str] = {}
        shape = (n, SIDE, SIDE)
        self.thumbnails: NDArray[np.uint8]
        if n <= _MOST_IN_MEMORY:
            self.thumbnails = np.zeros(shape, np.uint8)
        else:
            with tempfile.TemporaryFile() as file:
                self.thumbnails = np.memmap(file, np.uint8, "w+", shape=shape)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"Fingerprints({len(self)} images)"

    def put(self, row: int, found: Fingerprint) -> None:
        """Store the fingerprint of one image.

        Parameters
        ----------
        row : int
            Row of the image.
        found : Fingerprint
            The fingerprint of the image.
        """
        if found.file is not None:
            self.files[row], self.has_file[row] = np.frombuffer(found.file, np.uint64), True
        if found.pixels is not None:
            self.pixels[row], self.has_pixels[row] = np.frombuffer(found.pixels, np.uint64), True
        if found.thumbnail is not None:
            self.thumbnails[row], self.has_thumbnail[row] = found.thumbnail, True
        if found.reason is not None:
            self.reasons[row] = found.reason

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Select the fingerprints of some images.

        Parameters
        ----------
        rows : ndarray of int, shape (m,)
            Rows to select.

        Returns
        -------
        Fingerprints
        """
        part = type(self)(len(rows))
        for name in ("files", "pixels", "has_file", "has_pixels", "has_thumbnail", "thumbnails"):
            getattr(part, name)[:] = getattr(self, name)[rows]
        known = self.reasons
        part.reasons = {new: known[row] for new, row in enumerate(rows.tolist()) if row in known}
        return part


def take_fingerprints(
    images: Any,
    *,
    by: str = "pixels",
    n_jobs: int | None = None,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
    reader: Reader | None = None,
    files: RemoteFiles | None = None,
) -> Fingerprints:
    """Read each image once, and compute what `find_equal` and `find_near` compare.

    Parameters
    ----------
    images : ImageIndex or sequence of paths
        The images.
    by : {"pixels", "bytes"}, default="pixels"
        What to compute. With "bytes", images are not decoded, so you can only find equal files.
    n_jobs : int or None, default=None
        Number of threads, as in joblib.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread.
    storage_options : mapping or None, default=None
        Options for the fsspec file systems that open URLs in a list of paths. Not needed for an
        index.
    reader : callable or None, default=None
        A function that takes a path and returns an array, to read your own file formats in a list
        of paths. Not needed for an index.
    files : RemoteFiles or None, default=None
        Object that opens URLs and archives in a list of paths. Not needed for an index.

    Returns
    -------
    Fingerprints
        One row per image. Files that cannot be read never count as equal or similar to other files.
    """
    check_choice("by", by, BY)
    describe = partial(_describe, decodes=by == "pixels")
    ways = (reader, files)
    return describe_all(images, describe, n_jobs, progress, storage_options, ways)


def list_paths(images: Any) -> ImagePaths:
    """List the paths of images; raise TypeError if the argument does not consist of paths."""
    paths = find_paths(images, name="images")
    if paths is not None:
        return paths
    if isinstance(images, list | tuple) and not images:
        return ImagePaths.from_bytes([])
    kind = type(images).__name__
    raise TypeError(f"images must be an ImageIndex, paths or Fingerprints, got {kind}")


def describe_all(
    images: Any,
    describe: Callable[..., Fingerprint],
    n_jobs: int | None,
    progress: Progress | None,
    storage_options: Mapping[str, Any] | None,
    ways: tuple[Reader | None, RemoteFiles | None] = (None, None),
) -> Fingerprints:
    """Fingerprint each image in threads; the reader and files in `ways` override the index's."""
    check_reader(ways[0])
    paths = list_paths(images)
    own_reader, own_files = get_ways(images)
    reader, files = ways[0] or own_reader, ways[1] or own_files
    if storage_options is not None:
        files = RemoteFiles(storage_options)
    prints = Fingerprints(len(paths))
    work = partial(describe, reader=reader)
    n_jobs = check_n_jobs(n_jobs)
    described = map_files(work, paths, files, n_jobs, progress, finish_thumbnails)
    for row, found in enumerate(described):
        prints.put(row, found)
    return prints


class _HasGrey(Protocol):
    """A named tuple with a thumbnail, or with the grey image that it is made of."""

    @property
    def grey(self) -> NDArray[np.uint8] | None: ...
    def _replace(self, *, thumbnail: NDArray[np.uint8], grey: None) -> Self: ...


Described = TypeVar("Described", bound=_HasGrey)


def finish_thumbnails(found: list[Described]) -> list[Described]:
    """Make thumbnails of grey images, of those of one size together."""
    places = [place for place, one in enumerate(found) if one.grey is not None]
    small = shrink_grey([grey for one in found if (grey := one.grey) is not None])
    for place, thumbnail in zip(places, small, strict=True):
        found[place] = found[place]._replace(thumbnail=thumbnail, grey=None)
    return found


def _describe(path: str, fetched: Fetched, reader: Any, *, decodes: bool) -> Fingerprint:
    """Make the whole fingerprint of a file, with the grey image for the thumbnail."""
    try:
        data = read_bytes(path, fetched)
    except ValueError as error:
        return Fingerprint(reason=str(error))
    if not decodes:
        return Fingerprint(digest_file(data))
    try:
        image = decode_image(data) if reader is None else read_with(reader, path, fetched)
    except ValueError as error:
        return Fingerprint(digest_file(data), reason=str(error))
    return Fingerprint(digest_file(data), digest_pixels(image), grey=make_grey(image))


def describe_looks(path: str, fetched: Fetched, reader: Any) -> Fingerprint:
    """Make only the grey image for the thumbnail of a file, from as few pixels as necessary."""
    try:
        if reader is not None:
            return Fingerprint(grey=make_grey(read_with(reader, path, fetched)))
        data = read_bytes(path, fetched)
        # The first bytes of a JPEG. Others are decoded whole whatever is asked for.
        if data[:2] == b"\xff\xd8":
            image = decode_image(data, color_mode="grayscale", image_size=_REDUCED)
        else:
            image = decode_image(data)
    except ValueError as error:
        return Fingerprint(reason=str(error))
    return Fingerprint(grey=make_grey(image))
