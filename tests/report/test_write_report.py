"""The page holds what was found, needs nothing else, and trusts no name."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from sklmerge import ImageIndex, inspect_folder, write_report
from sklmerge.images import encode_image
from sklmerge.report._thumbnails import Thumbnails

MERGE = {"ground": ["grass", "gravel"]}


class Reader(HTMLParser):
    """Collects tags, what they refer to, and the text outside scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.alts, self.texts, self.inside = [], [], [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.links += [values[name] for name in ("src", "href") if name in values]
        self.alts += [values.get("alt")] if tag == "img" else []
        assert "style" not in values
        assert not any(name.startswith("on") for name in values)
        self.inside = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if self.inside is None:
            self.texts.append(text)


@pytest.fixture(scope="module")
def read(page):
    return Reader(page[1].html)


def test_the_page_needs_nothing_but_itself(read):
    assert all(link.startswith(("data:", "#")) for link in read.links)
    assert read.tags.count("script") == 2
    assert not {"iframe", "object", "embed", "form"} & set(read.tags)
    assert all(read.alts)


def test_it_says_what_inspect_says(page, photos, read):
    found = inspect_folder(photos, merge=MERGE)
    # What is free on the disk changes from minute to minute.
    assert replace(page[1].inspection, budget_bytes=found.budget_bytes) == found
    text = " ".join(" ".join(read.texts).split())
    assert found.counts == {"brick": 161, "ground": 81}
    assert found.unreadable_counts == {"ground": 1}
    for told in (*found.reasons, *found.commands, "grass/bad.png"):
        assert told in text
    assert "Different labels for the same image: 1" in text
    assert "Near duplicates: 1" in text
    assert "brick/near.jpg" in text
    (summary,) = re.findall(r'id="summary">(.*?)</script>', page[1].html)
    assert json.loads(summary)["counts"] == found.counts


def test_names_are_text_and_turn_no_direction(page, read):
    html = page[1].html
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert any(r"\u202egnp.png" in text for text in read.texts)
    html.encode("utf-8")


def test_names_that_are_no_unicode_are_written(tmp_path, photos):
    shutil.copytree(photos / "gravel", tmp_path / "p" / "gravel")
    shutil.copytree(photos / "grass", tmp_path / "p" / "gr\udcff\nss")
    page = write_report(tmp_path / "p", tmp_path / "page.html")
    assert "gr\\udcff\\nss" in page.html
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html


def test_a_notebook_shows_it_in_a_frame_of_its_own(page):
    shown = page[1]._repr_html_()
    assert shown.startswith("<iframe ")
    assert shown.count("<") == 2


def test_the_page_is_the_same_for_any_number_of_threads(page, photos):
    again = write_report(photos, merge=MERGE, n_jobs=2)
    assert again.html == page[1].html


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("report.html", "path must be new, got .* pass force=True"),
        ("report.txt", "path must end in .html or .htm, got 'report.txt'"),
        ("nowhere/report.html", "path must lie in a folder that is there"),
        ("photos/report.html", "path must lie outside the source"),
    ],
)
def test_a_page_that_cannot_be_is_refused_before_anything_is_read(page, photos, name, message):
    with pytest.raises(ValueError, match=message):
        write_report(photos, photos.parent / name)
    assert not (photos / "report.html").exists()


def test_a_page_is_replaced_when_asked(page, tmp_path, photos):
    path = tmp_path / "report.html"
    path.write_text("mine")
    write_report(photos, path, merge=MERGE, force=True)
    assert path.read_text(encoding="utf-8") == page[1].html


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path, photos, monkeypatch):
    from pathlib import Path

    def refuse(self, data):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match=r"Permission denied: .*report\.html'"):
        write_report(photos, tmp_path / "report.html")


def test_leaks_between_parts_are_shown(tmp_path, photos):
    source = tmp_path / "divided"
    for label in ("brick", "grass"):
        shutil.copytree(photos / label, source / "Training" / label)
        (source / "Testing" / label).mkdir(parents=True)
        for path in sorted((photos / label).glob("*_1*"))[:3]:
            shutil.copy(path, source / "Testing" / label)
    page = write_report(source)
    assert "6 of 6 images of test are also in train" in page.html
    assert page.inspection.counts == {"brick": 161, "grass": 61}


def test_a_page_says_what_it_left_out(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "many" / label).mkdir(parents=True)
        for number in range(35):
            image = encode_image(rng.integers(0, 256, (24, 32, 3), np.uint8), "png")
            for name in (f"{number}.png", f"{number} again.png"):
                (tmp_path / "many" / label / name).write_bytes(image)
    page = write_report(ImageIndex(tmp_path / "many"))
    assert "What this page left out" in page.html
    assert "10 of 70 groups of the same file" in page.html
    assert len(page.html.encode()) < 5_000_000


def test_every_list_that_is_cut_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("sklmerge.report._write_report._MOST_ROWS", 4)
    rng = np.random.default_rng(0)
    for label in range(12):
        (tmp_path / "many" / f"kind {label:02d}").mkdir(parents=True)
        for number in range(3):
            image = encode_image(rng.integers(0, 256, (24, 32, 3), np.uint8), "png")
            (tmp_path / "many" / f"kind {label:02d}" / f"{number}.jpg").write_bytes(image)
        (tmp_path / "many" / f"kind {label:02d}" / "bad.png").write_bytes(b"no image")
    page = write_report(tmp_path / "many", merge=[["kind 00", "kind 01"]])
    for told in (
        "7 of 11 classes<",
        "8 of 12 original classes<",
        "8 of 12 unreadable files<",
        "32 of 36 files with a wrong extension<",
        "3 of 11 classes with samples of copies<",
    ):
        assert told in page.html


def test_thumbnails_stop_at_their_budget(photos):
    index = ImageIndex(photos)
    thumbnails = Thumbnails(index, None, max_bytes=20_000)
    thumbnails.add_rows(list(range(len(index))))
    made = [thumbnails.find(row) for row in range(len(index))]
    n_bytes = sum(len(url) for url in made) * 3 / 4
    assert 10_000 < n_bytes < 21_000 + 40 * len(made)
    assert thumbnails.n_left_out > 100


def test_without_jinja2_it_says_what_to_install(photos, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'sklmerge\[report\]'"):
        write_report(photos)
