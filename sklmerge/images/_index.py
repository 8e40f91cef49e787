"""ImageIndex: where images are and what they are called. Pixels are read in _reading.py."""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import check_choice, check_flag, check_on_error
from sklmerge.images._index_rows import IndexRows
from sklmerge.images._opening import Columns, list_images, tell_passed_over
from sklmerge.images._reading import Progress, Reader, ReadOptions, read_all
from sklmerge.images._verify import ImageReport, verify_files
from sklmerge.images.codec import IMAGE_EXTENSIONS, check_decoding
from sklmerge.images.files import (
    LEVELS,
    Wanted,
    check_classes,
    check_exclude,
    check_extensions,
    choose_sides,
    count_classes,
    find_rows,
    fit_merger,
    merge_by_parent,
)
from sklmerge.labels import check_merger


class ImageIndex(IndexRows):
    """List the images of a folder of class folders, with their labels, before or after merging.

    Each folder directly in ``root`` is a class; its images may lie in folders inside it. No image
    is opened until it is read, and merging moves nothing: it changes what the images are called
    here, in labels, codes and counts alike.

    Parameters
    ----------
    source : path, URL, data frame, or list of paths
        One of:

        - the folder that holds the class folders. Links are followed, except those to a folder
          they lie in; names that begin with a dot are passed over. Any URL that fsspec knows, such
          as ``"s3://bucket/photos"``, is read as a folder is. Where ``balance_folder`` has left a
          ``metadata.csv``, original labels and the merge are taken from it;
        - a table of paths and labels, one row an image: a CSV file (commas, semicolons or tabs),
          whose cells stay text, so that ``01`` is not ``1`` and ``None`` is a name, or a data frame
          of pandas or polars;
        - a tar or zip archive of class folders, not compressed as a whole, or a list of them.
    classes : collection of str or None, default=None
        The classes to take; None takes all. The order has no meaning: classes are always numbered
        in sorted order, as Keras numbers folders.
    merge : mapping, list of lists, LabelMerger, "parent" or None, default=None
        Which classes count as one, such as ``{"AB": ["A", "B"]}``. A class that is not there is an
        error. "parent", with ``levels="leaf"``, merges the folders that lie in one folder.
    levels : {"top", "leaf"}, default="top"
        Which folders are classes: those directly in the source, with all that lies in them, or
        every folder that holds images itself, called by its path, such as ``"fruit/apple"``.
    extensions : iterable of str or None, default=None
        Endings of images' names, upper and lower case alike, such as ``[".jpg"]``; None takes those
        of every format that is read, and of a table every row.
    exclude : str, pattern or None, default=None
        Regular expression; files in whose paths it is found are left out, such as ``"_mask"``.
    path_column, label_column : str or None, default=None
        Columns of a table. None takes ``file_name``, and ``original_label`` or else ``label``, or
        the only column that can be meant; in doubt it is an error that lists the columns.
    suffix : str, default=""
        Put after each path of a table, such as ``".jpg"``.
    root : path, URL or None, default=None
        What relative paths of a table are relative to, also an archive; None is the table's own
        folder, and the working directory for a data frame.
    reader : callable or None, default=None
        Path -> array, for formats that are not read; give their ``extensions`` too. What it raises
        is the reason why that file cannot be read, and what it returns is held to the image
        contract. Of what lies behind a URL or in an archive it gets the content as a binary file,
        which ``numpy.load``, ``pydicom.dcmread`` and ``tifffile.imread`` take as well.
    allow_empty : bool, default=False
        Whether class folders without an image are passed over; ``empty_folders`` names them.
    storage_options : mapping or None, default=None
        What fsspec's file system is made with, for URLs.

    Attributes
    ----------
    root : str
        What the paths are relative to; a URL has no slashes at its end.
    paths : ImagePaths of length n
        Paths of the images, sorted bytewise within sorted classes. Reads like a list of str;
        ``paths.relative()`` leaves out the root.
    original_classes : list of length n_original
        The classes before merging, sorted.
    original_codes : ndarray of int, shape (n,)
        The position of each image's original class among them.
    empty_folders : list of str
        Class folders without an image, which are no classes here.
    passed_over : dict of str to int
        Extension, in lower case -> how many files were seen and not taken: files in class folders
        and rows of tables that are no images by their extension or were excluded, links in archives
        that lead nowhere, and images beside class folders.
    has_table : bool
        Whether a table lists the images, wherever they lie; else all are in folders under ``root``.
    files : RemoteFiles
        Fetches what lies behind URLs.
    merger : LabelMerger
        Fitted; carries labels and probabilities to merged classes and back.

    Raises
    ------
    ValueError
        There is no such folder, it has no class folders, one of them has no image, or ``classes``
        or ``merge`` names one that is not there; a table lacks a column, a label or a file that it
        names; or there are ``storage_options`` for a path.
    BadFileError
        A table cannot be read.
    ConnectionError
        The store behind a URL does not answer, or refuses.
    ImportError
        fsspec, or what it needs for such a URL, is not installed.

    Notes
    -----
    scikit-learn takes an index as X: it has a ``shape``, and rows of it are an index again, so that
    ``train_test_split``, ``cross_val_score`` and ``GridSearchCV`` cut it into folds for a pipeline
    that begins with `ImageReader` or with features.

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
        source: Any,
        *,
        classes: Collection[str] | None = None,
        merge: Any = None,
        levels: str = "top",
        extensions: Iterable[str] | None = None,
        exclude: str | re.Pattern[str] | None = None,
        path_column: str | None = None,
        label_column: str | None = None,
        suffix: str = "",
        root: str | os.PathLike[str] | None = None,
        reader: Reader | None = None,
        allow_empty: bool = False,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        wanted = Wanted(
            check_classes(classes),
            IMAGE_EXTENSIONS if extensions is None else check_extensions(extensions),
            check_exclude(exclude),
            check_choice("levels", levels, LEVELS),
            check_flag("allow_empty", allow_empty),
        )
        by_parent = isinstance(merge, str) and merge == "parent"
        if by_parent and levels != "leaf":
            raise ValueError('merge="parent" needs levels="leaf", got levels="top"')
        if not by_parent:
            check_merger(merge)
        columns = Columns(path_column, label_column, suffix, root)
        found = list_images(source, wanted, columns, storage_options)
        if by_parent:
            merge = merge_by_parent(found.classes)
        self.root, self.paths = found.paths.root, found.paths
        self.original_codes, self.original_classes = found.codes, found.classes
        self.empty_folders, self.passed_over = list(found.empty), dict(found.passed_over)
        self.reader, self.files, self.has_table = reader, found.files, found.has_table
        # Subsets keep these: which classes there are does not depend on which images are looked at.
        self._all_counts = count_classes(found.classes, found.codes)
        self.merger = fit_merger(found.merge if merge is None else merge, self._all_counts)

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

    def __repr__(self) -> str:
        merged = len(self.original_classes)
        note = f" merged from {merged}" if merged != self.n_classes else ""
        told = f"ImageIndex({self.root!r}: {len(self)} images of {self.n_classes} classes{note}"
        return f"{told}{tell_passed_over(self.passed_over)})"

    def with_merge(self, merge: Any) -> Self:
        """Give a view of the same images with other classes merged.

        Parameters
        ----------
        merge : mapping, list of lists, LabelMerger, "parent" or None
            Of original labels; "parent" merges classes that are paths by their folder. None takes
            any merging back.

        Returns
        -------
        ImageIndex
            Its classes are those of the index that this one was taken from, so that both sides of
            a split keep one numbering.
        """
        view = self._copy()
        if isinstance(merge, str) and merge == "parent":
            merge = merge_by_parent(self.original_classes)
        view.merger = fit_merger(merge, self._all_counts)
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
        check_on_error(on_error)
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
        return verify_files(
            self.paths, self.codes, options, self.files, n_jobs, progress, with_near=True
        )
