"""MergedClassifier inside scikit-learn's meta-estimators: right, or refused loudly."""

import numpy as np
import pytest
import sklearn
from imblearn.ensemble import BalancedBaggingClassifier
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklmerge import LabelMerger, MergedClassifier

X, CODES = make_classification(
    200,
    6,
    n_informative=5,
    n_redundant=0,
    n_classes=4,
    n_clusters_per_class=1,
    class_sep=3,
    random_state=1,
)
Y = np.array(["A", "B", "C", "D"])[CODES]
MERGE = {"AB": ["A", "B"]}
INSIDE = r"put the meta-estimator inside this estimator"


def make_model(merge, **settings):
    defaults = {"estimator": GaussianNB(), "refiner": GaussianNB(), "output": "original"}
    return MergedClassifier(merge=merge, **defaults | settings)


def test_a_grid_over_merge_compares_every_map_on_the_same_labels():
    grid = {"merge": [None, MERGE, [["A", "B"], ["C", "D"]], LabelMerger([["A", "C"]])]}
    search = GridSearchCV(make_model(None), grid, cv=3, error_score="raise").fit(X, Y)
    for merge, score in zip(grid["merge"], search.cv_results_["mean_test_score"], strict=True):
        assert score == cross_val_score(make_model(merge), X, Y, cv=3).mean()
    assert set(search.predict(X)) == set(Y)


def test_a_grid_reaches_estimator_and_refiner():
    grid = {"estimator__var_smoothing": [1e-9, 1e-2], "refiner__var_smoothing": [1e-9]}
    search = GridSearchCV(make_model(MERGE), grid, cv=3, error_score="raise").fit(X, Y)
    assert search.best_estimator_.refiners_["AB"].var_smoothing == 1e-9


def test_merged_output_scores_itself_by_default():
    scores = cross_val_score(make_model(MERGE, output="merged"), X, Y, cv=3, error_score="raise")
    assert scores.mean() > 0.8


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration_of_original_output_is_right_or_refused(ensemble):
    model = CalibratedClassifierCV(make_model(MERGE), cv=3, ensemble=ensemble)
    if ensemble:
        assert model.fit(X, Y).score(X, Y) > 0.8
        assert model.predict_proba(X).shape == (200, 4)
    else:
        with pytest.raises(ValueError, match=INSIDE):
            model.fit(X, Y)


def test_calibration_belongs_inside():
    model = MergedClassifier(CalibratedClassifierCV(GaussianNB(), cv=3), MERGE).fit(X, Y)
    merged = np.where(CODES < 2, "AB", Y)
    alone = CalibratedClassifierCV(GaussianNB(), cv=3).fit(X, merged)
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
    model.set_params(refiner=CalibratedClassifierCV(GaussianNB(), cv=3), output="original")
    P = model.fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(P[:, :2].sum(axis=1), alone.predict_proba(X)[:, 0])
    assert model.score(X, Y) > 0.8


def make_ensembles(model):
    members = [("merged", model), ("tree", DecisionTreeClassifier(random_state=0))]
    return [
        VotingClassifier(members, voting="soft"),
        VotingClassifier(members),
        StackingClassifier(members, cv=3),
        BaggingClassifier(model, n_estimators=2, random_state=0),
        VotingClassifier([("nested", make_pipeline(StandardScaler(), model))]),
    ]


ENSEMBLES = range(len(make_ensembles(None)))


@pytest.mark.parametrize("index", ENSEMBLES)
def test_a_map_of_text_is_refused_where_classes_are_numbered(index):
    with pytest.raises(ValueError, match=r"y holds 0..3, as it does inside meta-estimators"):
        make_ensembles(make_model(MERGE))[index].fit(X, Y)


@pytest.mark.parametrize("index", ENSEMBLES)
@pytest.mark.parametrize("shift", [0, 1, 5])
def test_a_map_of_some_integers_is_refused_where_classes_are_numbered(index, shift):
    model = make_model({shift + 1: [shift + 1, shift + 2]})
    with pytest.raises(ValueError, match=r"merge must name every class if labels are numbers"):
        make_ensembles(model)[index].fit(X, CODES + shift)


