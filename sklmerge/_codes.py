"""Rows of y to class numbers, fast and exact, without sorting the rows. No merging here."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.signedinteger[Any]]

# Rows a chunk: its codes and keys stay in the processor's cache.
_CHUNK = 1 << 15
# A lookup table of more places than this costs more to fill than a binary search saves.
_MAX_TABLE = 1 << 20


def match_labels(
    values: NDArray[Any], classes: NDArray[Any], dtype: type[np.signedinteger[Any]] = np.intp
) -> Codes:
    """Find each label's position in `classes` (distinct, sorted, of the same kind), or -1."""
    # `dtype` is that of the places: the smallest that holds them saves most of the time and memory.
    if values.dtype == object:
        return _match_objects(values, classes, dtype)
    match = _make_matcher(values.dtype, classes, dtype)
    codes = np.empty(len(values), dtype=dtype)
    for start in range(0, len(values), _CHUNK):
        codes[start : start + _CHUNK] = match(values[start : start + _CHUNK])
    return codes


def replace_labels(
    values: NDArray[Any], classes: NDArray[Any], replacements: NDArray[Any]
) -> tuple[NDArray[Any], Codes]:
    """Return each label's replacement, and the rows without a class, where it is invalid."""
    if values.dtype == object and replacements.dtype == object:
        exchange = dict(zip(classes.tolist(), replacements.tolist(), strict=True))
        try:
            return _exchange_objects(values, exchange), np.empty(0, dtype=np.intp)
        except (KeyError, TypeError):
            pass  # Some rows have no class, or are no labels at all: the road below says which.
    if values.dtype == object:
        codes = _match_objects(values, classes, np.intp)
        return np.take(replacements, codes), np.flatnonzero(codes < 0)
    match = _make_matcher(values.dtype, classes, np.intp)
    replaced = np.empty(len(values), dtype=replacements.dtype)
    strangers = []
    # Chunk by chunk the numbers stay in the processor's cache, and are never held whole.
    for start in range(0, len(values), _CHUNK):
        codes = match(values[start : start + _CHUNK])
        # The smallest code is cheap to find; only if it is -1 are the rows looked for.
        if codes.min() < 0:
            strangers.append(start + np.flatnonzero(codes < 0))
        # -1 takes the last replacement: the caller must put something else there.
        replaced[start : start + _CHUNK] = np.take(replacements, codes)
    return replaced, np.concatenate([np.empty(0, dtype=np.intp), *strangers])


def find_classes(values: NDArray[Any]) -> tuple[NDArray[Any], Codes]:
    """Find the distinct labels, sorted, and the class number of every row."""
    if values.dtype == object:
        found = dict.fromkeys(values.tolist())
        classes = np.empty(len(found), dtype=object)
        classes[:] = sorted(found)
        return classes, match_labels(values, classes)
    if values.dtype.kind in "biu" and _is_narrow(values):
        classes, _ = count_classes(values)
        return classes, match_labels(values, classes)
    if values.dtype.kind == "U":
        return _find_strings(values)
    classes, codes = np.unique(values, return_inverse=True)
    return classes, codes.astype(np.intp)


