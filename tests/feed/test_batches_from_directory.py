"""One line from a folder to two feeds: divided first, scaled alike, only training augmented."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklmerge import ImageAugmenter, ImageIndex, batches_from_directory

SMALL = {"image_size": (32, 48), "color_mode": "grayscale"}


def list_rows(batches):
    return np.concatenate([batch.draws.indices for batch in batches.iterate(0)])


def test_a_folder_becomes_two_feeds(folder):
    train, val = batches_from_directory(folder, **SMALL)
    whole = ImageIndex(folder)
    sides = whole.split(0.2, random_state=0)
    assert sorted(list_rows(train)) == list(range(len(sides[0])))
    assert list_rows(val).tolist() == list(range(len(sides[1])))
    # Validation images are plain, and in order; both sides lie between 0 and 1.
    plain = sides[1].read(image_size=(32, 48), color_mode="grayscale")
    assert_allclose(np.concatenate([x for x, _ in val]), plain / 255, atol=1e-6)
    assert all(batch.draws.is_augmented.all() for batch in train.iterate(0))
    assert max(x.max() for x, _ in train) <= 1
    assert train.class_indices == val.class_indices == whole.class_indices
    assert train.class_names == ["brick", "grass", "gravel"]


def test_classes_are_merged_and_balanced_and_the_same_seed_gives_the_same(folder):
    settings = SMALL | {"merge": {"ground": ["grass", "gravel"]}, "samples_per_class": "minority"}
    train, val = batches_from_directory(folder, batch_size=8, **settings)
    again, _ = batches_from_directory(folder, batch_size=8, **settings)
    assert train.counts == {"brick": 64, "ground": 64}
    assert val.merger.members_ == {"brick": ["brick"], "ground": ["grass", "gravel"]}
    for (x, y), (other, targets) in zip(train, again, strict=True):
        assert np.bincount(y).tolist() == [4, 4]
        assert_array_equal(x, other)
        assert_array_equal(y, targets)
    plain, _ = batches_from_directory(folder, augmenter=None, scaler=None, **settings)
    assert not plain[0].draws.is_augmented.any()
    assert plain[0][0].dtype == np.uint8


@pytest.mark.parametrize("group_by", [r"_(\d+)_\d+\.png$", lambda path: path.split("_")[1]])
def test_groups_are_not_divided(folder, group_by):
    train, val = batches_from_directory(folder, group_by=group_by, **SMALL)
    # Both are parts of one index, and together all of it.
    assert len(list_rows(train)) + len(list_rows(val)) == 240
    assert 0 < len(list_rows(val)) < 120


def test_an_index_that_merges_otherwise_is_refused_and_the_doors_are_named(folder):
    merge = {"ground": ["grass", "gravel"]}
    index = ImageIndex(folder, merge=merge)
    train, _ = batches_from_directory(index, merge=merge, **SMALL)
    assert train.class_names == ["brick", "ground"]
    with pytest.raises(ValueError, match=r"one in the ImageIndex .* in batches_from_directory"):
        batches_from_directory(index, merge={"wall": ["brick", "gravel"]}, **SMALL)


def find_patch(path):
    return path.split("_")[1]


@pytest.fixture
def grouped(folder, tmp_path):
    """A folder of 240 images whose table says what belongs together, by row of the source."""
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos)
    names = list(ImageIndex(photos).paths.relative())
    lines = ["file_name,patch", *(f"{name},{find_patch(name)}" for name in names)]
    (photos / "groups.csv").write_text("\n".join(lines))
    return photos


@pytest.mark.parametrize("form", ["pattern", "compiled", "function", "mapping", "series", "column"])
def test_groups_may_be_told_in_every_form_that_a_balanced_folder_takes(grouped, form):
    groups = {path: find_patch(path) for path in ImageIndex(grouped).paths.relative()}
    forms = {
        "pattern": r"_(\d+)_\d+\.png$",
        "compiled": re.compile(r"_(\d+)_\d+\.png$"),
        "function": find_patch,
        "mapping": groups,
        "series": pd.Series(groups),
        "column": "patch",
    }
    _, val = batches_from_directory(grouped, group_by=forms[form], **SMALL)
    index = ImageIndex(grouped)
    _, expected = index.split(0.2, groups=list(groups.values()), random_state=0)
    shown = np.concatenate([x for x, _ in val])
    plain = expected.read(image_size=(32, 48), color_mode="grayscale")
    assert_allclose(shown, plain / 255, atol=1e-6)


@pytest.mark.parametrize("group_by", ["content", "similar"])
def test_equal_images_are_not_divided(folder, tmp_path, group_by):
    photos = tmp_path / "photos"
    index = ImageIndex(folder)
    for path, label in zip(index.paths[::6], index.labels[::6], strict=True):
        for copy in range(3):
            place = photos / label / f"{copy}_{Path(path).name}"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    train, val = batches_from_directory(photos, group_by=group_by, scaler=None, augmenter=None)
    sides = [{image.tobytes() for x, _ in feed for image in x} for feed in (train, val)]
    assert sides[0] & sides[1] == set()
    assert len(sides[0]) + len(sides[1]) == 40


def test_feeds_are_those_of_the_framework(folder):
    import torch

    train, val = batches_from_directory(folder, framework="torch", num_workers=2, **SMALL)
    x, y = next(iter(train))
    assert (x.shape[1:], x.dtype, y.dtype) == (torch.Size([1, 32, 48]), torch.float32, torch.int64)
    assert val.class_names == train.class_names == ["brick", "grass", "gravel"]
    assert train.merger.n_classes_ == train.n_classes == 3
    assert "192 images, 3 classes" in repr(train)
    assert "num_workers=2" in repr(train)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"framework": "mxnet"}, "framework must be 'keras', 'torch' or 'tf', got 'mxnet'"),
        ({"num_workers": 2}, 'num_workers is for framework="torch", got 2; pass n_jobs'),
        ({"validation_split": 0}, "validation_split must be a share between 0 and 1, got 0"),
        ({"validation_split": "0.2"}, "validation_split must be a share between 0 and 1"),
        ({"samples_per_class": None}, 'samples_per_class must be "natural" for each image once'),
        ({"scaler": "0..1"}, "scaler must be 'unit', got '0..1'"),
        ({"group_by": 3}, "group_by must be 'content', 'similar', a column of a table, a regular"),
        ({"group_by": "nowhere"}, "group_by gives no group for 'brick.*no table has a column"),
        ({"group_by": "("}, r"group_by must be 'content', .* got '\(' \(missing \)"),
        ({"group_by": {}}, "group_by gives no group for 'brick"),
        ({"group_by": r"\.png$"}, "puts all 240 images into one group, got '.png' first"),
        ({"group_by": ".*"}, "group_by='.*' groups no two images, got 'brick/"),
        ({"merge": {"ground": ["grass", "sand"]}}, "'sand'"),
    ],
)
def test_wrong_settings_are_named(folder, settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        batches_from_directory(folder, **settings)


def test_an_index_serves_as_a_folder(folder):
    index = ImageIndex(folder).take(np.arange(0, 240, 2))
    augmenter = {"brick": ImageAugmenter(horizontal_flip=True), "grass": None, "gravel": None}
    train, val = batches_from_directory(index, augmenter=augmenter, **SMALL)
    assert len(list_rows(train)) + len(list_rows(val)) == 120
