"""ClassWeightedClassifier weighs what it is fitted on, wherever it stands."""

import numpy as np
import pytest
import sklearn
from catboost import CatBoostClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

from sklmerge import ClassWeightedClassifier, ClassWeightEstimator, PriorAdjustedClassifier

X, CODES = make_classification(
    n_samples=240, n_classes=3, n_informative=4, weights=[0.7, 0.2], flip_y=0.1, random_state=0
)
y = np.array(["common", "some", "rare"])[CODES]


@pytest.mark.parametrize("estimator", [LogisticRegression(), GaussianNB()], ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_passes_scikit_learns_checks(estimator):
    check_estimator(ClassWeightedClassifier(estimator), on_skip=None)


def test_it_is_class_weight_balanced_for_classifiers_with_and_without_that_parameter():
    built_in = LogisticRegression(class_weight="balanced").fit(X, y)
    weighted = ClassWeightedClassifier(LogisticRegression()).fit(X, y)
    assert_allclose(weighted.predict_proba(X), built_in.predict_proba(X), atol=1e-12)
    assert_allclose(weighted.train_prior_, 1 / 3)


def test_it_has_the_methods_that_its_classifier_has():
    with_scores = ClassWeightedClassifier(LinearSVC()).fit(X, y)
    assert with_scores.decision_function(X).shape == (240, 3)
    assert not hasattr(with_scores, "predict_proba")
    assert not hasattr(ClassWeightedClassifier(DecisionTreeClassifier()), "decision_function")
    logs = ClassWeightedClassifier(LogisticRegression()).fit(X, y).predict_log_proba(X)
    assert_allclose(np.exp(logs).sum(axis=1), 1.0)


def test_a_grid_search_tunes_the_power_of_the_weights():
    model = ClassWeightedClassifier(LogisticRegression(), ClassWeightEstimator())
    search = GridSearchCV(model, {"weighting__power": [0.0, 0.5, 1.0]}, scoring="balanced_accuracy")
    search.fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[2] > scores[0]
    assert search.best_estimator_.weighting_.power == search.best_params_["weighting__power"]
    assert model.weighting.power == 1.0


def test_after_an_over_sampler_it_weighs_what_resampling_left():
    over_sampler = RandomOverSampler(sampling_strategy={"rare": 60, "some": 60}, random_state=0)
    pipeline = make_resampling_pipeline(over_sampler, ClassWeightedClassifier(LogisticRegression()))
    counts = pipeline.fit(X, y)[-1].weighting_.class_counts_
    assert (counts["rare"], counts["some"]) == (60, 60)
    assert counts["common"] == np.count_nonzero(y == "common")
    full = make_resampling_pipeline(
        RandomOverSampler(random_state=0), ClassWeightedClassifier(LogisticRegression())
    )
    weights = full.fit(X, y)[-1].weighting_.class_weight_
    assert weights == {"common": 1.0, "rare": 1.0, "some": 1.0}


def test_the_last_step_of_a_pipeline_gets_the_weights():
    pipeline = make_pipeline(StandardScaler(), make_pipeline(LogisticRegression()))
    weighted = ClassWeightedClassifier(pipeline).fit(X, y)
    by_hand = LogisticRegression(class_weight="balanced").fit(StandardScaler().fit_transform(X), y)
    expected = by_hand.predict_proba(StandardScaler().fit_transform(X))
    assert_allclose(weighted.predict_proba(X), expected, atol=1e-12)


def test_a_search_inside_gets_the_weights():
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)
    weighted = ClassWeightedClassifier(search).fit(X, y)
    expected = LogisticRegression(class_weight="balanced").fit(X, y).predict_proba(X)
    assert_allclose(weighted.predict_proba(X), expected, atol=1e-12)


def test_sample_weights_are_repeated_samples():
    repeats = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = ClassWeightedClassifier(LogisticRegression(tol=1e-10))
    by_weight = weighted.fit(X, y, sample_weight=repeats).predict_proba(X)
    by_rows = weighted.fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats)).predict_proba(X)
    assert_allclose(by_weight, by_rows, atol=1e-6)


