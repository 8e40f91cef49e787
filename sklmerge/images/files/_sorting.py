"""Paths packed in bytes: sorted in place, with little memory beside them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Bytes that are compared at once.
_WORD = 8
# Rows that are sorted at once: what that needs, some 70 bytes a row, stays in a cache. More rows
# that tie are cut first, which takes 16 bytes a row.
_AT_ONCE = 1 << 18
_LOW_HALF = np.uint64(2**32 - 1)


def sort_paths(
    block: bytearray,
    starts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    groups: NDArray[np.signedinteger],
) -> None:
    """Sort paths bytewise within ascending groups; `block` needs 8 extra bytes at the end."""
    # In place, and a piece at a time: an order of all rows, their keys and what sorting needs
    # beside them took three times the memory of the paths.
    words: NDArray[np.uint64] = np.ndarray((len(block) - _WORD + 1,), ">u8", block, strides=(1,))
    # Pieces to sort, with the number of bytes that a large one's rows share for certain.
    waiting = [(start, stop, 0) for start, stop in _cut_between_ties(groups)]
    while waiting:
        start, stop, depth = waiting.pop()
        piece = slice(start, stop)
        if stop - start <= _AT_ONCE:
            order = _order_rows(words, starts[piece], lengths[piece], groups[piece], depth)
        else:
            keys, depth = _read_keys(words, starts[piece], lengths[piece], depth)
            if depth >= int(lengths[piece].max()):
                continue
            order, cuts = _cut_tie(keys)
            del keys
            waiting += [(start + first, start + last, depth) for first, last in cuts]
        lengths[piece] = lengths[piece][order]
        starts[piece] = starts[piece][order]


def _cut_between_ties(ties: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """Cut ascending numbers into pieces of whole ties, as large as allowed, or of one larger."""
    start = 0
    while start < len(ties):
        stop = start + _AT_ONCE
        if stop < len(ties):
            first = int(np.searchsorted(ties, ties[stop]))
            stop = first if first > start else int(np.searchsorted(ties, ties[stop], "right"))
        stop = min(stop, len(ties))
        yield start, stop
        start = stop


def _read_keys(
    words: NDArray[np.uint64], starts: NDArray[np.int64], lengths: NDArray[np.int32], depth: int
) -> tuple[NDArray[np.uint64], int]:
    """Read four bytes of each row, beyond those that all share; its number is the other four."""
    keys = np.empty(len(starts), "<u8")
    longest = int(lengths.max())
    while depth < longest:
        differing = 0
        first = _read_words(words, starts[:1] + depth, lengths[:1] - depth)
        for start in range(0, len(starts), _AT_ONCE):
            piece = slice(start, start + _AT_ONCE)
            some = _read_words(words, starts[piece] + depth, lengths[piece] - depth)
            differing |= int(np.bitwise_or.reduce(some ^ first))
            some &= ~_LOW_HALF
            some |= np.arange(start, start + len(some), dtype=np.uint64)
            keys[piece] = some
        n_shared = (64 - differing.bit_length()) // 8
        if not n_shared:
            break
        depth += n_shared
    return keys, depth


def _cut_tie(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Give the order of keys, which are used up, and cut them between those that tie."""
    # Numbers in the keys spare an argsort, which takes as much memory again, and longer.
    keys.sort()
    cuts = list(_cut_between_ties(np.ascontiguousarray(keys.view("<u4")[1::2])))
    keys &= _LOW_HALF
    return keys.view("<i8"), cuts


def _order_rows(
    words: NDArray[np.uint64],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    groups: NDArray[np.signedinteger],
    depth: int,
) -> NDArray[np.intp]:
    """Order rows bytewise within ascending groups."""
    # Eight bytes at a time are compared as one number, and only rows that tie go on to the next.
    order = np.arange(len(starts))
    # Rows that still tie, the places that they share, and numbers of the ties, ascending.
    rows, places, ties = order.copy(), order.copy(), groups
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
    if lengths.min() >= _WORD:
        # No path ends within its word, as is usual until names end: nothing to cut off.
        return words[starts].astype(np.uint64)
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
