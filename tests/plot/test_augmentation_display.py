"""What stands beside an image are the copies that a sampler or a job makes of it."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal

from sklmerge import (
    AugmentationDisplay,
    AugmentingOverSampler,
    ImageAugmenter,
    ImageIndex,
    balance_folder,
)
from sklmerge.datasets import load_textures, write_textures
from sklmerge.images import decode_image
from sklmerge.plot import SheetRow, draw_contact_sheet


@pytest.fixture
def ax():
    return Figure(figsize=(8, 5)).subplots()


def test_the_copies_are_those_that_a_sampler_makes(ax):
    images, labels = load_textures(return_X_y=True)
    sampler = AugmentingOverSampler("light", merge={"ground": ["grass", "gravel"]}, random_state=7)
    X, _ = sampler.fit_resample(images, labels)
    rows = AugmentationDisplay.from_estimator(sampler, images, labels, n_sources=60, ax=ax).rows
    assert [row.title.split("\n")[0] for row in rows] == ["brick"] * 60 + ["ground"] * 60
    made = 0
    for row in rows[60:]:
        source = int(row.captions[0].removeprefix("row "))
        assert_array_equal(row.images[0], images[source])
        for place in np.flatnonzero(sampler.sample_indices_[240:] == source):
            assert_array_equal(row.images[1], X[240 + place])
            made += 1
    assert made == 60


def test_the_copies_are_those_that_the_offline_job_makes(tmp_path, ax):
    write_textures(tmp_path / "photos")
    augmenter = ImageAugmenter(rotation_range=30)
    balance_folder(
        *(tmp_path / "photos", tmp_path / "out"), split=None, augmenter=augmenter, random_state=3
    )
    index = ImageIndex(tmp_path / "photos")
    display = AugmentationDisplay.from_estimator(
        augmenter, index, classes=["gravel"], n_copies=2, random_state=3, ax=ax
    )
    with pytest.raises(ValueError, match="y must be None where X is an ImageIndex"):
        AugmentationDisplay.from_estimator(augmenter, index, index.original_labels, ax=ax)
    (row,) = display.rows
    for number in (1, 2):
        name = f"gravel__{row.captions[0]}__aug{number:04d}.png"
        written = (tmp_path / "out" / "train" / "gravel" / name).read_bytes()
        assert_array_equal(decode_image(written, color_mode="rgb"), row.images[number])


def test_the_sheet_is_drawn_whole_and_upright(ax):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 20, 50, 3), dtype=np.uint8)
    display = AugmentationDisplay.from_estimator(None, images, n_sources=2, n_copies=3, ax=ax)
    (picture,) = ax.images
    sheet = picture.get_array()
    assert_array_equal(sheet, draw_contact_sheet(display.rows, scale=2))
    assert picture.get_extent() == [-0.5, sheet.shape[1] - 0.5, sheet.shape[0] - 0.5, -0.5]
    assert ax.get_xlim() == (-0.5, sheet.shape[1] - 0.5)
    assert ax.get_ylim() == (sheet.shape[0] - 0.5, -0.5)
    assert ax.get_aspect() == 1


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_dtypes_are_shown_as_bytes(dtype, ax):
    scale = {"uint16": 257, "float32": 1 / 255}[dtype]
    grey = np.arange(6 * 5 * 9, dtype=np.uint8).reshape(6, 5, 9)
    given = (grey * np.dtype(dtype).type(scale)).astype(dtype).reshape(6, -1)
    display = AugmentationDisplay.from_estimator(
        None, given, n_sources=6, n_copies=0, image_shape=(5, 9), ax=ax
    )
    for row in display.rows:
        assert_array_equal(row.images[0], grey[int(row.captions[0].removeprefix("row "))])


def test_classes_have_their_own_augmenters_and_unknown_ones_are_named(ax):
    images, labels = load_textures(return_X_y=True)
    own = {"brick": None, "grass": "light", "gravel": ImageAugmenter(horizontal_flip=True)}
    rows = AugmentationDisplay.from_estimator(own, images, labels, ax=ax).rows
    assert set(rows[0].captions[1:]) == {"plain"}
    assert set(rows[2].captions[1:]) <= {"flipped", ""}
    with pytest.raises(ValueError, match=r"classes must be among .*'brick'.*, got 'sand'"):
        AugmentationDisplay.from_estimator("light", images, labels, classes=["sand"])
    with pytest.raises(ValueError, match="label for each of the 240 images, got 3"):
        AugmentationDisplay.from_estimator("light", images, labels[:3])
    with pytest.raises(ValueError, match="n_copies must be a whole number of at least 0, got -1"):
        AugmentationDisplay.from_estimator("light", images, labels, n_copies=-1)
    with pytest.raises(ValueError, match="rows must hold at least one"):
        AugmentationDisplay([]).plot()


def test_a_label_of_two_lines_is_one_title(ax):
    images = np.zeros((2, 8, 12), np.uint8)
    display = AugmentationDisplay.from_estimator("light", images, ["two\nlines"] * 2, ax=ax)
    assert display.rows[0].title == "two lines\n2 images"


def test_captions_can_be_left_out(ax):
    images, labels = load_textures(return_X_y=True)
    display = AugmentationDisplay.from_estimator("light", images, labels)
    bare = AugmentationDisplay(display.rows).plot(ax=ax, captions=False).ax_
    wordless = [SheetRow(row.title, row.images, [""] * 6) for row in display.rows]
    assert_array_equal(bare.images[0].get_array(), draw_contact_sheet(wordless, scale=2))


def test_a_sheet_has_the_background_of_its_figure():
    images, labels = load_textures(return_X_y=True)
    figure = Figure(facecolor="black")
    ax = figure.subplots()
    display = AugmentationDisplay.from_estimator("light", images, labels, ax=ax)
    sheet = draw_contact_sheet(display.rows, scale=2, paper="black")
    assert_array_equal(ax.images[0].get_array(), sheet)
