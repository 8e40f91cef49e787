"""The command line: parses, calls, prints."""

from sklmerge.cli._app import main

__all__ = ["main"]
