"""A gate for the threads of joblib: who stops does not leave them at work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib.parallel import get_active_backend

Result = TypeVar("Result")
Call = Callable[..., Any]


@contextmanager
def open_gate() -> Iterator[Call]:
    """Give a way to call a function in joblib's workers that ends soon when the caller stops.

    joblib does not wait for its threads when it gives up, and a process that ends while one of them
    is in C++ code is aborted. So where the caller fails, is interrupted, or asks for no more,
    calls in threads of this process do nothing from then on, and those at work are waited for.

    Yields
    ------
    callable
        ``call(function, *arguments)``, which gives what the function gives, or None after the
        caller has stopped. Workers that are other processes are not held up by it.

    Examples
    --------
    >>> from sklmerge.images._gate import open_gate
    >>> with open_gate() as call:
    ...     print(call(pow, 2, 3))
    8
    """
    backend, _ = get_active_backend(prefer="threads")
    gate = _Gate()
    try:
        yield gate.call if getattr(backend, "supports_sharedmem", False) else _call
    except BaseException:
        gate.close()
        raise


class _Gate:
    """Lets calls in while it is open, and tells when the last one is out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_inside = 0
        self._open = True

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result | None:
        with self._changed:
            if not self._open:
                return None
            self._n_inside += 1
        try:
            return function(*arguments)
        finally:
            with self._changed:
                self._n_inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.wait_for(lambda: self._n_inside == 0)


def _call(function: Callable[..., Result], *arguments: Any) -> Result:
    return function(*arguments)
