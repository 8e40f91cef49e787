"""The grid of images: rows of captioned tiles in, an array of pixels out.

The contact sheets of the command line and all displays of images are drawn here with Pillow, which
scikit-image requires. So a sheet does not need matplotlib, and looks the same everywhere.
"""

import textwrap
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from sklmerge._contract import find_value_range

# Okabe and Ito's blue, which every kind of colour vision tells from grey.
BLUE = "#0072b2"
# Points: each is multiplied by the scale of a sheet.
_MARGIN, _GAP, _LINE = 18, 10, 13
_TITLE_WIDTH = 132
# Captions need so much, however narrow the images are.
_COLUMN_WIDTH = 100
_TITLE_SIZE, _CAPTION_SIZE = 15, 11
# Images in a row of a figure.
_N_COLUMNS = 4


@dataclass(frozen=True)
class SheetRow:
    """One row of a contact sheet.

    Parameters
    ----------
    title : str
        Text to the left of the images, such as the class. Lines after the first are smaller. If no
        row has a title, the images start at the left edge.
    images : sequence of ndarray of shape (H, W) or (H, W, C), uint8
        The images, from left to right. Their sizes may differ.
    captions : sequence of str
        Text below each image. It may contain line breaks.
    n_sources : int, default=1
        Number of source images. This many images, counted from the left, get a frame.
    """

    title: str
    images: Sequence[NDArray[np.uint8]]
    captions: Sequence[str]
    n_sources: int = 1


