"""Progress is for people at a terminal: rate and time left, on standard error alone."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest


def read_all(terminal):
    """Read what is written to a terminal until nobody is left who could."""
    pieces = []
    try:
        while piece := os.read(terminal, 1 << 16):
            pieces.append(piece)
    except OSError:
        # Linux says so where the other end is closed.
        pass
    return b"".join(pieces).decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("command", "what", "code"),
    [("balance", "writing files", 0), ("inspect", "reading files", 0), ("audit", "comparing", 1)],
)
def test_rate_and_time_left_go_to_the_terminal_and_json_to_the_pipe(
    textures, tmp_path, command, what, code
):
    more = {"balance": [tmp_path / "out"], "audit": [textures]}
    arguments = [command, textures, *more.get(command, []), "--json"]
    terminal, side = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-m", "sklmerge.cli", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=side, env=environment,
    ) as job:  # fmt: skip
        os.close(side)
        shown = read_all(terminal)
        printed = job.stdout.read()
    os.close(terminal)
    assert job.returncode == code
    assert json.loads(printed)
    assert what in shown
    assert re.search(r"\d files/s", shown)
    assert re.search(r"\d:\d\d", shown)


def test_nothing_of_it_goes_to_a_file(run, textures, tmp_path):
    for arguments in (["inspect", textures], ["balance", textures, tmp_path / "out"]):
        assert run(*arguments).stderr == ""
