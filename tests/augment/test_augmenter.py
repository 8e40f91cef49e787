"""ImageAugmenter draws by seed and key alone, replays what it drew, and names bad input."""

import json
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import kstest, pearsonr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler
from sklmerge.augment import hash_keys

EVERYTHING = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 3,
    "shear_range": 12,
    "zoom_range": (0.7, 1.1),
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_range": (0.6, 1.3),
    "contrast_range": (0.6, 1.3),
    "channel_shift_range": 20,
}


def make_batch(n_images=200, shape=(6, 11, 3)):
    return np.random.default_rng(1).integers(0, 256, (n_images, *shape), np.uint8)


def test_the_result_depends_on_neither_threads_nor_batches_nor_order():
    X, augmenter = make_batch(), ImageAugmenter(**EVERYTHING)
    params = augmenter.draw_params(200, random_state=9)
    reference = augmenter.apply(X, params)
    assert_array_equal(clone(augmenter).set_params(n_jobs=2).augment(X, 9), reference)
    parts = [augmenter.apply(X[i : i + 7], params.take(slice(i, i + 7))) for i in range(0, 200, 7)]
    assert_array_equal(np.concatenate(parts), reference)
    order = np.random.default_rng(0).permutation(200)
    assert_array_equal(augmenter.apply(X, params.take(order), indices=order), reference[order])


def test_parameters_survive_json_and_replay_the_same_bytes():
    X, augmenter = make_batch(50), ImageAugmenter(**EVERYTHING)
    params = augmenter.draw_params(50, random_state=2)
    replayed = AugmentationParams.from_dicts(json.loads(json.dumps(params.to_dicts())))
    assert_array_equal(augmenter.apply(X, replayed), augmenter.apply(X, params))
    assert list(params) == params.to_dicts()
    frame = params.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.shape == (50, len(params.columns))


@given(seed=st.integers(0, 2**64 - 1), order=st.permutations(range(12)))
def test_a_row_depends_on_its_seed_and_key_alone(seed, order):
    augmenter = ImageAugmenter(**EVERYTHING)
    keys = hash_keys(np.arange(12), 3)
    params = augmenter.draw_params(12, seed, keys=keys)
    shuffled = augmenter.draw_params(12, seed, keys=keys[np.array(order)])
    for name in params.columns:
        assert_array_equal(shuffled[name], params[name][np.array(order)])


def test_many_rows_are_as_few_and_take_little_more_memory_than_they_hold():
    augmenter = ImageAugmenter.preset("strong")
    tracemalloc.start()
    params = augmenter.draw_params(300_001, random_state=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The keys, and copies of them that are mixed with the seed, are 4 columns.
    assert peak < (len(params.columns) + 4) * 300_001 * 8 + 12e6
    rows = np.array([0, 2**15 - 1, 2**15, 2**15 + 1, 2**17, 300_000])
    few = augmenter.draw_params(len(rows), random_state=3, keys=rows)
    for name, column in params.columns.items():
        assert_array_equal(column[rows], few[name])


def test_columns_are_uniform_and_independent():
    params = ImageAugmenter(**EVERYTHING).draw_params(20_000, random_state=0)
    assert kstest((params["rotation"] + 30) / 60, "uniform").pvalue > 0.01
    assert kstest((params["zoom_x"] - 0.7) / 0.4, "uniform").pvalue > 0.01
    assert abs(params["horizontal_flip"].mean() - 0.5) < 0.02
    names = list(params.columns)
    for first in names:
        for second in names[: names.index(first)]:
            assert abs(pearsonr(params[first], params[second]).statistic) < 0.03
    other = ImageAugmenter(**EVERYTHING).draw_params(20_000, random_state=1)
    assert abs(pearsonr(params["rotation"], other["rotation"]).statistic) < 0.03


def test_shifts_follow_the_form_of_their_range():
    def draw(shift_range):
        return ImageAugmenter(width_shift_range=shift_range).draw_params(500, random_state=0)

    assert set(draw(3)["shift_x_pixels"]) == {-2, -1, 0, 1, 2}
    assert np.abs(draw(0.25)["shift_x"]).max() <= 0.25
    assert 1 < np.abs(draw(4.5)["shift_x_pixels"]).max() <= 4.5
    assert set(draw([-5, 2])["shift_x_pixels"]) == {-5, 2}
    assert set(draw([-0.5, 0.1])["shift_x"]) == {-0.5, 0.1}


def test_random_states_of_every_kind_are_taken():
    augmenter = ImageAugmenter(rotation_range=9)
    for make in (np.random.RandomState, np.random.default_rng):
        first, again = (augmenter.draw_params(5, make(3))["rotation"] for _ in range(2))
        assert_array_equal(first, again)
    fixed = clone(augmenter).set_params(random_state=8)
    assert_array_equal(fixed.draw_params(5)["rotation"], augmenter.draw_params(5, 8)["rotation"])
    assert (augmenter.draw_params(5)["rotation"] != augmenter.draw_params(5)["rotation"]).any()


def test_flattened_rows_stay_flattened():
    X = make_batch(5)
    augmenter = ImageAugmenter(**EVERYTHING, image_shape=(6, 11, 3))
    flat = augmenter.augment(X.reshape(5, -1), 0)
    assert_array_equal(flat.reshape(X.shape), augmenter.augment(X, 0))


def test_one_image_at_a_time_and_single_channels_work():
    image = make_batch(1)[0]
    augmenter = ImageAugmenter(**EVERYTHING)
    assert_array_equal(augmenter(image, 4), augmenter.augment(image[None], 4)[0])
    grey = image[..., :1]
    assert_array_equal(augmenter(grey, 4)[..., 0], augmenter(grey[..., 0], 4))


def test_it_is_cloned_and_pickled_and_never_a_transformer():
    augmenter = ImageAugmenter(**EVERYTHING, random_state=0)
    X = make_batch(4)
    for copy in (clone(augmenter), pickle.loads(pickle.dumps(augmenter))):
        assert copy.get_params() == augmenter.get_params()
        assert_array_equal(copy.augment(X), augmenter.augment(X))
    assert not hasattr(augmenter, "transform")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rotation_range": -5}, ValueError, "rotation_range must be >= 0, got -5"),
        ({"rotation_range": "5"}, TypeError, "rotation_range must be a finite number"),
        ({"width_shift_range": -0.1}, ValueError, "width_shift_range must be >= 0, got -0.1"),
        ({"height_shift_range": "up"}, TypeError, "height_shift_range must be a number or a seq"),
        ({"zoom_range": 1.5}, ValueError, r"zoom_range must be in \[0, 1\), got 1.5"),
        ({"zoom_range": (1.2, 0.8)}, ValueError, "zoom_range must be a pair 0 <= low <= high"),
        ({"zoom_range": (0, 1)}, ValueError, "zoom_range must be above 0"),
        ({"brightness_range": 0.2}, TypeError, "brightness_range must be a pair of numbers"),
        ({"contrast_range": (-1, 1)}, ValueError, "contrast_range must be a pair 0 <= low"),
        ({"fill_mode": "edge"}, ValueError, "fill_mode must be one of nearest, constant, reflect"),
        ({"interpolation": "area"}, ValueError, "interpolation must be one of nearest, linear"),
        ({"horizontal_flip": "False"}, TypeError, "horizontal_flip must be True or False, got 'F"),
        ({"rotate90": 1}, TypeError, "rotate90 must be True or False, got 1"),
        ({"cval": np.nan}, TypeError, "cval must be a finite number"),
        ({"rotation_range": True}, TypeError, "rotation_range must be a finite number, got True"),
        ({"rotation_range": 10**400}, TypeError, "rotation_range must be a finite number, got 1"),
        ({"width_shift_range": True}, TypeError, "width_shift_range must be a number or a seq"),
        ({"height_shift_range": [1, "a"]}, TypeError, "height_shift_range must be a number or"),
        ({"zoom_range": True}, TypeError, "zoom_range must be a pair of numbers.* got True"),
        ({"brightness_range": (True, 2)}, TypeError, "brightness_range must be a pair of numbers"),
        ({"crop_range": {0.5, 1}}, TypeError, "crop_range must be a pair of numbers"),
        ({"erase": True}, ValueError, "erase must be a chance in .* got True"),
    ],
)
def test_bad_ranges_are_named_before_any_work(options, error, message):
    with pytest.raises(error, match=message):
        ImageAugmenter(**options).draw_params(3)


