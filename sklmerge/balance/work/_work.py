"""One worker's share of the job: each source is read once, for its own file and for its copies."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
from numpy.typing import NDArray

from sklmerge.balance.store import LINKS, Item, Outcome, Writer
from sklmerge.balance.work._copies import (
    CopyBatch,
    OutputSettings,
    check_writable,
    draw_copies,
    encode_output,
)
from sklmerge.images import (
    FILES_PER_TASK,
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


def process_items(items: list[Item], settings: OutputSettings) -> Outcome:
    """Write the files of some sources; those in place and newer than their source are left.

    Parameters
    ----------
    items : list of Item
        The sources.
    settings : OutputSettings
        The same for all.

    Returns
    -------
    Outcome

    Raises
    ------
    OSError
        If a file cannot be written, or the run that asked for it has ended and nobody waits for
        the rest.
    """
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
    """Put a source's own file, and copies that are not varied, in place."""
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
