"""What goes wrong, in one line on standard error and an exit code; never a traceback."""

import functools
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")
FAILED, WRONG_USE, STOPPED = 1, 2, 130


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Print errors and warnings of a command as one line each, and set the exit code."""
    # Options are named like the parameters of the library, so its messages are printed as they
    # are. Exit codes: 2 for wrong use, 1 for a failed job (a file that cannot be read, a full
    # disk, a package that is missing), 130 when stopped from the keyboard.
    goes_on = "; run the same command again to continue"

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with note_interrupts() as noted:
            try:
                with print_warnings():
                    return command(*args, **kwargs)
            except Exception as error:
                if not noted:
                    _explain(error)
            except KeyboardInterrupt:
                pass
            # Not by `fail`, which loads more of the library, of which half may be loaded.
            print(
                f"error: stopped{goes_on if command.__name__ == 'balance' else ''}", file=sys.stderr
            )
            raise typer.Exit(STOPPED)

    return run


@contextmanager
def note_interrupts() -> Iterator[list[int]]:
    """Record that Ctrl-C was pressed, which may become any error while a library is loading."""
    noted: list[int] = []
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is signal.SIG_IGN:
        yield noted
        return

    def interrupt(number: int, frame: Any) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, usual)


def _explain(error: Exception) -> NoReturn:
    """Print what went wrong and exit; raise what is nobody's mistake."""
    if isinstance(error, BrokenPipeError):
        # Whoever reads what is printed has seen enough; typer ends without a word.
        raise error
    if isinstance(error, OSError | ImportError):
        fail(_tell(error), FAILED)
    if isinstance(error, MemoryError):
        fail(": ".join(filter(None, ["not enough memory", str(error)])), FAILED)
    if isinstance(error, ValueError | TypeError):
        fail(str(error), FAILED if _is_bad_file(error) else WRONG_USE)
    raise error


def _is_bad_file(error: Exception) -> bool:
    # Not at the top: what only prints help must not load the library.
    from sklmerge.images import BadFileError

    return isinstance(error, BadFileError)


def _tell(error: Exception) -> str:
    """Say an error without the number that the operating system has for it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename!r}"
    return str(error)


def fail(message: str, code: int) -> NoReturn:
    """Print one line to standard error and exit."""
    print(f"error: {make_line(message)}", file=sys.stderr)
    raise typer.Exit(code)


def make_line(message: str) -> str:
    """Convert a message to one line that any terminal can show."""
    from sklmerge.images import show_name

    return show_name(re.sub(r"\s*\n\s*", " ", message.strip()))


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each of the library's warnings once, as one line to standard error."""
    told: set[str] = set()

    def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
        text = make_line(str(message))
        if issubclass(category, UserWarning) and text not in told:
            told.add(text)
            print(f"warning: {text}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
