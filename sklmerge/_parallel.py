"""Work in threads or joblib workers, in order or unordered, ahead of the consumer.

`map_ordered` and `map_unordered` pass tasks to joblib workers of any backend. `run_ahead` and
`Lookahead` work in threads of this process, ahead of a loop. All of them stop cleanly.
"""

import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar

import joblib
from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from sklmerge._checks import check_n_jobs
from sklmerge._config import config_context, get_config

Result = TypeVar("Result")
Call = Callable[..., Any]


@contextmanager
def open_gate(prefer: str | None = "threads", require: str | None = None) -> Iterator[Call]:
    """Yield `call`, with which joblib workers call functions until the caller stops."""
    # joblib does not wait for its threads when it gives up, and a process that ends while one of
    # them is in C++ code is aborted. So if the caller fails, is interrupted, or asks for no more,
    # calls in threads of this process do nothing from then on (they give None), and those at work
    # are waited for. Workers that are other processes are not held up.
    backend, _ = get_active_backend(prefer=prefer, require=require)
    gate = _Gate()
    try:
        yield gate.call if getattr(backend, "supports_sharedmem", False) else _call
    except BaseException:
        gate.close()
        raise


class _Carried:
    """Calls a function in a worker, with the settings of the code that submitted the task."""

    def __init__(self, call: Call) -> None:
        self.call, self.settings = call, get_config()

    def __call__(self, *arguments: Any) -> Any:
        with config_context(**self.settings):
            return self.call(*arguments)


class _Gate:
    """Admits calls while it is open, and knows when the last one has returned."""

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


class _Workers:
    """The threads of this process that work ahead of a loop; a fork waits until they finish."""

    # In C code such a thread may hold a lock, in OpenCV's pool or where it frees what it kept for
    # the thread, and a process that is forked then waits for that lock for ever.

    # Seconds: beside a source that answers later, the fork goes on as it would without us.
    _PATIENCE = 2

    def __init__(self) -> None:
        self._start_afresh()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._wait,
                after_in_parent=self._go_on,
                after_in_child=self._start_afresh,
            )

    def __enter__(self) -> None:
        with self._changed:
            # Or there would always be one more at work, and the fork would never come. Not for
            # long: who waits may have been started by a thread that the fork waits for.
            self._changed.wait_for(lambda: not self._is_forking, self._PATIENCE)
            self._inside.append(threading.get_native_id())

    def __exit__(self, *error: object) -> None:
        number = threading.get_native_id()
        with self._changed:
            # A process that was forked in here begins without any.
            if number in self._inside:
                self._inside.remove(number)
                self._left.append(number)
            self._changed.notify_all()

    def _start_afresh(self) -> None:
        self._changed = threading.Condition()
        self._is_forking = self._is_interrupted = False
        self._inside: list[int] = []
        # Those that may be ending: no more than are at work at a time.
        self._left: deque[int] = deque(maxlen=256)

    def _wait(self) -> None:
        # Held until the process is forked, so that no other thread begins.
        self._changed.acquire()
        # A source may fork in a thread of ours: it cannot wait for itself.
        if threading.get_native_id() in self._inside:
            return
        self._is_forking = True
        try:
            self._wait_for_all()
        except KeyboardInterrupt:
            # Python would drop it here, and fork.
            self._is_interrupted = True

    def _go_on(self) -> None:
        is_interrupted = self._is_interrupted
        self._is_forking = self._is_interrupted = False
        self._changed.notify_all()
        self._changed.release()
        if is_interrupted:
            # Not here, where Python drops it, but as soon as the fork is over.
            threading.Timer(0.01, signal.raise_signal, (signal.SIGINT,)).start()

    def _wait_for_all(self) -> None:
        end = time.monotonic() + self._PATIENCE
        self._changed.wait_for(lambda: not self._inside, self._PATIENCE)
        # Python is done with a thread before the thread has ended, which only the kernel knows.
        alive = {thread.native_id for thread in threading.enumerate()}
        for number in set(self._left) - alive:
            while os.path.exists(f"/proc/self/task/{number}") and time.monotonic() < end:
                time.sleep(0.0005)
        self._left.clear()


_workers = _Workers()

Item = TypeVar("Item")


def run_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], n_threads: int
) -> Iterator[Result]:
    """Yield `function(item)` in order; at most `n_threads` + 1 results are pending at a time."""
    if n_threads == 0:
        yield from map(function, items)
        return
    carried = _Carried(function)

    def work(item: Item) -> Result:
        with _workers:
            result: Result = carried(item)
        return result

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="sklmerge") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Whoever stops half-way, or meets an error, does not wait for what is not begun.
            for future in waiting:
                future.cancel()


