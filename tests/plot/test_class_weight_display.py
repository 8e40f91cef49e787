"""Every marker stands at the weight of its class."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.utils.class_weight import compute_class_weight

from sklmerge import ClassWeightDisplay, ClassWeightEstimator

Y = ["a"] * 40 + ["b"] * 3 + ["c"] * 900
COUNTS = {"a": 40, "b": 3, "c": 900}


@pytest.fixture
def ax():
    return Figure().subplots()


def read_markers(display):
    """Read scheme -> class -> weight off the axes."""
    return {
        line.get_label(): dict(zip(display.classes_, line.get_xdata(), strict=True))
        for line in display.ax_.get_lines()
        if line.get_marker() != "None"
    }


def test_markers_stand_at_the_weights_from_the_largest_class_to_the_rarest(ax):
    schemes = {
        "balanced": ClassWeightEstimator(),
        "own": ClassWeightEstimator({"a": 1, "b": 9, "c": 2}),
    }
    display = ClassWeightDisplay.from_estimators(schemes, Y, ax=ax)
    assert display.classes_ == ["c", "a", "b"]
    markers = read_markers(display)
    expected = compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=np.array(Y))
    assert [markers["balanced"][label] for label in "abc"] == pytest.approx(expected)
    assert markers["own"]["b"] / markers["own"]["a"] == pytest.approx(9)
    assert ax.get_xscale() == "log"
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["c  (900)", "a  (40)", "b  (3)"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["balanced", "own"]


def test_counts_and_fitted_estimators_give_the_same_picture(ax):
    fitted = {"log": ClassWeightEstimator("log").fit(Y)}
    drawn = read_markers(ClassWeightDisplay.from_estimators(fitted, ax=ax))
    ax.clear()
    unfitted = {"log": ClassWeightEstimator("log")}
    assert read_markers(ClassWeightDisplay.from_counts(COUNTS, unfitted, ax=ax)) == drawn
    assert not hasattr(unfitted["log"], "class_counts_")


def test_no_marker_stands_for_a_weight_of_zero(ax):
    weights = {"zero": {"a": 0.0, "b": 2.0}}
    markers = read_markers(ClassWeightDisplay(weights).plot(ax=ax))["zero"]
    assert np.isnan(markers["a"])
    assert markers["b"] == 2


def test_schemes_differ_by_marker_as_well_as_by_colour(ax):
    display = ClassWeightDisplay.from_counts(COUNTS, ax=ax)
    lines = [line for line in display.ax_.get_lines() if line.get_marker() != "None"]
    assert len({line.get_marker() for line in lines}) == len(lines) == 4


def test_a_dozen_schemes_all_stand_in_the_legend_and_none_looks_like_another():
    schemes = {f"power {p:.1f}": ClassWeightEstimator(power=p) for p in np.linspace(0, 1.1, 12)}
    display = ClassWeightDisplay.from_counts({"a": 10, "b": 1000}, schemes)
    display.figure_.draw_without_rendering()
    box = display.ax_.get_legend().get_window_extent()
    assert box.y0 >= 0
    looks = {(line.get_marker(), line.get_color()) for line in display.ax_.get_lines()[1:]}
    assert len(looks) == 12


def test_what_cannot_be_drawn_is_refused(ax):
    with pytest.raises(NotFittedError):
        ClassWeightDisplay.from_estimators({"new": ClassWeightEstimator()}, ax=ax)
    with pytest.raises(ValueError, match="estimators must hold at least one"):
        ClassWeightDisplay.from_counts(COUNTS, {}, ax=ax)
    with pytest.raises(TypeError, match="one label a row"):
        ClassWeightDisplay.from_estimators(
            {"x": ClassWeightEstimator(target="multilabel")}, [[0, 1], [1, 0], [1, 1]], ax=ax
        )
