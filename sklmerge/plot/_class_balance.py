"""ClassBalanceDisplay: how many images each class has, before and after."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge.balance import BalanceReport
from sklmerge.plot._axes import (
    BLUE,
    ORANGE,
    Display,
    check_counts,
    check_kind,
    choose_colors,
    fit_font,
    fit_length,
    measure_axes,
    open_axes,
    scale_log,
)
from sklmerge.plot._names import shorten_names
from sklmerge.sampling import EpochSchedule, read_drawn_classes

# From this ratio on, small classes would be a line of no length.
_LOG_RATIO = 50


def scale_counts(ax: Any, counts: NDArray[np.int_], log: bool | None) -> None:
    """Set the scale of the counts, with room for the numbers at the ends of the bars."""
    counts = counts[counts > 0]
    if len(counts) == 0:
        ax.set_xlim(0, 1)
        return
    low, high = float(counts.min()), float(counts.max())
    if log if log is not None else high / low >= _LOG_RATIO:
        start = max(0.5, 10 ** np.floor(np.log10(low / 2)))
        scale_log(ax, start, high * (high / start) ** 0.25)
    else:
        ax.set_xlim(0, high * 1.25)


def write_count(ax: Any, text: str, end: float, place: float, font: float) -> None:
    """Write a number at the end of its bar."""
    spot = (max(end, ax.get_xlim()[0]), place)
    style = {"va": "center", "fontsize": min(font, 8), "color": choose_colors(ax).ink}
    ax.annotate(text, spot, (3, 0), textcoords="offset points", **style)


class BalanceRow(NamedTuple):
    """One row of the plot: a class, or one of the original classes of a merged class."""

    label: Any
    is_member: bool
    n_members: int
    before: int
    sources: int
    copies: int


def arrange_rows(
    classes: Sequence[Any],
    before: Sequence[int],
    sources: Sequence[int] | None,
    copies: Sequence[int] | None,
    merged: Sequence[Any] | None,
) -> list[BalanceRow]:
    """Sort classes from largest to smallest, with original classes below their merged class."""
    none = [0] * len(classes)
    columns = [none if own is None else own for own in (before, sources, copies)]
    table = list(zip(classes, *columns, strict=True))
    groups: dict[Any, list[Any]] = {}
    for group, line in zip(classes if merged is None else merged, table, strict=True):
        groups.setdefault(group, []).append(line)
    rows: list[list[BalanceRow]] = []
    for group, lines in groups.items():
        totals = [sum(line[place] for line in lines) for place in (1, 2, 3)]
        own = [BalanceRow(group, False, len(lines), *totals)]
        if len(lines) > 1:
            members = sorted(lines, key=lambda line: -line[1])
            own += [BalanceRow(line[0], True, 1, *line[1:]) for line in members]
        rows.append(own)
    return [row for own in sorted(rows, key=lambda own: -own[0].before) for row in own]


def count_copies(
    codes: NDArray[np.signedinteger], drawn: NDArray[np.intp], n_classes: int
) -> list[int]:
    """Count the repeated draws of each class, that is, of images that were drawn before."""
    draws = np.bincount(codes[drawn], minlength=n_classes)
    return (draws - np.bincount(codes[np.unique(drawn)], minlength=n_classes)).tolist()


def check_length(sampler: Any, drawn: NDArray[np.intp], n_labels: int) -> None:
    """Raise an error if the number of labels differs from what a sampler was fitted to."""
    asked = "y must be the labels that the sampler was given, got"
    if len(drawn) and drawn.max() >= n_labels:
        raise ValueError(f"{asked} {n_labels} labels where it drew row {drawn.max()}")
    if isinstance(sampler, BaseOverSampler):
        # All rows come first, in their order, and then what was drawn of them.
        places = np.arange(len(drawn))
        n_rows = int((drawn == places).sum())
        if n_rows != n_labels:
            raise ValueError(f"{asked} {n_labels} labels for its {n_rows} rows")


def tell_after(row: BalanceRow) -> str:
    """Describe how many images a class has after balancing, and how many are copies."""
    return f"{row.sources:,} + {row.copies:,}" if row.copies else f"{row.sources:,}"


class ClassBalanceDisplay(Display):
    """Show how many images each class has, before and after balancing.

    For a merged class, the total is shown first, then each of its original classes. Source images
    and copies have different colours.

    Parameters
    ----------
    classes : sequence of labels, length n
        Original classes.
    before : sequence of int, length n
        Number of images of each class.
    sources, copies : sequence of int, length n, default=None and None
        Number of different source images in each class after balancing, and number of copies of
        these images. None draws only the counts before balancing.
    merged : sequence of labels, length n, default=None
        The merged class of each original class. None if no classes are merged.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    rows_ : list of named tuples
        The rows, from top to bottom, with the fields ``label``, ``is_member``, ``n_members``,
        ``before``, ``sources`` and ``copies``. ``is_member`` is True for an original class that is
        listed below its merged class.

    See Also
    --------
    ClassWeightDisplay : Draws class weights.
    EpochCoverageDisplay : Draws how often images are used.

    Examples
    --------
    >>> from sklmerge import AugmentingOverSampler, ClassBalanceDisplay
    >>> from sklmerge.datasets import load_textures
    >>> images, labels = load_textures(return_X_y=True)
    >>> sampler = AugmentingOverSampler(merge={"ground": ["grass", "gravel"]}, random_state=0)
    >>> sampler.fit_resample(images, labels)[0].shape
    (320, 32, 48)
    >>> display = ClassBalanceDisplay.from_estimator(sampler, labels)
    >>> [(row.label, row.before, row.sources + row.copies) for row in display.rows_]
    [('brick', 160, 160), ('ground', 80, 160), ('grass', 60, 120), ('gravel', 20, 40)]
    """

    def __init__(
        self,
        classes: Sequence[Any],
        before: Sequence[int],
        *,
        sources: Sequence[int] | None = None,
        copies: Sequence[int] | None = None,
        merged: Sequence[Any] | None = None,
    ) -> None:
        self.classes = classes
        self.before = before
        self.sources = sources
        self.copies = copies
        self.merged = merged

    @classmethod
    def from_labels(cls, y: Any, *, merge: Any = None, ax: Any = None) -> Self:
        """Plot how many images each class has, without balancing.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or ImageIndex
            Original labels.
        merge : mapping, list of lists, LabelMerger or None, default=None
            Which classes to merge. None uses the merge of the index, if `y` is an index.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassBalanceDisplay
        """
        read = read_drawn_classes(y, merge)
        merged = [read.merger.mapping_[label] for label in read.originals]
        return cls(read.originals, read.counts.tolist(), merged=merged).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls, estimator: Any, y: Any = None, *, epoch: int = 0, ax: Any = None
    ) -> Self:
        """Plot the result of a sampler, or one epoch of a schedule.

        Parameters
        ----------
        estimator : sampler or EpochSchedule
            A sampler after ``fit_resample``, or a fitted schedule. A sampler from imbalanced-learn
            must have ``sample_indices_``.
        y : array-like of shape (n_samples,) or ImageIndex, default=None
            The original labels, before resampling. Not needed for a schedule.
        epoch : int, default=0
            Number of the epoch to show. Only used for a schedule.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassBalanceDisplay
        """
        if isinstance(estimator, EpochSchedule):
            check_is_fitted(estimator)
            merger, codes = estimator.merger_, estimator.original_codes_
            classes = merger.classes_.tolist()
            drawn = estimator.draws(epoch).indices
        else:
            check_is_fitted(estimator)
            if not hasattr(estimator, "sample_indices_"):
                raise TypeError(
                    "estimator must have resampled rows, told in sample_indices_, got a "
                    f"{type(estimator).__name__} that has none"
                )
            if y is None:
                raise ValueError("y must be the labels that the sampler was given, got None")
            merger, classes, codes, _ = read_drawn_classes(y, getattr(estimator, "merge", None))
            drawn = np.asarray(estimator.sample_indices_)
            check_length(estimator, drawn, len(codes))
        return cls(
            classes,
            np.bincount(codes, minlength=len(classes)).tolist(),
            sources=np.bincount(codes[np.unique(drawn)], minlength=len(classes)).tolist(),
            copies=count_copies(codes, drawn, len(classes)),
            merged=[merger.mapping_[label] for label in classes],
        ).plot(ax=ax)

    @classmethod
    def from_report(cls, report: BalanceReport, *, part: str = "train", ax: Any = None) -> Self:
        """Plot the merged classes of one part of a folder that `balance_folder` has balanced.

        Parameters
        ----------
        report : BalanceReport
            The report that `balance_folder` returned.
        part : str, default="train"
            The part of the balanced folder to show.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassBalanceDisplay
        """
        check_kind("report", report, BalanceReport)
        if part not in report.counts_after:
            raise ValueError(f"part must be one of {', '.join(report.counts_after)}, got {part!r}")
        before = report.counts_before[part]
        return cls(
            list(before),
            list(before.values()),
            sources=[report.counts_sources[part][label] for label in before],
            copies=[report.counts_copies[part][label] for label in before],
        ).plot(ax=ax)

    def plot(self, ax: Any = None, *, log: bool | None = None) -> Self:
        """Plot the bars of each class.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.
        log : bool, default=None
            Whether the axis of counts is logarithmic. None means that it is logarithmic if the
            largest count is at least 50 times the smallest positive count.

        Returns
        -------
        ClassBalanceDisplay
            This display.
        """
        if len(self.classes) == 0:
            raise ValueError("classes must hold at least one, got none")
        for name in ("before", "sources", "copies"):
            if getattr(self, name) is not None:
                check_counts(name, getattr(self, name), len(self.classes))
        rows = arrange_rows(self.classes, self.before, self.sources, self.copies, self.merged)
        balanced = self.sources is not None
        height = 0.9 + (0.42 if balanced else 0.28) * len(rows) * (1 if len(rows) < 25 else 0.7)
        ax = open_axes(ax, (8, height), "ClassBalanceDisplay.plot")
        colors, outside = choose_colors(ax), choose_colors(ax, outside=True)
        places = np.arange(len(rows))
        heights = np.array([0.28 if row.is_member else 0.38 for row in rows])
        before = np.array([row.before for row in rows])
        upper = places - balanced * heights / 2
        ax.barh(upper, before, heights, color=colors.grey, ec=colors.faint, label="before")
        ends = before
        if balanced:
            sources = np.array([row.sources for row in rows])
            copies = np.array([row.copies for row in rows])
            lower, fill = places + heights / 2, {"ec": colors.ink, "lw": 0.6}
            ax.barh(lower, sources, heights, color=BLUE, label="sources", **fill)
            ax.barh(
                lower, copies, heights, sources, color=ORANGE, hatch="////", label="copies", **fill
            )
            ends = np.maximum(before, sources + copies)
        font = fit_font(ax, len(rows) * (2 if balanced else 1))
        scale_counts(ax, np.concatenate([before, ends]), log)
        for place, (row, thick) in enumerate(zip(rows, heights, strict=True)):
            spot = place - balanced * thick / 2
            write_count(ax, f"{row.before:,}", row.before, spot, font)
            if balanced:
                write_count(ax, tell_after(row), row.sources + row.copies, spot + thick, font)
        for place, row in enumerate(rows):
            if row.n_members > 1:
                ax.axhspan(place - 0.5, place + row.n_members + 0.5, color=colors.band, zorder=0)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        size = fit_font(ax, len(rows))
        names = shorten_names([row.label for row in rows], fit_length(ax, size))
        ax.set_yticks(places, names, fontsize=size)
        for tick, row in zip(ax.get_yticklabels(), rows, strict=True):
            tick.set_color(outside.faint if row.is_member else outside.ink)
            tick.set_fontweight("bold" if row.n_members > 1 else "normal")
        ax.set_xlabel("images" + (", logarithmic" if ax.get_xscale() == "log" else ""))
        ax.spines[["top", "right"]].set_visible(False)
        if balanced:
            # At 10 points it is 3.6 inches wide.
            size = min(10, 10 * measure_axes(ax)[0] / 3.6)
            ax.legend(
                loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=size
            )
        self.ax_, self.figure_, self.rows_ = ax, ax.figure, rows
        return self
