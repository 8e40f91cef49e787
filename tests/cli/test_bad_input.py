"""Wrong use ends in one line that says what to do, and exit code 2; nothing is left behind."""

import os

import numpy as np
import pytest
from PIL import Image


def make_image(path, seed=0, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def photos(tmp_path):
    for label in ("cat", "dog", "bird"):
        for number in range(6):
            make_image(tmp_path / "photos" / label / f"{number}.png", hash_of(label, number))
    return tmp_path / "photos"


def hash_of(label, number):
    return 100 * len(label) + 10 * ord(label[0]) + number


@pytest.fixture
def refuse(run):
    def call(*arguments, code=2):
        error = run(*arguments, code=code).stderr
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        assert "Traceback" not in error
        return error

    return call


def test_an_empty_folder_and_a_missing_one(refuse, tmp_path):
    (tmp_path / "empty").mkdir()
    for command in ("inspect", "weights", "preview"):
        assert "empty" in refuse(command, tmp_path / "empty")
        assert "nowhere" in refuse(command, tmp_path / "nowhere")
    assert "empty" in refuse("balance", tmp_path / "empty", tmp_path / "out")
    assert "nowhere" in refuse("balance", tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_without_class_folders(refuse, tmp_path):
    make_image(tmp_path / "flat" / "1.png")
    assert "class" in refuse("inspect", tmp_path / "flat")


def test_one_class_only(refuse, photos, tmp_path):
    for label in ("dog", "bird"):
        for path in (photos / label).iterdir():
            path.unlink()
        (photos / label).rmdir()
    assert "at least two folders" in refuse("balance", photos, tmp_path / "out")
    for command in ("inspect", "weights", "suggest"):
        assert "at least two classes, got only 'cat'" in refuse(command, photos)
    assert not (tmp_path / "out").exists()


def test_a_class_with_one_image_goes_to_train(run, photos, tmp_path):
    for path in sorted((photos / "cat").iterdir())[1:]:
        path.unlink()
    result = run("balance", photos, tmp_path / "out", "--max-copies", "3")
    assert "1 -> 4" in result.stdout
    assert "val has no image of: cat" in result.stdout
    assert result.stderr.startswith("warning: val has no image of 'cat'")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("content", [b"no image at all", b"", "truncated"])
def test_a_file_that_is_no_whole_image(refuse, run, photos, tmp_path, content):
    broken = photos / "cat" / "broken.jpg"
    if content == "truncated":
        make_image(broken)
        content = broken.read_bytes()[:-200]
    broken.write_bytes(content)
    error = refuse("balance", photos, tmp_path / "out", "--image-size", "8", code=1)
    assert "cat/broken.jpg" in error
    assert "skip" in error
    shown = run(
        "balance", photos, tmp_path / "skipped", "--split", "1", "--on-error", "skip"
    ).stdout
    assert "1 files skipped, first: cat/broken.jpg" in shown


@pytest.mark.parametrize(
    ("merge", "word"),
    [
        ("pet=cat,cow", "cow"),
        ("pet", "AB=A,B"),
        ("pet=", "AB=A,B"),
        ("{bad", "JSON"),
        ('{"pet": ["cat", "dog"], "beast": ["dog"]}', "two sets"),
        ("bird=cat,dog", "bird"),
    ],
)
def test_a_merge_map_that_does_not_fit(refuse, photos, tmp_path, merge, word):
    assert word in refuse("inspect", photos, "--merge", merge)
    assert word in refuse("balance", photos, tmp_path / "out", "--merge", merge)
    assert not (tmp_path / "out").exists()


def test_a_destination_that_cannot_be(refuse, run, photos, tmp_path):
    assert "apart" in refuse("balance", photos, photos / "out")
    run("balance", photos, tmp_path / "out")
    assert "plan" in refuse("balance", photos, tmp_path / "out", "--random-state", "1")
    assert str(tmp_path) in refuse("balance", photos, tmp_path)
    assert "out must be a new or an empty folder" in refuse("demo", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--split", "0.5,0.6"), "split"),
        (("--split", "all"), "split must be up to three shares above 0"),
        (("--split", "val=some"), "split must be up to three shares above 0"),
        (("--samples-per-class", "many"), "samples_per_class must be"),
        (("--samples-per-class", "0"), "samples_per_class must be"),
        (("--image-size", "12by12"), "image_size must be (height, width) in pixels"),
        (("--image-size", "0x4"), "image_size must be (height, width) in pixels"),
        (("--image-size", "3x4x5"), "image_size must be (height, width) in pixels"),
        (("--augment", "wild"), "augment must be 'none', 'light', 'strong' or 'trivial'"),
        (("--zoom-range", "2"), "zoom_range"),
        (("--brightness-range", "1,2,3"), "--brightness-range"),
        (("--max-copies", "-7"), "max_copies must be at least 0, or -1 for no bound"),
        (("--place", "teleport"), "place"),
        (("--image-format", "gif"), "image_format must be"),
        (("--quality", "200"), "quality"),
        (("--on-error", "cry"), "on_error must be"),
    ],
)
def test_options_of_the_wrong_form(refuse, photos, tmp_path, arguments, word):
    assert word in refuse("balance", photos, tmp_path / "out", *arguments)
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_exist_and_classes_that_do_not(run, refuse, photos, tmp_path):
    assert "No such option" in run("balance", photos, tmp_path / "out", "--shiny", code=2).stderr
    sheet = tmp_path / "sheet.png"
    assert "cow" in refuse("preview", photos, "--classes", "cow", "--out", sheet)
    assert ".png" in refuse("preview", photos, "--out", tmp_path / "sheet.gif")
    assert "nowhere" in refuse("preview", photos, "--out", tmp_path / "nowhere" / "sheet.png")
    image = photos / "cat" / "0.png"
    before = image.read_bytes()
    assert "outside the source" in refuse("preview", photos, "--out", image)
    assert image.read_bytes() == before
    assert "scheme" in refuse("weights", photos, "--scheme", "heavy")
    assert "normalize" in refuse("weights", photos, "--normalize", "heavy")
    assert "plan.json" in refuse("separate", photos, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["photos"]


def test_images_beyond_the_limit_of_pixels_are_named(refuse, run, photos, tmp_path, monkeypatch):
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "599")
    error = refuse("balance", photos, tmp_path / "out", "-j", "2", code=1)
    assert "20 x 30 pixels are more than max_pixels=599" in error
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "600")
    run("balance", photos, tmp_path / "out")
    make_image(photos / "cat" / "6.png", 6, (20, 31))
    shown = run("balance", photos, tmp_path / "skipped", "--on-error", "skip").stdout
    assert "first: cat/6.png (20 x 31 pixels are more than max_pixels=600)" in shown


def test_inspect_and_audit_name_images_beyond_the_limit_and_one_can_raise_it(
    run_json, run, photos, monkeypatch
):
    reason = "20 x 30 pixels are more than max_pixels=599"
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "599")
    found = run_json("inspect", photos)
    assert set(found["bad_files"].values()) == {reason}
    assert len(found["bad_files"]) == 18
    assert reason in run("audit", photos, photos, "--json", code=1).stdout
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "600")
    assert run_json("inspect", photos)["bad_files"] == {}
    monkeypatch.delenv("SKLMERGE_MAX_PIXELS")
    assert reason not in run("audit", photos, photos, "--json", code=1).stdout
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "many")
    assert "SKLMERGE_MAX_PIXELS must be a whole number" in refuse_setting(run, photos)


def refuse_setting(run, photos):
    return run("inspect", photos, code=2).output
