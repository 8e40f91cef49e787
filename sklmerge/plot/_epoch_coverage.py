"""EpochCoverageDisplay: how soon a schedule has drawn every source, and what chance would miss."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_whole
from sklmerge.plot._axes import (
    DASHES,
    Display,
    add_legend,
    check_kind,
    choose_colors,
    has_room_outside,
    measure_axes,
    measure_light,
    open_axes,
    scale_log,
    write_out,
)
from sklmerge.plot._names import shorten_names
from sklmerge.sampling import EpochSchedule, batch_coverage

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
    """Draw a line for each class, in axes whose limits are already set."""
    labels = sorted(series, key=lambda label: class_counts[label])
    short = shorten_names(labels, 24)
    names = {
        label: f"{name} ({class_counts[label]:,})"
        for label, name in zip(labels, short, strict=True)
    }
    own = choose_colors(ax).series
    few = len(labels) <= _MAX_NAMED
    shade = None if few else shade_by_size(ax, [class_counts[label] for label in labels])
    lines = {}
    for place, label in enumerate(labels):
        style: dict[str, Any]
        if shade is None:
            style = {"color": own[place % len(own)], "ls": DASHES[place % len(DASHES)]}
        else:
            style = {"color": shade(class_counts[label]), "lw": 1}
        lines[label] = ax.plot(x, series[label], label=names[label], **style)[0]
    # Names stand where lines end, if there is room to the right of the axes; or else in a legend.
    named = labels if few else [labels[0], labels[-1]]
    if name_ends and has_room_outside(ax):
        name_lines(ax, [names[label] for label in named], [series[label][-1] for label in named])
    elif few or name_ends:
        corner = "upper left" if name_ends else "upper right"
        add_legend(ax, [lines[label] for label in named], [names[label] for label in named], corner)
    ax.spines[["top", "right"]].set_visible(False)


def shade_by_size(ax: Any, counts: Sequence[int]) -> Any:
    """Make colours from the rarest class to the most frequent one, with a colour bar."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgb

    # The light end would not be seen on white, nor the dark one on black.
    on_white = measure_light(to_rgb(choose_colors(ax).ink)) < 0.5
    seen = colormaps["cividis"](np.linspace(0, 0.8, 64) if on_white else np.linspace(1, 0.3, 64))
    norm = LogNorm(max(min(counts), 1), max(*counts, 2))
    mappable = ScalarMappable(norm, LinearSegmentedColormap.from_list("by_size", seen))
    place = {"location": "top", "aspect": 40, "shrink": 0.7}
    bar = ax.figure.colorbar(mappable, ax=ax, label="images of the class", **place)
    write_out(bar.ax.xaxis)
    return mappable.to_rgba


