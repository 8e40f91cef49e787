"""ImageScaler learns and applies what Keras' ImageDataGenerator does in fit and standardize."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from skimage.data import chelsea
from sklearn.base import clone

from sklmerge import ImageAugmenter, ImageScaler

KerasGenerator = tf.keras.preprocessing.image.ImageDataGenerator
SAMPLEWISE = {"samplewise_center": True, "samplewise_std_normalization": True}
FEATUREWISE = {"featurewise_center": True, "featurewise_std_normalization": True}


def cut_patches(n_images=200, shape=(4, 6, 3)):
    rng = np.random.default_rng(0)
    photo = chelsea().astype(np.float32)[..., : shape[2]]
    corners = rng.integers(0, (photo.shape[0] - shape[0], photo.shape[1] - shape[1]), (n_images, 2))
    return np.stack([photo[y : y + shape[0], x : x + shape[1]] for y, x in corners])


def standardize_by_keras(images, **options):
    generator = KerasGenerator(**options)
    generator.fit(images)
    return np.stack([generator.standardize(image.copy()) for image in images])


@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize(
    "options",
    [
        {"zca_whitening": True, "featurewise_center": True},
        {"zca_whitening": True, "featurewise_center": True, "zca_epsilon": 3.0},
        {"zca_whitening": True, "featurewise_center": True, "rescale": 1 / 255},
        {"rescale": 1 / 127.5, **FEATUREWISE},
        {"preprocessing_function": lambda image: image[::-1] / 127.5 - 1},
        {"preprocessing_function": np.sqrt, "rescale": 0.1, **SAMPLEWISE},
    ],
)
def test_scaling_equals_keras(options, n_channels):
    images = cut_patches()
    images = np.concatenate([images, images[..., :1]], axis=-1)[..., :n_channels]
    if n_channels == 4:
        # A copied channel would leave directions without any variance to divide by.
        images[..., 3] = 255 - cut_patches(shape=(4, 6, 1))[::-1, ..., 0]
    scaled = ImageScaler(**options).fit_transform(images)
    assert scaled.dtype == np.float32
    assert_allclose(scaled, standardize_by_keras(images, **options), rtol=2e-3, atol=2e-3)


def test_whitening_centers_as_keras_does():
    images = cut_patches(60, (2, 3, 3))
    with pytest.warns(UserWarning, match="overrides"):
        expected = standardize_by_keras(images, zca_whitening=True)
    scaled = ImageScaler(zca_whitening=True).fit_transform(images)
    assert_allclose(scaled, expected, rtol=2e-3, atol=2e-3)


def test_whitened_values_are_uncorrelated():
    images = cut_patches(500, (3, 4, 3))
    scaler = ImageScaler(zca_whitening=True, dtype="float64").fit(images)
    flat = scaler.transform(images).reshape(500, -1)
    assert_allclose(flat.T @ flat / 500, np.eye(36), atol=1e-4)
    assert_allclose(scaler.whitening_, scaler.whitening_.T, atol=1e-9)


def test_statistics_are_gathered_after_all_that_comes_before_them():
    images = cut_patches()
    scaler = ImageScaler(preprocessing_function=np.log1p, **SAMPLEWISE, **FEATUREWISE)
    scaled = scaler.fit_transform(images)
    assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    assert_allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-4)
    resized = ImageScaler(image_size=(2, 3), **FEATUREWISE).fit_transform(images)
    assert_allclose(resized.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    assert_allclose(resized.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_the_preprocessing_function_sees_a_resized_copy():
    images = cut_patches().astype(np.uint8)
    before = images.copy()
    seen = []

    def spoil(image):
        seen.append((image.shape, image.dtype.name))
        image *= 0
        return image

    scaler = ImageScaler(preprocessing_function=spoil, image_size=(8, 9)).fit(images)
    assert (scaler.transform(images[:2]) == 0).all()
    assert seen == [((8, 9, 3), "float32")] * 2
    assert_array_equal(images, before)


@pytest.mark.parametrize(
    "options", [{"zca_whitening": True}, {"preprocessing_function": np.sqrt}, SAMPLEWISE]
)
def test_preparing_in_the_same_pass_equals_preparing_afterwards(options):
    images = cut_patches().astype(np.uint8)
    scaler = ImageScaler(**options).fit(images)
    augmenter = ImageAugmenter(rotation_range=20, brightness_range=(0.5, 1))
    params = augmenter.draw_params(200, random_state=0)
    expected = scaler.transform(augmenter.apply(images, params))
    # Sums of products depend on how many images are multiplied at a time.
    assert_allclose(augmenter.apply(images, params, scaler=scaler), expected, rtol=1e-4, atol=1e-4)


def test_a_matrix_that_would_not_fit_in_memory_is_refused_with_the_figure():
    scaler = ImageScaler(zca_whitening=True, image_size=(2000, 2000))
    with pytest.raises(ValueError, match=r"2000 x 2000 x 3 needs a matrix of 12,000,000 x 12,000"):
        scaler.fit(cut_patches(3))


def test_bad_input_is_named():
    images = cut_patches(40, (3, 2, 3))
    cutting = ImageScaler(preprocessing_function=lambda image: image[:1])
    with pytest.raises(ValueError, match=r"must keep the shape \(3, 2, 3\), got \(1, 2, 3\)"):
        cutting.fit(images).transform(images)
    whitening = ImageScaler(zca_whitening=True).fit(images)
    with pytest.raises(ValueError, match="images of 18 values as in fit, got 36"):
        whitening.transform(cut_patches(2, (4, 3, 3)))
    for options in ({"zca_whitening": True}, {"featurewise_center": True}):
        with pytest.raises(ValueError, match="X must hold at least one image, got none"):
            ImageScaler(**options).fit(images[:0])


def test_it_is_cloned_with_its_function():
    scaler = ImageScaler(preprocessing_function=np.sqrt, zca_epsilon=0.1)
    assert clone(scaler).get_params() == scaler.get_params()