@pytest.mark.parametrize("index", ENSEMBLES)
def test_a_map_of_all_integers_is_right_where_numbering_changes_nothing(index):
    model = make_model({0: [0], 1: [1, 2], 3: [3]})
    ensemble = make_ensembles(model)[index].fit(X, CODES)
    assert ensemble.score(X, CODES) > 0.8


@pytest.mark.parametrize("index", ENSEMBLES)
def test_a_map_of_all_integers_is_refused_where_numbering_changes_them(index):
    for merge in ({2: [2, 1], 3: [3], 4: [4]}, LabelMerger([[1, 2]], classes=[1, 2, 3, 4])):
        with pytest.raises(ValueError, match=r"merge must name every class") as caught:
            make_ensembles(make_model(merge))[index].fit(X, CODES + 1)
        assert "0, 1, 2, 3" not in str(caught.value)


def test_missing_labels_do_not_make_a_map_of_numbers_safe():
    merger = LabelMerger({0: [0], 1: [1, 3], 2: [2], 4: [4]}, missing="ignore")
    codes = np.array([0, 1, 3, 4])[CODES]
    assert make_model(merger).fit(X, codes).score(X, codes) > 0.8
    with pytest.raises(ValueError, match=r"y must have every class that merge names"):
        VotingClassifier([("merged", make_model(merger))]).fit(X, codes)


def test_counting_alone_is_right_under_any_names():
    y = np.where(Y == "D", "C", Y).astype("U5")
    y[:4], y[4:8] = "rare1", "rare2"
    merger = LabelMerger(min_count=5, rare_label=-1)
    ensemble = VotingClassifier([("merged", make_model(merger, refiner="prior"))]).fit(X, y)
    assert ensemble.estimators_[0].merger_.members_[-1] == [3, 4]
    with pytest.raises(ValueError, match=r"merge must name every class"):
        VotingClassifier([("m", make_model(merger.set_params(rare_label=0)))]).fit(X, y)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_cross_val_predict_of_probabilities_is_right_or_refused(backend):
    labels = CODES + 3
    complete = make_model(LabelMerger({4: [4, 5]}, classes=[3, 4, 5, 6]))
    with parallel_config(backend=backend, n_jobs=2):
        assert np.mean(cross_val_predict(complete, X, labels, cv=3) == labels) > 0.8
        with pytest.raises(ValueError, match=r"merge must name every class"):
            cross_val_predict(complete, X, labels, cv=3, method="predict_proba")
        with pytest.raises(ValueError, match=INSIDE):
            cross_val_predict(make_model(MERGE), X, Y, cv=3, method="predict_proba")
        harmless = make_model({0: [0], 1: [1, 2], 3: [3]})
        P = cross_val_predict(harmless, X, CODES, cv=3, method="predict_proba")
    assert np.mean(P.argmax(axis=1) == CODES) > 0.8


def test_a_map_that_changes_no_label_is_harmless():
    for merge in ({2: [2]}, {0: [0], 1: [1], 2: [2], 3: [3]}):
        model = make_model(merge, refiner="prior")
        P = cross_val_predict(model, X, CODES + 1, cv=3, method="predict_proba")
        assert np.mean(P.argmax(axis=1) == CODES) > 0.8


def test_numbers_need_a_full_map_outside_of_meta_estimators_too():
    with pytest.raises(ValueError, match=r"merge must name every class") as caught:
        make_model({1: [1, 2]}).fit(X, CODES)
    assert "classes=[0" not in str(caught.value)
    model = make_model(LabelMerger({1: [1, 2]}, classes=range(4))).fit(X, CODES)
    assert model.score(X, CODES) > 0.8


