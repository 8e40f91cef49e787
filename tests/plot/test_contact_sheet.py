"""A contact sheet shows every image it was given, sources framed, captions below."""

import numpy as np
import pytest
from PIL import ImageColor

from sklmerge.plot import SheetRow, draw_contact_sheet

BLUE = (0, 114, 178)


def make_image(color, shape=(30, 50, 3)):
    return np.broadcast_to(np.array(color, np.uint8), shape).copy()


def count_pixels(sheet, color):
    return int((sheet == np.array(color, np.uint8)).all(axis=-1).sum())


def test_every_image_is_on_the_sheet_at_its_size_and_sources_are_framed():
    red, green = make_image((200, 0, 0)), make_image((0, 200, 0))
    row = SheetRow("cat\n3 images", [red, green], ["source", "copy"])
    sheet = draw_contact_sheet([row], tile_size=(120, 120))
    # 30 x 50 pixels fit a square of 120 as 72 x 120.
    assert count_pixels(sheet, (200, 0, 0)) == count_pixels(sheet, (0, 200, 0)) == 72 * 120
    assert count_pixels(sheet, BLUE) == (72 + 6) * (120 + 6) - 72 * 120
    no_frame = SheetRow("cat", [red, green], ["", ""], n_sources=0)
    assert count_pixels(draw_contact_sheet([no_frame]), BLUE) == 0


def test_titles_and_captions_leave_ink():
    image = make_image((255, 255, 255))
    bare = draw_contact_sheet([SheetRow("", [image], [""], n_sources=0)])
    assert bare.min() == 255
    for row in (SheetRow("cat", [image], [""], 0), SheetRow("", [image], ["turn +3°"], 0)):
        assert draw_contact_sheet([row]).min() < 120
    assert draw_contact_sheet([SheetRow("", [image], [""], 0)], heading="Cats").min() < 120


@pytest.mark.parametrize(
    "shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4), (1, 90), (90, 1)]
)
def test_images_of_every_kind_and_shape_are_drawn(shape):
    image = np.full(shape, 128, np.uint8)
    sheet = draw_contact_sheet([SheetRow("any", [image], ["copy"], 0)])
    assert sheet.dtype == np.uint8
    assert (np.abs(sheet.astype(int) - 128).max(axis=-1) <= 64).sum() > 50


@pytest.mark.parametrize("letters", ["äößé", "эритроцит", "αβγ"])
def test_letters_beyond_english_are_drawn_and_not_as_boxes(letters):
    image = np.full((4, 6), 200, np.uint8)

    def draw(title):
        return draw_contact_sheet([SheetRow(title, [image], ["source"])])

    for letter in letters:
        assert not np.array_equal(draw(letter), draw("\U0010ffff")), letter


@pytest.mark.parametrize(
    ("paper", "is_light"),
    [("black", False), ("#0000ff", False), ("#808080", True), ("#ffff00", True), ("white", True)],
)
def test_text_stands_out_from_the_paper(paper, is_light):
    ground = np.array(ImageColor.getrgb(paper), np.uint8)
    row = SheetRow("cat", [make_image(ground)], ["turn"], n_sources=0)
    ink = draw_contact_sheet([row], paper=paper).reshape(-1, 3)
    ink = ink[(ink != ground).any(axis=1)]
    assert (ink.min() < 60) if is_light else (ink.min(axis=1).max() > 180)


def test_titles_stay_left_of_the_images():
    image = np.full((60, 60), 255, np.uint8)
    for title in ("W" * 200, "ü" * 200, "a wide title of many words " * 9):
        sheet = draw_contact_sheet([SheetRow(title, [image], [""], n_sources=0)])
        assert (sheet[:, :140] < 128).any()
        assert (sheet[:, 145:] == 255).all()


def count_lines(title):
    sheet = draw_contact_sheet([SheetRow(title, [make_image((255, 255, 255))], [""], 0)])
    has_ink = (sheet < 128).any(axis=(1, 2)).astype(int)
    return int((np.diff(has_ink) == 1).sum())


def test_titles_are_wrapped_at_words_and_cut_after_three_lines():
    assert count_lines("cell") == count_lines("red cell") == 1
    assert count_lines("a cell without a nucleus") == 2
    assert count_lines("W" * 200) == 3


def test_rows_without_a_caption_for_each_image_are_refused():
    with pytest.raises(ValueError, match="captions must be one for each of 1 images, got 2"):
        draw_contact_sheet([SheetRow("cat", [make_image((0, 0, 0))], ["a", "b"])])
    with pytest.raises(ValueError, match="at least one row"):
        draw_contact_sheet([])