def name_lines(ax: Any, names: Sequence[str], ends: Sequence[float]) -> None:
    """Write the name of each line to the right of where it ends."""
    size, colors = 9.0, choose_colors(ax, outside=True)
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
            color=colors.ink,
            arrowprops={
                "arrowstyle": "-",
                "color": colors.faint,
                "lw": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


def spread_out(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move positions apart until neighbours have at least this gap; keep their order."""
    order = np.argsort(places, kind="stable")
    groups: list[list[float]] = []  # of each the middle, and how many it holds
    for place in places[order].tolist():
        # Groups that are too close are joined, and centred where they were.
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


# From this ratio on, rare and common classes need a logarithmic axis.
_LOG_RATIO = 10
_MOST_EPOCHS = 10_000
_LARGEST_BATCH = 4096


class EpochCoverageDisplay(Display):
    """Show how often the images of each class have been drawn after each epoch.

    While a line is below 1, it shows the fraction of the class that has been drawn. At 1, every
    image has been drawn once. The method `plot_batches` shows what happens without a schedule: it
    plots the probability that a random batch contains no image of a class.

    Parameters
    ----------
    class_counts : mapping of label to int
        Number of images of each class.
    times_drawn : mapping of label to ndarray of float, shape (n_epochs,)
        How often the images of a class have been drawn after 1, 2, ... epochs, on average. Each
        individual image has been drawn this number of times, rounded up or down.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the last plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    See Also
    --------
    EpochSchedule : Decides which images each epoch draws.
    batch_coverage : Computes the probabilities that `plot_batches` shows.

    Examples
    --------
    >>> from sklmerge import EpochCoverageDisplay, EpochSchedule
    >>> schedule = EpochSchedule(random_state=0).fit(["rare"] * 5 + ["common"] * 20)
    >>> display = EpochCoverageDisplay.from_estimator(schedule)
    >>> display.times_drawn["common"].tolist(), display.times_drawn["rare"].tolist()
    ([0.25, 0.5, 0.75, 1.0], [1.0, 2.0, 3.0, 4.0])
    >>> display.plot_batches([2, 8]).ax_.get_xlabel()
    'images in a batch, drawn at random'
    """

    def __init__(
        self, class_counts: Mapping[Any, int], times_drawn: Mapping[Any, NDArray[np.float64]]
    ) -> None:
        self.class_counts = class_counts
        self.times_drawn = times_drawn

    @classmethod
    def from_estimator(
        cls, estimator: EpochSchedule, *, n_epochs: int | None = None, ax: Any = None
    ) -> Self:
        """Plot the coverage of a schedule.

        If the schedule uses ``within_merged="balanced"``, each original class has its own line.

        Parameters
        ----------
        estimator : EpochSchedule
            A fitted schedule.
        n_epochs : int, default=None
            Number of epochs to show. None shows as many epochs as it takes to draw every image
            once, up to 10,000.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        EpochCoverageDisplay
        """
        check_kind("estimator", estimator, EpochSchedule)
        check_is_fitted(estimator, "n_draws_")
        pools = list_pools(estimator)
        if n_epochs is None:
            slowest = max(-(-n * k // n_draws) for _, n, n_draws, _, k in pools)
            n_epochs = min(max(slowest, 2), _MOST_EPOCHS)
        check_whole("n_epochs", n_epochs, 1)
        epochs = np.arange(1, n_epochs + 1)
        return cls(
            {label: n for label, n, *_ in pools},
            # Member t of k that take turns has draws t, t + k, t + 2 k and so on.
            {label: (epochs * m - t + k - 1) // k / n for label, n, m, t, k in pools},
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Plot how often the images of each class have been drawn after each epoch, on average.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        EpochCoverageDisplay
            This display.
        """
        if not any(len(own) for own in self.times_drawn.values()):
            raise ValueError("times_drawn must hold an epoch of at least one class, got none")
        ax = open_axes(ax, (8, 4.5), "EpochCoverageDisplay.plot")
        n_epochs = len(next(iter(self.times_drawn.values())))
        last = [float(times[-1]) for times in self.times_drawn.values()]
        positive = [float(t) for own in self.times_drawn.values() for t in own[own > 0][:1]]
        high = max(*last, 1.0) * 1.1
        ax.axhline(1, color=choose_colors(ax).faint, lw=1)
        if max(last) >= _LOG_RATIO * min(last) and positive:
            scale_log(ax, min(positive) / 1.3, high * 1.2, "y")
            scale_log(ax, 1, max(n_epochs, 2))
        else:
            ax.set(xlim=(1, max(n_epochs, 2)), ylim=(0, high))
            ax.xaxis.get_major_locator().set_params(integer=True)
        epochs = np.arange(1, n_epochs + 1)
        draw_series(ax, epochs, self.times_drawn, self.class_counts, name_ends=True)
        ax.set(xlabel="epochs", ylabel="times each source was drawn")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def plot_batches(self, batch_sizes: Sequence[int] | None = None, ax: Any = None) -> Self:
        """Plot, for each class, the probability that a random batch contains no image of it.

        Parameters
        ----------
        batch_sizes : sequence of int, default=None
            Batch sizes to show. None uses powers of two, up to a batch size that hardly ever misses
            a class, and at most 4,096.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        EpochCoverageDisplay
            This display.

        See Also
        --------
        sklmerge.batch_coverage : Computes these probabilities.
        """
        if not any(self.class_counts.values()):
            raise ValueError("class_counts must hold an image of at least one class, got none")
        sizes = np.asarray(
            list_batch_sizes(self.class_counts) if batch_sizes is None else batch_sizes
        )
        if sizes.ndim != 1 or len(sizes) == 0:
            raise ValueError(f"batch_sizes must hold at least one size, got {batch_sizes!r}")
        ax = open_axes(ax, (8, 4.5), "EpochCoverageDisplay.plot_batches")
        chances = [batch_coverage(self.class_counts, int(size)) for size in sizes]
        misses = {label: np.array([own[label] for own in chances]) for label in self.class_counts}
        ax.set_xscale("log", base=2)
        # A digit is six points wide, and some of them stand between numbers.
        room = 72 * measure_axes(ax)[0] / (6 * len(f"{sizes.max():,}") + 12)
        ticks = sizes[:: -(-len(sizes) // max(2, min(8, int(room))))]
        ax.set_xticks(ticks, [f"{size:,}" for size in ticks])
        ax.minorticks_off()
        ax.set(xlim=(sizes.min(), max(sizes.max(), 2)), ylim=(-0.02, 1.02))
        draw_series(ax, sizes, misses, self.class_counts, name_ends=False)
        ax.set_xlabel("images in a batch, drawn at random")
        ax.set_ylabel("chance that it misses the class")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def list_batch_sizes(class_counts: Mapping[Any, int]) -> list[int]:
    """List powers of two, up to the first batch size that hardly ever misses a class."""
    largest = min(_LARGEST_BATCH, sum(class_counts.values()))
    sizes = [1]
    while 2 * sizes[-1] <= largest and max(batch_coverage(class_counts, sizes[-1]).values()) > 0.01:
        sizes.append(2 * sizes[-1])
    return sizes


def list_pools(schedule: EpochSchedule) -> list[tuple[Any, int, int, int, int]]:
    """List classes, or original classes that alternate: label, images, draws, turn, turns."""
    draws = schedule.samples_per_class_
    if schedule.within_merged != "balanced":
        return [(label, n, draws[label], 0, 1) for label, n in schedule.class_counts_.items()]
    merger = schedule.merger_
    counts = np.bincount(schedule.original_codes_).tolist()
    members: dict[Any, list[tuple[Any, int]]] = {}
    for label, n in zip(merger.classes_.tolist(), counts, strict=True):
        members.setdefault(merger.mapping_[label], []).append((label, n))
    return [
        (label, n, draws[merged], turn, len(own))
        for merged, own in members.items()
        for turn, (label, n) in enumerate(own)
    ]
