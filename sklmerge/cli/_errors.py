"""What goes wrong, in one line on standard error and an exit code; never a traceback."""

import functools
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from sklmerge import BadFileError
from sklmerge.images import show_name

# What the library calls a parameter, and the command line otherwise.
_OTHER_NAMES = {
    "n_jobs": "jobs",
    "random_state": "seed",
    "augmenter": "augment",
    "root": "source",
    "width_shift_range": "shift_range",
    "height_shift_range": "shift_range",
}
_FUNCTIONS = {"balance_folder": "sklmerge balance", "separate": "sklmerge separate"}
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_VALUE = rf"(?:{_QUOTED}|\([^()]*\)|\[[^\[\]]*\]|[\w.+-]*\w)"
# What goes on to be a path: the folders "random_state=5/", or the file "random_state=5.png".
_IN_PATH = r"[^\s'\"()\[\]]*(?:[/\\]|\.[A-Za-z])"
# A clause of advice, up to the next one or the end; none begins within quotes.
_ADVICE = re.compile(
    rf"(?P<quoted>{_QUOTED})|; (?:pass (?P<name>\w+)=|[A-Z]\w*\.\w+\()(?:{_QUOTED}|[^;'\"])*"
)
# One pass over a message: what is quoted stays as it is, unless it is the value of a parameter.
_PIECES = re.compile(
    rf"(?<![\w/.\\-])(?P<set>[a-z]\w*)=(?!{_IN_PATH})(?P<value>{_VALUE})"
    rf"|(?P<quoted>{_QUOTED})"
    r"|(?P<python>,? or use [A-Z]\w*(?:\.\w+)?|,? or None\b)"
    r"|\((?P<numbers>\d[\d.]*(?:, \d[\d.]*)+)\)"
    r"|\((?P<list>[a-z]\w*(?:, [a-z]\w*)*) differ\)"
    r"|(?<![\w/.\\-])(?P<long>[a-z]+(?:_[a-z0-9]+)+)(?![\w/\\=-]|\.\w)"
    r"|(?P<before>^|: |; | and )(?P<subject>[a-z]+)"
    r"(?= (?:and|must|has|holds|gives|cannot|changes|needs|leaves|lacks|lists|is|are|was)\b| ')"
)


def speak_shell(message: str, options: Mapping[str, str]) -> str:
    r"""Say a message of the library in the words of a command.

    Parameters
    ----------
    message : str
        One sentence or more.
    options : mapping of str to str
        Parameter of the command -> what it is called in the shell, such as ``"--on-error"`` or
        ``"SRC"``.

    Returns
    -------
    str
        On one line. Parameters that the command has are called by their options, and a clause that
        advises to pass one that it lacks is left out. What is quoted, such as the name of a class
        or a file, stays as it is.

    Examples
    --------
    >>> from sklmerge.cli._errors import speak_shell
    >>> options = {"on_error": "--on-error", "source": "SRC", "jobs": "--jobs"}
    >>> speak_shell('1 file is bad; pass on_error="skip" to go on without it', options)
    '1 file is bad; pass --on-error skip to go on without it'
    >>> speak_shell('1 file is bad; pass on_error="skip" to go on without it', {})
    '1 file is bad'
    >>> speak_shell("source must hold n_jobs folders, got 'n_jobs'", options)
    "SRC must hold --jobs folders, got 'n_jobs'"
    """

    def name_option(name: str) -> str | None:
        return options.get(name) or options.get(_OTHER_NAMES.get(name, ""))

    def keep_followable(clause: re.Match[str]) -> str:
        followable = clause["quoted"] or (clause["name"] and name_option(clause["name"]))
        return clause[0] if followable else ""

    def translate(piece: re.Match[str]) -> str:
        found = piece.groupdict()
        if found["set"] and (option := name_option(found["set"])):
            return _set_option(option, found["value"])
        if found["python"]:
            return ""
        if found["numbers"]:
            return str(found["numbers"]).replace(", ", ",")
        if found["list"]:
            names = [name_option(name) or name for name in found["list"].split(", ")]
            return f"({', '.join(names)} differ)"
        if found["long"]:
            return name_option(found["long"]) or _FUNCTIONS.get(found["long"]) or piece[0]
        if found["subject"] and (option := name_option(found["subject"])):
            return f"{found['before']}{option}"
        return piece[0]

    line = _ADVICE.sub(keep_followable, re.sub(r"\s*\n\s*", " ", message.strip()))
    return _PIECES.sub(translate, line)


def speak_reasons(reasons: Mapping[str, str]) -> dict[str, str]:
    """Say why files cannot be read; their paths stay as they are.

    Examples
    --------
    >>> from sklmerge.cli._errors import speak_reasons
    >>> speak_reasons({"max_pixels=9.png": "4 x 5 pixels are more than max_pixels=9"})
    {'max_pixels=9.png': '4 x 5 pixels are more than --max-pixels 9'}
    """
    options = {"max_pixels": "--max-pixels"}
    return {path: speak_shell(reason, options) for path, reason in reasons.items()}


def _set_option(option: str, value: str) -> str:
    """Say how an option is given what a parameter is in Python."""
    if value == "None":
        return f"no {option}"
    if value == "[...]":
        return f"{option} A,B"
    plain = value.strip("'\"()[]").replace(", ", ",")
    return f"{option} {plain}"


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
