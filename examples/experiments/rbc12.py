"""Weights, copies or epochs, on red blood cells: 11 classes, 20 to 1, 48 x 48 pixels.

The data are the Chula RBC-12 Dataset (Chula PIC Lab, MIT license,
github.com/Chula-PIC-Lab/Chula-RBC-12-Dataset), cut into cells: one folder per class, and a
metadata.csv with the columns file_name, label and smear.
Cells of one smear stay on one side. Elliptocytes are left out: all of theirs come from slides that
were stained differently, so that the stain would tell them.

    python examples/experiments/rbc12.py FOLDER
"""

import csv
from functools import partial
from pathlib import Path

import numpy as np
from protocol import Task, read_arguments, run, split_by_group
from sklearn.pipeline import make_union

from sklmerge import ColorHistogram, HOGFeatures, ImageAugmenter, ImageIndex

N_TRAIN = 3000


def make_task(folder: Path) -> Task:
    with (folder / "metadata.csv").open(newline="") as file:
        smears = {row["file_name"]: row["smear"] for row in csv.DictReader(file)}
    classes = sorted({name.split("/")[0] for name in smears} - {"elliptocyte"})
    index = ImageIndex(folder, classes=classes)
    labels = np.array(index.labels)
    groups = np.array([smears[name] for name in index.paths.relative()])
    return Task(
        images=index.read(),
        labels=labels,
        groups=groups,
        merge={"pale": ["hypochromia", "target_cell"], "deformed": ["schistocyte", "teardrop"]},
        describe=make_union(
            HOGFeatures(pixels_per_cell=(12, 12), orientations=6), ColorHistogram(n_bins=8)
        ),
        # A cell lies any way round, and a quarter turn costs no sharpness.
        own_augmenter=ImageAugmenter(rotate90=True, horizontal_flip=True, vertical_flip=True),
        split=partial(split_by_group, labels, groups, n_train=N_TRAIN),
    )


if __name__ == "__main__":
    arguments = read_arguments(__doc__, "rbc12")
    task, seeds = make_task(arguments.data), range(arguments.seeds)
    run(task, seeds, arguments.out, arguments.models, arguments.only)
