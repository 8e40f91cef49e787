"""Files a second of the offline job, against Keras' save_to_dir and Augmentor, in one run.

Sources are JPEG files of 500 x 375 pixels cut from scikit-image's photographs; each gets ten copies
of 224 x 224 pixels, on one worker. Run: python tests/benchmarks/bench_balance.py
"""

import contextlib
import io
import os
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from sklmerge import ImageAugmenter, balance_folder
from sklmerge.images import encode_image

N_SOURCES = 40
N_COPIES = 10
SIZE = (224, 224)
N_ROUNDS = 3


def write_sources(folder, n_sources=N_SOURCES):
    """Cut patches of 300 x 400 out of photographs and enlarge them to 375 x 500."""
    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea()]
    rng = np.random.default_rng(0)
    for number in range(n_sources):
        photo = photos[number % len(photos)]
        top = rng.integers(photo.shape[0] - 300 + 1)
        left = rng.integers(photo.shape[1] - 400 + 1)
        patch = cv2.resize(photo[top : top + 300, left : left + 400], (500, 375))
        path = folder / ("even" if number % 2 == 0 else "odd") / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_image(patch, "jpeg", quality=90))


def run_sklmerge(source, destination):
    augmenter = ImageAugmenter(
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=10,
        zoom_range=0.2,
        horizontal_flip=True,
    )
    balance_folder(
        source,
        destination,
        samples_per_class=(1 + N_COPIES) * N_SOURCES // 2,
        augmenter=augmenter,
        split=None,
        image_size=SIZE,
    )
    return len(list(destination.rglob("*.jpg")))


def run_keras(source, destination):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    destination.mkdir()
    generator = ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=10,
        zoom_range=0.2,
        horizontal_flip=True,
    )
    batches = generator.flow_from_directory(
        str(source), SIZE, batch_size=20, save_to_dir=str(destination), save_format="jpg", seed=0
    )
    n_images = 0
    while n_images < N_COPIES * N_SOURCES:
        n_images += len(next(batches)[0])
    # Not the number of files: names collide and files are lost.
    return n_images


def run_augmentor(source, destination):
    import Augmentor

    pipeline = Augmentor.Pipeline(str(source), output_directory=str(destination))
    pipeline.rotate(probability=1, max_left_rotation=20, max_right_rotation=20)
    pipeline.shear(probability=1, max_shear_left=10, max_shear_right=10)
    pipeline.zoom(probability=1, min_factor=1.0, max_factor=1.2)
    pipeline.flip_left_right(probability=0.5)
    pipeline.resize(probability=1, width=SIZE[1], height=SIZE[0])
    pipeline.sample(N_COPIES * N_SOURCES, multi_threaded=False)
    return len(list(destination.rglob("*.jpg")))


def measure(function, source, destination):
    """Return the files a second of one run."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        start = time.perf_counter()
        n_files = function(source, destination)
        rate = n_files / (time.perf_counter() - start)
    shutil.rmtree(destination)
    return rate


def main():
    cv2.setNumThreads(1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = Path(tempfile.mkdtemp())
    write_sources(folder / "source")
    write_sources(folder / "warm_up", n_sources=2)
    runs = {"sklmerge": run_sklmerge, "keras": run_keras, "augmentor": run_augmentor}
    for name, function in runs.items():
        measure(function, folder / "warm_up", folder / name)
    # In turns, so that a busy machine is busy for all; the best of each counts.
    rates = {name: [] for name in runs}
    for _ in range(N_ROUNDS):
        for name, function in runs.items():
            rates[name].append(measure(function, folder / "source", folder / name))
    shutil.rmtree(folder)
    best = {name: max(found) for name, found in rates.items()}
    for name, rate in best.items():
        print(f"{name:10}  {rate:7.0f} files/s  sklmerge is {best['sklmerge'] / rate:.1f} times it")


if __name__ == "__main__":
    main()
