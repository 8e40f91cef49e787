"""PriorAdjustedClassifier exchanges the class shares behind probabilities, both ways."""

import numpy as np
import pandas as pd
import pytest
from imblearn.combine import SMOTEENN
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from lightgbm import LGBMClassifier
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from sklmerge import (
    AugmentingOverSampler,
    ClassWeightedClassifier,
    ClassWeightEstimator,
    MergedClassifier,
    PriorAdjustedClassifier,
)

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
SMALL = RandomUnderSampler(sampling_strategy=0.5, random_state=0)
BIASED = {
    "class_weight": LogisticRegression(class_weight="balanced"),
    "class_weight mapping": LogisticRegression(class_weight={0: 1, 1: 6}),
    "over-sampler": make_pipeline(RandomOverSampler(random_state=0), LogisticRegression()),
    "SMOTE": make_pipeline(SMOTE(sampling_strategy=0.4, random_state=0), GaussianNB()),
    "under-sampler": make_pipeline(SMALL, LogisticRegression()),
    "own copies, bounded": make_pipeline(
        AugmentingOverSampler(lambda row, rng: row, max_copies=3, random_state=0),
        LogisticRegression(),
    ),
    "square-root weights": ClassWeightedClassifier(LogisticRegression(), HALF),
    "weights after under-sampling": make_pipeline(
        SMALL, ClassWeightedClassifier(LogisticRegression(), HALF)
    ),
    "grid": GridSearchCV(LogisticRegression(class_weight="balanced"), {"C": [0.1, 1.0]}, cv=2),
    "bagging": BaggingClassifier(LogisticRegression(class_weight="balanced"), 3, random_state=0),
    "balanced bagging": BalancedBaggingClassifier(LogisticRegression(), 3, random_state=0),
    "calibration": CalibratedClassifierCV(LogisticRegression(class_weight="balanced"), cv=2),
    "merge": MergedClassifier(LogisticRegression(class_weight="balanced"), output="original"),
    "plain": LogisticRegression(),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_passes_scikit_learns_checks():
    check_estimator(PriorAdjustedClassifier(LogisticRegression()), on_skip=None)
    check_estimator(PriorAdjustedClassifier(GaussianNB(), target_prior="observed"), on_skip=None)


@pytest.mark.parametrize("biased", BIASED.values(), ids=BIASED.keys())
def test_probabilities_are_the_known_posterior_again(biased):
    model = PriorAdjustedClassifier(biased, target_prior="observed").fit(X, y)
    adjusted = model.predict_proba(X_NEW)[:, 1]
    assert np.abs(adjusted - TRUTH).mean() < 0.012
    assert adjusted.mean() == pytest.approx(Y_NEW.mean(), abs=0.006)
    observed, predicted = calibration_curve(Y_NEW, adjusted, n_bins=5)
    assert_allclose(predicted, observed, atol=0.06)


@pytest.mark.parametrize("biased", BIASED.values(), ids=BIASED.keys())
def test_balanced_probabilities_are_those_of_a_world_with_equal_shares(biased):
    odds = TRUTH / RARE / (TRUTH / RARE + (1 - TRUTH) / (1 - RARE))
    adjusted = PriorAdjustedClassifier(biased).fit(X, y).predict_proba(X_NEW)[:, 1]
    assert np.abs(adjusted - odds).mean() < 0.03


def test_a_plain_forest_is_followed_and_its_subsample_weights_too():
    for class_weight, share in ((None, y.mean()), ("balanced", 0.5), ("balanced_subsample", 0.5)):
        forest = RandomForestClassifier(3, class_weight=class_weight, random_state=0)
        model = PriorAdjustedClassifier(forest).fit(X[:2000], y[:2000])
        expected = y[:2000].mean() if class_weight is None else share
        assert_allclose(model.train_prior_[1], expected)


def test_shares_of_a_frozen_classifier_are_estimated():
    biased = LogisticRegression(class_weight={0: 1, 1: 6}).fit(X, y)
    frozen = FrozenEstimator(biased)
    model = PriorAdjustedClassifier(frozen, train_prior="estimated", target_prior="observed")
    model.fit(X_NEW[:20_000], Y_NEW[:20_000])
    assert model.train_prior_[1] == pytest.approx(6 * RARE / (6 * RARE + 1 - RARE), abs=0.02)
    assert model.predict_proba(X_NEW[:20_000])[:, 1].mean() == pytest.approx(
        Y_NEW[:20_000].mean(), abs=1e-6
    )


@pytest.mark.parametrize(
    ("unknown", "part"),
    [
        (FrozenEstimator(LogisticRegression().fit(X[:500], y[:500])), "FrozenEstimator"),
        (VotingClassifier([("a", GaussianNB())], voting="soft"), "VotingClassifier"),
        (GaussianNB(priors=[0.5, 0.5]), r"GaussianNB\(priors=\[0.5, 0.5\]\)"),
        (make_pipeline(SMOTEENN(random_state=0), GaussianNB()), "SMOTEENN"),
        (LGBMClassifier(scale_pos_weight=3, verbose=-1), r"LGBMClassifier\(scale_pos_weight=3\)"),
        (OneVsRestClassifier(LogisticRegression()), "OneVsRestClassifier"),
    ],
    ids=str,
)
def test_what_cannot_be_known_is_refused_by_name(unknown, part):
    with pytest.raises(ValueError, match=f"cannot tell what {part} learned from: .* give train_p"):
        PriorAdjustedClassifier(unknown).fit(X[:2000], y[:2000])


def test_in_a_grid_shares_are_counted_in_each_fold():
    seen = []

    class Watched(PriorAdjustedClassifier):
        def fit(self, X, y, **params):
            super().fit(X, y, **params)
            seen.append((self.train_prior_, np.bincount(y) / len(y)))
            return self

    grid = GridSearchCV(Watched(LogisticRegression()), {"strength": [0.0, 0.5, 1.0]}, cv=3,
                        scoring="balanced_accuracy")  # fmt: skip
    grid.fit(X[:3001], y[:3001])
    assert len(seen) == 10
    for found, counted in seen:
        assert_allclose(found, counted)
    assert grid.best_params_["strength"] > 0
    scores = grid.cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(
        cross_val_score(
            LogisticRegression(), X[:3001], y[:3001], cv=3, scoring="balanced_accuracy"
        ).mean()
    )


@pytest.mark.parametrize("target", [[0.5, 0.3, 0.2], [5, 3, 2], {"c": 2, "a": 5, "b": 3}, "series"])
def test_it_is_bayes_rule_with_the_prior_exchanged(target):
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], [50, 20, 7])
    x = rng.normal(size=(77, 3)) + rng.normal(size=(3, 3))[np.repeat([0, 1, 2], [50, 20, 7])]
    if target == "series":
        target = pd.Series({"b": 0.3, "c": 0.2, "a": 0.5})
    direct = GaussianNB(priors=[0.5, 0.3, 0.2]).fit(x, labels)
    adjusted = PriorAdjustedClassifier(GaussianNB(), target_prior=target).fit(x, labels)
    assert_allclose(adjusted.predict_proba(x), direct.predict_proba(x), rtol=1e-9, atol=1e-12)
    assert_allclose(adjusted.predict_log_proba(x), direct.predict_log_proba(x), atol=1e-9)
    assert_array_equal(adjusted.predict(x), direct.predict(x))
    assert_allclose(adjusted.train_prior_, np.array([50, 20, 7]) / 77)
    back = PriorAdjustedClassifier(
        GaussianNB(priors=[0.5, 0.3, 0.2]), train_prior=target, target_prior="observed"
    ).fit(x, labels)
    plain = GaussianNB().fit(x, labels)
    assert_allclose(back.predict_proba(x), plain.predict_proba(x), rtol=1e-9, atol=1e-12)


