"""suggest_merges: predictions in, a merge map and the evidence for it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from sklmerge._checks import check_whole, is_real, read_sample_weight
from sklmerge._codes import find_classes, match_labels
from sklmerge._containers import read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._kinds import Label, show_labels
from sklmerge._tensors import to_numpy
from sklmerge.labels._confusion import (
    choose_groups,
    count_confusions,
    is_at_chance,
    link_classes,
    list_groups,
    measure_confusability,
    score_joins,
)
from sklmerge.labels._merge_and_unmerge import check_same_kind, write_like
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._proba import check_proba


class AmbiguousPair(NamedTuple):
    """Two classes that were confused, and the confused samples.

    Attributes
    ----------
    first, second : label
        The classes.
    confusability : float
        Mean of P(predicted second | true first) and P(predicted first | true second).
    sample_indices : ndarray of int
        The samples of either class that were predicted as the other class, in ascending order.
    """

    first: Label
    second: Label
    confusability: float
    sample_indices: NDArray[np.intp]


class MergeStep(NamedTuple):
    """One merge step, with the scores once this step and all earlier steps are applied.

    Attributes
    ----------
    members : list of labels
        All classes in the new group.
    confusability : float
        Mean confusability of the classes that are joined in this step.
    n_classes : int
        Number of classes left after this step.
    accuracy, balanced_accuracy : float
        Scores of the given predictions after this step.
    suggested : bool
        Whether this step is part of the suggestion.
    """

    members: list[Label]
    confusability: float
    n_classes: int
    accuracy: float
    balanced_accuracy: float
    suggested: bool


@dataclass(frozen=True)
class MergeSuggestion:
    """Suggested merges and the reasons for them. Print the object to see a table.

    Attributes
    ----------
    merge : dict of merged label -> list of labels
        The suggested merge, for any parameter called `merge`. Empty if nothing should be merged.
    classes : ndarray of shape (n_classes,)
        The classes in y_true or y_pred, sorted.
    confusion : ndarray of shape (n_classes, n_classes)
        Counts, or sums of weights. Rows are true classes, columns are predicted classes.
    confusability : ndarray of shape (n_classes, n_classes)
        Mean of P(predicted j | true i) and P(predicted i | true j) for each pair i, j.
    linkage : ndarray of shape (n_classes - 1, 4)
        Linkage matrix in SciPy's format, for ``scipy.cluster.hierarchy.dendrogram``.
    ambiguous_pairs : list of AmbiguousPair
        Pairs of confused classes, sorted from most to least confusable. If a confusion matrix was
        given, the pairs have no sample indices.
    steps : list of MergeStep
        All merge steps in order, whether suggested or not, with the scores after each step.
    accuracy, balanced_accuracy : float
        Scores before any merge.
    note : str or None
        Why the suggestion is empty. None if it is not, or only because few samples are confused.

    See Also
    --------
    suggest_merges : Returns such a suggestion.
    MergeDisplay : Draws it.

    Examples
    --------
    >>> from sklmerge import suggest_merges
    >>> suggestion = suggest_merges(["A", "B", "C", "C"], ["B", "A", "C", "C"], n_classes=2)
    >>> suggestion.to_merger()
    LabelMerger(merge={'A+B': ['A', 'B']})
    >>> suggestion.steps[0].accuracy
    1.0
    """

    merge: dict[Label, list[Label]]
    classes: NDArray[Any]
    confusion: NDArray[Any]
    confusability: NDArray[np.float64]
    linkage: NDArray[np.float64]
    ambiguous_pairs: list[AmbiguousPair]
    steps: list[MergeStep]
    accuracy: float
    balanced_accuracy: float
    note: str | None = None

    def to_merger(self) -> LabelMerger:
        """Make a LabelMerger from the suggestion.

        Returns
        -------
        LabelMerger
            An unfitted LabelMerger.
        """
        return LabelMerger(self.merge)

    def __str__(self) -> str:
        names = [" + ".join(map(str, step.members)) for step in self.steps]
        width = max([len("merge"), *map(len, names)])
        lines = [
            f"{'merge':{width}}  confusability  classes  accuracy  balanced accuracy",
            f"{'':{width}}  {'':13}  {len(self.classes):7}  {self.accuracy:8.2f}  "
            f"{self.balanced_accuracy:17.2f}",
        ]
        for name, step in zip(names, self.steps, strict=True):
            mark = "  suggested" if step.suggested else ""
            lines.append(
                f"{name:{width}}  {step.confusability:13.2f}  {step.n_classes:7}  "
                f"{step.accuracy:8.2f}  {step.balanced_accuracy:17.2f}{mark}"
            )
        if self.note is not None:
            lines.append(self.note)
        lines.append("Scores rise by merging alone because fewer classes are easier to tell apart.")
        return "\n".join(lines)


DEFAULT_THRESHOLD = 0.1


def suggest_merges(
    y_true: ArrayLike | None = None,
    y_pred: ArrayLike | None = None,
    *,
    n_classes: int | None = None,
    threshold: float | None = None,
    confusion: ArrayLike | None = None,
    classes: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> MergeSuggestion:
    """Suggest which classes to merge, from predictions for samples outside the training set.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,), default=None
        True labels.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
        Predicted labels or probabilities of the same samples. The class with the largest
        probability counts as predicted.
    n_classes : int, default=None
        Join classes until this number of classes is left.
    threshold : float in (0, 1], default=None
        Join classes as long as the mean confusability between them is at least this value. Groups
        of classes are also joined if this fraction of samples, averaged over both, is predicted as
        the other group, and classes outside three times less often. Without `n_classes`: 0.1.
    confusion : array-like of shape (n_classes, n_classes), default=None
        A confusion matrix instead of `y_true` and `y_pred`. Rows are true classes, columns are
        predicted classes. If it is a data frame, its index names the classes.
    classes : array-like of shape (n_classes,), default=None
        Names of the columns of a confusion matrix or of probabilities. Defaults to the sorted
        classes of `y_true` for probabilities, and to 0, 1, 2, ... for a matrix.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    MergeSuggestion
        The suggested merge and the evidence for it. Without `n_classes`, `merge` is empty if the
        predictions are no better than chance or all classes would become one; see `note`.

    Raises
    ------
    ValueError
        If both `n_classes` and `threshold` are given, or one is out of range, or if not exactly one
        of `confusion` and `y_true` is given.

    See Also
    --------
    MergeAdvisor : Does the same with cross-validated predictions of a classifier.
    MergeDisplay : Draws the suggestion.

    Examples
    --------
    >>> from sklmerge import suggest_merges
    >>> y_true = ["A"] * 10 + ["B"] * 10 + ["C"] * 10
    >>> y_pred = ["A"] * 6 + ["B"] * 7 + ["A"] * 7 + ["C"] * 9 + ["B"]
    >>> suggestion = suggest_merges(y_true, y_pred)
    >>> suggestion.merge
    {'A+B': ['A', 'B']}
    >>> print(suggestion)
    merge      confusability  classes  accuracy  balanced accuracy
                                    3      0.60               0.60
    A + B               0.55        2      0.97               0.95  suggested
    A + B + C           0.03        1      1.00               1.00
    Scores rise by merging alone because fewer classes are easier to tell apart.
    >>> suggest_merges(confusion=suggestion.confusion, classes=["A", "B", "C"]).merge
    {'A+B': ['A', 'B']}
    """
    if (confusion is None) == (y_true is None) or (y_true is None) != (y_pred is None):
        raise ValueError("pass either y_true and y_pred, or confusion")
    truth = predicted = np.zeros(0, dtype=np.intp)
    if confusion is not None:
        if sample_weight is not None:
            raise ValueError("sample_weight is for y_true and y_pred, got it beside confusion")
        known, table = _read_confusion(confusion, classes)
    else:
        known, truth, predicted = _number_rows(y_true, y_pred, classes)
        weights = None if sample_weight is None else read_sample_weight(sample_weight, truth.shape)
        table = count_confusions(truth, predicted, len(known), weights)
    if not table.sum() > 0:
        raise ValueError("confusion must have samples, got a sum of 0")
    _check_cut(n_classes, threshold, len(known))
    confusability = measure_confusability(table)
    links = link_classes(confusability)
    chosen, note = _choose_joins(table, links, n_classes, threshold)
    labels: list[Label] = known.tolist()
    scores = score_joins(table, links)
    return MergeSuggestion(
        merge=_name_groups([[labels[i] for i in group] for group in list_groups(links, chosen)]),
        classes=known,
        confusion=table,
        confusability=confusability,
        linkage=links,
        ambiguous_pairs=_list_pairs(labels, confusability, truth, predicted),
        steps=_list_steps(labels, links, chosen, *scores),
        accuracy=float(scores[0][0]),
        balanced_accuracy=float(scores[1][0]),
        note=note,
    )


def _number_rows(
    y_true: Any, y_pred: Any, classes: Any
) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Return the classes, and the class numbers of the true and predicted labels of all rows."""
    truth = read_labels(find_labels(y_true, "y_true"), "y_true")
    if len(truth) == 0:
        raise ValueError("y_true must hold at least one label, got none")
    if np.ndim(y_pred) == 2 and np.shape(y_pred)[1] > 1:
        columns = find_classes(truth)[0] if classes is None else read_labels(classes, "classes")
        predicted = columns[check_proba(y_pred, len(columns), "y_pred").argmax(axis=1)]
    else:
        predicted = write_like(read_labels(y_pred, "y_pred"), truth)
        columns = predicted if classes is None else read_labels(classes, "classes")
    check_consistent_length(truth, predicted)
    check_same_kind(predicted, truth, "y_pred")
    known = np.unique(np.concatenate([find_classes(x)[0] for x in (truth, predicted, columns)]))
    return known, match_labels(truth, known), match_labels(predicted, known)


