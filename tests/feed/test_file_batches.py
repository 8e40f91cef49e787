"""Batches of files: decoded once where they come again, and whole when files go bad."""

import shutil
import threading

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklmerge import (
    BadFileError,
    EpochSchedule,
    ImageBatches,
    ImageIndex,
    LabelMerger,
    config_context,
)

BALANCED = EpochSchedule("minority", random_state=0)


class CountingReader:
    """Reads files and counts how often each was read."""

    def __init__(self):
        self.reads = {}
        self.lock = threading.Lock()

    def __call__(self, path):
        with self.lock:
            self.reads[path] = self.reads.get(path, 0) + 1
        return cv2.imread(path)


def make(index, **settings):
    settings = {"schedule": BALANCED, "augmenter": "light", "batch_size": 12} | settings
    return ImageBatches(index, **settings)


def test_an_index_its_paths_and_its_arrays_give_the_same_batches(index, assert_same_batches):
    of_index = make(index)
    labels = index.labels
    assert_same_batches(of_index, make(index.paths, y=labels))
    assert_same_batches(make(index), make(list(index.paths), y=labels))
    assert_same_batches(make(index), make(index.read(), y=labels))
    x, y = of_index[0]
    assert (x.shape, x.dtype, y.dtype) == ((12, 32, 48, 3), np.uint8, np.int64)
    assert make(index, color_mode="grayscale", image_size=(10, 15))[0][0].shape == (12, 10, 15)


def test_a_table_of_paths_is_read_and_text_is_no_image(index, assert_same_batches):
    paths, labels = list(index.paths), index.labels
    table = pd.DataFrame({"file": paths}, index=np.arange(len(paths))[::-1])
    for listed in (table, table["file"], table.astype("string"), table.to_numpy(str)):
        assert_same_batches(make(index), make(listed, y=labels))
    for text in (pd.DataFrame({"file": paths, "kind": labels}), np.array([["a", "b"]] * 240)):
        with pytest.raises(TypeError, match=r"source must be images, paths, .* shape \(240, 2\)"):
            make(text, y=labels)
    with pytest.raises(TypeError, match="source must hold paths only, got 3 at position 1"):
        make(["a.png", 3], y=["a", "b"])


def test_a_merged_index_is_fed_as_merged(folder):
    index = ImageIndex(folder, merge={"ground": ["grass", "gravel"]})
    batches = make(index, schedule=EpochSchedule(within_merged="balanced", random_state=0))
    assert batches.counts == {"brick": 80, "ground": 80}
    originals = np.concatenate([batch.draws.original_labels for batch in batches])
    assert np.unique(originals, return_counts=True)[1].tolist() == [80, 40, 40]
    with pytest.raises(ValueError, match="got one in the ImageIndex and another in the schedule"):
        make(index, schedule=EpochSchedule(merge=[["grass", "gravel"]], random_state=0))
    same = EpochSchedule(merge={"ground": ["gravel", "grass"]}, random_state=0)
    assert make(index, schedule=same).counts == {"brick": 80, "ground": 80}
    train, test = index.split(0.25)
    validation = ImageBatches(test, batch_size=100)
    assert validation.class_indices == make(train).class_indices
    assert_array_equal(np.concatenate([y for _, y in validation]), test.codes)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_what_comes_every_epoch_is_decoded_once_and_the_rest_each_time(folder, n_jobs):
    reader = CountingReader()
    index = ImageIndex(folder, reader=reader)
    schedule = EpochSchedule({"brick": 10, "grass": 20, "gravel": 20}, random_state=0)
    batches = make(index, schedule=schedule, n_jobs=n_jobs, batch_size=25)
    for _ in range(4):
        list(batches)
    reads = dict.fromkeys(index.classes, 0)
    for path, n in reader.reads.items():
        reads[path.split("/")[-2]] += n
    # Threads may decode one image twice, at the same moment; brick comes once in 16 epochs.
    assert reads["brick"] == 40
    assert 20 <= reads["gravel"] <= 22
    assert 60 <= reads["grass"] <= 62


def test_the_cache_keeps_to_its_bytes_and_changes_nothing(folder, assert_same_batches):
    reader = CountingReader()
    index = ImageIndex(folder, reader=reader)
    image_bytes = 32 * 48 * 3
    small = make(index, cache_bytes=7 * image_bytes)
    for _ in range(3):
        list(small)
    gravel = [n for path, n in reader.reads.items() if "gravel" in path]
    assert sorted(gravel) == [1] * 7 + [3] * 13
    for cache_bytes in (0, 10**9):
        other = make(index, cache_bytes=cache_bytes)
        other.set_epoch(3)
        small.set_epoch(3)
        assert_same_batches(other, small)


