"""Where displays are drawn: matplotlib is brought in here, and axes are made or taken."""

import inspect
import math
import reprlib
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from sklmerge._image_grid import BLUE as BLUE

ORANGE = "#e69f00"
VERMILLION = "#d55e00"
SKY = "#56b4e9"
GREEN = "#009e73"
PURPLE = "#cc79a7"

# Of other numbers than the colours, so that no pair of both comes twice among 56, or 28.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
# From white to dark, so that it means the same in grey.
COLORMAP = "Blues"


class Colors(NamedTuple):
    """Colours that contrast with a background: text, secondary text, bars, bands and series."""

    ink: str
    faint: str
    grey: str
    band: str
    series: tuple[str, ...]


class Display:
    """Base class of all displays, with a short representation."""

    def __repr__(self) -> str:
        names = list(inspect.signature(type(self)).parameters)
        shown = (f"{name}={_show_value(getattr(self, name))}" for name in names)
        return f"{type(self).__name__}({', '.join(shown)})"


def _show_value(value: Any) -> str:
    shape = getattr(value, "shape", ())
    return f"<{type(value).__name__} of shape {shape}>" if shape else reprlib.repr(value)


def choose_colors(ax: Any, outside: bool = False) -> Colors:
    """Choose colours that contrast with the background of axes or figure, in any style."""
    from matplotlib import rcParams
    from matplotlib.colors import to_hex, to_rgb

    face = ax.get_facecolor()
    if outside or face[3] == 0:
        face = ax.figure.get_facecolor()
    # What is transparent is looked at on white.
    paper = tuple(face[3] * channel + 1 - face[3] for channel in face[:3])
    ink = to_rgb(rcParams["text.color"])
    if abs(measure_light(ink) - measure_light(paper)) < 0.4:
        ink = (0.0, 0.0, 0.0) if measure_light(paper) > 0.5 else (1.0, 1.0, 1.0)

    def blend(share: float) -> str:
        mixed = (share * one + (1 - share) * other for one, other in zip(ink, paper, strict=True))
        return str(to_hex(tuple(mixed)))

    series = (blend(0.9), BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
    return Colors(blend(1), blend(0.62), blend(0.22), blend(0.06), series)


def measure_light(color: Sequence[float]) -> float:
    """Return the lightness of a colour, from 0 to 1."""
    red, green, blue = color[:3]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def find_paper(ax: Any, caller: str) -> str:
    """Return the background colour of the (future) figure of axes, as a name for Pillow."""
    settings = load_pyplot(caller).rcParams
    from matplotlib.colors import to_hex, to_rgba

    face = settings["figure.facecolor"] if ax is None else check_axes(ax).figure.get_facecolor()
    red, green, blue, alpha = to_rgba(face)
    on_white = (alpha * red + 1 - alpha, alpha * green + 1 - alpha, alpha * blue + 1 - alpha)
    return str(to_hex(on_white))


def check_kind(name: str, given: object, kind: type) -> None:
    """Raise an error unless a value is an instance of a class."""
    if not isinstance(given, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, got {type(given).__name__}")


def check_values(
    name: str, given: Mapping[str, Any], kind: type, kind_name: str | None = None
) -> None:
    """Raise an error unless a value maps names to instances of a class."""
    expected = f"{name} must map a name to a {kind_name or kind.__name__} each, got"
    if not isinstance(given, Mapping):
        raise TypeError(f"{expected} {type(given).__name__}")
    for key, value in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{expected} {type(value).__name__} for {key!r}")


def check_counts(name: str, counts: Sequence[Any], n_classes: int) -> None:
    """Raise an error unless there is one valid count per class."""
    if len(counts) != n_classes:
        raise ValueError(
            f"{name} must have one count for each of {n_classes} classes, got {len(counts)}"
        )
    for count in counts:
        if not isinstance(count, Real):
            raise TypeError(f"{name} must be counts, got {count!r}")
        if not float(count) >= 0:
            raise ValueError(f"{name} must be counts of 0 or more, got {count}")


# Points of a label, where there is room for it.
_FONT_SIZE = 10.0


def open_axes(ax: Any, figure_size: tuple[float, float], caller: str) -> Any:
    """Return the given axes, or create a figure of this size in inches with new axes."""
    if ax is not None:
        return check_axes(ax)
    return load_pyplot(caller).subplots(figsize=figure_size, layout="constrained")[1]


def check_axes(ax: Any) -> Any:
    """Raise an error unless this is an Axes; a figure, for example, is not."""
    if not hasattr(ax, "barh"):
        raise TypeError(
            f"ax must be matplotlib's Axes, such as plt.subplots()[1], got {type(ax).__name__}"
        )
    return ax


def load_pyplot(caller: str) -> Any:
    """Import matplotlib.pyplot; if it is missing, the error says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed; pip install 'sklmerge[plot]'"
        ) from error
    return plt


def fit_font(ax: Any, n_rows: float) -> float:
    """Return the font size, in points, at which this number of rows fits the height of axes."""
    points = 72 * measure_axes(ax)[1]
    return float(min(_FONT_SIZE, max(3.0, 0.72 * points / max(n_rows, 1))))


def fit_length(ax: Any, font: float, most: int = 32) -> int:
    """Return the maximum length of names beside axes that leaves half of the width free."""
    # A letter is 0.6 of its size wide.
    return int(min(most, max(8, 0.5 * 72 * measure_axes(ax)[0] / (0.6 * font))))


def measure_axes(ax: Any) -> tuple[float, float]:
    """Return the width and height of axes in inches."""
    return ax.bbox.width / ax.figure.dpi, ax.bbox.height / ax.figure.dpi


def has_room_outside(ax: Any) -> bool:
    """Return whether a layout engine makes room for what is drawn beside axes."""
    return ax.figure.get_layout_engine() is not None


def add_legend(ax: Any, handles: Sequence[Any], names: Sequence[str], inside: str) -> None:
    """Add a legend to the right of axes if there is room, otherwise in a corner inside."""
    style = {"fontsize": 9, "loc": "upper left", "bbox_to_anchor": (1, 1), "frameon": False}
    if not has_room_outside(ax):
        style = {"fontsize": min(9, fit_font(ax, 2 * len(names))), "loc": inside}
    # Set afterwards, since matplotlib leaves out labels that begin with "_".
    legend = ax.legend(handles, [str(place) for place in range(len(names))], **style)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)


def scale_log(ax: Any, low: float, high: float, side: str = "x") -> None:
    """Make an axis logarithmic, with plain numbers such as 10,000."""
    from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

    ax.set(**{f"{side}scale": "log", f"{side}lim": (low, high)})
    axis = ax.xaxis if side == "x" else ax.yaxis
    width, height = measure_axes(ax)
    # A digit is six points wide, a line 20 high; names beside the axes may take a third of them.
    room = 48 * width / (6 * len(f"{high:,.0f}") + 6) if side == "x" else 72 * height / 20
    n_ticks = min(9, max(2, int(room)))
    if high < 10 * low:
        # So short an axis holds one power of ten at most: round numbers label it.
        axis.set_major_locator(FixedLocator(choose_ticks(low, high, n_ticks)))
    else:
        # Powers of ten alone, where more would run into each other.
        crowded = high > 100 * low or 3 * math.log10(high / low) > n_ticks
        axis.set_major_locator(LogLocator(subs=(1,) if crowded else (1, 2, 5), numticks=n_ticks))
    write_out(axis)
    axis.set_minor_formatter(NullFormatter())


def choose_ticks(low: float, high: float, most: int) -> list[float]:
    """Choose at least two round, evenly spread ticks for a short logarithmic axis."""
    unit = 10.0 ** math.floor(math.log10(high))
    for digits in range(4):
        step = unit / 10**digits
        ends = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        candidates = [round(n * step, 10) for n in range(ends[0], ends[1] + 1)]
        if len(candidates) >= 3:
            break
    else:
        return [low, high]
    # The next one that leaves a fair share of the axis to the one before.
    gap = math.log(high / low) / max(most - 1, 1)
    ticks = candidates[:1]
    for value in candidates[1:]:
        if math.log(value / ticks[-1]) >= 0.9 * gap:
            ticks.append(value)
    return ticks if len(ticks) > 1 else [candidates[0], candidates[-1]]


def write_out(axis: Any) -> None:
    """Format the numbers beside an axis for people: 10,000 and not 10⁴."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
