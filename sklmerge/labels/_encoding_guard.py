"""What callers do to the classes of y: refuse where a merge would go wrong in silence.

VotingClassifier, StackingClassifier, BaggingClassifier and ``cross_val_predict`` (of probabilities
and decision functions) number the classes 0, 1, 2, ... before they fit what is inside them. A map
of text fails there by its type. A map of integers may fit the numbers as well as the labels, and
then merges the wrong classes; nothing in y tells the two apart, only who is calling does.
"""

import inspect
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._exchange import is_identity
from sklmerge.labels._kinds import Label, show_labels
from sklmerge.labels._merge_map import invert_merge_map, normalize_merge_map
from sklmerge.labels._merger import LabelMerger

_ADVICE = (
    "y holds the numbers 0..{last}, as it does inside meta-estimators that number the classes "
    "before fit (VotingClassifier, StackingClassifier, BaggingClassifier, cross_val_predict of "
    "probabilities); "
)


def fit_guarded(merger: LabelMerger, y: Any) -> LabelMerger:
    """Fit a merger on the y of a classifier, and refuse a map that may be about other labels.

    Raises
    ------
    ValueError
        If y and the map contradict each other, or if classes are being numbered by a caller and
        the map does not list every one of them.
    """
    try:
        merger.fit(y)
    except (TypeError, ValueError) as error:
        classes = np.unique(y) if getattr(y, "ndim", 0) == 1 and y.dtype.kind in "iu" else None
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
        If such a caller stands above us and merging changes the classes.
    """
    if merger.merged_classes_.tolist() != merger.classes_.tolist() and _is_called(
        _compares_classes
    ):
        raise ValueError(
            'output must be "original" inside a meta-estimator that takes the classes of a '
            f"prediction for those of y, but 'merged' gives {show_labels(merger.merged_classes_)} "
            f"for y of {show_labels(merger.classes_)}; or put MergedClassifier around it"
        )


def _is_numbered(classes: NDArray[Any]) -> bool:
    return classes.dtype.kind in "iu" and bool((classes == np.arange(len(classes))).all())


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


def _compares_classes(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return module.startswith("sklearn.calibration") or _numbers_classes(frame)


def _numbers_classes(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    if module.startswith("sklearn.ensemble"):
        return True
    # cross_val_predict numbers the classes for every method but predict; its frames, also those
    # in a worker process, hold the method's name.
    return module.startswith("sklearn.model_selection") and frame.f_locals.get("method") in (
        "predict_proba",
        "predict_log_proba",
        "decision_function",
    )
