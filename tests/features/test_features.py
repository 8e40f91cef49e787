"""Features have scikit-image's values and scikit-learn's manners."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from skimage.color import rgb2gray
from skimage.data import astronaut
from skimage.feature import hog, local_binary_pattern
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from sklmerge import ColorHistogram, HOGFeatures, ImageReader, LBPFeatures

PHOTOS = astronaut()[:480, :480].reshape(8, 60, 8, 60, 3).swapaxes(1, 2)[:3, :2, :48]
PHOTOS = np.ascontiguousarray(PHOTOS.reshape(6, 48, 60, 3))
ALL = [HOGFeatures(), LBPFeatures(cells=(2, 3)), ColorHistogram()]


def test_hog_equals_scikit_image():
    options = {"orientations": 6, "pixels_per_cell": (8, 12), "cells_per_block": (2, 3)}
    features = HOGFeatures(**options)
    expected = [hog(photo, channel_axis=-1, **options) for photo in PHOTOS]
    assert_array_equal(features.fit_transform(PHOTOS), expected)
    grey = PHOTOS[..., 0]
    assert_array_equal(features.fit_transform(grey), [hog(photo, **options) for photo in grey])
    assert_array_equal(features.fit_transform(PHOTOS[..., :1]), features.fit_transform(grey))


def test_lbp_counts_scikit_images_patterns():
    grey = np.rint(rgb2gray(PHOTOS) * 255).astype(np.uint8)
    features = LBPFeatures(n_points=12, radius=2, cells=(2, 3)).fit_transform(PHOTOS)
    for photo, row in zip(grey, features, strict=True):
        patterns = local_binary_pattern(photo, 12, 2, "uniform")
        cell = patterns[24:48, 20:40]
        expected = [(cell == pattern).mean() for pattern in range(14)]
        assert_allclose(row.reshape(6, 14)[4], expected)
    assert_allclose(features.reshape(6, 6, 14).sum(axis=2), 1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_color_histogram_equals_numpys(dtype):
    scale = {"uint8": 1, "uint16": 257}.get(dtype, 1 / 255)
    photos = (PHOTOS.astype(np.float64) * scale).astype(dtype)
    features = ColorHistogram(n_bins=10).fit_transform(photos)
    for photo, row in zip(photos, features, strict=True):
        expected = [
            np.histogram(photo[..., channel], 10, (0, 255 * scale))[0] / (48 * 60)
            for channel in range(3)
        ]
        assert_allclose(row.reshape(3, 10), expected)
    wide = ColorHistogram(n_bins=10, value_range=(0, 255)).fit_transform(PHOTOS.astype(float))
    assert_allclose(wide, ColorHistogram(n_bins=10).fit_transform(PHOTOS))


@given(
    images=arrays(np.uint8, st.sampled_from([(2, 5, 7), (1, 4, 9, 1), (2, 7, 3, 3), (1, 6, 5, 4)])),
    n_bins=st.integers(1, 600),
)
def test_every_level_is_in_the_bin_where_numpy_puts_it(images, n_bins):
    features = ColorHistogram(n_bins=n_bins).fit_transform(images)
    channels = np.moveaxis(np.atleast_3d(images[0]), -1, 0)
    expected = [np.histogram(channel, n_bins, (0, 255))[0] / channel.size for channel in channels]
    assert_array_equal(features[0], np.concatenate(expected))


def test_more_pixels_are_counted_than_a_float32_can_count():
    photo = np.full((1, 4097, 4099), 255, np.uint8)  # 2 ** 24 + 20,487 pixels
    photo[0, 0, 0] = photo[0, -1, 0] = 0
    features = ColorHistogram(n_bins=2).fit_transform(photo)
    assert_array_equal(features[0] * photo.size, [2, photo.size - 2])


@pytest.mark.parametrize("features", ALL, ids=lambda features: type(features).__name__)
def test_features_behave_as_transformers(features):
    features = clone(features)
    with pytest.raises(NotFittedError):
        features.transform(PHOTOS)
    expected = features.fit_transform(PHOTOS)
    names = features.get_feature_names_out()
    assert len(set(names)) == len(names) == expected.shape[1]
    assert_array_equal(clone(features).set_params(n_jobs=2).fit_transform(PHOTOS), expected)
    flat = clone(features).set_params(image_shape=(48, 60, 3))
    assert_array_equal(flat.fit_transform(PHOTOS.reshape(6, -1)), expected)
    for library, frame_type in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        frame = clone(features).set_output(transform=library).fit_transform(PHOTOS)
        assert isinstance(frame, frame_type)
        assert list(frame.columns) == list(names)
        assert_array_equal(frame.to_numpy(), expected)
    kept = PHOTOS.copy()
    assert_array_equal(pickle.loads(pickle.dumps(features)).transform(PHOTOS), expected)
    assert_array_equal(features.fit(PHOTOS[:1, :40]).fit(PHOTOS).transform(PHOTOS), expected)
    assert_array_equal(PHOTOS, kept)
    assert features.transform(PHOTOS[:0]).shape == (0, expected.shape[1])
    with pytest.raises(ValueError, match=r"shape \(48, 60, 3\) as in fit, got \(48, 60\)"):
        features.transform(PHOTOS[..., 0])


@pytest.mark.parametrize("features", ALL, ids=lambda features: type(features).__name__)
@pytest.mark.parametrize(
    ("value", "message"), [(200.0, "X must lie between 0 and 1"), (np.nan, "X must be finite")]
)
def test_floats_beyond_their_range_are_refused(features, value, message):
    with pytest.raises(ValueError, match=message):
        clone(features).fit_transform(np.full((2, 48, 60), value))


API_CHECKS = (
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
)


@pytest.mark.parametrize("check", API_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("step", [*ALL, ImageReader()], ids=lambda step: type(step).__name__)
def test_scikit_learns_checks_of_the_interface_pass(check, step):
    check(type(step).__name__, clone(step))


def test_flattened_rows_are_counted_as_features_and_images_are_not():
    images = np.zeros((2, 16, 24), np.uint8)
    flat = ColorHistogram(image_shape=(16, 24)).fit(images.reshape(2, -1))
    assert flat.n_features_in_ == 16 * 24
    with pytest.raises(ValueError, match="383"):
        flat.transform(np.zeros((1, 383), np.uint8))
    assert not hasattr(ColorHistogram().fit(images), "n_features_in_")


def see_as_images(X):
    """Show rows of any length as images of 8 rows, 0 to 1, which the features can describe."""
    values = np.asarray(X, dtype=np.float64)
    return np.repeat(1 / (1 + np.exp(-np.clip(values, -9, 9)))[:, None], 8, axis=1)


SMALL = [
    HOGFeatures(pixels_per_cell=(1, 1), cells_per_block=(1, 1)),
    LBPFeatures(),
    ColorHistogram(),
]


@pytest.mark.parametrize("features", SMALL, ids=lambda features: type(features).__name__)
def test_scikit_learns_checks_pass_where_their_rows_are_shown_as_images(features):
    # Their rows have any length and any values, which no image_shape fits.
    shown = FunctionTransformer(see_as_images, validate=True)
    pipeline = make_pipeline(shown, features)
    results = estimator_checks.check_estimator(pipeline, on_skip=None, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    # A pipeline fits its own steps, whatever they are.
    assert failed <= {"check_estimators_overwrite_params", "check_dont_overwrite_parameters"}
    assert len(results) > 40


@pytest.mark.parametrize(("n_jobs", "n_tasks"), [(1, 4), (3, 12), (8, 25)])
def test_every_worker_has_a_share_of_few_images(monkeypatch, n_jobs, n_tasks):
    sizes = []

    class OneWorker(joblib.Parallel):
        def __call__(self, tasks):
            tasks = list(tasks)
            sizes.extend(len(arguments[1]) for _, arguments, _ in tasks)
            return [call(*arguments) for call, arguments, _ in tasks]

    monkeypatch.setattr("sklmerge._parallel.Parallel", OneWorker)
    photos = np.concatenate([PHOTOS] * 5)[:25]
    expected = ColorHistogram().fit_transform(photos)
    sizes.clear()
    assert_array_equal(ColorHistogram(n_jobs=n_jobs).fit_transform(photos), expected)
    assert sum(sizes) == 25
    assert len(sizes) == n_tasks
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("features", ALL, ids=lambda features: type(features).__name__)
def test_floats_beyond_1_are_refused_and_the_advice_works(features):
    floats = PHOTOS.astype(np.float64)
    with pytest.raises(ValueError, match=r"X must lie between 0 and 1.*divide floats.*by 255"):
        clone(features).fit_transform(floats)
    clone(features).fit_transform(floats / 255)
    with pytest.raises(ValueError, match=r"got values from -1 to .*; scale them to this range"):
        clone(features).fit_transform(floats / 127.5 - 1)
    # Of the features, this one alone takes the other way out that is named.
    takes = "value_range" in features.get_params()
    assert takes == isinstance(features, ColorHistogram)


def test_images_of_several_sizes_are_refused_in_words():
    images = [PHOTOS[0], PHOTOS[1], PHOTOS[2, :40]]
    column = np.empty(3, dtype=object)  # as tables hold images
    column[:] = images
    for X in (images, column):
        message = r"one shape, got \(48, 60, 3\) and, at position 2, \(40, 60, 3\)"
        with pytest.raises(ValueError, match=message):
            ColorHistogram().fit(X)


def test_a_single_image_and_whole_numbers_are_told_what_to_do():
    features = ColorHistogram().fit(PHOTOS)
    with pytest.raises(ValueError, match=r"one image of shape \(48, 60, 3\); pass image\[None\]"):
        features.transform(PHOTOS[0])
    assert features.transform([PHOTOS[0]]).shape == (1, 48)
    with pytest.raises(TypeError, match=r"got int64; levels from 0 to 255 are np\.asarray"):
        features.fit(PHOTOS.tolist())


def test_features_join_in_a_union():
    joined = make_union(HOGFeatures(), ColorHistogram()).fit(PHOTOS)
    assert joined.transform(PHOTOS).shape[1] == len(joined.get_feature_names_out())


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (HOGFeatures(pixels_per_cell=(40, 40)), "leave no whole block"),
        (LBPFeatures(cells=(49, 1)), "cells must have a pixel each"),
        (LBPFeatures(cells=(0, 1)), "cells must be two whole numbers .* of at least 1, got .0, 1"),
        (
            HOGFeatures(pixels_per_cell=(0, 1)),
            "pixels_per_cell must be two whole numbers .* at least 1",
        ),
        (ColorHistogram(n_bins=0), "n_bins must be a whole number of at least 1, got 0"),
        (ColorHistogram(image_shape=(2, 2)), "image_shape"),
        (LBPFeatures(radius=-1), "radius must be > 0 and finite, got -1"),
        (LBPFeatures(radius=0), "radius must be > 0 and finite, got 0"),
        (LBPFeatures(n_points=0), "n_points must be a whole number of at least 1, got 0"),
        (ColorHistogram(value_range=(1, 0)), "value_range must be a rising pair of numbers"),
        (ColorHistogram(value_range=(0, np.inf)), "value_range must be a rising pair of numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_named(features, message):
    with pytest.raises(ValueError, match=message):
        features.fit(PHOTOS)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (LBPFeatures(cells=2), "cells must be two whole numbers .*, got 2"),
        (LBPFeatures(radius="1"), "radius must be a number of pixels, got '1'"),
        (HOGFeatures(pixels_per_cell=8), "pixels_per_cell must be two whole numbers .*, got 8"),
        (LBPFeatures(cells=(True, 2)), r"cells must be two whole numbers .*, got \(True, 2\)"),
        (HOGFeatures(cells_per_block=(2, 2, 2)), "cells_per_block must be two whole numbers"),
        (ColorHistogram(n_bins=2.5), "n_bins must be a whole number of at least 1, got 2.5"),
        (HOGFeatures(pixels_per_cell={8, 9}), "pixels_per_cell must be two whole numbers"),
        (LBPFeatures(radius=True), "radius must be a number of pixels, got True"),
        (ColorHistogram(value_range=255), "value_range must be two numbers, .*, got 255"),
        (ColorHistogram(value_range="ab"), "value_range must be two numbers, .*, got 'ab'"),
    ],
)
def test_parameters_of_a_wrong_kind_are_named(features, message):
    with pytest.raises(TypeError, match=message):
        features.fit(PHOTOS)


@pytest.mark.parametrize(
    ("n_jobs", "error", "message"),
    [
        ("two", TypeError, r"n_jobs must be a whole number other than 0 .*, or None, got 'two'"),
        (2.5, TypeError, r"n_jobs must be a whole number other than 0 .*, or None, got 2.5"),
        (0, ValueError, "n_jobs must be a whole number other than 0"),
    ],
)
def test_workers_must_be_counted(n_jobs, error, message):
    for step, X in ((HOGFeatures(n_jobs=n_jobs), PHOTOS), (ImageReader(n_jobs=n_jobs), ["a"])):
        with pytest.raises(error, match=message):
            step.fit(X).transform(X)
