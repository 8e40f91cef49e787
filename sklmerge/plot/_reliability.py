"""ReliabilityDisplay: whether events predicted with probability 0.8 happen 8 times in 10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_whole
from sklmerge.plot._axes import DASHES, MARKERS, Display, add_legend, choose_colors, open_axes
from sklmerge.plot._names import escape_text


class ReliabilityCurve(NamedTuple):
    """Predictions grouped by confidence, with the fraction of correct predictions in each group.

    Attributes
    ----------
    confidence, accuracy : ndarray of float, shape (n_filled_bins,)
        Mean predicted probability and fraction of correct predictions, for each bin that is not
        empty.
    n_samples : ndarray of int, shape (n_filled_bins,)
        Number of predictions in each bin.
    error : float
        The expected calibration error: the mean absolute difference between confidence and accuracy
        over all bins, weighted by the number of predictions in each bin.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    n_samples: NDArray[np.intp]
    error: float


def measure_reliability(
    confidence: NDArray[np.float64], came_true: NDArray[np.bool_], n_bins: int
) -> ReliabilityCurve:
    """Group predictions by confidence, in bins of equal width from 0 to 1."""
    bins = np.minimum((confidence * n_bins).astype(np.intp), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    n = counts[filled]
    mean = np.bincount(bins, confidence, n_bins)[filled] / n
    share = np.bincount(bins, came_true, n_bins)[filled] / n
    return ReliabilityCurve(mean, share, n, float(np.abs(mean - share) @ n / n.sum()))


class ReliabilityDisplay(Display):
    """Show whether probabilities are calibrated, for example before and after an adjustment.

    On the diagonal, predictions with a probability of 0.8 are correct in 80 % of cases. Below the
    diagonal, the predicted probabilities are too high. This is typical of networks. It is also
    typical of the rare classes (see `label`) of a model that was trained on rebalanced data.

    Parameters
    ----------
    curves : mapping of str to ReliabilityCurve
        Name in the legend -> curve.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    See Also
    --------
    sklmerge.adjust_prior : Adjusts probabilities to different class shares.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (expected calibration error).

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import ReliabilityDisplay
    >>> bold, timid = np.tile([0.99, 0.01], (8, 1)), np.tile([0.75, 0.25], (8, 1))
    >>> y = ["ill", "ill", "ill", "well"] * 2
    >>> display = ReliabilityDisplay.from_predictions(y, {"before": bold, "after": timid})
    >>> {name: round(curve.error, 2) for name, curve in display.curves.items()}
    {'before': 0.24, 'after': 0.0}
    """

    def __init__(self, curves: Mapping[str, ReliabilityCurve]) -> None:
        self.curves = curves

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        probabilities: Mapping[str, ArrayLike],
        *,
        classes: ArrayLike | None = None,
        label: Any = None,
        n_bins: int = 10,
        ax: Any = None,
    ) -> Self:
        """Plot the reliability of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        probabilities : mapping of str to array-like of shape (n_samples, n_classes)
            Name in the legend -> predicted probabilities.
        classes : array-like of shape (n_classes,), default=None
            The class of each column. None means the sorted classes of ``y_true``.
        label : label, default=None
            If given, the predicted probability of this class is compared with how often it is the
            true class. If None, the probability of the predicted class is compared with how often
            the prediction is correct.
        n_bins : int, default=10
            Number of bins of equal width between 0 and 1.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            If shapes do not match, values are not probabilities, or `label` is not a class.
        """
        check_whole("n_bins", n_bins, 1)
        if not isinstance(probabilities, Mapping):
            raise TypeError(
                "probabilities must map a name to an array each, such as {'before': P}, got "
                f"{type(probabilities).__name__}"
            )
        truth = np.asarray(y_true)
        if isinstance(classes, str):
            raise TypeError(f"classes must be a list or array of labels, got {classes!r} (str)")
        names = np.unique(truth) if classes is None else np.asarray(classes)
        if label is not None and label not in names.tolist():
            raise ValueError(f"label must be one of {names.tolist()}, got {label!r}")
        curves = {}
        for name, values in probabilities.items():
            table = check_probabilities(name, values, (len(truth), len(names)))
            if label is None:
                best = table.argmax(axis=1)
                confidence, came_true = table[np.arange(len(table)), best], names[best] == truth
            else:
                confidence = table[:, names.tolist().index(label)]
                came_true = truth == label
            curves[name] = measure_reliability(confidence, came_true, n_bins)
        return cls(curves).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        label: Any = None,
        n_bins: int = 10,
        ax: Any = None,
    ) -> Self:
        """Plot the reliability of a classifier on data that it was not trained on.

        Parameters
        ----------
        estimator : classifier
            A fitted classifier with ``predict_proba``. For a PriorAdjustedClassifier, a second
            curve, named "before", shows the probabilities before the adjustment.
        X : array-like of shape (n_samples, ...)
            Samples to predict.
        y : array-like of shape (n_samples,)
            True labels.
        label, n_bins, ax
            See `from_predictions`.

        Returns
        -------
        ReliabilityDisplay
        """
        check_is_fitted(estimator)
        found = {"predicted": estimator.predict_proba(X)}
        inner: Any = getattr(estimator, "estimator_", None)
        if hasattr(estimator, "target_prior") and hasattr(inner, "predict_proba"):
            found = {"before": inner.predict_proba(X), "after": found["predicted"]}
        return cls.from_predictions(
            y, found, classes=estimator.classes_, label=label, n_bins=n_bins, ax=ax
        )

    def plot(self, ax: Any = None) -> Self:
        """Plot the curves, and show the calibration error of each curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ReliabilityDisplay
            This display.
        """
        if not self.curves:
            raise ValueError("curves must hold at least one, got none")
        ax = open_axes(ax, (6.4, 4.4), "ReliabilityDisplay.plot")
        colors = choose_colors(ax)
        ax.plot([0, 1], [0, 1], color=colors.faint, lw=1, ls=":")
        lines, names = [], []
        for place, (name, curve) in enumerate(self.curves.items()):
            color = colors.series[(place + 1) % len(colors.series)]
            lines += ax.plot(
                *(curve.confidence, curve.accuracy),
                color=color,
                ls=DASHES[place % len(DASHES)],
                marker=MARKERS[place % len(MARKERS)],
            )
            # Points that few predictions stand behind are small.
            sizes = 15 + 120 * np.sqrt(curve.n_samples / curve.n_samples.max())
            ax.scatter(curve.confidence, curve.accuracy, s=sizes, color=color, alpha=0.3, lw=0)
            names.append(escape_text(f"{name}, error {curve.error:.3f}"))
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        ax.set(xlabel="predicted probability", ylabel="share that came true")
        ax.spines[["top", "right"]].set_visible(False)
        add_legend(ax, lines, names, "upper left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def check_probabilities(
    name: str, values: ArrayLike, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Raise an error unless there is one probability for each sample and class."""
    table = np.asarray(values, dtype=np.float64)
    if table.shape != shape:
        raise ValueError(
            f"probabilities must be of shape {shape}, one for each sample and class, got "
            f"{table.shape} for {name!r}"
        )
    if not ((table >= 0) & (table <= 1)).all():
        raise ValueError(f"probabilities must lie between 0 and 1, got others for {name!r}")
    return table
