"""Seeds, rows and paths in, random numbers out, independent of order and threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklmerge._checks import is_whole

# The finaliser of SplitMix64 with Stafford's 13th constants: Steele, Lea and Flood, "Fast
# Splittable Pseudorandom Number Generators", OOPSLA 2014.
# Arrays without axes: NumPy makes one of a scalar each time, a third of the cost in small batches.
_GOLDEN = np.array(0x9E3779B97F4A7C15, np.uint64)
_FIRST = np.array(0xBF58476D1CE4E5B9, np.uint64)
_SECOND = np.array(0x94D049BB133111EB, np.uint64)
_SHIFTS = tuple(np.array(shift, np.uint64) for shift in (30, 27, 31))
# 53 bits are all that a float64 in [0, 1) can hold evenly.
_SURPLUS = np.array(11, np.uint64)
_UNIT = np.array(2.0**-53)
# Rows that are drawn at once, as many as stay in the cache.
_BLOCK = 2**15


def mix_bits(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers by a bijection in which every bit affects every other."""
    # Arrays only: NumPy warns if a scalar overflows, and here overflow is meant.
    # In place: batches are small, and new arrays cost more than the arithmetic.
    mixed = values + _GOLDEN
    shifted = mixed >> _SHIFTS[0]
    mixed ^= shifted
    mixed *= _FIRST
    np.right_shift(mixed, _SHIFTS[1], out=shifted)
    mixed ^= shifted
    mixed *= _SECOND
    np.right_shift(mixed, _SHIFTS[2], out=shifted)
    mixed ^= shifted
    return mixed


def hash_keys(sources: ArrayLike, copies: ArrayLike) -> NDArray[np.uint64]:
    """Compute a key for the random stream of each copy of a source.

    Parameters
    ----------
    sources : array-like of int, shape (n,)
        Identifier of each source: a row number, or 64 bits of a hash of its path.
    copies : array-like of int, shape (n,) or scalar
        Copy number: 0 for the first copy of a source, 1 for the second, and so on.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Keys. Each key depends only on the source and the copy number.

    Examples
    --------
    >>> from sklmerge.augment import hash_keys
    >>> bool(hash_keys([7, 8, 9], 0)[2] == hash_keys([9], [0])[0])
    True
    """
    source_bits = np.atleast_1d(np.asarray(sources)).astype(np.uint64)
    copy_bits = np.atleast_1d(np.asarray(copies)).astype(np.uint64)
    return mix_bits(mix_bits(source_bits) ^ copy_bits)


def salt_keys(seed: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix a seed in [0, 2**64) into keys, to seed a separate generator for each row."""
    return mix_bits(keys ^ mix_bits(np.array([seed], np.uint64)))


def draw_uniform(seed: int, keys: NDArray[np.uint64], column: int) -> NDArray[np.float64]:
    """Draw one uniform number in [0, 1) for each key.

    Parameters
    ----------
    seed : int
        In [0, 2**64).
    keys : ndarray of uint64, shape (n,)
        See `hash_keys`.
    column : int
        Number of the column. Numbers drawn for different columns are independent.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return draw_uniforms(seed, keys, [column])[0]


def draw_uniforms(
    seed: int, keys: NDArray[np.uint64], columns: Sequence[int] | NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Draw several columns at once, of shape (n_columns, n): see `draw_uniform`."""
    # The seed goes with the keys: for few of them, each call costs as much as for one.
    mixed = np.empty(1 + len(keys), np.uint64)
    mixed[0], mixed[1:] = seed, keys
    mixed = mix_bits(mixed)
    salts = mix_bits(mixed[:1] ^ np.asarray(columns, np.uint64))[:, None]
    if len(keys) <= _BLOCK:
        return _draw_block(mixed[1:], salts)
    # At once, millions of rows would take four times the memory of what is returned.
    drawn = np.empty((len(salts), len(keys)))
    for start in range(0, len(keys), _BLOCK):
        stop = start + _BLOCK
        drawn[:, start:stop] = _draw_block(mixed[1:][start:stop], salts)
    return drawn


def _draw_block(mixed: NDArray[np.uint64], salts: NDArray[np.uint64]) -> NDArray[np.float64]:
    bits = mix_bits(mixed ^ salts)
    bits >>= _SURPLUS
    return bits.astype(np.float64) * _UNIT


def resolve_seed(random_state: object) -> int:
    """Convert a `random_state` or a numpy Generator to a 64-bit seed.

    Parameters
    ----------
    random_state : None, int, RandomState or Generator
        None gives a new random seed. An int is the seed itself. A RandomState or Generator draws
        the seed.

    Returns
    -------
    int
        In [0, 2**64).

    Raises
    ------
    ValueError, TypeError
        If `random_state` is an int outside [0, 2**64), or has an unsupported type.
    """
    if type(random_state) is int:
        return check_seed(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**64, dtype=np.uint64))
    if random_state is None:
        return resolve_seed(np.random.default_rng())
    if random_state is np.random:
        random_state = check_random_state(None)
    if not isinstance(random_state, np.random.RandomState):
        return check_seed(random_state)
    halves = random_state.randint(2**32, size=2, dtype=np.uint64)
    return int(halves[0]) << 32 | int(halves[1])


def check_seed(random_state: Any) -> int:
    """Return a valid seed: a whole number from 0 to 2**64 - 1."""
    whole = is_whole(random_state)
    if whole and 0 <= random_state < 2**64:
        return int(random_state)
    kind = ValueError if whole else TypeError
    raise kind(f"random_state must be a whole number from 0 to 2**64 - 1, got {random_state!r}")


def hash_texts(texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return 64 bits of the BLAKE2b digest of each text."""
    digests = b"".join(blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def rank_keys(keys: NDArray[np.uint64], seed: int, purpose: str) -> NDArray[np.uint64]:
    """Return sort keys for `keys`; orders for different seeds or purposes are independent."""
    # A key's rank depends on no other key, so adding or taking away keys leaves the order of the
    # others as it is, which a shuffled list would not.
    salt = hash_texts([f"{purpose}:{seed}".encode()])
    return mix_bits(mix_bits(keys) ^ salt)
