"""PriorCorrectedClassifier: probabilities as they would be without resampling or weighting."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge._kinds import show_labels
from sklmerge.weights._fitting import (
    WrappingClassifier,
    copy_fitted_attributes,
    count_shares,
    fit_inner,
    read_classes_of_rows,
)
from sklmerge.weights._reading import read_sample_weight


class PriorCorrectedClassifier(WrappingClassifier):
    """Undo what resampling and weighting do to a classifier's probabilities.

    A classifier that was shown balanced classes gives the rare ones too much probability.
    p'(k) ~ p(k) * pi_true(k) / pi_train(k) takes that back [1]_: the ranking of samples for one
    class against another stays, the probabilities become those of the data given to `fit`.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`; it resamples or weighs inside, as an imbalanced-learn pipeline, a
        :class:`~sklmerge.ClassWeightedClassifier` or a classifier with ``class_weight`` does.
    train_prior : {"balanced", "estimator"}, mapping or array-like, default="balanced"
        The class shares that `estimator` learned from: ``"balanced"`` is equal shares;
        ``"estimator"`` asks the fitted `estimator` (or its last step) for `train_prior_`, which a
        :class:`~sklmerge.ClassWeightedClassifier` has and which counts its weights in; else shares
        (or counts) by label, or in the order of `classes_`.
    true_prior : mapping or array-like, default=None
        The class shares where predictions will be made. None takes those of the y given to `fit`;
        give them where that y is balanced already, as in a folder that was balanced offline.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    train_prior_, true_prior_ : ndarray of shape (n_classes,)
        The shares, of sum 1.
    classes_ : ndarray of shape (n_classes,)

    Notes
    -----
    The formula is exact for a classifier whose probabilities are right for the classes as it saw
    them. It presumes that resampling changed how often a class occurs, not how it looks.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a
       Priori Probabilities", Neural Computation 2002, eq. 2.4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklmerge import PriorCorrectedClassifier
    >>> X, y = np.zeros((10, 1)), ["rare"] + ["common"] * 9
    >>> balanced = DummyClassifier(strategy="uniform")
    >>> balanced.fit(X, y).predict_proba(X[:1])
    array([[0.5, 0.5]])
    >>> PriorCorrectedClassifier(balanced).fit(X, y).predict_proba(X[:1])
    array([[0.9, 0.1]])
    """

    def __init__(
        self,
        estimator: Any,
        *,
        train_prior: str | Mapping[Any, float] | ArrayLike = "balanced",
        true_prior: Mapping[Any, float] | ArrayLike | None = None,
    ) -> None:
        self.estimator = estimator
        self.train_prior = train_prior
        self.true_prior = true_prior

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **params: Any) -> Self:
        """Fit the classifier and find both class shares.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.
        y : array-like of shape (n_samples,)
            With the classes in their true shares, unless `true_prior` says what these are.
        sample_weight : array-like of shape (n_samples,), default=None
            Goes to `estimator` too.
        **params : dict
            Go to the `fit` of `estimator`.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `estimator` has no `predict_proba`, or takes no sample weights where there are some.
        ValueError
            If `estimator` predicts other classes than those of y, or a prior does not fit them.
        """
        labels = read_classes_of_rows(self, y)
        if sample_weight is not None:
            sample_weight = read_sample_weight(sample_weight, labels.shape)
        self.estimator_ = fit_inner(self, X, y, sample_weight, params)
        if not hasattr(self.estimator_, "predict_proba"):
            raise TypeError(
                "estimator must have predict_proba for its probabilities to be corrected, "
                f"{type(self.estimator_).__name__} has none"
            )
        copy_fitted_attributes(self, self.estimator_)
        is_given = self.true_prior is not None
        counted = _count_true_shares(labels, sample_weight, self.classes_, is_given)
        self.train_prior_ = _read_train_prior(self.train_prior, self.estimator_)
        if self.true_prior is None:
            self.true_prior_ = counted
        else:
            self.true_prior_ = _read_prior(self.true_prior, self.classes_, "true_prior")
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the corrected probabilities.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self, "estimator_")
        shifted = self.estimator_.predict_proba(X) * (self.true_prior_ / self.train_prior_)
        return shifted / shifted.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the logarithms of the corrected probabilities.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            -inf for a probability of 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of the largest corrected probability.

        Parameters
        ----------
        X : array-like
            What `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]


def _read_train_prior(prior: Any, fitted: Any) -> NDArray[np.float64]:
    classes = fitted.classes_
    if not isinstance(prior, str):
        return _read_prior(prior, classes, "train_prior")
    if prior == "balanced":
        return np.full(len(classes), 1 / len(classes))
    if prior == "estimator":
        return _read_prior(_find_train_prior(fitted), classes, "train_prior_ of the estimator")
    raise ValueError(
        "train_prior must be 'balanced', 'estimator', a mapping of label to share or an array, "
        f"got {prior!r}"
    )


def _find_train_prior(fitted: Any) -> Any:
    inner = fitted
    while not hasattr(inner, "train_prior_"):
        if hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        else:
            raise ValueError(
                "train_prior='estimator' needs a ClassWeightedClassifier as the estimator or its "
                f"last step, got {type(inner).__name__}; give the shares by label"
            )
    if inner.train_prior_ is None:
        raise ValueError(
            "train_prior='estimator' needs a ClassWeightedClassifier whose own estimator predicts "
            "the classes that it weighs; merge around it, not inside, or give the shares by label"
        )
    return inner.train_prior_


def _read_prior(prior: Any, classes: NDArray[Any], name: str) -> NDArray[np.float64]:
    if isinstance(prior, Mapping):
        labels = classes.tolist()
        if set(prior) != set(labels):
            raise ValueError(
                f"{name} must have a share for each of {show_labels(labels, 5)}, "
                f"got {show_labels(list(prior), 5)}"
            )
        prior = [prior[label] for label in labels]
    shares = np.asarray(prior, dtype=np.float64)
    if shares.shape != classes.shape:
        raise ValueError(
            f"{name} must have one share for each of the {len(classes)} classes, "
            f"got shape {shares.shape}"
        )
    if not (np.isfinite(shares).all() and (shares > 0).all()):
        raise ValueError(f"{name} must be finite shares > 0, got {shares.tolist()}")
    return shares / shares.sum()


def _count_true_shares(
    labels: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    classes: NDArray[Any],
    is_given: bool,
) -> NDArray[np.float64]:
    """Count the shares of y, refusing an estimator that has other names for its classes."""
    shares, found = count_shares(labels, sample_weight, classes), np.unique(labels)
    # Where shares are given, y may happen to lack a class that the estimator knows.
    if shares is None or (not is_given and len(found) < len(classes)):
        raise ValueError(
            f"estimator must predict the classes of y, {show_labels(found, 5)}, got "
            f"{show_labels(classes, 5)}; correct inside of what renames them, or give true_prior "
            "where y lacks some"
        )
    return shares
