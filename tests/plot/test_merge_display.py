"""Frames stand around merged classes, and the tree joins the rows where it says."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import confusion_matrix
from sklearn.naive_bayes import GaussianNB

from sklmerge import LabelMerger, MergeAdvisor, MergeDisplay, suggest_merges

TRUE = ["A"] * 10 + ["B"] * 10 + ["C"] * 10 + ["D"] * 5
PREDICTED = ["A"] * 6 + ["C"] * 4 + ["B"] * 9 + ["D"] + ["A"] * 7 + ["C"] * 3 + ["D"] * 5


@pytest.fixture
def axes():
    return Figure(figsize=(8, 4)).subplots(1, 2)


def read_frames(ax):
    """Read which cells are framed, along the diagonal: where, and how many."""
    return {
        (patch.get_x() + 0.5, patch.get_y() + 0.5, patch.get_width(), patch.get_height())
        for patch in ax.patches
    }


def test_cells_are_those_of_scikit_learn_in_the_order_of_the_tree(axes):
    display = MergeDisplay.from_predictions(TRUE, PREDICTED, ax=axes)
    assert {display.classes_.index("A"), display.classes_.index("C")} in ({0, 1}, {1, 2}, {2, 3})
    expected = confusion_matrix(TRUE, PREDICTED, labels=display.classes_, normalize="true")
    assert_allclose(axes[0].images[0].get_array(), expected)
    for ticks in (axes[0].get_xticklabels(), axes[0].get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == display.classes_
    shown = {(int(t.get_position()[1]), int(t.get_position()[0])): t for t in axes[0].texts}
    assert set(shown) == {tuple(place) for place in np.argwhere(expected > 0)}
    for place, text in shown.items():
        assert float(text.get_text()) == pytest.approx(expected[place], abs=0.005)


def test_counts_are_drawn_on_request(axes):
    display = MergeDisplay.from_predictions(TRUE, PREDICTED, normalize=False, ax=axes[0])
    expected = confusion_matrix(TRUE, PREDICTED, labels=display.classes_)
    assert_allclose(display.ax_.images[0].get_array(), expected)
    assert display.tree_ax_ is None


def test_frames_stand_around_what_is_merged(axes):
    display = MergeDisplay.from_predictions(TRUE, PREDICTED, ax=axes)
    start = min(display.classes_.index("A"), display.classes_.index("C"))
    assert read_frames(axes[0]) == {(start, start, 2, 2)}
    three = MergeDisplay.from_predictions(TRUE, PREDICTED, n_classes=1)
    assert read_frames(three.ax_) == {(0, 0, 4, 4)}
    own = MergeDisplay.from_predictions(TRUE, PREDICTED, merge=[["A", "D"], ["B", "C"]])
    assert own.classes_ == ["A", "D", "B", "C"]
    assert read_frames(own.ax_) == {(0, 0, 2, 2), (2, 2, 2, 2)}
    assert own.tree_ax_ is None


@pytest.mark.parametrize("merge", [{"x": ["A", "D"]}, [["A", "D"]], LabelMerger([["A", "D"]])])
def test_a_merge_that_is_no_cut_of_the_tree_is_framed_cell_by_cell(merge, axes):
    suggestion = suggest_merges(TRUE, PREDICTED)
    display = MergeDisplay(
        suggestion.confusion, suggestion.classes.tolist(), merge, linkage=suggestion.linkage
    ).plot(axes)
    places = sorted(display.classes_.index(label) for label in "AD")
    assert places[1] - places[0] > 1
    assert read_frames(axes[0]) == {(x, y, 1, 1) for x in places for y in places}


def test_a_merger_that_counts_looks_at_the_true_labels():
    merger = LabelMerger(min_count=6)
    display = MergeDisplay.from_predictions(TRUE, PREDICTED, merge=merger)
    assert not display.ax_.patches


def test_a_threshold_is_for_the_suggestion():
    for option in ({"threshold": 0.1}, {"n_classes": 2}):
        with pytest.raises(ValueError, match="merge must be None where n_classes or threshold"):
            MergeDisplay.from_predictions(TRUE, PREDICTED, merge=[["A", "B"]], **option)


@pytest.mark.parametrize(("figure_size", "written"), [((14, 12), True), ((5, 3.5), False)])
def test_figures_stay_within_their_cells(figure_size, written):
    rng = np.random.default_rng(0)
    figure = Figure(figsize=figure_size)
    ax = figure.subplots(2, 2)[0, 1]
    true = np.repeat([f"class {n}" for n in range(12)], 40)
    MergeDisplay.from_predictions(
        true, np.where(rng.random(480) < 0.7, true, rng.permutation(true)), ax=ax
    )
    figure.draw_without_rendering()
    cell = ax.bbox.width / 12
    assert bool(ax.texts) == written
    assert all(text.get_window_extent().width < cell for text in ax.texts)


def test_the_tree_joins_rows_at_their_confusability(axes):
    suggestion = suggest_merges(TRUE, PREDICTED)
    display = MergeDisplay.from_estimator(suggestion, ax=axes)
    tree = axes[1]
    *joins, line = tree.get_lines()
    steps = {round(step.confusability, 9): step for step in suggestion.steps}
    assert {round(join.get_xdata()[1], 9) for join in joins} == set(steps)
    for join in joins:
        step = steps[round(join.get_xdata()[1], 9)]
        rows = [display.classes_.index(label) for label in step.members]
        low, high = sorted(join.get_ydata()[1:3])
        assert min(rows) <= low < high <= max(rows)
        if len(rows) == 2:
            assert (low, high) == tuple(sorted(rows))
        assert (to_hex(join.get_color()) == "#0072b2") == step.suggested
    made = [step.confusability for step in suggestion.steps if step.suggested]
    left = [step.confusability for step in suggestion.steps if not step.suggested]
    assert max(left) < line.get_xdata()[0] < min(made)
    assert tree.get_ylim() == axes[0].get_ylim() == (3.5, -0.5)


def test_an_advisor_is_drawn_with_its_own_threshold():
    X, y = load_digits(return_X_y=True)
    for options, threshold in (({}, 0.1), ({"threshold": 0.04}, 0.04)):
        advisor = MergeAdvisor(GaussianNB(), cv=2, **options).fit(X[:600], y[:600])
        display = MergeDisplay.from_estimator(advisor)
        assert display.threshold == threshold
        assert display.tree_ax_.get_lines()[-1].get_xdata()[0] == threshold
        starts = {int(place) for place, *_ in read_frames(display.ax_)}
        assert len(starts) == len(advisor.merge_)
    with pytest.raises(NotFittedError):
        MergeDisplay.from_estimator(MergeAdvisor(GaussianNB()))


def test_rows_stay_level_with_the_leaves():
    display = MergeDisplay.from_predictions(TRUE, PREDICTED)
    display.figure_.draw_without_rendering()
    matrix, tree = (ax.get_position() for ax in (display.ax_, display.tree_ax_))
    assert (matrix.y0, matrix.y1) == pytest.approx((tree.y0, tree.y1))


def test_one_class_and_three_axes():
    assert MergeDisplay.from_predictions([1, 1], [1, 1]).tree_ax_ is None
    with pytest.raises(ValueError, match="ax must be Axes or a pair of Axes, got 3"):
        MergeDisplay.from_predictions(TRUE, PREDICTED, ax=Figure().subplots(1, 3))
