"""Equal files that a split has put into different parts: a model would be tested on what it saw."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance.plan import Plan
from sklmerge.balance.store import PLAN_NAME
from sklmerge.images import Fetched, RemoteFiles, digest_file, group_equal, map_files, read_bytes

Leaks = list[list[str]]


def find_leaks(
    plan: Plan,
    n_jobs: int | None,
    *,
    known: Leaks | None = None,
    known_at: int = -1,
) -> Leaks:
    """Find byte-identical sources in different parts, as groups of relative paths."""
    rows = np.flatnonzero(plan.copies >= 0)
    parts = plan.parts[rows]
    if len(np.unique(parts)) < 2:
        return []
    # All of them: one that became unreadable since has changed what is where.
    sizes, times = _look_up(plan, n_jobs).T
    # What an earlier run found, in ns at known_at, holds as long as no source is newer.
    if known is not None and times.max() <= known_at:
        return known
    # Only files of one size in several parts are read, so photographs cost a look at the folder.
    suspect = rows[find_shared(sizes[rows], parts)]
    paths = [plan.paths[row] for row in suspect]
    digests = np.zeros((len(suspect), 2), np.uint64)
    for place, digest in enumerate(map_files(_digest, paths, RemoteFiles(), n_jobs)):
        digests[place] = np.frombuffer(digest, np.uint64)
    groups = [suspect[group] for group in group_equal(digests, np.arange(len(suspect)))]
    return [
        [os.fsdecode(plan.paths.get_bytes(row)) for row in group]
        for group in groups
        if len(np.unique(plan.parts[group])) > 1
    ]


def find_shared(sizes: NDArray[np.int64], parts: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Find the files that have the same size as a file in another part."""
    _, codes = np.unique(sizes, return_inverse=True)
    first, last = np.full(codes.max() + 1, 127, np.int8), np.full(codes.max() + 1, -1, np.int8)
    np.minimum.at(first, codes, parts)
    np.maximum.at(last, codes, parts)
    return np.asarray(first[codes] != last[codes])


def read_known(begun: dict[str, Any] | None, destination: str) -> tuple[Leaks | None, int]:
    """Read the leaks that a finished run has found, and when it finished, in ns."""
    try:
        finished_at = os.stat(os.path.join(destination, PLAN_NAME)).st_mtime_ns
    except OSError:
        return None, -1
    return (begun or {}).get("leaks"), finished_at


def _look_up(plan: Plan, n_jobs: int | None) -> NDArray[np.int64]:
    """Look up the size and the time of change of each source, without opening it; shape (n, 2)."""
    found = np.zeros((len(plan.copies), 2), np.int64)
    for row, measures in enumerate(map_files(_measure, plan.paths, RemoteFiles(), n_jobs)):
        found[row] = measures
    return found


def _measure(path: str, fetched: Fetched) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _digest(path: str, fetched: Fetched) -> bytes:
    try:
        return digest_file(read_bytes(path, fetched))
    except ValueError:
        # Gone meanwhile: like no other.
        return digest_file(os.fsencode(path) + b"\0")
