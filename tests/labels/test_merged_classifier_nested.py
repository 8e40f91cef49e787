"""MergedClassifier inside scikit-learn's meta-estimators: right, or refused loudly."""

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
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


def make_model(merge, **settings):
    return MergedClassifier(
        GaussianNB(), merge, **{"refiner": GaussianNB(), "output": "original"} | settings
    )


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
        with pytest.raises(ValueError, match=r"put MergedClassifier around those"):
            model.fit(X, Y)


def test_calibration_of_merged_output_is_refused_outside_and_works_inside():
    outside = CalibratedClassifierCV(make_model(MERGE, output="merged"), cv=3)
    with pytest.raises(ValueError, match=r"output must be \"original\" inside a meta-estimator"):
        outside.fit(X, Y)
    inside = MergedClassifier(CalibratedClassifierCV(GaussianNB(), cv=3), MERGE).fit(X, Y)
    assert inside.predict_proba(X).shape == (200, 3)


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
    with pytest.raises(ValueError, match=r"y holds the numbers 0..3, as it does inside meta-est"):
        make_ensembles(make_model(MERGE))[index].fit(X, Y)


@pytest.mark.parametrize("index", ENSEMBLES)
@pytest.mark.parametrize("shift", [0, 1, 5])
def test_a_map_of_some_integers_is_refused_where_classes_are_numbered(index, shift):
    model = make_model({shift + 1: [shift + 1, shift + 2]})
    with pytest.raises(ValueError, match=r"numbers 0..\d, as it does inside meta-estimators"):
        make_ensembles(model)[index].fit(X, CODES + shift)


@pytest.mark.parametrize("index", ENSEMBLES)
def test_a_map_of_all_integers_is_right_where_numbering_changes_nothing(index):
    model = make_model({0: [0], 1: [1, 2], 3: [3]})
    ensemble = make_ensembles(model)[index].fit(X, CODES)
    assert ensemble.score(X, CODES) > 0.8


@pytest.mark.parametrize("index", ENSEMBLES)
def test_merged_output_is_refused_where_it_is_taken_for_classes_of_y(index):
    model = make_model({0: [0], 1: [1, 2], 3: [3]}, output="merged")
    with pytest.raises(ValueError, match=r"'merged' gives 0, 1, 3 for y of 0, 1, 2, 3"):
        make_ensembles(model)[index].fit(X, CODES)


@pytest.mark.parametrize("index", ENSEMBLES)
def test_a_map_of_all_integers_is_refused_where_numbering_changes_them(index):
    model = make_model({2: [2, 1], 3: [3], 4: [4]})
    with pytest.raises(ValueError, match=r"merge lists labels that y lacks: 4"):
        make_ensembles(model)[index].fit(X, CODES + 1)


def test_missing_labels_do_not_make_a_map_of_numbers_safe():
    merger = LabelMerger({0: [0], 1: [1, 2], 3: [3], 4: [4]}, missing="ignore")
    codes = np.array([0, 1, 3, 4])[CODES]
    with pytest.raises(ValueError, match=r"merge must list every class of y here"):
        VotingClassifier([("merged", make_model(merger))]).fit(X, codes)


def test_counting_alone_is_right_under_any_names():
    y = np.where(Y == "D", "C", Y).astype("U5")
    y[:4], y[4:8] = "rare1", "rare2"
    merger = LabelMerger(min_count=5, rare_label=-1)
    ensemble = VotingClassifier([("merged", make_model(merger, refiner="prior"))]).fit(X, y)
    assert ensemble.estimators_[0].merger_.members_[-1] == [3, 4]
    with pytest.raises(ValueError, match=r"merge must list every class of y here"):
        VotingClassifier([("m", make_model(merger.set_params(rare_label=0)))]).fit(X, y)


def test_cross_val_predict_numbers_classes_for_probabilities_only():
    model = make_model({1: [1, 2]})
    assert cross_val_predict(model, X, CODES, cv=3).shape == (200,)
    with pytest.raises(ValueError, match=r"merge must list every class of y here"):
        cross_val_predict(model, X, CODES, cv=3, method="predict_proba")


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_know_too_who_is_calling(backend):
    model = make_model({1: [1, 2]})
    with parallel_config(backend=backend, n_jobs=2):
        scores = cross_val_score(model, X, CODES, cv=3, error_score="raise")
        assert scores.mean() > 0.8
        with pytest.raises(ValueError, match=r"merge must list every class of y here"):
            VotingClassifier([("a", model), ("b", model)]).fit(X, CODES)
        with pytest.raises(ValueError, match=r"merge must list every class of y here"):
            cross_val_predict(model, X, CODES, cv=3, method="predict_proba")


def test_integers_need_no_full_map_outside_such_estimators():
    model = make_model({1: [1, 2]}).fit(X, CODES)
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
        for refiner in (ignores, {"AB": ignores}):
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
