"""ImageScaler learns and applies what Keras' ImageDataGenerator does in fit and standardize."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from skimage.data import chelsea
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklmerge import (
    HOGFeatures,
    ImageAugmenter,
    ImageBatches,
    ImageIndex,
    ImageScaler,
    TrivialAugmenter,
)
from sklmerge.datasets import write_textures
from sklmerge.images import encode_image

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


IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 255), ("uint16", 65535), ("float32", 1)])
def test_given_shares_of_white_need_no_fit(dtype, white):
    shares = cut_patches(9, (5, 7, 3)) / 255
    images = (shares * white).astype(dtype)
    expected = (images / white - IMAGENET["mean"]) / IMAGENET["std"]
    scaled = ImageScaler(**IMAGENET).transform(images)
    assert scaled.dtype == np.float32
    assert_allclose(scaled, expected, rtol=1e-5, atol=1e-5)
    assert_array_equal(ImageScaler(**IMAGENET).fit(images).transform(images), scaled)
    augmenter = ImageAugmenter(rotation_range=20)
    params = augmenter.draw_params(9, 0)
    expected = ImageScaler(**IMAGENET).transform(augmenter.apply(images, params))
    assert_array_equal(augmenter.apply(images, params, scaler=ImageScaler(**IMAGENET)), expected)


def test_given_values_above_one_are_in_units_of_the_images():
    images = cut_patches(9, (5, 7, 3)).astype(np.uint8)
    scaled = ImageScaler(mean=127, std=128).transform(images)
    assert_allclose(scaled, (images - 127.0) / 128, rtol=1e-5, atol=1e-6)
    rescaled = ImageScaler(rescale=1 / 127.5, mean=1).transform(images)
    assert_allclose(rescaled, images / 127.5 - 1, rtol=1e-5, atol=1e-6)
    own = ImageScaler(mean=(10, 20, 30)).transform(images)
    assert_allclose(own, images - np.array([10.0, 20, 30]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mean": (0.5, 0.5)}, ValueError, "mean must be a number, or one for each of 3 channels"),
        ({"std": 0}, ValueError, "std must be above 0, got 0"),
        ({"mean": "imagenet"}, TypeError, "mean must be a number, or one for each channel"),
        (
            {"mean": 0.5, "featurewise_center": True},
            ValueError,
            "mean must be None if it is learned",
        ),
        ({"featurewise_center": "False"}, TypeError, "featurewise_center must be True or False"),
        ({"rescale": "1/255"}, TypeError, "rescale must be a number or None, got '1/255'"),
        ({"rescale": 10**400}, TypeError, "rescale must be a number or None, got 1000"),
        ({"image_size": 32}, ValueError, "image_size must be"),
    ],
)
def test_parameters_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        ImageScaler(**options).fit(cut_patches(3)).transform(cut_patches(3))


@pytest.mark.parametrize("sizes", [(200,), (1, 199), (64, 64, 72)])
def test_parts_teach_what_the_whole_teaches(sizes):
    images = cut_patches()
    whole = ImageScaler(rescale=0.1, **FEATUREWISE).fit(images)
    parts = ImageScaler(rescale=0.1, **FEATUREWISE)
    for part in np.split(images, np.cumsum(sizes)[:-1]):
        parts.partial_fit(part)
    assert_allclose(parts.mean_, whole.mean_, rtol=1e-12)
    assert_allclose(parts.std_, whole.std_, rtol=1e-9)
    assert_allclose(whole.mean_, images.mean(axis=(0, 1, 2), dtype=float) * 0.1)
    assert parts.n_pixels_ == 200 * 4 * 6
    assert_allclose(parts.fit(images[:50]).n_pixels_, 50 * 4 * 6)
    with pytest.raises(ValueError, match="zca_whitening must be False in partial_fit"):
        ImageScaler(zca_whitening=True).partial_fit(images)
    with pytest.raises(ValueError, match="X must have 3 channels as before, got 1"):
        parts.partial_fit(images[..., :1])


@pytest.mark.parametrize("options", [FEATUREWISE, {"zca_whitening": True, "image_size": (4, 6)}])
def test_an_index_and_batches_teach_what_their_images_teach(tmp_path, options):
    write_textures(tmp_path)
    index = ImageIndex(tmp_path)
    images = index.read()
    expected = ImageScaler(**options).fit(images)
    for source in (index, ImageBatches(index, batch_size=50)):
        learned = ImageScaler(**options).fit(source)
        assert_allclose(learned.mean_, expected.mean_, rtol=1e-9)
        assert_allclose(learned.transform(images), expected.transform(images), atol=1e-4)
    sized = ImageScaler(image_size=(16, 20), **FEATUREWISE)
    assert_allclose(sized.fit(index).mean_, sized.fit(images).mean_, rtol=1e-9)


def test_an_index_of_images_of_several_sizes_is_learned_from(tmp_path):
    patches = [cut_patches(1, (5, 7, 3))[0], cut_patches(1, (9, 4, 3))[0]]
    for label, patch in zip(("a", "b"), patches, strict=True):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").write_bytes(encode_image(patch.astype(np.uint8), "png"))
    learned = ImageScaler(featurewise_center=True).fit(ImageIndex(tmp_path))
    pixels = np.concatenate([patch.astype(np.uint8).reshape(-1, 3) for patch in patches])
    assert_allclose(learned.mean_, pixels.mean(axis=0))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("options", [FEATUREWISE, SAMPLEWISE, {"rescale": 1 / 255}])
def test_single_precision_has_the_values_of_double(dtype, options):
    images = (cut_patches(20, (15, 21, 3)) * (1 if dtype[0] == "u" else 1 / 255)).astype(dtype)
    expected = ImageScaler(dtype="float64", **options).fit_transform(images.astype(np.float64))
    scaled = ImageScaler(**options).fit(images).transform(images)
    assert_allclose(scaled, expected, rtol=1e-5, atol=1e-5)


def test_flat_images_and_large_offsets_keep_their_digits():
    flat = np.full((2, 5, 7, 3), 0.1, np.float32)
    assert_allclose(ImageScaler(**SAMPLEWISE).transform(flat), 0, atol=1e-5)
    offset = (1000 + np.random.default_rng(0).random((4, 15, 21, 3))).astype(np.float32)
    scaled = ImageScaler(**FEATUREWISE).fit_transform(offset)
    assert abs(scaled.mean()) < 1e-4
    assert_allclose(scaled.std(), 1, atol=1e-3)


def test_output_containers_leave_images_alone():
    model = make_pipeline(ImageScaler(rescale=1 / 255), HOGFeatures()).set_output(
        transform="pandas"
    )
    frame = model.fit_transform(cut_patches(6, (24, 32, 3)))
    assert next(iter(frame.columns)).startswith("hog_")
    with config_context(transform_output="pandas"):
        scaled = ImageScaler(rescale=1 / 255).fit_transform(cut_patches(6, (24, 32, 3)))
    assert isinstance(scaled, np.ndarray)


def test_whitening_removes_the_correlation_that_remains_around_one_mean():
    rng = np.random.default_rng(0)
    even = rng.normal(0.5, 0.1, (2000, 3, 4, 1))
    slanted = even + np.linspace(0, 0.3, 12).reshape(1, 3, 4, 1)
    gaps = []
    for images in (even, slanted):
        scaler = ImageScaler(zca_whitening=True, dtype="float64").fit(images)
        white = scaler.transform(images).reshape(2000, -1)
        gaps.append(np.abs(np.cov(white.T, bias=True) - np.eye(12)).max())
    assert gaps[0] < 0.01
    assert gaps[1] > 0.01  # as Keras does; the docstring says so


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"samplewise_center": "False"}, TypeError, "samplewise_center must be"),
        ({"dtype": "float16"}, ValueError, "dtype must be"),
        ({"rescale": "1/255"}, TypeError, "rescale must be a number or None"),
    ],
)
def test_parameters_are_checked_without_fit_as_in_fit(params, error, match):
    images = np.zeros((2, 5, 7, 3), np.uint8)
    augmenter = ImageAugmenter(rotation_range=9)
    drawn = augmenter.draw_params(2, random_state=0)
    with pytest.raises(error, match=match) as in_fit:
        ImageScaler(**params).fit(images)
    for scale in (
        lambda: ImageScaler(**params).transform(images),
        lambda: augmenter.apply(images, drawn, scaler=ImageScaler(**params)),
    ):
        with pytest.raises(error, match=match) as raised:
            scale()
        assert str(raised.value) == str(in_fit.value)


def test_empty_rows_and_negative_counts_are_refused_by_name():
    with pytest.raises(ValueError, match=r"at least 1 x 1 pixel, got \(2, 0\)"):
        ImageScaler().transform(np.zeros((2, 0), np.uint8))
    for augmenter in (ImageAugmenter(rotation_range=9), TrivialAugmenter()):
        with pytest.raises(ValueError, match=r"n must be .*, got -1"):
            augmenter.draw_params(-1)


def test_taking_a_slice_of_parameters_is_taking_its_rows():
    params = ImageAugmenter(rotation_range=9, horizontal_flip=True).draw_params(7, random_state=0)
    for part in (slice(2, 5), slice(None, None, -2), slice(5, 99), slice(9, 3)):
        taken, expected = params.take(part), params.take(np.arange(7)[part])
        assert len(taken) == len(expected)
        assert taken.to_dicts() == expected.to_dicts()


def test_whitening_that_cannot_fit_is_refused_before_the_images_are_read(tmp_path):
    image = encode_image(np.zeros((400, 600, 3), np.uint8), "jpeg")
    for number in range(130):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / f"{number}.jpg").write_bytes(image)
    read = []

    class Watched(ImageIndex):
        def read(self, rows, **options):
            read.extend(rows)
            return super().read(rows, **options)

    with pytest.raises(ValueError, match="zca_whitening of images of 400 x 600 x 3 needs"):
        ImageScaler(zca_whitening=True).fit(Watched(tmp_path))
    assert 0 < len(read) < 130
