"""Before and after the images of a job: folders and the begun plan; counts and metadata."""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sklmerge.balance._begun import find_begun_plan
from sklmerge.balance._head import write_json
from sklmerge.balance._metadata import METADATA_NAME, list_metadata, write_csv
from sklmerge.balance._names import name_file
from sklmerge.balance._plan import Plan
from sklmerge.balance._report import BalanceReport
from sklmerge.balance._settings import OutputSettings
from sklmerge.balance._store import PLAN_NAME, WORK_NAME, Present, Store


def begin_job(plan: Plan, head: Mapping[str, Any], store: Store) -> tuple[dict[str, Any], Present]:
    """Set up the destination of a job, or join what an earlier run has begun.

    Parameters
    ----------
    plan : Plan
        What is to be done.
    head : mapping
        Head of plan.json, see `sklmerge.balance._head.describe_job`.
    store : Store
        The destination, open.

    Returns
    -------
    head : dict
        The head that counts: that of the first run.
    present : Present
        What is in place already.

    Raises
    ------
    ValueError
        If the earlier run had another plan or, unfinished, other libraries.
    """
    # Once more, under the lock: another run may have been faster.
    begun = find_begun_plan(store, head)
    if begun is not None:
        head = {name: begun[name] for name in head}
    if store.read(PLAN_NAME) is None:
        store.write_if_new([write_json(head)], f"{WORK_NAME}/{PLAN_NAME}")
    store.make_folders(plan.part_names, plan.merged_names)
    if begun is None:
        return dict(head), Present()
    return dict(head), store.find_present(plan.part_names, plan.merged_names)


def finish_job(
    plan: Plan,
    head: Mapping[str, Any],
    report: BalanceReport,
    extensions: Sequence[str],
    settings: OutputSettings,
) -> None:
    """Check that the files are those of the plan, and write metadata and plan.json, in this order.

    Raises
    ------
    ValueError
        If a class folder holds files of another origin.
    """
    store = settings.store
    for part, name in enumerate(plan.part_names):
        _check_files(plan, part, store, extensions)
        rows = list_metadata(
            plan, part, extensions, settings.augmenter, settings.seed, source=head["source"]
        )
        store.write_if_new(write_csv(rows), f"{name}/{METADATA_NAME}")
    results = report.to_dict()
    # Links count nothing, and whether a file is one may change when the source goes; and what this
    # run was made with says nothing of a folder that an earlier one has finished.
    del results["n_bytes"], results["other_versions"]
    store.write_if_new([write_json({**head, **results})], PLAN_NAME)


def _check_files(plan: Plan, part: int, store: Store, extensions: Sequence[str]) -> None:
    """Compare the number of files of each class with the plan; look closer where they differ."""
    planned = plan.count_written()[part]
    for code, label in enumerate(plan.merged_names):
        folder = f"{plan.part_names[part]}/{label}"
        found = store.list_names(folder)
        if len(found) != planned[code]:
            _mend_folder(plan, part, code, store, folder, set(found), extensions)


def _mend_folder(
    plan: Plan,
    part: int,
    code: int,
    store: Store,
    folder: str,
    found: set[str],
    extensions: Sequence[str],
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
            f"destination folder {os.path.join(store.place, folder)!r} holds files that are not of "
            "this job, first: "
            f"{strange[0]!r}; move them away and run the same command again"
        )
    for name in surplus:
        store.remove(f"{folder}/{name}")
    gone = sorted(planned - found)
    if gone:
        raise FileNotFoundError(
            errno.ENOENT,
            f"{len(gone)} files vanished while the job ran; run the same command again, first",
            os.path.join(store.place, folder, gone[0]),
        )


def _split_name(name: str) -> tuple[str, str]:
    """Take the number of the copy out of a name."""
    stem, extension = os.path.splitext(name)
    return re.sub(r"__aug\d{4,}$", "", stem), extension
