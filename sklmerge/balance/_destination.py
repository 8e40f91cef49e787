"""The destination while a job works on it: one plan, and one run at a time."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from sklmerge.balance._writing import explain_write_error

PLAN_NAME = "plan.json"
WORK_NAME = ".sklmerge"
_HEAD = {"digest", "source", "parameters", "merge", "versions", "platform"}


def check_apart(source: str, destination: str) -> None:
    """Check that neither folder lies in the other.

    Raises
    ------
    ValueError
        If one does, or both are one.
    """
    inner, outer = os.path.realpath(destination), os.path.realpath(source)
    if os.path.commonpath([inner, outer]) in (inner, outer):
        raise ValueError(
            f"destination and source must lie apart, got {destination!r} and {source!r}"
        )


def read_begun_plan(destination: str) -> dict[str, Any] | None:
    """Read what an earlier run has begun in a destination, without touching it.

    Returns
    -------
    dict or None
        The head of its plan, see `sklmerge.balance._metadata`; None where nothing is begun.

    Raises
    ------
    ValueError
        If the destination is no folder, or holds files but no plan.
    """
    if not os.path.lexists(destination):
        return None
    if not os.path.isdir(destination):
        raise ValueError(f"destination must be a folder, got the file {destination!r}")
    for folder in (destination, os.path.join(destination, WORK_NAME)):
        with suppress(FileNotFoundError), open(os.path.join(folder, PLAN_NAME), "rb") as file:
            return _parse_plan(file.read(), destination)
    if set(os.listdir(destination)) - {WORK_NAME}:
        raise ValueError(
            f"destination must be new, empty or the work of an earlier run, got {destination!r}, "
            f"which holds files but no {PLAN_NAME}"
        )
    return None


def _parse_plan(data: bytes, destination: str) -> dict[str, Any]:
    try:
        plan = json.loads(data)
    except ValueError as error:
        raise ValueError(f"destination {destination!r} has a damaged {PLAN_NAME}") from error
    if not isinstance(plan, dict) or not set(plan) >= _HEAD:
        raise ValueError(f"destination {destination!r} has a {PLAN_NAME} that is not of sklmerge")
    return plan


def check_same_plan(destination: str, begun: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    """Check that what an earlier run has begun is what this one is to do.

    Parameters
    ----------
    destination : str
        For the message.
    begun, head : mapping
        Heads of the plan found and of this one.

    Raises
    ------
    ValueError
        If they differ, with the parameters that do.
    """
    if begun["digest"] != head["digest"]:
        old = {"merge": begun["merge"], **begun["parameters"]}
        new = {"merge": head["merge"], **head["parameters"]}
        differing = [name for name in new if old.get(name) != new[name]]
        reason = ", ".join(differing) or "the files of the source"
        raise ValueError(
            f"destination {destination!r} holds another plan ({reason} differ); pass a new "
            "folder, or delete this one first"
        )
    finished = os.path.exists(os.path.join(destination, PLAN_NAME))
    if not finished and begun["versions"] != head["versions"]:
        old, new = begun["versions"], head["versions"]
        differing = [
            f"{name} {old.get(name)}, now {new[name]}" for name in new if old.get(name) != new[name]
        ]
        raise ValueError(
            f"destination {destination!r} was begun with other versions ({'; '.join(differing)}), "
            "which may make other pixels; go back to them, or delete the folder and begin anew"
        )


@contextmanager
def open_work(destination: str) -> Iterator[str]:
    """Lock a destination for one run and give it a folder for files that are not whole yet.

    What dead runs have left half-written is removed. The lock is the kernel's: it dies with its
    process.

    Yields
    ------
    str
        Path of the folder for temporary files.

    Raises
    ------
    ValueError
        If another run is at work.
    OSError
        With what to do about a full disk.
    """
    work = os.path.join(destination, WORK_NAME)
    lock = lock_folder(work, destination)
    # Named anew for each run: a worker that a dead run left behind must find its own one gone.
    temporary = os.path.join(work, f"tmp-{uuid.uuid4().hex}")
    try:
        _remove_temporary(work)
        os.mkdir(temporary)
        yield temporary
    except OSError as error:
        raise explain_write_error(error, error.filename or destination) from error
    finally:
        _remove_temporary(work)
        if os.path.exists(os.path.join(destination, PLAN_NAME)):
            shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def end_work(temporary: str) -> None:
    """Take the folder for temporary files away, by which workers know that their run has ended."""
    # In one step: a worker may write to it at this moment.
    with suppress(FileNotFoundError):
        os.rename(temporary, temporary + "-ended")


def _remove_temporary(work: str) -> None:
    for name in os.listdir(work):
        if name.startswith("tmp"):
            shutil.rmtree(os.path.join(work, name), ignore_errors=True)


def lock_folder(work: str, destination: str) -> int:
    """Lock a folder for one run, by the file ``lock`` in it; it is made where it is missing.

    Parameters
    ----------
    work, destination : str
        The folder, and what the message calls it.

    Returns
    -------
    int
        File descriptor: the lock goes when it is closed.

    Raises
    ------
    ValueError
        If another run has it.
    """
    # Not at the top: Windows has no fcntl, and the rest of the library works there.
    import fcntl

    path = os.path.join(work, "lock")
    while True:
        os.makedirs(work, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise ValueError(f"destination {destination!r} is in use by another run") from error
        except OSError:
            os.close(lock)
            raise
        # A run that ends removes its lock file: what was locked may be no longer the one in place.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        os.close(lock)
