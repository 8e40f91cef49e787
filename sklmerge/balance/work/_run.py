"""Carry a plan out: items to workers, unreadable sources out of the plan, until all is whole."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from sklmerge._parallel import map_unordered
from sklmerge.balance.plan import Plan
from sklmerge.balance.store import Item, Present
from sklmerge.balance.work._copies import OutputSettings
from sklmerge.balance.work._work import process_items
from sklmerge.images import BadFileError

Progress = Callable[[int, int], None]
# Enough work to be worth sending to a worker, little enough to show that something moves.
_FILES_AT_ONCE = 128


def carry_out(
    plan: Plan,
    extensions: Sequence[str],
    settings: OutputSettings,
    present: Present,
    *,
    skip: bool,
    n_jobs: int | None,
    progress: Progress | None,
) -> tuple[Plan, dict[str, str], int]:
    """Write all files of a plan, and of those that follow from it where sources are unreadable.

    Parameters
    ----------
    plan : Plan
        What to do.
    extensions : sequence of str, length n
        Of each source's files.
    settings : OutputSettings
        The same for all files.
    present : Present
        What is in place already.
    skip : bool
        Whether to go on without unreadable sources.
    n_jobs : int or None
        Workers, as joblib counts them.
    progress : callable or None
        Called with the number of files in place and the number of all.

    Returns
    -------
    plan : Plan
        What was done.
    skipped : dict of str to str
        Path of each unreadable source -> why.
    n_bytes : int
        What the files take on the disk.

    Raises
    ------
    BadFileError
        If a source is unreadable and `skip` is not set, or none of a class is readable.
    OSError
        If a file cannot be written.
    """
    unreadable = np.zeros(len(plan.copies), np.bool_)
    not_begun = plan.first_copy - 1
    begun = np.full(len(plan.copies), not_begun, np.int64)
    skipped: dict[str, str] = {}
    n_files = n_bytes = 0
    while (plan.copies > begun).any():
        shards = _cut_shards(plan, begun, settings.store.place, extensions, present)
        total = int(plan.count_written().sum())
        with closing(
            map_unordered(
                process_items,
                shards,
                settings,
                n_jobs=n_jobs,
                give_up=settings.store.end,
            )
        ) as outcomes:
            for outcome in outcomes:
                for row, reason in outcome.unreadable:
                    unreadable[row] = True
                    skipped[os.fsdecode(plan.paths.get_bytes(row))] = reason
                if outcome.unreadable and not skip:
                    raise _explain_unreadable(skipped)
                n_files += outcome.n_files
                n_bytes += outcome.n_bytes
                if progress is not None:
                    progress(n_files, total)
        begun = np.where(unreadable, not_begun, plan.copies)
        plan = plan.drop(unreadable)
        _check_left(plan, skipped)
    return plan, dict(sorted(skipped.items())), n_bytes


def _cut_shards(
    plan: Plan,
    begun: NDArray[np.int64],
    destination: str,
    extensions: Sequence[str],
    present: Present,
) -> Iterator[list[Item]]:
    """Cut what is still to do into lists of about equal work, in the order of the paths."""
    items: list[Item] = []
    n_files = 0
    folders = [
        [os.path.join(destination, part, folder, "") for folder in plan.folder_names]
        for part in plan.part_names
    ]
    for row in np.flatnonzero(plan.copies > begun).tolist():
        item = Item(
            row=row,
            source=plan.paths[row],
            base=folders[plan.parts[row]][plan.merged[row]] + plan.name_base(row),
            extension=extensions[row],
            key=int(plan.keys[row]),
            first=int(begun[row]) + 1,
            last=int(plan.copies[row]),
            labels=plan.name_labels(row),
        )
        item.present.update(present.look_up(item))
        items.append(item)
        n_files += item.last - item.first + 1
        if n_files >= _FILES_AT_ONCE:
            yield items
            items, n_files = [], 0
    if items:
        yield items


def _explain_unreadable(skipped: dict[str, str]) -> BadFileError:
    path, reason = next(iter(skipped.items()))
    return BadFileError(
        f'source file {path!r} could not be read ({reason}); pass on_error="skip" to go on '
        "without such files, from where this run stopped"
    )


def _check_left(plan: Plan, skipped: dict[str, str]) -> None:
    """Check that unreadable sources leave something of every class in train."""
    empty = np.flatnonzero(plan.count_files()[0] == 0)
    if len(empty):
        raise BadFileError(
            f"source has no readable image for train of class {plan.merged_names[empty[0]]!r}; "
            f"{len(skipped)} files could not be read, first: {next(iter(skipped))!r}"
        )
