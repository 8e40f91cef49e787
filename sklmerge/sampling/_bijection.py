"""Permutations of any length that are computed place by place, so that none is ever stored."""

import math

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._hash import mix_bits

# So many places at a time stay in the processor's cache.
_CHUNK = 1 << 14
# Eight rounds mix well, but short permutations come out equally likely only after sixteen.
_N_ROUNDS, _N_ROUNDS_SHORT, _SHORT = 8, 16, 4096
# Odd, so that the rounds' keys differ in many bits.
_STEP = 0x9E3779B97F4A7C15


def permute_places(
    places: NDArray[np.int64], n: int, keys: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Say where a keyed permutation of n places sends each of some places.

    Parameters
    ----------
    places : ndarray of int64, shape (m,)
        In [0, n).
    n : int
        Length of the permutation, at least 1.
    keys : ndarray of uint64, shape (m,)
        Which permutation moves each place: equal keys, same permutation.

    Returns
    -------
    ndarray of int64, shape (m,)
        In [0, n). For one key, n different places give n different results.

    References
    ----------
    Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002: a Feistel network over
    two numbers of radix a and b with a b >= n, walked on wherever it leaves [0, n). With a and b
    near the square root of n, that is hardly ever.

    Examples
    --------
    >>> import numpy as np
    >>> permuted = permute_places(np.arange(6), 6, np.zeros(6, np.uint64))
    >>> sorted(permuted.tolist())
    [0, 1, 2, 3, 4, 5]
    """
    moved = np.empty(len(places), dtype=np.int64)
    for start in range(0, len(places), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        moved[chunk] = _permute_chunk(places[chunk].astype(np.uint64), n, keys[chunk])
    return moved


def _permute_chunk(
    places: NDArray[np.uint64], n: int, keys: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    high_radix = math.isqrt(n - 1) + 1
    low_radix = -(-n // high_radix)
    n_rounds = _N_ROUNDS_SHORT if n < _SHORT else _N_ROUNDS
    moved = _encipher(places, high_radix, low_radix, keys, n_rounds)
    outside = np.flatnonzero(moved >= n)
    while len(outside):
        again = _encipher(moved[outside], high_radix, low_radix, keys[outside], n_rounds)
        moved[outside] = again
        outside = outside[again >= n]
    return moved


def _encipher(
    places: NDArray[np.uint64],
    high_radix: int,
    low_radix: int,
    keys: NDArray[np.uint64],
    n_rounds: int,
) -> NDArray[np.uint64]:
    radices = np.uint64(high_radix), np.uint64(low_radix)
    low, high = places % radices[1], places // radices[1]
    for number in range(n_rounds):
        # One half moves by a hash of the other, which stands still: so each round can be undone.
        if number % 2:
            low = (low + _hash_round(high, keys, number) % radices[1]) % radices[1]
        else:
            high = (high + _hash_round(low, keys, number) % radices[0]) % radices[0]
    return high * radices[1] + low


def _hash_round(
    half: NDArray[np.uint64], keys: NDArray[np.uint64], number: int
) -> NDArray[np.uint64]:
    return mix_bits(half ^ (keys + np.uint64(number * _STEP % 2**64)))