def test_value_counts_go_by_label():
    labels = pd.Series(np.array(["z_common", "a_rare"])[y])
    counts = labels.value_counts(normalize=True)
    model = PriorAdjustedClassifier(LogisticRegression(), train_prior=counts)
    model.fit(X, labels)
    assert_allclose(model.train_prior_, [y.mean(), 1 - y.mean()])


def test_sample_weights_count_in_the_shares_and_reach_the_classifier():
    weights = np.where(y == 1, 19.0, 1.0)
    model = PriorAdjustedClassifier(
        ClassWeightedClassifier(LogisticRegression()), target_prior="observed"
    )
    adjusted = model.fit(X, y, sample_weight=weights).predict_proba(X_NEW)
    assert model.target_prior_[1] == pytest.approx(weights[y == 1].sum() / weights.sum())
    expected = LogisticRegression().fit(X, y, sample_weight=weights).predict_proba(X_NEW)
    assert_allclose(adjusted, expected, atol=0.01)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"train_prior": "uniform"}, ValueError, "train_prior must be 'auto', 'estimated', "),
        ({"target_prior": "even"}, ValueError, "target_prior must be 'balanced', 'observed', "),
        ({"train_prior": [1, 1, 1]}, ValueError, r"one share for each of the 2 classes"),
        ({"train_prior": [0, 0]}, ValueError, r"a sum above 0, got \[0.0, 0.0\]"),
        ({"train_prior": [np.nan, 1]}, ValueError, r"finite shares .*, got \[nan, 1.0\]"),
        ({"target_prior": [-1, 2]}, ValueError, r"of at least 0 .*, got \[-1.0, 2.0\]"),
        ({"train_prior": {0: 1}}, ValueError, "a share for each of 0, 1, got 0"),
        ({"target_prior": {0: 1, "1": 2}}, ValueError, "target_prior must have a share"),
        ({"strength": -0.5}, ValueError, "strength must be a number of at least 0, got -0.5"),
        ({"strength": "1"}, ValueError, "strength must be a number of at least 0, got '1'"),
        ({"estimator": LinearSVC()}, TypeError, "predict_proba .* LinearSVC has none"),
    ],
    ids=str,
)
def test_a_prior_that_cannot_be_is_refused(params, error, message):
    model = PriorAdjustedClassifier(**{"estimator": LogisticRegression(), **params})
    with pytest.raises(error, match=message):
        model.fit(X[:500], y[:500])
