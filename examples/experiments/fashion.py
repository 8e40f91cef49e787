"""Weights, copies or epochs, on Fashion-MNIST made long-tailed: 10 classes, 1,500 to 15.

The data are Fashion-MNIST (Zalando SE, MIT license): the four idx files, as they come or unpacked.
On Debian, `apt-get install dataset-fashion-mnist` puts them into
/usr/share/datasets/fashion-mnist.

    python examples/experiments/fashion.py FOLDER

Which classes are rare changes with the seed. The test set is balanced; its images are weighed so
that the classes have the shares they have in training, which changes no recall but makes F1,
accuracy, log loss and calibration those of the long tail.
"""

import gzip
from pathlib import Path

import numpy as np
from protocol import Fold, Task, read_arguments, run
from sklearn.pipeline import make_union

from sklmerge import ColorHistogram, HOGFeatures, ImageAugmenter

NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
         "boot")  # fmt: skip
LARGEST = 1500


def read_idx(folder: Path, name: str, offset: int) -> np.ndarray:
    packed = folder / f"{name}.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return np.frombuffer(data, np.uint8, offset=offset)


def make_task(folder: Path, ratio: float = 100, test_step: int = 1) -> Task:
    sets = ("train", "t10k")
    images = np.concatenate([read_idx(folder, f"{s}-images-idx3-ubyte", 16) for s in sets])
    codes = np.concatenate([read_idx(folder, f"{s}-labels-idx1-ubyte", 8) for s in sets])
    n_train, test = 60_000, np.arange(60_000, 70_000, test_step)
    # Each class has the same fraction of the one before it.
    sizes = np.round(LARGEST * ratio ** (-np.arange(len(NAMES)) / (len(NAMES) - 1))).astype(int)

    def split(seed: int) -> Fold:
        rng = np.random.default_rng(seed)
        counts = rng.permutation(sizes)
        pools = [np.flatnonzero(codes[:n_train] == code) for code in range(len(NAMES))]
        chosen = [rng.choice(pool, n, replace=False) for pool, n in zip(pools, counts, strict=True)]
        weight = (counts / counts.mean())[codes[test]]
        return Fold(np.concatenate(chosen), test, weight)

    return Task(
        images=images.reshape(-1, 28, 28),
        labels=np.array(NAMES)[codes],
        groups=None,
        merge={
            "top": ["t-shirt", "pullover", "coat", "shirt"],
            "shoe": ["sandal", "sneaker", "boot"],
        },
        describe=make_union(
            HOGFeatures(pixels_per_cell=(7, 7), orientations=6), ColorHistogram(n_bins=8)
        ),
        own_augmenter=ImageAugmenter(
            horizontal_flip=True, width_shift_range=0.05, height_shift_range=0.05
        ),
        split=split,
    )


if __name__ == "__main__":
    arguments = read_arguments(__doc__, "fashion")
    task, seeds = make_task(arguments.data), range(arguments.seeds)
    run(task, seeds, arguments.out, arguments.models, arguments.only)
