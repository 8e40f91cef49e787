"""ClassWeightDisplay: what each scheme makes of the same counts, class by class."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklmerge.plot._axes import (
    MARKERS,
    Display,
    add_legend,
    check_values,
    choose_colors,
    fit_font,
    fit_length,
    open_axes,
    scale_log,
)
from sklmerge.plot._names import shorten_names
from sklmerge.weights import ClassWeightEstimator

_SCHEMES: Mapping[str, ClassWeightEstimator] = {
    "balanced": ClassWeightEstimator(),
    "square root": ClassWeightEstimator(power=0.5),
    "effective": ClassWeightEstimator("effective"),
    "log": ClassWeightEstimator("log"),
}


class ClassWeightDisplay(Display):
    """Show the weight of each class under several schemes, side by side.

    The axis of weights is logarithmic, because only the ratios of weights matter. Classes are
    sorted from the most frequent to the rarest.

    Parameters
    ----------
    class_weights : mapping of str to mapping of label to float
        Name of each scheme -> weight of each class.
    class_counts : mapping of label to float, default=None
        Number of images of each class, by which the classes are sorted. None keeps the given order.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    classes_ : list of labels
        The rows, from top to bottom.

    See Also
    --------
    ClassWeightEstimator : Computes the weights.
    ClassBalanceDisplay : Draws class counts.

    Notes
    -----
    A weight of 0 (for a class without samples) cannot be shown on a logarithmic axis, so it is left
    out.

    Examples
    --------
    >>> from sklmerge import ClassWeightDisplay
    >>> display = ClassWeightDisplay.from_counts({"rare": 500, "common": 1_000_000})
    >>> {name: round(own["rare"] / own["common"]) for name, own in display.class_weights.items()}
    {'balanced': 2000, 'square root': 45, 'effective': 21, 'log': 35}
    """

    def __init__(
        self,
        class_weights: Mapping[str, Mapping[Any, float]],
        *,
        class_counts: Mapping[Any, float] | None = None,
    ) -> None:
        self.class_weights = class_weights
        self.class_counts = class_counts

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        estimators: Mapping[str, ClassWeightEstimator] | None = None,
        *,
        ax: Any = None,
    ) -> Self:
        """Compute the weights of several schemes from class counts, and plot them.

        Parameters
        ----------
        counts : mapping of label to float, or Series of floats by label
            Number of images of each class.
        estimators : mapping of str to ClassWeightEstimator, default=None
            Name of the scheme in the legend -> estimator, which is cloned before fitting. None
            compares inverse frequency, its square root, the effective number of samples and the
            logarithm.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassWeightDisplay
        """
        chosen = _SCHEMES if estimators is None else estimators
        check_values("estimators", chosen, ClassWeightEstimator)
        fitted = {name: clone(own).fit_counts(counts) for name, own in chosen.items()}
        return cls.from_estimators(fitted, ax=ax)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, ClassWeightEstimator], y: Any = None, *, ax: Any = None
    ) -> Self:
        """Plot the weights that estimators computed.

        Parameters
        ----------
        estimators : mapping of str to ClassWeightEstimator
            Name of the scheme in the legend -> estimator.
        y : array-like, data set, generator or ImageIndex, default=None
            Labels to which clones of the estimators are fitted. None means that the estimators are
            already fitted.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassWeightDisplay

        Raises
        ------
        TypeError
            If an estimator has ``target="multilabel"``.
        """
        check_values("estimators", estimators, ClassWeightEstimator)
        fitted = dict(estimators)
        if not fitted:
            raise ValueError("estimators must hold at least one, got none")
        for name, own in fitted.items():
            if y is not None:
                fitted[name] = clone(own).fit(y)
            check_is_fitted(fitted[name], "class_counts_")
            if isinstance(fitted[name].class_counts_, list):
                raise TypeError(
                    "estimators must weigh one label a row, got a column for each class"
                )
        weights = {name: own.class_weight_ for name, own in fitted.items()}
        counts = next(iter(fitted.values())).class_counts_
        return cls(weights, class_counts=counts).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Plot a marker for each class and scheme.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ClassWeightDisplay
            This display.
        """
        check_values("class_weights", self.class_weights, Mapping, "mapping")
        classes = list(dict.fromkeys(label for own in self.class_weights.values() for label in own))
        counts = self.class_counts or {}
        if not classes:
            raise ValueError("class_weights must hold the weight of a class, got none")
        classes.sort(key=lambda label: -counts.get(label, 0))
        height = 1.5 + 0.3 * len(classes) * (1 if len(classes) < 25 else 0.7)
        height = max(height, 0.4 + 0.19 * len(self.class_weights))  # for the legend
        ax = open_axes(ax, (8, height), "ClassWeightDisplay.plot")
        font = fit_font(ax, len(classes))
        length = fit_length(ax, font)
        places = np.arange(len(classes))
        colors = choose_colors(ax)
        ax.hlines(
            places, 0, 1, colors=colors.grey, lw=0.6, transform=ax.get_yaxis_transform(), zorder=0
        )
        ax.axvline(1, color=colors.faint, lw=1, zorder=0)
        drawn = [weight for own in self.class_weights.values() for weight in own.values() if weight]
        scale_log(ax, min([1, *drawn]) / 1.3, max([1, *drawn]) * 1.3)
        lines = []
        for series, (name, own) in enumerate(self.class_weights.items()):
            weights = np.array([own.get(label, np.nan) for label in classes], dtype=np.float64)
            weights[weights <= 0] = np.nan
            lines += ax.plot(
                weights,
                places,
                linestyle="none",
                marker=MARKERS[series % len(MARKERS)],
                markersize=0.5 * font if series == 0 else 0.75 * font,
                # Where schemes agree, all of their markers are to be seen.
                fillstyle="full" if series == 0 else "none",
                color=colors.series[series % len(colors.series)],
                label=name,
            )
        ax.set_yticks(places, tell_classes(classes, counts, length), fontsize=font)
        ax.set_ylim(len(classes) - 0.4, -0.6)
        ax.set_xlabel("weight, logarithmic")
        ax.spines[["top", "right"]].set_visible(False)
        add_legend(ax, lines, shorten_names(list(self.class_weights)), "upper right")
        self.ax_, self.figure_, self.classes_ = ax, ax.figure, classes
        return self


def tell_classes(classes: list[Any], counts: Mapping[Any, float], length: int) -> list[str]:
    """Shorten class names to this many letters, and add the number of images if it is known."""
    names = shorten_names(classes, length)
    for place, label in enumerate(classes):
        if label in counts:
            digits = ",.0f" if float(counts[label]).is_integer() else ",.4g"
            names[place] += f"  ({counts[label]:{digits}})"
    return names
