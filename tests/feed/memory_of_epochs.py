"""Feeds epochs of JPEG files with a small cache, and prints in bytes how the process grew."""

import json
import os
import pathlib
import sys
import tempfile

import cv2
import numpy as np

from sklmerge import ImageBatches, ImageIndex, ImageScaler

SHAPE = (300, 400, 3)
N_FILES = 400
BATCH_SIZE = 4
N_THREADS = 2


def write_files(folder):
    picture = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    first = folder / "first.jpg"
    cv2.imwrite(str(first), cv2.blur(picture, (9, 9)))
    for label in ("cat", "dog"):
        (folder / "classes" / label).mkdir(parents=True)
        for number in range(N_FILES // 2):
            os.link(first, folder / "classes" / label / f"{number}.jpg")
    return ImageIndex(folder / "classes")


def read_peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024


def feed(index, cache_bytes, n_epochs):
    batches = ImageBatches(
        index,
        scaler=ImageScaler(rescale=1 / 255),
        batch_size=BATCH_SIZE,
        cache_bytes=cache_bytes,
        n_jobs=N_THREADS,
    )
    for _ in range(n_epochs):
        for _ in batches:
            pass


def main():
    cache_bytes = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        index = write_files(pathlib.Path(folder))
        # What threads and libraries take once, whatever they are fed.
        feed(index.take(np.arange(40)), 0, 1)
        before = read_peak()
        feed(index, cache_bytes, 2)
        feed(index.take(np.arange(40)), cache_bytes, 50)
    image_bytes = int(np.prod(SHAPE))
    report = {
        "grown": read_peak() - before,
        # Decoded, stacked, and scaled to float32.
        "of a batch": BATCH_SIZE * image_bytes * (1 + 1 + 4),
        "of all images": N_FILES * image_bytes,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
