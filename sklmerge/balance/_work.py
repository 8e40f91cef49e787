"""One worker's share of the job: read each source once, write its file and its copies."""

import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import hash_keys
from sklmerge.augment._adapters import Augmenter
from sklmerge.balance._by_class import pick_augmenter
from sklmerge.balance._names import name_file
from sklmerge.balance._writing import link_whole, write_whole
from sklmerge.images._codec import decode_image, encode_image
from sklmerge.images._headers import ImageHeader, read_header
from sklmerge.images._remote import RemoteFolder

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}
# What the copies of one image may take at a time.
_MAX_COPIES_BYTES = 2**26


@dataclass(frozen=True)
class OutputSettings:
    """What the files of a job have in common; the fields are parameters of `balance_folder`."""

    augmenter: Augmenter | None
    seed: int
    image_size: tuple[int, int] | None
    place: str
    quality: int
    max_pixels: int | None
    remote: RemoteFolder | None
    temporary: str
    owner: int


@dataclass(frozen=True, eq=False)
class Item:
    """One source: where it is, its labels, and which copies to write (0 is the file itself)."""

    row: int
    source: str
    base: str
    extension: str
    key: int
    first: int
    last: int
    labels: tuple[str, str]

    def list_outputs(self) -> Iterator[tuple[int, str]]:
        """List the numbers and the paths of the files to write."""
        for copy in range(self.first, self.last + 1):
            yield copy, name_file(self.base, copy, self.extension)


@dataclass
class Outcome:
    """What came of some sources: files in place, their bytes, and what could not be read."""

    n_files: int = 0
    n_bytes: int = 0
    unreadable: list[tuple[int, str]] = field(default_factory=list)


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
        If a file cannot be written, or the run that asked for it has ended: its folder for
        temporary files is gone, and nobody waits for the rest.
    """
    if os.getpid() != settings.owner:
        # One thread a process: the processes share the cores. In the caller's own process this
        # would outlast the job.
        cv2.setNumThreads(1)
    outcome = Outcome()
    for item in items:
        if not os.path.isdir(settings.temporary):
            raise FileNotFoundError(errno.ENOENT, "the run has ended", settings.temporary)
        changed = _read_change(item.source)
        missing = [pair for pair in item.list_outputs() if not _is_current(pair[1], changed)]
        if missing:
            reason = _make_files(item, missing, settings)
            if reason is not None:
                outcome.unreadable.append((item.row, reason))
                continue
        for _, path in item.list_outputs():
            outcome.n_files += 1
            outcome.n_bytes += _measure(path)
    return outcome


def _read_change(source: str) -> int:
    """Read when a source was last written, in ns; 0 where that cannot be told."""
    try:
        changed = os.stat(source).st_mtime_ns
    except OSError:
        return 0
    # Clocks of cameras and archives run ahead: such a file would be newer than all that is made.
    return changed if changed <= time.time_ns() else 0


def _is_current(path: str, changed: int) -> bool:
    """Tell whether a file is in place, and was made since its source was last written."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    # After a power cut a file may be in place without its content.
    return status.st_size > 0 and status.st_mtime_ns >= changed


def _measure(path: str) -> int:
    """Return the bytes that a file adds to the disk: none for links."""
    status = os.lstat(path)
    return status.st_size if status.st_nlink == 1 and not os.path.islink(path) else 0


def _make_files(item: Item, missing: list[tuple[int, str]], settings: OutputSettings) -> str | None:
    """Write the missing files of one source, or return why it cannot be read."""
    image_format = _FORMATS[item.extension.lower()]
    try:
        if settings.remote is None:
            with open(item.source, "rb") as file:
                data = file.read()
        else:
            data = _fetch(item.source, settings.remote)
        header = read_header(data)
        # Also where the bytes are only copied: a damaged file must not reach the training.
        image = decode_image(data, image_size=settings.image_size, max_pixels=settings.max_pixels)
        unchanged = _is_unchanged(header, image_format, settings.image_size)
        if not unchanged:
            data = _encode(image, image_format, settings.quality)
    except ValueError as error:
        return str(error)
    except ConnectionError:
        raise
    except OSError as error:
        return error.strerror or str(error)
    varied = [(copy, path) for copy, path in missing if copy > 0]
    # A class without copies needs no augmenter of its own.
    augmenter = pick_augmenter(settings.augmenter, *item.labels) if varied else None
    plain = [path for copy, path in missing if copy == 0 or augmenter is None]
    for path in plain:
        if unchanged and settings.place != "copy":
            link_whole(item.source, path, settings.temporary, settings.place)
        else:
            write_whole(data, path, settings.temporary)
    if augmenter is not None:
        _write_copies(image, item, varied, augmenter, settings)
    return None


def _fetch(source: str, remote: RemoteFolder) -> bytes:
    try:
        return remote.read(source[len(remote.url) + 1 :])
    except OSError as error:
        # Not the file's fault: it must not be taken for a bad one and left out.
        raise ConnectionError(
            f"{source} could not be fetched ({error}); run the same command again, which goes on "
            "from here"
        ) from error


def _write_copies(
    image: NDArray[Any],
    item: Item,
    varied: list[tuple[int, str]],
    augmenter: Augmenter,
    settings: OutputSettings,
) -> None:
    image_format = _FORMATS[item.extension.lower()]
    keys = hash_keys(item.key, [copy for copy, _ in varied])
    params = augmenter.draw_params(len(varied), settings.seed, keys=keys)
    step = max(1, _MAX_COPIES_BYTES // image.nbytes)
    for start in range(0, len(varied), step):
        some = params.take(slice(start, start + step))
        copies = augmenter.apply(image[None], some, indices=np.zeros(len(some), np.intp))
        for copy, (_, path) in zip(copies, varied[start : start + step], strict=True):
            data = _encode(copy, image_format, settings.quality)
            write_whole(data, path, settings.temporary)


def _is_unchanged(
    header: ImageHeader, image_format: str, image_size: tuple[int, int] | None
) -> bool:
    """Tell whether a file can go into the balanced folder byte for byte."""
    fits = image_size is None or image_size == (header.height, header.width)
    return header.format == image_format and header.orientation == 1 and fits


def _encode(image: NDArray[Any], image_format: str, quality: int) -> bytes:
    """Encode without what JPEG cannot hold: the second byte of 16 bits, and alpha."""
    if image_format == "jpeg":
        if image.dtype == np.uint16:
            image = cv2.convertScaleAbs(image, alpha=1 / 257)
        if image.ndim == 3:
            image = image[..., :3]
    return encode_image(image, image_format, quality=quality)
