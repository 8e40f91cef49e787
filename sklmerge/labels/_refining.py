"""The second stage: tell the original classes within a merged class apart. No first stage here."""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from sklmerge._checks import available_where, read_sample_weight
from sklmerge._codes import find_classes, match_labels
from sklmerge._containers import read_labels
from sklmerge._kinds import Label, show_labels
from sklmerge._tensors import flatten_column, give_in_kind, take_by_place, to_numpy
from sklmerge.labels._merge_and_unmerge import (
    choose_sources,
    invert_mapping,
    place_members,
    put_labels,
    to_label_array,
)
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._proba import check_proba, choose_shares, split_columns


def list_several(merger: LabelMerger) -> list[Label]:
    """List the merged classes that had several members in y."""
    return [name for name, members in merger.members_.items() if len(members) > 1]


def list_known(estimator: Any, merger: LabelMerger, numbered: bool) -> list[Label]:
    """List the merged labels that a fitted estimator knows, in its order."""
    if not numbered:
        return to_numpy(estimator.classes_).tolist()
    merged = merger.merged_classes_
    codes = getattr(estimator, "classes_", range(len(merged)))
    return np.take(merged, to_numpy(codes).astype(np.intp)).tolist()


def check_refiner(refiner: Any) -> None:
    """Check that "prior" is the only text in `refiner`."""
    for text in refiner.values() if isinstance(refiner, Mapping) else [refiner]:
        if isinstance(text, str) and text != "prior":
            raise ValueError(f'refiner must be a classifier or "prior", got {text!r}')


def check_refinable(refiner: Any, merger: LabelMerger) -> None:
    """Check that there is a refiner if a merged class has several members."""
    several = list_several(merger)
    if several and refiner is None:
        raise ValueError(
            "refiner is needed to predict original labels because merged classes have several "
            f'members: {show_labels(several)}; pass a classifier or "prior"'
        )


def choose_refiners(refiner: Any, merger: LabelMerger, numbered: bool) -> dict[Label, Any]:
    """Choose unfitted refiners for merged classes with several members; "prior" has no refiner."""
    several = list_several(merger)
    if refiner is None or isinstance(refiner, str):
        return {}
    prepare = NumberedClassifier if numbered else _leave
    if not isinstance(refiner, Mapping):
        return {name: prepare(refiner) for name in several}
    # A merged class that the mapping leaves out is split by training frequency.
    strangers = [name for name in refiner if name not in merger.mapping_.values()]
    if strangers:
        raise ValueError(
            f"refiner must be keyed by merged classes {show_labels(merger.merged_classes_)}, "
            f"got {strangers}"
        )
    return {
        name: prepare(refiner[name])
        for name in several
        if name in refiner and not isinstance(refiner[name], str)
    }


def _leave(refiner: Any) -> Any:
    return refiner


def warn_of_lone_members(merger: LabelMerger) -> None:
    """Warn about merged classes with only one member in y, which have nothing to refine."""
    for name, labels in invert_mapping(merger.mapping_).items():
        members = merger.members_.get(name, [])
        if len(labels) > 1 and len(members) == 1:
            warnings.warn(
                f"merged class {name!r} has only {members[0]!r} of {show_labels(labels)} in this "
                "y, so that is predicted with probability 1",
                UserWarning,
                stacklevel=3,
            )


def tally_classes(
    merger: LabelMerger, labels: NDArray[Any], sample_weight: Any
) -> dict[Label, float]:
    """Sum the weights of each original class; without `sample_weight`, count its samples."""
    counts = {label: float(count) for label, count in merger.class_counts_.items()}
    if sample_weight is None:
        return counts
    codes = match_labels(labels, merger.classes_)
    weights = read_sample_weight(sample_weight, labels.shape)
    sums = np.bincount(codes, weights=weights, minlength=len(counts)).tolist()
    weighed = dict(zip(counts, sums, strict=True))
    for members in merger.members_.values():
        # A merged class whose samples weigh nothing is split by their number.
        if not any(weighed[label] for label in members):
            weighed |= {label: counts[label] for label in members}
    return weighed


class NumberedClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that is fitted on class numbers 0..k-1 and predicts labels."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: NDArray[Any], **params: Any) -> Self:
        self.classes_, codes = find_classes(read_labels(y))
        self.estimator_ = clone(self.estimator).fit(X, give_in_kind(codes, X), **params)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        codes = flatten_column(to_numpy(self.estimator_.predict(X)))
        return np.take(self.classes_, codes.astype(np.intp))

    @available_where(lambda self: hasattr(self.estimator_, "predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[Any]:
        return to_numpy(self.estimator_.predict_proba(X))


def fit_clone(estimator: Any, X: Any, y: Any, params: Mapping[str, Any]) -> Any:
    """Fit a clone on labels; if it fails, perhaps because it needs class numbers, add a note."""
    try:
        return clone(estimator).fit(X, y, **params)
    except ValueError as error:
        # XGBoost and most networks want codes 0 to k-1, and say so in words of their own; what
        # scikit-learn's estimators refuse is another matter.
        is_foreign = not type(estimator).__module__.startswith("sklearn.")
        if is_foreign and re.search(r"class|label|target|code", str(error), re.IGNORECASE):
            error.add_note(
                f"{type(estimator).__name__} was fitted to labels as they are; if it wants the "
                "numbers 0 to k-1 in their place, pass encode_labels=True to MergedClassifier"
            )
        raise


def fit_refiners(
    refiners: Mapping[Label, Any],
    merger: LabelMerger,
    X: Any,
    y: NDArray[Any],
    params: Mapping[Label, dict[str, Any]],
) -> dict[Label, Any]:
    """Fit a clone of each refiner on the rows and original labels of its merged class."""
    fitted = {}
    codes = match_labels(y, merger.classes_)
    places = {label: place for place, label in enumerate(merger.classes_.tolist())}
    for name, refiner in refiners.items():
        members = [places[label] for label in merger.members_[name]]
        rows = np.flatnonzero(np.isin(codes, members))
        own = take_metadata(params[name], rows, len(y))
        some = take_rows(X, rows)
        fitted[name] = fit_clone(refiner, some, give_in_kind(y[rows], some, exact=True), own)
    return fitted


def align_columns(P: Any, have: Sequence[Any], want: Sequence[Any], name: str) -> NDArray[Any]:
    """Reorder the columns of P from `have` to `want`; a class that only `want` lists gets 0."""
    have, want = list(have), list(want)
    table = np.asarray(P)
    if have == want:
        return table
    strangers = [label for label in have if label not in want]
    if strangers:
        raise ValueError(f"{name} must know the classes {want} only, but has {strangers}")
    out = np.zeros((len(table), len(want)), dtype=table.dtype)
    out[:, [want.index(label) for label in have]] = table
    return out


def refine_proba(
    P: NDArray[np.float64],
    merger: LabelMerger,
    refiners: Mapping[Label, Any],
    frequencies: Mapping[Label, float],
    X: Any,
) -> NDArray[np.float64]:
    """Split merged probabilities: P(a|x) = P(AB|x) P(a|AB, x)."""
    given = {
        name: align_columns(
            to_numpy(refiner.predict_proba(X)),
            to_numpy(refiner.classes_).tolist(),
            merger.members_[name],
            f"refiner of {name!r}",
        )
        for name, refiner in refiners.items()
    }
    table = check_proba(P, merger.n_classes_)
    shares = choose_shares(merger.members_, frequencies, given, len(table))
    return split_columns(table, place_members(merger.members_, list(frequencies)), shares)


def refine_labels(
    y_merged: Any,
    merger: LabelMerger,
    refiners: Mapping[Label, Any],
    frequencies: Mapping[Label, float],
    X: Any,
) -> NDArray[Any]:
    """Predict original labels from merged ones: by the refiner if any, else the most frequent."""
    values = read_labels(y_merged, "predictions")
    likely = choose_sources(merger.members_, frequencies)
    places = match_labels(values, merger.merged_classes_)
    out = np.take(to_label_array(list(likely.values()), merger.classes_.dtype), places)
    for name, refiner in refiners.items():
        rows = np.flatnonzero(places == merger.class_indices_[name])
        if len(rows):
            refined = flatten_column(to_numpy(refiner.predict(take_rows(X, rows))))
            out = put_labels(out, rows, refined)
    return out


def take_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Take some rows of an array, a data frame, a sparse matrix or a list; keep its type."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if sparse.issparse(X):
        return X.tocsr()[rows]
    if isinstance(X, list | tuple):
        return [X[row] for row in rows.tolist()]
    return take_by_place(X if hasattr(X, "shape") else np.asarray(X), rows)


def take_metadata(params: dict[str, Any], rows: NDArray[np.intp], n_samples: int) -> dict[str, Any]:
    """Take some rows of each parameter that has one entry per row; keep the other parameters."""
    return {
        name: take_rows(value, rows) if _count_rows(value) == n_samples else value
        for name, value in params.items()
    }


def _count_rows(value: Any) -> int | None:
    if isinstance(value, str | bytes | dict):
        return None
    shape = getattr(value, "shape", None)
    if shape:
        return int(shape[0])
    return len(value) if hasattr(value, "__len__") else None
