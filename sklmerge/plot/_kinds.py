"""What the displays refuse to draw, because it is of another kind or has other numbers."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any


def check_kind(name: str, given: object, kind: type) -> None:
    """Refuse what is no instance of a class.

    Examples
    --------
    >>> from sklmerge.plot._kinds import check_kind
    >>> check_kind("estimators", ["balanced"], dict)
    Traceback (most recent call last):
    TypeError: estimators must be a dict, got list
    """
    if not isinstance(given, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, got {type(given).__name__}")


def check_values(
    name: str, given: Mapping[str, Any], kind: type, kind_name: str | None = None
) -> None:
    """Refuse what is no mapping of names to instances of a class.

    Examples
    --------
    >>> from sklmerge.plot._kinds import check_values
    >>> check_values("class_weights", {"a": 1.0}, dict)
    Traceback (most recent call last):
    TypeError: class_weights must map a name to a dict each, got float for 'a'
    """
    expected = f"{name} must map a name to a {kind_name or kind.__name__} each, got"
    if not isinstance(given, Mapping):
        raise TypeError(f"{expected} {type(given).__name__}")
    for key, value in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{expected} {type(value).__name__} for {key!r}")


def check_counts(name: str, counts: Sequence[Any], n_classes: int) -> None:
    """Refuse what is not one count for each class.

    Examples
    --------
    >>> from sklmerge.plot._kinds import check_counts
    >>> check_counts("before", [3, -1], 2)
    Traceback (most recent call last):
    ValueError: before must be counts of 0 or more, got -1
    """
    if len(counts) != n_classes:
        raise ValueError(
            f"{name} must have one count for each of {n_classes} classes, got {len(counts)}"
        )
    for count in counts:
        if not isinstance(count, Real):
            raise TypeError(f"{name} must be counts, got {count!r}")
        if not float(count) >= 0:
            raise ValueError(f"{name} must be counts of 0 or more, got {count}")
