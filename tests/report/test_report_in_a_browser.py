"""Chromium opens the page without a complaint, and its filters and tables work."""

import itertools

import cv2
import numpy as np
import pytest

SIZES = [(1280, 900), (390, 844)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_opens_without_a_complaint_and_fits(browser, page, scheme, width, height):
    path, _ = page
    browser.open(path, width=width, height=height, scheme=scheme)
    assert browser.list_complaints() == []
    assert browser.list_requests() == [path.as_uri()]
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.run(wide) <= 0
    shown = cv2.imdecode(np.frombuffer(browser.draw(), np.uint8), cv2.IMREAD_COLOR)
    border = shown[:, :3].mean()
    assert border > 200 if scheme == "light" else border < 60
    # Also those far below the window: a screenshot, a printer and a quick eye get them all.
    missing = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert browser.run(missing) == 0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_captions_are_read_without_scrolling_their_tables(browser, page, width, height):
    browser.open(page[0], width=width, height=height)
    right = "getBoundingClientRect().right"
    hidden = f"[...document.querySelectorAll('.scroll caption')].map(c => {{ const r = \
        document.createRange(); r.selectNodeContents(c); \
        return r.{right} - c.closest('.scroll').{right}; }})"
    beyond = browser.run(hidden)
    assert len(beyond) == 3
    assert max(beyond) <= 0


def type_into(browser, key, text):
    browser.run(
        f"(() => {{ const i = document.getElementById('filter-{key}'); i.value = {text!r}; "
        "i.dispatchEvent(new Event('input')); })()"
    )


def test_filters_hide_what_does_not_hold_the_text_and_say_how_much_is_left(browser, page):
    browser.open(page[0])
    type_into(browser, "classes", "BRI")
    rows = "[...document.querySelectorAll('#class-table tbody tr')]"
    visible = f"{rows}.filter(r => r.offsetParent !== null).map(r => r.cells[0].textContent.trim())"
    assert browser.run(visible) == ["brick"]
    status = "document.getElementById('status-classes').textContent"
    assert browser.run(status) == "1 of 2 shown"
    type_into(browser, "classes", "")
    assert browser.run(visible) == ["brick", "ground"]
    type_into(browser, "twice", "near.jpg")
    groups = "[...document.querySelectorAll('#twice .group')].filter(g => !g.hidden).length"
    assert browser.run(groups) == 1


def test_tables_sort_by_number_both_ways_and_say_so(browser, page):
    browser.open(page[0])
    names = "[...document.querySelectorAll('#class-table tbody tr')].map(r => r.cells[0].innerText)"
    button = "document.querySelectorAll('#class-table thead button')[2]"
    browser.run(f"{button}.click()")
    assert browser.run(names) == ["ground", "brick"]
    assert browser.run(f"{button}.closest('th').getAttribute('aria-sort')") == "ascending"
    browser.run(f"{button}.click()")
    assert browser.run(names) == ["brick", "ground"]
    assert browser.run(f"{button}.closest('th').getAttribute('aria-sort')") == "descending"


def test_every_control_has_a_name_and_the_page_its_landmarks(browser, page):
    browser.open(page[0])
    unnamed = "[...document.querySelectorAll('input')].filter(i => !i.labels.length).length"
    assert browser.run(unnamed) == 0
    assert browser.run("[...document.images].filter(i => !i.alt).length") == 0
    assert browser.run("document.querySelectorAll('main, nav[aria-label], header').length") == 3
    levels = browser.run(
        "[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    tables = "[...document.querySelectorAll('table')].filter(t => !t.caption).length"
    assert browser.run(tables) == 0
