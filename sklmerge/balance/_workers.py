"""Hand tasks to joblib's workers and yield what comes of them, whatever the backend can do."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from sklmerge.images._gate import open_gate

Task = TypeVar("Task")
Result = TypeVar("Result")
# Where results come in rounds: enough that waiting for the last of a round costs little.
_TASKS_A_ROUND = 16


def map_unordered(
    function: Callable[..., Result],
    tasks: Iterable[Task],
    *shared: Any,
    n_jobs: int | None,
    give_up: Callable[[], None],
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
    *shared : object
        What is the same for all tasks.
    n_jobs : int or None
        Workers, as joblib counts them; threads, unless ``joblib.parallel_config`` names a backend.
    give_up : callable
        Called when the caller stops before the end, is interrupted, or a task fails; it should make
        tasks that are at work end soon. Threads of this process are waited for then.

    Yields
    ------
    result
        In any order.

    Examples
    --------
    >>> from sklmerge.balance._workers import map_unordered
    >>> sorted(map_unordered(pow, [1, 2, 3], 2, n_jobs=2, give_up=lambda: None))
    [1, 4, 9]
    """
    backend, _ = get_active_backend(prefer="threads")
    with open_gate() as call:
        calls = (delayed(call)(function, task, *shared) for task in tasks)
        streams = backend.supports_return_generator
        results = _stream(calls, n_jobs) if streams else _go_round(calls, n_jobs)
        try:
            with closing(results):
                yield from results
        except BaseException:
            give_up()
            raise


def name_processes(n_jobs: int | None) -> str | None:
    """Name the backend if its workers are other processes, which share no memory with this one.

    Examples
    --------
    >>> import joblib
    >>> from sklmerge.balance._workers import name_processes
    >>> with joblib.parallel_config("loky", n_jobs=2):
    ...     name_processes(None), name_processes(1)
    ('LokyBackend', None)
    """
    backend, _ = get_active_backend(prefer="threads")
    if getattr(backend, "supports_sharedmem", False) or effective_n_jobs(n_jobs) == 1:
        return None
    return type(backend).__name__


def _stream(calls: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    run = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
    # Closed at once when the caller stops: an abandoned one would go on working.
    with closing(run(calls)) as results:
        yield from results


def _go_round(calls: Iterator[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Do what backends can that give results in lists only, such as Ray's."""
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:
        n_tasks = _TASKS_A_ROUND * effective_n_jobs(n_jobs)
        while some := list(islice(calls, n_tasks)):
            yield from parallel(some)
