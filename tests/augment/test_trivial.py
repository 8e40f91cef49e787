"""TrivialAugmenter draws one operation an image, and each does what Pillow's does."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageEnhance, ImageOps
from scipy.ndimage import affine_transform
from scipy.stats import chisquare
from skimage.data import chelsea

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler, TrivialAugmenter

PHOTO = chelsea()[60:180:2, 100:300:2]
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}


def apply_one(image, operation, magnitude, **options):
    params = AugmentationParams.from_dicts([{"operation": operation, "magnitude": magnitude}])
    return TrivialAugmenter(**options).apply(np.asarray(image)[None], params)[0]


TONES = {
    ("brightness", 1.6): lambda picture: ImageEnhance.Brightness(picture).enhance(1.6),
    ("color", 0.2): lambda picture: ImageEnhance.Color(picture).enhance(0.2),
    ("contrast", 0.4): lambda picture: ImageEnhance.Contrast(picture).enhance(0.4),
    ("sharpness", 1.8): lambda picture: ImageEnhance.Sharpness(picture).enhance(1.8),
    ("sharpness", 0.1): lambda picture: ImageEnhance.Sharpness(picture).enhance(0.1),
    ("posterize", 3.0): lambda picture: ImageOps.posterize(picture, 3),
    ("solarize", 100 / 255): lambda picture: ImageOps.solarize(picture, 100),
    ("autocontrast", 1.0): ImageOps.autocontrast,
    ("equalize", 1.0): ImageOps.equalize,
}


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize(("operation", "magnitude"), TONES)
def test_tones_equal_pillow_in_every_dtype(operation, magnitude, dtype):
    # Flattened, so that stretching and equalizing have something to do.
    photo = PHOTO // 2 + 40
    expected = np.asarray(TONES[operation, magnitude](Image.fromarray(photo)), float)
    image = (photo * (WHITE[dtype] / 255)).astype(dtype)
    varied = apply_one(image, operation, magnitude)
    assert varied.dtype == dtype
    # Pillow rounds each pixel's grey and truncates stretched values.
    assert_allclose(varied / (WHITE[dtype] / 255), expected, atol=2)


@pytest.mark.parametrize("operation", ["shear_x", "shear_y"])
def test_shears_slope_around_the_center(operation):
    plane = PHOTO[..., 0]
    center = np.array([29.5, 49.5])
    matrix = np.eye(2)
    matrix[(1, 0) if operation == "shear_x" else (0, 1)] = 0.6
    expected = affine_transform(
        plane.astype(float), matrix, center - matrix @ center, order=1, mode="nearest"
    )
    assert_allclose(apply_one(plane, operation, 0.6).astype(float), expected, atol=1)


def test_shifts_and_turns_are_those_of_image_augmenter():
    for operation, column, magnitude in (
        ("translate_x", "shift_x_pixels", -7.5),
        ("translate_y", "shift_y_pixels", 3.25),
        ("rotate", "rotation", 100.0),
    ):
        params = AugmentationParams.from_dicts([{column: magnitude}])
        expected = ImageAugmenter(fill_mode="constant").apply(PHOTO[None], params)[0]
        assert_array_equal(apply_one(PHOTO, operation, magnitude, fill_mode="constant"), expected)


def test_operations_are_equally_likely_and_magnitudes_have_31_steps():
    params = TrivialAugmenter().draw_params(28_000, random_state=0)
    names, counts = np.unique(params["operation"], return_counts=True)
    assert len(names) == 14
    assert chisquare(counts).pvalue > 0.01
    rotations = params["magnitude"][params["operation"] == "rotate"]
    assert_allclose(np.unique(np.abs(rotations)), np.arange(31) * 4.5)
    assert abs(np.sign(rotations).mean()) < 0.06
    bits = params["magnitude"][params["operation"] == "posterize"]
    assert np.unique(bits).tolist() == [2, 3, 4, 5, 6, 7, 8]
    factors = params["magnitude"][params["operation"] == "color"]
    assert_allclose([factors.min(), factors.max()], [0.01, 1.99])


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_every_dtype_and_channel_count_is_varied_and_replayed(dtype, channels):
    shape = (60, 11, 16, *channels)
    batch = (np.random.default_rng(0).random(shape) * WHITE[dtype]).astype(dtype)
    augmenter = TrivialAugmenter()
    params = augmenter.draw_params(60, random_state=1)
    varied = augmenter.apply(batch, params)
    assert varied.shape == shape
    assert varied.dtype == dtype
    still = params["operation"] == "identity"
    assert_array_equal(varied[still], batch[still])
    replayed = AugmentationParams.from_dicts(params.to_dicts())
    assert_array_equal(augmenter.apply(batch[9:], replayed.take(slice(9, 60))), varied[9:])
    assert_array_equal(ImageAugmenter().apply(batch, params), varied)


def test_scaling_in_the_same_pass_equals_scaling_afterwards():
    batch = np.stack([PHOTO] * 40)
    scaler = ImageScaler(rescale=1 / 255, featurewise_center=True).fit(batch)
    augmenter = TrivialAugmenter()
    params = augmenter.draw_params(40, random_state=1)
    expected = scaler.transform(augmenter.apply(batch, params))
    assert_array_equal(augmenter.apply(batch, params, scaler=scaler), expected)
    assert_array_equal(augmenter.augment(batch, 1, scaler=scaler), expected)
    assert_array_equal(augmenter(PHOTO, 1), augmenter.augment(PHOTO[None], 1)[0])


def test_flat_and_tiny_images_survive():
    for image in (np.full((5, 8), 7, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        varied = TrivialAugmenter().augment(np.stack([image] * 50), random_state=0)
        assert varied.shape == (50, *image.shape)


def test_unknown_operations_are_named():
    with pytest.raises(ValueError, match="operation must be one of identity, shear_x"):
        apply_one(PHOTO, "melt", 1.0)
