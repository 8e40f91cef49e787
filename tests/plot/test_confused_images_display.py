"""Thumbnails are those of the confused samples, by what they are and what they were taken for."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from sklmerge import ConfusedImagesDisplay, ImageIndex, MergeAdvisor, suggest_merges
from sklmerge.datasets import write_textures
from sklmerge.plot import draw_contact_sheet

TRUE = np.array(["A"] * 4 + ["B"] * 4 + ["C"] * 3)
PREDICTED = np.array([*"ABBA", *"BABB", *"CCA"])
IMAGES = np.random.default_rng(0).integers(0, 256, (11, 9, 14, 3), dtype=np.uint8)


@pytest.fixture
def ax():
    return Figure(figsize=(8, 5)).subplots()


def test_each_direction_of_each_pair_has_a_row_of_its_samples(ax):
    suggestion = suggest_merges(TRUE, PREDICTED)
    display = ConfusedImagesDisplay.from_estimator(suggestion, IMAGES, TRUE, ax=ax)
    titles = [row.title for row in display.rows]
    assert titles == [
        "A\ntaken for B\n2 of 4",
        "B\ntaken for A\n1 of 4",
        "C\ntaken for A\n1 of 3",
    ]
    for row, places in zip(display.rows, ([1, 2], [5], [10]), strict=True):
        assert row.captions == [f"row {place}" for place in places]
        assert row.n_sources == 0
        assert_array_equal(row.images, IMAGES[places])
    (picture,) = ax.images
    assert_array_equal(picture.get_array(), draw_contact_sheet(display.rows, scale=2))


def test_pairs_and_images_are_bounded(ax):
    suggestion = suggest_merges(TRUE, PREDICTED)
    options = {"n_pairs": 1, "n_images": 1, "ax": ax}
    rows = ConfusedImagesDisplay.from_estimator(suggestion, IMAGES, TRUE, **options).rows
    assert [(row.title, len(row.images)) for row in rows] == [
        ("A\ntaken for B\n2 of 4", 1),
        ("B\ntaken for A\n1 of 4", 1),
    ]


def test_an_advisor_and_an_index_bring_all_that_is_needed(tmp_path, ax):
    write_textures(tmp_path)
    index = ImageIndex(tmp_path)
    means = index.read(range(len(index))).mean(axis=(1, 2))
    y = index.original_labels
    advisor = MergeAdvisor(GaussianNB(), cv=3).fit(means, y)
    predicted = cross_val_predict(GaussianNB(), means, y, cv=StratifiedKFold(3))
    rows = ConfusedImagesDisplay.from_estimator(advisor, index, ax=ax).rows
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in index.paths]
    for row in rows:
        label, _, other = row.title.partition("\ntaken for ")
        places = [stems.index(caption) for caption in row.captions]
        assert set(y[places]) == {label}
        assert set(predicted[places]) == {other.partition("\n")[0]}


def test_a_merged_index_shows_the_classes_that_the_suggestion_is_of(tmp_path, ax):
    write_textures(tmp_path)
    merge = {"mineral": ["brick", "gravel"]}
    index = ImageIndex(tmp_path, merge=merge)
    for y in (index.labels, index.original_labels):
        predicted = y.copy()
        places = np.flatnonzero(y == y[0])[:2]
        predicted[places] = "grass"
        suggestion = suggest_merges(y, predicted)
        rows = ConfusedImagesDisplay.from_estimator(suggestion, index, ax=ax).rows
        count = f"2 of {(y == y[0]).sum()}"
        assert [row.title for row in rows] == [f"{y[0]}\ntaken for grass\n{count}"]
        stems = [index.paths[place].rpartition("/")[2].rpartition(".")[0] for place in places]
        assert rows[0].captions == stems


def test_nothing_to_show_and_wrong_labels_are_named(ax):
    suggestion = suggest_merges(TRUE, TRUE)
    with pytest.raises(ValueError, match="must have found classes that are confused, got none"):
        ConfusedImagesDisplay.from_estimator(suggestion, IMAGES, TRUE, ax=ax)
    suggestion = suggest_merges(TRUE, PREDICTED)
    for y, came in ((None, "none"), (TRUE[:3], "3")):
        with pytest.raises(ValueError, match=f"a label for each of the 11 images, got {came}"):
            ConfusedImagesDisplay.from_estimator(suggestion, IMAGES, y, ax=ax)
    with pytest.raises(NotFittedError):
        ConfusedImagesDisplay.from_estimator(MergeAdvisor(DummyClassifier()), IMAGES, TRUE)
    with pytest.raises(TypeError, match="estimator must be a MergeAdvisor, got DummyClassifier"):
        ConfusedImagesDisplay.from_estimator(DummyClassifier(), IMAGES, TRUE)
