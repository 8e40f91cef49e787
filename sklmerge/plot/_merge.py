"""MergeDisplay: which classes are taken for one another, and which of them a merge joins."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge.labels import (
    LabelMerger,
    MergeAdvisor,
    MergeSuggestion,
    check_merger,
    suggest_merges,
)
from sklmerge.labels._suggesting import DEFAULT_THRESHOLD
from sklmerge.plot._axes import check_axes, load_pyplot, write_out
from sklmerge.plot._kinds import check_kind
from sklmerge.plot._merge_matrix import draw_frame, draw_matrix, find_frames, write_values
from sklmerge.plot._merge_tree import draw_tree, order_classes


class MergeDisplay:
    """Show a confusion matrix with the merged classes framed, and the joins that led to them.

    Classes stand so that those joined first lie next to each other. The tree to the right joins
    classes from left to right, the most confusable first; joins left of the dashed line are made.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts; rows are true classes, columns predicted ones.
    classes : sequence of labels, length n_classes
        In the order of the rows.
    merge : mapping, list of lists or LabelMerger
        The merged classes to frame.
    linkage : ndarray of shape (n_classes - 1, 4), default=None
        SciPy's linkage matrix, whose heights are 1 minus confusability; None draws no tree.
    threshold : float, default=None
        The confusability from which on classes are joined; None draws no line.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Of the matrix.
    tree_ax_ : matplotlib.axes.Axes or None
        Of the tree.
    figure_ : matplotlib.figure.Figure
        The figure they are in.
    classes_ : list of labels
        From top to bottom and from left to right.

    Examples
    --------
    >>> from sklmerge import MergeDisplay
    >>> y_true = ["A"] * 10 + ["B"] * 10 + ["C"] * 10
    >>> y_pred = ["A"] * 6 + ["B"] * 7 + ["A"] * 7 + ["C"] * 9 + ["B"]
    >>> display = MergeDisplay.from_predictions(y_true, y_pred)
    >>> display.merge, display.threshold
    ({'A+B': ['A', 'B']}, 0.1)
    """

    def __init__(
        self,
        confusion: NDArray[np.int64],
        classes: Sequence[Any],
        merge: Any,
        *,
        linkage: NDArray[np.float64] | None = None,
        threshold: float | None = None,
    ) -> None:
        self.confusion = confusion
        self.classes = classes
        self.merge = merge
        self.linkage = linkage
        self.threshold = threshold

    @classmethod
    def from_estimator(
        cls, estimator: MergeAdvisor | MergeSuggestion, *, normalize: bool = True, ax: Any = None
    ) -> Self:
        """Draw what an advisor suggests, and why.

        Parameters
        ----------
        estimator : MergeAdvisor or MergeSuggestion
            An advisor must be fitted.
        normalize : bool, default=True
            See `plot`.
        ax : matplotlib.axes.Axes or pair of Axes, default=None
            See `plot`.

        Returns
        -------
        MergeDisplay
        """
        if isinstance(estimator, MergeSuggestion):
            return cls._show(estimator, find_threshold(estimator)).plot(ax, normalize=normalize)
        check_kind("estimator", estimator, MergeAdvisor)
        check_is_fitted(estimator)
        suggestion = estimator.suggestion_
        threshold = choose_threshold(suggestion, estimator.n_classes, estimator.threshold)
        return cls._show(suggestion, threshold).plot(ax, normalize=normalize)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        merge: Any = None,
        n_classes: int | None = None,
        threshold: float | None = None,
        normalize: bool = True,
        ax: Any = None,
    ) -> Self:
        """Draw what predictions suggest, or what a merge of one's own would join.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels of the same samples, which the model did not train on.
        merge : mapping, list of lists or LabelMerger, default=None
            Which classes to frame; then there is no tree. None takes the suggestion.
        n_classes, threshold : default=None
            See `suggest_merges`; only where no merge is given.
        normalize : bool, default=True
            See `plot`.
        ax : matplotlib.axes.Axes or pair of Axes, default=None
            See `plot`.

        Returns
        -------
        MergeDisplay
        """
        if merge is not None and (n_classes is not None or threshold is not None):
            raise ValueError(
                "merge must be None where n_classes or threshold is given, since these are for the "
                "suggestion; leave out one or the other"
            )
        suggestion = suggest_merges(y_true, y_pred, n_classes=n_classes, threshold=threshold)
        if merge is None:
            line = choose_threshold(suggestion, n_classes, threshold)
            return cls._show(suggestion, line).plot(ax, normalize=normalize)
        display = cls(suggestion.confusion, suggestion.classes.tolist(), merge)
        return display.plot(ax, normalize=normalize)

    def plot(self, ax: Any = None, *, normalize: bool = True) -> Self:
        """Draw the matrix, and the tree where there is one.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or pair of Axes, default=None
            For the matrix, or for the matrix and the tree; one alone takes the matrix. None makes a
            figure.
        normalize : bool, default=True
            Whether cells show shares of the true class, or counts.

        Returns
        -------
        MergeDisplay
            Itself.
        """
        joined = list_joined(self.classes, self.merge, np.asarray(self.confusion))
        order = order_classes(list(self.classes), joined, self.linkage)
        classes = [self.classes[place] for place in order]
        counts = np.asarray(self.confusion)[np.ix_(order, order)]
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        values = counts / totals if normalize else counts
        matrix_ax, tree_ax = self._open_axes(ax)
        image = draw_matrix(matrix_ax, values, classes, normalize)
        for cells in find_frames(classes, joined):
            draw_frame(matrix_ax, *cells)
        both = [matrix_ax]
        if tree_ax is not None and self.linkage is not None and len(self.linkage):
            draw_tree(tree_ax, self.linkage, self.threshold)
            both.append(tree_ax)
            # Rows stay level with the leaves, whatever room the two axes get.
            matrix_ax.set_aspect("auto")
        meaning = "share of the true class" if normalize else "images"
        bar = matrix_ax.figure.colorbar(image, ax=both, label=meaning, aspect=30)
        write_out(bar.ax.yaxis)
        write_values(matrix_ax, image, values, normalize)
        self.ax_, self.tree_ax_, self.figure_ = matrix_ax, tree_ax, matrix_ax.figure
        self.classes_ = classes
        return self

    @classmethod
    def _show(cls, suggestion: MergeSuggestion, threshold: float | None) -> Self:
        """Take over a suggestion."""
        return cls(
            suggestion.confusion,
            suggestion.classes.tolist(),
            suggestion.merge,
            linkage=suggestion.linkage,
            threshold=threshold,
        )

    def _open_axes(self, ax: Any) -> tuple[Any, Any]:
        """Take one or two axes, or make as many as there is to draw."""
        if ax is not None:
            pair = np.ravel(ax).tolist()
            if len(pair) > 2:
                raise ValueError(f"ax must be Axes or a pair of Axes, got {len(pair)}")
            return check_axes(pair[0]), check_axes(pair[1]) if len(pair) == 2 else None
        plt = load_pyplot("MergeDisplay.plot")
        side = min(14.0, 3.2 + 0.33 * len(self.classes))
        if self.linkage is None or len(self.linkage) == 0:
            return plt.subplots(figsize=(side + 1.2, side), layout="constrained")[1], None
        size = (1.5 * side + 0.8, side)
        axes = plt.subplots(1, 2, figsize=size, width_ratios=(2, 1), layout="constrained")[1]
        return axes[0], axes[1]


def list_joined(
    classes: Sequence[Any], merge: Any, confusion: NDArray[Any]
) -> dict[Any, list[Any]]:
    """List the members of each merged class of two or more."""
    labels = np.empty(len(classes), object)
    labels[:] = list(classes)
    if isinstance(merge, LabelMerger):
        # It may look at counts; a class that was only predicted counts once.
        labels = np.repeat(labels, np.maximum(confusion.sum(axis=1), 1).astype(np.intp))
    members = check_merger(merge).fit(labels.tolist()).members_
    return {label: own for label, own in members.items() if len(own) > 1}


def choose_threshold(
    suggestion: MergeSuggestion, n_classes: int | None, threshold: float | None
) -> float | None:
    """Say where joining ended: at the threshold in use, or where so many classes were left."""
    if threshold is None and n_classes is None:
        return DEFAULT_THRESHOLD
    return find_threshold(suggestion) if threshold is None else threshold


def find_threshold(suggestion: MergeSuggestion) -> float | None:
    """Find a confusability between the last join that is suggested and the first that is not."""
    if not suggestion.steps:
        return None
    made = [step.confusability for step in suggestion.steps if step.suggested]
    left = [step.confusability for step in suggestion.steps if not step.suggested]
    return (min(made, default=1.0) + max(left, default=0.0)) / 2