def count_classes(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find the distinct labels, sorted, and the number of rows of each."""
    if values.dtype.kind not in "biu" or not _is_narrow(values):
        # Strings, and integers too far apart for a table of counts.
        classes, codes = find_classes(values)
        return classes, np.bincount(codes, minlength=len(classes))
    low = int(values.min())
    counts = np.zeros(int(values.max()) - low + 1, dtype=np.int64)
    # No chunk is shorter than the counts, or most of the time would go into adding zeros.
    step = max(_CHUNK, len(counts))
    for start in range(0, len(values), step):
        shifted = values[start : start + step].astype(np.int64) - low
        counts += np.bincount(shifted, minlength=len(counts))
    present = np.flatnonzero(counts)
    return (present + low).astype(values.dtype), counts[present]


def _is_narrow(values: NDArray[Any]) -> bool:
    """Say whether integers lie close together, and far from the ends of int64."""
    if len(values) == 0:
        return False
    low, high = int(values.min()), int(values.max())
    return high - low < _MAX_TABLE and low > -(2**62) and high < 2**62


def _find_strings(values: NDArray[Any]) -> tuple[NDArray[Any], Codes]:
    """Learn the classes of growing samples of the rows not matched yet."""
    classes = np.unique(values[:_CHUNK])
    codes = match_labels(values, classes)
    take = _CHUNK
    while True:
        rest = np.flatnonzero(codes < 0)
        if len(rest) == 0:
            return classes, codes
        take *= 8
        classes = np.unique(np.concatenate([classes, values[rest[:take]]]))
        # The new classes shift the numbers of the old ones, so every row is numbered anew.
        codes = match_labels(values, classes)


def _exchange_objects(values: NDArray[Any], exchange: dict[str, str]) -> NDArray[Any]:
    """Go from label to label in one pass, a third faster than by way of numbers."""
    # Keys that are the very objects of y need no comparison of letters.
    first = dict.fromkeys(values[:_CHUNK].tolist())
    by_object = {label: exchange[label] for label in first} | exchange
    replaced = np.empty(len(values), dtype=object)
    for start in range(0, len(values), _CHUNK):
        rows = values[start : start + _CHUNK].tolist()
        new = np.fromiter(map(by_object.__getitem__, rows), dtype=object, count=len(rows))
        replaced[start : start + _CHUNK] = new
    return replaced


def _match_objects(
    values: NDArray[Any], classes: NDArray[Any], dtype: type[np.signedinteger[Any]]
) -> Codes:
    places = {label: place for place, label in enumerate(classes.tolist())}
    rows = values.tolist()
    try:
        return np.fromiter(map(places.__getitem__, rows), dtype=dtype, count=len(rows))
    except (KeyError, TypeError):
        pass  # Some rows have no class, or are no labels at all.
    found = [places.get(label, -1) if isinstance(label, str) else -1 for label in rows]
    return np.array(found, dtype=dtype)


def _make_matcher(
    kind: np.dtype[Any], classes: NDArray[Any], dtype: type[np.signedinteger[Any]]
) -> Callable[[NDArray[Any]], Codes]:
    """Choose the search for labels of dtype `kind`: a function from rows to places, or -1."""
    if len(classes) == 0:
        return lambda chunk: np.full(len(chunk), -1, dtype=dtype)
    if kind.kind == "U":
        return _make_string_matcher(kind, classes)
    if classes.dtype.kind == "f" and kind.kind in "biu":
        # Compared as floats, integers beyond 2**53 would be rounded onto each other.
        classes, places = _to_integers(classes)
        match, placed = _make_matcher(kind, classes, np.intp), np.append(places, -1).astype(dtype)
        return lambda chunk: np.take(placed, match(chunk))
    if kind.kind in "biu" and _is_narrow(classes):
        return _make_integer_matcher(kind, classes, dtype)
    return _make_search_matcher(classes)


def _make_integer_matcher(
    kind: np.dtype[Any], classes: NDArray[Any], dtype: type[np.signedinteger[Any]]
) -> Callable[[NDArray[Any]], Codes]:
    """Look integers up in a table whose negative half answers Python's way, from the end."""
    classes = classes.astype(np.int64)
    low, high = int(classes[0]), int(classes[-1])
    reach = max(high, -low)
    beyond = _make_table_matcher(classes)
    if reach >= _MAX_TABLE:
        return beyond
    table = np.full(2 * reach + 2, -1, dtype=dtype)
    table[classes] = np.arange(len(classes))
    # Booleans would index the table as a mask.
    indexed = np.dtype(np.uint8) if kind.kind == "b" else kind

    def match(chunk: NDArray[Any]) -> Codes:
        chunk = chunk.view(indexed)
        # A label beyond the table would be answered from its other half.
        if -reach - 1 <= int(chunk.min()) and int(chunk.max()) <= reach:
            return np.take(table, chunk.view(np.int64) if indexed == np.uint64 else chunk)
        return beyond(chunk)

    return match


def _make_table_matcher(classes: NDArray[Any]) -> Callable[[NDArray[Any]], Codes]:
    """Look integers up in a table that has one spare place below and one above."""
    classes = classes.astype(np.int64)
    first = int(classes[0]) - 1
    table = np.full(int(classes[-1]) - first + 2, -1, dtype=np.intp)
    table[classes - first] = np.arange(len(classes))

    def match(chunk: NDArray[Any]) -> Codes:
        # Clipped before the shift, which could run over the ends of int64; uint64 has another end.
        last = int(classes[-1]) + 1
        if chunk.dtype == np.uint64:
            chunk = np.minimum(chunk, np.uint64(max(last, 0)))
        chunk = np.clip(chunk.astype(np.int64), first, last)
        return np.take(table, chunk - first)

    return match


def _to_integers(classes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Write whole floats as integers, those that int64 holds, and say which these are."""
    places = np.flatnonzero(np.abs(classes) < 2.0**63)
    return classes[places].astype(np.int64), places


def _make_string_matcher(
    dtype: np.dtype[Any], classes: NDArray[Any]
) -> Callable[[NDArray[Any]], Codes]:
    """Search strings by a number made of their letters, and compare the whole string found."""
    # Comparing numbers is 2 to 5 times as fast as comparing strings, letter by letter, at every
    # step of a search among 10 to 1,000 classes.
    width = dtype.itemsize // 4
    words = classes.astype(np.str_)
    places = np.flatnonzero(np.strings.str_len(words) <= width)
    known = words[places].astype(f"<U{width}")
    if len(known) == 0:
        return lambda chunk: np.full(len(chunk), -1, dtype=np.intp)
    letters = known.view(np.uint32).reshape(len(known), width)
    # Letters that all classes share tell nothing apart.
    telling = np.flatnonzero(np.ptp(letters, axis=0)).tolist()
    multipliers = np.random.default_rng(0).integers(1, 2**63, len(telling), dtype=np.uint64)

    def number(rows: NDArray[np.uint32]) -> NDArray[np.uint64]:
        total = np.zeros(len(rows), dtype=np.uint64)
        for column, multiplier in zip(telling, multipliers, strict=True):
            total += rows[:, column] * multiplier
        return total

    keys = number(letters)
    order = np.argsort(keys)
    keys, places, known = keys[order], places[order], known[order]
    # Two classes of one number cannot be told apart by it.
    if (keys[1:] == keys[:-1]).any():
        return _make_search_matcher(words)

    def match(chunk: NDArray[Any]) -> Codes:
        chunk = np.ascontiguousarray(chunk.astype(f"<U{width}", copy=False))
        guess = np.searchsorted(keys, number(chunk.view(np.uint32).reshape(len(chunk), width)))
        guess[guess == len(keys)] = 0
        return np.where(known[guess] == chunk, places[guess], -1).astype(np.intp)

    return match


def _make_search_matcher(classes: NDArray[Any]) -> Callable[[NDArray[Any]], Codes]:
    def match(chunk: NDArray[Any]) -> Codes:
        places = np.searchsorted(classes, chunk)
        places[places == len(classes)] = 0
        return np.where(classes[places] == chunk, places, -1).astype(np.intp)

    return match
