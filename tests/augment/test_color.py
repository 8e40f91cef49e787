"""ImageAugmenter changes colours by one table, as Pillow does, and leaves alpha alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageEnhance
from skimage.data import chelsea

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler

PHOTO = chelsea()[60:180:2, 100:300:2]
COLORS = {"brightness_range": (0.5, 1.5), "contrast_range": (0.5, 1.5), "channel_shift_range": 40}


def apply_one(image, parameters, **options):
    params = AugmentationParams.from_dicts([parameters])
    return ImageAugmenter(**options).apply(np.asarray(image)[None], params)[0]


@pytest.mark.parametrize("factor", [0.3, 0.8, 1.0, 1.4])
def test_brightness_and_contrast_equal_pillow(factor):
    picture = Image.fromarray(PHOTO)
    brighter = np.asarray(ImageEnhance.Brightness(picture).enhance(factor), float)
    starker = np.asarray(ImageEnhance.Contrast(picture).enhance(factor), float)
    assert_allclose(apply_one(PHOTO, {"brightness": factor}).astype(float), brighter, atol=1)
    # Pillow rounds each pixel to grey, and the mean grey once more, before it scales distances.
    assert_allclose(apply_one(PHOTO, {"contrast": factor}).astype(float), starker, atol=2)


def test_a_channel_shift_stays_within_the_range_of_the_image():
    image = np.array([[10, 100, 200]], np.uint8)
    assert apply_one(image, {"channel_shift": 50}).tolist() == [[60, 150, 200]]
    assert apply_one(image, {"channel_shift": -95.4}).tolist() == [[10, 10, 105]]


def test_colors_change_after_the_shift_and_in_the_stated_order():
    image = np.array([[10.0, 100.0, 240.0]])
    shifted = np.clip(image + 20, 10, 240)
    pivot = image.mean() + 20
    expected = np.clip((pivot + (shifted - pivot) * 0.5) * 1.2, 0, 255)
    varied = apply_one(
        image,
        {"channel_shift": 20, "contrast": 0.5, "brightness": 1.2},
        value_range=(0, 255),
    )
    assert_allclose(varied, expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_every_dtype_is_recolored_alike(dtype):
    scale = {"uint8": 1, "uint16": 257}.get(dtype, 1 / 255)
    photo = (PHOTO.astype(np.float64) * scale).astype(dtype)
    augmenter = ImageAugmenter(brightness_range=(0.5, 1.5), contrast_range=(0.5, 1.5))
    params = augmenter.draw_params(5, random_state=0)
    indices = np.zeros(5, int)
    varied = augmenter.apply(photo[None], params, indices=indices)
    reference = augmenter.apply(PHOTO[None].astype(np.float64) / 255, params, indices=indices)
    assert_allclose(varied / (255 * scale), reference, atol=0.51 / 255)


def test_colors_leave_alpha_as_it_is():
    rgba = np.dstack([PHOTO, PHOTO[..., 0]])
    for image in (rgba, rgba / 255):
        varied = (
            ImageAugmenter(**COLORS).set_params(channel_shift_range=0).augment(image[None], 4)[0]
        )
        assert_array_equal(varied[..., 3], image[..., 3])
        assert (varied[..., :3] != image[..., :3]).any()
        colors = ImageAugmenter(**COLORS).set_params(channel_shift_range=0)
        assert_array_equal(varied[..., :3], colors.augment(image[None, ..., :3], 4)[0])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize(
    "options",
    [
        {"rescale": 1 / 255},
        {"featurewise_center": True, "featurewise_std_normalization": True},
        {"rescale": 1 / 255, "samplewise_center": True, "dtype": "float64"},
    ],
)
def test_scaling_in_the_same_pass_equals_scaling_afterwards(dtype, n_channels, options):
    photo = np.dstack([PHOTO, PHOTO[..., 0]])[..., :n_channels]
    batch = np.stack([photo, photo[::-1]]).astype(dtype)
    augmenter = ImageAugmenter(rotation_range=30, **COLORS)
    if dtype.startswith("float"):
        augmenter.set_params(value_range=(0, 255))
    scaler = ImageScaler(**options).fit(batch)
    params = augmenter.draw_params(2, random_state=7)
    expected = scaler.transform(augmenter.apply(batch, params))
    assert_array_equal(augmenter.apply(batch, params, scaler=scaler), expected)


@given(
    low=st.floats(-3, 3),
    width=st.floats(0.1, 9),
    factor=st.floats(0, 3),
    name=st.sampled_from(["brightness", "contrast"]),
)
def test_floats_stay_in_their_value_range(low, width, factor, name):
    bounds = (low, low + width)
    image = np.linspace(*bounds, 35).clip(*bounds).reshape(5, 7)
    varied = apply_one(image, {name: factor}, value_range=bounds)
    assert varied.min() >= bounds[0]
    assert varied.max() <= bounds[1]
    assert_allclose(apply_one(image, {name: 1.0}, value_range=bounds), image, atol=1e-6 * width)
