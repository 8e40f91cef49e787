"""Data loaders read every part as it is."""

import os

import numpy as np
import pandas as pd
import pytest

from sklmerge import balance_folder

COUNTS = {"A": 5, "B": 7, "C": 20, "D": 11}


@pytest.fixture
def balanced(write_classes, write_image, tmp_path):
    source = write_classes(COUNTS)
    write_image(source / "D/scan.tif")
    write_image(source / "C/web.webp")
    balance_folder(source, tmp_path / "out", merge={"AB": ["A", "B"]}, samples_per_class=18)
    return tmp_path / "out"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorflow's own imports
def test_keras_reads_the_merged_classes(balanced):
    import keras

    data = keras.utils.image_dataset_from_directory(
        balanced / "train", image_size=(22, 34), batch_size=64, shuffle=False, verbose=False
    )
    images, labels = next(iter(data.as_numpy_iterator()))
    assert data.class_names == ["AB", "C", "D"]
    assert images.shape == (54, 22, 34, 3)
    assert np.bincount(labels).tolist() == [18, 18, 18]


def test_a_walk_like_that_of_imagefolder_numbers_all_parts_alike(balanced):
    # torchvision's ImageFolder: folders sorted are classes, and each must have a file it can read.
    readable = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
    for part in ("train", "val"):
        classes = sorted(entry.name for entry in os.scandir(balanced / part) if entry.is_dir())
        assert classes == ["AB", "C", "D"]
        for label in classes:
            files = [name for _, _, names in os.walk(balanced / part / label) for name in names]
            assert files
            assert all(name.lower().endswith(readable) for name in files)


def test_the_metadata_is_that_of_imagefolder_of_hugging_face(balanced):
    frames = {part: pd.read_csv(balanced / part / "metadata.csv") for part in ("train", "val")}
    # It refuses parts whose columns differ in type, as a column of empty cells would.
    assert frames["train"].dtypes.to_dict() == frames["val"].dtypes.to_dict()
    for part, frame in frames.items():
        assert frame["augmented"].dtype == bool
        assert frame["file_name"].is_unique
        assert all((balanced / part / name).is_file() for name in frame["file_name"])
        assert (frame["file_name"].str.split("/").str[0] == frame["label"]).all()
