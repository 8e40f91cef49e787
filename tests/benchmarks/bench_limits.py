"""What limits the offline job: the plan of many files, one large image, and two workers.

Planning a job reads only file names. Its time per file is compared with that for a tenth of the
files. Its memory is compared with that of two Python strings per file, one for the source and one
for the copy. The peak memory for a large JPEG, measured in a separate process, is compared with the
size of its pixels. Two worker processes are compared with two jobs of one worker each that run at
the same time and share nothing. Linux only.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import joblib
import numpy as np
from measuring import Line, main, time_once
from photographs import encode_photographs

from sklmerge import ImageAugmenter, balance_folder

PEAK = """
import re, sys
from pathlib import Path
from sklmerge import ImageAugmenter, balance_folder
def read_peak():
    # getrusage would give the peak of the process that started this one.
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
folder, options = Path(sys.argv[1]), eval(sys.argv[2])
augmenter = ImageAugmenter(rotation_range=20, horizontal_flip=True)
balance_folder(folder / "small", folder / "warm", augmenter=augmenter, split=None, **options)
before = read_peak()
balance_folder(folder / "photos", folder / "out", augmenter=augmenter, split=None, **options)
print(read_peak() - before)
"""
JOB = """
import sys
from sklmerge import ImageAugmenter, balance_folder
augmenter = ImageAugmenter(rotation_range=20, horizontal_flip=True)
print("ready", flush=True)
sys.stdin.readline()
n = int(sys.argv[3])
balance_folder(sys.argv[1], sys.argv[2], samples_per_class=n, augmenter=augmenter, split=None)
"""


def write_files(folder, contents, n):
    """Write n files of two classes, one in a hundred rare, of these contents in turn."""
    for label in ("common", "rare"):
        (folder / label).mkdir(parents=True)
    for number in range(n):
        label = "common" if number % 100 else "rare"
        content = contents[number % len(contents)]
        (folder / label / f"{number:07d}.jpg").write_bytes(content)


def run_apart(folder, **options):
    """Run a job in a process of its own; return by how many MB its peak grew."""
    command = [sys.executable, "-c", PEAK, str(folder), repr(options)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout) / 1e6


def measure_plan(home, n):
    contents = encode_photographs(1, 8, 12)
    rates = []
    for name, n_files in (("many", n), ("few", n // 10)):
        write_files(home / name / "photos", contents, n_files)
        write_files(home / name / "small", contents, 100)
        photos, out = home / name / "photos", home / name / "plan"
        seconds = min(
            time_once(lambda p=photos, o=out: balance_folder(p, o, split=None, dry_run=True))
            for _ in range(2)
        )
        rates.append(n_files / seconds)
    yield Line("plan vs a tenth of the files", *rates, "files/s")
    strings = n * (sys.getsizeof("common/0000000.jpg") + sys.getsizeof("train/common/0000000.jpg"))
    grown = max(run_apart(home / "many", dry_run=True), 0.1)
    yield Line("peak of a plan vs two strings for each file", grown, strings / 1e6, "MB")


def measure_large(home, height, width):
    row = np.linspace(0, 255, width, dtype=np.uint8)
    image = np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, 3)))
    content = cv2.imencode(".jpg", image)[1].tobytes()
    write_files(home / "small", encode_photographs(1, 8, 12), 2)
    write_files(home / "photos", [content], 2)
    grown = run_apart(home, samples_per_class=2)
    yield Line("peak with a large image vs its pixels", grown, image.nbytes / 1e6, "MB")


def measure_workers(home, n):
    source = home / "photos"
    write_files(source, encode_photographs(min(n, 200), 400, 500), n)
    augmenter = ImageAugmenter(rotation_range=20, horizontal_flip=True)
    options = {"samples_per_class": 2 * n, "augmenter": augmenter, "split": None}
    options["max_copies"] = None
    with joblib.parallel_config(backend="loky", n_jobs=2):
        # Once for nothing: starting workers is not what is measured.
        balance_folder(source, home / "warm", samples_per_class=2, split=None)
        two = time_once(lambda: balance_folder(source, home / "two", **options))
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", JOB, str(source), str(home / name), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("alone", "beside")
    ]
    for job in jobs:
        job.stdout.readline()
    start = time.perf_counter()
    for job in jobs:
        job.communicate("\n")
    bare = time.perf_counter() - start
    yield Line("two workers vs two jobs side by side", 4 * n / two, 4 * n / bare, "files/s")


def measure(short):
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        yield from measure_plan(home / "plan", 10_000 if short else 100_000)
        yield from measure_large(home / "large", *((4000, 5000) if short else (8000, 12_500)))
        if not short:
            yield from measure_workers(home / "workers", 1000)


if __name__ == "__main__":
    main(measure)
