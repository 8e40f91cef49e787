"""Methods that exist only where something holds, with the types that scikit-learn leaves out."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sklearn.utils.metaestimators import available_if

Method = TypeVar("Method", bound=Callable[..., Any])


def available_where(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Offer a method only where `check` of its object holds; `hasattr` says the same.

    Examples
    --------
    >>> class Door:
    ...     is_open = False
    ...
    ...     @available_where(lambda self: self.is_open)
    ...     def enter(self): ...
    >>> hasattr(Door(), "enter")
    False
    """
    return cast(Callable[[Method], Method], available_if(check))
