"""One line a class: a few with names, many told apart by the size of the class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.plot._axes import add_legend, has_room_outside, measure_axes, shorten_name, write_out
from sklmerge.plot._palette import DASHES, FAINT, SERIES

# More lines than this are told apart by colour alone, and only the outermost have names.
_MAX_NAMED = 12


def draw_series(
    ax: Any,
    x: NDArray[Any],
    series: Mapping[Any, NDArray[np.float64]],
    class_counts: Mapping[Any, int],
    *,
    name_ends: bool,
) -> None:
    """Draw a line for each class, in axes whose limits are set.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : ndarray of shape (m,)
        Shared by all lines.
    series : mapping of label to ndarray of shape (m,)
        Values of each class.
    class_counts : mapping of label to int
        Images of each.
    name_ends : bool
        Whether lines have their names where they end, if there is room to the right of the axes;
        otherwise there is a legend.
    """
    labels = sorted(series, key=lambda label: class_counts[label])
    names = {label: f"{shorten_name(label, 24)} ({class_counts[label]:,})" for label in labels}
    few = len(labels) <= _MAX_NAMED
    shade = None if few else shade_by_size(ax, [class_counts[label] for label in labels])
    lines = {}
    for place, label in enumerate(labels):
        style: dict[str, Any]
        if shade is None:
            style = {"color": SERIES[place % len(SERIES)], "ls": DASHES[place % len(DASHES)]}
        else:
            style = {"color": shade(class_counts[label]), "lw": 1}
        lines[label] = ax.plot(x, series[label], label=names[label], **style)[0]
    named = labels if few else [labels[0], labels[-1]]
    if name_ends and has_room_outside(ax):
        name_lines(ax, [names[label] for label in named], [series[label][-1] for label in named])
    elif few or name_ends:
        corner = "upper left" if name_ends else "upper right"
        add_legend(ax, [lines[label] for label in named], [names[label] for label in named], corner)
    ax.spines[["top", "right"]].set_visible(False)


def shade_by_size(ax: Any, counts: Sequence[int]) -> Any:
    """Make colours from the rarest class, dark, to the most frequent, with a bar that says so."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    # The light end would not be seen on white.
    dark = colormaps["cividis"](np.linspace(0, 0.8, 64))
    norm = LogNorm(max(min(counts), 1), max(*counts, 2))
    mappable = ScalarMappable(norm, LinearSegmentedColormap.from_list("by_size", dark))
    place = {"location": "top", "aspect": 40, "shrink": 0.7}
    bar = ax.figure.colorbar(mappable, ax=ax, label="images of the class", **place)
    write_out(bar.ax.xaxis)
    return mappable.to_rgba


def name_lines(ax: Any, names: Sequence[str], ends: Sequence[float]) -> None:
    """Write the name of each line to the right of where it ends."""
    size = 9.0
    inches = measure_axes(ax)[1]
    points = np.column_stack([np.full(len(ends), ax.get_xlim()[1]), ends])
    shown = ax.transAxes.inverted().transform(ax.transData.transform(points))[:, 1]
    for name, old, new in zip(
        names, shown, spread_out(shown, 1.25 * size / 72 / inches), strict=True
    ):
        ax.annotate(
            name,
            (1, old),
            (1.04, new),
            xycoords="axes fraction",
            va="center",
            size=size,
            arrowprops={"arrowstyle": "-", "color": FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
        )


def spread_out(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move places apart until neighbours are a gap from each other, keeping their order.

    Parameters
    ----------
    places : ndarray of shape (n,)
        Where labels should be.
    gap : float
        The least distance between two of them.

    Returns
    -------
    ndarray of shape (n,)
        Where they are to be: groups that were too close are centred where they were.

    Examples
    --------
    >>> import numpy as np
    >>> spread_out(np.array([0.5, 0.9, 0.5]), 0.1).round(2).tolist()
    [0.45, 0.9, 0.55]
    """
    order = np.argsort(places, kind="stable")
    groups: list[list[float]] = []  # of each the middle, and how many it holds
    for place in places[order].tolist():
        groups.append([place, 1])
        while len(groups) > 1:
            (low, n), (high, m) = groups[-2:]
            if high - low >= gap * (n + m) / 2:
                break
            groups[-2:] = [[(low * n + high * m) / (n + m), n + m]]
    moved = np.empty(len(places))
    moved[order] = [
        middle + gap * (step - (n - 1) / 2) for middle, n in groups for step in range(int(n))
    ]
    return moved
