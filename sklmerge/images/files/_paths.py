"""A million paths as one block of bytes, which read like a list of strings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge.images.files._names import is_url

# Paths that are packed at once, and bytes that are searched at once.
_CHUNK = 1 << 16
_N_SEARCHED = 1 << 20


class ImagePaths(Sequence[str]):
    """List of image paths that is stored compactly. Each path is decoded when it is used.

    In addition to the characters of the paths, a list of Python strings needs about 57 bytes per
    path, and repeats the root in every path. This class needs only 12 additional bytes per path,
    and subsets share the characters with the whole list.

    Parameters
    ----------
    block : bytes, bytearray or ndarray of uint8
        All paths, one after another, with ``/`` between folders, in the encoding of the file
        system.
    starts : ndarray of int64, shape (n,)
        Position in ``block`` where each path begins.
    lengths : ndarray of int32, shape (n,)
        Number of bytes of each path.
    root : str, default=""
        The root of all paths. It is prepended to each path that you access, except to absolute
        paths and URLs.

    Examples
    --------
    >>> paths = ImagePaths.from_bytes([b"cat/1.jpg", b"cat/2.jpg", b"dog/1.jpg"], root="pets")
    >>> len(paths), paths[-1]
    (3, 'pets/dog/1.jpg')
    >>> list(paths[:2])
    ['pets/cat/1.jpg', 'pets/cat/2.jpg']
    """

    def __init__(
        self,
        block: bytes | bytearray | NDArray[np.uint8],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int32],
        *,
        root: str = "",
    ) -> None:
        # An array, because joblib maps arrays into the memory of its workers, and copies bytes.
        packed = block if isinstance(block, np.ndarray) else np.frombuffer(block, np.uint8)
        self._block: NDArray[np.uint8] = packed
        self._starts = starts
        self._lengths = lengths
        self.root = root

    @classmethod
    def from_bytes(cls, paths: Iterable[bytes], *, root: str = "") -> Self:
        """Pack encoded paths, in the given order.

        Parameters
        ----------
        paths : iterable of bytes
            Relative paths, with ``/`` between folders.
        root : str, default=""
            The root of the paths.

        Returns
        -------
        ImagePaths
        """
        block, lengths = bytearray(), bytearray()
        remaining = iter(paths)
        # Paths that are made when they are asked for are forgotten again.
        while some := list(islice(remaining, _CHUNK)):
            block += b"".join(some)
            lengths += np.fromiter(map(len, some), np.int32, len(some)).tobytes()
        return cls.from_block(block, np.frombuffer(lengths, np.int32), root=root)

    @classmethod
    def from_block(
        cls, block: bytes | bytearray, lengths: NDArray[np.int32], *, root: str = ""
    ) -> Self:
        """Make paths from a block of bytes that contains encoded paths, one after another.

        Parameters
        ----------
        block : bytes or bytearray
            All paths, one after another.
        lengths : ndarray of int32, shape (n,)
            Number of bytes of each path.
        root : str, default=""
            The root of the paths.

        Returns
        -------
        ImagePaths
        """
        starts = np.cumsum(lengths, dtype=np.int64)
        starts -= lengths
        return cls(block, starts, lengths, root=root)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> str | Self:
        if isinstance(index, slice):
            return self._select(index)
        return _join(self.root, os.fsdecode(self.get_bytes(index)))

    def __iter__(self) -> Iterator[str]:
        root = self.root
        return (_join(root, os.fsdecode(path)) for path in self.iterate_bytes())

    def __repr__(self) -> str:
        return f"ImagePaths(n={len(self)}, root={self.root!r})"

    def take(self, indices: ArrayLike) -> Self:
        """Select paths by positions or a mask.

        Parameters
        ----------
        indices : array-like of int or bool
            Positions in any order, or a boolean mask of length n.

        Returns
        -------
        ImagePaths
        """
        return self._select(check_rows(indices, len(self)))

    def relative(self) -> Self:
        """Return the same paths without the root."""
        return type(self)(self._block, self._starts, self._lengths)

    def hold_urls(self) -> bool:
        """Return whether any path is a URL. This searches all paths, so do not call it per file."""
        # A piece at a time: bytes to search are a copy. Pieces overlap, so that no mark is cut.
        mark = b"://"
        pieces = (
            self._block[start : start + _N_SEARCHED + len(mark) - 1].tobytes()
            for start in range(0, len(self._block), _N_SEARCHED)
        )
        return is_url(self.root) or any(mark in piece for piece in pieces)

    def get_bytes(self, index: int) -> bytes:
        """Return one path without the root, as bytes. The bytes are the same on every system.

        Parameters
        ----------
        index : int
            Position of the path.

        Returns
        -------
        bytes
        """
        start = int(self._starts[index])
        return self._block[start : start + int(self._lengths[index])].tobytes()

    def iterate_bytes(self) -> Iterator[bytes]:
        """Return an iterator over all paths, as bytes and without the root."""
        block = self._block.data
        bounds = zip(self._starts.tolist(), self._lengths.tolist(), strict=True)
        return (bytes(block[start : start + length]) for start, length in bounds)

    def _select(self, rows: Any) -> Self:
        return type(self)(self._block, self._starts[rows], self._lengths[rows], root=self.root)


def _join(root: str, path: str) -> str:
    return path if is_url(path) else os.path.join(root, path)


def check_rows(indices: ArrayLike, n: int) -> NDArray[Any]:
    """Check that indices are a mask of length n, or positions, which may count from the end."""
    rows = np.atleast_1d(np.asarray(indices))
    if rows.size == 0:
        return np.empty(0, dtype=np.intp)
    if rows.ndim != 1 or rows.dtype.kind not in "iub":
        raise TypeError(
            f"indices must be positions or a mask, got an array of {rows.dtype} {rows.shape}"
        )
    if rows.dtype.kind == "b":
        if len(rows) != n:
            raise ValueError(f"indices must be a mask of length {n}, got {len(rows)}")
    elif rows.min() < -n or rows.max() >= n:
        raise IndexError(
            f"indices must be positions of {n} images, got {rows.min()} to {rows.max()}"
        )
    return rows


def find_rows(indices: ArrayLike, n: int) -> NDArray[np.intp]:
    """Convert indices or a mask of n rows to positions that are not negative."""
    rows = check_rows(indices, n)
    if rows.dtype.kind == "b":
        return np.flatnonzero(rows)
    return np.where(rows < 0, rows + n, rows).astype(np.intp)