class Lookahead:
    """Compute up to `n_threads` results in advance, if they are requested in order."""

    def __init__(self, function: Callable[[Any], Any], n_threads: int) -> None:
        self._function = function
        self._n_threads = n_threads
        self._ahead: dict[Any, Future[Any]] = {}

    def take(self, key: Any, following: Iterable[Any]) -> Any:
        """Return the result for a key, and start computing the results for the next keys."""
        before, ahead = self._ahead, {}
        for other in (key, *islice(following, self._n_threads)):
            ahead[other] = before.get(other) or _start(self._function, other)
        made = ahead.pop(key)
        # Set whole, for another thread may call `clear` at any time.
        self._ahead = ahead
        return made.result()

    def clear(self) -> None:
        """Discard the results that were computed in advance."""
        self._ahead = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_ahead": {}}


def _start(function: Callable[[Any], Result], key: Any) -> "Future[Result]":
    future: Future[Result] = Future()
    # In a thread of its own that ends with the result, so that none is left when nobody asks any
    # more; beside a batch, starting one costs nothing.
    carried = _Carried(function)

    def run() -> None:
        try:
            with _workers:
                result = carried(key)
            future.set_result(result)
        # Whatever it is, it belongs to whoever asks for the result.
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="sklmerge", daemon=True).start()
    return future


def count_threads(n_jobs: int | None) -> int:
    """Return the number of threads for `n_jobs`, as joblib counts them, in any context."""
    # joblib's own count is that of its processes, and 1 within a worker of a DataLoader.
    n_jobs = check_n_jobs(n_jobs)
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max(1, joblib.cpu_count() + 1 + n_jobs)


Task = TypeVar("Task")
# Where results come in rounds: enough that waiting for the last of a round costs little.
_TASKS_A_ROUND = 16


def map_unordered(
    function: Callable[..., Result],
    tasks: Iterable[Task],
    *shared: Any,
    n_jobs: int | None,
    give_up: Callable[[], None],
) -> Generator[Result, None, None]:
    """Call `function(task, *shared)` in workers, and yield results as they are completed."""
    # Threads, unless joblib.parallel_config names a backend.
    backend, _ = get_active_backend(prefer="threads")
    with open_gate() as call:
        # Made as workers ask for them, so that neither all tasks nor all results are ever in memory
        # together. Each task is sent to its worker, and should be small.
        carried = _Carried(call)
        calls = (delayed(carried)(function, task, *shared) for task in tasks)
        streams = backend.supports_return_generator
        results = _stream(calls, n_jobs) if streams else _go_round(calls, n_jobs)
        try:
            with closing(results):
                yield from results
        except BaseException:
            # It should make tasks at work end soon: those in threads are waited for by the gate.
            give_up()
            raise


def map_ordered(
    function: Callable[..., Result],
    tasks: Iterable[Task],
    *shared: Any,
    n_jobs: int | None,
    prefer: str | None = "threads",
    require: str | None = None,
    at_once: int | None = None,
    passes_gate: bool = False,
) -> Generator[Result, None, None]:
    """Call `function(task, *shared)` in workers, and yield results in the order of the tasks."""
    left = iter(tasks)
    settings = {"prefer": prefer, "require": require}
    n_workers = check_n_jobs(n_jobs)
    # Tasks are as large as they should be: joblib need not gather them into larger ones.
    with open_gate(**settings) as call, Parallel(n_workers, batch_size=1, **settings) as parallel:
        # A task enters the settings once, whatever its parts are.
        carried = _Carried(function if passes_gate else call)
        # Few tasks at a time leave few results that wait to be taken; None hands out all of them.
        while some := list(islice(left, at_once)):
            if passes_gate:
                # A task of several parts calls each by `call`: none is begun when the caller stops.
                yield from parallel(delayed(carried)(task, *shared, call) for task in some)
            else:
                yield from parallel(delayed(carried)(function, task, *shared) for task in some)


def name_processes(n_jobs: int | None) -> str | None:
    """Return the name of the backend if its workers are other processes, which share no memory."""
    backend, _ = get_active_backend(prefer="threads")
    if getattr(backend, "supports_sharedmem", False) or effective_n_jobs(n_jobs) == 1:
        return None
    return type(backend).__name__


def _stream(calls: Iterable[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    run = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
    results = run(calls)
    try:
        # Not by `yield from`, which would close it before the warnings are held.
        for result in results:  # noqa: UP028
            yield result
    finally:
        # Closed at once when the caller stops: an abandoned one would go on working. joblib then
        # tells of tasks that nobody waits for, in the middle of the error that ended the job.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ tasks (which were|have been)")
            results.close()


def _go_round(calls: Iterator[Any], n_jobs: int | None) -> Generator[Any, None, None]:
    """Run tasks on backends that only return lists of results, such as Ray's."""
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:
        n_tasks = _TASKS_A_ROUND * effective_n_jobs(n_jobs)
        while some := list(islice(calls, n_tasks)):
            yield from parallel(some)
