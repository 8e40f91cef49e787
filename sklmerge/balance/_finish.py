"""Before and after the images of a job: folders and the begun plan; counts and metadata."""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sklmerge.balance._destination import (
    PLAN_NAME,
    WORK_NAME,
    check_same_plan,
    read_begun_plan,
)
from sklmerge.balance._items import OutputSettings
from sklmerge.balance._metadata import METADATA_NAME, list_metadata, write_csv, write_json
from sklmerge.balance._names import name_file
from sklmerge.balance._plan import Plan
from sklmerge.balance._report import BalanceReport
from sklmerge.balance._writing import write_if_new


def begin_job(
    plan: Plan, head: Mapping[str, Any], destination: str, temporary: str
) -> dict[str, Any]:
    """Set up the destination of a job, or join what an earlier run has begun.

    Parameters
    ----------
    plan : Plan
        What is to be done.
    head : mapping
        Head of plan.json, see `sklmerge.balance._metadata.describe_job`.
    destination, temporary : str
        The folder, and that for temporary files in it.

    Returns
    -------
    dict
        The head that counts: that of the first run.

    Raises
    ------
    ValueError
        If the earlier run had another plan or, unfinished, other libraries.
    """
    # Once more, under the lock: another run may have been faster.
    begun = read_begun_plan(destination)
    if begun is not None:
        check_same_plan(destination, begun, head)
        head = {name: begun[name] for name in head}
    if not os.path.exists(os.path.join(destination, PLAN_NAME)):
        write_if_new([write_json(head)], os.path.join(destination, WORK_NAME, PLAN_NAME), temporary)
    _make_folders(plan, destination)
    return dict(head)


def _make_folders(plan: Plan, destination: str) -> None:
    """Make the folder of every class in every part, those that stay empty too.

    A data loader numbers classes by their folders: one that is missing would shift the others.

    Raises
    ------
    ValueError
        If the file system takes two classes for one, as some do that ignore case, or a folder is
        a link: what is written there would land elsewhere, perhaps in the source.
    """
    for part in plan.part_names:
        folders = [os.path.join(destination, part, label) for label in plan.merged_names]
        for folder in folders:
            for place in (os.path.dirname(folder), folder):
                if os.path.islink(place):
                    raise ValueError(
                        f"destination must hold folders of its own, got the link {place!r}; "
                        "remove it"
                    )
            os.makedirs(folder, exist_ok=True)
        if len({os.stat(folder).st_ino for folder in folders}) < len(folders):
            raise ValueError(
                f"destination {destination!r} is on a file system that takes two of the classes "
                f"{', '.join(plan.merged_names)} for one folder; merge them"
            )


def finish_job(
    plan: Plan,
    head: Mapping[str, Any],
    report: BalanceReport,
    destination: str,
    extensions: Sequence[str],
    settings: OutputSettings,
) -> None:
    """Check that the files are those of the plan, and write metadata and plan.json, in this order.

    Raises
    ------
    ValueError
        If a class folder holds files of another origin.
    """
    for part, name in enumerate(plan.part_names):
        _check_files(plan, part, os.path.join(destination, name), extensions)
        rows = list_metadata(
            plan, part, extensions, settings.augmenter, settings.seed, source=head["source"]
        )
        path = os.path.join(destination, name, METADATA_NAME)
        write_if_new(write_csv(rows), path, settings.temporary)
    results = report.to_dict()
    # Links count nothing, and whether a file is one may change when the source goes.
    del results["n_bytes"]
    content = write_json({**head, **results})
    write_if_new([content], os.path.join(destination, PLAN_NAME), settings.temporary)


def _check_files(plan: Plan, part: int, folder: str, extensions: Sequence[str]) -> None:
    """Compare the number of files of each class with the plan; look closer where they differ."""
    planned = plan.count_written()[part]
    for code, label in enumerate(plan.merged_names):
        class_folder = os.path.join(folder, label)
        found = [name for name in os.listdir(class_folder) if not name.startswith(".")]
        if len(found) != planned[code]:
            _mend_folder(plan, part, code, class_folder, set(found), extensions)


def _mend_folder(
    plan: Plan, part: int, code: int, folder: str, found: set[str], extensions: Sequence[str]
) -> None:
    """Remove files of this job that became unneeded: a source turned (un)readable between runs.

    Raises
    ------
    ValueError
        If there are others.
    OSError
        If one that was written is gone.
    """
    rows = ((plan.parts == part) & (plan.merged == code)).nonzero()[0].tolist()
    planned: set[str] = set()
    own: set[tuple[str, str]] = set()
    for row in rows:
        base = plan.name_base(row)
        own.add((base, extensions[row]))
        copies = range(plan.first_copy, plan.copies[row] + 1)
        planned |= {name_file(base, copy, extensions[row]) for copy in copies}
    surplus = sorted(found - planned)
    strange = [name for name in surplus if _split_name(name) not in own]
    if strange:
        raise ValueError(
            f"destination folder {folder!r} holds files that are not of this job, first: "
            f"{strange[0]!r}; move them away and run the same command again"
        )
    for name in surplus:
        os.remove(os.path.join(folder, name))
    gone = sorted(planned - found)
    if gone:
        raise FileNotFoundError(
            errno.ENOENT,
            f"{len(gone)} files vanished while the job ran; run the same command again, first",
            os.path.join(folder, gone[0]),
        )


def _split_name(name: str) -> tuple[str, str]:
    """Take the number of the copy out of a name."""
    stem, extension = os.path.splitext(name)
    return re.sub(r"__aug\d{4,}$", "", stem), extension
