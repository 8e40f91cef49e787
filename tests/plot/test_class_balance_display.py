"""Bars are as long as classes are large, and tell sources from copies."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from sklmerge import (
    AugmentingOverSampler,
    ClassBalanceDisplay,
    EpochSchedule,
    ImageIndex,
    balance_folder,
)
from sklmerge.datasets import load_textures, write_textures

MERGE = {"ground": ["grass", "gravel"]}


@pytest.fixture
def ax():
    return Figure(figsize=(8, 5)).subplots()


def read_bars(ax):
    """Read what each series of bars says: row by row, from where to where."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    return {
        bars.get_label(): {
            name: (bar.get_x(), bar.get_x() + bar.get_width())
            for name, bar in zip(names, bars, strict=True)
        }
        for bars in ax.containers
    }


def test_a_sampler_is_drawn_with_members_below_their_merged_class(ax):
    images, labels = load_textures(return_X_y=True)
    sampler = AugmentingOverSampler(merge=MERGE, random_state=0)
    _, y = sampler.fit_resample(images, labels)
    ClassBalanceDisplay.from_estimator(sampler, labels, ax=ax)
    counts = dict(zip(*np.unique(y, return_counts=True), strict=True))
    bars = read_bars(ax)
    assert list(bars["before"]) == ["brick", "ground", "grass", "gravel"]
    assert bars["before"]["ground"] == (0, 80)
    for label, n in (("brick", 160), ("grass", 60), ("gravel", 20)):
        assert bars["before"][label] == bars["sources"][label] == (0, n)
        assert bars["copies"][label] == (n, counts[label])
    assert bars["copies"]["ground"] == (80, 160)
    weights = [label.get_fontweight() for label in ax.get_yticklabels()]
    assert weights == ["normal", "bold", "normal", "normal"]
    assert {text.get_text() for text in ax.texts} >= {"60 + 60", "20 + 20", "80 + 80", "160"}


def test_a_sampler_of_imbalanced_learn_is_drawn_too(ax):
    y = ["a"] * 12 + ["b"] * 5
    rows = np.zeros((17, 1))
    for sampler, a, b in ((RandomOverSampler, (0, 12), (5, 12)), (RandomUnderSampler, (0, 5), 0)):
        fitted = sampler(random_state=0)
        fitted.fit_resample(rows, y)
        ax.clear()
        bars = read_bars(ClassBalanceDisplay.from_estimator(fitted, y, ax=ax).ax_)
        assert bars["sources"]["a"] == a
        assert bars["copies"]["b"] == (b or (5, 5))


def test_an_epoch_of_a_schedule_is_drawn_from_a_folders_index(tmp_path, ax):
    write_textures(tmp_path)
    index = ImageIndex(tmp_path, merge=MERGE)
    schedule = EpochSchedule({"brick": 40, "ground": 100}, random_state=0).fit(index)
    rows = schedule.draws(1).indices
    drawn = index.original_labels[rows]
    n_ground = len(set(rows[drawn != "brick"].tolist()))
    bars = read_bars(ClassBalanceDisplay.from_estimator(schedule, epoch=1, ax=ax).ax_)
    assert bars["sources"]["brick"] == (0, 40)
    assert bars["sources"]["ground"] == (0, n_ground)
    assert bars["copies"]["ground"] == (n_ground, 100)
    for label in ("grass", "gravel"):
        assert bars["copies"][label][1] == (drawn == label).sum()


def test_a_report_is_drawn_part_by_part(tmp_path, ax):
    write_textures(tmp_path / "photos")
    report = balance_folder(
        tmp_path / "photos", tmp_path / "out", merge=MERGE, max_copies=0, dry_run=True
    )
    bars = read_bars(ClassBalanceDisplay.from_report(report, ax=ax).ax_)
    assert bars["sources"] == {"brick": (0, 128), "ground": (0, 64)}
    assert bars["copies"] == {"brick": (128, 128), "ground": (64, 64)}
    ax.clear()
    shown = ClassBalanceDisplay.from_report(report, part="val", ax=ax).ax_
    assert read_bars(shown)["before"] == {"brick": (0, 32), "ground": (0, 16)}
    with pytest.raises(ValueError, match="part must be one of train, val, got 'test'"):
        ClassBalanceDisplay.from_report(report, part="test", ax=ax)


