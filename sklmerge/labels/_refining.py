"""The second stage: which original class within a merged one. No first stage here."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklmerge._codes import match_labels
from sklmerge._containers import read_labels, take_metadata, take_rows
from sklmerge._kinds import Label, show_labels
from sklmerge.labels._exchange import choose_sources, invert_mapping, put_labels, to_label_array
from sklmerge.labels._merger import LabelMerger


def list_several(merger: LabelMerger) -> list[Label]:
    """List the merged classes of which y had several members."""
    return [name for name, members in merger.members_.items() if len(members) > 1]


def check_refiner(refiner: Any) -> None:
    """Check that what is text in `refiner` is "prior".

    Raises
    ------
    ValueError
        If not.
    """
    for text in refiner.values() if isinstance(refiner, Mapping) else [refiner]:
        if isinstance(text, str) and text != "prior":
            raise ValueError(f'refiner must be a classifier or "prior", got {text!r}')


def check_refinable(refiner: Any, merger: LabelMerger) -> None:
    """Check that there is a refiner if a merged class has several members.

    Raises
    ------
    ValueError
        If not.
    """
    several = list_several(merger)
    if several and refiner is None:
        raise ValueError(
            "refiner is needed to predict original labels because merged classes have several "
            f'members: {show_labels(several)}; pass a classifier or "prior"'
        )


def choose_refiners(refiner: Any, merger: LabelMerger) -> dict[Label, Any]:
    """Say which unfitted estimator refines which merged class; none refines by training frequency.

    Parameters
    ----------
    refiner : estimator, mapping of merged label -> estimator or "prior", "prior" or None
        As for :class:`sklmerge.MergedClassifier`.
    merger : LabelMerger
        Fitted.

    Returns
    -------
    dict of label -> estimator
        Only merged classes with several members in y.

    Raises
    ------
    ValueError
        If a mapping names what is no merged class.
    """
    several = list_several(merger)
    if refiner is None or isinstance(refiner, str):
        return {}
    if not isinstance(refiner, Mapping):
        return dict.fromkeys(several, refiner)
    strangers = [name for name in refiner if name not in merger.mapping_.values()]
    if strangers:
        raise ValueError(
            f"refiner must be keyed by merged classes {show_labels(merger.merged_classes_)}, "
            f"got {strangers}"
        )
    return {
        name: refiner[name]
        for name in several
        if name in refiner and not isinstance(refiner[name], str)
    }


def warn_of_lone_members(merger: LabelMerger) -> None:
    """Warn of merged classes that y reduces to one member: there is nothing to refine."""
    for name, labels in invert_mapping(merger.mapping_).items():
        members = merger.members_.get(name, [])
        if len(labels) > 1 and len(members) == 1:
            warnings.warn(
                f"merged class {name!r} has only {members[0]!r} of {show_labels(labels)} in this "
                "y, so that is predicted with probability 1",
                UserWarning,
                stacklevel=3,
            )


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
    for name, refiner in refiners.items():
        members = [merger.classes_.tolist().index(label) for label in merger.members_[name]]
        rows = np.flatnonzero(np.isin(codes, members))
        own = take_metadata(params[name], rows, len(y))
        fitted[name] = clone(refiner).fit(take_rows(X, rows), y[rows], **own)
    return fitted


def align_columns(P: Any, have: Sequence[Any], want: Sequence[Any], name: str) -> NDArray[Any]:
    """Order the columns of P, which are about the classes `have`, by the classes `want`.

    Raises
    ------
    ValueError
        If a class stands only in `have`. One that stands only in `want` gets a column of 0.
    """
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
    P: NDArray[np.float64], merger: LabelMerger, refiners: Mapping[Label, Any], X: Any
) -> NDArray[np.float64]:
    """Split merged probabilities: P(a|x) = P(AB|x) P(a|AB, x)."""
    given = {
        name: align_columns(
            refiner.predict_proba(X),
            np.asarray(refiner.classes_).tolist(),
            merger.members_[name],
            f"refiner of {name!r}",
        )
        for name, refiner in refiners.items()
    }
    return merger.inverse_transform_proba(P, given=given)


def refine_labels(
    y_merged: Any, merger: LabelMerger, refiners: Mapping[Label, Any], X: Any
) -> NDArray[Any]:
    """Say the original label of each merged one: its refiner's word, else the most frequent."""
    values = read_labels(y_merged, "predictions")
    likely = choose_sources(merger.members_, merger.class_counts_)
    places = match_labels(values, merger.merged_classes_)
    out = np.take(to_label_array(list(likely.values()), merger.classes_.dtype), places)
    for name, refiner in refiners.items():
        rows = np.flatnonzero(places == merger.class_indices_[name])
        if len(rows):
            out = put_labels(out, rows, np.asarray(refiner.predict(take_rows(X, rows))))
    return out
