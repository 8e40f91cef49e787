"""Lines say how often sources are drawn, and how likely a random batch misses a class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from scipy.stats import hypergeom
from sklearn.exceptions import NotFittedError

from sklmerge import EpochCoverageDisplay, EpochSchedule
from sklmerge.plot._epoch_coverage import spread_out

Y = np.repeat(["a", "b", "c", "d"], [50, 120, 121, 10])


@pytest.fixture
def ax():
    return Figure(figsize=(8, 5), layout="constrained").subplots()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"samples_per_class": 37},
        {"samples_per_class": "majority"},
        {"samples_per_class": None},
        {"merge": {"AB": ["a", "b"]}},
        {"merge": {"AB": ["a", "b"]}, "within_merged": "balanced", "samples_per_class": 33},
    ],
)
def test_lines_are_the_mean_of_the_schedules_own_coverage(options, ax):
    schedule = EpochSchedule(random_state=0, **options).fit(Y)
    display = EpochCoverageDisplay.from_estimator(schedule, n_epochs=7, ax=ax)
    lines = {line.get_label().split(" ")[0]: line for line in ax.get_lines()[1:]}
    assert set(lines) == set(display.class_counts)
    for label, line in lines.items():
        rows = np.isin(Y, schedule.merger_.members_.get(label, [label]))
        assert display.class_counts[label] == rows.sum()
        assert line.get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7]
        for epoch, drawn in zip(line.get_xdata(), line.get_ydata(), strict=True):
            counts = schedule.coverage(int(epoch))[rows]
            assert drawn == pytest.approx(counts.mean())
            assert counts.min() == np.floor(drawn)
            assert counts.max() == np.ceil(drawn)


def test_the_slowest_class_reaches_one(ax):
    schedule = EpochSchedule(random_state=0).fit(Y)
    display = EpochCoverageDisplay.from_estimator(schedule, ax=ax)
    assert display.times_drawn["c"][-1] >= 1 > display.times_drawn["c"][-2]
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert low < display.times_drawn["c"][0]
    assert high > display.times_drawn["d"][-1]


def test_batches_are_missed_with_the_hypergeometric_chance(ax):
    display = EpochCoverageDisplay.from_estimator(EpochSchedule(random_state=0).fit(Y))
    display.plot_batches([2, 16, 100], ax=ax)
    for line, n in zip(ax.get_lines(), (10, 50, 120, 121), strict=True):
        assert f"({n})" in line.get_label()
        assert_allclose(line.get_ydata(), hypergeom.pmf(0, 301, n, [2, 16, 100]), atol=1e-12)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "16", "100"]
    default = display.plot_batches().ax_.get_lines()[0].get_xdata()
    assert default.tolist() == [2**power for power in range(8)]


@pytest.mark.parametrize("n_classes", [12, 13, 60])
def test_many_classes_are_told_apart_by_size(n_classes, ax):
    counts = np.arange(5, 5 + n_classes)
    y = np.repeat([f"class {n:02d}" for n in range(n_classes)], counts)
    EpochCoverageDisplay.from_estimator(EpochSchedule(random_state=0).fit(y), ax=ax)
    assert len(ax.texts) == (n_classes if n_classes <= 12 else 2)
    assert len(ax.figure.axes) == (1 if n_classes <= 12 else 2)
    styles = {(line.get_color(), str(line.get_linestyle())) for line in ax.get_lines()[1:]}
    assert len(styles) == n_classes


@given(
    places=st.lists(st.floats(0, 1), min_size=1, max_size=9).map(np.array),
    gap=st.floats(0.001, 0.2),
)
def test_labels_are_spread_by_a_gap_and_keep_their_order(places, gap):
    moved = spread_out(places, gap)
    assert (np.diff(np.sort(moved)) >= gap * (1 - 1e-9)).all()
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) > 0).all()
    # Those that were too close are centred where they were.
    assert_allclose(moved.mean(), places.mean(), atol=1e-12)
    far = np.sort(places)
    if (np.diff(far) > gap).all():
        assert_allclose(moved, places)


def test_a_schedule_must_be_fitted_and_epochs_be_whole():
    with pytest.raises(NotFittedError):
        EpochCoverageDisplay.from_estimator(EpochSchedule())
    with pytest.raises(ValueError, match="n_epochs must be a whole number of at least 1"):
        EpochCoverageDisplay.from_estimator(EpochSchedule().fit(Y), n_epochs=0)
    display = EpochCoverageDisplay({"a": 3}, {})
    with pytest.raises(ValueError, match="times_drawn must hold an epoch"):
        display.plot()
    with pytest.raises(ValueError, match="batch_sizes must hold at least one"):
        display.plot_batches([])
    with pytest.raises(ValueError, match="class_counts must hold an image"):
        EpochCoverageDisplay({"a": 0}, {}).plot_batches()
