"""Crops read a part of the image, quarter turns keep its shape and every bit of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import affine_transform
from skimage.data import chelsea
from skimage.transform import resize

from sklmerge import AugmentationParams, ImageAugmenter

DTYPES = ["uint8", "uint16", "float32", "float64"]


def apply_one(image, parameters, **options):
    params = AugmentationParams.from_dicts([parameters])
    return ImageAugmenter(**options).apply(np.asarray(image)[None], params)[0]


def make_noise(shape, dtype):
    return (np.random.default_rng(0).random(shape) * 200).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_quarter_turns_of_square_images_are_those_of_numpy_to_the_bit(dtype, channels):
    image = make_noise((7, 7, *channels), dtype)
    for turns in range(4):
        for flip in (False, True):
            varied = apply_one(image, {"quarter_turns": turns, "horizontal_flip": flip})
            expected = np.rot90(image, turns)
            assert_array_equal(varied, expected[:, ::-1] if flip else expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_images_that_are_not_square_turn_by_halves(dtype):
    image = make_noise((5, 8, 3), dtype)
    for turns, expected in enumerate((image, image, image[::-1, ::-1], image[::-1, ::-1])):
        assert_array_equal(apply_one(image, {"quarter_turns": turns}), expected)


@pytest.mark.parametrize("size", [(6, 6), (6, 9)])
def test_turns_are_equally_likely(size):
    images = np.broadcast_to(make_noise(size, "uint8"), (2000, *size))
    varied = ImageAugmenter(rotate90=True).augment(images, random_state=0)
    n_kinds = 4 if size[0] == size[1] else 2
    _, counts = np.unique(varied.reshape(2000, -1), axis=0, return_counts=True)
    assert len(counts) == n_kinds
    assert abs(counts / 2000 - 1 / n_kinds).max() < 0.04


@pytest.mark.parametrize("dtype", DTYPES)
def test_flipping_twice_is_the_identity_to_the_bit(dtype):
    images = np.random.default_rng(1).random((1, 5, 8, 3))
    images = (images * 255).astype(dtype)
    for row in ({"horizontal_flip": True}, {"vertical_flip": True}, {"quarter_turns": 2}):
        params = AugmentationParams.from_dicts([row])
        twice = ImageAugmenter().apply(ImageAugmenter().apply(images, params), params)
        assert_array_equal(twice, images)


def test_a_crop_of_all_is_the_identity_to_the_bit():
    images = make_noise((4, 5, 8), "float64")
    assert_array_equal(
        ImageAugmenter(crop_range=(1, 1), value_range=(0, 255)).augment(images), images
    )


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (1.0, 1.0), (0.2, 0.5)])
def test_a_crop_is_a_part_of_the_image_resized_back(x, y):
    photo = resize(chelsea(), (60, 90))
    varied = apply_one(photo, {"crop": 0.25, "crop_x": x, "crop_y": y})
    top, left = round(30 * y), round(45 * x)
    part = photo[top : top + 30, left : left + 45]
    expected = resize(part, (60, 90), order=1, mode="edge")
    # At its border the crop reads true neighbours where resize repeats the last pixel.
    assert_allclose(varied[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


def test_crops_lie_inside_and_keep_the_drawn_share_of_the_area():
    height, width = 40, 64
    y, x = np.mgrid[:height, :width].astype(float)
    augmenter = ImageAugmenter(crop_range=(0.2, 0.6))
    params = augmenter.draw_params(300, random_state=0)
    indices = np.zeros(300, int)
    columns = augmenter.apply(x[None], params, indices=indices)
    rows = augmenter.apply(y[None], params, indices=indices)
    spread = [np.ptp(values, axis=(1, 2)) for values in (columns, rows)]
    share = (spread[0] / (width - 1)) * (spread[1] / (height - 1))
    assert_allclose(share, params["crop"], rtol=0.06)
    assert abs(np.corrcoef(columns.mean(axis=(1, 2)), params["crop_x"])[0, 1]) > 0.9
    assert columns.min() >= 0
    assert rows.max() <= height - 1


def test_a_turn_of_a_cropped_image_reads_true_pixels_beyond_the_crop():
    photo = resize(chelsea()[..., 0], (60, 60))
    row = {"crop": 0.25, "crop_x": 0.5, "crop_y": 0.5, "rotation": 45.0}
    theta = np.pi / 4
    matrix = 0.5 * np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    center = np.array([29.5, 29.5])
    expected = affine_transform(photo, matrix, center - matrix @ center, order=1, mode="nearest")
    assert_allclose(apply_one(photo, row), expected, atol=1e-4)
