"""Paths packed in bytes: which of them are images. Their order: _sorting.py."""

import os
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklmerge.images.files._names import find_hidden

SEPARATOR = b"\0"
PADDING = bytes(8)


def keep_images(
    block: bytes, endings: Sequence[bytes], exclude: re.Pattern[str] | None = None
) -> tuple[bytes, NDArray[np.int32], NDArray[np.bool_], Counter[str]]:
    """Keep paths with image extensions, unless hidden or excluded; count the others."""
    # Each path in `block` ends in a 0, the one byte that no path holds. Those kept are packed with
    # nothing between them, each as long as `lengths` says.
    letters = np.frombuffer(block, np.uint8)
    stops = np.flatnonzero(letters == 0)
    starts = np.concatenate([[0], stops[:-1] + 1])
    is_kept = _end_alike(np.frombuffer(block.lower(), np.uint8), stops, stops - starts, endings)
    is_hidden = np.zeros(len(stops), np.bool_)
    is_hidden[np.searchsorted(stops, find_hidden(block))] = True
    is_kept &= ~is_hidden
    if exclude is not None:
        texts = os.fsdecode(block).split("\0")[:-1]
        is_kept &= np.array([exclude.search(text) is None for text in texts], np.bool_)
    lengths = (stops - starts)[is_kept].astype(np.int32)
    if is_kept.all():
        return block.replace(SEPARATOR, b""), lengths, is_kept, Counter()
    names = block.split(SEPARATOR)
    # Hidden files are not worth telling of.
    left_out = np.flatnonzero(~is_kept & ~is_hidden).tolist()
    passed_over = Counter(_name_extension(names[row]) for row in left_out)
    in_kept = np.repeat(is_kept, stops - starts + 1)
    in_kept[stops] = False
    return letters[in_kept].tobytes(), lengths, is_kept, passed_over


def _name_extension(path: bytes) -> str:
    return os.path.splitext(os.fsdecode(path))[1].lower()


def _end_alike(
    letters: NDArray[np.uint8],
    stops: NDArray[np.intp],
    lengths: NDArray[np.intp],
    endings: Sequence[bytes],
) -> NDArray[np.bool_]:
    """Say which paths end in one of some endings."""
    found = np.zeros(len(stops), np.bool_)
    for ending in endings:
        rows = np.flatnonzero(~found & (lengths >= len(ending)))
        for place, letter in enumerate(reversed(ending), start=1):
            # Most paths are out after a letter or two.
            rows = rows[letters[stops[rows] - place] == letter]
        found[rows] = True
    return found
