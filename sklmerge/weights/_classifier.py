"""ClassWeightedClassifier: a classifier that weighs the classes of what it is fitted on."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import Method, available_where, copy_fitted
from sklmerge._containers import flatten_column
from sklmerge.labels import check_all_named
from sklmerge.weights._estimator import ClassWeightEstimator
from sklmerge.weights._reading import read_sample_weight
from sklmerge.weights._wrapping import (
    FITTED,
    WrappingClassifier,
    count_shares,
    fit_inner,
    read_classes_of_rows,
)


def _if_inner_has(name: str) -> Callable[[Method], Method]:
    """Let a method be there only where the inner classifier has one of that name."""
    return available_where(lambda self: hasattr(getattr(self, "estimator_", self.estimator), name))


class ClassWeightedClassifier(WrappingClassifier):
    """Weigh classes while a classifier is fitted, by a rule that a grid search can tune.

    It weighs through `sample_weight`, so it serves classifiers without a `class_weight` too, and
    within a pipeline of imbalanced-learn it sees the resampled labels: the weights make up only
    for what resampling left.

    Parameters
    ----------
    estimator : classifier
        Its `fit` must take `sample_weight`. A scikit-learn pipeline hands it to the last step.
    weighting : ClassWeightEstimator, default=None
        The rule. None is ``ClassWeightEstimator()``; give one to tune it, for example as
        ``weighting__power``.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    weighting_ : ClassWeightEstimator
        Fitted on the labels that `fit` saw.
    train_prior_ : ndarray of shape (n_classes,), or None
        Share of each of `classes_` in the weight of all samples: the class frequencies that
        `estimator_` learned. See :class:`~sklmerge.PriorAdjustedClassifier`. None where
        `estimator_` renames or merges the classes of y.
    classes_ : ndarray of shape (n_classes,)

    Notes
    -----
    Weights shift predicted probabilities towards the rare classes;
    :class:`~sklmerge.PriorAdjustedClassifier` shifts them back.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklmerge import ClassWeightedClassifier, ClassWeightEstimator
    >>> X, y = np.array([[0.0], [1.0], [1.0], [2.0]]), ["common", "common", "common", "rare"]
    >>> model = ClassWeightedClassifier(LogisticRegression(), ClassWeightEstimator(power=0.5))
    >>> model.fit(X, y).weighting_.class_weight_
    {'common': 0.845, 'rare': 1.464}
    >>> model.train_prior_
    array([0.63397, 0.36603])
    """

    def __init__(self, estimator: Any, weighting: ClassWeightEstimator | None = None) -> None:
        self.estimator = estimator
        self.weighting = weighting

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **params: Any) -> Self:
        """Weigh the classes of y and fit the classifier.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Counts samples for the weighting, and multiplies the class weights.
        **params : dict
            Go to the `fit` of `estimator`.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `estimator` takes no sample weights, or resamples.
        """
        labels = read_classes_of_rows(self, y)
        weighting = self._clone_weighting()
        if isinstance(weighting.scheme, Mapping):
            check_all_named(
                "scheme",
                list(weighting.scheme),
                np.unique(labels).tolist(),
                missing=weighting.missing,
            )
        weights = _weigh_rows(weighting, labels, sample_weight)
        estimator = fit_inner(self, X, labels, weights, params)
        shares = count_shares(labels, weights, getattr(estimator, "classes_", np.unique(labels)))
        # A fit that fails leaves the earlier one whole.
        self.weighting_, self.estimator_, self.train_prior_ = weighting, estimator, shares
        copy_fitted(self, estimator, FITTED)
        return self

    @_if_inner_has("predict")
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return flatten_column(self._ask("predict", X))

    @_if_inner_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict probabilities, as they are among the weighted classes.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_proba", X)

    @_if_inner_has("predict_log_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the logarithms of the probabilities.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_log_proba", X)

    @_if_inner_has("decision_function")
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Compute the classifier's own scores.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, or (n_samples, n_classes)
        """
        return self._ask("decision_function", X)

    def _ask(self, method: str, X: Any) -> Any:
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, method)(X)

    def _clone_weighting(self) -> ClassWeightEstimator:
        if self.weighting is None:
            return ClassWeightEstimator()
        if not isinstance(self.weighting, ClassWeightEstimator):
            raise TypeError(
                "weighting must be a ClassWeightEstimator or None, "
                f"got {type(self.weighting).__name__}"
            )
        return clone(self.weighting)


def _weigh_rows(
    weighting: ClassWeightEstimator, labels: NDArray[Any], sample_weight: ArrayLike | None
) -> NDArray[np.float64]:
    """Fit the rule and weigh every row; a row of weight 0 is as good as absent."""
    if sample_weight is None:
        return weighting.fit(labels).transform(labels)
    weights = np.array(read_sample_weight(sample_weight, labels.shape))
    counted = weights > 0
    if not counted.any():
        raise ValueError("sample_weight must not be zero for every sample")
    weighting.fit(labels[counted], weights[counted])
    weights[counted] *= weighting.transform(labels[counted])
    return weights