def test_a_class_without_weight_is_as_good_as_absent():
    weights = (y != "rare").astype(float)
    model = ClassWeightedClassifier(DecisionTreeClassifier(random_state=0))
    assert "rare" not in model.fit(X, y, sample_weight=weights).predict(X)
    assert_allclose(model.train_prior_, [0.5, 0, 0.5])


def test_weights_given_for_all_classes_survive_a_fold_that_lacks_one():
    given = ClassWeightEstimator({"common": 1, "some": 4, "rare": 9}, missing="ignore")
    fold = y != "rare"
    model = ClassWeightedClassifier(LogisticRegression(), given).fit(X[fold], y[fold])
    weights = model.weighting_.class_weight_
    assert weights["rare"] == 0
    assert weights["some"] == pytest.approx(4 * weights["common"])


def test_further_parameters_reach_the_classifier():
    weighted = ClassWeightedClassifier(DecisionTreeClassifier(random_state=0))
    assert_array_equal(weighted.fit(X, y, check_input=True).classes_, ["common", "rare", "some"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        weighted.fit(X, y, epochs=3)


@pytest.mark.parametrize("inside", [False, True], ids=["plain", "in a search"])
def test_metadata_routing_brings_sample_weights(inside):
    repeats = np.random.default_rng(0).integers(1, 4, len(y))
    expected = ClassWeightedClassifier(LogisticRegression()).fit(X, y, sample_weight=repeats)
    with sklearn.config_context(enable_metadata_routing=True):
        model = ClassWeightedClassifier(LogisticRegression()).set_fit_request(sample_weight=True)
        if inside:
            model.set_score_request(sample_weight=True)
            model = GridSearchCV(model, {"estimator__C": [1.0]}, cv=2)
            scored = cross_validate(model, X, y, cv=2, params={"sample_weight": repeats})
            assert np.isfinite(scored["test_score"]).all()
        model.fit(X, y, sample_weight=repeats)
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-12)


def test_metadata_routing_hands_other_metadata_to_the_classifier():
    with sklearn.config_context(enable_metadata_routing=True):
        inner = SGDClassifier(eta0=1e-9, learning_rate="constant", max_iter=1, tol=None)
        inner.set_fit_request(coef_init=True)
        start = np.arange(60.0).reshape(3, 20)
        weighted = ClassWeightedClassifier(inner).fit(X, y, coef_init=start)
        assert_allclose(weighted.estimator_.coef_, start, atol=0.01)
        with pytest.raises(TypeError, match="unexpected argument"):
            ClassWeightedClassifier(inner).fit(X, y, epochs=3)
        pipeline = make_pipeline(LogisticRegression().set_fit_request(sample_weight=True))
        weighted = ClassWeightedClassifier(pipeline).fit(X, y)
    expected = LogisticRegression(class_weight="balanced").fit(X, y).predict_proba(X)
    assert_allclose(weighted.predict_proba(X), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ClassWeightedClassifier(KNeighborsClassifier()), "must take sample_weight in fit"),
        (
            ClassWeightedClassifier(make_pipeline(StandardScaler(), KNeighborsClassifier())),
            "KNeighborsClassifier does not; resample instead",
        ),
        (
            ClassWeightedClassifier(
                make_resampling_pipeline(RandomOverSampler(), LogisticRegression())
            ),
            "estimator must not resample .* as its last step",
        ),
        (
            ClassWeightedClassifier(LogisticRegression(), "balanced"),
            "weighting must be a ClassWeightEstimator or None, got str",
        ),
    ],
    ids=["no weights", "no weights in the last step", "resampler inside", "weighting"],
)
def test_what_cannot_be_weighed_is_refused(model, message):
    with pytest.raises(TypeError, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("labels", [y, CODES, CODES > 0], ids=["text", "numbers", "two classes"])
@pytest.mark.parametrize("around", [ClassWeightedClassifier, PriorAdjustedClassifier])
def test_labels_are_one_a_row_though_catboost_predicts_a_column(around, labels):
    cat = CatBoostClassifier(n_estimators=5, verbose=0, allow_writing_files=False, thread_count=1)
    model = around(cat).fit(X, labels)
    predicted = model.predict(X)
    assert predicted.shape == (len(X),)
    assert set(predicted.tolist()) <= set(labels.tolist())
    assert_array_equal(predicted, model.classes_[model.predict_proba(X).argmax(axis=1)])
