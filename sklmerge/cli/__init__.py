"""The command line: parses, calls, prints."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        # Loading takes a second or two, in which one may think better of it.
        from sklmerge.cli._app import run
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        raise SystemExit(130) from None
    run()