def draw_contact_sheet(
    rows: Sequence[SheetRow],
    *,
    heading: str = "",
    tile_size: tuple[int, int] = (112, 112),
    scale: float = 1,
    paper: str = "#ffffff",
) -> NDArray[np.uint8]:
    """Draw rows of captioned images.

    Parameters
    ----------
    rows : sequence of SheetRow
        The rows, from top to bottom.
    heading : str, default=""
        Heading of the sheet.
    tile_size : (int, int), default=(112, 112)
        Maximum height and width of an image on the sheet, in pixels. Images keep their aspect
        ratio.
    scale : float, default=1
        Scale factor: 2 draws the same sheet with twice the pixels in each direction.
    paper : str, default="#ffffff"
        Background colour, in any form that Pillow accepts. Text is dark on a light background, and
        light on a dark background.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    ValueError
        If `rows` is empty, or if a row has no images or does not have one caption for each image.

    See Also
    --------
    sklmerge.AugmentationDisplay : Draws such a sheet as a matplotlib figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.plot import SheetRow, draw_contact_sheet
    >>> image = np.full((20, 30), 128, np.uint8)
    >>> sheet = draw_contact_sheet([SheetRow("grass", [image, image], ["source", "copy"])])
    >>> sheet.ndim, sheet.dtype
    (3, dtype('uint8'))
    """
    _check_rows(rows)
    sheet = _Sheet(scale, paper, has_titles=any(row.title for row in rows))
    largest = (round(scale * tile_size[0]), round(scale * tile_size[1]))
    tiles = [[fit_tile(image, largest, paper) for image in row.images] for row in rows]
    tile_height = max(tile.height for row in tiles for tile in row)
    tile_width = max(sheet.column_width, *(tile.width for row in tiles for tile in row))
    top = sheet.margin + (2 * sheet.title_size if heading else 0)
    below = [sheet.measure_captions(row.captions) for row in rows]
    tops = np.cumsum([top, *(tile_height + each + sheet.gap for each in below)]).tolist()
    n_columns = max(len(row.images) for row in rows)
    width = 2 * sheet.margin + sheet.title_width + n_columns * (tile_width + sheet.gap)
    picture = Image.new("RGB", (width, tops.pop() + sheet.margin - sheet.gap), paper)
    canvas = ImageDraw.Draw(picture)
    font = choose_font(heading, sheet.title_size)
    canvas.text((sheet.margin, sheet.margin - 4), heading, sheet.ink, font)
    for row, row_tiles, upper in zip(rows, tiles, tops, strict=True):
        sheet.draw_title(canvas, row.title, (sheet.margin, upper))
        for column, (tile, caption) in enumerate(zip(row_tiles, row.captions, strict=True)):
            left = sheet.margin + sheet.title_width + column * (tile_width + sheet.gap)
            corner = (left + (tile_width - tile.width) // 2, upper + tile_height - tile.height)
            picture.paste(tile, corner)
            if column < row.n_sources:
                draw_frame(canvas, corner, tile.size, round(3 * scale))
            middle = (left + tile_width // 2, upper + tile_height + round(5 * scale))
            sheet.draw_caption(canvas, caption, middle)
    return np.asarray(picture)


def _check_rows(rows: Sequence[SheetRow]) -> None:
    if not rows:
        raise ValueError("rows must hold at least one row, got none")
    for row in rows:
        if len(row.images) == 0:
            raise ValueError(f"images must hold at least one, got none in row {row.title!r}")
        if len(row.images) != len(row.captions):
            raise ValueError(
                f"captions must be one for each of {len(row.images)} images, "
                f"got {len(row.captions)} in row {row.title!r}"
            )


class _Sheet:
    """Sizes in pixels and colours of one sheet, and how text is written in them."""

    def __init__(self, scale: float, paper: str, has_titles: bool) -> None:
        sizes = [_MARGIN, _GAP, _LINE, _COLUMN_WIDTH, _TITLE_SIZE, _CAPTION_SIZE]
        scaled = [round(scale * size) for size in sizes]
        self.margin, self.gap, self.line, self.column_width = scaled[:4]
        self.title_size, self.caption_size = scaled[4:]
        self.title_width = round(scale * _TITLE_WIDTH) if has_titles else 0
        self.ink, self.faint = choose_inks(paper)

    def measure_captions(self, captions: Sequence[str]) -> int:
        """Return the height of the captions below the images of a row."""
        n_lines = max((text.count("\n") + 1 for text in captions if text), default=0)
        return self.line // 3 + n_lines * self.line

    def draw_title(self, canvas: ImageDraw.ImageDraw, title: str, corner: tuple[int, int]) -> None:
        """Draw a row's title to the left of the images, wrapped, with a large first line."""
        x, y = corner
        for place, line in enumerate(title.split("\n")):
            size, ink = (self.caption_size, self.faint) if place else (self.title_size, self.ink)
            font = choose_font(line, size)
            for part in wrap_text(line, font, self.title_width - self.gap, max_lines=3):
                canvas.text((x, y), part, ink, font)
                y += self.line if place else round(1.27 * size)

    def draw_caption(
        self, canvas: ImageDraw.ImageDraw, caption: str, middle: tuple[int, int]
    ) -> None:
        """Draw the lines of a caption, centred below the image."""
        for place, line in enumerate(caption.split("\n")):
            spot = (middle[0], middle[1] + place * self.line)
            canvas.text(spot, line, self.faint, choose_font(line, self.caption_size), anchor="ma")


def choose_inks(paper: str) -> tuple[str, str]:
    """Choose colours for primary and secondary text that are readable on a background."""
    red, green, blue = ImageColor.getrgb(paper)[:3]
    # The weights are those of luma in Rec. 709.
    is_light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 127
    return ("#1a1a1a", "#5f6368") if is_light else ("#f2f2f2", "#b4b8bd")


def draw_frame(
    canvas: ImageDraw.ImageDraw, corner: tuple[int, int], size: tuple[int, int], thick: int
) -> None:
    """Draw a frame around a tile, outside its pixels."""
    (left, upper), (width, height) = corner, size
    box = (left - thick, upper - thick, left + width + thick - 1, upper + height + thick - 1)
    canvas.rectangle(box, None, BLUE, thick)


def fit_tile(image: NDArray[np.uint8], tile_size: tuple[int, int], paper: str) -> Image.Image:
    """Scale an image up or down to fit a tile. Transparent pixels show the background."""
    pixels = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    picture = Image.fromarray(pixels).convert("RGBA")
    ground = Image.new("RGBA", picture.size, paper)
    picture = Image.alpha_composite(ground, picture).convert("RGB")
    scale = min(tile_size[0] / picture.height, tile_size[1] / picture.width)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    return picture.resize(size, method)


def show_as_bytes(
    image: NDArray[Any], value_range: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Scale an image of any dtype to 0..255; clip values outside its range."""
    low, high = find_value_range(image.dtype, value_range)
    scaled = (image.astype(np.float64) - low) * (255 / (high - low))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


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
    """Choose the first font with all letters of a text, or else the one that lacks the fewest."""
    letters = {letter for letter in text if not letter.isascii()}
    best, fewest = None, len(letters) + 1
    # Pillow's own comes first, so plain text looks alike on every system.
    for font in find_fonts(size):
        n_lacking = sum(not has_letter(font, letter) for letter in letters)
        if n_lacking < fewest:
            best, fewest = font, n_lacking
        if n_lacking == 0:
            break
    return best


def has_letter(font: Any, letter: str) -> bool:
    """Say whether a font has a letter; a replacement box does not count."""
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NOWHERE))


def find_fonts(size: int) -> Iterator[Any]:
    """Find the available fonts; matplotlib's comes last, because it is slow to load."""
    yield ImageFont.load_default(size)
    yield from (font for name in _SYSTEM_FONTS if (font := load_font(name, size)))
    try:
        from matplotlib import get_data_path
    except ImportError:
        return
    yield load_font(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)


@cache
def load_font(name: str, size: int) -> Any:
    """Load a font by its name or path; return None if it does not exist."""
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def wrap_text(text: str, font: Any, width: float, max_lines: int) -> list[str]:
    """Wrap a text to a width in pixels; if lines are left out, the last one ends in "..."."""
    # The most letters of which no line is too wide: what is shorter fits, too. textwrap breaks
    # words that are too wide for a line of their own.
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
    """Say whether lines of `n_letters` letters fit into the width."""
    return all(font.getlength(line) <= width for line in textwrap.wrap(text, n_letters))


def draw_images(images: Sequence[NDArray[Any]], captions: Sequence[str]) -> Any:
    """Draw images of any dtype in rows of four, and return a matplotlib Figure."""
    import matplotlib.pyplot as plt

    rows = [
        SheetRow(
            "",
            [show_as_bytes(image) for image in images[start : start + _N_COLUMNS]],
            captions[start : start + _N_COLUMNS],
            n_sources=0,
        )
        for start in range(0, len(images), _N_COLUMNS)
    ]
    sheet = draw_contact_sheet(rows, tile_size=(160, 160), scale=1.5)
    figure = plt.figure(figsize=np.array(sheet.shape[1::-1]) / 150, frameon=False)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.imshow(sheet)
    axis.set_axis_off()
    return figure
