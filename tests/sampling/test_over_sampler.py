"""AugmentingOverSampler grows rare classes by varied copies and says where each row comes from."""

import tracemalloc
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer

from sklmerge import AugmentingOverSampler, ImageAugmenter

MERGE = {"pet": ["cat", "dog"]}


def make_images(counts, shape=(9, 14, 3), dtype="uint8", seed=0):
    y = np.repeat(list(counts), list(counts.values()))
    y = np.random.default_rng(seed).permutation(y)
    X = (np.random.default_rng(seed).random((len(y), *shape)) * 255).astype(dtype)
    return X, y


@pytest.mark.parametrize("shape", [(9, 14), (9, 14, 1), (9, 14, 3), (9, 14, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_sources_come_first_unchanged_and_every_row_knows_its_source(shape, dtype):
    X, y = make_images({"cat": 3, "dog": 8, "bird": 11}, shape, dtype)
    before = X.copy()
    sampler = AugmentingOverSampler(ImageAugmenter(rotation_range=30), random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 11, "dog": 11, "bird": 11}
    assert X_new.dtype == dtype
    assert_array_equal(X, before)
    assert_array_equal(X_new[: len(X)], X)
    assert_array_equal(y_new, y[sampler.sample_indices_])
    assert_array_equal(sampler.is_augmented_, np.arange(33) >= 22)
    assert (X_new[22:] != X[sampler.sample_indices_[22:]]).any(axis=tuple(range(1, X.ndim))).all()


def test_labels_and_order_of_classes_are_those_of_imbalanced_learn():
    X, y = make_images({"cat": 3, "dog": 8, "bird": 11})
    _, y_new = AugmentingOverSampler(random_state=0).fit_resample(X, y)
    rows = np.arange(len(y))[:, None]
    _, y_expected = RandomOverSampler(random_state=0).fit_resample(rows, y)
    assert_array_equal(y_new, y_expected)


@pytest.mark.parametrize(
    "strategy", ["minority", "not majority", "all", {"cat": 20, "dog": 9}, lambda y: {"cat": 7}]
)
def test_every_form_of_sampling_strategy_gives_imbalanced_learns_counts(strategy):
    X, y = make_images({"cat": 3, "dog": 8, "bird": 11})
    _, y_new = AugmentingOverSampler(sampling_strategy=strategy).fit_resample(X, y)
    rows = np.arange(len(y))[:, None]
    _, y_expected = RandomOverSampler(sampling_strategy=strategy).fit_resample(rows, y)
    assert Counter(y_new) == Counter(y_expected)


def test_a_merged_class_counts_as_one_and_its_members_stay_apart():
    X, y = make_images({"cat": 2, "dog": 6, "bird": 24})
    sampler = AugmentingOverSampler(merge=MERGE, random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 6, "dog": 18, "bird": 24}
    assert sampler.sampling_strategy_ == {"pet": 16}
    balanced = AugmentingOverSampler(merge=MERGE, within_merged="balanced", random_state=0)
    _, y_new = balanced.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 2 + 8, "dog": 6 + 8, "bird": 24}


def test_keys_of_the_strategy_are_merged_labels():
    X, y = make_images({"cat": 2, "dog": 6, "bird": 24})
    sampler = AugmentingOverSampler(merge=MERGE, sampling_strategy={"pet": 16}, random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 4, "dog": 12, "bird": 24}


def test_max_copies_bounds_the_copies_of_every_source():
    X, y = make_images({"cat": 2, "dog": 6, "bird": 24})
    sampler = AugmentingOverSampler(max_copies=2, random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 6, "dog": 18, "bird": 24}
    assert max(Counter(sampler.sample_indices_.tolist()).values()) == 3


@settings(max_examples=40)
@given(
    counts=st.tuples(st.integers(1, 6), st.integers(1, 30)),
    max_copies=st.none() | st.integers(0, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_source_is_drawn_twice_more_than_another(counts, max_copies, seed):
    y = np.repeat([0, 1], counts)
    X = np.arange(2 * len(y)).reshape(-1, 2)
    sampler = AugmentingOverSampler(None, max_copies=max_copies, random_state=seed)
    if counts[0] == counts[1]:
        return
    X_new, y_new = sampler.fit_resample(X, y)
    assert_array_equal(X_new, X[sampler.sample_indices_])
    assert not sampler.is_augmented_.any()
    for label in (0, 1):
        drawn = Counter(sampler.sample_indices_[y_new == label].tolist())
        assert max(drawn.values()) - min(drawn.values()) <= 1
        most = max(counts) if max_copies is None else counts[label] * (1 + max_copies)
        assert sum(drawn.values()) == max(counts[label], min(max(counts), most))


def test_the_result_depends_on_the_seed_alone():
    X, y = make_images({"cat": 3, "dog": 200}, (5, 8))
    reference, _ = AugmentingOverSampler(random_state=5).fit_resample(X, y)
    for n_jobs in (1, 2):
        again, _ = AugmentingOverSampler(random_state=5, n_jobs=n_jobs).fit_resample(X, y)
        assert_array_equal(again, reference)
    other, _ = AugmentingOverSampler(random_state=6).fit_resample(X, y)
    assert (other != reference).any()


def test_a_copy_stays_the_same_when_more_of_them_are_made():
    X, y = make_images({"cat": 3, "dog": 40}, (5, 8))
    few = AugmentingOverSampler(max_copies=2, random_state=5)
    many = AugmentingOverSampler(max_copies=9, random_state=5)
    X_few, _ = few.fit_resample(X, y)
    X_many, _ = many.fit_resample(X, y)
    assert_array_equal(X_many[: len(X_few)], X_few)


@pytest.mark.parametrize("container", [list, pd.Series, "category", "string", "Int64", bool])
def test_labels_keep_their_container_and_type(container):
    X, y = make_images({1: 3, 0: 8}, (5, 8))
    if container == "Int64":
        labels = pd.Series(y, dtype="Int64", name="kind")
    elif isinstance(container, str):
        labels = pd.Series(np.where(y, "cat", "dog"), dtype=container, name="kind")
    elif container is bool:
        labels = y.astype(bool)
    else:
        labels = container(y)
    _, y_new = AugmentingOverSampler(random_state=0).fit_resample(X, labels)
    assert type(y_new) is type(labels)
    if isinstance(labels, list):
        assert sorted(y_new) == [0] * 8 + [1] * 8
        return
    assert y_new.dtype == labels.dtype
    assert len(y_new) == 16
    if hasattr(labels, "name"):
        assert y_new.name == labels.name
        assert y_new.value_counts().tolist() == [8, 8]


def test_one_hot_labels_come_back_one_hot():
    X, y = make_images({0: 2, 1: 4, 2: 6}, (5, 8))
    one_hot = np.eye(3, dtype=int)[y]
    _, y_new = AugmentingOverSampler(random_state=0).fit_resample(X, one_hot)
    assert y_new.sum(axis=0).tolist() == [6, 6, 6]


def test_flattened_rows_and_data_frames_are_images_once_their_shape_is_known():
    X, y = make_images({"cat": 3, "dog": 8})
    expected, _ = AugmentingOverSampler(random_state=0).fit_resample(X, y)
    sampler = AugmentingOverSampler(random_state=0, image_shape=(9, 14, 3))
    rows = X.reshape(len(X), -1)
    flat, _ = sampler.fit_resample(rows, y)
    assert_array_equal(flat.reshape(-1, 9, 14, 3), expected)
    assert sampler.n_features_in_ == rows.shape[1]
    frame = pd.DataFrame(rows).rename(columns="pixel{}".format)
    framed, _ = sampler.fit_resample(frame, y)
    assert_array_equal(framed.to_numpy(), flat)
    assert framed.columns.tolist() == frame.columns.tolist()
    sampler.set_params(image_shape=None).fit_resample(X, y)
    assert not hasattr(sampler, "n_features_in_")


def test_it_acts_in_a_pipeline_at_fit_and_never_at_predict():
    X, y = make_images({"cat": 6, "dog": 18}, (5, 8))
    seen = []

    def count_rows(images):
        seen.append(len(images))
        return images.reshape(len(images), -1) / 255

    model = make_pipeline(
        AugmentingOverSampler(random_state=0),
        FunctionTransformer(count_rows),
        LogisticRegression(),
    )
    model.fit(X, y).predict(X)
    assert seen == [36, 24]


def test_a_grid_search_tunes_the_augmenter_and_the_number_of_copies(tmp_path):
    X, y = make_images({"cat": 9, "dog": 27}, (5, 8))
    model = make_pipeline(
        AugmentingOverSampler(ImageAugmenter(), random_state=0),
        FunctionTransformer(lambda images: images.reshape(len(images), -1) / 255),
        LogisticRegression(),
        memory=None,
    )
    grid = {
        "augmentingoversampler__augmenter__rotation_range": [5, 20],
        "augmentingoversampler__max_copies": [1, None],
    }
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(cross_val_score(model.set_params(**search.best_params_), X, y, cv=3)).all()


def test_memory_is_input_and_output_and_little_more():
    X, y = make_images({"cat": 20, "dog": 220}, (64, 96, 3))
    sampler = AugmentingOverSampler("strong", random_state=0)
    sampler.fit_resample(X[:40], y[:40])
    tracemalloc.start()
    X_new, _ = sampler.fit_resample(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The input lies outside what is traced.
    assert peak <= 1.1 * X_new.nbytes + 0.1 * X.nbytes


def test_an_augmenter_without_ranges_warns_that_it_varies_nothing():
    X, y = make_images({"cat": 3, "dog": 8})
    with pytest.warns(UserWarning, match="changes nothing, so 5 new images are plain copies"):
        AugmentingOverSampler(ImageAugmenter()).fit_resample(X, y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"within_merged": "even"}, "within_merged must be 'natural' or 'balanced'"),
        ({"max_copies": 1.5}, "max_copies must be a whole number of at least 0"),
        (
            {"max_copies": -1},
            "max_copies must be a whole number of at least 0, or None for no bound, got -1",
        ),
        ({"augmenter": "wild"}, "augmenter must be one of light, strong, trivial, got 'wild'"),
        ({"merge": {"pet": ["cat", "cow"]}}, "cow"),
        ({"merge": {"pet": ["cat"], "beast": ["cat", "dog"]}}, "two sets"),
        ({"augmenter": lambda image: image[1:]}, "augmenter must keep the shape"),
        ({"image_shape": (9, 15, 3)}, "image_shape"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    X, y = make_images({"cat": 3, "dog": 8})
    with pytest.raises((ValueError, TypeError), match=message):
        AugmentingOverSampler(**changes).fit_resample(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((4, 7500), np.uint8), [0, 0, 0, 1], r"for example image_shape=\(50, 50, 3\)"),
        (np.zeros((4, 5, 8), np.uint8), [0, 0, 1], "inconsistent numbers of samples"),
        (np.zeros((4, 5, 8), np.uint8), [0, np.nan, 0, 1], "NaN"),
        (np.zeros((4, 5, 8, 2), np.uint8), [0, 0, 0, 1], "1, 3 or 4 channels"),
        (np.zeros((4, 5, 8), np.uint8), [0, 0, 0, 0], "more than 1 class"),
        (np.full((4, 5, 8), 200.0), [0, 0, 0, 1], r"divide floats .* by 255"),
        (np.full((4, 5, 8), np.nan), [0, 0, 0, 1], "finite"),
    ],
)
def test_bad_input_is_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        AugmentingOverSampler().fit_resample(X, y)


def test_images_of_another_dtype_are_refused_by_name():
    with pytest.raises(TypeError, match="got int64"):
        AugmentingOverSampler().fit_resample(np.zeros((4, 5, 8), int), [0, 0, 0, 1])
