"""Stopped from the keyboard, a command says so in one line, and ends."""

import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from sklmerge.images import encode_image

READY = "from sklmerge.cli import main; print('ready', flush=True); main()"
LOADED = f"import sklmerge.cli._app; {READY}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Many names of two large photographs: reading them all takes many seconds."""
    folder = tmp_path_factory.mktemp("photos")
    coarse = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    photo = encode_image(cv2.resize(coarse, (1500, 1000)), "jpeg")
    for label in ("cat", "dog"):
        (folder / label).mkdir()
        (folder / label / "0.jpg").write_bytes(photo)
        for number in range(1, 800):
            (folder / label / f"{number}.jpg").symlink_to(folder / label / "0.jpg")
    return folder


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("inspect", ["--n-jobs", "2"]),
        ("audit", ["--n-jobs", "2"]),
        ("suggest", ["--n-jobs", "2", "--image-size", "300x450"]),
        ("preview", ["--n-sources", "400"]),
    ],
)
def test_a_command_that_is_stopped_ends_and_says_so(photos, tmp_path, command, options):
    folders = [photos, photos] if command == "audit" else [photos]
    arguments = [sys.executable, "-c", LOADED, command, *folders, *options]
    with subprocess.Popen(
        list(map(str, arguments)), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as job:  # fmt: skip
        assert job.stdout.readline() == "ready\n"
        time.sleep(0.7)
        job.send_signal(signal.SIGINT)
        printed, said = job.communicate(timeout=60)
    assert (job.returncode, printed, said) == (130, "", "error: stopped\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.6])
def test_a_command_that_is_stopped_while_it_is_loaded_says_so_too(photos, seconds):
    arguments = [sys.executable, "-c", READY, "inspect", str(photos)]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, text=True, stdout=pipe, stderr=pipe) as job:
        assert job.stdout.readline() == "ready\n"
        time.sleep(seconds)
        job.send_signal(signal.SIGINT)
        printed, said = job.communicate(timeout=60)
    assert (job.returncode, printed, said) == (130, "", "error: stopped\n")
