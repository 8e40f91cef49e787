"""MergedClassifier: fit on merged classes, predict merged or original ones."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import available_where, check_choice, check_flag, copy_fitted
from sklmerge._containers import read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._tensors import flatten_column, give_in_kind, in_kind_of_X, to_numpy
from sklmerge.labels._merge_and_unmerge import is_identity
from sklmerge.labels._merge_param import fit_nested_merger, may_join, read_training_labels
from sklmerge.labels._refining import (
    align_columns,
    check_refinable,
    check_refiner,
    choose_refiners,
    fit_clone,
    fit_refiners,
    list_known,
    list_several,
    refine_labels,
    refine_proba,
    tally_classes,
    warn_of_lone_members,
)
from sklmerge.labels._routing import convert_validation, make_router, name_refiners, split_params


class MergedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Train any classifier on merged classes, and predict merged or original classes.

    Always pass the original labels as y. They are merged before `estimator` is fitted. To predict
    original labels, add a `refiner`, which learns to tell the members of a merged class apart. The
    refiner is trained only on the rows of this class, before `estimator` oversamples any.

    Parameters
    ----------
    estimator : classifier
        Classifier for the merged classes. `fit` fits a clone.
    merge : LabelMerger, mapping, list of lists or None, default=None
        Which classes to merge; see :class:`LabelMerger`.
    refiner : classifier, mapping of label -> classifier or "prior", "prior" or None, default=None
        How to tell the members of a merged class apart. A classifier is cloned for each merged
        class with several members. A mapping gives each merged class its own refiner. "prior", the
        default for classes that are not in the mapping, splits probabilities by training frequency.
    output : {"merged", "original"}, default="merged"
        Which labels `predict`, `predict_proba`, `score` and `classes_` use.
    encode_labels : bool, default=False
        Whether to fit `estimator` and the refiners on class numbers 0..k-1 instead of labels.
        XGBoost and neural networks need this. Predictions are still labels.

    Attributes
    ----------
    estimator_ : classifier
        The classifier fitted on merged labels or, with `encode_labels`, on class numbers.
    merger_ : LabelMerger
        The LabelMerger fitted on y.
    refiners_ : dict of merged label -> classifier
        The fitted refiners. A merged class without a refiner has no entry.
    classes_ : ndarray of shape (n_classes,)
        The merged or original classes (see `output`), sorted.
    class_frequencies_ : dict of label -> float
        Number of samples of each original class in y, or the sum of their `sample_weight` if given.
    n_features_in_, feature_names_in_
        The attributes of `estimator_`, if it has them.

    See Also
    --------
    merged_scorer : Scores merged classes.
    classification_report_levels : Reports merged and original classes.

    Notes
    -----
    With ``output="original"``, the probability of a member a of the merged class AB is P(a|x) =
    P(AB|x) P(a|AB, x). `predict` then returns the original class with the largest probability. This
    class may not belong to the most probable merged class, so `predict` and `predict_merged` can
    disagree. If `estimator` or a refiner has no `predict_proba`, `predict` first predicts the
    merged class and then its member, and `predict_proba` is not available.

    If you pass `sample_weight` to `fit`, it is passed on to `estimator` and the refiners, and
    "prior" sums the weights of each class instead of counting its samples. Other parameters are
    passed to `estimator`. With metadata routing, each parameter is passed only to the steps that
    requested it. Validation labels (`eval_set`, `validation_data`, `y_val`) are merged like y.

    Many meta-estimators replace the labels with 0, 1, 2, ... before they fit their inner
    estimators. A `merge` of original labels would then merge the wrong classes. If your labels are
    text, this raises an error. If they are numbers, `merge` must name every class, directly or with
    ``LabelMerger(merge, classes=[...])``, and y must contain exactly these classes. With
    ``missing="ignore"``, some of these classes may be missing from y, provided that y contains a
    number that such a replacement cannot produce. Two cases cannot be detected: a meta-estimator
    that does not number the classes in sorted order, and a meta-estimator that compares merged
    predictions with original labels. So use ``output="merged"`` only for the outermost classifier.

    scikit-learn's scorers compare predictions with the original y, so use ``output="original"`` or
    :func:`merged_scorer`. If X is a tensor and array API dispatch is on, predictions are tensors.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklmerge import MergedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MergedClassifier(LogisticRegression(max_iter=500), {0: [0], 1: [1, 2]})
    >>> model.fit(X, y).classes_
    array([0, 1])
    >>> model.set_params(refiner="prior", output="original").fit(X, y).predict_proba(X[:4]).shape
    (4, 3)
    """

    # fit only passes weights on: who requests them is the estimator and the refiners.
    __metadata_request__fit: ClassVar[dict[str, str]] = {"sample_weight": UNUSED}

    def __init__(
        self,
        estimator: Any,
        merge: Any = None,
        *,
        refiner: Any = None,
        output: Literal["merged", "original"] = "merged",
        encode_labels: bool = False,
    ) -> None:
        self.estimator = estimator
        self.merge = merge
        self.refiner = refiner
        self.output = output
        self.encode_labels = encode_labels

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Fit the estimator on merged labels, and each refiner on the rows of its merged class.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or list of shape (n_samples, ...)
            Anything that `estimator` accepts, including images and paths.
        y : array-like of shape (n_samples,)
            Original labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. None fits `estimator` and the refiners without weights.
        **params : dict
            Passed to `estimator` or, with metadata routing, to the steps that requested them.

        Returns
        -------
        MergedClassifier
            The object itself.

        Raises
        ------
        ValueError
            If `merge`, `refiner` and `output` do not fit together, or do not fit y.
        """
        check_choice("output", self.output, ("merged", "original"))
        check_flag("encode_labels", self.encode_labels)
        check_refiner(self.refiner)
        labels = read_training_labels(y)
        merger = fit_nested_merger(self.merge, labels)
        refiners = choose_refiners(self.refiner, merger, self.encode_labels)
        if self.output == "original":
            check_refinable(self.refiner, merger)
        if self.refiner is not None:
            warn_of_lone_members(merger)
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        own, theirs = split_params(self, self.refiner, params, list(refiners))
        to_targets = merger.encode if self.encode_labels else merger.transform
        frequencies = tally_classes(merger, labels, sample_weight)
        # scikit-learn's estimators of tensors want both from one library.
        targets = give_in_kind(to_targets(labels), X, exact=True)
        estimator = fit_clone(self.estimator, X, targets, convert_validation(own, to_targets))
        # A fit that fails leaves the earlier one whole.
        self.refiners_ = fit_refiners(refiners, merger, X, labels, theirs)
        self.merger_, self.class_frequencies_, self.estimator_ = merger, frequencies, estimator
        copy_fitted(self, estimator)
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """The merged or original classes (see `output`), sorted."""
        return self.merger_.classes_ if self.output == "original" else self.merger_.merged_classes_

    @in_kind_of_X
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict merged or original labels (see `output`).

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        check_is_fitted(self)
        return self.predict_original(X) if self.output == "original" else self.predict_merged(X)

    @in_kind_of_X
    def predict_merged(self, X: Any) -> NDArray[Any]:
        """Predict merged labels, regardless of `output`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Merged labels.
        """
        check_is_fitted(self)
        predicted = flatten_column(to_numpy(self.estimator_.predict(X)))
        if not self.encode_labels:
            return predicted
        return np.take(self.merger_.merged_classes_, predicted.astype(np.intp))

    @in_kind_of_X
    def predict_original(self, X: Any) -> NDArray[Any]:
        """Predict original labels, regardless of `output`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Original labels.

        Raises
        ------
        ValueError
            If a merged class has several members and there is no refiner.
        """
        check_is_fitted(self)
        check_refinable(self.refiner, self.merger_)
        if is_identity(self.merger_.mapping_):
            return self.predict_merged(X)
        if list_several(self.merger_) and self._has_proba("original"):
            return np.take(self.merger_.classes_, self._predict_original_proba(X).argmax(axis=1))
        return refine_labels(
            self.predict_merged(X), self.merger_, self.refiners_, self.class_frequencies_, X
        )

    @available_where(lambda self: self._offers("predict_proba"))
    @in_kind_of_X
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict probabilities of the merged or original classes (see `output`).

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, with columns in the order of `classes_`.
        """
        check_is_fitted(self)
        if self.output == "original":
            return self._predict_original_proba(X)
        return self._predict_merged_proba(X)

    @available_where(lambda self: self._offers("predict_proba"))
    @in_kind_of_X
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities, with columns in the order of `classes_`. Probability 0 gives -inf.
        """
        P = to_numpy(self.predict_proba(X))
        if hasattr(self.estimator_, "predict_log_proba") and self._keeps_columns():
            # The estimator's own keeps the digits that rounding to 0 would lose.
            return to_numpy(self.estimator_.predict_log_proba(X))
        with np.errstate(divide="ignore"):
            return np.log(P)

    @available_where(lambda self: self._offers("decision_function"))
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the decision function of the estimator, with columns in the order of `classes_`.

        With ``output="original"``, this method exists only if no merged class has several members.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Decision values. With two classes, positive values mean the second class.
        """
        check_is_fitted(self)
        values = self.estimator_.decision_function(X)
        if self._keeps_columns():
            return values
        # Only names change, but other names sort otherwise.
        return -values if np.ndim(values) == 1 else values[:, self._place_originals()]

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy for merged or original labels (see `output`).

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Original labels. A label that `fit` did not see counts as an error.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Accuracy.
        """
        from sklearn.metrics import accuracy_score

        check_is_fitted(self)
        truth = read_labels(find_labels(y))
        if self.output == "merged":
            truth = copy(self.merger_).set_params(unknown="keep").transform(truth)
        weights = None if sample_weight is None else to_numpy(sample_weight)
        return float(accuracy_score(truth, to_numpy(self.predict(X)), sample_weight=weights))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata that the estimator and each refiner requested.

        Returns
        -------
        MetadataRouter
        """
        return make_router(self, self.estimator, self.refiner)

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags, tags.non_deterministic = inner.input_tags, inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags = replace(inner.classifier_tags, multi_label=False)
        return tags

    def _offers(self, method: str) -> bool:
        if method == "predict_proba":
            return self._has_proba(self.output)
        if not hasattr(getattr(self, "estimator_", self.estimator), method):
            return False
        joins = list_several(self.merger_) if hasattr(self, "merger_") else may_join(self.merge)
        return self.output == "merged" or not joins

    def _has_proba(self, output: str) -> bool:
        stages = [getattr(self, "estimator_", self.estimator)]
        if output == "original":
            stages += getattr(self, "refiners_", name_refiners(self.refiner)).values()
        return all(hasattr(stage, "predict_proba") for stage in stages)

    def _predict_merged_proba(self, X: Any) -> NDArray[Any]:
        known = list_known(self.estimator_, self.merger_, self.encode_labels)
        P = to_numpy(self.estimator_.predict_proba(X))
        return align_columns(P, known, self.merger_.merged_classes_.tolist(), "estimator")

    def _predict_original_proba(self, X: Any) -> NDArray[Any]:
        P = self._predict_merged_proba(X)
        if list_several(self.merger_):
            return refine_proba(P, self.merger_, self.refiners_, self.class_frequencies_, X)
        return P[:, self._place_originals()]

    def _keeps_columns(self) -> bool:
        """Say whether the estimator's columns are those of `classes_`, in the same order."""
        places = self._place_originals()
        is_same = self.output == "merged" or np.array_equal(places, range(len(places)))
        known = list_known(self.estimator_, self.merger_, self.encode_labels)
        return is_same and len(known) == len(self.classes_)

    def _place_originals(self) -> NDArray[Any]:
        """Return for each original class the position of its merged class."""
        return self.merger_.encode(self.merger_.classes_)
