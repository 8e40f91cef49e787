"""inspect_folder: what a folder holds, what is wrong with it, and what to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from sklmerge._checks import check_choice
from sklmerge.balance import MODELS, Advice, advise
from sklmerge.images import (
    ImageIndex,
    ImageReport,
    Progress,
    merge_index,
    show_name,
)
from sklmerge.report._commands import explain_findings, write_code, write_commands
from sklmerge.report._place import Place, find_place, list_merge
from sklmerge.weights import ClassWeightEstimator


@dataclass(frozen=True)
class FolderReport:
    """The contents of a folder of images. Print the object to see a short summary.

    Attributes
    ----------
    source : str
        The folder.
    n_images, n_files : int
        Number of readable images, and number of all image files.
    counts, original_counts : dict of label to int
        Number of readable images of each merged class, and of each original class.
    unreadable_counts : dict of label to int
        Number of unreadable files of each merged class.
    empty_folders : list of str
        Class folders without images.
    passed_over : dict of str to int
        File extension -> number of files that were skipped.
    members : dict of label to list of labels
        The original classes of each merged class.
    ratio : float
        Number of images of the largest class divided by that of the smallest class.
    class_weight : dict of label to float
        Class weights by inverse frequency ("balanced").
    copies : dict of label to int
        Number of augmented copies per image that a class needs to become as large as the largest
        class.
    n_files_balanced : int
        Total number of images and copies, if each image gets at most 3 copies.
    budget_bytes : float
        Disk space in bytes that images and copies may use in total.
    first, remedy : str
        What to try first, and what to try next; see `sklmerge.balance.advise`.
    reasons : list of str
        The reasons for this advice.
    bad_files : dict of str to str
        Path of each file that cannot be read -> the reason.
    duplicates, same_pixels, similar, conflicts : list of list of str
        Groups of paths. The four lists contain, in this order, equal files, different files with
        equal pixels, near duplicates, and equal images with different labels.
    sizes : dict of str to list of int
        The ``"smallest"``, ``"median"`` and ``"largest"`` image size, as [height, width].
    modes, formats : dict of str to int
        Colour mode and dtype -> number of images, and file format -> number of files.
    wrong_extensions : dict of str to str
        Path of each file whose extension does not match its content -> the actual format.
    n_bytes : int
        Total size of the files in bytes.
    images : list of str
        Lines of text that describe the sizes, modes and formats.
    commands, code : list of str
        Shell commands and Python code that follow the advice.
    """

    source: str
    n_images: int
    n_files: int
    counts: dict[Any, int]
    original_counts: dict[Any, int]
    unreadable_counts: dict[Any, int]
    empty_folders: list[str]
    passed_over: dict[str, int]
    members: dict[Any, list[Any]]
    ratio: float
    class_weight: dict[Any, float]
    copies: dict[Any, int]
    n_files_balanced: int
    budget_bytes: float
    first: str
    remedy: str
    reasons: list[str]
    bad_files: dict[str, str]
    duplicates: list[list[str]]
    same_pixels: list[list[str]]
    similar: list[list[str]]
    conflicts: list[list[str]]
    sizes: dict[str, list[int]]
    modes: dict[str, int]
    formats: dict[str, int]
    wrong_extensions: dict[str, str]
    n_bytes: int
    images: list[str]
    commands: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values that JSON can store."""
        return asdict(self)

    def __str__(self) -> str:
        counts = ", ".join(f"{label} {n}" for label, n in self.counts.items())
        head = f"{self.source}: {self.n_images:,} images ({counts})"
        return "\n".join(map(show_name, [head, *self.list_remarks()]))

    def list_remarks(self, most_named: int = 10) -> list[str]:
        """Return what was found and what to do, as lines of text.

        Parameters
        ----------
        most_named : int, default=10
            Maximum number of files, or groups of files, to list for each kind of remark.

        Returns
        -------
        list of str
        """
        lines = list(self.images)
        if self.passed_over:
            told = ", ".join(
                f"{n:,} {ending or 'without extension'}" for ending, n in self.passed_over.items()
            )
            lines.append(f"files that were skipped: {told}")
        for found, text in (
            (self.empty_folders, "class folders without an image"),
            (self.bad_files, "files that cannot be read"),
            (self.duplicates, "groups of equal files"),
            (self.same_pixels, "groups of different files with the same pixels"),
            (self.similar, "groups of similar images"),
            (self.conflicts, "groups of equal images with different labels"),
            (self.wrong_extensions, "files with the extension of a different format"),
        ):
            lines.append(f"{text}: {len(found)}")
            lines += name_some(found, most_named, "~" if found is self.similar else "=")
        if self.first:
            lines.append(f"What to do first: {self.first}")
        lines.append(f"What to do{' next' if self.first else ''}: {self.remedy}")
        lines += [f"  {reason}" for reason in self.reasons]
        lines += [f"  $ {command}" for command in self.commands]
        return [*lines, "In Python:", *self.code] if self.code else lines


