"""balance_folder: folder in, balanced folder out. The rules stand in plan/."""

import os
import re
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from sklmerge._checks import (
    check_choice,
    check_flag,
    check_image_size,
    check_max_copies,
    check_n_jobs,
    check_on_error,
    check_progress,
    check_reader,
)
from sklmerge._random import check_seed
from sklmerge.augment import as_augmenter
from sklmerge.balance._run_job import check_output, run_job
from sklmerge.balance.plan import (
    Rules,
    Split,
    check_drop,
    check_folds,
    check_split,
    clean_sources,
    describe_groups,
    find_source_groups,
    list_sources,
    resolve_merge,
    take_index,
)
from sklmerge.balance.store import (
    check_place,
    check_workers,
    open_places,
)
from sklmerge.balance.work import (
    BalanceReport,
    Progress,
    join_reports,
)
from sklmerge.images import (
    LEVELS,
    GroupBy,
    ImageIndex,
    Reader,
    Wanted,
    check_classes,
    check_exclude,
    check_extensions,
    is_by_parent,
    is_packed,
    is_url,
    merge_by_parent,
    merge_index,
)

# Told apart by identity: this very object is what nobody has chosen.
_DEFAULT_SPLIT = (0.8, 0.2)


def balance_folder(
    source: Any,
    destination: str | os.PathLike[str],
    *,
    classes: Collection[str] | None = None,
    levels: Literal["top", "leaf"] = "top",
    extensions: Iterable[str] | None = None,
    exclude: str | re.Pattern[str] | None = None,
    reader: Reader | None = None,
    merge: Any = None,
    samples_per_class: str | int | Mapping[str, int] | None = "majority",
    max_copies: int | None = 20,
    augmenter: Any = "light",
    split: Split | None = _DEFAULT_SPLIT,
    folds: int | None = None,
    resplit: bool = False,
    group_by: GroupBy | None = None,
    drop: Sequence[str] = (),
    image_size: tuple[int, int] | None = None,
    place: Literal["copy", "hardlink", "symlink", "reference"] | None = None,
    image_format: Literal["keep", "jpeg", "png"] = "keep",
    quality: int = 95,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_error: Literal["raise", "skip", "warn"] = "raise",
    dry_run: bool = False,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
    destination_options: Mapping[str, Any] | None = None,
    force: bool = False,
) -> BalanceReport:
    """Write a balanced folder of images from a folder with one subfolder per class.

    Splits the images into train, val and test, merges classes, and oversamples the small classes of
    train with augmented copies. Each part can be read directly by Keras'
    ``image_dataset_from_directory``, torchvision's ``ImageFolder`` and Hugging Face's
    ``imagefolder``. The source is never changed.

    Parameters
    ----------
    source : path, URL, ImageIndex or DataFrame
        Folder of class folders. It may already be divided into ``train``, ``val`` and ``test``;
        then only train is balanced, and you cannot pass `split` or `folds`, except with `resplit`.
        Hidden folders are not classes. Images in subfolders of a class folder belong to that class,
        unless `levels` is "leaf". A URL that fsspec supports, such as ``"s3://bucket/photos"``, is
        read like a folder. You can also pass a data frame, a Hugging Face data set or the path of a
        CSV file. If the images are in an archive, or a table needs options, pass an `ImageIndex`;
        its merge is used.
    destination : path or URL
        New or empty folder. If it contains an earlier, interrupted run of the same job, that run is
        continued. The destination must be outside the source folder or, if the source is a table,
        outside the folders that contain its images. A URL must belong to an object store, such as
        ``"s3://bucket/balanced"``.
    classes : collection of str or None, default=None
        The class folders to use. None uses all of them. A class folder without images raises an
        error.
    levels : {"top", "leaf"}, default="top"
        Which folders are classes, see `ImageIndex`. If the source is divided into parts, this
        applies within each part.
    extensions : iterable of str or None, default=None
        File extensions to read, such as ``[".jpg"]`` to skip masks that are PNG files. None reads
        the same extensions as `ImageIndex`.
    exclude : str, pattern or None, default=None
        Regular expression, such as ``"_mask"`` or ``"^old/"``. Files are left out if their paths,
        relative to the source, match it.
    reader : callable or None, default=None
        A function that reads your own file formats: it takes a path and returns an array, see
        `ImageIndex`. With ``image_format="keep"``, the images that it reads are written as PNG.
    merge : mapping, list of lists, LabelMerger, "parent" or None, default=None
        Which original classes to merge, such as ``{"AB": ["A", "B"]}``. "parent", with
        ``levels="leaf"``, merges the classes whose folders are in the same parent folder. If the
        source is an `ImageIndex` with a different merge, an error is raised.
    samples_per_class : {"majority", "minority", "natural"}, int, mapping or None, \
default="majority"
        Number of files of each merged class in train. With ``"majority"``, each class gets as many
        files as the largest class; with ``"minority"``, as many as the smallest class. With an int,
        each class gets this number: copies are added (up to `max_copies`), or images are left out.
        A mapping sets the number for some classes, and does not change the others. ``"natural"``
        and None change nothing.
    max_copies : int or None, default=20
        Maximum number of copies of one image. None means no limit. If the limit leaves classes
        smaller than requested, train with the ``class_weight`` of the report.
    augmenter : {"light", "strong", "trivial"}, ImageAugmenter, callable, mapping or None, \
default="light"
        How the copies are augmented. None makes unchanged copies. To augment each class
        differently, pass a mapping from label (original or merged) to augmenter.
    split : sequence of 1 to 3 float, mapping or None, default=(0.8, 0.2)
        Fractions of the images of each original class that go to train, val and test. A mapping
        such as ``{"val": 0.1, "test": 50}`` sets a fraction (float) or a number of images per
        original class (int) for some parts. The remaining images go to train or, if the mapping
        contains train, to val. None puts all images in train. With fractions and without
        `group_by`, a merged class is in every part if it has at least as many images as there are
        parts. Smaller classes are only in train, and a warning is issued.
    folds : int or None, default=None
        Number of folders for cross-validation (``fold1``, ``fold2``, ...), which are written
        instead of one split. Each image is in val of one fold and in train of all other folds. By
        default, unchanged images are links (see `place`). You cannot combine `folds` with `split`.
    resplit : bool, default=False
        If the source is already divided into parts, ignore these parts and split all images again,
        according to `split` or `folds`.
    group_by : str, pattern, callable, mapping or None, default=None
        How to group images. All images of a group go to the same part. ``"content"`` groups
        byte-identical files, for which every file is read an extra time. ``"similar"`` also groups
        near duplicates, see `ImageIndex.verify`. You can also pass the name of a column of a table
        in the source; a regular expression, whose first group (or whole match) in the path names
        the group; a function of the path; or a mapping or Series from path to group. Paths are
        relative to the source, with forward slashes. If a column or pattern puts every image into
        its own group, or all images into one group, an error is raised.
    drop : sequence of str, default=()
        Images to leave out before the split: ``"duplicates"`` (if several images with the same
        label are equal, all except the first), ``"similar"`` (the same for near duplicates),
        ``"leaks"`` (if the source is divided, images that are also in a later part),
        ``"conflicts"`` (all equal images that have different labels) and ``"unreadable"``. This
        reads every file an extra time. The report and plan.json list the dropped images.
    image_size : (height, width) or None, default=None
        Resize all images to this height and width. None keeps their sizes.
    place : {"copy", "hardlink", "symlink", "reference"} or None, default=None
        How to place unchanged images in the destination. None means ``"copy"`` or, with `folds`,
        ``"symlink"``. Beware of programs that change a linked file: they also change the source.
        With ``"reference"``, only the augmented copies are written; ``metadata.csv`` lists the
        absolute paths of all other images, and images that need no copies are not opened.
    image_format : {"keep", "jpeg", "png"}, default="keep"
        Format of all files. ``"keep"`` keeps the format of each file, except that files that Keras
        does not read (such as TIFF and WebP) or may misread (BMP) are converted to PNG.
    quality : int, default=95
        Quality of JPEG files, from 1 to 100.
    random_state : int, default=0
        Random seed. The written files depend on the seed and the paths, not on the number of
        workers. If you add images to the source later, copies that keep their names keep their
        content.
    n_jobs : int or None, default=None
        Number of workers, as in joblib. Workers are threads, unless you choose another backend with
        ``joblib.parallel_config``.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do if an image cannot be read. ``"raise"`` raises an error. ``"skip"`` leaves the
        image out; in train, it is replaced by other images of its class or by copies of them.
        ``"warn"`` does the same and warns.
    dry_run : bool, default=False
        Write nothing, and return a report of what would be done.
    progress : callable, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread, a few times a second.
    storage_options : mapping, default=None
        Options for fsspec's file systems, which open the URLs. The options are sent to the workers,
        but not written to any file.
    destination_options : mapping, default=None
        Options for the file system of the destination. None means the same as `storage_options`,
        unless source and destination are URLs of different kinds.

    force : bool, default=False
        Take over a destination in an object store from another run. Use this only if that run was
        killed. A killed run leaves its lease in an object store (the lock of a local folder
        disappears by itself).

    Returns
    -------
    BalanceReport
        Counts, class weights for the imbalance that remains, and skipped files. Print the report to
        see a table.

    Raises
    ------
    ValueError
        If a parameter is invalid, a class has no images, the name of a class cannot be a folder
        name, an image cannot be read, the destination is used by another run, or the destination
        contains other files.
    OSError
        If a file cannot be written. Repeat the same call to continue the job.

    See Also
    --------
    separate : Restores the original classes of a balanced folder.
    audit_split : Finds images that two folders share.
    batches_from_directory : Makes balanced batches without writing files.

    Notes
    -----
    Each file appears complete or not at all. If a job is killed and started again, the result is
    byte for byte the same as without the interruption, as long as the versions of the libraries do
    not change.

    Files that are older than their source image are written again. So if you replace an image
    between two calls, its files are updated. They are not updated if the new image has an old
    modification time (as after ``cp -p``), or if the source or destination is a URL. In these
    cases, delete the old files.

    Files are named ``<original class>__<stem>.jpg`` and ``<original class>__<stem>__aug0001.jpg``.
    If two source images of a merged class would get the same name, ten digits of a hash of the path
    are added. Slashes and characters that Windows forbids are replaced. In the names of class
    folders, they become ``%`` and two hex digits. In file names, they become ``_``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import cv2
    >>> from skimage.data import brick, grass, gravel
    >>> from sklmerge import balance_folder
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, photo, n in [("brick", brick(), 8), ("grass", grass(), 2), ("moss", gravel(), 3)]:
    ...     (folder / "photos" / name).mkdir(parents=True)
    ...     for row in range(n):
    ...         patch = photo[64 * row : 64 * row + 64, :96]
    ...         _ = cv2.imwrite(str(folder / "photos" / name / f"{row}.png"), patch)
    >>> report = balance_folder(
    ...     folder / "photos", folder / "balanced", merge={"green": ["grass", "moss"]}, split=None
    ... )
    >>> print(report.counts_after)
    {'train': {'brick': 8, 'green': 8}}
    >>> sorted(path.name for path in (folder / "balanced/train/green").glob("grass__0*"))
    ['grass__0.png', 'grass__0__aug0001.png']
    """
    n_folds = check_folds(folds)
    output = check_output(place, n_folds, image_format, check_image_size(image_size), quality)
    check_on_error(on_error)
    check_n_jobs(n_jobs)
    if n_folds is not None and split is not _DEFAULT_SPLIT:
        raise ValueError(f"folds={n_folds} divides by itself, so split cannot be given")
    varier = as_augmenter(augmenter)
    rules = Rules(
        augmenter=varier,
        seed=_check_seed(random_state),
        split=check_split(split),
        samples_per_class=samples_per_class,
        max_copies=check_max_copies(max_copies),
        first_copy=1 if output.place == "reference" else 0,
    )
    check_reader(reader)
    check_progress(progress)
    check_choice("levels", levels, LEVELS)
    own = {"extensions": extensions, "exclude": exclude, "reader": reader}
    given = [name for name, value in own.items() if value is not None]
    index = _open_index(source, given if levels == "top" else ["levels", *given])
    origin, remote, store = open_places(
        source if index is None else _find_root(index),
        destination,
        storage_options,
        destination_options,
        folders=None if index is None else _list_folders(index),
        force=check_flag("force", force),
    )
    check_place(output.place, origin, store.place)
    check_workers(origin, store.place, n_jobs)
    names = check_classes(classes)
    if index is None:
        wanted = Wanted(names, check_extensions(extensions), check_exclude(exclude), levels)
        sources = list_sources(origin, remote, wanted, reader)
        merge = merge_by_parent(sources.class_names) if is_by_parent(merge, levels) else merge
    else:
        sources, merge = take_index(merge_index(index, merge, "balance_folder"), names), None
    asked = "folds" if n_folds else "split" if split is not _DEFAULT_SPLIT else None
    sources = (
        sources.forget_parts() if check_flag("resplit", resplit) else sources.keep_parts(asked)
    )
    mapping = resolve_merge(merge, sources)
    dropped = check_drop(drop, is_divided=sources.parts is not None)
    sources, cleaned = clean_sources(sources, mapping, dropped, n_jobs)
    # What is not asked for stands in no plan, so that plans of older versions are known again.
    more = {"drop": list(dropped), "folds": n_folds, "resplit": resplit, "reader": reader}
    parameters = {
        "samples_per_class": samples_per_class,
        "max_copies": max_copies,
        "augmenter": varier,
        "split": split,
        "group_by": describe_groups(group_by),
        "image_size": output.image_size,
        "place": output.place,
        "image_format": image_format,
        "quality": output.quality,
        "random_state": rules.seed,
        **{name: value for name, value in more.items() if value},
    }
    run = partial(
        run_job,
        sources=sources,
        mapping=mapping,
        groups=find_source_groups(sources, group_by, n_jobs),
        output=output,
        parameters=parameters,
        cleaned=cleaned,
        n_jobs=n_jobs,
        skip=on_error != "raise",
        dry_run=dry_run,
        progress=progress,
    )
    if n_folds is None:
        report = run(store, rules)
    else:
        folds_of = [rules._replace(fold=(fold, n_folds)) for fold in range(n_folds)]
        report = join_reports(
            [run(store.enter(f"fold{n}"), own) for n, own in enumerate(folds_of, 1)]
        )
    if on_error == "warn" and report.skipped:
        path, reason = next(iter(report.skipped.items()))
        warnings.warn(
            f"{len(report.skipped)} files were skipped, first: {path} ({reason})", stacklevel=2
        )
    return report


def _open_index(source: Any, given: Sequence[str]) -> ImageIndex | None:
    """Take an index, or make that of a table; None for a folder or its URL."""
    # `given` are the parameters that say how a folder is read.
    if isinstance(source, ImageIndex):
        index = source
    elif not isinstance(source, str | os.PathLike) or os.path.isfile(source):
        index = ImageIndex(source)
    else:
        return None
    if given:
        raise ValueError(
            f"{given[0]} is for a folder; give it to the ImageIndex of the source instead"
        )
    return index


def _find_root(index: ImageIndex) -> str:
    return index.root if is_url(index.root) else os.path.abspath(index.root)


def _list_folders(index: ImageIndex) -> set[str] | None:
    """List the folders that hold the images of a table, which may itself lie beside the results."""
    if not index.has_table or is_packed(index.root):
        return None
    return {os.path.dirname(path) for path in index.paths}


def _check_seed(random_state: Any) -> int:
    """Check the seed of a job, which must be a number that can be told again."""
    if random_state is None:
        raise ValueError(
            "random_state must be a whole number, for a job that was cut off to go on, got None"
        )
    return check_seed(random_state)
