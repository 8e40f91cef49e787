"""How fast sklmerge starts: imports, and the command line's help, in fresh processes.

Times are processor time in seconds. Imports of sklmerge are compared with an import of its
dependencies. sklmerge loads a part of the package when one of its names is first used, so `import
sklmerge` alone loads nothing. `--help` and `--version` are compared with a bare Python program that
imports typer and rich.
"""

import subprocess
import sys

from measuring import Line, main

CLOCK = "import time; start = time.process_time(); {}; print(time.process_time() - start)"
DEPENDENCIES = "import sklearn, skimage, imblearn, cv2"


def spend(*arguments):
    """Run Python; return the processor's seconds of the whole process."""
    code = "import os, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); "
    code += "spent = os.times(); print(spent.children_user + spent.children_system)"
    command = [sys.executable, "-c", code, sys.executable, *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure_import(statement):
    command = [sys.executable, "-c", CLOCK.format(statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def take_least(calls, rounds):
    """Let calls that return seconds take turns; return the least of each."""
    seconds = [[call() for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*seconds, strict=True)]


def measure(short):
    rounds = 2 if short else 9
    own, all_names, peers = take_least(
        [
            lambda: measure_import("import sklmerge"),
            lambda: measure_import("from sklmerge import *"),
            lambda: measure_import(DEPENDENCIES),
        ],
        rounds,
    )
    yield Line("import sklmerge vs its dependencies", own, peers, "s")
    yield Line("from sklmerge import * vs its dependencies", all_names, peers, "s")
    ours, version, bare = take_least(
        [
            lambda: spend("-m", "sklmerge.cli", "--help"),
            lambda: spend("-m", "sklmerge.cli", "--version"),
            lambda: spend("-c", "import typer, rich.console"),
        ],
        rounds,
    )
    yield Line("sklmerge --help vs importing typer and rich", ours, bare, "s")
    yield Line("sklmerge --version vs importing typer and rich", version, bare, "s")


if __name__ == "__main__":
    main(measure)
