"""Call a function for one item after another, some items ahead of whoever takes the results."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from numbers import Integral
from typing import TypeVar

import joblib

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], n_threads: int
) -> Iterator[Result]:
    """Yield what a function gives for each item, in order.

    Parameters
    ----------
    function : callable
        Item -> result.
    items : iterable
        What to call it with.
    n_threads : int
        Threads. At most ``n_threads + 1`` results are being made or wait to be taken. 0 calls the
        function when its result is asked for.

    Yields
    ------
    result

    Examples
    --------
    >>> list(run_ahead(abs, [-1, -2, -3], n_threads=2))
    [1, 2, 3]
    """
    if n_threads == 0:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="sklmerge-feed") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Whoever stops half-way, or meets an error, does not wait for what is not begun.
            for future in waiting:
                future.cancel()


def count_threads(n_jobs: int | None) -> int:
    """Count the threads that `n_jobs` asks for, as joblib counts them, wherever it is asked.

    joblib's own count is that of its processes, and 1 within a worker of a DataLoader.

    Examples
    --------
    >>> count_threads(None), count_threads(3)
    (1, 3)
    """
    if n_jobs is None:
        return 1
    if not isinstance(n_jobs, Integral) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an int or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; None is one thread, -1 all cores")
    return n_jobs if n_jobs > 0 else max(1, joblib.cpu_count() + 1 + n_jobs)
