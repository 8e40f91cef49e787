"""The kinds of the parameters of features: whole numbers, pairs of them, and workers."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np


def check_whole(name: str, number: object) -> None:
    """Refuse what is no whole number.

    Parameters
    ----------
    name : str
        What errors call the number.
    number : object
        What the user set.

    Raises
    ------
    TypeError
        If it is no whole number.

    Examples
    --------
    >>> from sklmerge.features._checks import check_whole
    >>> check_whole("n_bins", 2.5)
    Traceback (most recent call last):
    TypeError: n_bins must be a whole number, got 2.5
    """
    if not is_whole(number):
        raise TypeError(f"{name} must be a whole number, got {number!r}")


def check_pair(name: str, pair: object) -> None:
    """Refuse what is no pair of whole numbers.

    Parameters
    ----------
    name : str
        What errors call the pair.
    pair : object
        What the user set.

    Raises
    ------
    TypeError
        If it is no pair of whole numbers.

    Examples
    --------
    >>> from sklmerge.features._checks import check_pair
    >>> check_pair("cells", 2)
    Traceback (most recent call last):
    TypeError: cells must be two whole numbers (rows, columns), such as (2, 2), got 2
    """
    values = list(pair) if isinstance(pair, Sequence | np.ndarray) else []
    if len(values) != 2 or not all(map(is_whole, values)):
        raise TypeError(
            f"{name} must be two whole numbers (rows, columns), such as (2, 2), got {pair!r}"
        )


def check_n_jobs(n_jobs: object) -> None:
    """Refuse what is no number of workers.

    Parameters
    ----------
    n_jobs : object
        What the user set.

    Raises
    ------
    TypeError
        If it is no whole number, and not None.
    ValueError
        If it is 0.

    Examples
    --------
    >>> from sklmerge.features._checks import check_n_jobs
    >>> check_n_jobs("two")
    Traceback (most recent call last):
    TypeError: n_jobs must be a whole number or None, got 'two'
    """
    if n_jobs is None:
        return
    if not is_whole(n_jobs):
        raise TypeError(f"n_jobs must be a whole number or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; None is one worker, -1 one for each core")


def is_whole(number: object) -> bool:
    """Tell a whole number, of Python's or NumPy's, from anything else, such as a bool."""
    return isinstance(number, Integral) and not isinstance(number, bool)
