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
    merge_by_parent,
)
from sklmerge.labels import check_merger


class ImageIndex(IndexRows):
    """List the images of class folders, a table or a data set, with original and merged labels.

    Each folder directly in ``root`` is a class; its images may be in subfolders. An image is opened
    only when it is read. Merging moves no file: it changes the labels, class numbers and counts of
    the index.

    Parameters
    ----------
    source : path, URL, data frame, data set, or list of paths
        One of:

        - the folder that contains the class folders. Links are followed, except those to a folder
          that contains them; names that begin with a dot are skipped. Any URL that fsspec supports,
          such as ``"s3://bucket/photos"``, is read like a folder. If ``balance_folder`` has written
          a ``metadata.csv``, original labels and the merge are read from it;
        - a table of paths and labels, one row per image: a CSV file (commas, semicolons or tabs),
          whose cells stay text, so that ``01`` is not ``1`` and ``None`` is a name, or a data frame
          of pandas or polars;
        - a tar or zip archive of class folders, not compressed as a whole, or a list of them;
        - a Hugging Face data set of encoded images, one row per image. Labels are the names of its
          ClassLabel column, and a path is ``dataset://``, the fingerprint of the data set, the row
          and what the row says of its file. An image is read from the data set when it is needed;
          transforms are not applied.
    classes : collection of str or None, default=None
        The classes to use; None uses all. The order does not matter: classes are always numbered in
        sorted order, as Keras numbers folders.
    merge : mapping, list of lists, LabelMerger, "parent" or None, default=None
        Which classes count as one, such as ``{"AB": ["A", "B"]}``. A class that does not exist
        raises an error. "parent", with ``levels="leaf"``, merges the classes in the same folder.
    levels : {"top", "leaf"}, default="top"
        Which folders are classes: those directly in the source, with everything in them, or every
        folder that contains images, named by its path, such as ``"fruit/apple"``.
    extensions : iterable of str or None, default=None
        File extensions, in upper or lower case, such as ``[".jpg"]``; None reads every known
        format, and every row of a table.
    exclude : str, pattern or None, default=None
        Regular expression, such as ``"_mask"``; files whose paths match it are left out.
    path_column, label_column : str or None, default=None
        Columns of a table or data set. None uses ``file_name``, and ``original_label`` or else
        ``label``, or the only possible column; if in doubt, an error lists the columns.
    suffix : str, default=""
        Added to each path of a table, such as ``".jpg"``.
    root : path, URL or None, default=None
        The folder, URL or archive that paths of a table are relative to; None is the folder of the
        table, or the working directory for a data frame.
    reader : callable or None, default=None
        Path -> array, for other formats; pass their ``extensions`` too. If it raises an exception,
        the file counts as unreadable, with that reason. The array must follow the image contract.
        For a file behind a URL or in an archive it gets the content as a binary file, which
        ``numpy.load``, ``pydicom.dcmread`` and ``tifffile.imread`` also accept.
    allow_empty : bool, default=False
        Whether class folders without an image are allowed; ``empty_folders`` lists them.
    storage_options : mapping or None, default=None
        Options of fsspec's file system, for URLs.

    Attributes
    ----------
    root : str
        The root of the paths; a URL has no slashes at its end.
    paths : ImagePaths of length n
        Paths of the images, sorted bytewise within sorted classes. It behaves like a list of str;
        ``paths.relative()`` leaves out the root.
    original_classes : list of length n_original
        The classes before merging, sorted.
    original_codes : ndarray of int, shape (n,)
        The position of each image's original class among them.
    empty_folders : list of str
        Class folders without an image; they are not classes here.
    passed_over : dict of str to int
        Extension, in lower case -> number of files that were skipped: files in class folders and
        rows of tables whose extension is not that of an image or which were excluded, broken links
        in archives, and images next to class folders.
    has_table : bool
        Whether the images come from a table; otherwise all are in folders under ``root``.
    files : RemoteFiles
        Fetches files behind URLs.
    merger : LabelMerger
        Fitted; converts labels and probabilities to merged classes and back.

    Raises
    ------
    ValueError
        The folder does not exist, has no class folders, or one of them has no image; ``classes`` or
        ``merge`` names a class that does not exist; a table lacks a column, a label or a file that
        it names; or there are ``storage_options`` for a path.
    BadFileError
        A table cannot be read.
    ConnectionError
        The store behind a URL does not answer, or refuses.
    ImportError
        fsspec, or a package that it needs for this URL, is not installed.

    See Also
    --------
    batches_from_directory : Training and validation batches from a folder.
    balance_folder : A balanced folder on disk.
    ImageReader : Reads paths in a pipeline.

    Notes
    -----
    scikit-learn accepts an index as X: it has a ``shape``, and a selection of its rows is an index
    again, so ``train_test_split``, ``cross_val_score`` and ``GridSearchCV`` can split it for a
    pipeline that begins with `ImageReader` or with features.

    A single class, or a merge that leaves one, is allowed here. Images are listed once, when the
    index is created; files that are added or removed later are not noticed until they are read.

    A pickled index contains its ``storage_options``, including any keys.

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
        by_parent = isinstance(merge, str) and merge == "parent"
        if by_parent and levels != "leaf":
            raise ValueError('merge="parent" needs levels="leaf", got levels="top"')
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
        return count_by_class(self.classes, self.codes)

    @property
    def original_counts(self) -> dict[Any, int]:
        """Original class -> how many images it has here."""
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
            A merge of the original labels; "parent" merges classes that are paths by their folder.
            None undoes any merge.

        Returns
        -------
        ImageIndex
            Its classes are those of the index that this one was split from, so both parts of a
            split have the same numbering.
        """
        view = self._copy()
        if isinstance(merge, str) and merge == "parent":
            merge = merge_by_parent(self.original_classes)
        view.merger = fit_merger(merge, self._all_counts)
        return view

    def split(
        self, test_size: float = 0.2, *, groups: ArrayLike | None = None, random_state: Any = 0
    ) -> tuple[Self, Self]:
        """Split the images in two, with the same share of every original class.

        Split before you make copies: copies of one image in both parts would leak the answers.
        Which images go to the test part depends only on their own paths (or groups) and the seed,
        so adding images later moves few of the old ones.

        Parameters
        ----------
        test_size : float, default=0.2
            Share of the test part, between 0 and 1. A class of one image goes to train; a class of
            two or more is in both parts.
        groups : array-like of shape (n,) or None, default=None
            Groups that must not be divided, such as the patient of each image. Shares are then only
            as close as the groups allow.
        random_state : int, RandomState or None, default=0
            The seed.

        Returns
        -------
        train, test : ImageIndex

        Raises
        ------
        ValueError
            ``test_size`` is out of range or leaves a part empty, or ``groups`` has another length.
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
            Size to resize all images to; None keeps their sizes.
        color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
            See :func:`sklmerge.images.decode_image`. It does not apply to a ``reader``.
        on_error : {"raise", "skip", "warn"}, default="raise"
            What to do if files cannot be read: raise an error that counts them and names the first,
            or leave them out, or leave them out and warn.
        return_indices : bool, default=False
            Whether to also return the positions of the images that were read: if files are left
            out, their labels are ``index.labels[positions]``.
        n_jobs : int or None, default=None
            Threads, as joblib counts them. Each thread fetches 16 files behind URLs at a time.

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
            A store does not answer, or denies access. Its files may be intact, so they are never
            skipped.
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
