"""A plan carried out: sources handed to workers, and what a worker does with each of them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._parallel import map_unordered
from sklmerge.balance.plan import Plan
from sklmerge.balance.store import LINKS, Item, Outcome, Present, Writer
from sklmerge.balance.work._copies import (
    CopyBatch,
    OutputSettings,
    check_writable,
    draw_copies,
    encode_output,
)
from sklmerge.images import (
    FILES_PER_TASK,
    BadFileError,
    Fetched,
    ImageHeader,
    ReadOptions,
    RemoteFiles,
    decode_image,
    fetch_urls,
    read_bytes,
    read_header,
    read_image,
)

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
    """Write all files of a plan, which is adapted if sources turn out to be unreadable."""
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


def process_items(items: list[Item], settings: OutputSettings) -> Outcome:
    """Write the files of some sources, except existing files that are newer than the source."""
    if os.getpid() != settings.owner:
        # One thread a process: the processes share the cores. In the caller's own process this
        # would outlast the job.
        cv2.setNumThreads(1)
    outcome = Outcome()
    store, writer = settings.store, settings.store.open_writer(outcome)
    works = [(item, missing) for item in items if (missing := store.find_missing(item, outcome))]
    batch = CopyBatch(writer, settings.quality)
    fetched = _fetch_sources([item.source for item, _ in works], settings.remote)
    for (item, missing), draws, content in zip(
        works, draw_copies(works, settings), fetched, strict=True
    ):
        writer.check_alive()
        plain = [path for copy, path in missing if copy == 0 or draws is None]
        try:
            # Also where the bytes are only copied: a damaged file must not reach the training.
            image, data, header = _read_source(item.source, content, settings)
            check_writable(image)
        except ValueError as error:
            outcome.unreadable.append((item.row, str(error)))
            continue
        _write_plain(item, plain, data, header, image, settings, writer)
        if draws is not None:
            batch.add(image, draws)
    batch.flush()
    writer.flush()
    return outcome


def _read_source(
    path: str, content: Fetched, settings: OutputSettings
) -> tuple[NDArray[Any], bytes, ImageHeader | None]:
    """Read a source: pixels, bytes and header; a reader's files have no header that counts."""
    size = settings.image_size
    if settings.reader is not None:
        options = ReadOptions(settings.reader, image_size=size)
        return read_image(path, options, content), b"", None
    data = read_bytes(path, content)
    header = read_header(data)
    return decode_image(data, image_size=size), data, header


def _fetch_sources(sources: Sequence[str], remote: RemoteFiles | None) -> Iterator[Fetched]:
    """Fetch sources behind URLs, some at a time; None for files, which are read one by one."""
    for start in range(0, len(sources), FILES_PER_TASK):
        some = sources[start : start + FILES_PER_TASK]
        if remote is None:
            yield from [None] * len(some)
            continue
        try:
            yield from fetch_urls(some, remote)
        except ConnectionError as error:
            # Not the files' fault: they must not be taken for bad ones and left out.
            raise ConnectionError(
                f"{error}; run the same command again, which goes on from here"
            ) from error


def _write_plain(
    item: Item,
    paths: list[str],
    data: bytes,
    header: ImageHeader | None,
    image: NDArray[Any],
    settings: OutputSettings,
    writer: Writer,
) -> None:
    """Put a source's own file, and exact copies of it, in place."""
    if not paths:
        return
    size = settings.image_size
    unchanged = (
        header is not None
        and header.format == item.image_format
        and header.orientation == 1
        and size in (None, (header.height, header.width))
    )
    if not unchanged:
        data = encode_output(image, item.image_format, settings.quality)
    for path in paths:
        if unchanged and settings.place in LINKS:
            writer.link(item.source, path, settings.place)
        else:
            writer.put(path, data)
