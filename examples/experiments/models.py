"""The models that every method is tried with, and how what is chosen for them is chosen."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import ClassWeightEstimator, adjust_prior

PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
INNER = StratifiedGroupKFold(3, shuffle=True, random_state=0)


def make_linear(penalty: float) -> Pipeline:
    """Make the linear model; a smaller C is a stronger penalty."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=2000, tol=1e-3))


def make_boosted() -> LGBMClassifier:
    """Make the boosted trees; a leaf may hold fewer rows than the rarest class of any set (15)."""
    return LGBMClassifier(
        n_estimators=40,
        num_leaves=15,
        max_bin=63,
        min_child_samples=5,
        random_state=0,
        n_jobs=1,
        verbose=-1,
    )


MODELS: dict[str, Callable[[], Any]] = {
    "linear": partial(make_linear, 0.1),
    "boosted": make_boosted,
}
# The linear model again, where a method says how.
TUNED = "linear, C chosen inside"


def score_weighted(model: Any, X: np.ndarray, y: np.ndarray, power: float) -> float:
    """Score by the log loss that a training with these weights lowers; larger is better."""
    weights = ClassWeightEstimator("balanced", power=power).fit(y).transform(y)
    return -log_loss(y, model.predict_proba(X), labels=model.classes_, sample_weight=weights)


def fit_tuned(
    wrap: Callable[[Any], Any], power: float, X: np.ndarray, y: np.ndarray, groups: np.ndarray
) -> Any:
    """Fit the linear model with C chosen by cross-validation, by the loss that is trained on.

    Copies belong to the group of their source: else a weak penalty would seem to be right.
    """
    model = wrap(make_linear(1.0))
    path = "logisticregression__C" if isinstance(model, Pipeline) else "estimator__{}"
    grid = {path.format("logisticregression__C"): PENALTIES}
    search = GridSearchCV(model, grid, scoring=partial(score_weighted, power=power), cv=INNER)
    return search.fit(X, y, groups=groups).best_estimator_


def pick_strength(truth: np.ndarray, P: np.ndarray, classes: np.ndarray, shares: Any) -> float:
    """Pick the strength of the adjustment that has the best balanced accuracy on unseen rows."""
    scores = [
        balanced_accuracy_score(
            truth, classes[adjust_prior(P, shares, strength=strength).argmax(axis=1)]
        )
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmax(scores))]


def adjust(
    model: Any, P: np.ndarray, X: np.ndarray, y: np.ndarray, groups: np.ndarray
) -> dict[str, np.ndarray]:
    """Adjust what a fitted model predicts (P) by the class shares of its rows, three times."""
    classes, counts = np.unique(y, return_counts=True)
    held = cross_val_predict(model, X, y, groups=groups, cv=INNER, method="predict_proba")
    chosen = pick_strength(y, held, classes, counts)
    return {
        "prior adjustment: 0.5": adjust_prior(P, counts, strength=0.5),
        "prior adjustment: 1": adjust_prior(P, counts),
        "prior adjustment: strength chosen inside": adjust_prior(P, counts, strength=chosen),
    }
