"""PriorCorrectedClassifier brings back the probabilities of data that were not resampled."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from sklmerge import ClassWeightedClassifier, ClassWeightEstimator, PriorCorrectedClassifier

RARE = 0.05


def draw_gaussians(n, seed):
    """Draw two classes of unit Gaussians at 0 and 2, the second rare, and its true probability."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < RARE).astype(int)
    x = rng.normal(2.0 * labels, 1.0)
    rare, common = RARE * norm.pdf(x, 2), (1 - RARE) * norm.pdf(x, 0)
    return x[:, None], labels, rare / (rare + common)


X, y, _ = draw_gaussians(20_000, seed=0)
X_NEW, Y_NEW, TRUTH = draw_gaussians(200_000, seed=1)
HALF = ClassWeightEstimator(power=0.5)
CORRECTED = {
    "class_weight": PriorCorrectedClassifier(LogisticRegression(class_weight="balanced")),
    "over-sampler": PriorCorrectedClassifier(
        make_pipeline(RandomOverSampler(random_state=0), LogisticRegression())
    ),
    "half-balanced": PriorCorrectedClassifier(
        make_pipeline(
            RandomUnderSampler(sampling_strategy=0.5, random_state=0), LogisticRegression()
        ),
        train_prior={0: 2, 1: 1},
    ),
    "square-root weights": PriorCorrectedClassifier(
        ClassWeightedClassifier(LogisticRegression(), HALF), train_prior="estimator"
    ),
    "weights after under-sampling": PriorCorrectedClassifier(
        make_pipeline(
            RandomUnderSampler(sampling_strategy=0.5, random_state=0),
            ClassWeightedClassifier(LogisticRegression(), HALF),
        ),
        train_prior="estimator",
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_passes_scikit_learns_checks():
    check_estimator(PriorCorrectedClassifier(LogisticRegression()), on_skip=None)
    check_estimator(PriorCorrectedClassifier(GaussianNB()), on_skip=None)


@pytest.mark.parametrize("model", CORRECTED.values(), ids=CORRECTED.keys())
def test_probabilities_are_the_known_posterior_again(model):
    uncorrected = clone(model.estimator).fit(X, y).predict_proba(X_NEW)[:, 1]
    corrected = model.fit(X, y).predict_proba(X_NEW)[:, 1]
    assert np.abs(uncorrected - TRUTH).mean() > 0.07
    assert np.abs(corrected - TRUTH).mean() < 0.01
    assert corrected.mean() == pytest.approx(Y_NEW.mean(), abs=0.005)
    observed, predicted = calibration_curve(Y_NEW, corrected, n_bins=5)
    assert_allclose(predicted, observed, atol=0.05)


@pytest.mark.parametrize("train_prior", [[0.5, 0.3, 0.2], [5, 3, 2], {"c": 2, "a": 5, "b": 3}])
def test_it_is_bayes_rule_with_the_prior_exchanged(train_prior):
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], [50, 20, 7])
    x = rng.normal(size=(77, 3)) + rng.normal(size=(3, 3))[np.repeat([0, 1, 2], [50, 20, 7])]
    biased = PriorCorrectedClassifier(GaussianNB(priors=[0.5, 0.3, 0.2]), train_prior=train_prior)
    direct = GaussianNB().fit(x, labels)
    biased.fit(x, labels)
    assert_allclose(biased.predict_proba(x), direct.predict_proba(x), rtol=1e-9, atol=1e-12)
    assert_allclose(biased.predict_log_proba(x), direct.predict_log_proba(x), atol=1e-9)
    assert_array_equal(biased.predict(x), direct.predict(x))
    assert_allclose(biased.true_prior_, np.array([50, 20, 7]) / 77)


def test_a_true_prior_may_be_given_where_y_is_balanced_already():
    keep = np.concatenate([np.flatnonzero(y == 0)[: (y == 1).sum()], np.flatnonzero(y == 1)])
    for true_prior in ({0: 0.95, 1: 0.05}, [19, 1]):
        model = PriorCorrectedClassifier(LogisticRegression(), true_prior=true_prior)
        corrected = model.fit(X[keep], y[keep]).predict_proba(X_NEW)[:, 1]
        assert np.abs(corrected - TRUTH).mean() < 0.01


def test_sample_weights_count_in_the_true_prior_and_reach_the_classifier():
    weights = np.where(y == 1, 19.0, 1.0)
    model = PriorCorrectedClassifier(ClassWeightedClassifier(LogisticRegression()))
    corrected = model.fit(X, y, sample_weight=weights).predict_proba(X_NEW)
    assert model.true_prior_[1] == pytest.approx(weights[y == 1].sum() / weights.sum())
    expected = LogisticRegression().fit(X, y, sample_weight=weights).predict_proba(X_NEW)
    assert_allclose(corrected, expected, atol=0.01)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"train_prior": "uniform"}, ValueError, "train_prior must be 'balanced', 'estimator'"),
        ({"train_prior": [1, 1, 1]}, ValueError, r"one share for each of the 2 classes"),
        ({"train_prior": [1, 0]}, ValueError, r"finite shares > 0, got \[1.0, 0.0\]"),
        ({"train_prior": {0: 1}}, ValueError, "a share for each of 0, 1, got 0"),
        ({"true_prior": {0: 1, "1": 2}}, ValueError, "true_prior must have a share"),
        ({"train_prior": "estimator"}, ValueError, "needs a ClassWeightedClassifier .* got Log"),
        ({"estimator": LinearSVC()}, TypeError, "predict_proba .* LinearSVC has none"),
    ],
    ids=str,
)
def test_a_prior_that_cannot_be_is_refused(params, error, message):
    model = PriorCorrectedClassifier(**{"estimator": LogisticRegression(), **params})
    with pytest.raises(error, match=message):
        model.fit(X[:500], y[:500])
