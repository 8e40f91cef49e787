"""Fonts for the contact sheet: the one that comes with Pillow has no letters beyond English."""

import textwrap
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import Any

from PIL import ImageFont

# Found by name where a system keeps its fonts; in this order, the first that has all letters.
_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "segoeui.ttf",
    "msyh.ttc",
    "Arial Unicode.ttf",
)
# No font has this one, so it looks as all letters do that a font lacks.
_NOWHERE = "\U0010ffff"


def choose_font(text: str, size: int) -> Any:
    """Choose a font that has the letters of a text, or most of them.

    Parameters
    ----------
    text : str
        What is to be written.
    size : int
        In pixels.

    Returns
    -------
    PIL.ImageFont.FreeTypeFont
        The one that comes with Pillow, unless the text has letters that it lacks: then one of the
        system's, or the one that comes with matplotlib where that is installed.

    Examples
    --------
    >>> from sklmerge.plot._fonts import choose_font
    >>> choose_font("gravel", 15).getname()[0] == choose_font("grass", 11).getname()[0]
    True
    """
    letters = {letter for letter in text if not letter.isascii()}
    best, fewest = None, len(letters) + 1
    for font in find_fonts(size):
        n_lacking = sum(not has_letter(font, letter) for letter in letters)
        if n_lacking < fewest:
            best, fewest = font, n_lacking
        if n_lacking == 0:
            break
    return best


def has_letter(font: Any, letter: str) -> bool:
    """Say whether a font has a letter, and not only a box in its place."""
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NOWHERE))


def find_fonts(size: int) -> Iterator[Any]:
    """Find the fonts that are there; matplotlib's last, because it takes its time to load."""
    yield ImageFont.load_default(size)
    yield from (font for name in _SYSTEM_FONTS if (font := load_font(name, size)))
    try:
        from matplotlib import get_data_path
    except ImportError:
        return
    yield load_font(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)


@cache
def load_font(name: str, size: int) -> Any:
    """Load a font by its name or path; None where there is none."""
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def wrap_text(text: str, font: Any, width: float, max_lines: int) -> list[str]:
    """Break a text into lines that are no wider than so many pixels.

    Parameters
    ----------
    text : str
        Words; those too wide for a line are broken.
    font : PIL.ImageFont.FreeTypeFont
        What it is written in.
    width : float
        Of a line, in pixels.
    max_lines : int
        The last of them ends in an ellipsis where there are more.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from sklmerge.plot._fonts import choose_font, wrap_text
    >>> wrap_text("red cell", choose_font("", 15), 45, max_lines=2)
    ['red', 'cell']
    """
    # The most letters of which no line is too wide: what is shorter fits, too.
    counts = range(1, max(2, len(text) + 1))
    n_letters = bisect_left(counts, True, key=lambda n: not _fits(text, n, font, width))
    lines = textwrap.wrap(text, max(1, n_letters))
    if len(lines) <= max_lines:
        return lines
    last = lines[max_lines - 1]
    while last and font.getlength(f"{last}...") > width:
        last = last[:-1]
    return [*lines[: max_lines - 1], f"{last}..."]


def _fits(text: str, n_letters: int, font: Any, width: float) -> bool:
    """Say whether lines of so many letters are narrow enough."""
    return all(font.getlength(line) <= width for line in textwrap.wrap(text, n_letters))
