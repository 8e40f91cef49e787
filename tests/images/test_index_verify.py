"""What ImageIndex.verify and `sklmerge inspect` find out about a folder."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from sklmerge import ImageIndex
from sklmerge.cli._app import app
from sklmerge.images import encode_image


@pytest.fixture
def folder(make_folder, pillow_photograph, save):
    photograph = np.asarray(pillow_photograph)
    make_folder(["a/1.png"], encode_image(photograph, "png"))
    make_folder(["a/again.bmp", "b/again.bmp"], encode_image(photograph, "bmp"))
    make_folder(["b/2.png"], save(pillow_photograph, "PNG", compress_level=1))
    make_folder(["b/grey.png"], encode_image(photograph[:40, :20, 0], "png"))
    make_folder(["b/called.jpg"], encode_image(photograph[:50], "png"))
    make_folder(["c/large.JPEG"], save(pillow_photograph.resize((300, 200)), "JPEG"))
    make_folder(["c/ink.jpg"], save(pillow_photograph.convert("CMYK").resize((60, 70)), "JPEG"))
    deep = Image.fromarray(photograph[:30, :31, 0].astype(np.uint16) * 257)
    make_folder(["c/deep.png"], save(deep, "PNG"))
    return make_folder(["c/torn.jpg"], save(pillow_photograph, "JPEG")[:-30])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_equal_pixels_are_found_in_files_that_differ(folder, n_jobs):
    report = ImageIndex(folder).verify(n_jobs=n_jobs)
    assert report.duplicates == [["a/again.bmp", "b/again.bmp"]]
    assert report.same_pixels == [["a/1.png", "a/again.bmp", "b/2.png", "b/again.bmp"]]
    assert report.conflicts == report.same_pixels
    assert not report.ok


def test_images_that_only_differ_in_colours_of_one_grey_have_other_pixels(make_folder):
    # Both are 76 as grey, so their thumbnails are the same in every pixel.
    for name, colour in (("red", (254, 0, 0)), ("grey", (76, 76, 76))):
        image = np.full((40, 50, 3), colour, np.uint8)
        make_folder([f"a/{name}.png"], encode_image(image, "png"))
        folder = make_folder([f"b/{name}.bmp"], encode_image(image, "bmp"))
    report = ImageIndex(folder).verify()
    assert report.same_pixels == [["a/grey.png", "b/grey.bmp"], ["a/red.png", "b/red.bmp"]]
    assert report.similar == [["a/grey.png", "a/red.png", "b/grey.bmp", "b/red.bmp"]]


def watch(folder, n_jobs=1):
    calls = []
    ImageIndex(folder).verify(n_jobs, progress=lambda *call: calls.append(call))
    return calls


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_rises_to_all_files_and_those_read_twice_count_twice(make_folder, n_jobs):
    rng = np.random.default_rng(0)
    for number in range(20):
        image = rng.integers(0, 256, (40, 50, 3), np.uint8)
        make_folder([f"a/{number}.png"], encode_image(image, "png"))
        folder = make_folder([f"b/{number}.bmp"], encode_image(image, "bmp"))
    calls = watch(folder, n_jobs)
    assert calls == [(16, 40), (32, 40), (56, 80), (72, 80), (80, 80)]


def test_images_of_one_grey_are_read_once(make_folder):
    # As masks without an object are: all have the same thumbnail.
    for side in range(30, 47):
        folder = make_folder([f"a/{side}.png"], encode_image(np.zeros((side, 40), np.uint8), "png"))
    assert watch(folder) == [(16, 17), (17, 17)]
    make_folder(["b/again.bmp"], encode_image(np.zeros((30, 40), np.uint8), "bmp"))
    assert ImageIndex(folder).verify().same_pixels == [["a/30.png", "b/again.bmp"]]


def test_a_reader_may_put_every_image_into_one_array(tmp_path):
    array = np.zeros((40, 50), np.uint8)

    def read(path):
        array[:] = np.random.default_rng(int(path[-5])).integers(0, 256, array.shape)
        return array

    for number in range(4):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / f"{number}.raw").write_bytes(bytes([number]))
    report = ImageIndex(tmp_path, extensions=(".raw",), reader=read).verify()
    assert report.similar == []


def test_labels_that_are_merged_make_no_conflict(folder):
    assert ImageIndex(folder, merge=[["a", "b"]]).verify().conflicts == []


def test_sizes_modes_and_formats_are_counted_and_lies_are_named(folder):
    report = ImageIndex(folder).verify()
    assert report.bad_files == {"c/torn.jpg": "truncated JPEG"}
    assert report.sizes == {"smallest": (40, 20), "median": (101, 67), "largest": (200, 300)}
    assert report.modes == {"RGB uint8": 7, "grey uint16": 1, "grey uint8": 1}
    assert report.formats == {"PNG": 5, "JPEG": 3, "BMP": 2}
    assert report.wrong_extensions == {"b/called.jpg": "PNG"}
    assert "height x width: smallest 40 x 20, median 101 x 67, largest 200 x 300" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["sizes"]["smallest"] == [40, 20]


def test_turned_images_differ_and_equal_bytes_that_cannot_be_read_are_found(make_folder):
    wide = np.zeros((4, 9), np.uint8)
    make_folder(["a/wide.png"], encode_image(wide, "png"))
    make_folder(["a/high.png"], encode_image(np.ascontiguousarray(wide.T), "png"))
    report = ImageIndex(make_folder(["a/x.jpg", "b/x.jpg"], b"no image")).verify()
    assert report.same_pixels == []
    assert report.duplicates == [["a/x.jpg", "b/x.jpg"]]
    # Nobody can say which label is right of what nobody can see.
    assert report.conflicts == []
    assert report.n_files == 4


def test_inspect_prints_what_was_found_and_gives_it_as_json(folder):
    said = CliRunner().invoke(app, ["inspect", str(folder), "--n-jobs", "2"]).stdout
    for line in (
        "height x width: smallest 40 x 20, median 101 x 67, largest 200 x 300",
        "modes: RGB uint8 7, grey uint16 1, grey uint8 1",
        "  c/torn.jpg (truncated JPEG)",
        "groups of different files with the same pixels: 1",
        "  a/1.png = a/again.bmp = b/2.png = b/again.bmp",
        "  b/called.jpg (PNG)",
    ):
        assert line in said.splitlines()
    found = json.loads(CliRunner().invoke(app, ["inspect", str(folder), "--json"]).stdout)
    report = ImageIndex(folder).verify().to_dict()
    del report["n_files"]
    assert {name: found[name] for name in report} == report
