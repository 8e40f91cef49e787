"""Sources and a number of draws in, which source each draw takes out. No image, no label."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import draw_uniform, hash_keys

# The random numbers that order sources; an augmenter's columns take the numbers below.
_ORDER_STREAM = 1000


class Plan(NamedTuple):
    """Which rows are kept as they are, and which are copied.

    Attributes
    ----------
    kept : ndarray of int, shape (n_kept,)
        Rows, ascending.
    drawn, copies : ndarray of int, shape (n_drawn,)
        Row that each new one is a copy of, and how many copies of that row come before.
    """

    kept: NDArray[np.intp]
    drawn: NDArray[np.intp]
    copies: NDArray[np.intp]

    @classmethod
    def join(
        cls, kept: NDArray[np.intp], rounds: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]]
    ) -> Self:
        """Put the draws of several classes one after another."""
        none, planned = np.zeros(0, dtype=np.intp), list(rounds)
        drawn = np.concatenate([none, *(sources for sources, _ in planned)])
        return cls(kept, drawn, np.concatenate([none, *(numbers for _, numbers in planned)]))


def plan_rounds(
    sources: NDArray[np.intp], n_draws: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw sources round after round: each once in a random order, then each once more.

    Parameters
    ----------
    sources : ndarray of int, shape (m,)
        What to draw from, such as row numbers.
    n_draws : int
        How many draws; 0 where there are no sources.
    seed : int
        Of the order within each round.

    Returns
    -------
    drawn, rounds : ndarray of int, shape (n_draws,)
        The source of each draw, and how often it was drawn before. Counts of draws differ by at
        most 1 between sources.

    Examples
    --------
    >>> import numpy as np
    >>> drawn, rounds = plan_rounds(np.array([4, 7, 9]), 5, seed=0)
    >>> sorted(drawn[:3].tolist()), rounds.tolist()
    ([4, 7, 9], [0, 0, 0, 1, 1])
    """
    rounds = np.arange(n_draws) // max(len(sources), 1)
    drawn = np.empty(n_draws, dtype=np.intp)
    for start in range(0, n_draws, max(len(sources), 1)):
        keys = hash_keys(sources, rounds[start])
        order = np.argsort(draw_uniform(seed, keys, _ORDER_STREAM), kind="stable")
        drawn[start : start + len(sources)] = sources[order][: n_draws - start]
    return drawn, rounds


def share_evenly(n_draws: int, capacities: Sequence[int]) -> list[int]:
    """Share draws evenly, passing on what one cannot take to those that can.

    Parameters
    ----------
    n_draws : int
        How many draws to share out.
    capacities : sequence of int
        The most that each can take.

    Returns
    -------
    list of int
        One share each. They add up to `n_draws`, or to all that fits.

    Examples
    --------
    >>> share_evenly(10, [2, 100, 100])
    [2, 4, 4]
    """
    shares = [0] * len(capacities)
    left = min(n_draws, sum(capacities))
    # Whoever can take least is served first, so that what it leaves is spread over the others.
    by_capacity = sorted(range(len(capacities)), key=lambda place: capacities[place])
    for served, place in enumerate(by_capacity):
        shares[place] = min(capacities[place], left // (len(by_capacity) - served))
        left -= shares[place]
    return shares
