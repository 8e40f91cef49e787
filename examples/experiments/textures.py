"""The protocol on the sample that sklmerge brings: seconds, no data needed, and no more than that.

Three photographs are too little to conclude anything from. This shows that the scripts run.
"""

import argparse
from functools import partial
from pathlib import Path

from protocol import Task, run, split_by_group
from sklearn.pipeline import make_union

from sklmerge import ColorHistogram, HOGFeatures, ImageAugmenter
from sklmerge.datasets import load_textures


def make_task() -> Task:
    textures = load_textures()
    return Task(
        images=textures.images,
        labels=textures.target,
        groups=textures.groups,
        merge={"ground": ["grass", "gravel"]},
        describe=make_union(HOGFeatures(pixels_per_cell=(16, 16)), ColorHistogram(n_bins=8)),
        own_augmenter=ImageAugmenter(horizontal_flip=True, vertical_flip=True),
        split=partial(split_by_group, textures.target, textures.groups),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many; 1 unless told")
    parser.add_argument("--out", type=Path, default=Path("textures.csv"), help="the CSV to write")
    arguments = parser.parse_args()
    run(make_task(), range(arguments.seeds), arguments.out)
