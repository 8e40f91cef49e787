"""Killed, stopped, or out of space: the same command ends with the bytes of an undisturbed run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from sklmerge import balance_folder

COUNTS = {"A": 20, "B": 40, "C": 200}
KILLED_AT_RANDOM = """
import os, random, shutil, signal, sys, time
from sklmerge import balance_folder

source, out, n_kills = sys.argv[1], sys.argv[2], 0
while n_kills < 50:
    child = os.fork()
    if child == 0:
        balance_folder(source, out, n_jobs=1 + n_kills % 2, split=(0.7, 0.3))
        os._exit(0)
    time.sleep(random.uniform(0, 0.12))
    os.kill(child, signal.SIGKILL)
    n_kills += os.waitpid(child, 0)[1] == signal.SIGKILL
    if os.path.exists(out + "/plan.json") and random.random() < 0.5:
        shutil.rmtree(out)
"""
# Prints the error of a run without space, the files it left, and those of one with space.
FILLED_UP = """
import json, os, resource, subprocess, sys
from pathlib import Path
from hashlib import sha256
from sklmerge import balance_folder

source, out, kind = sys.argv[1:]
def list_files():
    files = (path for path in Path(out).rglob("*") if path.is_file())
    return {str(p.relative_to(out)): sha256(p.read_bytes()).hexdigest() for p in files}

if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (900, resource.RLIM_INFINITY))
try:
    balance_folder(source, out, split=(0.7, 0.3))
except OSError as error:
    message = str(error)
left = list_files()
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    subprocess.run(["mount", "-o", "remount,size=64m", os.path.dirname(out)], check=True)
balance_folder(source, out, split=(0.7, 0.3))
print(json.dumps([message, left, list_files()]))
"""
MOUNT_SMALL = 'mount -t tmpfs -o size=1200k tmpfs "$0" && exec "$@"'


@pytest.fixture
def source(write_classes):
    return write_classes(COUNTS)


@pytest.fixture
def expected(source, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "undisturbed", split=(0.7, 0.3))
    return hash_tree(tmp_path / "undisturbed")


def test_killed_at_fifty_random_points_it_ends_with_the_same_bytes(
    source, expected, tmp_path, hash_tree
):
    before = hash_tree(source)
    command = [sys.executable, "-c", KILLED_AT_RANDOM, str(source), str(tmp_path / "out")]
    subprocess.run(command, check=True, timeout=120)
    balance_folder(source, tmp_path / "out", split=(0.7, 0.3))
    assert hash_tree(tmp_path / "out") == expected
    assert sorted(os.listdir(tmp_path / "out")) == ["plan.json", "train", "val"]
    assert hash_tree(source) == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stopped_from_the_keyboard_it_ends_and_says_how_to_go_on(
    source, expected, tmp_path, hash_tree, n_jobs
):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "sklmerge.cli", "balance", str(source), str(out)]
    command += ["--split", "0.7,0.3", "--n-jobs", str(n_jobs)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as job:
        while job.poll() is None and not any((out / "train").glob("*/*.jpg")):
            time.sleep(0.001)
        job.send_signal(signal.SIGINT)
        _, said = job.communicate(timeout=60)
    assert job.returncode == 130
    assert said == "error: stopped; run the same command again to continue\n"
    assert not (out / "plan.json").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert hash_tree(out) == expected


def can_mount():
    """Tell whether a file system may be mounted where nobody else sees it."""
    command = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


def test_a_full_disk_leaves_whole_files_only_and_the_job_goes_on_when_there_is_space(
    source, expected, tmp_path
):
    (tmp_path / "disk").mkdir()
    command = [sys.executable, "-c", FILLED_UP, str(source), str(tmp_path / "disk/out")]
    if can_mount():
        mount = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT_SMALL]
        command = [*mount, str(tmp_path / "disk"), *command, "disk"]
        reason = "no space left; free some and run the same command again"
    else:
        # Without the right to mount, a limit on the size of files stands for the disk.
        command += ["limit"]
        reason = "takes no file so large; raise it and run the same command again"
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    message, left, files = json.loads(done.stdout)
    assert reason in message
    left.pop(".sklmerge/plan.json", None)
    left.pop(".sklmerge/lock")
    assert left.items() < expected.items()
    assert files == expected
