"""Strings to places among known ones, by a hash that no two of these share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Odd multipliers of a multiply-shift hash; fixed, so that every run takes the same road.
_N_TRIALS = 64


def make_string_matcher(
    dtype: np.dtype[Any], classes: NDArray[Any]
) -> Callable[[NDArray[Any]], NDArray[np.intp]] | None:
    """Make a function that finds the place of every string among known ones.

    It hashes a few telling characters, looks the hash up, and compares the whole string found.

    Parameters
    ----------
    dtype : dtype
        Fixed-width str, of the strings to come.
    classes : ndarray of shape (n_classes,)
        Distinct strings, sorted.

    Returns
    -------
    callable or None
        Strings -> places, -1 for one that is not known. None where no hash tells so many classes
        apart.

    Examples
    --------
    >>> classes = np.array(["cat", "dog"])
    >>> match = make_string_matcher(classes.dtype, classes)
    >>> match(np.array(["dog", "cow"])).tolist()
    [1, -1]
    """
    width = dtype.itemsize // 4
    places = np.flatnonzero(np.strings.str_len(classes) <= width)
    known = np.ascontiguousarray(classes[places].astype(f"<U{width}"))
    if len(known) == 0:
        return lambda chunk: np.full(len(chunk), -1, dtype=np.intp)
    letters = known.view(np.uint32).reshape(len(known), width)
    columns = _choose_columns(letters)
    hashing = _find_perfect_hash(letters[:, columns])
    if hashing is None:
        return None
    multipliers, shift, table = hashing

    def match(chunk: NDArray[Any]) -> NDArray[np.intp]:
        chunk = np.ascontiguousarray(chunk.astype(f"<U{width}", copy=False))
        rows = chunk.view(np.uint32).reshape(len(chunk), width)
        guess = table[_hash_letters(rows[:, columns], multipliers, shift)]
        return np.where(known[guess] == chunk, places[guess], -1).astype(np.intp)

    return match


def _choose_columns(letters: NDArray[np.uint32]) -> list[int]:
    """Choose character positions, the most telling first, until they tell all classes apart."""
    chosen: list[int] = []
    n_apart = 0
    while n_apart < len(letters):
        gains = [
            -1 if column in chosen else len(np.unique(letters[:, [*chosen, column]], axis=0))
            for column in range(letters.shape[1])
        ]
        best = int(np.argmax(gains))
        chosen.append(best)
        n_apart = gains[best]
    return chosen or [0]


def _hash_letters(
    letters: NDArray[np.uint32], multipliers: NDArray[np.uint32], shift: np.uint32
) -> NDArray[np.uint32]:
    total = letters[:, 0] * multipliers[0]
    for column in range(1, letters.shape[1]):
        total += letters[:, column] * multipliers[column]
    return total >> shift


def _find_perfect_hash(
    letters: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], np.uint32, NDArray[np.intp]] | None:
    """Find multipliers that give every class its own place, or None for very many classes."""
    rng = np.random.default_rng(0)
    n_bits = max(4, int(np.ceil(2 * np.log2(len(letters) + 1))))
    while n_bits <= 20:
        shift = np.uint32(32 - n_bits)
        for _ in range(_N_TRIALS):
            half = rng.integers(0, 2**31, letters.shape[1], dtype=np.uint32)
            multipliers = np.asarray(half * 2 + 1, dtype=np.uint32)
            slots = _hash_letters(letters, multipliers, shift)
            if len(np.unique(slots)) == len(slots):
                table = np.zeros(1 << n_bits, dtype=np.intp)
                table[slots] = np.arange(len(slots))
                return multipliers, shift, table
        n_bits += 2
    return None
