"""MergedClassifier against the bare estimator and models put together by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklmerge import LabelMerger, MergedClassifier

NAMES = np.array(["A", "B", "C", "D"])
X, CODES = make_classification(
    240,
    6,
    n_informative=5,
    n_redundant=0,
    n_classes=4,
    weights=[0.4, 0.1, 0.3, 0.2],
    random_state=0,
)
Y = NAMES[CODES]
MERGE = {"AB": ["A", "B"]}
IN_AB = np.isin(Y, ["A", "B"])
MERGED_Y = np.where(IN_AB, "AB", Y)


@pytest.mark.parametrize("output", ["merged", "original"])
@pytest.mark.parametrize("y", [Y, CODES, pd.Series(Y), Y.tolist(), CODES > 1])
@pytest.mark.parametrize(
    "estimator", [GaussianNB(), LinearSVC(), DecisionTreeClassifier(random_state=0)]
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_without_a_map_it_is_the_bare_estimator(estimator, y, output):
    model = MergedClassifier(estimator, output=output).fit(X, y)
    bare = clone(estimator).fit(X, y)
    assert_array_equal(model.predict(X), bare.predict(X))
    assert model.predict(X).dtype == bare.predict(X).dtype
    assert_array_equal(model.classes_, bare.classes_)
    assert model.score(X, y) == bare.score(X, y)
    for method in ("predict_proba", "decision_function", "predict_log_proba"):
        assert hasattr(model, method) == hasattr(bare, method)
        if hasattr(bare, method):
            assert_array_equal(getattr(model, method)(X), getattr(bare, method)(X))


def test_merged_output_is_the_estimator_on_merged_labels():
    model = MergedClassifier(GaussianNB(), MERGE).fit(X, Y)
    bare = GaussianNB().fit(X, MERGED_Y)
    assert_array_equal(model.predict(X), bare.predict(X))
    assert_array_equal(model.predict_proba(X), bare.predict_proba(X))
    assert model.classes_.tolist() == ["AB", "C", "D"]
    assert model.score(X, Y) == bare.score(X, MERGED_Y)


def test_original_output_is_the_two_stages_by_hand():
    model = MergedClassifier(GaussianNB(), MERGE, refiner=LogisticRegression(), output="original")
    model.fit(X, Y)
    first = GaussianNB().fit(X, MERGED_Y).predict_proba(X)
    second = LogisticRegression().fit(X[IN_AB], Y[IN_AB]).predict_proba(X)
    by_hand = np.column_stack([first[:, [0]] * second, first[:, 1:]])
    assert_allclose(model.predict_proba(X), by_hand, atol=1e-12)
    assert_array_equal(model.predict(X), NAMES[by_hand.argmax(axis=1)])
    assert model.score(X, Y) == np.mean(NAMES[by_hand.argmax(axis=1)] == Y)
    assert_array_equal(model.predict_merged(X), GaussianNB().fit(X, MERGED_Y).predict(X))


def test_prior_splits_by_training_frequency():
    model = MergedClassifier(GaussianNB(), MERGE, refiner="prior", output="original").fit(X, Y)
    first = GaussianNB().fit(X, MERGED_Y).predict_proba(X)
    share_of_a = np.mean(Y[IN_AB] == "A")
    assert_allclose(model.predict_proba(X)[:, 0], first[:, 0] * share_of_a)
    assert_allclose(model.predict_proba(X)[:, 1], first[:, 0] * (1 - share_of_a))
    assert model.refiners_ == {}


def test_predict_may_leave_the_most_probable_merged_class():
    class Fixed(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            return np.tile([0.5, 0.4, 0.1], (len(X), 1))

        def predict(self, X):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    y = ["A", "B", "C", "D"]
    model = MergedClassifier(Fixed(), MERGE, refiner="prior", output="original").fit(X[:4], y)
    assert model.predict_merged(X[:1]).tolist() == ["AB"]
    assert model.predict(X[:1]).tolist() == ["C"]


def test_without_probabilities_it_is_one_stage_after_the_other():
    model = MergedClassifier(LinearSVC(), MERGE, refiner=GaussianNB(), output="original").fit(X, Y)
    by_hand = LinearSVC().fit(X, MERGED_Y).predict(X)
    is_ab = by_hand == "AB"
    by_hand[is_ab] = GaussianNB().fit(X[IN_AB], Y[IN_AB]).predict(X[is_ab])
    assert_array_equal(model.predict(X), by_hand)
    assert not hasattr(model, "predict_proba")
    hard = MergedClassifier(GaussianNB(), MERGE, refiner=LinearSVC(), output="original").fit(X, Y)
    assert not hasattr(hard, "predict_proba")
    assert set(hard.predict(X)) <= set(NAMES)


def test_every_merged_class_may_have_its_own_refiner():
    merge = {"AB": ["A", "B"], "CD": ["C", "D"]}
    refiner = {"AB": GaussianNB(), "CD": "prior"}
    model = MergedClassifier(GaussianNB(), merge, refiner=refiner, output="original").fit(X, Y)
    assert list(model.refiners_) == ["AB"]
    within = model.predict_proba(X)[:, 2:]
    share_of_c = np.sum(Y == "C") / np.sum(~IN_AB)
    assert_allclose(within[:, 0] / within.sum(axis=1), share_of_c)
    with pytest.raises(
        ValueError, match=r"refiner must be keyed by merged classes .* got \['XY'\]"
    ):
        MergedClassifier(GaussianNB(), merge, refiner={"XY": GaussianNB()}).fit(X, Y)


def test_decision_function_is_offered_only_where_its_columns_are_the_classes():
    merged = MergedClassifier(LinearSVC(), MERGE).fit(X, Y)
    assert merged.decision_function(X).shape == (240, 3)
    original = MergedClassifier(LinearSVC(), MERGE, refiner="prior", output="original").fit(X, Y)
    assert not hasattr(original, "decision_function")


def test_a_map_that_swaps_names_gives_them_back():
    swap = {"C": ["D"], "D": ["C"]}
    bare = LogisticRegression().fit(X, Y)
    model = MergedClassifier(LogisticRegression(), swap, output="original").fit(X, Y)
    assert_allclose(model.predict_log_proba(X), bare.predict_log_proba(X), atol=1e-2)
    merged = MergedClassifier(LogisticRegression(), swap).fit(X, Y)
    assert merged.score(X, Y) == pytest.approx(bare.score(X, Y), abs=0.01)


@pytest.mark.parametrize(("labels", "n"), [("ABCD", 4), ("AB", 2)])
def test_a_map_that_only_renames_keeps_every_method_in_the_order_of_classes(labels, n):
    rows = np.isin(Y, list(labels))
    renamed = {f"{9 - i}": [label] for i, label in enumerate(labels)}
    model = MergedClassifier(LogisticRegression(), renamed, output="original").fit(X[rows], Y[rows])
    bare = LogisticRegression().fit(X[rows], Y[rows])
    assert len(bare.classes_) == n
    assert_array_equal(model.predict(X), bare.predict(X))
    assert_allclose(model.predict_proba(X), bare.predict_proba(X), atol=1e-4)
    assert_allclose(model.decision_function(X), bare.decision_function(X), atol=1e-2)


class Recorder(ClassifierMixin, BaseEstimator):
    """Keep what it was fitted on, and predict the first class."""

    def fit(self, X, y, sample_weight=None):
        self.seen_ = (X, y, sample_weight)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], X.shape[0] if hasattr(X, "shape") else len(X))


def test_a_refiner_sees_its_own_rows_as_they_were_given():
    sampler = make_imblearn_pipeline(RandomOverSampler(random_state=0), Recorder())
    model = MergedClassifier(sampler, MERGE, refiner=Recorder()).fit(X, Y)
    assert len(model.estimator_[-1].seen_[0]) == 3 * np.sum(IN_AB)
    seen, labels, weights = model.refiners_["AB"].seen_
    assert_array_equal(seen, X[IN_AB])
    assert_array_equal(labels, Y[IN_AB])
    assert weights is None


def test_weights_go_along_row_by_row_and_only_when_given():
    weights = np.arange(240.0)
    model = MergedClassifier(Recorder(), MERGE, refiner=Recorder()).fit(X, Y, sample_weight=weights)
    assert_array_equal(model.estimator_.seen_[2], weights)
    assert_array_equal(model.refiners_["AB"].seen_[2], weights[IN_AB])
    assert MergedClassifier(Recorder(), MERGE).fit(X, Y).estimator_.seen_[2] is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.random.default_rng(0).integers(0, 256, (240, 5, 7, 3), dtype=np.uint8),
        lambda: [f"img{i}.jpg" for i in range(240)],
        lambda: pd.DataFrame(X, index=np.arange(240)[::-1]),
        lambda: sparse.coo_array(X),
    ],
    ids=["images", "paths", "frame", "sparse"],
)
def test_any_container_of_samples_passes_through(make):
    samples = make()
    model = MergedClassifier(Recorder(), MERGE, refiner=Recorder(), output="original")
    model.fit(samples, Y)
    seen = model.refiners_["AB"].seen_[0]
    assert type(seen) is type(samples) or sparse.issparse(samples)
    assert model.estimator_.seen_[0] is samples
    assert (seen.shape[0] if hasattr(seen, "shape") else len(seen)) == np.sum(IN_AB)
    assert set(model.predict(samples)) <= {"A", "B"}


def test_images_are_classified_by_feature_pipelines_in_both_stages():
    images = np.zeros((240, 5, 7), dtype=np.uint8)
    images += CODES[:, None, None].astype(np.uint8) * 50
    flat = FunctionTransformer(lambda batch: batch.reshape(len(batch), -1) / 255)
    means = FunctionTransformer(lambda batch: batch.mean(axis=(1, 2))[:, None])
    model = MergedClassifier(
        make_pipeline(flat, GaussianNB()),
        MERGE,
        refiner=make_pipeline(means, DecisionTreeClassifier()),
        output="original",
    )
    assert model.fit(images, Y).score(images, Y) == 1


def test_a_member_that_is_left_alone_has_probability_one_and_a_warning():
    rows = Y != "B"
    merger = LabelMerger(MERGE, missing="ignore")
    model = MergedClassifier(GaussianNB(), merger, refiner=GaussianNB(), output="original")
    with pytest.warns(UserWarning, match=r"'AB' has only 'A' of 'A', 'B' in this y"):
        model.fit(X[rows], Y[rows])
    assert model.classes_.tolist() == ["A", "C", "D"]
    assert_array_equal(model.predict_proba(X), model.estimator_.predict_proba(X))
    assert set(model.predict(X)) <= {"A", "C", "D"}


def test_labels_that_fit_did_not_see_count_as_misses_in_score():
    rows = Y != "D"
    for output in ("merged", "original"):
        model = MergedClassifier(GaussianNB(), MERGE, refiner="prior", output=output)
        model.fit(X[rows], Y[rows])
        assert model.score(X[~rows], Y[~rows]) == 0


def test_a_merger_given_is_cloned_not_fitted():
    merger = LabelMerger(MERGE)
    model = MergedClassifier(GaussianNB(), merger).fit(X, Y)
    assert not hasattr(merger, "mapping_")
    assert model.merger_.members_["AB"] == ["A", "B"]


def test_it_is_cloned_pickled_and_refitted():
    model = MergedClassifier(GaussianNB(), MERGE, refiner=GaussianNB(), output="original")
    model.set_params(estimator__var_smoothing=1e-6, refiner__var_smoothing=1e-5)
    assert model.refiner.var_smoothing == 1e-5
    fitted = clone(model).fit(X, Y)
    assert not hasattr(model, "merger_")
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert fitted.set_params(output="merged").fit(X, Y).classes_.tolist() == ["AB", "C", "D"]
    assert again.set_params(output="merged").classes_.tolist() == ["AB", "C", "D"]
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"output": "fine"}, r"output must be 'merged' or 'original', got 'fine'"),
        ({"refiner": "posterior"}, r'refiner must be a classifier or "prior", got \'posterior\''),
        ({"output": "original"}, r"refiner is needed .* have several members: 'AB'"),
    ],
)
def test_settings_in_conflict_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        MergedClassifier(GaussianNB(), MERGE, **settings).fit(X, Y)


def test_original_labels_without_a_refiner_are_an_error_at_predict_too():
    with pytest.raises(ValueError, match=r"refiner is needed"):
        MergedClassifier(GaussianNB(), MERGE).fit(X, Y).predict_original(X)


def test_a_table_of_labels_is_an_error_and_a_column_a_warning():
    with pytest.raises(ValueError, match=r"one class a sample, got \(240, 2\); .* use LabelMerger"):
        MergedClassifier(GaussianNB()).fit(X, np.ones((240, 2), dtype=int))
    with pytest.warns(DataConversionWarning, match=r"A column-vector y was passed"):
        MergedClassifier(GaussianNB()).fit(X, Y[:, None])
