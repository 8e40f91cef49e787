"""The plan that an earlier run has begun at a destination: found, and compared with this one."""

import json
from collections.abc import Mapping
from typing import Any

from sklmerge.balance._report import tell_changes
from sklmerge.balance._store import PLAN_NAME, WORK_NAME, Store
from sklmerge.images._errors import BadFileError

_HEAD = {"digest", "source", "parameters", "merge", "versions", "platform"}


def read_begun_plan(store: Store) -> dict[str, Any] | None:
    """Read what an earlier run has begun in a destination, without touching it.

    Returns
    -------
    dict or None
        The head of its plan, see `sklmerge.balance._head`; None where nothing is begun.

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
        raise ValueError(
            f"destination {store.place!r} holds another plan ({reason} differ); pass a new "
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
    >>> from sklmerge.balance._begun import list_joined
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
    >>> from sklmerge.balance._begun import compare_versions
    >>> compare_versions({"versions": {"numpy": "1.26"}}, {"versions": {"numpy": "2.3"}})
    {'numpy': ['1.26', '2.3']}
    """
    old = head["versions"] if begun is None else begun["versions"]
    new = head["versions"]
    return {name: [str(old.get(name)), new[name]] for name in new if old.get(name) != new[name]}