def test_bad_batches_are_named():
    augmenter = ImageAugmenter(brightness_range=(0.5, 1.5))
    cases = [
        (np.zeros((2, 12), np.uint8), "image_shape is needed for 2-D X of 12 columns"),
        (np.zeros((2, 72), np.uint8), r"for example image_shape=\(4, 6, 3\); for one grey image"),
        (np.zeros((2, 20), np.uint8), r"for example image_shape=\(4, 5\); for one grey image"),
        (np.zeros((2, 4, 4, 2), np.uint8), "1, 3 or 4 channels last"),
        (np.full((2, 4, 5), np.nan), "X must be finite"),
        (
            np.full((2, 4, 5), 99.0),
            "X must lie between 0 and 1, got values from 99 to 99; .* value_range=",
        ),
    ]
    for X, message in cases:
        with pytest.raises(ValueError, match=message):
            augmenter.augment(X, 0)
    with pytest.raises(TypeError, match="got int64"):
        augmenter.augment(np.zeros((2, 4, 5), int))
    with pytest.raises(ValueError, match="value_range of uint8 images"):
        ImageAugmenter(value_range=(0, 1)).augment(np.zeros((2, 4, 5), np.uint8))
    params = augmenter.draw_params(2)
    with pytest.raises(ValueError, match="one row for each of 3 images, got 2"):
        augmenter.apply(make_batch(3), params)
    with pytest.raises(ValueError, match=r"indices must be in \[0, 3\)"):
        augmenter.apply(make_batch(3), params, indices=[0, 3])


def test_a_scaler_sits_in_a_pipeline_and_says_when_it_is_not_fitted():
    X = make_batch(8)
    scaler = ImageScaler(rescale=1 / 255, featurewise_center=True, image_shape=(6, 11, 3))
    with pytest.raises(NotFittedError):
        scaler.transform(X)
    flat = make_pipeline(scaler).fit_transform(X.reshape(8, -1))
    assert_array_equal(flat.reshape(X.shape), clone(scaler).fit_transform(X))
    with pytest.raises(ValueError, match="X must have 3 channels as in fit, got 1"):
        clone(scaler).set_params(image_shape=None).fit(X).transform(X[..., 0])
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'uint8'"):
        ImageScaler(dtype="uint8").fit(X)
    with pytest.raises(ValueError, match="image_size must be"):
        ImageScaler(image_size=(3, 4, 3)).fit(X)
