"""What all displays have in common: ax= is used, nothing global changes, matplotlib is optional."""

import subprocess
import sys
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import sklmerge
from sklmerge import (
    AugmentationDisplay,
    ClassBalanceDisplay,
    ClassWeightDisplay,
    EpochCoverageDisplay,
    EpochSchedule,
    MergeDisplay,
    ReliabilityDisplay,
    suggest_merges,
)

Y = ["rare"] * 4 + ["common"] * 30 + ["a name so long that it would fill the picture by itself"] * 9
SCHEDULE = EpochSchedule(random_state=0).fit(Y)
IMAGES = np.random.default_rng(0).integers(0, 256, (43, 10, 16), dtype=np.uint8)
CONFUSED = suggest_merges(Y, ["rare"] * 9 + Y[9:])
DRAWINGS = {
    "balance": lambda ax: ClassBalanceDisplay.from_estimator(SCHEDULE, ax=ax),
    "weights": lambda ax: ClassWeightDisplay.from_counts({"a": 3, "b": 70}, ax=ax),
    "merge": lambda ax: MergeDisplay.from_predictions([0, 0, 1, 1], [0, 1, 1, 1], ax=ax),
    "copies": lambda ax: AugmentationDisplay.from_estimator("light", IMAGES, Y, ax=ax),
    "confused": lambda ax: sklmerge.ConfusedImagesDisplay.from_estimator(
        CONFUSED, IMAGES, Y, ax=ax
    ),
    "reliability": lambda ax: ReliabilityDisplay.from_predictions(
        [0, 1, 1], {"before": [[1, 0], [0.4, 0.6], [0.2, 0.8]]}, ax=ax
    ),
    "epochs": lambda ax: EpochCoverageDisplay.from_estimator(SCHEDULE, ax=ax),
    "batches": lambda ax: EpochCoverageDisplay.from_estimator(SCHEDULE, ax=ax).plot_batches(ax=ax),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_a_display_says_in_short_what_it_shows(draw):
    display = draw(Figure().subplots())
    assert repr(display).startswith(f"{type(display).__name__}(")
    assert "\n" not in repr(display)
    assert len(repr(display)) < 400


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_given_axes_are_drawn_on_and_nothing_else_is_touched(draw):
    settings = matplotlib.rcParams.copy()
    figure = Figure()  # which pyplot knows nothing of
    first, second = figure.subplots(1, 2)
    display = draw(second)
    assert display.ax_ is second
    assert display.figure_ is figure
    assert not first.has_data()
    assert plt.get_fignums() == []
    assert matplotlib.rcParams == settings


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_without_axes_a_figure_is_made_that_pyplot_can_show(draw):
    display = draw(None)
    assert display.figure_.number in plt.get_fignums()
    assert display.ax_ in display.figure_.axes


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_no_name_is_cut_off(draw):
    figure = draw(None).figure_
    figure.draw_without_rendering()
    for ax in figure.axes:
        names = [*ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label] if ax.axison else []
        legend = ax.get_legend().get_texts() if ax.get_legend() else []
        for text in [*names, *ax.texts, *legend]:
            box = text.get_window_extent()
            assert not text.get_text() or figure.bbox.x0 - 1 <= box.x0
            assert not text.get_text() or box.x1 <= figure.bbox.x1 + 1


ODD = ["$a$ of $b_c^$", "_hidden", r"\$5 & $6"]
ODD_Y = np.repeat(ODD, [4, 9, 30])


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize(
    "draw",
    {
        "balance": lambda ax: ClassBalanceDisplay.from_labels(ODD_Y, ax=ax),
        "weights": lambda ax: ClassWeightDisplay({n: {"a": 1.0} for n in ODD}).plot(ax),
        "merge": lambda ax: MergeDisplay.from_predictions(ODD_Y, ODD_Y[::-1], ax=ax),
        "epochs": lambda ax: EpochCoverageDisplay.from_estimator(
            EpochSchedule(random_state=0).fit(ODD_Y), ax=ax
        ),
        "batches": lambda ax: EpochCoverageDisplay(
            dict(zip(ODD, (4, 9, 30), strict=True)), {}
        ).plot_batches(ax=ax),
    }.values(),
)
def test_names_are_written_as_they_are(draw, layout):
    figure = Figure(figsize=(9, 5), layout=layout)
    ax = draw(figure.subplots()).ax_
    figure.draw_without_rendering()  # which raises for what is no formula
    legend = ax.get_legend().get_texts() if ax.get_legend() else []
    texts = [*ax.get_yticklabels(), *ax.texts, *legend]
    for name in ODD:
        shown = name.replace("$", r"\$")
        own = [text for text in texts if text.get_text().startswith(shown)]
        assert own
        assert all(text.get_window_extent().x1 <= figure.bbox.x1 for text in own)


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_no_name_is_cut_off_in_a_small_figure(draw):
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = draw(figure.subplots()).ax_
    figure.draw_without_rendering()
    for text in ax.get_yticklabels() if ax.axison else ax.texts:
        assert not text.get_text() or figure.bbox.x0 - 1 <= text.get_window_extent().x0
    ticks = [tick.get_window_extent() for tick in ax.get_xticklabels() if tick.get_text()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(ticks)) or not ax.axison


def test_displays_can_be_imported_without_matplotlib_and_say_what_to_install():
    code = """
import sys
sys.modules["matplotlib"] = None
from sklmerge import ClassBalanceDisplay, MergeDisplay
display = ClassBalanceDisplay(["a"], [1])
try:
    display.plot()
except ImportError as error:
    print(error)
try:
    MergeDisplay.from_predictions([0, 1], [0, 1])
except ImportError as error:
    print(error)
"""
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    end = "needs matplotlib, which is not installed; pip install 'sklmerge[plot]'"
    assert shown.splitlines() == [f"ClassBalanceDisplay.plot {end}", f"MergeDisplay.plot {end}"]


def test_every_display_is_public():
    names = [name for name in sklmerge.__all__ if name.endswith("Display")]
    assert len(names) == 7


def measure_light(color):
    return np.dot(to_rgb(color), [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("style", ["default", "dark_background", "ggplot"])
@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_whatever_the_style_text_and_lines_stand_out_and_no_grid_crosses_an_image(draw, style):
    with plt.style.context(style):
        figure = draw(None).figure_
        figure.draw_without_rendering()
        for ax in figure.axes:
            outside = measure_light(figure.get_facecolor()[:3])
            inside = measure_light(ax.get_facecolor()[:3]) if ax.axison else outside
            if not ax.images:
                assert all(abs(measure_light(t.get_color()) - inside) > 0.3 for t in ax.texts)
                lines = [line for line in ax.lines if line.get_visible()]
                assert all(abs(measure_light(line.get_color()) - inside) > 0.1 for line in lines)
            ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
            assert all(abs(measure_light(tick.get_color()) - outside) > 0.3 for tick in ticks)
            if ax.images:
                assert not any(line.get_visible() for line in ax.get_xgridlines())


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_sheets_and_figures_are_of_one_colour(style):
    with plt.style.context(style):
        display = DRAWINGS["copies"](None)
        corner = display.ax_.images[0].get_array()[0, 0]
        assert corner.tolist() == [255 * display.figure_.get_facecolor()[0]] * 3


@pytest.mark.parametrize("counts", [(5, 9), (50, 61), (3, 70), (1, 10**6)])
def test_an_axis_has_at_least_two_round_labelled_ticks_however_short_it_is(counts):
    counts = dict(zip("ab", counts, strict=True))
    balanced = {"balanced": sklmerge.ClassWeightEstimator()}
    for display in (
        ClassWeightDisplay.from_counts(counts, balanced),
        ClassBalanceDisplay(list(counts), list(counts.values())).plot(log=True),
    ):
        display.figure_.draw_without_rendering()
        low, high = display.ax_.get_xlim()
        ticks = zip(display.ax_.get_xticks(), display.ax_.get_xticklabels(), strict=True)
        shown = {value: text.get_text() for value, text in ticks if low <= value <= high}
        labelled = {value: text for value, text in shown.items() if text}
        assert len(labelled) >= 2
        for value, text in labelled.items():
            assert float(text.replace(",", "")) == value == float(f"{value:.2g}")


LONG = [f"Seborrhoeic keratosis, kind {kind}, on and so forth for ever" for kind in "AB"]
LONG += ["x" * 60, "x" * 61]


@pytest.mark.parametrize(
    "draw",
    [
        lambda y: ClassBalanceDisplay.from_labels(y),
        lambda y: ClassWeightDisplay.from_counts(dict.fromkeys(y, 3)),
        lambda y: MergeDisplay.from_predictions(y, y),
    ],
)
def test_long_names_that_differ_are_drawn_differently(draw):
    names = [tick.get_text() for tick in draw(LONG).ax_.get_yticklabels()]
    assert len(names) == len(set(names)) == 4
    assert max(map(len, names)) < 45


def test_a_long_name_keeps_its_beginning_and_its_end():
    label = "basophilic normoblast in its late stage, of the marrow"
    ax = ClassBalanceDisplay.from_labels([label, "other"]).ax_
    (shown,) = [tick.get_text() for tick in ax.get_yticklabels() if tick.get_text() != "other"]
    head, tail = shown.split("…")
    assert label.startswith(head)
    assert label.endswith(tail)
    assert abs(len(head) - len(tail)) <= 1


def test_a_small_axis_shows_the_whole_sheet_and_nothing_beside_it():
    figure = Figure(figsize=(4, 3))
    ax = figure.subplots(2, 2)[1, 0]
    AugmentationDisplay.from_estimator("light", IMAGES, Y, ax=ax)
    figure.draw_without_rendering()
    (picture,) = ax.images
    box = picture.get_window_extent()
    assert ax.bbox.x0 - 1 <= box.x0
    assert box.x1 <= ax.bbox.x1 + 1
    assert box.y1 - box.y0 <= ax.bbox.height + 1
    assert not ax.texts
