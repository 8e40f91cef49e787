"""ImageIndex: where images are and what they are called. Pixels are read in _reading.py."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import check_choice, check_flag, check_on_error, check_reader
from sklmerge.images._image_report import ImageReport, verify_files
from sklmerge.images._index_rows import IndexRows
from sklmerge.images._opening import Columns, list_images, tell_passed_over
from sklmerge.images._reading import Progress, Reader, ReadOptions, read_all
from sklmerge.images.codec import check_decoding
from sklmerge.images.files import (
    LEVELS,
    Wanted,
    check_classes,
    check_exclude,
    check_extensions,
    choose_sides,
    count_by_class,
    find_rows,
    fit_merger,
    is_by_parent,
    merge_by_parent,
)
from sklmerge.labels import check_merger


class ImageIndex(IndexRows):
    """List the images of class folders, a table or a data set, with original and merged labels.

    Each folder directly in ``root`` is a class; its images may be in subfolders. An image is opened
    only when you read it. Merging does not move files. It changes the labels, class numbers and
    counts of the index.

    Parameters
    ----------
    source : path, URL, data frame, data set, or list of paths
        One of:

        - a folder that contains the class folders. Links are followed, except links to a parent
          folder. Names that begin with a dot are skipped. Any URL that fsspec supports, such as
          ``"s3://bucket/photos"``, is read like a folder. If the folder contains a ``metadata.csv``
          that ``balance_folder`` has written, original labels and the merge are read from it;
        - a table of paths and labels with one row per image: a pandas or polars data frame, or a
          CSV file with commas, semicolons, tabs or ``|``. All its cells are read as text, so ``01``
          and ``1`` are different labels, and ``None`` is an ordinary label;
        - a zip archive or an uncompressed tar archive of class folders, or a list of archives;
        - a Hugging Face data set of encoded images, one row per image. The labels are the class
          names of its ClassLabel column. Each path consists of ``dataset://``, the fingerprint of
          the data set, the row number and the path stored in the row, if any. Images are read from
          the data set when they are needed. A data set with a transform raises an error.
    classes : collection of str or None, default=None
        The classes to use. None uses all classes. The order does not matter, because classes are
        always numbered in sorted order, as Keras numbers class folders.
    merge : mapping, list of lists, LabelMerger, "parent" or None, default=None
        Which classes to merge, such as ``{"AB": ["A", "B"]}``. Unknown class names raise an error.
        With ``levels="leaf"``, "parent" merges the classes with the same parent folder.
    levels : {"top", "leaf"}, default="top"
        Which folders are classes. "top": every folder directly in the source; images in its
        subfolders belong to the same class. "leaf": every folder that directly contains images; the
        class is named by the path of the folder, such as ``"fruit/apple"``.
    extensions : iterable of str or None, default=None
        File extensions to use, in upper or lower case, such as ``[".jpg"]``. If None, every
        supported format is used in folders, and every row of a table.
    exclude : str, pattern or None, default=None
        Regular expression, such as ``"_mask"`` or ``"^old/"``. Files whose relative paths match it
        are left out.
    path_column, label_column : str or None, default=None
        Columns of a table or data set with the paths and the labels. By default, these are
        ``file_name``, and ``original_label`` or, if it does not exist, ``label``. If they do not
        exist, the only suitable column is used, or an error lists all columns.
    suffix : str, default=""
        Text to append to each path of a table, such as ``".jpg"``.
    root : path, URL or None, default=None
        The folder, URL or archive that paths in a table are relative to. None means the folder that
        contains the table or, for a data frame, the working directory.
    reader : callable or None, default=None
        A function that takes a path and returns an array, for other file formats. Also pass the
        ``extensions`` of these formats. If the function raises an exception, the file counts as
        unreadable. The array must be of shape (height, width) or (height, width, channels), with 1,
        3 or 4 channels, and of dtype uint8, uint16, float32 or float64. For a file behind a URL or
        in an archive, the function gets a binary file object instead of a path; ``numpy.load``,
        ``pydicom.dcmread`` and ``tifffile.imread`` accept both.
    allow_empty : bool, default=False
        Whether class folders without images are allowed. ``empty_folders`` lists them.
    storage_options : mapping or None, default=None
        Options for the fsspec file systems that open URLs.

    Attributes
    ----------
    root : str
        The root of the paths. A URL has no slash at the end.
    paths : ImagePaths of length n
        Paths of the images: for tables and data sets, in the order of the rows; otherwise sorted by
        class and then bytewise. The object behaves like a list of str, and ``paths.relative()``
        returns the paths without the root.
    original_classes : list of length n_original
        The classes before merging, sorted.
    original_codes : ndarray of int, shape (n,)
        Position of each image's original class in ``original_classes``.
    empty_folders : list of str
        Class folders without images. They do not count as classes.
    passed_over : dict of str to int
        Extension in lower case -> number of files that were skipped. This counts files (or rows of
        a table) that have no image extension or were excluded, broken links in archives, and images
        that are directly in the source instead of in a class folder.
    has_table : bool
        Whether the images come from a table or data set. If not, they come from class folders.
    files : RemoteFiles
        Object that reads files from URLs, archives and data sets.
    merger : LabelMerger
        The fitted merger, which converts labels and probabilities to merged classes and back.

    Raises
    ------
    ValueError
        If the folder does not exist, has no class folders, or has a class folder without images
        (unless ``allow_empty``); if ``classes`` or ``merge`` names a class that does not exist; if
        a column, label or file of a table is missing; or if ``storage_options`` are given for a
        local path.
    BadFileError
        If a table cannot be read.
    ConnectionError
        If the server behind a URL does not respond or refuses access.
    ImportError
        If fsspec, or a package that it needs for this URL, is not installed.

    See Also
    --------
    batches_from_directory : Makes training and validation batches from a folder.
    balance_folder : Writes a balanced folder to disk.
    ImageReader : Reads images from paths in a pipeline.

    Notes
    -----
    scikit-learn accepts an index as X. An index has a ``shape``, and selecting rows gives another
    index. So ``train_test_split``, ``cross_val_score`` and ``GridSearchCV`` can split an index. The
    pipeline then begins with `ImageReader` or a feature extractor such as `HOGFeatures`.

    An index may have only one class, before or after merging. Images are listed once, when the
    index is created. Files that are added later are not in the index. Files that are removed later
    stay in the index, and cause an error when they are read.

    A pickled index contains its ``storage_options``, including any access keys in them.

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
            check_extensions(extensions),
            check_exclude(exclude),
            check_choice("levels", levels, LEVELS),
            check_flag("allow_empty", allow_empty),
        )
        by_parent = is_by_parent(merge, levels)
        if not by_parent:
            check_merger(merge)
        check_reader(reader)
        columns = Columns(path_column, label_column, suffix, root)
        found = list_images(source, wanted, columns, storage_options)
        if by_parent:
            merge = merge_by_parent(found.classes)
        self.root, self.paths = found.paths.root, found.paths
        self.original_codes, self.original_classes = found.codes, found.classes
        self.empty_folders, self.passed_over = list(found.empty), dict(found.passed_over)
        self.reader, self.files, self.has_table = reader, found.files, found.has_table
        # Subsets keep these: which classes there are does not depend on which images are looked at.
        self._all_counts = count_by_class(found.classes, found.codes)
        self.merger = fit_merger(found.merge if merge is None else merge, self._all_counts)

    @cached_property
    def codes(self) -> NDArray[np.signedinteger]:
        """Class number of each image after merging, as in ``class_indices``; shape (n,)."""
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
        """Merged class -> its class number, starting at 0."""
        return self.merger.class_indices_

    @property
    def n_classes(self) -> int:
        """Number of merged classes."""
        return len(self.class_indices)

    @property
    def counts(self) -> dict[Any, int]:
        """Merged class -> number of its images. The number is 0 if a subset has none of them."""
        return count_by_class(self.classes, self.codes)

    @property
    def original_counts(self) -> dict[Any, int]:
        """Original class -> number of its images."""
        return count_by_class(self.original_classes, self.original_codes)

    def __repr__(self) -> str:
        merged = len(self.original_classes)
        note = f" merged from {merged}" if merged != self.n_classes else ""
        told = f"ImageIndex({self.root!r}: {len(self)} images of {self.n_classes} classes{note}"
        return f"{told}{tell_passed_over(self.passed_over)})"

    def with_merge(self, merge: Any) -> Self:
        """Return an index of the same images with another merge.

        Parameters
        ----------
        merge : mapping, list of lists, LabelMerger, "parent" or None
            A merge of the original labels. "parent" merges the classes whose folders are in the
            same parent folder; this needs classes that are named by paths. None undoes any merge.

        Returns
        -------
        ImageIndex
            The index with the new merge. Each part of a split keeps the classes of the whole index,
            so both parts have the same class numbers.
        """
        view = self._copy()
        if isinstance(merge, str) and merge == "parent":
            merge = merge_by_parent(self.original_classes)
        view.merger = fit_merger(merge, self._all_counts)
        return view

    def split(
        self, test_size: float = 0.2, *, groups: ArrayLike | None = None, random_state: Any = 0
    ) -> tuple[Self, Self]:
        """Split the images into train and test, with the same share of every original class.

        Split before you make augmented copies. Otherwise, copies of one image can be in both parts,
        and the test score is too high. Whether an image goes to train or test depends mainly on its
        own path (or group) and the seed. So if you add images later, few old images change sides.

        Parameters
        ----------
        test_size : float, default=0.2
            Fraction of the images that go to test, between 0 and 1. Every class with at least two
            images is in both parts, unless `groups` makes this impossible. A class with one image
            goes to train; if several such classes are merged, they are split like one class.
        groups : array-like of shape (n,) or None, default=None
            Group of each image, such as the patient. All images of a group go to the same part, so
            `test_size` is matched only as closely as the groups allow.
        random_state : int, RandomState or None, default=0
            Random seed.

        Returns
        -------
        train, test : ImageIndex

        Raises
        ------
        ValueError
            If ``test_size`` is out of range or leaves a part empty, or ``groups`` has the wrong
            length or names no group for an image.
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
        """Read images into one array, or into a list if their shapes differ.

        Parameters
        ----------
        indices : array-like of int or bool, or None, default=None
            The images to read; None reads all.
        image_size : (height, width) or None, default=None
            Resize all images to this height and width. None keeps their sizes.
        color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
            See :func:`sklmerge.images.decode_image`. Ignored if the index has a ``reader``.
        on_error : {"raise", "skip", "warn"}, default="raise"
            What to do if files cannot be read. "raise": raise an error that counts these files and
            names the first. "skip": leave them out. "warn": leave them out and warn. If no file can
            be read, an error is always raised.
        return_indices : bool, default=False
            Whether to also return the positions of the images that were read.
            ``index.labels[positions]`` are their labels, even if other files were left out.
        n_jobs : int or None, default=None
            Number of threads, as in joblib. Each can download 16 files from URLs at a time.

        Returns
        -------
        images : ndarray of shape (n, height, width) or (n, height, width, channels), or list
            The images, as uint8 unless ``color_mode`` is "keep" or the index has a ``reader``.
        positions : ndarray of int, shape (n,)
            Positions of these images. Only returned with ``return_indices``.

        Raises
        ------
        BadFileError
            If files cannot be read (see ``on_error``).
        ValueError
            If a parameter is wrong.
        ConnectionError
            If a server does not respond or refuses access. This error is raised whatever
            ``on_error`` is, because the files may be intact.
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
        """Read every file, and report damaged files, duplicates and contradictory labels.

        Parameters
        ----------
        n_jobs : int or None, default=None
            Number of threads, as in joblib.
        progress : callable or None, default=None
            Called as ``progress(n_done, n_files)`` in the calling thread. Repeated reads count too.

        Returns
        -------
        ImageReport
        """
        options = ReadOptions(self.reader)
        return verify_files(
            self.paths, self.codes, options, self.files, n_jobs, progress, with_near=True
        )
