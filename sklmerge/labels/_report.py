"""classification_report_levels: merged and original classes in one report."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from sklmerge._checks import check_choice, read_sample_weight
from sklmerge._codes import find_classes
from sklmerge._containers import read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._kinds import Label, show_labels
from sklmerge.labels._merge_and_unmerge import is_identity, write_like
from sklmerge.labels._merge_param import check_merger, is_fitted_merger
from sklmerge.labels._merger import LabelMerger

Level = Literal["auto", "original", "merged"]

_SCORES = ("precision", "recall", "f1-score", "support")


def classification_report_levels(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    merge: Any,
    *,
    level: Level = "auto",
    output_dict: bool = False,
    as_frame: bool = False,
    digits: int = 2,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """Report merged classes and, below each, its original classes.

    Merging classes raises scores even if the model is no better, so look at both levels. A merge
    can also hide that one of its members is never recognised. The report therefore shows which
    fraction of each original class was predicted as its merged class, even if the model predicts
    only merged labels.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Original labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels, original or merged.
    merge : LabelMerger, mapping, list of lists or None
        Which classes to merge. A fitted LabelMerger is used directly; anything else is fitted to
        the labels.
    level : {"auto", "original", "merged"}, default="auto"
        Whether `y_pred` contains original or merged labels. "auto" infers the level from the
        labels, and raises an error if both levels are possible.
    output_dict, as_frame : bool, default=False
        Return a dict, or a pandas data frame with one row per class, instead of text.
    digits : int, default=2
        Number of digits for the scores in the text.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples. The support of a class is then the sum of its weights.

    Returns
    -------
    str, dict or DataFrame
        The dict has the keys "merged" and "original", each with "classes", "accuracy" and
        "balanced_accuracy". The keys "recall_as_merged" and "support" have one value per original
        class. "original" is None if only merged labels were predicted.

    Raises
    ------
    ValueError
        If it is unclear whether the labels in `y_pred` are original or merged, or if they are a
        mix of both.

    See Also
    --------
    merged_scorer : A scorer for merged classes.

    Examples
    --------
    >>> from sklmerge import classification_report_levels
    >>> y_true = ["A", "A", "B", "B", "C", "C"]
    >>> y_pred = ["A", "A", "A", "C", "C", "C"]
    >>> print(classification_report_levels(y_true, y_pred, {"AB": ["A", "B"]}))
                       precision  recall  f1-score  support  recall as merged
    AB                      1.00    0.75      0.86        4
      A                     0.67    1.00      0.80        2              1.00
      B                     0.00    0.00      0.00        2              0.50
    C                       0.67    1.00      0.80        2
    <BLANKLINE>
    merged level:   accuracy 0.83, balanced accuracy 0.88
    original level: accuracy 0.67, balanced accuracy 0.67
    """
    if output_dict and as_frame:
        raise ValueError("output_dict and as_frame must not both be True")
    truth = read_labels(find_labels(y_true, "y_true"), "y_true")
    predicted = write_like(read_labels(y_pred, "y_pred"), truth)
    weights = None if sample_weight is None else read_sample_weight(sample_weight, truth.shape)
    check_consistent_length(truth, predicted)
    merger, level = _fit_levels(merge, truth, predicted, level)
    report = _score_levels(merger, truth, predicted, level, weights)
    if output_dict:
        return report
    return _make_frame(report, merger) if as_frame else _write_text(report, merger, digits)


def _fit_levels(
    merge: Any, truth: NDArray[Any], predicted: NDArray[Any], level: Level
) -> tuple[LabelMerger, Level]:
    """Fit the merger on all known original labels, and say which level was predicted."""
    check_choice("level", level, ("auto", "original", "merged"))
    fitted = is_fitted_merger(merge)
    merger = copy(merge) if fitted else check_merger(merge)
    if level == "auto":
        lenient = merger if fitted else copy(merger).set_params(missing="ignore").fit(truth)
        level = _tell_level(lenient.mapping_, set(find_classes(predicted)[0].tolist()))
    if not fitted:
        both = [truth, predicted] if level == "original" else [truth]
        if merger.min_count is not None:
            merger.fit(np.concatenate(both))
        else:
            merger.fit(np.concatenate([find_classes(labels)[0] for labels in both]))
    return merger.set_params(unknown="keep"), level


def _tell_level(mapping: Mapping[Label, Label], predicted: set[Label]) -> Level:
    names = set(mapping.values())
    only_merged = sorted(predicted & (names - set(mapping)))
    only_original = sorted(predicted & (set(mapping) - names))
    if only_merged and only_original:
        raise ValueError(
            f"y_pred must hold labels of one level, got merged {show_labels(only_merged)} and "
            f"original {show_labels(only_original)}"
        )
    if only_merged or only_original:
        return "merged" if only_merged else "original"
    if not is_identity(mapping):
        raise ValueError(
            f"level must be given, because {show_labels(sorted(predicted))} in y_pred may be "
            'original or merged; pass level="original" or "merged"'
        )
    return "original"


def _score_levels(
    merger: LabelMerger,
    truth: NDArray[Any],
    predicted: NDArray[Any],
    level: Level,
    weights: NDArray[np.float64] | None,
) -> dict[str, Any]:
    classes, numbers = find_classes(truth)
    merged_truth = merger.transform(classes)
    other, guesses = find_classes(predicted)
    merged_other = merger.transform(other) if level == "original" else other
    # Labels are compared once a class; the rows are numbers from here on.
    names, places = find_classes(np.concatenate([merged_truth, merged_other]))
    merged_numbers = np.take(places[: len(classes)], numbers)
    merged_guesses = np.take(places[len(classes) :], guesses)
    support = _add_up(numbers, len(classes), weights)
    found = merged_numbers == merged_guesses
    hits = _add_up(numbers[found], len(classes), None if weights is None else weights[found])
    original = None
    if level == "original":
        labels, places = find_classes(np.concatenate([classes, other]))
        numbers = np.take(places[: len(classes)], numbers)
        guesses = np.take(places[len(classes) :], guesses)
        original = _score_classes(labels, numbers, guesses, weights)
    recalls = np.divide(hits, support, out=np.zeros(len(support)), where=support > 0)
    return {
        "merged": _score_classes(names, merged_numbers, merged_guesses, weights),
        "original": original,
        "recall_as_merged": dict(zip(classes.tolist(), recalls.tolist(), strict=True)),
        "support": dict(zip(classes.tolist(), support.tolist(), strict=True)),
    }


def _add_up(numbers: NDArray[Any], n_classes: int, weights: NDArray[Any] | None) -> NDArray[Any]:
    """Count the rows of each class, or sum their weights."""
    return np.bincount(numbers, weights=weights, minlength=n_classes)


def _score_classes(
    labels: NDArray[Any],
    truth: NDArray[Any],
    predicted: NDArray[Any],
    weights: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """Score every class as scikit-learn does; 0 / 0 counts as 0."""
    right = truth == predicted
    hits = _add_up(truth[right], len(labels), None if weights is None else weights[right])
    support, guessed = (_add_up(numbers, len(labels), weights) for numbers in (truth, predicted))
    zeros = np.zeros(len(labels))
    precision = np.divide(hits, guessed, out=zeros.copy(), where=guessed > 0)
    recall = np.divide(hits, support, out=zeros.copy(), where=support > 0)
    both = support + guessed
    f1 = np.divide(2 * hits, both, out=zeros.copy(), where=both > 0)
    columns = (column.tolist() for column in (precision, recall, f1, support))
    rows = zip(labels.tolist(), *columns, strict=True)
    return {
        "classes": {label: dict(zip(_SCORES, row, strict=True)) for label, *row in rows},
        "accuracy": float(hits.sum() / support.sum()),
        "balanced_accuracy": float(np.mean(recall[support > 0])),
    }


def _list_rows(report: Mapping[str, Any], merger: LabelMerger) -> list[dict[str, Any]]:
    """List the classes as rows: a merged class, then its members if it has several."""
    originals = {} if report["original"] is None else report["original"]["classes"]
    rows = []
    for name, scores in report["merged"]["classes"].items():
        rows.append({"level": "merged", "label": name, "merged": name, **scores})
        members = merger.members_.get(name, [])
        for label in members if members != [name] else []:
            own = {
                "support": report["support"].get(label, 0),
                **originals.get(label, {}),
                "recall_as_merged": report["recall_as_merged"].get(label),
            }
            rows.append({"level": "original", "label": label, "merged": name, **own})
    return rows


def _make_frame(report: Mapping[str, Any], merger: LabelMerger) -> Any:
    import pandas as pd

    columns = ["level", "label", "merged", *_SCORES, "recall_as_merged"]
    return pd.DataFrame(_list_rows(report, merger), columns=columns)


def _write_text(report: Mapping[str, Any], merger: LabelMerger, digits: int) -> str:
    rows = _list_rows(report, merger)
    names = [("  " if row["level"] == "original" else "") + str(row["label"]) for row in rows]
    width = max(18, *map(len, names))
    lines = [f"{'':{width}} precision  recall  f1-score  support  recall as merged"]
    for name, row in zip(names, rows, strict=True):
        cells = [
            _write_score(row.get("precision"), 9, digits),
            _write_score(row.get("recall"), 6, digits),
            _write_score(row.get("f1-score"), 8, digits),
            f"{row['support']:7g}",
            _write_score(row.get("recall_as_merged"), 16, digits),
        ]
        lines.append(f"{name:{width}} {'  '.join(cells)}".rstrip())
    lines.append("")
    for title, level in (("merged level:  ", "merged"), ("original level:", "original")):
        if report[level] is not None:
            accuracy = f"{report[level]['accuracy']:.{digits}f}"
            balanced = f"{report[level]['balanced_accuracy']:.{digits}f}"
            lines.append(f"{title} accuracy {accuracy}, balanced accuracy {balanced}")
    return "\n".join(lines)


def _write_score(score: float | None, width: int, digits: int) -> str:
    return " " * width if score is None else f"{score:{width}.{digits}f}"
