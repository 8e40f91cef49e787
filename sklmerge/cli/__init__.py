"""The command line: parses, calls, prints."""

import os
import signal
import threading
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    # Loading takes a second or two, in which one may think better of it. An exception then would
    # end up inside the loading of some library in C, which makes another one of it. The command
    # itself listens in its own way, see _errors.py.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    from sklmerge.cli._app import run

    run()


def _stop(number: int, frame: Any) -> None:
    os.write(2, b"error: stopped\n")
    os._exit(130)
