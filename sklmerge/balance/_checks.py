"""What the parameters of balance_folder may be."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from sklmerge.balance.store import LINKS

Item = TypeVar("Item")
FILE_PLACES = ("copy", *LINKS)
PLACES = (*FILE_PLACES, "reference")
IMAGE_FORMATS = ("keep", "jpeg", "png")
ON_ERROR = ("raise", "skip")


def check_choice(value: Any, name: str, choices: Sequence[str]) -> str:
    """Check a parameter that is one of a few words.

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_choice
    >>> check_choice("copy", "place", ("copy", "hardlink", "symlink"))
    'copy'
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, got {value!r}")
    return str(value)


def check_image_size(image_size: Sequence[int] | None) -> tuple[int, int] | None:
    """Check a height and a width in pixels.

    Raises
    ------
    ValueError
        If they are not two whole numbers of at least 1.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_image_size
    >>> check_image_size([224, 320])
    (224, 320)
    """
    if image_size is None:
        return None
    sides = _list_items(image_size)
    if len(sides) != 2 or not all(isinstance(side, Integral) and side >= 1 for side in sides):
        raise ValueError(
            "image_size must be (height, width) in pixels, such as (224, 224), or None, "
            f"got {image_size!r}"
        )
    return int(sides[0]), int(sides[1])


def check_n_jobs(n_jobs: int | None) -> int | None:
    """Check the number of workers, as joblib counts them.

    Raises
    ------
    ValueError
        If it is 0, or no whole number and not None.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_n_jobs
    >>> check_n_jobs(-1)
    -1
    """
    whole = isinstance(n_jobs, Integral) and not isinstance(n_jobs, bool)
    if n_jobs is not None and not (whole and n_jobs != 0):
        raise ValueError(
            "n_jobs must be a whole number of workers, -1 for one per core, or None, "
            f"got {n_jobs!r}"
        )
    return None if n_jobs is None else int(n_jobs)


def check_quality(quality: int) -> int:
    """Check the quality of JPEG files.

    Raises
    ------
    ValueError
        If it is no whole number from 1 to 100.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_quality
    >>> check_quality(95)
    95
    """
    if not isinstance(quality, Integral) or not 1 <= quality <= 100:
        raise ValueError(f"quality must be a whole number from 1 to 100, got {quality!r}")
    return int(quality)


def check_reference(place: str, image_size: tuple[int, int] | None, image_format: str) -> None:
    """Check that originals that are only referred to need not change.

    Raises
    ------
    ValueError
        If they are to have another size or format.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_reference
    >>> check_reference("reference", None, "keep")
    """
    if place == "reference" and (image_size is not None or image_format != "keep"):
        changed = "image_size" if image_size is not None else "image_format"
        raise ValueError(
            f"place='reference' leaves originals as they are, so {changed} cannot be given; resize "
            "or convert when reading, or pass place='copy'"
        )


def check_seed(random_state: int) -> int:
    """Check the seed of a job, which must be a number that can be told again.

    Raises
    ------
    ValueError
        If it is None, a generator, or out of [0, 2**64).

    Examples
    --------
    >>> from sklmerge.balance._checks import check_seed
    >>> check_seed(0)
    0
    """
    whole = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if not whole or not 0 <= random_state < 2**64:
        raise ValueError(
            "random_state must be a whole number in [0, 2**64), so that a job that was cut off can "
            f"go on, got {random_state!r}"
        )
    return int(random_state)


def check_split(split: Sequence[float] | None) -> tuple[float, ...]:
    """Check the shares of train, val and test.

    Parameters
    ----------
    split : sequence of 1 to 3 float, or None
        Shares above 0 that sum to 1. None puts all in train.

    Returns
    -------
    tuple of float

    Raises
    ------
    ValueError
        If there are too many shares, or they do not sum to 1.

    Examples
    --------
    >>> from sklmerge.balance._checks import check_split
    >>> check_split(None)
    (1.0,)
    """
    if split is None:
        return (1.0,)
    shares = _list_items(split)
    sound = 1 <= len(shares) <= 3 and all(isinstance(s, Real) and s > 0 for s in shares)
    if not sound or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(
            "split must be up to three shares above 0 for train, val and test that sum to 1, "
            f"such as (0.8, 0.2), or None, got {split!r}"
        )
    return tuple(float(share) for share in shares)


def _list_items(value: Sequence[Item]) -> tuple[Item, ...]:
    """List what a sequence or an array holds; nothing for what is neither."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist()) if value.ndim == 1 else ()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
