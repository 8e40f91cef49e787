"""Listing the images of a folder, compared with a bare walk and with Keras.

The bare walk is `os.scandir` and a list of names. The cost per file is also compared with that in a
folder a tenth as large, and the memory that an index needs per path with that of a Python string.
The full form lists 1,000,500 files in two folders.
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from measuring import Line, compare, main, take_turns
from photographs import make_keras_generator

from sklmerge import ImageIndex


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


def measure(short):
    n = 50_000 if short else 1_000_500
    with tempfile.TemporaryDirectory() as home:
        many = write_names(Path(home) / "many", n)
        few = write_names(Path(home) / "few", n // 10)
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
