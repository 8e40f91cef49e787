"""Images in, one picture of all of them out: sources beside their varied copies, with captions."""

import textwrap
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

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
    >>> from sklmerge.plot._contact_sheet import choose_font
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
    >>> from sklmerge.plot._contact_sheet import choose_font, wrap_text
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


_INK, _FAINT, _PAPER = "#1a1a1a", "#5f6368", "#ffffff"
# Okabe and Ito's blue, which every kind of colour vision tells from grey.
_FRAME = "#0072b2"
_MARGIN, _GAP, _LINE = 18, 10, 13
_TITLE_WIDTH = 132
# Captions need so much, however narrow the images are.
_COLUMN_WIDTH = 100
_TITLE_SIZE, _CAPTION_SIZE = 15, 11


@dataclass(frozen=True)
class SheetRow:
    """One row of a contact sheet.

    Parameters
    ----------
    title : str
        What stands before the row, such as a class; lines after the first are set smaller.
    images : sequence of ndarray of shape (H, W) or (H, W, C), uint8
        From left to right, of any sizes.
    captions : sequence of str
        What stands below each image; may hold line breaks.
    n_sources : int, default=1
        So many images, from the left, are framed as sources.
    """

    title: str
    images: Sequence[NDArray[np.uint8]]
    captions: Sequence[str]
    n_sources: int = 1


def draw_contact_sheet(
    rows: Sequence[SheetRow], *, heading: str = "", tile_size: tuple[int, int] = (112, 112)
) -> NDArray[np.uint8]:
    """Draw rows of captioned images on white.

    Parameters
    ----------
    rows : sequence of SheetRow
        From top to bottom.
    heading : str, default=""
        A line above all rows.
    tile_size : (int, int), default=(112, 112)
        Largest height and width of an image on the sheet, in pixels; images keep their proportions.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    ValueError
        If there is no row, or a row has not one caption for each image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.plot import SheetRow, draw_contact_sheet
    >>> image = np.full((20, 30), 128, np.uint8)
    >>> sheet = draw_contact_sheet([SheetRow("grass", [image, image], ["source", "copy"])])
    >>> sheet.ndim, sheet.dtype
    (3, dtype('uint8'))
    """
    if not rows:
        raise ValueError("rows must hold at least one row, got none")
    for row in rows:
        if not row.images:
            raise ValueError(f"images must hold at least one, got none in row {row.title!r}")
        if len(row.images) != len(row.captions):
            raise ValueError(
                f"captions must be one for each of {len(row.images)} images, "
                f"got {len(row.captions)} in row {row.title!r}"
            )
    tiles = [[fit_tile(image, tile_size) for image in row.images] for row in rows]
    tile_height = max(tile.height for row in tiles for tile in row)
    tile_width = max(_COLUMN_WIDTH, *(tile.width for row in tiles for tile in row))
    n_lines = max((c.count("\n") + 1 for row in rows for c in row.captions if c), default=0)
    step_down = tile_height + 4 + n_lines * _LINE + _GAP
    top = _MARGIN + (2 * _TITLE_SIZE if heading else 0)
    n_columns = max(len(row.images) for row in rows)
    width = 2 * _MARGIN + _TITLE_WIDTH + n_columns * (tile_width + _GAP)
    sheet = Image.new("RGB", (width, top + len(rows) * step_down + _MARGIN - _GAP), _PAPER)
    canvas = ImageDraw.Draw(sheet)
    canvas.text((_MARGIN, _MARGIN - 4), heading, _INK, choose_font(heading, _TITLE_SIZE + 1))
    for place, (row, row_tiles) in enumerate(zip(rows, tiles, strict=True)):
        upper = top + place * step_down
        draw_title(canvas, row.title, (_MARGIN, upper))
        for column, (tile, caption) in enumerate(zip(row_tiles, row.captions, strict=True)):
            left = _MARGIN + _TITLE_WIDTH + column * (tile_width + _GAP)
            corner = (left + (tile_width - tile.width) // 2, upper + tile_height - tile.height)
            sheet.paste(tile, corner)
            if column < row.n_sources:
                right, lower = corner[0] + tile.width, corner[1] + tile.height
                canvas.rectangle(
                    (corner[0] - 3, corner[1] - 3, right + 2, lower + 2), None, _FRAME, 3
                )
            draw_caption(canvas, caption, (left + tile_width // 2, upper + tile_height + 5))
    return np.asarray(sheet)


def fit_tile(image: NDArray[np.uint8], tile_size: tuple[int, int]) -> Image.Image:
    """Scale an image to fit a tile; small ones grow."""
    pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    picture = Image.fromarray(pixels).convert("RGBA")
    paper = Image.new("RGBA", picture.size, _PAPER)
    picture = Image.alpha_composite(paper, picture).convert("RGB")
    scale = min(tile_size[0] / picture.height, tile_size[1] / picture.width)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    return picture.resize(size, method)


def draw_title(canvas: ImageDraw.ImageDraw, title: str, corner: tuple[int, int]) -> None:
    """Write a row's title, its first line large, wrapped to the column before the images."""
    first, *rest = title.split("\n")
    x, y = corner
    font = choose_font(first, _TITLE_SIZE)
    for line in wrap_text(first, font, _TITLE_WIDTH - _GAP, max_lines=3):
        canvas.text((x, y), line, _INK, font)
        y += _TITLE_SIZE + 4
    for line in rest:
        font = choose_font(line, _CAPTION_SIZE)
        for part in wrap_text(line, font, _TITLE_WIDTH - _GAP, max_lines=3):
            canvas.text((x, y), part, _FAINT, font)
            y += _LINE


def draw_caption(canvas: ImageDraw.ImageDraw, caption: str, middle: tuple[int, int]) -> None:
    """Write the lines of a caption, each centred below its image."""
    for place, line in enumerate(caption.split("\n")):
        spot = (middle[0], middle[1] + place * _LINE)
        canvas.text(spot, line, _FAINT, choose_font(line, _CAPTION_SIZE), anchor="ma")
