"""Roads of bench_feed.py that read no image: indexing a folder, and planning an epoch."""

import contextlib
import io
import os
import time

import numpy as np


def walk_bare(folder):
    names = []
    clock = Clock()
    with os.scandir(folder) as classes:
        for entry in classes:
            with os.scandir(entry.path) as files:
                names.extend(file.name for file in files)
    return clock.tell() | {"n": len(names)}


def index_sklmerge(folder):
    from sklmerge import ImageIndex

    before = begin_peak()
    clock = Clock()
    index = ImageIndex(folder)
    return clock.tell() | {"n": len(index)} | tell_growth(before)


def index_keras(folder):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    before = begin_peak()
    clock = Clock()
    with contextlib.redirect_stdout(io.StringIO()):
        found = ImageDataGenerator().flow_from_directory(folder)
    return clock.tell() | {"n": found.n} | tell_growth(before)


def plan_sklmerge(folder):
    from sklmerge import EpochSchedule

    y = np.zeros(10**8, np.int8)
    y[np.random.default_rng(0).integers(0, 10**8, 600_000)] = 1
    clock = Clock()
    np.bincount(y)
    np.flatnonzero(y)
    bare = clock.tell("bincount and flatnonzero: ")
    before, clock = begin_peak(), Clock()
    schedule = EpochSchedule(500_000, random_state=0).fit(y)
    fitted = clock.tell("fit: ") | tell_growth(before)
    clock = Clock()
    draws = schedule.draws(3)
    return clock.tell() | {"n": len(draws)} | bare | fitted


class Clock:
    """Seconds on the wall, and of the processor: those do not count other programs' time."""

    def __init__(self):
        self.begin = time.perf_counter(), time.process_time()

    def tell(self, prefix=""):
        end = time.perf_counter(), time.process_time()
        wall, processor = (then - now for then, now in zip(end, self.begin, strict=True))
        return {f"{prefix}seconds": wall, f"{prefix}of the processor": processor}


def read_memory(name):
    """Read this process's resident memory, or its peak, in MB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1e3


def begin_peak():
    """Forget the peak so far; say how much memory there is in use."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return read_memory("VmRSS")


def tell_growth(before):
    return {
        "MB more": read_memory("VmRSS") - before,
        "MB more at the peak": read_memory("VmHWM") - before,
    }
