"""BalancingSampler brings every class to its number, down as well as up."""

from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklmerge import AugmentingOverSampler, BalancingSampler, HOGFeatures, ImageIndex

COUNTS = {"cat": 4, "dog": 9, "bird": 20}
Y = np.random.default_rng(0).permutation(np.repeat(list(COUNTS), list(COUNTS.values())))
X = np.random.default_rng(1).integers(0, 256, (len(Y), 9, 14, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("samples_per_class", "expected"),
    [
        ("majority", {"cat": 20, "dog": 20, "bird": 20}),
        ("minority", {"cat": 4, "dog": 4, "bird": 4}),
        (10, {"cat": 10, "dog": 10, "bird": 10}),
        ({"cat": 6, "dog": 9, "bird": 1}, {"cat": 6, "dog": 9, "bird": 1}),
    ],
    ids=str,
)
def test_every_class_gets_its_number(samples_per_class, expected):
    sampler = BalancingSampler(samples_per_class, random_state=0)
    X_new, y_new = sampler.fit_resample(X, Y)
    assert Counter(y_new.tolist()) == expected == sampler.samples_per_class_
    rows, is_augmented = sampler.sample_indices_, sampler.is_augmented_
    assert_array_equal(y_new, Y[rows])
    assert_array_equal(X_new[~is_augmented], X[rows[~is_augmented]])
    assert (X_new[is_augmented] != X[rows[is_augmented]]).any(axis=(1, 2, 3)).all()
    for label, n in expected.items():
        kept = rows[~is_augmented & (y_new == label)]
        assert len(set(kept.tolist())) == len(kept) == min(n, COUNTS[label])
        assert np.ptp(np.bincount(rows, minlength=len(Y))[label == Y]) <= 1


def test_copies_are_those_of_the_over_sampler():
    over = AugmentingOverSampler(random_state=5).fit_resample(X, Y)
    assert_array_equal(over[0], BalancingSampler(random_state=5).fit_resample(X, Y)[0])


@given(
    counts=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    target=st.integers(1, 12),
    max_copies=st.none() | st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_no_source_has_more_copies_than_allowed(counts, target, max_copies):
    y = np.repeat([f"class {place}" for place in range(len(counts))], counts)
    sampler = BalancingSampler(target, augmenter=None, max_copies=max_copies, random_state=1)
    _, y_new = sampler.fit_resample(np.arange(len(y))[:, None], y)
    found = Counter(y_new.tolist())
    for label, n in Counter(y.tolist()).items():
        most = target if max_copies is None else n * (1 + max_copies)
        assert found[label] == min(target, most)
    assert_array_equal(sampler.is_augmented_, False)


def test_merged_classes_get_one_number_and_stay_apart():
    for within, expected in (("natural", None), ("balanced", {"cat": 3, "dog": 3, "bird": 6})):
        sampler = BalancingSampler(
            6, merge={"pet": ["cat", "dog"]}, within_merged=within, random_state=0
        )
        counts = Counter(sampler.fit_resample(X, Y)[1].tolist())
        assert counts["cat"] + counts["dog"] == counts["bird"] == 6
        assert expected is None or counts == expected
        assert sampler.samples_per_class_ == {"pet": 6, "bird": 6}


def test_paths_and_an_index_are_taken_by_rows(tmp_path):
    for row, (image, label) in enumerate(zip(X, Y, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / label / f"{row}.png"), image)
    index = ImageIndex(tmp_path)
    paths = [str(path) for path in index.paths]
    labels = index.labels
    plain = BalancingSampler(6, augmenter=None, random_state=0)
    expected = plain.fit_resample(np.arange(len(labels))[:, None], labels)[0][:, 0]
    for container in (paths, np.array(paths), pd.Series(paths)):
        taken, y_new = plain.fit_resample(container, labels)
        assert list(taken) == [paths[row] for row in expected]
        assert_array_equal(y_new, labels[expected])
    taken, y_new = plain.fit_resample(index, labels)
    assert isinstance(taken, ImageIndex)
    assert [str(path) for path in taken.paths] == [paths[row] for row in expected]
    assert_array_equal(y_new, taken.labels)
    down = BalancingSampler("minority", random_state=0)
    kept, _ = down.fit_resample(paths, labels)
    assert len(kept) == 12
    with pytest.raises(TypeError, match=r"augmenter must be None for X of paths .* 2 copies"):
        BalancingSampler(6, random_state=0).fit_resample(paths, labels)


def test_it_works_in_a_pipeline_under_a_grid_search():
    features = HOGFeatures(pixels_per_cell=(4, 4), cells_per_block=(1, 1))
    pipeline = make_pipeline(BalancingSampler(random_state=0), features, LogisticRegression())
    grid = GridSearchCV(pipeline, {"balancingsampler__samples_per_class": [3, "majority"]}, cv=2)
    assert set(grid.fit(X, Y).predict(X)) <= set(COUNTS)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (
            {"samples_per_class": "most"},
            ValueError,
            "'natural', .* got 'most'",
        ),
        ({"samples_per_class": 0}, ValueError, "a whole number of at least 1, a mapping .* got 0"),
        (
            {"samples_per_class": 2.5},
            TypeError,
            "at least 1, a mapping .* got 2.5",
        ),
        ({"samples_per_class": {"cat": 3}}, ValueError, "must name each class, 'bird', 'cat'"),
        ({"max_copies": -1}, ValueError, "max_copies must be a whole number of at least 0"),
        ({"within_merged": "even"}, ValueError, "within_merged must be 'natural' or 'balanced'"),
        ({"merge": {"pet": ["cow"]}}, ValueError, "cow"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(params, error, message):
    with pytest.raises(error, match=message):
        BalancingSampler(**params).fit_resample(X, Y)


def test_numbers_of_classes_inside_a_meta_estimator_are_not_taken_for_others():
    # As VotingClassifier gives them where labels are 1, 2, 3.
    numbered = np.unique(Y, return_inverse=True)[1]
    for params in (
        {"samples_per_class": {1: 3, 2: 4, 3: 5}},
        {"merge": {1: [1, 2]}},
        {"augmenter": {1: "light", 2: "light"}},
    ):
        with pytest.raises(ValueError, match=r"must name e|y must have every class"):
            BalancingSampler(**params).fit_resample(X, numbered)
