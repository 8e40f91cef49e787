"""Paths packed in bytes: which of them are images, and their order. No file is looked at."""

import os
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklmerge.images.files._names import find_hidden

SEPARATOR = b"\0"
PADDING = bytes(8)
# Bytes that are compared at once.
_WORD = 8


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


def order_paths(
    block: bytes,
    starts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    groups: NDArray[np.signedinteger],
) -> NDArray[np.intp]:
    """Sort paths bytewise within ascending groups; `block` needs 8 extra bytes at the end."""
    # Eight bytes at a time are compared as one number, and only rows that tie go on to the next.
    words = np.ndarray((len(block) - _WORD + 1,), ">u8", block, strides=(1,))
    order = np.arange(len(starts))
    # Rows that still tie, the places that they share, and numbers of the ties, ascending.
    rows, places, ties = order.copy(), order.copy(), groups
    depth = 0
    while len(rows) and depth < int(lengths[rows].max()):
        keys = _read_words(words, starts[rows] + depth, lengths[rows] - depth)
        begins = np.flatnonzero(np.diff(ties, prepend=ties[0] - 1))
        n_shared = _count_shared_bytes(keys, begins)
        if n_shared:
            depth += n_shared
            continue
        by_key = np.argsort(keys)
        sorting = by_key[np.argsort(ties[by_key], kind="stable")]
        rows, keys, ties = rows[sorting], keys[sorting], ties[sorting]
        order[places] = rows
        is_new = (np.diff(keys, prepend=keys[0]) != 0) | (np.diff(ties, prepend=ties[0] - 1) != 0)
        is_tied = ~(is_new & np.append(is_new[1:], True))
        rows, places, ties = rows[is_tied], places[is_tied], np.cumsum(is_new)[is_tied]
        depth += _WORD
    return order


def _read_words(
    words: NDArray[np.uint64], starts: NDArray[np.int64], lengths: NDArray[np.int32]
) -> NDArray[np.uint64]:
    """Read the next eight bytes of each path, with zeros after its end."""
    keys = words[np.minimum(starts, len(words) - 1)].astype(np.uint64)
    n_beyond = (_WORD - np.clip(lengths, 0, _WORD)).astype(np.uint64)
    # In two steps, because a shift by all 64 bits is none.
    half = n_beyond * np.uint64(4)
    cut: NDArray[np.uint64] = keys >> half >> half << half << half
    return cut


def _count_shared_bytes(keys: NDArray[np.uint64], begins: NDArray[np.intp]) -> int:
    """Count the bytes that the keys of each tie begin with alike."""
    sizes = np.diff(begins, append=len(keys))
    differing = int(np.bitwise_or.reduce(keys ^ np.repeat(keys[begins], sizes)))
    return (64 - differing.bit_length()) // 8
