"""ClassWeightedClassifier, and functions for classifiers that wrap another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, column_or_1d, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklmerge._checks import Method, available_where, copy_fitted, read_sample_weight
from sklmerge._containers import check_floats_as_scikit_learn, read_array, read_labels
from sklmerge._tensors import flatten_column, give_in_kind
from sklmerge.labels import check_all_named
from sklmerge.weights._estimator import ClassWeightEstimator

# What a fitted classifier that wraps another takes over from it.
FITTED = ("classes_", "n_features_in_", "feature_names_in_")


class WrappingClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Base class of classifiers that wrap an `estimator`: its tags, and metadata routing."""

    estimator: Any

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata routing: `estimator` gets all metadata except `sample_weight`.

        Returns
        -------
        MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        tags.no_validation = inner.no_validation
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        return tags


def _if_inner_has(name: str) -> Callable[[Method], Method]:
    """Offer a method only if the inner classifier has a method of the same name."""
    return available_where(lambda self: hasattr(getattr(self, "estimator_", self.estimator), name))


class ClassWeightedClassifier(WrappingClassifier):
    """Fit a classifier with class weights that a grid search can tune.

    The weights are passed to `estimator` as `sample_weight`, so `estimator` needs no `class_weight`
    parameter. After a sampler in an imbalanced-learn pipeline, `ClassWeightedClassifier` sees the
    resampled labels, so the weights correct only the imbalance that remains.

    Parameters
    ----------
    estimator : classifier
        Classifier whose `fit` accepts `sample_weight`. If it is a scikit-learn pipeline, the
        weights are passed to its last step.
    weighting : ClassWeightEstimator, default=None
        Computes the weights. None means ``ClassWeightEstimator()``. Pass an instance to tune its
        parameters, for example ``weighting__power``.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of `estimator`.
    weighting_ : ClassWeightEstimator
        The estimator of the weights, fitted on the y passed to `fit`.
    train_prior_ : ndarray of shape (n_classes,), or None
        Share of each class of `classes_` in the total weight of all samples. These are the class
        shares that `estimator_` learned. :class:`~sklmerge.PriorAdjustedClassifier` uses them. None
        if `estimator_` renames or merges the classes of y.
    classes_ : ndarray of shape (n_classes,)

    See Also
    --------
    ClassWeightEstimator : Computes the weights.
    PriorAdjustedClassifier : Adjusts the predicted probabilities instead of training with weights.

    Notes
    -----
    Weights shift the predicted probabilities towards rare classes. To shift them back, use
    :class:`~sklmerge.PriorAdjustedClassifier` with ``target_prior="observed"``.

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
        """Compute the weights for y and fit the classifier.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Class weights are computed from the sums of these weights
            instead of counts. Each sample's weight is then multiplied by the weight of its class.
        **params : dict
            Passed to the `fit` of `estimator`.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `estimator` does not accept sample weights, or contains a sampler.
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
            Anything that `estimator` accepts.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return flatten_column(self._ask("predict", X))

    @_if_inner_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict probabilities. They reflect the weighted class shares.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.

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
            Anything that `estimator` accepts.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_log_proba", X)

    @_if_inner_has("decision_function")
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of the classifier.

        Parameters
        ----------
        X : array-like
            Anything that `estimator` accepts.

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
    """Fit the class weights and weight every row; a row of weight 0 counts as absent."""
    if sample_weight is None:
        return weighting.fit(labels).transform(labels)
    weights = np.array(read_sample_weight(sample_weight, labels.shape))
    counted = weights > 0
    if not counted.any():
        raise ValueError("sample_weight must not be zero for every sample")
    weighting.fit(labels[counted], weights[counted])
    weights[counted] *= weighting.transform(labels[counted])
    return weights


def read_classes_of_rows(owner: BaseEstimator, y: Any) -> NDArray[Any]:
    """Read the y of a classifier's `fit`: one label per row."""
    if y is None:
        raise ValueError(
            f"{type(owner).__name__} requires y to be passed, but the target y is None"
        )
    plain = read_array(y)
    if plain.ndim != 1:
        y = plain = column_or_1d(plain, warn=True)
    if plain.dtype.kind == "c":
        raise ValueError("Complex data not supported: y must hold class labels")
    check_floats_as_scikit_learn(plain)
    return read_labels(y)


def fit_inner(
    owner: BaseEstimator, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]
) -> Any:
    """Fit a clone of the owner's `estimator` on X and y, which are not converted."""
    if params and get_config()["enable_metadata_routing"]:
        params = process_routing(owner, "fit", **params).estimator.fit
    if sample_weight is not None:
        weights = give_in_kind(sample_weight, X)
        params = {**params, name_weight_parameter(owner.estimator): weights}
    # scikit-learn's estimators of tensors want both from one library.
    return clone(owner.estimator).fit(X, give_in_kind(y, X, exact=True), **params)


def name_weight_parameter(estimator: Any) -> str:
    """Find the name of the sample weights in `fit` of an estimator or of a pipeline's last step."""
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    routed = bool(get_config()["enable_metadata_routing"])
    if hasattr(estimator, "steps"):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps):
            raise TypeError(
                "estimator must not resample where its samples are weighed, since weights belong "
                "to rows; weigh in the pipeline, by a ClassWeightedClassifier as its last step"
            )
        name, last = estimator.steps[-1]
        inner = name_weight_parameter(last)
        # With metadata routing, weights find the step that requested them by their plain name.
        return inner if routed else f"{name}__{inner}"
    if hasattr(estimator, "estimator") and _takes_any_parameter(estimator):
        return name_weight_parameter(estimator.estimator)
    if hasattr(estimator, "estimators") and _takes_any_parameter(estimator):
        # VotingClassifier and StackingClassifier hand the same weights to each of their members.
        for member in _list_members(estimator):
            if name_weight_parameter(member) != "sample_weight":
                raise TypeError(
                    f"estimator must have members that take sample_weight in fit themselves, "
                    f"{type(member).__name__} in {type(estimator).__name__} hands it to a step; "
                    "weigh inside, by a ClassWeightedClassifier as that step"
                )
        return "sample_weight"
    raise TypeError(
        f"estimator must take sample_weight in fit to be weighed, {type(estimator).__name__} does "
        "not; resample instead, for example with AugmentingOverSampler"
    )


def count_shares(
    labels: NDArray[Any], sample_weight: NDArray[np.float64] | None, classes: NDArray[Any]
) -> NDArray[np.float64] | None:
    """Compute each class's share of the total weight; None if the classifier renames classes."""
    # A MergedClassifier of merged output, for example, predicts other labels than it was given.
    found, codes = np.unique(labels, return_inverse=True)
    places = {label: place for place, label in enumerate(classes.tolist())}
    if any(label not in places for label in found.tolist()):
        return None
    shares = np.zeros(len(classes))
    shares[[places[label] for label in found.tolist()]] = np.bincount(codes, sample_weight)
    return shares / shares.sum()


def _list_members(estimator: Any) -> list[Any]:
    members = [part for _, part in estimator.estimators if part != "drop"]
    final = getattr(estimator, "final_estimator", None)
    return members if final is None else [*members, final]


def _takes_any_parameter(estimator: Any) -> bool:
    parameters = signature(estimator.fit).parameters.values()
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)
