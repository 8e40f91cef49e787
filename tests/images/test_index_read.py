"""Pixels of an index: read whole, in part, with bad files, by a reader, and verified."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklmerge import ImageIndex
from sklmerge.images import encode_image


def draw_image(seed, shape=(6, 9, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def folder(make_folder):
    """Four sound images of one size, a different one and two bad files, in three classes."""
    for seed, name in enumerate(["a/1.png", "a/2.png", "b/3.png", "c/7.png"]):
        make_folder([name], encode_image(draw_image(seed), "png"))
    make_folder(["b/4.png"], encode_image(draw_image(9, (5, 4)), "png"))
    make_folder(["b/5.jpg"], encode_image(draw_image(9), "jpeg")[:-9])
    return make_folder(["b/6.bmp"], b"")


def test_images_of_one_size_make_one_array(folder):
    images = ImageIndex(folder).read([0, 1, 2])
    assert_array_equal(images, [draw_image(seed) for seed in range(3)])


def test_images_of_several_sizes_make_a_list(folder):
    index = ImageIndex(folder)
    images = index.read([0, 3, 2], color_mode="keep")
    assert [image.shape for image in images] == [(6, 9, 3), (5, 4), (6, 9, 3)]
    for image, expected in zip(
        images, [draw_image(0), draw_image(9, (5, 4)), draw_image(2)], strict=True
    ):
        assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("color_mode", "shape"),
    [("rgb", (2, 7, 5, 3)), ("grayscale", (2, 7, 5)), ("rgba", (2, 7, 5, 4))],
)
def test_size_and_colors_make_sizes_agree(folder, color_mode, shape):
    images = ImageIndex(folder).read([0, 3], image_size=(7, 5), color_mode=color_mode)
    assert images.shape == shape
    assert images.dtype == np.uint8


def test_bad_files_are_counted_and_the_first_named(folder):
    expected = (
        "2 of 7 files could not be read, first: 'b/5.jpg' (truncated JPEG); "
        'pass on_error="skip" to go on without them'
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        ImageIndex(folder).read()


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_skipping_leaves_out_bad_files_and_says_which_are_left(folder, n_jobs):
    index = ImageIndex(folder)
    images, positions = index.read(
        [6, 5, 4, 0], on_error="skip", return_indices=True, n_jobs=n_jobs
    )
    assert positions.tolist() == [6, 0]
    assert_array_equal(images, [draw_image(3), draw_image(0)])
    assert index.labels[positions].tolist() == ["c", "a"]


def test_warning_names_what_is_left_out(folder):
    with pytest.warns(UserWarning, match=r"2 of 7 files .* first: 'b/5.jpg' .*; they are left out"):
        images = ImageIndex(folder).read(on_error="warn", image_size=(6, 9))
    assert len(images) == 5


def test_a_mask_reads_and_nothing_but_bad_files_is_an_error(folder):
    index = ImageIndex(folder)
    assert index.read(index.labels == "a").shape == (2, 6, 9, 3)
    # Without the advice to skip what has been skipped.
    expected = "1 of 1 files could not be read, first: 'b/6.bmp' (empty file)"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        index.read([5], on_error="skip")


def test_files_that_are_gone_are_named(folder):
    index = ImageIndex(folder)
    (folder / "a" / "1.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 1 files .* 'a/1.png' \(no such file or direc"):
        index.read([0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_many_files_come_in_order(make_folder, n_jobs):
    for i in range(60):
        make_folder([f"a/{i:02}.png"], encode_image(np.full((2, 3), i, np.uint8), "png"))
    index = ImageIndex(make_folder([]))
    assert index.read(color_mode="grayscale", n_jobs=n_jobs)[:, 0, 0].tolist() == list(range(60))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"on_error": "ignore"}, "on_error must be 'raise', 'skip' or 'warn', got 'ignore'"),
        ({"color_mode": "bgr"}, "color_mode must be"),
        ({"image_size": 32}, "image_size must be"),
    ],
)
def test_wrong_parameters_are_errors_before_any_file_is_blamed(folder, options, reason):
    with pytest.raises(ValueError, match=reason):
        ImageIndex(folder).read(**options)


def test_a_reader_brings_other_files(make_folder):
    folder = make_folder(["a/x.npy", "b/bad.npy", "b/flat.npy"], b"no array")
    np.save(folder / "a" / "x.npy", draw_image(0))
    np.save(folder / "b" / "flat.npy", np.arange(5))
    index = ImageIndex(folder, extensions=[".npy"], reader=np.load)
    assert_array_equal(index.read([0]), [draw_image(0)])
    assert index.read([0], image_size=(3, 4)).shape == (1, 3, 4, 3)
    bad = index.verify().bad_files
    assert list(bad) == ["b/bad.npy", "b/flat.npy"]
    assert bad["b/flat.npy"] == (
        "reader must give (H, W) or (H, W, C) with 1, 3 or 4 channels of uint8, uint16, float32 "
        "or float64, got shape (5,) of int64"
    )


def test_verify_finds_bad_files_copies_and_copies_of_another_label(folder):
    for copy in ("a/copy.png", "c/copy.png"):
        (folder / copy).write_bytes((folder / "a" / "1.png").read_bytes())
    (folder / "b" / "same.png").write_bytes((folder / "b" / "3.png").read_bytes())
    report = ImageIndex(folder).verify(n_jobs=2)
    assert report.n_files == 10
    assert report.bad_files == {"b/5.jpg": "truncated JPEG", "b/6.bmp": "empty file"}
    assert report.duplicates == [["a/1.png", "a/copy.png", "c/copy.png"], ["b/3.png", "b/same.png"]]
    assert report.conflicts == [["a/1.png", "a/copy.png", "c/copy.png"]]
    assert not report.ok
    assert "10 files: 2 cannot be read, 3 are copies of others" in str(report)
    merged = ImageIndex(folder, merge=[["a", "c"]]).verify()
    assert merged.duplicates == report.duplicates
    assert merged.conflicts == []


def test_verify_finds_nothing_in_sound_files(make_folder):
    for seed, name in enumerate(["a/1.png", "b/2.png"]):
        make_folder([name], encode_image(draw_image(seed), "png"))
    assert ImageIndex(make_folder([])).verify().ok
