"""What the offline job costs beside decoding, warping and encoding, and how two workers scale.

Sources are JPEG files of 48 x 64 pixels, on one worker; then 400 x 500 pixels, with copies, on two
worker processes against two bare processes. Run: python tests/benchmarks/bench_balance_scale.py
[n_small] [n_large]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import joblib
import numpy as np
import skimage.data

from sklmerge import ImageAugmenter, balance_folder
from sklmerge.images import decode_image, encode_image

AUGMENTER = ImageAugmenter(rotation_range=20, zoom_range=0.2, horizontal_flip=True)
BARE = """
import sys
import cv2
from sklmerge import balance_folder
from bench_balance_scale import AUGMENTER, N_COPIES
cv2.setNumThreads(1)
options = {"augmenter": AUGMENTER, "split": None}
n = int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
balance_folder(sys.argv[1], sys.argv[2], samples_per_class=n * (1 + N_COPIES), **options)
"""
N_COPIES = 4


def write_sources(folder, n_sources, height, width):
    """Cut so many different patches out of a photograph, in two classes of one size."""
    photo = skimage.data.astronaut()
    rng = np.random.default_rng(0)
    for label in ("even", "odd"):
        (folder / label).mkdir(parents=True)
    for number in range(n_sources):
        top = rng.integers(photo.shape[0] - height + 1)
        left = rng.integers(photo.shape[1] - width + 1)
        patch = np.ascontiguousarray(photo[top : top + height, left : left + width])
        label = "odd" if number % 2 else "even"
        (folder / label / f"{number:07d}.jpg").write_bytes(encode_image(patch, "jpeg", quality=90))


def measure(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def work_bare(source):
    """Decode, warp and encode, and nothing else: the time that no job can do without."""
    paths = sorted(source.rglob("*.jpg"))[:2000]
    data = [path.read_bytes() for path in paths]
    start = time.perf_counter()
    images = np.stack([decode_image(content) for content in data])
    for copy in AUGMENTER.apply(images, AUGMENTER.draw_params(len(images), 0)):
        encode_image(copy, "jpeg", quality=95)
    return (time.perf_counter() - start) / len(data)


def write_bare(source, folder):
    """Write files and rename them, and nothing else: what the disk and the kernel ask."""
    content = [path.read_bytes() for path in sorted(source.rglob("*.jpg"))[:20_000]]
    (folder / "tmp").mkdir(parents=True)
    (folder / "all").mkdir()
    start = time.perf_counter()
    for number, data in enumerate(content):
        unfinished = f"{folder}/tmp/{number}"
        with open(unfinished, "wb") as file:
            file.write(data)
        os.replace(unfinished, f"{folder}/all/{number}.jpg")
    return (time.perf_counter() - start) / len(content)


def measure_small(folder, n_sources):
    source, out = folder / "small", folder / "small_out"
    write_sources(source, n_sources, 48, 64)
    options = {"samples_per_class": n_sources, "augmenter": AUGMENTER, "split": None}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = measure(lambda: balance_folder(source, out, **options))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bare = min(work_bare(source) for _ in range(3))
    written = write_bare(source, folder / "bare")
    # Each source: one file copied, whose decoding is a check, and one copy made.
    print(f"{n_sources} sources, {2 * n_sources} files: {seconds:.1f} s")
    print(f"beside decode, warp, encode: {1000 * (seconds / n_sources - bare) / 2:.3f} ms a file")
    print(f"of which bare writing and renaming on this disk: {1000 * written:.3f} ms a file")
    print(f"memory grew by {(peak - before) / 1024:.0f} MiB")
    print(
        f"finished job run again: {measure(lambda: balance_folder(source, out, **options)):.1f} s"
    )


def measure_workers(folder, n_sources):
    source = folder / "large"
    write_sources(source, n_sources, 400, 500)
    n = n_sources // 2 * (1 + N_COPIES)
    options = {"samples_per_class": n, "augmenter": AUGMENTER, "split": None}
    with joblib.parallel_config(backend="loky", n_jobs=2):
        # Once for nothing: starting workers is not what is measured.
        balance_folder(source, folder / "warm", samples_per_class="majority", split=None)
        two = measure(lambda: balance_folder(source, folder / "two", **options))
    one = measure(lambda: balance_folder(source, folder / "one", **options))
    jobs = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                BARE,
                str(source),
                str(folder / bare),
                str(n_sources // 2),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        for bare in ("bare0", "bare1")
    ]
    for job in jobs:
        job.stdout.readline()

    def let_go():
        for job in jobs:
            job.stdin.write("\n")
            job.stdin.flush()
        for job in jobs:
            job.wait()

    bare = measure(let_go)
    print(f"one worker {2 * n / one:.0f} files/s, two worker processes {2 * n / two:.0f} files/s")
    print(
        f"two bare processes at once {4 * n / bare:.0f} files/s, of which two workers reach "
        f"{bare / 2 / two:.2f}"
    )


def main():
    cv2.setNumThreads(1)
    n_small = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    n_large = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory() as name:
        measure_small(Path(name), n_small)
        measure_workers(Path(name), n_large)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
