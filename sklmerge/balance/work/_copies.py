"""The augmented copies of images: drawn, made in batches of one shape, and encoded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_keys
from sklmerge.augment import AugmentationParams, Augmenter, pick_augmenter
from sklmerge.balance.store import Item, Store, Writer
from sklmerge.images import Reader, RemoteFiles, encode_image

# What images and their copies may take at a time.
_MAX_BYTES = 2**26
_NOTHING = AugmentationParams(0, {})


@dataclass(frozen=True)
class OutputSettings:
    """Settings of all files of a job; the fields are parameters of `balance_folder`."""

    augmenter: Augmenter | None
    seed: int
    image_size: tuple[int, int] | None
    place: str
    quality: int
    reader: Reader | None
    remote: RemoteFiles | None
    store: Store
    owner: int


@dataclass
class Draws:
    """The augmentation parameters of the copies of one source, and the files to write."""

    augmenter: Augmenter
    # Of its copies.
    paths: list[str]
    image_format: str
    # Of all sources of the shard that the augmenter varies.
    params: AugmentationParams
    # Rows start to stop of them are this source's.
    start: int
    stop: int


@dataclass
class _Streams:
    """What one augmenter is to draw for."""

    augmenter: Augmenter
    sources: list[int] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)
    shares: list[Draws] = field(default_factory=list)


def draw_copies(
    works: Iterable[tuple[Item, Sequence[tuple[int, str]]]], settings: OutputSettings
) -> list[Draws | None]:
    """Draw the parameters of the missing copies of some sources, with one call per augmenter."""
    drawn: list[Draws | None] = []
    streams: dict[int, _Streams] = {}
    for item, missing in works:
        augmented = [(copy, path) for copy, path in missing if copy > 0]
        # A class without copies needs no augmenter of its own.
        augmenter = pick_augmenter(settings.augmenter, *item.labels) if augmented else None
        if augmenter is None:
            drawn.append(None)
            continue
        mine = streams.setdefault(id(augmenter), _Streams(augmenter))
        start = len(mine.copies)
        mine.sources += [item.key] * len(augmented)
        mine.copies += [copy for copy, _ in augmented]
        share = Draws(
            augmenter,
            [path for _, path in augmented],
            item.image_format,
            _NOTHING,
            start,
            len(mine.copies),
        )
        mine.shares.append(share)
        drawn.append(share)
    for mine in streams.values():
        keys = hash_keys(np.array(mine.sources, np.uint64), mine.copies)
        params = mine.augmenter.draw_params(len(keys), settings.seed, keys=keys)
        for share in mine.shares:
            share.params = params
    return drawn


@dataclass
class CopyBatch:
    """Collects images of one shape until there are enough for a batch, then writes their copies."""

    writer: Writer
    quality: int
    _images: list[NDArray[Any]] = field(default_factory=list)
    _draws: list[Draws] = field(default_factory=list)
    _n_bytes: int = 0

    def add(self, image: NDArray[Any], draws: Draws) -> None:
        """Add a source; if it does not fit into the current batch, write that batch first."""
        n_bytes = image.nbytes * (1 + len(draws.paths))
        if self._images:
            last, before = self._images[-1], self._draws[-1]
            together = (
                (last.shape, last.dtype) == (image.shape, image.dtype)
                and before.params is draws.params
                and before.stop == draws.start
                and self._n_bytes + n_bytes <= _MAX_BYTES
            )
            if not together:
                self.flush()
        self._images.append(image)
        self._draws.append(draws)
        self._n_bytes += n_bytes

    def flush(self) -> None:
        """Write the copies of all sources that have been added."""
        if not self._images:
            return
        images = self._images[0][None] if len(self._images) == 1 else np.stack(self._images)
        files = [(path, draws.image_format) for draws in self._draws for path in draws.paths]
        sources = np.repeat(np.arange(len(images)), [len(draws.paths) for draws in self._draws])
        first = self._draws[0]
        step = max(1, _MAX_BYTES // self._images[0].nbytes)
        for start in range(0, len(files), step):
            some = files[start : start + step]
            params = first.params.take(slice(first.start + start, first.start + start + len(some)))
            copies = first.augmenter.apply(
                images, params, indices=sources[start : start + len(some)]
            )
            for copy, (path, image_format) in zip(copies, some, strict=True):
                self.writer.put(path, encode_output(copy, image_format, self.quality))
        self._images, self._draws, self._n_bytes = [], [], 0


def check_writable(image: NDArray[Any]) -> None:
    """Raise ValueError, with only the reason, for pixels that JPEG and PNG cannot store."""
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{image.dtype} pixels cannot be written as JPEG or PNG")


def encode_output(image: NDArray[Any], image_format: str, quality: int) -> bytes:
    """Encode an image; for JPEG, drop alpha and reduce 16 bits to 8."""
    if image_format == "jpeg":
        if image.dtype == np.uint16:
            image = cv2.convertScaleAbs(image, alpha=1 / 257)
        if image.ndim == 3:
            image = image[..., :3]
    return encode_image(image, image_format, quality=quality)
