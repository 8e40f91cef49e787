"""The kinds of the parameters of features: whole numbers, and pairs of them."""

from numbers import Integral


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
    >>> from sklmerge.images._features_checks import check_whole
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
    >>> from sklmerge.images._features_checks import check_pair
    >>> check_pair("cells", 2)
    Traceback (most recent call last):
    TypeError: cells must be two whole numbers (rows, columns), such as (2, 2), got 2
    """
    values = list(pair) if hasattr(pair, "__iter__") else []
    if len(values) != 2 or not all(map(is_whole, values)):
        raise TypeError(
            f"{name} must be two whole numbers (rows, columns), such as (2, 2), got {pair!r}"
        )


def is_whole(number: object) -> bool:
    """Tell whether something is a whole number, which True is not."""
    return isinstance(number, Integral) and not isinstance(number, bool)
