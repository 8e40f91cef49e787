"""The axis that counts of images stand on, and the figures behind their bars."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.plot._axes import scale_log

# From this ratio on, small classes would be a line of no length.
_LOG_RATIO = 50


def scale_counts(ax: Any, counts: NDArray[np.int_], log: bool | None) -> None:
    """Choose the axis of counts, with room for the figures behind the bars."""
    counts = counts[counts > 0]
    if len(counts) == 0:
        ax.set_xlim(0, 1)
        return
    low, high = float(counts.min()), float(counts.max())
    if log if log is not None else high / low >= _LOG_RATIO:
        start = max(0.5, 10 ** np.floor(np.log10(low / 2)))
        scale_log(ax, start, high * (high / start) ** 0.25)
    else:
        ax.set_xlim(0, high * 1.25)


def write_count(ax: Any, text: str, end: float, place: float, font: float) -> None:
    """Write a figure behind the end of its bar."""
    spot = (max(end, ax.get_xlim()[0]), place)
    ax.annotate(text, spot, (3, 0), textcoords="offset points", va="center", fontsize=min(font, 8))
