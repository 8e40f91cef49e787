"""Paths in, numbers out that order or seed them. The same path gives the same number everywhere."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._hash import mix_bits


def hash_texts(texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """Take 64 bits of the BLAKE2b digest of each text.

    Parameters
    ----------
    texts : iterable of bytes
        POSIX paths relative to the source folder, or names of groups.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Depends on the bytes alone, not on their number, order or place.

    Examples
    --------
    >>> from sklmerge.images._hash import hash_texts
    >>> both = hash_texts([b"cat/1.jpg", b"dog/1.jpg"])
    >>> bool(both[1] == hash_texts([b"dog/1.jpg"])[0])
    True
    """
    digests = b"".join(blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def rank_keys(keys: NDArray[np.uint64], seed: int, purpose: str) -> NDArray[np.uint64]:
    """Give keys the numbers by which a seed orders them for one purpose.

    Adding or taking away a key leaves the order of the others as it is, which a shuffled list
    would not.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        See `hash_texts`.
    seed : int
        In [0, 2**64).
    purpose : str
        Such as ``"split"`` or ``"draw"``: orders for two purposes are independent.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Sort by these.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._hash import rank_keys
    >>> keys = np.arange(5, dtype=np.uint64)
    >>> ranks = rank_keys(keys, 0, "split")
    >>> bool((rank_keys(keys[2:], 0, "split") == ranks[2:]).all())
    True
    """
    salt = hash_texts([f"{purpose}:{seed}".encode()])
    return mix_bits(mix_bits(keys) ^ salt)
