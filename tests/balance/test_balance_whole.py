"""A process that dies inside a write leaves no file in part."""

import signal
import subprocess
import sys

import pytest

from sklmerge import balance_folder

# The kernel kills the process inside the write that passes the limit, with the first bytes written.
KILLED_IN_A_WRITE = """
import resource, signal, sys
from sklmerge import balance_folder

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
balance_folder(sys.argv[1], sys.argv[2])
"""
PLAN_BYTES = 2_000
PHOTO_BYTES = 8_000


@pytest.fixture
def source(write_classes, write_image):
    folder = write_classes({"A": 5, "B": 60})
    write_image(folder / "B/photo.jpg", height=150, width=210)
    return folder


@pytest.fixture
def expected(source, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "undisturbed")
    return hash_tree(tmp_path / "undisturbed")


@pytest.mark.parametrize(
    ("limit", "written", "unwritten"),
    [
        (PLAN_BYTES, "train/A/A__00.jpg", "train/B/B__photo.jpg"),
        (PHOTO_BYTES, "train/B/B__photo.jpg", "train/metadata.csv"),
    ],
)
def test_killed_inside_a_write_it_leaves_whole_files_only(
    source, expected, tmp_path, hash_tree, limit, written, unwritten
):
    out = tmp_path / "out"
    command = [sys.executable, "-c", KILLED_IN_A_WRITE, str(source), str(out), str(limit)]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGXFSZ
    left = {name: digest for name, digest in hash_tree(out).items() if name[0] != "."}
    assert left.items() < expected.items()
    assert written in left
    assert unwritten not in left
    assert any(0 < path.stat().st_size <= limit for path in out.glob(".sklmerge/tmp-*/*"))
    balance_folder(source, out)
    assert hash_tree(out) == expected
