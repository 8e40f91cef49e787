"""merged_scorer: any scikit-learn score of merged labels. Nothing is fitted on X here."""

from collections.abc import Callable
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metadata_routing import UNUSED

from sklmerge._checks import available_where
from sklmerge._containers import read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._kinds import Label
from sklmerge._tensors import to_numpy
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._merge_and_unmerge import invert_mapping, is_identity, write_like
from sklmerge.labels._merge_param import check_merger, is_fitted_merger
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._proba import check_proba, sum_columns


def merged_scorer(scoring: str | Callable[..., float], merge: Any) -> "MergedScorer":
    """Make a scorer that merges true and predicted labels before it compares them.

    scikit-learn's own scorers compare predictions with the original y. If a model predicts merged
    labels, a plain ``"balanced_accuracy"`` is therefore wrong, and you see at most a warning. The
    returned scorer is correct for any classifier that predicts original labels, and for a
    :class:`MergedClassifier` that predicts merged or original labels.

    Parameters
    ----------
    scoring : str or callable
        Anything that ``sklearn.metrics.get_scorer`` accepts. Probabilities are summed over the
        members of a merged class. Scores that need a decision function do not work if the merge
        changes any class. If there are two merged classes and they are not 0 and 1, the scores f1,
        precision, recall, jaccard, average_precision and neg_brier_score need the positive class as
        `pos_label`, as in scikit-learn: ``make_scorer(f1_score, pos_label="AB")``, or for
        probabilities ``make_scorer(average_precision_score, response_method="predict_proba",
        pos_label="AB")``.
    merge : LabelMerger, mapping, list of lists or None
        Which classes to merge. A fitted LabelMerger is used directly. Anything else is fitted to
        the classes of the estimator and of y together, so `min_count` is not allowed. If you score
        a :class:`MergedClassifier` that predicts merged labels, it must use the same merge or a
        part of it. If it uses only a part, the scorer merges its predictions further.

    Returns
    -------
    scorer
        A callable ``scorer(estimator, X, y, sample_weight=None)``. Use it as `scoring` in
        GridSearchCV and similar tools, alone or with other scores. It can be pickled and cloned.
        With metadata routing, it requests the same metadata as `scoring`. To change this, call
        ``set_score_request(sample_weight=True)``.

    Raises
    ------
    ValueError
        If `merge` uses `min_count` and is not fitted. When you call the scorer, it also raises this
        error if the estimator merged classes that `merge` keeps apart, or if the score needs
        `pos_label`.

    See Also
    --------
    classification_report_levels : Reports merged and original classes.
    MergedClassifier : Trains a classifier on merged classes.

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
    return MergedScorer(scoring, merge).check()


class MergedScorer(BaseEstimator):
    """The scorer that `merged_scorer` returns. It can be cloned and configured."""

    # What is scored is no metadata.
    __metadata_request__score: ClassVar[dict[str, str]] = {"estimator": UNUSED}

    def __init__(self, scoring: Any, merge: Any = None) -> None:
        self.scoring = scoring
        self.merge = merge

    def check(self) -> Self:
        """Check the parameters before anything is scored."""
        _find_scorer(self.scoring)
        if is_fitted_merger(self.merge):
            return self
        if check_merger(self.merge).min_count is not None:
            raise ValueError(
                "merge must not use min_count in a scorer, where rare would mean rare in the fold; "
                "pass a LabelMerger that is fitted on all of y"
            )
        return self

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> float:
        """Score a fitted classifier; scikit-learn calls a scorer this way."""
        return self.score(estimator, X, y, sample_weight, **params)

    def score(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> float:
        """Score a fitted classifier on merged labels."""
        truth = read_labels(find_labels(y))
        own = _find_merged_classifier(estimator)
        known = to_numpy(estimator.classes_) if own is None else own.merger_.classes_
        merger = self.merge
        if not is_fitted_merger(merger):
            labels = [*write_like(read_labels(known), truth).tolist(), *np.unique(truth).tolist()]
            merger = check_merger(merger).fit(labels)
        merger = copy(merger).set_params(unknown="keep")
        further = merger
        if own is not None and own.output == "merged":
            further = _merge_further(own.merger_, merger)
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        view = _MergedView(estimator, further, truth[:0])
        try:
            return _find_scorer(self.scoring)(view, X, merger.transform(truth), **params)
        except ValueError as error:
            if "pos_label" not in str(error):
                raise
            raise ValueError(
                f"scoring must say which of two classes is the positive one: {error}; pass "
                "scoring=make_scorer(..., pos_label=...) with a merged label"
            ) from error

    def get_metadata_routing(self) -> Any:
        """Return the metadata requested here or, if nothing was set here, by `scoring`."""
        requests = super().get_metadata_routing()
        scorer = _find_scorer(self.scoring)
        if hasattr(scorer, "get_metadata_routing"):
            for name, alias in scorer.get_metadata_routing().score.requests.items():
                if requests.score.requests.get(name) is None:
                    requests.score.add_request(param=name, alias=alias)
        return requests


def _find_scorer(scoring: Any) -> Any:
    # 0.15 s to import, which other users of labels do without.
    from sklearn.metrics import get_scorer

    return get_scorer(scoring)


def _find_merged_classifier(estimator: Any) -> MergedClassifier | None:
    """Find the MergedClassifier in an estimator: itself, its last step or its best estimator."""
    from sklearn.pipeline import Pipeline

    while not isinstance(estimator, MergedClassifier):
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return None
    return estimator


def _merge_further(own: LabelMerger, merger: LabelMerger) -> LabelMerger:
    """Make a merger that, after `own`, has the effect of `merger`; raise if there is none."""
    seen = set(own.classes_.tolist())
    sources: dict[Label, Label] = {}
    names: dict[Label, Label] = {}
    for label, name in own.mapping_.items():
        if label not in seen and label not in merger.mapping_:
            continue
        # There is none if `own` has merged what `merger` tells apart.
        source, further = sources.setdefault(name, label), merger.mapping_.get(label, label)
        if names.setdefault(name, further) != further:
            raise ValueError(
                "merge of the scorer must be that of the estimator that predicts merged labels, or "
                f"a coarser one, but {name!r} there holds {source!r} and {label!r}, which become "
                f"{names[name]!r} and {further!r} here"
            )
    return LabelMerger(invert_mapping(names)).fit(list(names))


class _MergedView(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose classes and predictions are merged."""

    def __init__(self, estimator: Any, merger: LabelMerger, like: NDArray[Any]) -> None:
        self.estimator = estimator
        self.merger = merger
        self.like = like

    @property
    def classes_(self) -> NDArray[Any]:
        return np.unique(self._merge(self.estimator.classes_))

    def predict(self, X: Any) -> NDArray[Any]:
        return self._merge(self.estimator.predict(X))

    @available_where(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[Any]:
        P = self.estimator.predict_proba(X)
        if self._keeps_classes():
            return to_numpy(P)
        names = self._merge(self.estimator.classes_)
        places = [np.flatnonzero(names == name) for name in self.classes_]
        return sum_columns(check_proba(P, len(names)), places)

    @available_where(
        lambda self: hasattr(self.estimator, "decision_function") and self._keeps_classes()
    )
    def decision_function(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.estimator.decision_function(X))

    def _merge(self, labels: Any) -> NDArray[Any]:
        values = write_like(read_labels(labels, "predictions"), self.like)
        return np.asarray(self.merger.transform(values))

    def _keeps_classes(self) -> bool:
        labels: list[Label] = to_numpy(self.estimator.classes_).tolist()
        return is_identity({label: self.merger.mapping_.get(label, label) for label in labels})
