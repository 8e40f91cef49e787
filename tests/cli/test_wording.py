"""Errors and warnings of the library reach the shell in the words of the shell."""

import ast
import re
from pathlib import Path

import pytest

import sklmerge
from sklmerge.cli._app import app
from sklmerge.cli._errors import list_options, speak_shell
from sklmerge.cli._making import balance

PACKAGE = Path(sklmerge.__file__).parent
COMMANDS = [info.callback for info in app.registered_commands]
ALIASES = {"n_jobs": "jobs", "random_state": "seed", "augmenter": "augment", "root": "source"}


def list_messages():
    """Read every message of the library from its source, with a name in each gap."""
    # No command feeds a training loop.
    for path in sorted(set(PACKAGE.rglob("*.py")) - set(PACKAGE.glob("feed/*"))):
        for node in ast.walk(ast.parse(path.read_text())):
            raised = node.exc if isinstance(node, ast.Raise) else None
            warned = getattr(getattr(node, "func", None), "attr", "") == "warn"
            call = raised if isinstance(raised, ast.Call) else node if warned else None
            for argument in call.args[:1] if call is not None else []:
                yield from read_text(argument, path)


def read_text(node, path):
    if isinstance(node, ast.IfExp):
        yield from read_text(node.body, path)
        yield from read_text(node.orelse, path)
    elif isinstance(node, ast.JoinedStr | ast.Constant):
        pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "'x'" for p in pieces)


MESSAGES = sorted(set(list_messages()))


def test_there_are_messages_and_commands_to_look_at():
    assert len(MESSAGES) > 300
    assert len(COMMANDS) == 8


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_no_message_names_an_option_of_the_command_as_python_does(command):
    options = list_options(command)
    names = [*options, *(name for name, own in ALIASES.items() if own in options)]
    long = [name for name in names if "_" in name]
    in_python = re.compile(rf"\b(?:{'|'.join(names)})=|(?<![-\w])(?:{'|'.join(long)})\b")
    for message in MESSAGES:
        said = speak_shell(message, options)
        unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", said)
        assert not in_python.search(unquoted), said
        assert "or None" not in said
        assert "ImageIndex." not in said
        assert "balance_folder" not in said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("destination and source must lie apart, got '/a'", "DST and SRC must lie apart, got '/a'"),
        (
            "1 file could not be read; pass on_error=\"skip\" to go on",
            "1 file could not be read; pass --on-error skip to go on",
        ),
        ("name the folders to take by classes=[...]", "name the folders to take by --classes A,B"),
        ("split must be shares, such as (0.8, 0.2), or None, got (0.5, 0.6)",
         "--split must be shares, such as 0.8,0.2, got 0.5,0.6"),
        ("holds another plan (merge, random_state differ)",
         "holds another plan (--merge, --seed differ)"),
        ("divide it anew, or pass group_by=None", "divide it anew, or pass no --group-by"),
        ("4 x 5 pixels are more than max_pixels=9", "4 x 5 pixels are more than --max-pixels 9"),
        ("run balance_folder again to mend it", "run sklmerge balance again to mend it"),
        # What this command has no option for.
        ('y lacks it; pass missing="ignore" to go on', "y lacks it"),
        # What people have called their classes and files.
        ("merge names 'split' and 'max_copies=3'", "merge names 'split' and 'max_copies=3'"),
        ("file on_error/n_jobs.png is bad", "file on_error/n_jobs.png is bad"),
        ("file a/on_error=warn.b/n_jobs=2/seed=5.png is bad",
         "file a/on_error=warn.b/n_jobs=2/seed=5.png is bad"),
        ("file n_jobs=2/x.png and split=0.5.png", "file n_jobs=2/x.png and split=0.5.png"),
        ("source must hold 'two  spaces'", "SRC must hold 'two  spaces'"),
        ("file 'a; pass x=1; b.png' is bad; pass missing=1", "file 'a; pass x=1; b.png' is bad"),
        ("two\n  lines", "two lines"),
    ],
)  # fmt: skip
def test_messages_are_said_in_the_words_of_balance(message, said):
    assert speak_shell(message, list_options(balance)) == said
