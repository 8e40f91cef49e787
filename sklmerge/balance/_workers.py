"""Hand tasks to joblib's workers and yield what comes of them, whatever the backend can do."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

Task = TypeVar("Task")
Result = TypeVar("Result")
# Where results come in rounds: enough that waiting for the last of a round costs little.
_TASKS_A_ROUND = 16


def map_unordered(
    function: Callable[..., Result], tasks: Iterable[Task], n_jobs: int | None, *shared: Any
) -> Generator[Result, None, None]:
    """Call a function for each task in workers, and yield results as they come.

    Tasks are made as workers ask for them, so that neither all tasks nor all results are ever in
    memory together.

    Parameters
    ----------
    function : callable
        Called as ``function(task, *shared)``.
    tasks : iterable
        Small: each is sent to its worker.
    n_jobs : int or None
        Workers, as joblib counts them; threads, unless ``joblib.parallel_config`` names a backend.
    *shared : object
        What is the same for all tasks.

    Yields
    ------
    result
        In any order.

    Examples
    --------
    >>> from sklmerge.balance._workers import map_unordered
    >>> sorted(map_unordered(pow, [1, 2, 3], 2, 2))
    [1, 4, 9]
    """
    calls = (delayed(function)(task, *shared) for task in tasks)
    backend, _ = get_active_backend(prefer="threads")
    if backend.supports_return_generator:
        run = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
        # Closed at once when the caller stops: an abandoned one would go on working.
        with closing(run(calls)) as results:
            yield from results
        return
    # Such as Ray's.
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:
        n_tasks = _TASKS_A_ROUND * effective_n_jobs(n_jobs)
        while some := list(islice(calls, n_tasks)):
            yield from parallel(some)
