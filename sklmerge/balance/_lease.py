"""A lease on a folder in an object store, where no lock dies with its process.

It is an object that says who is at work. Its run writes it anew every few seconds; whoever finds it
watches it, and takes it over where it stays as it is for as long as it says that it is good for.
So clocks need not agree. A process of this machine that is gone need not be waited for.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sklmerge.balance._objects import Objects
from sklmerge.balance._store import WORK_NAME

LEASE_NAME = f"{WORK_NAME}/lease.json"
# How long a lease is good for, and how often it is renewed: two renewals may fail.
_SECONDS = 60
_RENEWED_EVERY = 20
# A lease this old by all clocks that may be a little wrong is not watched first.
_OLD = 3600
_LOOK_EVERY = 1.0
# The runs of this process that are at work: a lease that one could not give back, because the store
# was down, must not lock out the next one.
_HELD: set[str] = set()


@contextmanager
def hold_lease(objects: Objects) -> Iterator[str]:
    """Take the lease on a folder, keep it, and give it back.

    Yields
    ------
    str
        Name of the run, which stands in the lease as long as it is this one's.

    Raises
    ------
    ValueError
        If another run renews it.
    OSError
        If the store does not answer, or there is no such bucket.

    Notes
    -----
    Where a store writes an object only if there is none (S3, GCS, Azure), of two runs that begin
    at once one gets the lease. Elsewhere, and where two runs take over the same dead one at the
    same moment, both may begin; the first then finds the other's name when it renews, or before
    its next shard, and stops. A run that was asleep for longer than its lease finds the same.
    """
    run = uuid.uuid4().hex
    # Before there is a lease, so that nobody finds one of a run that is not known here.
    _HELD.add(run)
    try:
        _take(objects, run)
        over = threading.Event()
        keeper = threading.Thread(target=_keep, args=(objects, run, over), daemon=True)
        keeper.start()
        try:
            yield run
        finally:
            over.set()
            keeper.join()
            end_lease(objects, run)
    finally:
        _HELD.discard(run)


def end_lease(objects: Objects, run: str) -> None:
    """Remove the lease if it is that of a run; where the store is down, it stays.

    That does no harm, and what made the run end is worth more than an error from here.
    """
    with suppress(OSError):
        if is_held(objects, run):
            objects.remove(LEASE_NAME)


def is_held(objects: Objects, run: str) -> bool:
    """Tell whether the lease is that of a run."""
    found = objects.read(LEASE_NAME)
    return found is not None and _parse(found).get("run") == run


def _take(objects: Objects, run: str) -> None:
    watched: bytes | None = None
    since = 0.0
    while not objects.create(LEASE_NAME, _write(run)):
        found = objects.read(LEASE_NAME)
        if found is None:
            continue
        lease = _parse(found)
        if lease.get("run") == run:
            # It was written, though the answer was lost.
            return
        if watched is None:
            watched, since = found, time.monotonic()
        if found != watched or _is_alive(lease):
            raise ValueError(f"destination {objects.place!r} is in use by another run")
        waited = time.monotonic() - since
        old = time.time() - float(lease.get("time", 0)) > _OLD
        if old or _is_dead(lease) or waited > float(lease.get("seconds", _SECONDS)):
            objects.remove(LEASE_NAME)
            watched = None
        else:
            time.sleep(_LOOK_EVERY)


def _keep(objects: Objects, run: str, over: threading.Event) -> None:
    """Renew a lease until the run is over or the lease is another's."""
    while not over.wait(_RENEWED_EVERY):
        try:
            if not is_held(objects, run):
                return
            objects.write({f"{objects.place}/{LEASE_NAME}": _write(run)})
        except OSError:
            # A store that is away for a while is no reason to stop: workers find out by themselves.
            continue


def _write(run: str) -> bytes:
    lease = {"run": run, "seconds": _SECONDS, "time": time.time(), **_describe_process()}
    return json.dumps(lease, indent=2).encode()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        lease = json.loads(data)
    except ValueError:
        lease = None
    return lease if isinstance(lease, dict) else {}


def _describe_process() -> dict[str, Any]:
    """Say which process this is, where that can be told for sure: on Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            machine = file.read().strip()
        # Containers of one kernel count their processes apart.
        machine += " " + os.readlink("/proc/self/ns/pid")
    except OSError:
        return {}
    return {"machine": machine, "pid": os.getpid(), "started": _read_start(os.getpid())}


def _read_start(pid: Any) -> str | None:
    """Read when a process began, in ticks; None where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            # The name of the program, in brackets, may hold anything.
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _is_here(lease: dict[str, Any]) -> bool:
    """Tell whether a lease is of a process that this machine would know."""
    return "machine" in lease and lease["machine"] == _describe_process().get("machine")


def _is_alive(lease: dict[str, Any]) -> bool:
    return _is_here(lease) and _is_at_work(lease)


def _is_dead(lease: dict[str, Any]) -> bool:
    return _is_here(lease) and not _is_at_work(lease)


def _is_at_work(lease: dict[str, Any]) -> bool:
    """Tell whether a run of this machine goes on."""
    if lease.get("pid") == os.getpid():
        return lease.get("run") in _HELD
    return _read_start(lease.get("pid")) == lease.get("started")
