"""MergeSuggestion: which classes to merge, and the evidence. How it is found: _suggesting.py."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import Label
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
