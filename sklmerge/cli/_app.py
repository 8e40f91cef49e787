"""The command line: its commands in the order in which one needs them, and how it begins."""

import sys
from io import StringIO, TextIOWrapper
from typing import Annotated

import typer

from sklmerge import __version__
from sklmerge.cli._looking import audit, inspect, preview, report, suggest, weights
from sklmerge.cli._making import balance, demo, separate

app = typer.Typer(
    name="sklmerge",
    help="Merge image classes, balance them with augmented copies, and compute class weights.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> None:
    """Parse the command line and run its command."""
    if sys.stdout is None:
        # Closed by the shell: what is printed goes nowhere, and the job is done all the same.
        sys.stdout = StringIO()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not stop a job.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()


@app.callback(invoke_without_command=True)
def print_version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Merge image classes, balance them with augmented copies, and compute class weights."""
    if version:
        print(f"sklmerge {__version__}")
        raise typer.Exit


for command in (inspect, report, weights, suggest, preview, balance, audit, separate, demo):
    app.command()(command)
