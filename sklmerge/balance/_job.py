"""balance_folder: folder in, balanced folder out. The rules stand in _plan.py."""

import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from sklmerge.augment import as_augmenter
from sklmerge.balance._checks import (
    IMAGE_FORMATS,
    ON_ERROR,
    PLACES,
    check_choice,
    check_image_size,
    check_n_jobs,
    check_quality,
    check_reference,
    check_seed,
    check_split,
)
from sklmerge.balance._finish import (
    begin_job,
    compare_versions,
    describe_job,
    find_begun_plan,
    finish_job,
)
from sklmerge.balance._leaks import find_leaks, read_known
from sklmerge.balance._places import check_place, check_workers, open_places
from sklmerge.balance._prepare import plan_job
from sklmerge.balance._report import BalanceReport, make_report
from sklmerge.balance.plan import GroupBy, choose_extension, describe_groups, list_sources
from sklmerge.balance.work import OutputSettings, Progress, carry_out
from sklmerge.images import check_classes, check_max_pixels
from sklmerge.sampling import check_max_copies


def balance_folder(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    classes: Collection[str] | None = None,
    merge: Any = None,
    samples_per_class: str | int | Mapping[str, int] | None = "majority",
    max_copies: int | None = 20,
    augmenter: Any = "light",
    split: Sequence[float] | None = (0.8, 0.2),
    group_by: GroupBy | None = None,
    image_size: tuple[int, int] | None = None,
    place: Literal["copy", "hardlink", "symlink", "reference"] = "copy",
    image_format: Literal["keep", "jpeg", "png"] = "keep",
    quality: int = 95,
    max_pixels: int | None = 200_000_000,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    dry_run: bool = False,
    progress: Progress | None = None,
    storage_options: Mapping[str, Any] | None = None,
    destination_options: Mapping[str, Any] | None = None,
) -> BalanceReport:
    """Make a balanced folder of images from a folder with one folder per class.

    Divides the images into train, val and test, lets several classes count as one, and fills the
    small classes of train up with varied copies. Each part is read as it is by Keras'
    ``image_dataset_from_directory``, torchvision's ``ImageFolder`` and Hugging Face's
    ``imagefolder``. The source is only read.

    Parameters
    ----------
    source : path or URL
        Folder of class folders, or of the folders ``train``, ``val`` and ``test`` of them: then
        only train is balanced and `split` is not used. Hidden folders are no classes; what lies in
        folders of a class folder belongs to the class. A URL that fsspec knows, such as
        ``"s3://bucket/photos"``, is read as a folder.
    destination : path or URL
        New or empty folder, or that of an earlier run of the same job, which is carried on. A URL
        must be of an object store, such as ``"s3://bucket/balanced"``.
    classes : collection of str or None, default=None
        The class folders to take; None takes all. One without an image is an error.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Original classes that count as one, as in ``{"AB": ["A", "B"]}``.
    samples_per_class : {"majority", "minority"}, int, mapping or None, default="majority"
        Files of each merged class in train: as many as the largest or smallest has, exactly so
        many (copies are added, or images chosen), so many for the classes named, or as it is.
    max_copies : int or None, default=20
        Most copies of one image; None sets no bound. What it leaves unbalanced is for the
        ``class_weight`` of the report.
    augmenter : {"light", "strong", "trivial"}, ImageAugmenter, callable, mapping or None, \
default="light"
        What varies the copies; None copies as it is. A mapping from original or merged labels
        serves classes that must not be varied alike.
    split : sequence of 1 to 3 float, or None, default=(0.8, 0.2)
        Shares of train, val and test, kept within each original class. None puts all in train.
        Every merged class with at least as many images as there are parts is in every part;
        smaller ones go to train, with a warning.
    group_by : str, pattern, callable, mapping or None, default=None
        Images of one group stay in one part. ``"content"``: files that are the same byte by byte,
        for which every file is read once more. A column of the source's ``metadata.csv``; or a
        regular expression, whose first group (or whole match) in the path names the group; a
        function of the path; a mapping or Series from path to group. Paths are relative, with
        forward slashes.
    image_size : (height, width) or None, default=None
        Size of all images; None leaves each as it is.
    place : {"copy", "hardlink", "symlink", "reference"}, default="copy"
        How images that need no change come to the destination. A program that changes a linked file
        changes the source. ``"reference"`` writes the varied copies alone: ``metadata.csv`` names
        all other images where they are, by their absolute paths, and those that have no copies are
        not opened.
    image_format : {"keep", "jpeg", "png"}, default="keep"
        Format of all files. ``"keep"`` turns TIFF and WebP, which Keras does not read, and BMP,
        which it may misread, into PNG.
    quality : int, default=95
        Of JPEG files that are written anew, 1 to 100.
    max_pixels : int or None, default=200_000_000
        Images with more pixels cannot be read: a file of a few kilobytes can claim to be one that
        takes all memory. None sets no limit.
    random_state : int, default=0
        Seed. The files depend on it and on the paths, not on the number of workers; a copy of the
        same name stays the same when images are added to the source.
    n_jobs : int or None, default=None
        Workers, as joblib counts them. Threads, unless ``joblib.parallel_config`` names a backend.
    on_error : {"raise", "skip"}, default="raise"
        What to do about an image that cannot be read. ``"skip"`` lets other images of its class
        make up for it in train.
    dry_run : bool, default=False
        Return the report of what would be done, and write nothing.
    progress : callable, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread, a few times a second.
    storage_options : mapping, default=None
        What fsspec's file systems are made with, for URLs. It goes to the workers, and stands in no
        file.
    destination_options : mapping, default=None
        The same for the destination alone. None takes `storage_options`, unless source and
        destination are URLs of two kinds.

    Returns
    -------
    BalanceReport
        Counts, remaining class weights, and what was skipped; `print` shows a table.

    Raises
    ------
    ValueError
        If a parameter is wrong, a class cannot be a folder or has no image, an image cannot be
        read, or the destination holds something else or is in use.
    OSError
        If a file cannot be written. The same call carries on where it stopped.

    Notes
    -----
    A file appears whole or not at all. A job that is killed at any point and called again ends with
    the same bytes as one that is not, given the same versions of the libraries.

    Files that are older than their image in the source are made anew, so an image that was replaced
    between two calls is noticed, unless its time of change was set back (as ``cp -p`` does), or
    the source or the destination is a URL: then delete the old files.

    Names are ``<original class>__<stem>.jpg`` and ``<original class>__<stem>__aug0001.jpg``; where
    two sources of a merged class would share one, ten digits of the path's digest tell them apart.

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
    check_choice(place, "place", PLACES)
    check_choice(image_format, "image_format", IMAGE_FORMATS)
    check_choice(on_error, "on_error", ON_ERROR)
    source_path, remote, store = open_places(
        source, destination, storage_options, destination_options
    )
    check_place(place, source_path, store.place)
    size = check_image_size(image_size)
    check_max_pixels(max_pixels)
    check_reference(place, size, image_format)
    check_n_jobs(n_jobs)
    check_workers(source_path, store.place, n_jobs)
    seed = check_seed(random_state)
    varier = as_augmenter(augmenter)
    plan = plan_job(
        list_sources(source_path, remote, check_classes(classes)),
        merge,
        augmenter=varier,
        seed=seed,
        shares=check_split(split),
        group_by=group_by,
        samples_per_class=samples_per_class,
        max_copies=check_max_copies(max_copies),
        first_copy=1 if place == "reference" else 0,
        n_jobs=n_jobs,
    )
    parameters = {
        "samples_per_class": samples_per_class,
        "max_copies": max_copies,
        "augmenter": varier,
        "split": split,
        "group_by": describe_groups(group_by),
        "image_size": size,
        "place": place,
        "image_format": image_format,
        "quality": check_quality(quality),
        "random_state": seed,
    }
    head = describe_job(plan, parameters, source_path)
    begun = find_begun_plan(store, head)
    other_versions = compare_versions(begun, head)
    known, known_at = read_known(begun, store.place)
    look_for_leaks = partial(
        find_leaks,
        # What is only referred to is not opened, and what is behind a URL is not fetched twice.
        root=source_path if remote is None and place != "reference" else None,
        n_jobs=n_jobs,
        known=known,
        known_at=known_at,
    )
    if dry_run:
        return make_report(plan, {}, None, look_for_leaks(plan), other_versions)
    extensions = [choose_extension(path, image_format) for path in plan.paths.iterate_bytes()]
    with store.open() as opened:
        head, present = begin_job(plan, head, opened)
        settings = OutputSettings(
            augmenter=varier,
            seed=seed,
            image_size=size,
            place=place,
            quality=quality,
            max_pixels=max_pixels,
            remote=remote,
            store=opened,
            owner=os.getpid(),
        )
        plan, skipped, n_bytes = carry_out(
            plan,
            source_path,
            extensions,
            settings,
            present,
            skip=on_error == "skip",
            n_jobs=n_jobs,
            progress=progress,
        )
        report = make_report(plan, skipped, n_bytes, look_for_leaks(plan), other_versions)
        finish_job(plan, head, report, extensions, settings)
    return report
