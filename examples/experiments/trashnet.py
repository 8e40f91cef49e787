"""Weights, copies or epochs, on photographs of waste: 6 classes, 148 to 34, few of all.

The data are 629 photographs of TrashNet (Gary Thung and Mindy Yang, MIT license,
github.com/garythung/trashnet), one folder per class. They are read at an eighth of their size.

    python examples/experiments/trashnet.py FOLDER --seeds 10
"""

from pathlib import Path

import numpy as np
from protocol import Fold, Task, read_arguments, run
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_union

from sklmerge import ColorHistogram, HOGFeatures, ImageAugmenter, ImageIndex, LBPFeatures


def make_task(folder: Path, image_size: tuple[int, int] = (48, 64)) -> Task:
    index = ImageIndex(folder)
    labels = np.array(index.labels)

    def split(seed: int) -> Fold:
        rows = np.arange(len(labels))
        train, test = train_test_split(rows, test_size=1 / 3, stratify=labels, random_state=seed)
        return Fold(train, test, np.ones(len(test)))

    return Task(
        images=index.read(image_size=image_size),
        labels=labels,
        groups=None,
        merge={"container": ["glass", "metal", "plastic"], "fibre": ["cardboard", "paper"]},
        describe=make_union(
            HOGFeatures(pixels_per_cell=(12, 16), orientations=8),
            ColorHistogram(n_bins=8),
            LBPFeatures(radius=2),
        ),
        # Things lie on a board any way round; the light differs a little.
        own_augmenter=ImageAugmenter(
            horizontal_flip=True, vertical_flip=True, brightness_range=(0.9, 1.1)
        ),
        split=split,
    )


if __name__ == "__main__":
    arguments = read_arguments(__doc__, "trashnet")
    task, seeds = make_task(arguments.data), range(arguments.seeds)
    run(task, seeds, arguments.out, arguments.models, arguments.only)