def test_a_balanced_bag_is_right_or_refused():
    bag = BalancedBaggingClassifier(make_model(MERGE), n_estimators=2, random_state=0)
    with pytest.raises(ValueError, match=INSIDE):
        bag.fit(X, Y)
    around = make_model(MERGE, estimator=bag.set_params(estimator=GaussianNB()))
    assert around.fit(X, Y).score(X, Y) > 0.8


def test_a_frozen_ensemble_is_no_way_round():
    model = make_model({0: [0], 1: [1, 2], 3: [3]})
    frozen = FrozenEstimator(VotingClassifier([("m", model)], voting="soft"))
    frozen.estimator.fit(X, CODES)
    assert CalibratedClassifierCV(frozen).fit(X, CODES).score(X, CODES) > 0.8
    with pytest.raises(ValueError, match=r"merge must name every class"):
        FrozenEstimator(VotingClassifier([("m", make_model({1: [1, 2]}))]).fit(X, CODES + 1))


class Numbering(ClassifierMixin, BaseEstimator):
    """A meta-estimator of a house of its own, which numbers the classes before it fits."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(X, codes)
        return self

    def predict(self, X):
        return self.classes_[self.estimator_.predict(X)]


def test_a_house_made_meta_estimator_is_no_way_round():
    for merge, labels in (({1: [1, 2]}, CODES + 1), (MERGE, Y)):
        with pytest.raises(ValueError, match=r"inside this estimator"):
            Numbering(make_model(merge)).fit(X, labels)
    model = Numbering(make_model({0: [0], 1: [1, 2], 3: [3]})).fit(X, CODES)
    assert model.score(X, CODES) > 0.8


def test_meta_estimators_belong_inside():
    inner = VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft")
    model = MergedClassifier(inner, MERGE, refiner=GaussianNB(), output="original").fit(X, Y)
    assert model.score(X, Y) > 0.8
    assert model.classes_.tolist() == ["A", "B", "C", "D"]


def test_metadata_goes_to_whoever_requested_it():
    weights = np.linspace(1, 2, 200)
    with sklearn.config_context(enable_metadata_routing=True):
        wants = GaussianNB().set_fit_request(sample_weight=True)
        ignores = GaussianNB().set_fit_request(sample_weight=False)
        weighted = GaussianNB().fit(X, np.where(CODES < 2, "AB", Y), sample_weight=weights)
        for refiner in (ignores, {"AB": ignores}, {"C": "prior", "AB": ignores}):
            model = MergedClassifier(wants, MERGE, refiner=refiner, output="original")
            model.fit(X, Y, sample_weight=weights)
            np.testing.assert_array_equal(model.estimator_.theta_, weighted.theta_)
            plain = GaussianNB().fit(X[CODES < 2], Y[CODES < 2])
            np.testing.assert_array_equal(model.refiners_["AB"].theta_, plain.theta_)
        model = MergedClassifier(ignores, MERGE, refiner=wants).fit(X, Y, sample_weight=weights)
        rows = CODES < 2
        refined = GaussianNB().fit(X[rows], Y[rows], sample_weight=weights[rows])
        np.testing.assert_array_equal(model.refiners_["AB"].theta_, refined.theta_)
        with pytest.raises(ValueError, match=r"not explicitly set as requested"):
            MergedClassifier(GaussianNB(), MERGE).fit(X, Y, sample_weight=weights)
        scores = cross_val_score(
            MergedClassifier(wants, MERGE).set_score_request(sample_weight=True),
            X,
            Y,
            params={"sample_weight": weights},
            error_score="raise",
        )
        assert scores.mean() > 0.8


def test_parameters_of_fit_reach_the_steps_of_a_pipeline():
    weights = np.linspace(1, 2, 200)
    pipeline = make_pipeline(StandardScaler(), GaussianNB())
    model = MergedClassifier(pipeline, MERGE).fit(X, Y, gaussiannb__sample_weight=weights)
    plain = MergedClassifier(pipeline, MERGE).fit(X, Y)
    assert (model.estimator_[-1].theta_ != plain.estimator_[-1].theta_).any()
