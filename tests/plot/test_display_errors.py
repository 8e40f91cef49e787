"""Displays say in one sentence what cannot be drawn, and which parameter it is."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

from sklmerge import (
    ClassBalanceDisplay,
    ClassWeightDisplay,
    ClassWeightEstimator,
    EpochCoverageDisplay,
    EpochSchedule,
    MergeDisplay,
)
from sklmerge.plot import SheetRow, draw_contact_sheet

COUNTS = {"a": 3, "b": 70}
SCHEDULE = EpochSchedule(random_state=0).fit(["a"] * 3 + ["b"] * 9)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: ClassBalanceDisplay(["a", "b"], [1]).plot(), ValueError, "^before must have one"),
        (
            lambda: ClassBalanceDisplay(["a"], [-1]).plot(),
            ValueError,
            "^before must be counts",
        ),
        (
            lambda: ClassBalanceDisplay(["a"], ["1"]).plot(),
            TypeError,
            "^before must be counts",
        ),
        (
            lambda: ClassBalanceDisplay(["a"], [1], sources=[1], copies=[np.nan]).plot(),
            ValueError,
            "^copies must be counts of 0 or more, got nan",
        ),
        (
            lambda: ClassBalanceDisplay.from_report("photos"),
            TypeError,
            "^report must be a BalanceReport, got str",
        ),
        (
            lambda: ClassWeightDisplay.from_counts(COUNTS, {"x": "balanced"}),
            TypeError,
            "^estimators must map a name to a ClassWeightEstimator each, got str for 'x'",
        ),
        (
            lambda: ClassWeightDisplay.from_estimators(ClassWeightEstimator(), ["a", "b"]),
            TypeError,
            "^estimators must map a name to a ClassWeightEstimator each, got ClassWeightEst",
        ),
        (
            lambda: ClassWeightDisplay({"a": 1.0, "b": 2.0}).plot(),
            TypeError,
            "^class_weights must map a name to a mapping each, got float for 'a'",
        ),
        (
            lambda: MergeDisplay.from_estimator(LogisticRegression()),
            TypeError,
            "^estimator must be a MergeAdvisor, got LogisticRegression",
        ),
        (
            lambda: EpochCoverageDisplay.from_estimator(LogisticRegression()),
            TypeError,
            "^estimator must be an EpochSchedule, got LogisticRegression",
        ),
        (
            lambda: EpochCoverageDisplay.from_estimator(SCHEDULE).plot_batches(8),
            ValueError,
            "^batch_sizes must hold at least one size, got 8",
        ),
        (
            lambda: draw_contact_sheet([SheetRow("grass", [], [])]),
            ValueError,
            "^images must hold at least one, got none in row 'grass'",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(draw, error, message):
    with pytest.raises(error, match=message):
        draw()


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ClassBalanceDisplay.from_labels(["a", "b"], ax=ax),
        lambda ax: MergeDisplay.from_predictions(["a", "b"], ["b", "b"], ax=ax),
    ],
)
def test_a_figure_is_no_axes(draw):
    with pytest.raises(TypeError, match=r"^ax must be matplotlib's Axes, .*, got Figure"):
        draw(Figure())
