"""MergeAdvisor: find by cross-validation which classes a classifier cannot tell apart."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import is_whole
from sklmerge._containers import read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._suggest_merges import suggest_merges


class MergeAdvisor(MetaEstimatorMixin, BaseEstimator):
    """Suggest merging the classes that a classifier confuses.

    Every sample is predicted by a model that was not trained on it. The confusability of two
    classes A and B is the mean of two rates: how often A is predicted as B, and how often B is
    predicted as A. Hierarchical clustering with average linkage joins the most confusable classes
    first.

    Parameters
    ----------
    estimator : classifier
        The classifier to evaluate. A clone of it is fitted for every fold.
    n_classes : int, default=None
        Join classes until this number of classes is left.
    threshold : float in (0, 1], default=None
        Join classes as long as the mean confusability between them is at least this value; see
        `suggest_merges`. Defaults to 0.1 if `n_classes` is also None.
    cv : int, splitter, iterable of splits or None, default=5
        How to split the samples into folds, as in scikit-learn's `cross_val_predict`. None means 5
        folds. If you pass `groups` to `fit`, and `cv` is an int or None, each group stays in one
        fold. Any other splitter must keep groups together; otherwise, `fit` raises an error.

    Attributes
    ----------
    merge_ : dict of merged label -> list of labels
        The suggestion.
    confusion_ : ndarray of shape (n_classes, n_classes)
        Confusion matrix of the out-of-fold predictions. Rows are true classes, columns are
        predicted classes.
    linkage_ : ndarray of shape (n_classes - 1, 4)
        Linkage matrix in SciPy's format. The distances are 1 minus confusability.
    ambiguous_pairs_ : list of AmbiguousPair
        Pairs of confused classes, sorted from most to least confusable. Each pair lists the indices
        of the confused samples. Look at these samples before you merge the classes.
    classes_ : ndarray of shape (n_classes,)
        The classes of y, sorted.
    suggestion_ : MergeSuggestion
        The complete suggestion. Print it to see the effect of every merge.

    See Also
    --------
    suggest_merges : Does the same with your own predictions or a confusion matrix.
    suggest_folder : Does the same for a folder of images.
    MergeDisplay : Draws the suggestion.
    ConfusedImagesDisplay : Shows the confused images.

    Notes
    -----
    The same predictions always give the same suggestion. It does not depend on the order in which
    the classes appear in y. The advisor only finds classes that a classifier cannot tell apart.
    Whether they *should* be merged depends on what they mean.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklmerge import MergeAdvisor
    >>> X, y = load_digits(return_X_y=True)
    >>> advisor = MergeAdvisor(GaussianNB(), n_classes=8).fit(X, y)
    >>> len(advisor.to_merger().fit(y).merged_classes_)
    8
    >>> pair = advisor.ambiguous_pairs_[0]
    >>> pair.first, pair.second
    (2, 8)
    >>> sorted(set(y[pair.sample_indices].tolist()))
    [2, 8]
    """

    def __init__(
        self,
        estimator: Any,
        *,
        n_classes: int | None = None,
        threshold: float | None = None,
        cv: Any = 5,
    ) -> None:
        self.estimator = estimator
        self.n_classes = n_classes
        self.threshold = threshold
        self.cv = cv

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Predict every sample by cross-validation, and find classes to merge.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Original labels.
        groups : array-like of shape (n_samples,), default=None
            Group of each sample. Samples of a group stay together in one fold.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for the confusion matrix. The estimator is fitted without weights.

        Returns
        -------
        MergeAdvisor
            The object itself.
        """
        # With scikit-learn's metrics it takes 0.15 s to import, which a folder's labels do without.
        from sklearn.model_selection import cross_val_predict

        labels = read_labels(find_labels(y))
        splits: Any = self.cv
        if groups is not None:
            splits = _split_by_group(self.cv, labels, groups)
        predicted = cross_val_predict(clone(self.estimator), X, labels, cv=splits)
        self.suggestion_ = suggest_merges(
            labels,
            predicted,
            n_classes=self.n_classes,
            threshold=self.threshold,
            sample_weight=sample_weight,
        )
        self.merge_ = self.suggestion_.merge
        self.confusion_ = self.suggestion_.confusion
        self.linkage_ = self.suggestion_.linkage
        self.ambiguous_pairs_ = self.suggestion_.ambiguous_pairs
        self.classes_ = self.suggestion_.classes
        return self

    def to_merger(self) -> LabelMerger:
        """Make a LabelMerger from the suggestion.

        Returns
        -------
        LabelMerger
            An unfitted LabelMerger.
        """
        check_is_fitted(self)
        return self.suggestion_.to_merger()


def _split_by_group(cv: Any, labels: NDArray[Any], groups: Any) -> Any:
    """Split with groups kept together, or refuse a splitter that tears them apart in silence."""
    from sklearn.model_selection import StratifiedGroupKFold, check_cv

    if cv is None or is_whole(cv):
        # scikit-learn's own splitters for a number ignore groups without a word.
        splitter = StratifiedGroupKFold(5 if cv is None else int(cv))
    else:
        splitter = check_cv(cv)
    splits = list(splitter.split(np.zeros(len(labels)), labels, groups))
    owners = np.asarray(groups)
    for train, test in splits:
        torn = np.intersect1d(owners[train], owners[test])
        if len(torn):
            raise ValueError(
                f"cv must keep groups together, but {splitter!r} has {len(torn)} groups in "
                "training and test of one fold, first: "
                f"{torn[0]!r}; pass a number or a splitter such as GroupKFold"
            )
    return splits
