"""PriorAdjustedClassifier: predictions for other class shares than those in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import copy_fitted, read_sample_weight
from sklmerge._kinds import show_labels
from sklmerge._tensors import in_kind_of_X, to_numpy
from sklmerge.weights._adjust import (
    check_strength,
    estimate_train_shares,
    order_shares,
    scale_rows,
)
from sklmerge.weights._classifier import (
    FITTED,
    WrappingClassifier,
    count_shares,
    fit_inner,
    read_classes_of_rows,
)

_TRAIN_PRIORS = ("auto", "estimated", "observed", "balanced")


class PriorAdjustedClassifier(WrappingClassifier):
    """Adjust the predictions of a classifier to balanced classes, or to other class shares.

    The adjusted probability of class k is proportional to p(k) (pi_target(k) / pi_train(k)) **
    strength [1]_, [2]_. The adjustment does not change how the classifier is trained. If the
    classifier uses neither weights nor resampling, this adjustment is the cheapest remedy for
    imbalance. If it uses weights or resampling, ``target_prior="observed"`` adjusts its
    probabilities to the class shares of y.

    Parameters
    ----------
    estimator : classifier
        A classifier with `predict_proba`. It may use resampling or weights, for example as an
        imbalanced-learn pipeline, a :class:`~sklmerge.ClassWeightedClassifier` or a classifier with
        ``class_weight``.
    train_prior : {"auto", "estimated", "observed", "balanced"}, mapping, Series or array-like, \
            default="auto"
        The class shares that `estimator` learned from. ``"auto"`` reads them from the fitted
        estimator. This supports pipelines, searches, bagging, oversamplers, class weights and
        :class:`~sklmerge.MergedClassifier`, and raises an error for any other component.
        ``"observed"`` uses the class shares of the y passed to `fit`, and ``"balanced"`` uses equal
        shares. ``"estimated"`` is for a classifier that is already fitted and wrapped in a
        ``FrozenEstimator``: it finds the shares for which the mean adjusted probabilities of X
        equal the class shares of y. Call `fit` with rows that the classifier was not trained on.
        You can also pass shares or counts, by label or in the order of `classes_`.
    target_prior : {"balanced", "observed"}, mapping, Series or array-like, default="balanced"
        The class shares to adjust to.
    strength : float, default=1.0
        Strength of the adjustment, at least 0: 0 changes nothing, 1 adjusts fully. A grid search
        can tune this.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of `estimator`.
    train_prior_, target_prior_ : ndarray of shape (n_classes,)
        The class shares, which sum to 1.
    classes_ : ndarray of shape (n_classes,)

    See Also
    --------
    adjust_prior : Adjusts an array of probabilities, such as the output of a network.
    logit_offsets : Adjusts logits in the same way, in predictions or in the loss.
    ClassWeightedClassifier : Weights the classes in training.

    Notes
    -----
    The formula is exact for a classifier whose probabilities are calibrated for the class shares it
    was trained on. It assumes that resampling changed only how often a class occurs, not what it
    looks like. To calibrate the classifier as well, use
    ``PriorAdjustedClassifier(CalibratedClassifierCV(model))``. If you calibrated the adjusted
    classifier instead, the calibration would learn the class shares of its own rows and undo the
    adjustment.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a
       Priori Probabilities", Neural Computation 2002, eq. 2.4.
    .. [2] Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, eq. 9.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklmerge import PriorAdjustedClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["common", "rare"], [950, 50])
    >>> X = rng.normal(size=(1000, 1)) + 2 * (y == "rare")[:, None]
    >>> def recall(model):
    ...     return float((model.fit(X, y).predict(X[y == "rare"]) == "rare").mean())
    >>> recall(LogisticRegression()), recall(PriorAdjustedClassifier(LogisticRegression()))
    (0.16, 0.84)
    """

    def __init__(
        self,
        estimator: Any,
        *,
        train_prior: str | Mapping[Any, float] | ArrayLike = "auto",
        target_prior: str | Mapping[Any, float] | ArrayLike = "balanced",
        strength: float = 1.0,
    ) -> None:
        self.estimator = estimator
        self.train_prior = train_prior
        self.target_prior = target_prior
        self.strength = strength

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **params: Any) -> Self:
        """Fit the classifier and determine both sets of class shares.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. They are passed to `estimator`, and used to compute class
            shares.
        **params : dict
            Passed to the `fit` of `estimator`.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `estimator` has no `predict_proba`, or does not accept the given sample weights.
        ValueError
            If `estimator` predicts classes other than those in y, if a prior does not fit these
            classes, or if ``train_prior="auto"`` cannot tell which class shares were learned.
        """
        check_strength(self.strength)
        labels = read_classes_of_rows(self, y)
        weights = None
        if sample_weight is not None:
            weights = read_sample_weight(sample_weight, labels.shape)
        estimator = fit_inner(self, X, labels, weights, params)
        if not hasattr(estimator, "predict_proba"):
            raise TypeError(
                "estimator must have predict_proba for its probabilities to be adjusted, "
                f"{type(estimator).__name__} has none"
            )
        classes = estimator.classes_
        observed = count_shares(labels, weights, classes)
        if observed is None:
            raise ValueError(
                f"estimator must predict the classes of y, {show_labels(np.unique(labels), 5)}, "
                f"got {show_labels(classes, 5)}; adjust inside of what renames them"
            )
        hidden = [name for name in params if name.endswith("sample_weight")]
        if hidden and isinstance(self.train_prior, str) and self.train_prior == "auto":
            raise ValueError(
                f"train_prior='auto' cannot follow weights given as {hidden[0]}; pass them as "
                "sample_weight, or give train_prior by label"
            )
        target = self._read_target_prior(classes, observed)
        trained = self._read_train_prior(estimator, X, labels, weights, observed)
        # A fit that fails leaves the earlier one whole.
        self.estimator_, self.target_prior_, self.train_prior_ = estimator, target, trained
        copy_fitted(self, estimator, FITTED)
        return self

    @in_kind_of_X
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the adjusted probabilities.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self, "estimator_")
        trained, target = self.train_prior_, self.target_prior_
        ratios = np.divide(target, trained, out=np.zeros_like(target), where=trained > 0)
        return scale_rows(to_numpy(self.estimator_.predict_proba(X)), ratios**self.strength)

    @in_kind_of_X
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithms of the adjusted probabilities.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The logarithm of a probability of 0 is -inf.
        """
        with np.errstate(divide="ignore"):
            return np.log(to_numpy(self.predict_proba(X)))

    @in_kind_of_X
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class with the largest adjusted probability.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        places = to_numpy(self.predict_proba(X)).argmax(axis=1)
        return np.take(to_numpy(self.classes_), places)

    def _read_target_prior(
        self, classes: NDArray[Any], observed: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        if not isinstance(self.target_prior, str):
            return order_shares(self.target_prior, classes, "target_prior")
        if self.target_prior == "balanced":
            return np.full(len(classes), 1 / len(classes))
        if self.target_prior == "observed":
            return observed
        raise ValueError(
            "target_prior must be 'balanced', 'observed', a mapping of label to share, a Series or "
            f"an array, got {self.target_prior!r}"
        )

    def _read_train_prior(
        self,
        estimator: Any,
        X: Any,
        labels: NDArray[Any],
        weights: NDArray[np.float64] | None,
        observed: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        classes = estimator.classes_
        if not isinstance(self.train_prior, str):
            return order_shares(self.train_prior, classes, "train_prior")
        if self.train_prior == "auto":
            # imbalanced-learn takes 0.3 s to import, which only this needs.
            from sklmerge.weights._learned_prior import find_learned_shares

            learned = find_learned_shares(estimator, labels, weights)
            shares = [learned.get(label, 0.0) for label in classes.tolist()]
            return order_shares(shares, classes, "train_prior")
        if self.train_prior == "estimated":
            return estimate_train_shares(to_numpy(estimator.predict_proba(X)), observed)
        if self.train_prior == "observed":
            return observed
        if self.train_prior == "balanced":
            return np.full(len(classes), 1 / len(classes))
        *names, last = map(repr, _TRAIN_PRIORS)
        raise ValueError(
            f"train_prior must be {', '.join(names)}, {last}, a mapping of label to share, a "
            f"Series or an array, got {self.train_prior!r}"
        )