def name_some(found: Any, most: int, sign: str = "=") -> list[str]:
    """List the first files (with their reasons), groups of files or folders, as text."""
    if isinstance(found, dict):
        named = [f"  {path} ({reason})" for path, reason in found.items()]
    else:
        joint = f" {sign} "
        named = [f"  {same if isinstance(same, str) else joint.join(same)}" for same in found]
    n_more = len(named) - most
    return named[:most] + ([f"  and {n_more:,} more"] if n_more > 0 else [])


def inspect_folder(
    source: Any,
    *,
    merge: Any = None,
    model: str = "network",
    budget_bytes: float | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> FolderReport:
    """Count the images of each class, find damaged and duplicate files, and give advice.

    Files that cannot be read do not count as images of their class. The advice depends on the
    number of images and on the problems that were found. ``sklmerge inspect`` prints this report.

    Parameters
    ----------
    source : path, URL or ImageIndex
        Folder of class folders, or an index of a folder, a table or an archive.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to merge. None uses the merge of the index, if `source` is one.
    model : {"linear", "trees", "network", "embedding"}, default="network"
        The kind of model that you will train. The advice depends on it; see
        `sklmerge.balance.advise`.
    budget_bytes : float or None, default=None
        Disk space, in bytes, that images and copies may use in total. None means the free disk
        space.
    n_jobs : int or None, default=None
        Number of threads, as in joblib.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread.

    Returns
    -------
    FolderReport

    Raises
    ------
    ValueError
        If the source has no class folders or only one (merged) class, or `model` is unknown.

    See Also
    --------
    write_report : Writes the results as an HTML page with images.
    audit_split : Finds images that two folders share.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import inspect_folder
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     report = inspect_folder(folder, merge={"ground": ["grass", "gravel"]})
    >>> report.counts, report.remedy
    ({'brick': 160, 'ground': 80}, 'epochs')
    """
    check_choice("model", model, MODELS)
    place = source if isinstance(source, Place) else find_place(source)
    if isinstance(source, ImageIndex):
        index = merge_index(source, merge, "inspect_folder")
    else:
        index = place.open_classes(merge, allow_empty=True)
    if index.empty_folders:
        # What is advised must run.
        place = place._replace(classes=list(index.original_classes))
    report = index.verify(n_jobs=n_jobs, progress=progress)
    return describe_index(index, report, place, merge, budget_bytes, model)


def describe_index(
    index: ImageIndex,
    report: ImageReport,
    place: Place,
    merge: Any,
    budget_bytes: float | None,
    model: str = "network",
    bad_elsewhere: Mapping[str, int] = MappingProxyType({}),
) -> FolderReport:
    """Make the report of a verified index, with advice; the only side input is the disk space.

    `bad_elsewhere` counts the unreadable files of the other parts, which a job reads as well.
    """
    told = None if merge is None else list_merge(index)
    names = list(index.paths.relative())
    readable = index.take(np.array([name not in report.bad_files for name in names], bool))
    counts = {label: n for label, n in readable.counts.items() if n > 0}
    budget = place.measure_room() if budget_bytes is None else budget_bytes
    image_bytes = report.n_bytes / max(len(readable), 1)
    fits = True
    if counts:
        advice = advise(counts, model=model, image_bytes=image_bytes, budget_bytes=budget)
        class_weight = dict(ClassWeightEstimator().fit_counts(counts).class_weight_)
        fits = advice.n_files * image_bytes <= budget
    else:
        advice = Advice(1.0, {}, "", "nothing", ["no image can be read"], 0)
        class_weight = {}
    return FolderReport(
        source=place.source,
        n_images=len(readable),
        n_files=len(index),
        counts=readable.counts,
        original_counts=readable.original_counts,
        unreadable_counts={
            label: n - readable.counts[label]
            for label, n in index.counts.items()
            if n > readable.counts[label]
        },
        empty_folders=list(index.empty_folders),
        passed_over=dict(index.passed_over),
        members={label: list(own) for label, own in index.merger.members_.items()},
        ratio=advice.ratio,
        class_weight=class_weight,
        copies=advice.copies,
        n_files_balanced=advice.n_files,
        budget_bytes=budget,
        first=advice.first,
        remedy=advice.remedy,
        reasons=[*advice.reasons, *explain_findings(place, report, bad_elsewhere)],
        bad_files=report.bad_files,
        duplicates=report.duplicates,
        same_pixels=report.same_pixels,
        similar=report.similar,
        conflicts=report.conflicts,
        sizes={name: list(size) for name, size in report.sizes.items()},
        modes=report.modes,
        formats=report.formats,
        wrong_extensions=report.wrong_extensions,
        n_bytes=report.n_bytes,
        images=report.describe_images(),
        commands=write_commands(place, told, advice.remedy, report, bad_elsewhere, fits),
        code=write_code(place, told, advice.remedy, report, bad_elsewhere, model),
    )
