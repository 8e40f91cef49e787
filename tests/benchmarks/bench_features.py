"""Features against bare loops over scikit-image, and the import against its own dependencies.

Contenders do the same work in the same run and take turns. One job is compared by the processor's
time, which other programs hardly change; two jobs by the clock, and by the processor's time of all
processes together. Ratios are medians over the turns, rates those of the best turn. The two
processes hold their images from the start and send nothing back. Imports happen in fresh processes,
by turns, and their medians count. Linux only.
Run: python tests/benchmarks/bench_features.py [--images N] [--turns N] [--imports N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from skimage.color import rgb2gray
from skimage.data import astronaut
from skimage.feature import hog, local_binary_pattern

from sklmerge import ColorHistogram, HOGFeatures, LBPFeatures

SIZE = (96, 128)
IMPORTS = {
    "sklearn, skimage, imblearn, cv2": "import sklearn, skimage, imblearn, cv2",
    "sklmerge": "import sklmerge",
    "sklmerge, every name": "from sklmerge import *",
}


def describe_by_hog(image):
    return hog(image, 9, (8, 8), (2, 2), channel_axis=-1)


def describe_by_lbp(image):
    grey = np.rint(rgb2gray(image) * 255).astype(np.uint8)
    patterns = local_binary_pattern(grey, 8, 1, "uniform").astype(np.intp)
    return np.bincount(patterns.ravel(), minlength=10) / patterns.size


def describe_by_color(image):
    counts = [np.histogram(image[..., channel], 16, (0, 255))[0] for channel in range(3)]
    return np.concatenate(counts) / image[..., 0].size


KINDS = {
    "HOGFeatures": (HOGFeatures, describe_by_hog),
    "LBPFeatures": (LBPFeatures, describe_by_lbp),
    "ColorHistogram": (ColorHistogram, describe_by_color),
}


def make_images(n):
    photograph, rng = astronaut(), np.random.default_rng(0)
    tops = rng.integers(0, 512 - SIZE[0], n)
    lefts = rng.integers(0, 512 - SIZE[1], n)
    pairs = zip(tops, lefts, strict=True)
    return np.stack([photograph[y : y + SIZE[0], x : x + SIZE[1]] for y, x in pairs])


def run_loop(describe, images):
    return np.stack([describe(image) for image in images])


def time_in_turns(jobs, n_turns, *clocks):
    """Return the seconds of each job by each clock in each turn; jobs share bad times."""
    seconds = {name: [] for name in jobs}
    for _ in range(n_turns):
        for name, job in jobs.items():
            starts = [clock() for clock in clocks]
            job()
            spent = [clock() - start for clock, start in zip(clocks, starts, strict=True)]
            seconds[name].append(spent)
    return [np.array(column) for column in seconds.values()]


def read_processor_time():
    """Read the processor's time of this process and of those it started, which still run."""
    spent = time.process_time()
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        if int(fields[1]) == os.getpid():
            spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


class Process:
    """A bare loop in a process of its own: a line makes it begin, and it writes one at its end."""

    def __init__(self, kind, n):
        command = [sys.executable, __file__, "--worker", kind, "--images", str(n)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self.wait()

    def begin(self):
        self.process.stdin.write("go\n")

    def wait(self):
        self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def work(kind, n):
    """Be such a process."""
    images, describe = make_images(n), KINDS[kind][1]
    print("ready", flush=True)
    for _ in sys.stdin:
        run_loop(describe, images)
        print("done", flush=True)


def bench_one_job(images, n_turns):
    print(f"one job, {len(images)} images of {SIZE[0]} x {SIZE[1]} x 3, processor time")
    for kind, (features, describe) in KINDS.items():
        ours = features().fit(images)
        assert np.array_equal(ours.transform(images), run_loop(describe, images))
        jobs = {
            "ours": lambda ours=ours: ours.transform(images),
            "loop": lambda describe=describe: run_loop(describe, images),
        }
        ours, loop = time_in_turns(jobs, n_turns, time.process_time)
        print(
            f"  {kind:15} {len(images) / ours.min():6.0f} images/s, bare loop "
            f"{len(images) / loop.min():6.0f}: {np.median(ours / loop):.2f} times its time"
        )


def bench_two_jobs(images, n_turns):
    print("\ntwo jobs, against two bare loops in processes of their own")
    for kind, (features, _) in KINDS.items():
        ours = features(n_jobs=2).fit(images)
        ours.transform(images)  # workers start once, as the processes have
        processes = [Process(kind, len(images) // 2) for _ in range(2)]

        def run_processes(processes=processes):
            for process in processes:
                process.begin()
            for process in processes:
                process.wait()

        jobs = {"ours": lambda ours=ours: ours.transform(images), "processes": run_processes}
        ours, theirs = time_in_turns(jobs, n_turns, time.perf_counter, read_processor_time)
        for process in processes:
            process.end()
        clock, processor = np.median(theirs / ours, axis=0)
        print(
            f"  {kind:15} {len(images) / ours[:, 0].min():6.0f} images/s, processes "
            f"{len(images) / theirs[:, 0].min():6.0f}: {clock:.2f} of what they reach; "
            f"by processor {processor:.2f}"
        )


def bench_imports(n_turns):
    clock = "import time; t, c = time.perf_counter(), time.process_time(); {}; "
    clock += "print(time.perf_counter() - t, time.process_time() - c)"
    seconds = {name: [] for name in IMPORTS}
    for _ in range(n_turns):
        for name, statement in IMPORTS.items():
            command = [sys.executable, "-c", clock.format(statement)]
            shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            seconds[name].append([float(number) for number in shown.split()])
    print(f"\nimports, medians of {n_turns} fresh processes each")
    medians = {}
    for name, pairs in seconds.items():
        medians[name] = [statistics.median(column) for column in zip(*pairs, strict=True)]
        print(f"  {name:32} {medians[name][0]:.2f} s, processor {medians[name][1]:.2f} s")
    peers, *ours = medians.items()
    for name, (clock, processor) in ours:
        print(
            f"  {name}: {clock / peers[1][0]:.2f} times by the clock, "
            f"{processor / peers[1][1]:.2f} by processor"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--imports", type=int, default=15)
    parser.add_argument("--worker")
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker, arguments.images)
        return
    images = make_images(arguments.images)
    bench_one_job(images, arguments.turns)
    bench_two_jobs(images, arguments.turns)
    bench_imports(arguments.imports)


if __name__ == "__main__":
    main()
