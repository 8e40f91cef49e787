"""MergedClassifier: fit on merged classes, predict merged or original ones."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import available_where, check_choice, check_flag, copy_fitted
from sklmerge._containers import read_labels
from sklmerge._datasets import find_labels
from sklmerge._tensors import flatten_column, give_in_kind, in_kind_of_X, to_numpy
from sklmerge.labels._exchange import is_identity
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
    """Train any classifier on merged classes, and predict merged or original ones.

    y always contains the original labels. They are merged for `estimator`, which may be a pipeline
    that oversamples. To predict original labels, add a `refiner`, which tells the members of a
    merged class apart: it is trained only on the rows of that class, before oversampling.

    Parameters
    ----------
    estimator : classifier
        Learns the merged classes. It is cloned.
    merge : LabelMerger, mapping, list of lists or None, default=None
        Which classes count as one; see :class:`LabelMerger`.
    refiner : classifier, mapping of label -> classifier or "prior", "prior" or None, default=None
        Tells the members of a merged class apart: a classifier that is cloned for each merged class
        of several members, a mapping with one for each, or "prior" for training frequencies. A
        merged class that is not in the mapping is split by training frequency.
    output : {"merged", "original"}, default="merged"
        Which labels `predict`, `predict_proba`, `score` and `classes_` use.
    encode_labels : bool, default=False
        Pass the class numbers 0..k-1 to `estimator` and refiners instead of labels, for those that
        need them (XGBoost, networks). Predictions are still labels.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on merged labels, or on their numbers.
    merger_ : LabelMerger
        Fitted on y.
    refiners_ : dict of merged label -> classifier
        Fitted, for the merged classes that have one.
    classes_ : ndarray of shape (n_classes,)
        The merged or original classes, as `output` says, sorted.
    class_frequencies_ : dict of label -> float
        The samples of each original class in y, or the sum of their `sample_weight`.
    n_features_in_, feature_names_in_
        Those of `estimator_`, if it has them.

    See Also
    --------
    merged_scorer : Scores merged classes.
    classification_report_levels : Reports merged and original classes.

    Notes
    -----
    With ``output="original"`` and probabilities, P(a|x) = P(AB|x) P(a|AB, x), and `predict` returns
    the original class with the largest probability. It may lie outside the merged class with the
    largest probability, so `predict` and `predict_merged` can disagree. Without probabilities,
    `predict` runs the two stages one after the other, and there is no `predict_proba`.

    `sample_weight` is passed to `estimator` and refiners only if you pass it to `fit`; each refiner
    gets the rows of its class, and "prior" uses them as counts. Other parameters of `fit` are
    passed to `estimator` or, with metadata routing, to the steps that requested them. The labels of
    a validation set (`eval_set`, `validation_data`, `y_val`) are merged like y.

    Many meta-estimators number the classes before they fit the estimators inside. A map of text
    labels fails there by its type. If labels are numbers, the map must name every class, either
    directly or by ``LabelMerger(merge, classes=[...])``, and y must contain exactly those classes,
    or, with ``missing="ignore"``, a label that cannot result from such numbering. Two cases cannot
    be detected here: an encoder that does not number in sorted order, and a caller that compares
    predictions of ``output="merged"`` with original labels. So use that output only for the
    outermost classifier.

    scikit-learn's scorers compare with the original y: they need ``output="original"``, or
    :func:`merged_scorer`. With array API dispatch on, tensors of X are answered in tensors.

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
        """Fit the estimator on merged labels, and the refiners within the merged classes.

        Parameters
        ----------
        X : array-like, sparse matrix, data frame or list of shape (n_samples, ...)
            Anything that `estimator` accepts, including images and paths.
        y : array-like of shape (n_samples,)
            Original labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Passed on only if given.
        **params : dict
            Passed to `estimator`, or routed.

        Returns
        -------
        MergedClassifier
            Itself.

        Raises
        ------
        ValueError
            If `merge`, `refiner`, `output` and y contradict each other.
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
        own = convert_validation(own, to_targets)
        frequencies = tally_classes(merger, labels, sample_weight)
        # scikit-learn's estimators of tensors want both from one library.
        targets = give_in_kind(to_targets(labels), X, exact=True)
        estimator = fit_clone(self.estimator, X, targets, own)
        # A fit that fails leaves the earlier one whole.
        self.refiners_ = fit_refiners(refiners, merger, X, labels, theirs)
        self.merger_, self.class_frequencies_, self.estimator_ = merger, frequencies, estimator
        copy_fitted(self, estimator)
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes at the level of `output`, sorted."""
        return self.merger_.classes_ if self.output == "original" else self.merger_.merged_classes_

    @in_kind_of_X
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict merged or original labels, as `output` says.

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
        """Predict merged labels, whatever `output` is.

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
        """Predict original labels, whatever `output` is.

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
        """Predict probabilities at the level of `output`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
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
            Logarithms, in the order of `classes_`; that of 0 is -inf.
        """
        P = to_numpy(self.predict_proba(X))
        if hasattr(self.estimator_, "predict_log_proba") and self._keeps_columns():
            # The estimator's own keeps the digits that rounding to 0 would lose.
            return to_numpy(self.estimator_.predict_log_proba(X))
        with np.errstate(divide="ignore"):
            return np.log(P)

    @available_where(lambda self: self._offers("decision_function"))
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Give the estimator's decision function, in the order of `classes_`.

        It exists for merged output, and for original output if no class has several members.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Decision values; with two classes, positive for the second.
        """
        check_is_fitted(self)
        values = self.estimator_.decision_function(X)
        if self._keeps_columns():
            return values
        # Only names change, but other names sort otherwise.
        return -values if np.ndim(values) == 1 else values[:, self._place_originals()]

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy for merged or original labels, as `output` says.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Original labels; labels that were not in `fit` count as errors.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Accuracy.
        """
        check_is_fitted(self)
        truth = read_labels(find_labels(y))
        if self.output == "merged":
            truth = copy(self.merger_).set_params(unknown="keep").transform(truth)
        weights = None if sample_weight is None else to_numpy(sample_weight)
        return float(accuracy_score(truth, to_numpy(self.predict(X)), sample_weight=weights))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what the estimator and each refiner requested.

        Returns
        -------
        MetadataRouter
        """
        return make_router(self, self.estimator, self.refiner)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
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
        """Say whether the estimator's columns are those of `classes_` as they stand."""
        places = range(len(self.classes_))
        is_same = self.output == "merged" or np.array_equal(self._place_originals(), places)
        known = list_known(self.estimator_, self.merger_, self.encode_labels)
        return is_same and len(known) == len(places)

    def _place_originals(self) -> NDArray[Any]:
        """Say for each original class at which place its merged class stands."""
        return self.merger_.encode(self.merger_.classes_)
