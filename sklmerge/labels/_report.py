"""classification_report_levels: merged and original classes in one report."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_fscore_support
from sklearn.utils import check_consistent_length

from sklmerge._containers import read_labels
from sklmerge._kinds import Label, show_labels
from sklmerge.labels._exchange import is_identity
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
) -> Any:
    """Report merged classes and, below each, its original classes.

    Merging raises scores by itself, so both levels belong side by side. Where only merged labels
    were predicted, the original classes still show how many of their samples were found as the
    merged class: a merge can hide that one member is missed.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Original labels.
    y_pred : array-like of shape (n_samples,)
        Predicted labels, original or merged.
    merge : LabelMerger, mapping, list of lists or None
        Which classes count as one. A fitted LabelMerger is used as it is, any other is fitted on
        the labels given.
    level : {"auto", "original", "merged"}, default="auto"
        What `y_pred` holds. "auto" tells by the labels, and asks where they do not say.
    output_dict, as_frame : bool, default=False
        Return a dict, or a pandas data frame of the classes, in place of text.
    digits : int, default=2
        Digits of the scores in the text.

    Returns
    -------
    str, dict or DataFrame
        The dict has "merged" and "original" (None if only merged labels were predicted), each with
        "classes", "accuracy" and "balanced_accuracy", and "recall_as_merged" per original class.

    Raises
    ------
    ValueError
        If `y_pred` may be of either level, or mixes them.

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
    truth, predicted = read_labels(y_true, "y_true"), read_labels(y_pred, "y_pred")
    check_consistent_length(truth, predicted)
    merger, level = _fit_levels(merge, truth, predicted, level)
    report = _score_levels(merger, truth, predicted, level)
    if output_dict:
        return report
    return _make_frame(report, merger) if as_frame else _write_text(report, merger, digits)


def _fit_levels(
    merge: Any, truth: NDArray[Any], predicted: NDArray[Any], level: Level
) -> tuple[LabelMerger, Level]:
    """Fit the merger on the original labels there are, and say which level was predicted."""
    if level not in ("auto", "original", "merged"):
        raise ValueError(f'level must be "auto", "original" or "merged", got {level!r}')
    fitted = is_fitted_merger(merge)
    merger = copy(merge) if fitted else check_merger(merge)
    if level == "auto":
        lenient = merger if fitted else copy(merger).set_params(missing="ignore").fit(truth)
        level = _tell_level(lenient.mapping_, set(np.unique(predicted).tolist()))
    if not fitted:
        originals = [truth.tolist(), predicted.tolist() if level == "original" else []]
        merger.fit([label for labels in originals for label in labels])
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
    merger: LabelMerger, truth: NDArray[Any], predicted: NDArray[Any], level: Level
) -> dict[str, Any]:
    merged_truth = merger.transform(truth)
    merged = merger.transform(predicted) if level == "original" else predicted
    found = merged_truth == merged
    labels = np.unique(truth)
    return {
        "merged": _score_classes(merged_truth, merged),
        "original": _score_classes(truth, predicted) if level == "original" else None,
        "recall_as_merged": {
            label: float(found[truth == label].mean()) for label in labels.tolist()
        },
        "support": {label: int((truth == label).sum()) for label in labels.tolist()},
    }


def _score_classes(truth: NDArray[Any], predicted: NDArray[Any]) -> dict[str, Any]:
    labels = np.unique(np.concatenate([truth, predicted]))
    scores = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    # scikit-learn counts in floats where no row is right.
    columns = [*map(np.asarray, scores[:3]), np.asarray(scores[3]).astype(int)]
    classes = {
        label: dict(zip(_SCORES, row, strict=True))
        for label, *row in zip(labels.tolist(), *(c.tolist() for c in columns), strict=True)
    }
    present = [row["recall"] for row in classes.values() if row["support"]]
    return {
        "classes": classes,
        "accuracy": float((truth == predicted).mean()),
        "balanced_accuracy": float(np.mean(present)),
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
            f"{row['support']:7d}",
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