def _read_confusion(confusion: Any, classes: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    if classes is None and hasattr(confusion, "index") and hasattr(confusion, "columns"):
        classes = confusion.index
        if list(classes) != list(confusion.columns):
            raise ValueError(
                "confusion must have the same classes as rows and columns, got "
                f"{list(classes)!r} and {list(confusion.columns)!r}"
            )
    table = to_numpy(confusion)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.dtype.kind not in "biuf":
        raise ValueError(
            f"confusion must be of shape (n_classes, n_classes) and hold counts, got {table.shape}"
        )
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("confusion must hold counts >= 0, got negative or missing values")
    known = np.arange(len(table)) if classes is None else read_labels(classes, "classes")
    if len(known) != len(table) or len(np.unique(known)) < len(known):
        raise ValueError(
            f"classes must name the {len(table)} rows of confusion, each once, got {len(known)}: "
            f"{show_labels(known)}"
        )
    order = np.argsort(known)
    return known[order], table[np.ix_(order, order)]


def _choose_joins(
    confusion: NDArray[Any],
    links: NDArray[np.float64],
    n_classes: int | None,
    threshold: float | None,
) -> tuple[list[bool], str | None]:
    """Say which joins are suggested, or why there are none."""
    if n_classes is not None:
        return [step < len(links) + 1 - n_classes for step in range(len(links))], None
    none = [False] * len(links)
    if is_at_chance(confusion):
        return none, (
            "Nothing is suggested: the predictions are no better than chance, so they say nothing "
            "about which classes are alike. Use better features or more samples, or pass n_classes."
        )
    chosen = choose_groups(confusion, links, DEFAULT_THRESHOLD if threshold is None else threshold)
    if chosen and all(chosen):
        return none, (
            "Nothing is suggested: all classes would become one. Pass a higher threshold, or "
            "n_classes."
        )
    return chosen, None


def _check_cut(n_classes: int | None, threshold: float | None, k: int) -> None:
    if n_classes is not None and threshold is not None:
        raise ValueError("n_classes and threshold must not both be given")
    if n_classes is not None:
        check_whole("n_classes", n_classes, 1, k)
    if threshold is None:
        return
    message = f"threshold must be a number above 0 and up to 1, got {threshold!r}"
    if not is_real(threshold):
        raise TypeError(message)
    if not 0 < threshold <= 1:
        raise ValueError(message)


def _name_groups(groups: list[list[Label]]) -> dict[Label, list[Label]]:
    """Name text groups by joining members with ``+``, number groups by their smallest number."""
    several = [group for group in groups if len(group) > 1]
    return {
        group[0]
        if isinstance(group[0], int | float) and not isinstance(group[0], bool)
        else "+".join(map(str, group)): group
        for group in several
    }


def _list_pairs(
    labels: list[Label],
    confusability: NDArray[np.float64],
    truth: NDArray[np.intp],
    predicted: NDArray[np.intp],
) -> list[AmbiguousPair]:
    """List the confused pairs and the rows of each pair; this sorts the confused rows once."""
    rows = np.flatnonzero(truth != predicted)
    low = np.minimum(truth[rows], predicted[rows])
    keys = low * len(labels) + np.maximum(truth[rows], predicted[rows])
    order = np.argsort(keys, kind="stable")
    firsts, seconds = np.nonzero(np.triu(confusability) > 0)
    places = firsts * len(labels) + seconds
    starts, ends = (np.searchsorted(keys[order], places, side) for side in ("left", "right"))
    rates = confusability[firsts, seconds]
    columns = (column.tolist() for column in (firsts, seconds, rates, starts, ends))
    rows = rows[order]
    pairs = [
        AmbiguousPair(labels[i], labels[j], rate, rows[start:end])
        for i, j, rate, start, end in zip(*columns, strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair.confusability)


def _list_steps(
    labels: list[Label],
    links: NDArray[np.float64],
    chosen: list[bool],
    accuracies: NDArray[np.float64],
    balanced: NDArray[np.float64],
) -> list[MergeStep]:
    groups = [[i] for i in range(len(labels))]
    steps = []
    for step, (left, right, height) in enumerate(links[:, :3].tolist()):
        groups.append(sorted(groups[int(left)] + groups[int(right)]))
        steps.append(
            MergeStep(
                members=[labels[i] for i in groups[-1]],
                confusability=1 - height,
                n_classes=len(links) - step,
                accuracy=float(accuracies[step + 1]),
                balanced_accuracy=float(balanced[step + 1]),
                suggested=chosen[step],
            )
        )
    return steps
