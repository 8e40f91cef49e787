"""What goes wrong, in one line on standard error and an exit code; never a traceback."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from sklmerge import BadFileError
from sklmerge.cli._wording import speak_shell
from sklmerge.images._names import show_name

P = ParamSpec("P")
R = TypeVar("R")
FAILED, WRONG_USE, STOPPED = 1, 2, 130


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors and warnings into a line each, in the words of the command.

    Exit codes: 2 for wrong use, 1 for a failed job (a file that cannot be read, a full disk, a
    package that is missing), 130 when stopped from the keyboard.
    """
    options = list_options(command)
    goes_on = "; run the same command again, and balance goes on where it was"

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with print_warnings(options):
                return command(*args, **kwargs)
        except BrokenPipeError:
            # Whoever reads what is printed has seen enough; typer ends without a word.
            raise
        except (BadFileError, OSError, ImportError) as error:
            fail(speak_shell(_tell(error), options), FAILED)
        except MemoryError as error:
            fail(": ".join(filter(None, ["not enough memory", str(error)])), FAILED)
        except (ValueError, TypeError) as error:
            fail(speak_shell(str(error), options), WRONG_USE)
        except KeyboardInterrupt:
            fail(f"stopped{goes_on if command.__name__ == 'balance' else ''}", STOPPED)

    return run


def _tell(error: Exception) -> str:
    """Say an error without the number that the operating system has for it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename!r}"
    return str(error)


def fail(message: str, code: int) -> NoReturn:
    """Print one line to standard error and leave."""
    print(f"error: {show_name(message)}", file=sys.stderr)
    raise typer.Exit(code)


@contextmanager
def print_warnings(options: Mapping[str, str]) -> Iterator[None]:
    """Print what the library warns of as one line each."""

    def print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"warning: {show_name(speak_shell(str(message), options))}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = print_warning
        yield


def list_options(command: Callable[..., Any]) -> dict[str, str]:
    """List the parameters of a command, and what each is called in the shell.

    Examples
    --------
    >>> from sklmerge.cli._looking import weights
    >>> options = list_options(weights)
    >>> options["source"], options["max_ratio"], options["as_json"]
    ('SRC', '--max-ratio', '--json')
    """
    options = {}
    for name, parameter in inspect.signature(command).parameters.items():
        for info in get_args(parameter.annotation)[1:]:
            if isinstance(info, ArgumentInfo):
                options[name] = (info.metavar or name.upper()).strip("[]")
            elif isinstance(info, OptionInfo):
                # typer takes the first flag of an annotation for a default, as long as it can.
                flags = [str(flag) for flag in (info.default, *(info.param_decls or ()))]
                long = [flag for flag in flags if flag.startswith("--")]
                options[name] = long[0].partition("/")[0] if long else f"--{name}".replace("_", "-")
    return options
