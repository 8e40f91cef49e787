"""A fitted classifier and its training rows in, the class shares that it learned out."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.utils.class_weight import compute_sample_weight

from sklmerge.labels import MergedClassifier
from sklmerge.weights._classifier import ClassWeightedClassifier

Shares: TypeAlias = dict[Any, float]
# Parameters that change the shares a classifier learns from, and the values that do not.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "class_weights": (None,),
    "auto_class_weights": (None,),
    "is_unbalance": (None, False),
    "scale_pos_weight": (None, 1, 1.0),
    "priors": (None,),
    "class_prior": (None,),
    "fit_prior": (True,),
    "criterion__weight": (None,),
    "criterion__pos_weight": (None,),
    # Forests of imbalanced-learn that resample within: what each tree saw, they do not say.
    "sampling_strategy": (),
}
_REMEDY = 'give train_prior by label, or "estimated" from rows that it was not fitted on'


def find_learned_shares(fitted: Any, y: NDArray[Any], weights: NDArray[Any] | None) -> Shares:
    """Find the class shares that a fitted classifier learned; raise if they cannot be known."""
    counted = np.ones(len(y)) if weights is None else weights
    for kinds, follow in _FOLLOWED:
        if isinstance(fitted, kinds):
            return follow(fitted, y, counted)
    if hasattr(fitted, "best_estimator_"):
        return find_learned_shares(fitted.best_estimator_, y, counted)
    if hasattr(fitted, "steps"):
        return _follow_pipeline(fitted, y, counted)
    return _read_classifier(fitted, y, counted)


def tally(y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    """Compute the share of each class in the total weight of the rows."""
    classes, codes = np.unique(y, return_inverse=True)
    sums = np.bincount(codes, weights, len(classes))
    return dict(zip(classes.tolist(), (sums / sums.sum()).tolist(), strict=True))


def _refuse(part: str, reason: str) -> Shares:
    raise ValueError(
        f"train_prior='auto' cannot tell what {part} learned from: {reason}; {_REMEDY}"
    )


def _follow_pipeline(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    for _, step in fitted.steps[:-1]:
        if not hasattr(step, "fit_resample"):
            continue
        name, plain = type(step).__name__, bool((weights == weights[0]).all())
        if hasattr(step, "sample_indices_"):
            y, weights = y[step.sample_indices_], weights[step.sample_indices_]
        elif plain and _only_adds(step):
            added = [np.full(n, label) for label, n in step.sampling_strategy_.items()]
            y = np.concatenate([y, *added]) if added else y
            weights = np.ones(len(y))
        else:
            return _refuse(name, "it does not say which rows it kept")
    return find_learned_shares(fitted.steps[-1][1], y, weights)


def _only_adds(sampler: Any) -> bool:
    """Say whether a sampler only adds rows, as many per class as it reports (SMOTE does)."""
    # SMOTEENN and SMOTETomek take rows away again.
    cleans = hasattr(sampler, "enn_") or hasattr(sampler, "tomek_")
    if not isinstance(sampler, BaseOverSampler) or cleans:
        return False
    return isinstance(getattr(sampler, "sampling_strategy_", None), Mapping)


def _follow_dummy(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    if fitted.strategy != "prior":
        return _refuse(f"DummyClassifier(strategy={fitted.strategy!r})", "it follows no shares")
    return tally(y, weights)


def _follow_frozen(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    return _refuse("FrozenEstimator", "it was fitted on rows that are not given here")


def _follow_calibrated(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    # Its probabilities follow the rows that calibrated it, whatever its estimator learned from.
    return tally(y, weights)


def _follow_threshold(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    return find_learned_shares(fitted.estimator_, y, weights)


def _follow_stacking(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    codes = np.searchsorted(fitted.classes_, y)
    learned = find_learned_shares(fitted.final_estimator_, codes, weights)
    return {fitted.classes_.tolist()[code]: share for code, share in learned.items()}


def _follow_bagging(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    # A resampling member of a bag (BalancedBaggingClassifier) says what it did to its own part.
    codes = np.searchsorted(fitted.classes_, y)
    labels = fitted.classes_.tolist()
    sums = np.zeros(len(labels))
    for member, rows in zip(fitted.estimators_, fitted.estimators_samples_, strict=True):
        learned = find_learned_shares(member, codes[rows], weights[rows])
        sums[list(learned)] += list(learned.values())
    return dict(zip(labels, (sums / sums.sum()).tolist(), strict=True))


def _follow_weighted(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    table = fitted.weighting_.class_weight_
    factors = np.array([table[label] for label in y.tolist()])
    return find_learned_shares(fitted.estimator_, y, weights * factors)


def _follow_merged(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    merged = fitted.merger_.transform(y)
    coarse = _follow_encoded(fitted, fitted.estimator_, merged, weights)
    if fitted.output == "merged":
        return coarse
    fine: Shares = {}
    for label, members in fitted.merger_.members_.items():
        rows = merged == label
        if len(members) == 1:
            inner = {members[0]: 1.0}
        elif label in fitted.refiners_:
            inner = _follow_encoded(fitted, fitted.refiners_[label], y[rows], weights[rows])
        else:
            inner = tally(y[rows], weights[rows])
        fine |= {member: coarse.get(label, 0.0) * share for member, share in inner.items()}
    return fine


def _follow_encoded(owner: Any, fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    """Follow a classifier that was fitted on labels, or on class numbers if its owner uses them."""
    if not owner.encode_labels:
        return find_learned_shares(fitted, y, weights)
    classes, codes = np.unique(y, return_inverse=True)
    learned = find_learned_shares(fitted, codes, weights)
    return {classes.tolist()[code]: share for code, share in learned.items()}


def _read_classifier(fitted: Any, y: NDArray[Any], weights: NDArray[Any]) -> Shares:
    """Compute the shares for any other classifier: from its rows and its own class weights."""
    name = type(fitted).__name__
    params = fitted.get_params(deep=False) if hasattr(fitted, "get_params") else {}
    for parameter, neutral in _NEUTRAL.items():
        given = params.get(parameter)
        changes = isinstance(given, np.ndarray | list | dict) or given not in neutral
        if parameter in params and changes:
            return _refuse(f"{name}({parameter}={given!r})", "that changes the shares")
    if any(hasattr(value, "fit") for value in params.values()):
        return _refuse(name, "it is no meta-estimator that is known here")
    if hasattr(fitted, "estimators") and not hasattr(fitted, "estimators_features_"):
        return _refuse(name, "its members may have learned from different shares")
    class_weight = params.get("class_weight")
    if class_weight is None:
        return tally(y, weights)
    if isinstance(class_weight, str):
        # "balanced", and the forests' "balanced_subsample", make the weight of all classes equal;
        # beside sample weights some classifiers count rows, others their weights.
        if not (weights == weights[0]).all():
            return _refuse(f"{name}(class_weight={class_weight!r})", "rows are weighed besides")
        classes = np.unique(y[weights > 0]).tolist()
        return dict.fromkeys(classes, 1 / len(classes))
    return tally(y, weights * compute_sample_weight(class_weight, y))


_Follow: TypeAlias = Callable[[Any, NDArray[Any], NDArray[Any]], Shares]
_FOLLOWED: tuple[tuple[Any, _Follow], ...] = (
    (FrozenEstimator, _follow_frozen),
    (DummyClassifier, _follow_dummy),
    (RFE, _follow_threshold),
    (CalibratedClassifierCV, _follow_calibrated),
    ((TunedThresholdClassifierCV, FixedThresholdClassifier), _follow_threshold),
    (StackingClassifier, _follow_stacking),
    (BaggingClassifier, _follow_bagging),
    (ClassWeightedClassifier, _follow_weighted),
    (MergedClassifier, _follow_merged),
)
