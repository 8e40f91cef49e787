"""merged_scorer: any of scikit-learn's scores at the merged level. Nothing is fitted on X here."""

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline

from sklmerge.labels._availability import available_where
from sklmerge.labels._check import check_merger
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._exchange import is_identity
from sklmerge.labels._kinds import Label
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._proba import check_proba, sum_columns
from sklmerge.labels._reading import read_labels


def merged_scorer(scoring: str | Callable[..., float], merge: Any) -> Callable[..., float]:
    """Make a scorer that merges the true and the predicted labels before it scores.

    scikit-learn's own scorers compare what is predicted with y as given, so at the merged level
    plain ``"balanced_accuracy"`` is wrong with no more than a warning. This one is right for a
    classifier of original labels and for a :class:`MergedClassifier` of either output.

    Parameters
    ----------
    scoring : str or callable
        What ``sklearn.metrics.get_scorer`` takes. Probabilities are summed over the members of a
        merged class; there is no decision function where classes change.
    merge : LabelMerger, mapping, list of lists or None
        Which classes count as one. A fitted LabelMerger is used as it is. Any other is fitted on
        the classes of the estimator and of y together, so it must not count (`min_count`).

    Returns
    -------
    callable
        ``scorer(estimator, X, y, sample_weight=None)``, for `scoring` in GridSearchCV and the
        like. It can be pickled.

    Raises
    ------
    ValueError
        If `merge` counts samples without being fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklmerge import merged_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> scorer = merged_scorer("balanced_accuracy", {0: [0], 1: [1, 2]})
    >>> cross_val_score(LogisticRegression(max_iter=500), X, y, scoring=scorer)
    array([1., 1., 1., 1., 1.])
    """
    merger = merge if is_fitted_merger(merge) else check_merger(merge)
    if not is_fitted_merger(merger) and merger.min_count is not None:
        raise ValueError(
            "merge must not use min_count in a scorer, where rare would mean rare in the fold; "
            "pass a LabelMerger that is fitted on all of y"
        )
    return partial(_score_merged, scorer=get_scorer(scoring), merger=merger)


def is_fitted_merger(merge: Any) -> bool:
    """Say whether a `merge` parameter is a LabelMerger that knows its classes."""
    return isinstance(merge, LabelMerger) and hasattr(merge, "mapping_")


def _score_merged(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    scorer: Callable[..., float],
    merger: LabelMerger,
) -> float:
    truth = read_labels(y)
    own = _find_merged_classifier(estimator)
    known = np.asarray(estimator.classes_) if own is None else own.merger_.classes_
    if not is_fitted_merger(merger):
        merger = copy(merger).fit([*known.tolist(), *np.unique(truth).tolist()])
    merger = copy(merger).set_params(unknown="keep")
    predicts_merged = own is not None and own.output == "merged"
    if own is not None and predicts_merged:
        _check_same_map(own.merger_, merger)
    view = _MergedView(estimator, merger, predicts_merged)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    return scorer(view, X, merger.transform(truth), **weights)


def _find_merged_classifier(estimator: Any) -> MergedClassifier | None:
    """Find the MergedClassifier that an estimator is, ends in, or has found best."""
    while not isinstance(estimator, MergedClassifier):
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return None
    return estimator


def _check_same_map(own: LabelMerger, merger: LabelMerger) -> None:
    for label, name in own.mapping_.items():
        other = merger.mapping_.get(label, name)
        if other != name:
            raise ValueError(
                "merge of the scorer must be that of the estimator that predicts merged labels, "
                f"but {label!r} becomes {other!r} here and {name!r} there"
            )


class _MergedView(ClassifierMixin, BaseEstimator):
    """A fitted classifier as seen at the merged level."""

    def __init__(self, estimator: Any, merger: LabelMerger, predicts_merged: bool) -> None:
        self.estimator = estimator
        self.merger = merger
        self.predicts_merged = predicts_merged

    @property
    def classes_(self) -> NDArray[Any]:
        return np.unique(self._merge(np.asarray(self.estimator.classes_)))

    def predict(self, X: Any) -> NDArray[Any]:
        return self._merge(self.estimator.predict(X))

    @available_where(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[Any]:
        P = self.estimator.predict_proba(X)
        if self._keeps_classes():
            return np.asarray(P)
        names = self._merge(np.asarray(self.estimator.classes_))
        places = [np.flatnonzero(names == name) for name in self.classes_]
        return sum_columns(check_proba(P, len(names)), places)

    @available_where(
        lambda self: hasattr(self.estimator, "decision_function") and self._keeps_classes()
    )
    def decision_function(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.estimator.decision_function(X))

    def _merge(self, labels: Any) -> NDArray[Any]:
        if self.predicts_merged:
            return np.asarray(labels)
        return np.asarray(self.merger.transform(np.asarray(labels)))

    def _keeps_classes(self) -> bool:
        if self.predicts_merged:
            return True
        labels: list[Label] = np.asarray(self.estimator.classes_).tolist()
        return is_identity({label: self.merger.mapping_.get(label, label) for label in labels})
