"""What limits the offline job: memory of a plan and of a large image; two Dask workers; a stop.

The peak of the plan comes first and that of the image in a process of its own.
The stop is Ctrl-C at ten moments after the first file, with one worker and with two.
Run: python tests/benchmarks/bench_balance_limits.py [n_planned] [n_dask]
"""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from bench_balance_scale import AUGMENTER, N_COPIES, measure, write_sources

from sklmerge import ImageIndex, balance_folder
from sklmerge.images import encode_image

HEIGHT, WIDTH = 8_000, 12_500


def read_peak():
    """Read the largest memory that this process has had, in bytes, on Linux."""
    # Not from getrusage, which counts what the process that started this one had, too.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])


def plan_many(folder, n):
    """Plan n images of two classes, one in a hundred rare; nothing is read or written."""
    image = encode_image(np.zeros((8, 12), np.uint8), "png")
    for label in ("common", "rare"):
        (folder / "photos" / label).mkdir(parents=True)
    for number in range(n):
        label = "common" if number % 100 else "rare"
        (folder / "photos" / label / f"{number:07d}.png").write_bytes(image)
    before, start = read_peak(), time.perf_counter()
    balance_folder(folder / "photos", folder / "out", split=None, dry_run=True)
    seconds = time.perf_counter() - start
    print(f"plan of {n} images: {seconds:.1f} s, {1e6 * seconds / n:.1f} microseconds an image")
    print(f"memory at its peak: {(read_peak() - before) / n:.0f} bytes an image")


def vary_large(folder):
    """Copy and vary two images of 100 megapixels, one after the other; then inspect them."""
    row = np.linspace(0, 255, WIDTH, dtype=np.uint8)
    for kind, channels in (("colour", 3), ("grey", 1)):
        image = np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, channels))
        data = encode_image(np.ascontiguousarray(image), "jpeg")
        for label in ("even", "odd"):
            (folder / kind / "photos" / label).mkdir(parents=True)
            (folder / kind / "photos" / label / "image.jpg").write_bytes(data)
        for work in LARGE:
            command = [sys.executable, __file__, work, str(folder / kind)]
            peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            print(f"{work}, {kind}, {WIDTH} x {HEIGHT}: peak of {peak / 2**30:.1f} GiB,", end=" ")
            print(f"{peak / WIDTH / HEIGHT:.0f} bytes a pixel")


def balance_large(folder):
    options = {"samples_per_class": 2, "augmenter": AUGMENTER, "split": None}
    balance_folder(folder / "photos", folder / "out", **options)


LARGE = {
    "balance": balance_large,
    "inspect": lambda folder: ImageIndex(folder / "photos").verify(),
}


def share_with_dask(folder, n):
    from dask.distributed import Client, LocalCluster

    write_sources(folder / "photos", n, 400, 500)
    n_files = n * (1 + N_COPIES)
    options = {"samples_per_class": n_files // 2, "augmenter": AUGMENTER, "split": None}
    one = measure(lambda: balance_folder(folder / "photos", folder / "one", **options))
    print(f"{n_files} files in one process: {n_files / one:.0f} files/s")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        for turn in ("first", "warm"):
            start = time.perf_counter()
            balance_folder(folder / "photos", folder / turn, **options)
            seconds = time.perf_counter() - start
            print(f"two Dask workers, {turn} run: {n_files / seconds:.0f} files/s")


def stop_ten_times(folder):
    write_sources(folder / "photos", 1_000, 400, 500)
    for n_jobs in (1, 2):
        seconds = []
        for turn in range(10):
            out = folder / f"out{n_jobs}_{turn}"
            command = [sys.executable, "-m", "sklmerge.cli", "balance", folder / "photos", out]
            command += ["--samples-per-class", "5000", "--jobs", str(n_jobs)]
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as job:
                while not any((out / "train").glob("*/*.jpg")):
                    time.sleep(0.001)
                time.sleep(0.05 * turn)
                job.send_signal(signal.SIGINT)
                start = time.perf_counter()
                assert job.wait() == 130
                seconds.append(time.perf_counter() - start)
        print(f"stopped with {n_jobs} at work: over after {max(seconds):.2f} s at most")


def main():
    if sys.argv[1:2] and sys.argv[1] in LARGE:
        LARGE[sys.argv[1]](Path(sys.argv[2]))
        return print(read_peak())
    n_planned = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    n_dask = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    parts = ((plan_many, n_planned), (vary_large,), (share_with_dask, n_dask), (stop_ten_times,))
    for part, *n in parts:
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder), *n)
    return None


if __name__ == "__main__":
    main()
