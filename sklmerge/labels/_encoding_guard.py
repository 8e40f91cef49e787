"""What callers do to the classes of y: refuse where a merge would go wrong in silence.

VotingClassifier, StackingClassifier, BaggingClassifier and ``cross_val_predict`` (of probabilities
and decision functions) number the classes 0, 1, 2, ... before they fit what is inside them. A map
of text fails there by its type. A map of integers may fit the numbers as well as the labels, and
then merges the wrong classes; nothing in y tells the two apart, only who is calling does.
OneVsRestClassifier and its kin go further: their y says which of two sides a row is on, and no map
of classes means anything there. AdaBoostClassifier leaves y alone, but compares predictions to it.
"""

import inspect
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import AdaBoostClassifier
from sklearn.feature_selection import RFECV
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multioutput import ClassifierChain

from sklmerge._kinds import Label, show_labels
from sklmerge.labels._exchange import is_identity
from sklmerge.labels._merge_map import invert_merge_map, normalize_merge_map
from sklmerge.labels._merger import LabelMerger

_ADVICE = (
    "y holds the numbers 0..{last}, as it does inside meta-estimators that number the classes "
    "before fit (VotingClassifier, StackingClassifier, BaggingClassifier, cross_val_predict of "
    "probabilities); "
)

_COMPARING = (
    AdaBoostClassifier,
    ClassifierChain,
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
)


def fit_guarded(merger: LabelMerger, y: Any) -> LabelMerger:
    """Fit a merger on the y of a classifier, and refuse a map that may be about other labels.

    Raises
    ------
    ValueError
        If y and the map contradict each other, if classes are being numbered by a caller and the
        map does not list every one of them, or if a caller pits classes against one another.
    """
    if not _is_plain(merger) and _is_called(_takes_sides):
        raise ValueError(
            "merge must be None inside OneVsRestClassifier, OneVsOneClassifier and "
            "OutputCodeClassifier, where y says which of two sides a row is on and not its class, "
            f"got {merger!r}; put MergedClassifier around the meta-estimator"
        )
    try:
        merger.fit(y)
    except (TypeError, ValueError) as error:
        classes = np.unique(y) if getattr(y, "ndim", 0) == 1 and y.dtype.kind in "iuf" else None
        if classes is None or not _is_numbered(classes):
            raise
        advice = _ADVICE.format(last=len(classes) - 1)
        raise ValueError(f"{error}; {advice}put MergedClassifier around those") from error
    if _is_numbered(merger.classes_) and not _is_safe(merger) and _is_called(_numbers_classes):
        raise ValueError(
            f"merge must list every class of y here, got {merger.merge!r}: "
            f"{_ADVICE.format(last=len(merger.classes_) - 1)}a map that leaves classes out cannot "
            "be told from one about other labels. List the classes that stay too, like {2: [2]}, "
            "or put MergedClassifier around the meta-estimator"
        )
    return merger


def check_level(merger: LabelMerger) -> None:
    """Refuse merged output where a caller takes the classes of the output for those of y.

    Raises
    ------
    ValueError
        If such a caller stands above us and merging changes the label of any class.
    """
    # The set of names is not enough: two classes may have changed them.
    mapping = {label: merger.mapping_[label] for label in merger.classes_.tolist()}
    if not is_identity(mapping) and _is_called(_compares_classes):
        raise ValueError(
            'output must be "original" inside a meta-estimator that takes the classes of a '
            f"prediction for those of y, but 'merged' gives {show_labels(merger.merged_classes_)} "
            f"for y of {show_labels(merger.classes_)}; or put MergedClassifier around it"
        )


def _is_numbered(classes: NDArray[Any]) -> bool:
    # GradientBoostingClassifier numbers the classes for its `init`, and writes floats.
    return classes.dtype.kind in "iuf" and bool((classes == np.arange(len(classes))).all())


def _is_plain(merger: LabelMerger) -> bool:
    """Say whether the settings leave every y as it is."""
    return not merger.merge and merger.min_count is None and merger.unlisted == "keep"


def _is_safe(merger: LabelMerger) -> bool:
    """Say whether the merge means the same whatever the labels were before they were numbered.

    A map that lists exactly the numbers 0..k-1 was written for them: numbering leaves them alone.
    Counting alone finds the same rare classes under any names.
    """
    listed: dict[Label, Label] = invert_merge_map(normalize_merge_map(merger.merge))
    if is_identity(merger.mapping_):
        return not listed
    if listed:
        return sorted(listed) == merger.classes_.tolist()
    return merger.unlisted == "keep" and merger.rare_label not in merger.class_counts_


def _is_called(by: Callable[[FrameType], bool]) -> bool:
    """Say whether such code stands above us on the call stack."""
    return any(by(frame) for frame in _walk_callers())


def _walk_callers() -> Iterator[FrameType]:
    frame = inspect.currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _takes_sides(frame: FrameType) -> bool:
    return _get_module(frame).startswith("sklearn.multiclass")


def _compares_classes(frame: FrameType) -> bool:
    caller = frame.f_locals.get("self")
    if isinstance(caller, RFECV):
        # Without `scoring` it takes plain accuracy, and not the score of the classifier.
        return caller.scoring is None
    by_module = _get_module(frame).startswith(("sklearn.calibration", "sklearn.semi_supervised"))
    return by_module or isinstance(caller, _COMPARING) or _numbers_classes(frame)


def _numbers_classes(frame: FrameType) -> bool:
    module = _get_module(frame)
    if module.startswith("sklearn.ensemble"):
        return not isinstance(frame.f_locals.get("self"), AdaBoostClassifier)
    # cross_val_predict numbers the classes for every method but predict; its frames, also those
    # in a worker process, hold the method's name.
    return module.startswith("sklearn.model_selection") and frame.f_locals.get("method") in (
        "predict_proba",
        "predict_log_proba",
        "decision_function",
    )


def _get_module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
