"""On square images, and for the same parameters, Keras' own generator gives the same pictures."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from skimage.data import astronaut
from skimage.transform import resize

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler

# Keras reaches for scipy.ndimage by an old path.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Please import .affine_transform.:DeprecationWarning"
)

KerasGenerator = tf.keras.preprocessing.image.ImageDataGenerator
RANGES = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 0.1,
    "shear_range": 20,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
}


def make_photo(dtype):
    return np.rint(resize(astronaut(), (67, 67), preserve_range=True)).astype(dtype)


def compare(photo, keras_options, *, atol, n_draws=8, **changes):
    generator = KerasGenerator(**keras_options)
    drawn = [generator.get_random_transform(photo.shape, seed=seed) for seed in range(n_draws)]
    augmenter = ImageAugmenter(**(keras_options | changes))
    params = AugmentationParams.from_keras(drawn)
    varied = augmenter.apply(photo[None], params, indices=np.zeros(n_draws, int))
    for image, parameters in zip(varied, drawn, strict=True):
        expected = generator.apply_transform(photo, parameters)
        assert_allclose(image.astype(np.float64), expected.astype(np.float64), atol=atol)


@pytest.mark.parametrize(("dtype", "atol"), [("uint8", 1), ("float32", 0.01)])
@pytest.mark.parametrize("fill_mode", ["nearest", "reflect"])
def test_geometry_equals_keras(dtype, atol, fill_mode):
    compare(make_photo(dtype), RANGES | {"fill_mode": fill_mode}, atol=atol)


def test_brightness_equals_keras_but_for_its_truncation():
    compare(make_photo("uint8"), {"brightness_range": (0.4, 1.6)}, atol=1)


@pytest.mark.parametrize(("dtype", "atol"), [("uint8", 1), ("float32", 0.01)])
def test_channel_shift_equals_keras(dtype, atol):
    # Integers shifted by a fraction wrap around in Keras, so whole shifts are compared.
    photo = make_photo(dtype)
    generator = KerasGenerator(channel_shift_range=60)
    for shift in (-57.0, -3.0, 0.0, 21.0, 60.0):
        expected = generator.apply_transform(
            photo.astype("float32"), {"channel_shift_intensity": shift}
        )
        params = AugmentationParams.from_keras([{"channel_shift_intensity": shift}])
        varied = ImageAugmenter(value_range=None if dtype == "uint8" else (0, 255)).apply(
            photo[None], params
        )[0]
        assert_allclose(varied.astype(np.float64), expected, atol=atol)


@pytest.mark.parametrize(
    "options",
    [
        {"featurewise_center": True},
        {"featurewise_std_normalization": True, "featurewise_center": True},
        {"samplewise_center": True},
        {"samplewise_center": True, "samplewise_std_normalization": True},
        {"rescale": 1 / 255},
        {"rescale": 1 / 255, "samplewise_center": True, "samplewise_std_normalization": True},
    ],
)
def test_scaling_equals_keras(options):
    photos = np.stack([make_photo("float32"), make_photo("float32")[::-1] / 2])
    generator = KerasGenerator(**options)
    generator.fit(photos)
    expected = np.stack([generator.standardize(photo.copy()) for photo in photos])
    assert_allclose(ImageScaler(**options).fit_transform(photos), expected, rtol=1e-4, atol=1e-4)
