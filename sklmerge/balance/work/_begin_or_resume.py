"""plan.json of a job: begun before the first image is written, and finished with the counts."""

import errno
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from inspect import signature
from typing import Any

import cv2
import numpy as np

from sklmerge.balance.plan import Plan, list_metadata, name_file, write_csv
from sklmerge.balance.store import PLAN_NAME, WORK_NAME, Present, Store
from sklmerge.balance.work._copies import OutputSettings
from sklmerge.balance.work._report import BalanceReport, tell_changes
from sklmerge.images import METADATA_NAME, BadFileError

# The job has a seed and workers of its own.
_NOT_USED = ("random_state", "n_jobs")


def describe_job(plan: Plan, parameters: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Describe a job before it begins: what it is, and what its bytes depend on.

    Parameters
    ----------
    plan : Plan
        Its columns go into the digest.
    parameters : mapping
        Those of `balance_folder` that change what is written.
    source : str
        Where the images are.

    Returns
    -------
    dict
        Head of plan.json.
    """
    told = {name: describe_parameter(value) for name, value in parameters.items()}
    merge = plan.list_members()
    return {
        "digest": plan.digest(json.dumps([told, merge], sort_keys=True)),
        "source": source,
        "parameters": told,
        "merge": merge,
        # OpenCV by its module, for it comes in packages of several names.
        "versions": {
            "sklmerge": version("sklmerge"),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
        "platform": {
            "machine": platform.machine(),
            "processor_features": cv2.getCPUFeaturesLine(),
        },
    }


def write_json(content: Mapping[str, Any]) -> bytes:
    """Write a mapping as JSON for people to read, in UTF-8."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def describe_parameter(value: Any) -> Any:
    """Turn a parameter into what JSON can hold, the same in every process.

    Functions and other objects are named, for their addresses differ from process to process. Of
    estimators only parameters that are not at their default are told.

    Examples
    --------
    >>> from sklmerge.balance.work._begin_or_resume import describe_parameter
    >>> describe_parameter({"split": (0.8, 0.2), "reader": len})
    {'split': [0.8, 0.2], 'reader': 'builtins.len'}
    >>> from sklmerge import ImageAugmenter
    >>> describe_parameter(ImageAugmenter(rotation_range=15))
    {'ImageAugmenter': {'rotation_range': 15}}
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): describe_parameter(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [describe_parameter(item) for item in value]
    if hasattr(value, "get_params"):
        return {type(value).__name__: _list_changed(value)}
    kind = value if hasattr(value, "__qualname__") else type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _list_changed(estimator: Any) -> dict[str, Any]:
    """List the parameters that are not at their default; a later version may have more of them."""
    known = signature(type(estimator)).parameters
    params = estimator.get_params(deep=False)
    told = {name: describe_parameter(params[name]) for name in params if name not in _NOT_USED}
    return {k: v for k, v in told.items() if v != describe_parameter(known[k].default)}


_HEAD = {"digest", "source", "parameters", "merge", "versions", "platform"}


def read_begun_plan(store: Store) -> dict[str, Any] | None:
    """Read what an earlier run has begun in a destination, without touching it.

    Returns
    -------
    dict or None
        The head of its plan, as in plan.json; None if nothing has begun.

    Raises
    ------
    ValueError
        If the destination is no folder, or holds files but no plan.
    BadFileError
        If the plan is damaged.
    """
    for name in (PLAN_NAME, f"{WORK_NAME}/{PLAN_NAME}"):
        data = store.read(name)
        if data is not None:
            return _parse_plan(data, store.place)
    if store.list_names():
        raise ValueError(
            f"destination must be new, empty or the work of an earlier run, got {store.place!r}, "
            f"which holds files but no {PLAN_NAME}"
        )
    return None


def _parse_plan(data: bytes, place: str) -> dict[str, Any]:
    try:
        plan = json.loads(data)
    except ValueError as error:
        raise BadFileError(
            f"{place!r} has a damaged {PLAN_NAME}; take a new folder, or delete this one first"
        ) from error
    if not isinstance(plan, dict) or not set(plan) >= _HEAD:
        raise ValueError(f"{place!r} has a {PLAN_NAME} that is not of sklmerge")
    return plan


def find_begun_plan(store: Store, head: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find what an earlier run has begun in a destination, and check that it is this job.

    Parameters
    ----------
    store : Store
        The destination.
    head : mapping
        Head of this job's plan.

    Returns
    -------
    dict or None
        See `read_begun_plan`.

    Raises
    ------
    ValueError
        If the plan found is damaged, or differs, with the parameters that do.
    """
    begun = read_begun_plan(store)
    if begun is None:
        return None
    if begun["digest"] != head["digest"]:
        old = {"merge": list_joined(begun["merge"]), **begun["parameters"]}
        new = {"merge": list_joined(head["merge"]), **head["parameters"]}
        differing = [name for name in new if old.get(name) != new[name]]
        other = "files" if begun["merge"] == head["merge"] else "classes"
        reason = ", ".join(differing) or f"the {other} of the source"
        verb = "differs" if len(differing) == 1 else "differ"
        raise ValueError(
            f"destination {store.place!r} holds another plan ({reason} {verb}); pass a new "
            "folder, or delete this one first"
        )
    changes = compare_versions(begun, head)
    if changes and store.read(PLAN_NAME) is None:
        raise ValueError(
            f"destination {store.place!r} was begun with other versions ({tell_changes(changes)}), "
            "which may make other pixels; go back to them, or delete the folder and begin anew"
        )
    return begun


def list_joined(merge: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """List what a merge changes: every class has a place in a plan, merged or not.

    Examples
    --------
    >>> from sklmerge.balance.work._begin_or_resume import list_joined
    >>> list_joined({"ab": ["a", "b"], "c": ["c"]})
    {'ab': ['a', 'b']}
    """
    return {merged: own for merged, own in merge.items() if own != [merged]}


def compare_versions(
    begun: Mapping[str, Any] | None, head: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Compare the versions of libraries that an earlier run had with those of this one.

    Parameters
    ----------
    begun : mapping or None
        Head of the plan found, if there is one.
    head : mapping
        Head of this one.

    Returns
    -------
    dict of str to list of str
        Library -> version then and now, where they differ.

    Examples
    --------
    >>> from sklmerge.balance.work._begin_or_resume import compare_versions
    >>> compare_versions({"versions": {"numpy": "1.26"}}, {"versions": {"numpy": "2.3"}})
    {'numpy': ['1.26', '2.3']}
    """
    old = head["versions"] if begun is None else begun["versions"]
    new = head["versions"]
    return {name: [str(old.get(name)), new[name]] for name in new if old.get(name) != new[name]}


def begin_job(plan: Plan, head: Mapping[str, Any], store: Store) -> tuple[dict[str, Any], Present]:
    """Set up the destination of a job, or join what an earlier run has begun.

    Parameters
    ----------
    plan : Plan
        What is to be done.
    head : mapping
        Head of plan.json, see `sklmerge.balance.work._begin_or_resume.describe_job`.
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
    store.make_folders(plan.part_names, plan.folder_names)
    if begun is None:
        return dict(head), Present()
    return dict(head), store.find_present(plan.part_names, plan.folder_names)


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
    for name in ("dropped", "conflicts"):
        if not results[name]:
            del results[name]
    store.write_if_new([write_json({**head, **results})], PLAN_NAME)


def _check_files(plan: Plan, part: int, store: Store, extensions: Sequence[str]) -> None:
    """Compare the number of files of each class with the plan; look closer where they differ."""
    planned = plan.count_written()[part]
    for code, label in enumerate(plan.folder_names):
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
