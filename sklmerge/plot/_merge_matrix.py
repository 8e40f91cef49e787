"""A confusion matrix in, its cells, their figures and the frames of merged classes out."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.plot._axes import fit_font, measure_axes, shorten_name
from sklmerge.plot._palette import COLORMAP, INK, VERMILLION

# Beyond so many classes, figures in the cells would not be read.
_MAX_VALUES = 15
# Points that can be read, and how wide a digit is beside its height, with some air.
_LEAST_FONT = 5.5
_DIGIT = 0.62
# From this place on the colour map, white stands out more than ink.
_DARK = 0.68


def draw_matrix(ax: Any, values: NDArray[Any], classes: list[Any], normalize: bool) -> Any:
    """Draw the cells and the names of the classes."""
    n = len(classes)
    image = ax.imshow(values, cmap=COLORMAP, vmin=0, vmax=1 if normalize else None)
    font = fit_font(ax, n)
    names = [shorten_name(label, 24) for label in classes]
    upright = max(map(len, names)) <= 2
    ax.set_xticks(range(n), names, rotation=0 if upright else 90, fontsize=font)
    ax.set_yticks(range(n), names, fontsize=font)
    ax.set(xlabel="predicted", ylabel="true", xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5))
    return image


def write_values(ax: Any, image: Any, values: NDArray[Any], normalize: bool) -> None:
    """Write the figures into the cells, where all of them can be read."""
    n = len(values)
    # What would read 0.00 is left out.
    texts = {
        place: f"{value:.2f}" if normalize else f"{value:,}"
        for place, value in np.ndenumerate(values)
        if value >= (0.005 if normalize else 1)
    }
    longest = max(map(len, texts.values()), default=0)
    font = min(0.75 * fit_font(ax, n), 72 * measure_axes(ax)[0] / n / (_DIGIT * max(longest, 4)))
    if n > _MAX_VALUES or font < _LEAST_FONT:
        return
    for (row, column), text in texts.items():
        ink = "white" if image.norm(values[row, column]) > _DARK else INK
        ax.text(column, row, text, color=ink, ha="center", va="center", size=font)


def draw_frame(ax: Any, column: int, row: int, width: int, height: int) -> None:
    """Draw a frame around cells of a merged class."""
    from matplotlib.patches import Rectangle

    # White below the colour keeps the frame visible on cells of any colour.
    for color, line in (("white", 4.5), (VERMILLION, 2.5)):
        corner = (column - 0.5, row - 0.5)
        frame = Rectangle(corner, width, height, fill=False, ec=color, lw=line, zorder=3)
        ax.add_patch(frame).set_clip_on(False)


def find_frames(
    classes: Sequence[Any], merge: Mapping[Any, Sequence[Any]]
) -> list[tuple[int, int, int, int]]:
    """Find the cells of each merged class: column and row of the first, width and height.

    Members that are no neighbours, as in a tree that joins others, have several frames, and no
    cell of another class lies in one.

    Examples
    --------
    >>> from sklmerge.plot._merge_matrix import find_frames
    >>> find_frames(["a", "c", "b"], {"x": ["a", "c"]})
    [(0, 0, 2, 2)]
    >>> find_frames(["a", "c", "b"], {"x": ["a", "b"]})
    [(0, 0, 1, 1), (0, 2, 1, 1), (2, 0, 1, 1), (2, 2, 1, 1)]
    """
    frames = []
    for own in merge.values():
        places = np.sort([classes.index(label) for label in own])
        runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        frames += [
            (int(across[0]), int(down[0]), len(across), len(down))
            for across, down in product(runs, runs)
        ]
    return frames
