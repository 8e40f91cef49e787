"""Joins of classes in, a tree beside the matrix out, and the order in which both show classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram

from sklmerge.plot._palette import BLUE, FAINT, VERMILLION


def draw_tree(ax: Any, links: NDArray[np.float64], threshold: float | None) -> None:
    """Draw the joins to the right of the matrix, its leaves level with the rows."""
    joins = list_joins(links)
    highest = max([*(height for _, _, height in joins), threshold or 0])
    start = min(1.0, 1.12 * highest) or 1.0
    for ends, levels, height in joins:
        made = threshold is not None and height >= threshold - 1e-12
        # Leaves lie at confusability 1, far from the joins: the branches come in from the edge.
        ax.plot(
            [min(ends[0], start), height, height, min(ends[1], start)],
            [levels[0], levels[0], levels[1], levels[1]],
            color=BLUE if made else FAINT,
            lw=2 if made else 1,
            solid_joinstyle="miter",
        )
    if threshold is not None:
        ax.axvline(threshold, color=VERMILLION, ls="--", lw=1.2)
        ax.set_title(f"joined from {threshold:.2g}", color=VERMILLION, fontsize=9, loc="left")
    ax.set(xlim=(start, 0), ylim=(len(links) + 0.5, -0.5), xlabel="confusability")
    ax.set_yticks([])
    ax.spines[["top", "left", "right"]].set_visible(False)


def list_joins(
    links: NDArray[np.float64],
) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
    """List each join: where its two branches begin, at which rows, and where they meet.

    Examples
    --------
    >>> list_joins(np.array([[0, 2, 0.5, 2], [1, 3, 0.75, 3]]))
    [((1.0, 1.0), (1.0, 2.0), 0.5), ((1.0, 0.5), (0.0, 1.5), 0.25)]
    """
    tree = dendrogram(links, no_plot=True)
    joins = []
    for rows, heights in zip(tree["icoord"], tree["dcoord"], strict=True):
        # SciPy puts leaves at 5, 15, 25 and so on.
        levels = (float(rows[0] - 5) / 10, float(rows[3] - 5) / 10)
        ends = (1 - float(heights[0]), 1 - float(heights[3]))
        joins.append((ends, levels, 1 - float(heights[1])))
    return joins


def order_classes(classes: list[Any], merge: Any, links: NDArray[np.float64] | None) -> list[int]:
    """Order classes as the leaves of the tree, or, without one, by merged class.

    Examples
    --------
    >>> order_classes(["a", "b", "c"], {"x": ["a", "c"]}, None)
    [0, 2, 1]
    """
    if links is not None and len(links):
        return [int(leaf) for leaf in dendrogram(links, no_plot=True)["leaves"]]
    first = {label: min(map(classes.index, own)) for own in merge.values() for label in own}
    return sorted(range(len(classes)), key=lambda i: (first.get(classes[i], i), i))
