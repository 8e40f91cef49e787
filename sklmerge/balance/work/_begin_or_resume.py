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
    """Make the head of plan.json before the job begins: everything that its files depend on."""
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
    """Encode a mapping as readable JSON, in UTF-8."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def describe_parameter(value: Any) -> Any:
    """Convert a parameter to a JSON value that is the same in every process."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): describe_parameter(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [describe_parameter(item) for item in value]
    # Only parameters that are not at their default.
    if hasattr(value, "get_params"):
        return {type(value).__name__: _list_changed(value)}
    # By name: the addresses of functions and objects differ from process to process.
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
    """Read the head of an earlier run's plan, if there is one."""
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
    """Find an earlier run in a destination, and check that it was the same job."""
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
    """List only the classes that a merge changes."""
    return {merged: own for merged, own in merge.items() if own != [merged]}


def compare_versions(
    begun: Mapping[str, Any] | None, head: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return the library versions that differ from those of an earlier run: then and now."""
    old = head["versions"] if begun is None else begun["versions"]
    new = head["versions"]
    return {name: [str(old.get(name)), new[name]] for name in new if old.get(name) != new[name]}


def begin_job(plan: Plan, head: Mapping[str, Any], store: Store) -> tuple[dict[str, Any], Present]:
    """Set up the open destination, or resume an earlier run and return its head."""
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
    """Check that the files match the plan, then write the metadata and, last, plan.json."""
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
    """Remove files of this job that became unneeded: a source turned (un)readable between runs."""
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
