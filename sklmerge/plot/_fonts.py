"""Fonts for the contact sheet: the one that comes with Pillow has no letters beyond English."""

import textwrap
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
    own = ImageFont.load_default(size)
    letters = {letter for letter in text if not letter.isascii()}
    if not letters:
        return own
    fonts = [own, *(font for name in list_fonts() if (font := load_font(name, size)))]
    # Of those that lack as few, the first.
    return min(fonts, key=lambda font: sum(not has_letter(font, letter) for letter in letters))


def has_letter(font: Any, letter: str) -> bool:
    """Say whether a font has a letter, and not only a box in its place."""
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NOWHERE))


@cache
def list_fonts() -> tuple[str, ...]:
    """List fonts that may be there, with matplotlib's own last."""
    try:
        from matplotlib import get_data_path
    except ImportError:
        return _SYSTEM_FONTS
    return (*_SYSTEM_FONTS, f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf")


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
    n_letters = max(1, len(text))
    lines = textwrap.wrap(text, n_letters)
    while n_letters > 1 and any(font.getlength(line) > width for line in lines):
        n_letters -= 1
        lines = textwrap.wrap(text, n_letters)
    if len(lines) <= max_lines:
        return lines
    last = lines[max_lines - 1]
    while last and font.getlength(f"{last}...") > width:
        last = last[:-1]
    return [*lines[: max_lines - 1], f"{last}..."]