def test_a_file_that_vanishes_between_epochs_is_named(folder, index):
    batches = make(index, cache_bytes=0)
    assert len(list(batches)) == 5
    (folder / "gravel" / "gravel_00_3.png").unlink()
    message = r"gravel_00_3\.png could not be read \(no such file or directory\); pass on_error"
    with pytest.raises(BadFileError, match=message):
        list(batches)


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_with_skip_another_image_of_the_class_comes_and_the_epoch_stays_whole(
    folder, index, n_jobs, assert_same_batches
):
    intact = [batch.draws for batch in make(index, augmenter=None)]
    (folder / "gravel" / "gravel_00_3.png").write_bytes(b"\x89PNG broken")
    (folder / "gravel" / "gravel_00_4.png").unlink()
    batches = make(index, on_error="skip", n_jobs=n_jobs, augmenter=None)
    bad = [list(index.paths).index(str(folder / f"gravel/gravel_00_{n}.png")) for n in (3, 4)]
    for batch, draws in zip(batches, intact, strict=True):
        expected = np.where(np.isin(draws.indices, bad), bad[1] + 1, draws.indices)
        assert_array_equal(batch.draws.indices, expected)
        assert_array_equal(batch.draws.labels, draws.labels)
        assert_array_equal(batch[0], index.read(expected))
    assert sorted(batches.unreadable) == [index.paths[row] for row in bad]
    assert_same_batches(make(index, on_error="skip"), make(index, on_error="skip", n_jobs=2))


def test_with_warn_each_bad_file_is_told_once(folder, index):
    (folder / "gravel" / "gravel_00_3.png").unlink()
    batches = make(index, on_error="warn")
    with pytest.warns(UserWarning, match="gravel_00_3.png could not be read") as told:
        n_batches = len([*batches, *batches])
    assert (n_batches, len(told)) == (10, 1)


def test_a_class_of_which_nothing_can_be_read_is_an_error(folder, index):
    for path in (folder / "gravel").iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(BadFileError, match="source must have an image of each class that can be"):
        list(make(index, on_error="skip"))


def test_a_class_without_an_image_cannot_be_drawn(index):
    part = index.take(index.labels != "gravel")
    with pytest.raises(ValueError, match="y must have an image of every class, got none of 'grav"):
        make(part)
    for merge in ({"ground": ["grass", "gravel"]}, {"wall": ["brick", "grass"]}):
        with pytest.raises(ValueError, match="every class, got none of 'gravel'"):
            EpochSchedule(merge=merge).fit(part)
    assert ImageBatches(part).n_classes == 3
    with pytest.raises(ValueError, match="y must be None where source is an ImageIndex"):
        ImageBatches(index, index.labels)


def test_a_validation_folder_without_a_rare_class_has_the_numbers_of_the_training(folder, index):
    fitted = LabelMerger({"rough": ["brick", "gravel"]}).fit(index.labels)
    shutil.rmtree(folder / "gravel")
    validation = ImageIndex(folder)
    for options in ({}, {"schedule": EpochSchedule(random_state=0)}):
        batches = ImageBatches(validation, merge=fitted, **options)
        assert batches.class_indices == {"grass": 0, "rough": 1}
    unfitted = LabelMerger(fitted.merge, missing="ignore")
    assert list(EpochSchedule(merge=unfitted).fit(validation).samples_per_class_) == [
        "grass",
        "rough",
    ]
    with pytest.raises(ValueError, match="merge lists labels that y lacks: 'gravel'"):
        EpochSchedule(merge=fitted.merge).fit(validation)


def test_memory_is_bounded_by_the_batches_ahead(folder):
    made = []
    index = ImageIndex(folder, reader=lambda path: made.append(path) or cv2.imread(path))
    batches = make(index, cache_bytes=0, n_jobs=2)
    loop = iter(batches)
    next(loop)
    loop.close()
    # One was taken, and at most three more were begun.
    assert len(made) <= 4 * 12


def test_images_beyond_the_limit_of_pixels_cannot_be_read(index):
    message = "32 x 48 pixels are more than max_pixels=1535"
    for n_jobs in (None, 2):
        batches = make(index, n_jobs=n_jobs)
        with config_context(max_pixels=1535), pytest.raises(ValueError, match=message):
            next(iter(batches))
        with config_context(max_pixels=1536):
            assert next(iter(batches))[0].shape == (12, 32, 48, 3)
