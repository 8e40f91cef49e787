"""merged_scorer against scikit-learn's scores on labels merged by hand."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.feature_selection import RFECV
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklmerge import LabelMerger, MergedClassifier, merged_scorer

X, CODES = make_classification(
    200, 6, n_informative=4, n_classes=4, weights=[0.4, 0.1, 0.3, 0.2], random_state=2
)
Y = np.array(["A", "B", "C", "D"])[CODES]
MERGE = {"AB": ["A", "B"]}


def merge(labels):
    return np.where(np.isin(labels, ["A", "B"]), "AB", labels)


def test_predictions_of_original_labels_are_merged_before_they_are_scored():
    model = GaussianNB().fit(X, Y)
    score = merged_scorer("balanced_accuracy", MERGE)(model, X, Y)
    assert score == balanced_accuracy_score(merge(Y), merge(model.predict(X)))


@pytest.mark.parametrize(
    "wrap", [lambda model: model, lambda model: make_pipeline(StandardScaler(), model)]
)
@pytest.mark.parametrize("output", ["merged", "original"])
def test_a_merged_classifier_is_scored_right_at_either_output(output, wrap):
    model = wrap(MergedClassifier(GaussianNB(), MERGE, refiner="prior", output=output)).fit(X, Y)
    score = merged_scorer("f1_macro", MERGE)(model, X, Y)
    assert score == f1_score(merge(Y), merge(model.predict(X)), average="macro")


def test_probabilities_are_summed_over_members():
    model = GaussianNB().fit(X, Y)
    P = model.predict_proba(X)
    merged = np.column_stack([P[:, 0] + P[:, 1], P[:, 2:]])
    score = merged_scorer("neg_log_loss", MERGE)(model, X, Y)
    assert score == pytest.approx(-log_loss(merge(Y), merged))


def test_two_merged_classes_are_scored_as_binary():
    pairs = {0: [0, 1], 1: [2, 3]}
    model = LogisticRegression().fit(X, CODES)
    score = merged_scorer("roc_auc", pairs)(model, X, CODES)
    assert score == pytest.approx(
        roc_auc_score(CODES > 1, model.predict_proba(X)[:, 2:].sum(axis=1))
    )


def test_a_decision_function_serves_only_where_classes_stay():
    svc = LinearSVC().fit(X, CODES > 1)
    assert merged_scorer("roc_auc", None)(svc, X, CODES > 1) > 0.5
    merged = MergedClassifier(LinearSVC(), {0: [0, 1], 1: [2, 3]}).fit(X, CODES)
    assert merged_scorer("roc_auc", {0: [0, 1], 1: [2, 3]})(merged, X, CODES) > 0.5
    with pytest.raises(AttributeError, match=r"has none of the following attributes"):
        merged_scorer("roc_auc", {0: [0, 1], 1: [2, 3]})(LinearSVC().fit(X, CODES), X, CODES)


def test_weights_reach_the_score():
    model, weights = GaussianNB().fit(X, Y), np.arange(200.0)
    score = merged_scorer("balanced_accuracy", MERGE)(model, X, Y, sample_weight=weights)
    merged = merge(model.predict(X))
    assert score == balanced_accuracy_score(merge(Y), merged, sample_weight=weights)


def test_it_serves_in_searches_and_several_at_once():
    scoring = {name: merged_scorer(name, MERGE) for name in ("balanced_accuracy", "f1_macro")}
    model = MergedClassifier(GaussianNB(), MERGE)
    scores = cross_validate(model, X, Y, scoring=scoring, cv=3, error_score="raise")
    assert scores["test_f1_macro"].mean() > 0.4
    grid = {"estimator__var_smoothing": [1e-9, 1]}
    search = GridSearchCV(model, grid, scoring=scoring["f1_macro"], cv=3, error_score="raise")
    search.fit(X, Y)
    assert scoring["f1_macro"](search, X, Y) > 0.4
    assert pickle.loads(pickle.dumps(scoring["f1_macro"]))(search, X, Y) > 0.4


def test_a_class_that_only_the_fold_has_is_a_miss():
    model = GaussianNB().fit(X[Y != "D"], Y[Y != "D"])
    assert merged_scorer("accuracy", MERGE)(model, X[Y == "D"], Y[Y == "D"]) == 0


def test_counting_needs_a_merger_that_has_counted_all_of_y():
    with pytest.raises(ValueError, match=r"merge must not use min_count in a scorer"):
        merged_scorer("accuracy", LabelMerger(min_count=30))
    merger = LabelMerger(min_count=30).fit(Y)
    model = GaussianNB().fit(X, Y)
    score = merged_scorer("accuracy", merger)(model, X[:20], Y[:20])
    assert score == np.mean(merger.transform(model.predict(X[:20])) == merger.transform(Y[:20]))


COARSE = {"ABC": ["A", "B", "C"]}


def merge_coarsely(labels):
    return np.where(np.isin(labels, ["A", "B", "C", "AB"]), "ABC", labels)


@pytest.mark.parametrize("own", [None, MERGE, COARSE, {"X": ["A", "B"], "Y": ["C"]}])
def test_merged_predictions_are_merged_further(own):
    model = MergedClassifier(GaussianNB(), own).fit(X, Y)
    predicted = np.where(model.predict(X) == "D", "D", "ABC")
    score = merged_scorer("balanced_accuracy", COARSE)(model, X, Y)
    assert score == balanced_accuracy_score(merge_coarsely(Y), predicted)
    P = model.predict_proba(X)[:, model.classes_ == "D"].ravel()
    assert merged_scorer("roc_auc", COARSE)(model, X, Y) == pytest.approx(
        roc_auc_score(Y == "D", P)
    )


def test_integers_that_change_their_meaning_are_merged_further():
    own, coarse = {1: [0], 0: [1, 2], 3: [3]}, {0: [0], 1: [1, 2, 3]}
    model = MergedClassifier(GaussianNB(), own).fit(X, CODES)
    predicted = np.array([1, 0, 9, 1])[model.predict(X)]
    score = merged_scorer("f1", coarse)(model, X, CODES)
    assert score == f1_score(CODES > 0, predicted)


def test_a_grid_over_maps_is_scored_at_one_merged_level():
    maps = [None, MERGE, COARSE]
    search = GridSearchCV(
        MergedClassifier(GaussianNB()),
        {"merge": maps},
        scoring=merged_scorer("balanced_accuracy", COARSE),
        cv=3,
        error_score="raise",
    ).fit(X, Y)
    for own, score in zip(maps, search.cv_results_["mean_test_score"], strict=True):
        plain = GaussianNB() if own is None else MergedClassifier(GaussianNB(), own)
        predicted = [
            (plain.fit(X[train], Y[train]).predict(X[test]), Y[test])
            for train, test in StratifiedKFold(3).split(X, Y)
        ]
        expected = [
            balanced_accuracy_score(merge_coarsely(true), merge_coarsely(labels))
            for labels, true in predicted
        ]
        assert score == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("other", [None, {"BC": ["B", "C"]}, {"A+C": ["A", "C"]}])
def test_a_map_that_tells_apart_what_the_estimator_merged_is_refused(other):
    model = MergedClassifier(GaussianNB(), MERGE).fit(X, Y)
    with pytest.raises(ValueError, match=r"or a coarser one, but 'AB' there holds 'A' and 'B'"):
        merged_scorer("accuracy", other)(model, X, Y)


def test_scores_of_one_class_ask_for_its_name():
    model = GaussianNB().fit(X, Y)
    for name in ("f1", "average_precision", "jaccard", "neg_brier_score"):
        with pytest.raises(ValueError, match=r"pass scoring=make_scorer\(..., pos_label=...\)"):
            merged_scorer(name, COARSE)(model, X, Y)
    score = merged_scorer(make_scorer(f1_score, pos_label="ABC"), COARSE)(model, X, Y)
    assert score == f1_score(Y != "D", model.predict(X) != "D")
    scorer = make_scorer(average_precision_score, response_method="predict_proba", pos_label="ABC")
    score = merged_scorer(scorer, COARSE)(model, X, Y)
    P = model.predict_proba(X)[:, :3].sum(axis=1)
    assert score == pytest.approx(average_precision_score(Y != "D", P))


def test_a_map_that_lists_what_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match=r"merge lists labels that y lacks: 'Z'"):
        merged_scorer("accuracy", {"AZ": ["A", "Z"]})(GaussianNB().fit(X, Y), X, Y)


WEIGHTS = np.random.default_rng(0).integers(1, 9, len(Y)).astype(float)


def test_weights_are_routed_as_to_a_scorer_of_scikit_learn():
    model = GaussianNB()
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True)
        plain = get_scorer("accuracy").set_score_request(sample_weight=True)
        options = {"cv": 3, "params": {"sample_weight": WEIGHTS}, "error_score": "raise"}
        expected = cross_val_score(model, X, Y, scoring=plain, **options)
        for scorer in (
            merged_scorer(plain, None),
            merged_scorer("accuracy", None).set_score_request(sample_weight=True),
            clone(merged_scorer("accuracy", None).set_score_request(sample_weight=True)),
        ):
            np.testing.assert_allclose(
                cross_val_score(model, X, Y, scoring=scorer, **options), expected
            )
            again = pickle.loads(pickle.dumps(scorer))
            np.testing.assert_allclose(
                cross_val_score(model, X, Y, scoring=again, **options), expected
            )
        ignored = merged_scorer("accuracy", None).set_score_request(sample_weight=False)
        unweighted = cross_val_score(model, X, Y, scoring=ignored, **options)
        assert not np.allclose(unweighted, expected)
        several = {"a": merged_scorer(plain, None), "b": merged_scorer(plain, MERGE)}
        both = cross_validate(model, X, Y, scoring=several, **options)
        np.testing.assert_allclose(both["test_a"], expected)
        assert (both["test_b"] >= both["test_a"]).all()


def test_it_serves_wherever_a_scorer_does():
    scorer = merged_scorer("balanced_accuracy", MERGE)
    theta = {"importance_getter": "theta_"}
    by_rfe = RFECV(GaussianNB(), cv=3, scoring=scorer, min_features_to_select=1, **theta).fit(X, Y)
    assert by_rfe.n_features_ >= 1
    model = GaussianNB().fit(X, Y)
    assert (
        permutation_importance(model, X, Y, scoring=scorer, n_repeats=2).importances.shape[1] == 2
    )
    same = clone(scorer)
    assert same.get_params()["merge"] == MERGE
    assert same(model, X, Y) == scorer.score(model, X, Y) == scorer(model, X, Y)
