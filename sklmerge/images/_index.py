"""ImageIndex: where images are and what they are called. Pixels are read in _reading.py."""

import os
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge.images._frame import make_frame, read_frame
from sklmerge.images._reading import ON_ERROR, Progress, Reader, ReadOptions, read_all
from sklmerge.images._verify import ImageReport, verify_files
from sklmerge.images.codec import IMAGE_EXTENSIONS, check_decoding
from sklmerge.images.files import (
    ImagePaths,
    RemoteFiles,
    check_classes,
    check_extensions,
    check_rows,
    check_url,
    choose_sides,
    count_classes,
    find_rows,
    fit_merger,
    is_url,
    scan_class_folders,
    scan_remote_folders,
)
from sklmerge.labels import LabelMerger, check_merger


class ImageIndex:
    """List the images of a folder of class folders, with their labels, before or after merging.

    Each folder directly in ``root`` is a class; its images may lie in folders inside it. No image
    is opened until it is read, and merging moves nothing: it changes what the images are called
    here, in labels, codes and counts alike.

    Parameters
    ----------
    root : path or URL
        The folder that holds the class folders. Its own files, and all names that begin with a
        dot, are passed over. Links are followed, except those to a folder they lie in. Any URL
        that fsspec knows, such as ``"s3://bucket/photos"``, is read as a folder is.
    classes : collection of str or None, default=None
        The class folders to take; None takes all. The order has no meaning: classes are always
        numbered in sorted order, as Keras numbers folders.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes count as one, such as ``{"AB": ["A", "B"]}``. A class that is not there is
        an error.
    extensions : iterable of str or None, default=None
        Endings of images' names; upper and lower case are alike. None means those of all formats
        that are read.
    reader : callable or None, default=None
        Path -> array, for formats that are not read; give their ``extensions`` too. What it
        raises is the reason why that file cannot be read, and what it returns is held to the
        image contract. Of what lies
        behind a URL it gets the content as a binary file, which ``numpy.load``,
        ``pydicom.dcmread`` and ``tifffile.imread`` take as well.
    allow_empty : bool, default=False
        Whether class folders without an image are passed over; ``empty_folders`` names them.
    storage_options : mapping or None, default=None
        What fsspec's file system is made with, for a root that is a URL.

    Attributes
    ----------
    root : str
        As given; a URL without slashes at its end.
    paths : ImagePaths of length n
        Paths of the images, sorted bytewise within sorted classes. Reads like a list of str;
        ``paths.relative()`` leaves out the root.
    original_classes : list of length n_original
        The classes before merging, sorted.
    original_codes : ndarray of int, shape (n,)
        The position of each image's original class among them.
    empty_folders : list of str
        Class folders without an image, which are no classes here.
    files : RemoteFiles
        Fetches what lies behind URLs.
    merger : LabelMerger
        Fitted; carries labels and probabilities to merged classes and back.

    Raises
    ------
    ValueError
        There is no such folder, it has no class folders, one of them has no image, or ``classes``
        or ``merge`` names one that is not there; or there are ``storage_options`` for a path.
    ConnectionError
        The store behind a URL does not answer, or refuses.
    ImportError
        fsspec, or what it needs for such a URL, is not installed.

    Notes
    -----
    A single class, or a merge that leaves one, is no error here. Images are listed once, when the
    index is made; files that come or go later are not noticed until they are read.

    A pickled index holds its ``storage_options``, and with them whatever key stands in them.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklmerge import ImageIndex
    >>> from sklmerge.datasets import write_textures
    >>> folder = TemporaryDirectory()
    >>> write_textures(folder.name)
    >>> index = ImageIndex(folder.name, merge={"mineral": ["brick", "gravel"]})
    >>> index.class_indices
    {'grass': 0, 'mineral': 1}
    >>> images = index.read([0, 1, 2], image_size=(32, 40))
    >>> images.shape, index.labels[:3].tolist()
    ((3, 32, 40, 3), ['mineral', 'mineral', 'mineral'])
    >>> folder.cleanup()
    """

    # The rooms below know an index by this.
    _is_image_index = True

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        classes: Collection[str] | None = None,
        merge: Any = None,
        extensions: Iterable[str] | None = None,
        reader: Reader | None = None,
        allow_empty: bool = False,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        folder = check_url(root, storage_options)
        wanted = check_classes(classes)
        endings = check_extensions(IMAGE_EXTENSIONS if extensions is None else extensions)
        merger = check_merger(merge)
        files = RemoteFiles(storage_options)
        if is_url(folder):
            found = scan_remote_folders(files, folder, wanted, endings, allow_empty=allow_empty)
        else:
            found = scan_class_folders(folder, wanted, endings, allow_empty=allow_empty)
        self.empty_folders = found.empty
        self._fill(found.paths, found.codes, found.classes, merger, reader, files)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        root: str | os.PathLike[str] = "",
        merge: Any = None,
        reader: Reader | None = None,
        path_column: str = "file_name",
        label_column: str | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Take paths and labels from a table, such as ``to_frame`` gives or a metadata.csv holds.

        Parameters
        ----------
        frame : pandas or polars DataFrame
            One row per image; the order is kept.
        root : path or URL, default=""
            What relative paths are relative to; URLs and absolute paths among them stay.
        merge, reader
            As for the class itself.
        path_column : str, default="file_name"
            The column of the paths.
        label_column : str or None, default=None
            The column of the original labels; None is "original_label", or else "label".
        storage_options : mapping or None, default=None
            What fsspec's file systems are made with, for URLs.

        Returns
        -------
        ImageIndex

        Raises
        ------
        ValueError
            The frame is empty or lacks a column, or a label is missing; or there are
            ``storage_options`` and no URL.
        """
        folder = check_url(root, None)
        paths, codes, classes = read_frame(frame, folder, path_column, label_column)
        if not paths.hold_urls():
            check_url(folder, storage_options)
        index = cls.__new__(cls)
        index.empty_folders = []
        files = RemoteFiles(storage_options)
        index._fill(paths, codes, classes, check_merger(merge), reader, files)
        return index

    @cached_property
    def codes(self) -> NDArray[np.signedinteger]:
        """The number of each image's merged class, by ``class_indices``; shape (n,)."""
        numbers = self.merger.encode(self.original_classes)
        codes: NDArray[np.signedinteger] = numbers.astype(self.original_codes.dtype)
        return codes[self.original_codes]

    @cached_property
    def labels(self) -> NDArray[Any]:
        """Merged labels; shape (n,)."""
        return np.array(self.classes)[self.codes]

    @cached_property
    def original_labels(self) -> NDArray[Any]:
        """Original labels; shape (n,)."""
        return np.array(self.original_classes)[self.original_codes]

    @property
    def classes(self) -> list[Any]:
        """The merged classes, sorted."""
        return list(self.class_indices)

    @property
    def class_indices(self) -> dict[Any, int]:
        """Merged class -> its number."""
        return self.merger.class_indices_

    @property
    def n_classes(self) -> int:
        """How many merged classes there are."""
        return len(self.class_indices)

    @property
    def counts(self) -> dict[Any, int]:
        """Merged class -> how many images it has here, 0 for one that a subset lacks."""
        return count_classes(self.classes, self.codes)

    @property
    def original_counts(self) -> dict[Any, int]:
        """Original class -> how many images it has here."""
        return count_classes(self.original_classes, self.original_codes)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        merged = len(self.original_classes)
        note = f" merged from {merged}" if merged != self.n_classes else ""
        return f"ImageIndex({self.root!r}: {len(self)} images of {self.n_classes} classes{note})"

    def take(self, indices: ArrayLike) -> Self:
        """Select images; classes and their numbers stay, even of classes without an image.

        Parameters
        ----------
        indices : array-like of int or bool
            Positions, in the order wanted, or a mask of length n.

        Returns
        -------
        ImageIndex
        """
        rows = check_rows(indices, len(self))
        part = copy(self)
        # What was worked out for all images does not hold for some.
        for name in ("codes", "labels", "original_labels"):
            part.__dict__.pop(name, None)
        part.paths = self.paths.take(rows)
        part.original_codes = self.original_codes[rows]
        return part

    def with_merge(self, merge: Any) -> Self:
        """Give a view of the same images with other classes merged.

        Parameters
        ----------
        merge : mapping, list of lists, LabelMerger or None
            Of original labels. None takes any merging back.

        Returns
        -------
        ImageIndex
            Its classes are those of the index that this one was taken from, so that both sides of
            a split keep one numbering.
        """
        view = self.take(np.arange(len(self)))
        view.merger = fit_merger(merge, self.original_classes, self._all_codes)
        return view

    def split(
        self, test_size: float = 0.2, *, groups: ArrayLike | None = None, random_state: Any = 0
    ) -> tuple[Self, Self]:
        """Divide the images in two, alike in their shares of every original class.

        Do it before any copy is made: copies of one image on both sides would give the answers
        away. The order in which images fall to the test side depends on their own paths (or
        groups) and the seed alone, so images added later change few of the old ones' sides.

        Parameters
        ----------
        test_size : float, default=0.2
            Share of the test side, between 0 and 1. A class of one image goes to train, one of two
            or more to both sides.
        groups : array-like of shape (n,) or None, default=None
            What must not be divided, such as the patient of each image. Shares are then only as
            near as the groups allow.
        random_state : int, RandomState or None, default=0
            The seed.

        Returns
        -------
        train, test : ImageIndex

        Raises
        ------
        ValueError
            ``test_size`` is out of range or leaves a side empty, or ``groups`` has another length.
        """
        sides = choose_sides(
            self.paths,
            self.original_codes,
            self.codes,
            test_size=test_size,
            groups=groups,
            random_state=random_state,
        )
        return self.take(sides == 0), self.take(sides == 1)

    def read(
        self,
        indices: ArrayLike | None = None,
        *,
        image_size: tuple[int, int] | None = None,
        color_mode: str = "rgb",
        on_error: str = "raise",
        return_indices: bool = False,
        n_jobs: int | None = None,
    ) -> Any:
        """Read images into one array, or into a list where their shapes differ.

        Parameters
        ----------
        indices : array-like of int or bool, or None, default=None
            Which images; None reads all.
        image_size : (height, width) or None, default=None
            Size to bring all images to.
        color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
            See :func:`sklmerge.images.decode_image`. A ``reader`` has its own way.
        on_error : {"raise", "skip", "warn"}, default="raise"
            What to do about files that cannot be read: an error that counts them and names the
            first, or leave them out, or leave them out and warn.
        return_indices : bool, default=False
            Whether to return the positions of the images read, too: with files left out, labels
            are ``index.labels[positions]``.
        n_jobs : int or None, default=None
            Threads, as joblib counts them. Each of them fetches 16 files behind URLs at a time.

        Returns
        -------
        images : ndarray of shape (n, height, width) or (n, height, width, channels), or list
            uint8 unless ``color_mode`` is "keep".
        positions : ndarray of int, shape (n,)
            Only with ``return_indices``.

        Raises
        ------
        BadFileError
            Files could not be read.
        ValueError
            A parameter is wrong.
        ConnectionError
            A store does not answer, or refuses. Its files may be sound, so they are never left out
            for it.
        """
        check_decoding(color_mode, image_size)
        if on_error not in ON_ERROR:
            raise ValueError(f"on_error must be one of {', '.join(ON_ERROR)}, got {on_error!r}")
        rows = np.arange(len(self)) if indices is None else find_rows(indices, len(self))
        options = ReadOptions(self.reader, image_size, color_mode)
        paths = self.paths.take(rows)
        images, read = read_all(paths, options, self.files, on_error=on_error, n_jobs=n_jobs)
        return (images, rows[read]) if return_indices else images

    def verify(
        self,
        n_jobs: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> ImageReport:
        """Read every file, and report those that are bad, the same, or the same but for the label.

        Parameters
        ----------
        n_jobs : int or None, default=None
            Threads, as joblib counts them.
        progress : callable or None, default=None
            Called as ``progress(n_done, n_files)`` in the calling thread.

        Returns
        -------
        ImageReport
        """
        options = ReadOptions(self.reader)
        return verify_files(self.paths, self.codes, options, self.files, n_jobs, progress)

    def to_frame(self) -> Any:
        """Give a pandas DataFrame of file_name (relative to the root), label, original_label."""
        return make_frame(self.paths, self.labels, self.original_labels)

    def _fill(
        self,
        paths: ImagePaths,
        codes: NDArray[np.signedinteger],
        classes: list[Any],
        merger: LabelMerger,
        reader: Reader | None,
        files: RemoteFiles,
    ) -> None:
        self.root = paths.root
        self.paths = paths
        self.original_codes = codes
        self.original_classes = classes
        # Subsets keep these: which classes there are does not depend on which images are looked at.
        self._all_codes = codes
        self.reader, self.files = reader, files
        self.merger = fit_merger(merger, classes, codes)
