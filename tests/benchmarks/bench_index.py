"""Listing the images of a folder, compared with a bare walk and with Keras.

The bare walk calls `os.scandir` and makes a list of the names. The cost per file is also compared
with that in a folder a tenth as large. The memory that an index needs per path is compared with
that of a Python string. The full run lists 1,000,500 files in two folders.

The peak of the memory while an index is made is measured in a process of its own. It lists folders
of 30 million files, 750,000 in the short run. The peak is given per file, without what the process
took before, and is compared with a list of the relative paths as Python strings. These files do not
exist: `os.scandir` is replaced by a function that gives their names. Linux only.
"""

import contextlib
import io
import multiprocessing
import os
import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
from measuring import Line, compare, main, take_turns
from photographs import make_keras_generator

from sklmerge import ImageIndex


class NamedEntry:
    """A file that is not there, as os.scandir gives it."""

    def __init__(self, name):
        self.name = name

    def is_dir(self):
        return False


def write_names(folder, n):
    """Write a folder of n names in two classes, one in two thousand rare, of one empty file."""
    folder.mkdir()
    (folder.parent / "empty").touch()
    for label, numbers in (("rare", range(n // 2000)), ("common", range(n // 2000, n))):
        (folder / label).mkdir()
        for number in numbers:
            os.link(folder.parent / "empty", f"{folder}/{label}/img_{number:07d}.jpg")
    return str(folder)


def walk_bare(folder):
    names = []
    with os.scandir(folder) as classes:
        for entry in classes:
            with os.scandir(entry.path) as files:
                names.extend(file.name for file in files)
    return names


def list_keras(folder):
    with contextlib.redirect_stdout(io.StringIO()):
        return make_keras_generator().flow_from_directory(folder)


def measure_memory(index):
    """Yield what an index keeps of a path beside what a list of strings would."""
    paths = index.paths
    held = sum(
        value.nbytes if isinstance(value, np.ndarray) else len(value)
        for value in vars(paths).values()
        if isinstance(value, np.ndarray | bytes | bytearray | memoryview)
    )
    strings = sum(sys.getsizeof(path) + 8 for path in list(paths[:1000])) / 1000
    yield Line("paths in memory vs a list of str", held / len(paths), strings, "bytes")


def scan_names(numbers):
    """Stand in for os.scandir: files of these numbers, out of order."""
    n = len(numbers)
    # 7919 is a prime, and divides no n that is asked for.
    names = (b"img_%08d.jpg" % numbers[i * 7919 % n] for i in range(n))
    return contextlib.nullcontext(map(NamedEntry, names))


def grow_peak(folder, n):
    """List n files that are not there; return by how many bytes the peak of the memory grew."""
    classes = {b"rare": range(n // 2000), b"common": range(n // 2000, n)}
    scandir = os.scandir
    ImageIndex(folder)
    before = read_peak()

    def scan(path):
        label = os.path.basename(path)
        return scan_names(classes[label]) if label in classes else scandir(path)

    with mock.patch("os.scandir", scan):
        assert len(ImageIndex(folder)) == n
    return read_peak() - before


def read_peak():
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])


def measure_peak(folder, n):
    """Yield what the memory grows by at the peak for each path, beside a list of strings."""
    # Forked, which spares the imports; the peak begins anew.
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        grown = pool.submit(grow_peak, folder, n).result()
    string = sys.getsizeof("common/img_00000000.jpg") + 8
    yield Line("peak memory of listing vs a list of str", grown / n, string, "bytes")


def measure(short):
    n = 50_000 if short else 1_000_500
    with tempfile.TemporaryDirectory() as home:
        many = write_names(Path(home) / "many", n)
        few = write_names(Path(home) / "few", n // 10)
        # Before Keras is loaded, whose threads would not come through a fork.
        yield from measure_peak(few, 750_000 if short else 30_000_000)
        jobs = {
            "ours": lambda: ImageIndex(many),
            "bare os.scandir": lambda: walk_bare(many),
            "Keras": lambda: list_keras(many),
        }
        yield from compare("list a folder", jobs, rounds=2, n=n, unit="files")
        seconds = take_turns({n: lambda: ImageIndex(many), n // 10: lambda: ImageIndex(few)}, 3)
        rates = [count / each for count, each in seconds.items()]
        yield Line("list a folder vs one a tenth as large", *rates, "files/s")
        yield from measure_memory(ImageIndex(many))


if __name__ == "__main__":
    main(measure)
