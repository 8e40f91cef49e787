"""Which images are left out before the split: bad, equal, similar, leaking, contradictory."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import list_items
from sklmerge.balance.plan._plan import merge_codes
from sklmerge.balance.plan._source import Sources
from sklmerge.images import (
    ImageReport,
    ReadOptions,
    RemoteFiles,
    find_similar,
    join_groups,
    verify_files,
)

DROPPABLE = ("unreadable", "duplicates", "similar", "leaks", "conflicts")
Dropped = dict[str, dict[str, str]]


class Cleaned(NamedTuple):
    """What was left out of a source, and which images with contradictory labels remain."""

    # Which images stay, shape (n,).
    kept: NDArray[np.bool_]
    # Kind -> path of each image that is left out -> why, or the image that stays for it.
    dropped: Dropped
    # Groups of equal images under different labels that stay.
    conflicts: list[list[str]]


def check_drop(drop: Any, *, is_divided: bool) -> tuple[str, ...]:
    """Check what to leave out; "leaks" needs a source that is divided into parts."""
    kinds = (drop,) if isinstance(drop, str) else list_items(drop)
    if any(kind not in DROPPABLE for kind in kinds) or (drop and not kinds):
        raise ValueError(f"drop must list some of {', '.join(map(repr, DROPPABLE))}, got {drop!r}")
    if "leaks" in kinds and not is_divided:
        raise ValueError(
            "drop='leaks' is for a source that is divided into train, val or test; pass "
            "group_by='content' to keep equal images of an undivided source in one part"
        )
    return tuple(kind for kind in DROPPABLE if kind in kinds)


def clean_sources(
    sources: Sources, mapping: Mapping[str, str], kinds: Sequence[str], n_jobs: int | None
) -> tuple[Sources, Cleaned]:
    """Leave out the images of the given kinds."""
    if not kinds:
        return sources, Cleaned(np.ones(len(sources), np.bool_), {}, [])
    merged = merge_codes(sources.classes, sources.class_names, mapping)
    options, files = ReadOptions(sources.reader), sources.files or RemoteFiles()
    found = verify_files(sources.paths, merged, options, files, n_jobs)
    similar = []
    if "similar" in kinds:
        similar = find_similar(sources.paths, files=files, reader=sources.reader, n_jobs=n_jobs)
    names = list(sources.paths.relative())
    cleaned = choose_dropped(names, merged, sources.parts, found, similar, kinds)
    return sources.take(cleaned.kept), cleaned


def choose_dropped(
    names: Sequence[str],
    merged: NDArray[np.int32],
    parts: NDArray[np.int8] | None,
    found: ImageReport,
    similar: Sequence[Sequence[int]],
    drop: Sequence[str],
) -> Cleaned:
    """Choose the images to leave out; keep the first of equal or similar ones with one label."""
    places = {name: place for place, name in enumerate(names)}
    equal = [[places[name] for name in g] for g in (*found.duplicates, *found.same_pixels)]
    rows, alike = join_groups(equal), join_groups(similar)
    at_odds = [group for group in rows if len(set(merged[group].tolist())) > 1]
    dropped: dict[str, dict[int, str]] = {kind: {} for kind in drop}
    gone: set[int] = set()

    def leave_out(kind: str, row: int, why: str) -> None:
        if row not in gone:
            gone.add(row)
            dropped[kind][row] = why

    if "unreadable" in drop:
        for name, reason in found.bad_files.items():
            leave_out("unreadable", places[name], reason)
    if "conflicts" in drop:
        for group in at_odds:
            for row in group:
                other = next(r for r in group if merged[r] != merged[row])
                leave_out("conflicts", row, names[other])
    for kind, groups in (("duplicates", rows), ("similar", alike)):
        together = [g for g in groups if len(set(merged[g].tolist())) == 1]
        if "leaks" in drop and parts is not None and (kind == "duplicates" or kind in drop):
            for group in together:
                # The last part's stay (test, or val): what models are judged on does not change.
                last = max(group, key=lambda row: (parts[row], -row))
                for row in group:
                    if parts[row] != parts[last]:
                        leave_out("leaks", row, names[last])
        if kind in drop:
            for group in together:
                for some in _split_by_part(group, parts):
                    left = [row for row in some if row not in gone]
                    for row in left[1:]:
                        leave_out(kind, row, names[left[0]])
    kept = np.ones(len(names), np.bool_)
    kept[list(gone)] = False
    return Cleaned(
        kept,
        {
            kind: {names[row]: why for row, why in sorted(some.items())}
            for kind, some in dropped.items()
        },
        [[names[row] for row in group] for group in at_odds if "conflicts" not in drop],
    )


def _split_by_part(group: list[int], parts: NDArray[np.int8] | None) -> list[list[int]]:
    if parts is None:
        return [group]
    return [[row for row in group if parts[row] == part] for part in np.unique(parts[group])]