def test_a_report_tells_the_sources_that_could_be_read_from_the_copies(tmp_path, ax):
    write_textures(tmp_path / "photos")
    for path in sorted((tmp_path / "photos" / "gravel").iterdir())[::3]:
        path.write_bytes(path.read_bytes()[:-60])
    report = balance_folder(tmp_path / "photos", tmp_path / "out", on_error="skip")
    assert report.skipped
    for part in ("train", "val"):
        ax.clear()
        rows = ClassBalanceDisplay.from_report(report, part=part, ax=ax).rows_
        written = pd.read_csv(tmp_path / "out" / part / "metadata.csv")
        for row in rows:
            own = written[written["label"] == row.label]
            assert row.sources == own["source"].nunique()
            assert row.copies == len(own) - row.sources


def test_labels_alone_are_counted(ax):
    display = ClassBalanceDisplay.from_labels([3, 3, 3, 1], merge={1: [1]}, ax=ax)
    assert read_bars(ax) == {"before": {"3": (0, 3), "1": (0, 1)}}
    assert [row.label for row in display.rows_] == [3, 1]


@pytest.mark.parametrize(
    ("counts", "log", "scale"),
    [
        ({"a": 500, "b": 10**6}, None, "log"),
        ({"a": 40, "b": 10}, None, "linear"),
        ({"a": 40, "b": 10}, True, "log"),
        ({"a": 500, "b": 10**6}, False, "linear"),
        ({"a": 0, "b": 10**6}, None, "linear"),
    ],
)
def test_counts_far_apart_stand_on_a_logarithmic_axis(ax, counts, log, scale):
    ClassBalanceDisplay(list(counts), list(counts.values())).plot(ax=ax, log=log)
    assert ax.get_xscale() == scale
    left, right = ax.get_xlim()
    assert left < min(n for n in counts.values() if n) <= max(counts.values()) < right
    assert read_bars(ax)["before"] == {label: (0, n) for label, n in counts.items()}


@pytest.mark.parametrize("width", [4, 8, 12])
def test_ticks_do_not_run_into_each_other(width):
    ax = Figure(figsize=(width, 9), layout="constrained").subplots()
    counts = np.geomspace(3, 4e7, 60).astype(int)
    ClassBalanceDisplay([f"a class with a long name {n}" for n in range(60)], counts).plot(ax=ax)
    ax.figure.draw_without_rendering()
    ends = [tick.get_window_extent() for tick in ax.get_xticklabels() if tick.get_text()]
    shown = [box for box in ends if ax.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= ax.bbox.x1 + 1]
    assert len(shown) >= 2
    assert all(one.x1 < other.x0 for one, other in pairwise(shown))


def test_figures_stand_to_the_right_of_their_bars(ax):
    ClassBalanceDisplay(["a", "b"], [500, 10**6], sources=[500, 600], copies=[100, 0]).plot(ax=ax)
    spots = {text.get_text(): text.xy for text in ax.texts}
    assert spots["500 + 100"][0] == 600
    assert spots["1,000,000"][0] == 10**6


def test_what_was_not_fitted_or_does_not_belong_together_is_refused():
    sampler = RandomOverSampler()
    with pytest.raises(NotFittedError):
        ClassBalanceDisplay.from_estimator(sampler, ["a", "b"])
    sampler.fit_resample(np.zeros((3, 1)), ["a", "a", "b"])
    with pytest.raises(ValueError, match="y must be the labels that the sampler was given"):
        ClassBalanceDisplay.from_estimator(sampler)
    with pytest.raises(ValueError, match="got 2 labels where it drew row 2"):
        ClassBalanceDisplay.from_estimator(sampler, ["a", "b"])
    with pytest.raises(ValueError, match="got 4 labels for its 3 rows"):
        ClassBalanceDisplay.from_estimator(sampler, ["a", "a", "b", "b"])
    smote = SMOTE(k_neighbors=1)
    smote.fit_resample(np.arange(5.0)[:, None], ["a", "a", "a", "b", "b"])
    with pytest.raises(TypeError, match="told in sample_indices_, got a SMOTE that has none"):
        ClassBalanceDisplay.from_estimator(smote, ["a", "a", "a", "b", "b"])
    with pytest.raises(ValueError, match="classes must hold at least one"):
        ClassBalanceDisplay([], []).plot()


def test_counts_may_be_arrays(ax):
    before, sources, copies = np.array([[9, 4], [5, 4], [0, 3]])
    rows = ClassBalanceDisplay("ab", before, sources=sources, copies=copies).plot(ax=ax).rows_
    assert [(row.sources, row.copies) for row in rows] == [(5, 0), (4, 3)]
