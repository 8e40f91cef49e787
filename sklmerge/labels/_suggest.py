"""suggest_merges: from predictions to a merge map, with the evidence for it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from sklmerge._codes import match_labels
from sklmerge._containers import read_labels
from sklmerge._kinds import Label
from sklmerge.labels._confusion import (
    count_confusions,
    count_joins,
    link_classes,
    list_groups,
    measure_confusability,
    score_groups,
)
from sklmerge.labels._exchange import check_same_kind
from sklmerge.labels._merger import LabelMerger


class AmbiguousPair(NamedTuple):
    """Two classes that were taken for one another, and the samples where that happened.

    Attributes
    ----------
    first, second : label
        The classes.
    confusability : float
        The mean rate at which one is predicted for the other.
    sample_indices : ndarray of int
        The samples of either that were predicted as the other, ascending.

    Examples
    --------
    >>> from sklmerge import suggest_merges
    >>> suggest_merges(["A", "A", "B"], ["A", "B", "B"]).ambiguous_pairs
    [AmbiguousPair(first='A', second='B', confusability=0.25, sample_indices=array([1]))]
    """

    first: Label
    second: Label
    confusability: float
    sample_indices: NDArray[np.intp]


class MergeStep(NamedTuple):
    """One join of classes, and the scores once it and all before it are done.

    Attributes
    ----------
    members : list of labels
        All classes of the group that the join makes.
    confusability : float
        Mean confusability of what is joined.
    n_classes : int
        Classes left.
    accuracy, balanced_accuracy : float
        Of the same predictions, merged so far.
    suggested : bool
        Whether the join is part of the suggestion.

    Examples
    --------
    >>> from sklmerge import suggest_merges
    >>> step = suggest_merges(["A", "A", "B"], ["A", "B", "B"]).steps[0]
    >>> step.members, step.suggested
    (['A', 'B'], True)
    """

    members: list[Label]
    confusability: float
    n_classes: int
    accuracy: float
    balanced_accuracy: float
    suggested: bool


@dataclass(frozen=True)
class MergeSuggestion:
    """What to merge, and why; ``print`` shows it as a table.

    Attributes
    ----------
    merge : dict of merged label -> list of labels
        The suggestion, for any parameter called `merge`. Empty if nothing should be merged.
    classes : ndarray of shape (n_classes,)
        The classes in y_true or y_pred, sorted.
    confusion : ndarray of shape (n_classes, n_classes)
        Counts; rows are true classes, columns predicted ones.
    confusability : ndarray of shape (n_classes, n_classes)
        For two classes the mean rate at which one is predicted for the other.
    linkage : ndarray of shape (n_classes - 1, 4)
        SciPy's linkage matrix, for ``scipy.cluster.hierarchy.dendrogram``.
    ambiguous_pairs : list of AmbiguousPair
        Pairs of classes with confusions, the most confusable first.
    steps : list of MergeStep
        Every join in order, suggested or not, with the scores it leads to.
    accuracy, balanced_accuracy : float
        Before any merge.

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
    confusion: NDArray[np.int64]
    confusability: NDArray[np.float64]
    linkage: NDArray[np.float64]
    ambiguous_pairs: list[AmbiguousPair]
    steps: list[MergeStep]
    accuracy: float
    balanced_accuracy: float

    def to_merger(self) -> LabelMerger:
        """Make a LabelMerger of the suggestion.

        Returns
        -------
        LabelMerger
            Unfitted.
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
        lines.append("Scores rise by merging alone, for fewer classes are easier to tell apart.")
        return "\n".join(lines)


DEFAULT_THRESHOLD = 0.1


def suggest_merges(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    n_classes: int | None = None,
    threshold: float | None = None,
) -> MergeSuggestion:
    """Suggest which classes to merge, from predictions on samples that the model did not train on.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels of the same samples.
    n_classes : int, default=None
        Join until so many classes are left.
    threshold : float in (0, 1], default=None
        Join while the mean confusability of what is joined is at least this. None is 0.1 where
        `n_classes` is None too.

    Returns
    -------
    MergeSuggestion
        The map and the evidence.

    Raises
    ------
    ValueError
        If both `n_classes` and `threshold` are given, or one is out of range.

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
    Scores rise by merging alone, for fewer classes are easier to tell apart.
    """
    truth, predicted = read_labels(y_true, "y_true"), read_labels(y_pred, "y_pred")
    check_consistent_length(truth, predicted)
    if len(truth) == 0:
        raise ValueError("y_true must hold at least one label, got none")
    check_same_kind(predicted, truth, "y_pred")
    classes = np.unique(np.concatenate([truth, predicted]))
    _check_cut(n_classes, threshold, len(classes))
    confusion = count_confusions(match_labels(truth, classes), match_labels(predicted, classes))
    confusability = measure_confusability(confusion)
    links = link_classes(confusability)
    if n_classes is None and threshold is None:
        threshold = DEFAULT_THRESHOLD
    n_joins = count_joins(links, n_classes, threshold)
    labels: list[Label] = classes.tolist()
    accuracy, balanced_accuracy = score_groups(confusion, list_groups(links, 0))
    return MergeSuggestion(
        merge=_name_groups([[labels[i] for i in group] for group in list_groups(links, n_joins)]),
        classes=classes,
        confusion=confusion,
        confusability=confusability,
        linkage=links,
        ambiguous_pairs=_list_pairs(labels, confusability, truth, predicted),
        steps=_list_steps(labels, confusion, links, n_joins),
        accuracy=accuracy,
        balanced_accuracy=balanced_accuracy,
    )


def _check_cut(n_classes: int | None, threshold: float | None, k: int) -> None:
    if n_classes is not None and threshold is not None:
        raise ValueError("n_classes and threshold must not both be given")
    if n_classes is not None and not 1 <= n_classes <= k:
        raise ValueError(f"n_classes must be 1..{k}, the classes of y, got {n_classes}")
    if threshold is not None and not 0 < threshold <= 1:
        raise ValueError(f"threshold must lie in (0, 1], got {threshold}")


def _name_groups(groups: list[list[Label]]) -> dict[Label, list[Label]]:
    """Name text by joining members with ``+``, and numbers by their smallest, to stay numbers."""
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
    truth: NDArray[Any],
    predicted: NDArray[Any],
) -> list[AmbiguousPair]:
    pairs: list[AmbiguousPair] = []
    for i, j in np.argwhere(np.triu(confusability) > 0).tolist():
        first, second = labels[i], labels[j]
        mistaken = (truth == first) & (predicted == second)
        mistaken |= (truth == second) & (predicted == first)
        rate = float(confusability[i, j])
        pairs.append(AmbiguousPair(first, second, rate, np.flatnonzero(mistaken)))
    return sorted(pairs, key=lambda pair: -pair.confusability)


def _list_steps(
    labels: list[Label], confusion: NDArray[np.int64], links: NDArray[np.float64], n_joins: int
) -> list[MergeStep]:
    steps = []
    for step, height in enumerate(links[:, 2].tolist()):
        groups = list_groups(links, step + 1)
        before = list_groups(links, step)
        joined = next(group for group in groups if group not in before)
        accuracy, balanced_accuracy = score_groups(confusion, groups)
        steps.append(
            MergeStep(
                members=[labels[i] for i in joined],
                confusability=1 - height,
                n_classes=len(groups),
                accuracy=accuracy,
                balanced_accuracy=balanced_accuracy,
                suggested=step < n_joins,
            )
        )
    return steps
