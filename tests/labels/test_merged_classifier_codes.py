"""MergedClassifier around estimators that want class numbers, columns or validation sets."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import LabelMerger, MergedClassifier

CODES = np.repeat(np.arange(4), 30)
X = np.random.default_rng(0).normal(size=(120, 3)) + 3 * CODES[:, None]
Y = np.array(list("abcd"))[CODES]
TEXT = {"cd": ["c", "d"]}
GAPS = LabelMerger({20: [20, 30]}, classes=[0, 10, 20, 30])


class Strict(ClassifierMixin, BaseEstimator):
    """Takes the numbers 0..k-1 alone, as boosters do, and predicts a column of floats."""

    def fit(self, X, y, sample_weight=None):
        if np.unique(y).tolist() != list(range(len(np.unique(y)))):
            raise ValueError("codes are wanted")
        self.model_ = GaussianNB().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X).astype(float)[:, None]

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


class Hard(Strict):
    predict_proba = property()


def make_boosters():
    yield "strict", Strict()
    xgboost = pytest.importorskip("xgboost")
    yield "xgboost", xgboost.XGBClassifier(n_estimators=3)
    catboost = pytest.importorskip("catboost")
    yield (
        "catboost",
        catboost.CatBoostClassifier(n_estimators=5, verbose=0, allow_writing_files=False),
    )
    lightgbm = pytest.importorskip("lightgbm")
    yield "lightgbm", lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=5, verbose=-1)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(("y", "merge"), [(Y, TEXT), (10 * CODES, GAPS), (pd.Series(Y), TEXT)])
def test_boosters_work_with_merged_names_and_gaps(place, y, merge):
    _, booster = list(make_boosters())[place]
    model = MergedClassifier(booster, merge, encode_labels=True).fit(X, y)
    names = LabelMerger(merge).fit(Y).merged_classes_ if merge is TEXT else np.array([0, 10, 20])
    assert model.classes_.tolist() == list(names)
    assert model.predict(X).shape == (120,)
    assert set(model.predict(X).tolist()) <= set(names.tolist())
    assert model.score(X, y) > 0.9
    model.set_params(refiner=booster, output="original").fit(X, y)
    assert model.predict_proba(X).shape == (120, 4)
    assert_array_equal(model.classes_, np.unique(y))
    assert cross_val_score(model, X, y, cv=3, error_score="raise").mean() > 0.7


@pytest.mark.parametrize(("estimator", "refiner"), [(Strict(), None), (GaussianNB(), Strict())])
def test_an_estimator_that_wants_codes_and_gets_labels_leads_to_them(estimator, refiner):
    with pytest.raises(ValueError, match="codes") as caught:
        MergedClassifier(estimator, TEXT, refiner=refiner).fit(X, Y)
    assert "pass encode_labels=True" in caught.value.__notes__[0]
    # What is wrong with X, or what scikit-learn's own refuse, is another matter.
    with pytest.raises(ValueError, match="NaN") as caught:
        MergedClassifier(GaussianNB(), TEXT).fit(X * np.nan, Y)
    assert not hasattr(caught.value, "__notes__")


def test_numbers_change_nothing_but_what_the_estimator_sees():
    for output in ("merged", "original"):
        options = {"merge": TEXT, "refiner": GaussianNB(), "output": output}
        plain = MergedClassifier(GaussianNB(), **options).fit(X, Y)
        coded = MergedClassifier(GaussianNB(), **options, encode_labels=True).fit(X, Y)
        assert_array_equal(coded.estimator_.classes_, [0, 1, 2])
        assert_array_equal(coded.predict(X), plain.predict(X))
        assert_allclose(coded.predict_proba(X), plain.predict_proba(X))


def test_columns_are_predictions_too_without_probabilities():
    model = MergedClassifier(Hard(), TEXT, refiner=Hard(), output="original", encode_labels=True)
    assert np.mean(model.fit(X, Y).predict(X) == Y) > 0.9
    assert not hasattr(model, "predict_proba")


class Watched(GaussianNB):
    def fit(self, X, y, eval_set=None, y_val=None):
        self.seen_ = [np.asarray(pair[1]).tolist() for pair in eval_set or []]
        self.y_val_ = y_val
        return super().fit(X, y)


@pytest.mark.parametrize(("coded", "expected"), [(False, ["a", "cd"]), (True, [0, 2])])
def test_a_validation_set_is_merged_as_y_is(coded, expected):
    model = MergedClassifier(Watched(), TEXT, encode_labels=coded)
    model.fit(X, Y, eval_set=[(X[[0, 119]], ["a", "d"])], y_val=["a", "c"])
    assert model.estimator_.seen_ == [expected]
    assert np.asarray(model.estimator_.y_val_).tolist() == expected
    pipeline = MergedClassifier(
        make_pipeline(StandardScaler(), Watched()), TEXT, encode_labels=coded
    )
    pipeline.fit(X, Y, watched__eval_set=[(X[[0, 119]], ["a", "d"])])
    assert pipeline.estimator_[-1].seen_ == [expected]
    with pytest.raises(TypeError, match=r"eval_set must be \(X, y\) or a list of such pairs"):
        model.fit(X, Y, eval_set="pool")
    with pytest.raises(ValueError, match=r"unknown to this LabelMerger: 'z'"):
        model.fit(X, Y, eval_set=[(X[:1], ["z"])])


def test_a_prior_counts_weights_as_rows():
    weights = np.random.default_rng(0).integers(0, 5, 120)
    for coded in (False, True):
        model = MergedClassifier(
            LogisticRegression(), TEXT, refiner="prior", output="original", encode_labels=coded
        )
        weighted = model.fit(X, Y, sample_weight=weights).predict_proba(X)
        frequencies = model.class_frequencies_
        repeated = model.fit(np.repeat(X, weights, axis=0), np.repeat(Y, weights))
        assert frequencies == repeated.class_frequencies_
        assert_allclose(weighted, repeated.predict_proba(X), atol=1e-4)
    none = model.fit(X, Y, sample_weight=(Y != "d").astype(float)).predict_proba(X)
    assert_array_equal(none[:, 3], 0)


def test_the_hard_stage_without_refiners_takes_the_member_of_most_weight():
    model = MergedClassifier(Hard(), TEXT, refiner="prior", output="original", encode_labels=True)
    weights = np.where(Y == "d", 5.0, 1.0)
    assert "c" not in model.fit(X, Y, sample_weight=weights).predict(X)
    assert "d" not in model.fit(X, Y, sample_weight=1 / weights).predict(X)


def test_a_decision_function_is_told_of_before_fit_by_the_map_alone():
    def has(merge, **options):
        return hasattr(
            MergedClassifier(LogisticRegression(), merge, **options), "decision_function"
        )

    assert has(TEXT)
    assert not has(TEXT, output="original", refiner="prior")
    assert has({"x": ["a"]}, output="original")
    assert not has(LabelMerger(min_count=5), output="original")


def test_a_flag_is_a_flag():
    with pytest.raises(TypeError, match=r"encode_labels must be True or False, got 'yes'"):
        MergedClassifier(GaussianNB(), encode_labels="yes").fit(X, Y)
