"""MergeDisplay: which classes are confused, and which of them a merge joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import dendrogram
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_flag
from sklmerge.labels import (
    DEFAULT_THRESHOLD,
    LabelMerger,
    MergeAdvisor,
    MergeSuggestion,
    check_merger,
    suggest_merges,
)
from sklmerge.plot._axes import (
    BLUE,
    COLORMAP,
    VERMILLION,
    Display,
    check_axes,
    check_kind,
    choose_colors,
    fit_font,
    load_pyplot,
    measure_axes,
    write_out,
)
from sklmerge.plot._names import shorten_names

# Beyond so many classes, figures in the cells would not be read.
_MAX_VALUES = 15
# Points that can be read, and how wide a digit is beside its height, with some air.
_LEAST_FONT = 5.5
_DIGIT = 0.62
# From this place on the colour map, white stands out more than ink.
_DARK = 0.68
# On cells, whose light end is white in every style.
_INK = "#1a1a1a"


def draw_matrix(ax: Any, values: NDArray[Any], classes: list[Any], normalize: bool) -> Any:
    """Draw the cells of the matrix and the names of the classes."""
    n = len(classes)
    image = ax.imshow(values, cmap=COLORMAP, vmin=0, vmax=1 if normalize else None)
    ax.grid(False)
    font = fit_font(ax, n)
    names = shorten_names(classes, 24)
    upright = max(map(len, names)) <= 2
    ax.set_xticks(range(n), names, rotation=0 if upright else 90, fontsize=font)
    ax.set_yticks(range(n), names, fontsize=font)
    ax.set(xlabel="predicted", ylabel="true", xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5))
    return image


def write_values(ax: Any, image: Any, values: NDArray[Any], normalize: bool) -> None:
    """Write the values into the cells, if all of them are large enough to read."""
    n = len(values)
    # What would read 0.00 is left out.
    texts = {
        place: f"{value:.2f}" if normalize else f"{value:,}"
        for place, value in np.ndenumerate(values)
        if value >= (0.005 if normalize else 1)
    }
    longest = max(map(len, texts.values()), default=0)
    font = min(0.75 * fit_font(ax, n), 72 * measure_axes(ax)[0] / n / (_DIGIT * max(longest, 4)))
    if n > _MAX_VALUES or font < _LEAST_FONT:
        return
    for (row, column), text in texts.items():
        ink = "white" if image.norm(values[row, column]) > _DARK else _INK
        ax.text(column, row, text, color=ink, ha="center", va="center", size=font)


def draw_frame(ax: Any, column: int, row: int, width: int, height: int) -> None:
    """Draw a frame around the cells of a merged class."""
    from matplotlib.patches import Rectangle

    # White below the colour keeps the frame visible on cells of any colour.
    for color, line in (("white", 4.5), (VERMILLION, 2.5)):
        corner = (column - 0.5, row - 0.5)
        frame = Rectangle(corner, width, height, fill=False, ec=color, lw=line, zorder=3)
        ax.add_patch(frame).set_clip_on(False)


def find_frames(
    classes: Sequence[Any], merge: Mapping[Any, Sequence[Any]]
) -> list[tuple[int, int, int, int]]:
    """Find the cells of each merged class: column and row of the first cell, width and height."""
    frames = []
    for own in merge.values():
        places = np.sort([classes.index(label) for label in own])
        # Members that are not neighbours, as in a tree that joins others, have several frames.
        runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        frames += [
            (int(across[0]), int(down[0]), len(across), len(down))
            for across, down in product(runs, runs)
        ]
    return frames


def draw_tree(ax: Any, links: NDArray[np.float64], threshold: float | None) -> None:
    """Draw the tree of joins to the right of the matrix, with one leaf per row."""
    joins = list_joins(links)
    faint = choose_colors(ax).faint
    highest = max([*(height for _, _, height in joins), threshold or 0])
    start = min(1.0, 1.12 * highest) or 1.0
    for ends, levels, height in joins:
        made = threshold is not None and height >= threshold - 1e-12
        # Leaves lie at confusability 1, far from the joins: the branches come in from the edge.
        ax.plot(
            [min(ends[0], start), height, height, min(ends[1], start)],
            [levels[0], levels[0], levels[1], levels[1]],
            color=BLUE if made else faint,
            lw=2 if made else 1,
            solid_joinstyle="miter",
        )
    if threshold is not None:
        ax.axvline(threshold, color=VERMILLION, ls="--", lw=1.2)
        ax.set_title(f"joined from {threshold:.2g}", color=VERMILLION, fontsize=9, loc="left")
    ax.set(xlim=(start, 0), ylim=(len(links) + 0.5, -0.5), xlabel="confusability")
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[["top", "left", "right"]].set_visible(False)


def list_joins(
    links: NDArray[np.float64],
) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
    """List for each join where its two branches begin, their rows, and where they meet."""
    tree = dendrogram(links, no_plot=True)
    joins = []
    for rows, heights in zip(tree["icoord"], tree["dcoord"], strict=True):
        # SciPy puts leaves at 5, 15, 25 and so on.
        levels = (float(rows[0] - 5) / 10, float(rows[3] - 5) / 10)
        ends = (1 - float(heights[0]), 1 - float(heights[3]))
        joins.append((ends, levels, 1 - float(heights[1])))
    return joins


def order_classes(classes: list[Any], merge: Any, links: NDArray[np.float64] | None) -> list[int]:
    """Order classes as in the tree or, without a tree, by merged class."""
    if links is not None and len(links):
        return [int(leaf) for leaf in dendrogram(links, no_plot=True)["leaves"]]
    first = {label: min(map(classes.index, own)) for own in merge.values() for label in own}
    return sorted(range(len(classes)), key=lambda i: (first.get(classes[i], i), i))


class MergeDisplay(Display):
    """Show a confusion matrix with frames around merged classes, and the tree of joins.

    Classes that are joined first are placed next to each other. The tree beside the matrix joins
    classes from left to right, starting with the most confusable. Joins to the left of the dashed
    line are suggested.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts. Rows are true classes, columns are predicted classes.
    classes : sequence of labels, length n_classes
        The classes, in the order of the rows.
    merge : mapping, list of lists or LabelMerger
        The merged classes to draw frames around.
    linkage : ndarray of shape (n_classes - 1, 4), default=None
        Linkage matrix in SciPy's format, in which distances are 1 minus the confusability. None
        draws no tree.
    threshold : float, default=None
        Minimum confusability at which classes are joined, drawn as a dashed line. None draws no
        line.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the matrix.
    tree_ax_ : matplotlib.axes.Axes or None
        The axes of the tree. None without a tree.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    classes_ : list of labels
        The classes, from top to bottom and from left to right.

    See Also
    --------
    ConfusedImagesDisplay : Shows the images that a model confuses.

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
        """Plot a suggested merge, with the confusion matrix and the tree behind it.

        Parameters
        ----------
        estimator : MergeAdvisor or MergeSuggestion
            A fitted `MergeAdvisor`, or a `MergeSuggestion`.
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
        """Plot the merge that predictions suggest, or your own merge.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels of the same samples. The model must not have been trained on
            these samples.
        merge : mapping, list of lists or LabelMerger, default=None
            Your own merge. It is shown as frames, without a tree. None draws the suggested merge.
        n_classes, threshold : default=None
            See `suggest_merges`. Only allowed if `merge` is None.
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
        """Plot the confusion matrix, and the tree if there is one.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or pair of Axes, default=None
            Axes to draw on. With one Axes, only the matrix is drawn. With a pair of Axes, the
            matrix is drawn on the first and the tree on the second. None creates a new figure.
        normalize : bool, default=True
            Whether the cells show the fraction of each true class (True) or counts (False).

        Returns
        -------
        MergeDisplay
            This display.
        """
        joined = list_joined(self.classes, self.merge, np.asarray(self.confusion))
        order = order_classes(list(self.classes), joined, self.linkage)
        classes = [self.classes[place] for place in order]
        counts = np.asarray(self.confusion)[np.ix_(order, order)]
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        values = counts / totals if check_flag("normalize", normalize) else counts
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
        bar.ax.grid(False)
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
    """List the original classes of each merged class that has at least two."""
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
    """Return the confusability at which joining stopped, by threshold or number of classes."""
    if threshold is None and n_classes is None:
        return DEFAULT_THRESHOLD
    return find_threshold(suggestion) if threshold is None else threshold


def find_threshold(suggestion: MergeSuggestion) -> float | None:
    """Return a confusability between the last suggested join and the next one."""
    if not suggestion.steps:
        return None
    made = [step.confusability for step in suggestion.steps if step.suggested]
    left = [step.confusability for step in suggestion.steps if not step.suggested]
    return (min(made, default=1.0) + max(left, default=0.0)) / 2
