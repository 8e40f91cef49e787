"""Classes that must not be varied alike have augmenters of their own, in files and metadata."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklmerge import ImageAugmenter, balance_folder
from sklmerge.images import decode_image, encode_image


@pytest.fixture
def digits(tmp_path):
    rng = np.random.default_rng(0)
    for label, n_images in {"six": 2, "nine": 3, "eight": 4, "zero": 9}.items():
        (tmp_path / "digits" / label).mkdir(parents=True)
        for number in range(n_images):
            image = rng.integers(0, 256, (9, 14, 3), np.uint8)
            path = tmp_path / "digits" / label / f"{number}.png"
            path.write_bytes(encode_image(image, "png"))
    return tmp_path / "digits"


def test_each_class_is_varied_by_its_own_augmenter(digits, tmp_path):
    augmenter = {
        "six": None,
        "turned": ImageAugmenter(vertical_flip=True, horizontal_flip=True),
        "eight": ImageAugmenter(brightness_range=(0.4, 0.6)),
    }
    merge = {"turned": ["six", "nine"]}
    out = tmp_path / "out"
    balance_folder(digits, out, merge=merge, augmenter=augmenter, split=None, n_jobs=2)
    with open(out / "train" / "metadata.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["augmented"] == "true"]
    assert {row["original_label"] for row in rows} == {"six", "nine", "eight"}
    for row in rows:
        copy = decode_image((out / "train" / row["file_name"]).read_bytes())
        source = decode_image((digits / row["source"]).read_bytes())
        parameters = json.loads(row["parameters"])
        if row["original_label"] == "six":
            assert parameters == {}
            assert_array_equal(copy, source)
        elif row["original_label"] == "nine":
            across = slice(None, None, -1 if parameters["horizontal_flip"] else 1)
            down = slice(None, None, -1 if parameters["vertical_flip"] else 1)
            assert_array_equal(copy, source[down, across])
        else:
            assert copy.mean() < 0.65 * source.mean()


def test_a_class_without_an_entry_is_refused_before_anything_is_written(digits, tmp_path):
    with pytest.raises(ValueError, match="augmenter has no entry for 'eight'"):
        balance_folder(digits, tmp_path / "out", augmenter={"six": None, "nine": "light"})
    assert not (tmp_path / "out").exists()


def test_another_mapping_is_another_plan(digits, tmp_path):
    every = dict.fromkeys(["six", "nine", "eight"], "light")
    balance_folder(digits, tmp_path / "out", augmenter=every)
    with pytest.raises(ValueError, match="another plan"):
        balance_folder(digits, tmp_path / "out", augmenter=every | {"six": "strong"})
