"""What becomes of files of every kind."""

import csv
import io
import os

import numpy as np
import pytest
from PIL import Image

from sklmerge import balance_folder
from sklmerge.images import decode_image, read_header


def balance(source, out, **options):
    return balance_folder(source, out, **{"split": None, "samples_per_class": None, **options})


@pytest.fixture
def source(tmp_path, write_image):
    folder = tmp_path / "source"
    for number in range(2):
        write_image(folder / "other" / f"{number}.png")
    return folder


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png"])
def test_files_that_need_no_change_keep_bytes_and_extension(source, write_image, tmp_path, name):
    data = write_image(source / "c" / name).read_bytes()
    balance(source, tmp_path / "out")
    assert (tmp_path / "out/train/c" / f"c__{name}").read_bytes() == data


@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.bmp"])
def test_what_keras_cannot_read_becomes_png_without_loss(source, write_image, tmp_path, name):
    data = write_image(source / "c" / name).read_bytes()
    balance(source, tmp_path / "out")
    written = (tmp_path / "out/train/c/c__a.png").read_bytes()
    np.testing.assert_array_equal(decode_image(written), decode_image(data))


def test_a_png_called_jpg_becomes_a_jpeg(source, write_image, tmp_path):
    data = write_image(source / "c/a.jpg", image_format="png").read_bytes()
    balance(source, tmp_path / "out", quality=100)
    written = (tmp_path / "out/train/c/c__a.jpg").read_bytes()
    assert read_header(written).format == "jpeg"
    difference = decode_image(written).astype(int) - decode_image(data)
    assert np.abs(difference).mean() < 4


def test_an_image_that_lies_on_its_side_is_set_upright(source, write_image, tmp_path):
    path = write_image(source / "c/a.jpg", height=22, width=34)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(path) as image:
        pixels = image.copy()
    pixels.save(path, exif=exif, quality=95)
    balance(source, tmp_path / "out")
    with Image.open(tmp_path / "out/train/c/c__a.jpg") as upright:
        assert upright.size == (22, 34)
        assert upright.getexif().get(0x0112, 1) == 1


def test_image_size_holds_for_all_files_of_all_parts(write_image, tmp_path):
    for label, count in {"A": 4, "B": 8}.items():
        for number in range(count):
            write_image(tmp_path / "source" / label / f"{number}.png", height=20 + number, width=31)
    balance_folder(tmp_path / "source", tmp_path / "out", image_size=(12, 18))
    shapes = {decode_image(path.read_bytes()).shape for path in (tmp_path / "out").rglob("*.png")}
    assert shapes == {(12, 18, 3)}


@pytest.mark.parametrize(
    ("options", "image_format", "expected"),
    [
        ({"channels": 4}, "jpeg", (22, 34, 3)),
        ({"channels": 1}, "jpeg", (22, 34)),
        ({"channels": 1, "dtype": "uint16"}, "jpeg", (22, 34)),
        ({"channels": 4, "dtype": "uint16"}, "png", (22, 34, 4)),
    ],
)
def test_formats_hold_what_they_can(source, write_image, tmp_path, options, image_format, expected):
    original = decode_image(write_image(source / "c/a.png", **options).read_bytes())
    balance(source, tmp_path / "out", image_format=image_format, samples_per_class=3)
    for path in (tmp_path / "out/train/c").iterdir():
        image = decode_image(path.read_bytes())
        assert image.shape == expected
        assert image.dtype == (original.dtype if image_format == "png" else np.uint8)


def test_links_point_to_unchanged_files_and_changed_ones_are_written(source, write_image, tmp_path):
    plain = write_image(source / "c/a.jpg")
    write_image(source / "c/b.webp")
    for place in ("symlink", "hardlink"):
        report = balance(source, tmp_path / place, place=place, samples_per_class=3)
        linked = tmp_path / place / "train/c/c__a.jpg"
        assert os.path.samefile(linked, plain)
        assert linked.is_symlink() == (place == "symlink")
        files = (tmp_path / place).rglob("*__*")
        written = [p for p in files if not p.is_symlink() and p.stat().st_nlink == 1]
        assert len(written) == 3
        assert report.n_bytes == sum(path.stat().st_size for path in written)
        assert balance(source, tmp_path / place, place=place, samples_per_class=3) == report


NAMES = [
    "with space.jpg",
    'quote".jpg',
    "comma, semicolon;.jpg",
    "new\nline.jpg",
    "return\r.jpg",
    "\u00fcml\u00e4ut.jpg",
    "u\u0308ml.jpg",
    "\u00fcml.jpg",
    "Cat.jpg",
    "cat.jpg",
    "cat.png",
    "deep/er/cat.jpg",
    "x" * 251 + ".jpg",
    "x" * 250 + "y.jpg",
    "=cmd().jpg",
    "100%.jpg",
    "\udce9t\udce9.jpg",
]


def test_files_of_any_name_arrive_and_are_listed(source, write_image, tmp_path):
    for name in NAMES:
        write_image(source / "c" / name)
    report = balance(source, tmp_path / "out", samples_per_class=30)
    folder = tmp_path / "out/train"
    data = (folder / "metadata.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    listed = {row["file_name"] for row in rows}
    assert listed == {f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")}
    assert len(listed) == report.n_files == 60
    assert len({name.casefold() for name in listed}) == 60
    sources = {row["source"] for row in rows if row["original_label"] == "c"}
    assert sources == {f"c/{name}" for name in NAMES[:-1]} | {"c/\\xe9t\\xe9.jpg"}


def test_unreadable_files_stop_the_job_with_their_name_and_reason(source, write_image, tmp_path):
    write_image(source / "c/good.jpg")
    (source / "c/bad.jpg").write_bytes((source / "c/good.jpg").read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"source file 'c/bad\.jpg' could not be read \(.+\); p"):
        balance(source, tmp_path / "out")
    report = balance(source, tmp_path / "out", on_error="skip")
    assert list(report.skipped) == ["c/bad.jpg"]
    assert report.counts_after == {"train": {"c": 1, "other": 2}}
    assert "1 files skipped, first: c/bad.jpg" in str(report)
    assert balance(source, tmp_path / "out", on_error="skip") == report


@pytest.mark.parametrize("samples_per_class", ["majority", 10])
def test_others_make_up_for_unreadable_files(write_classes, tmp_path, samples_per_class, hash_tree):
    source = write_classes({"A": 5, "B": 12})
    for name in ["A/02.jpg", "B/01.jpg", "B/07.jpg"]:
        (source / name).write_bytes(b"")
    report = balance(source, tmp_path / "out", samples_per_class=samples_per_class, on_error="skip")
    target = 12 if samples_per_class == "majority" else 10
    assert report.counts_after == {"train": {"A": target, "B": target}}
    assert set(report.skipped) <= {"A/02.jpg", "B/01.jpg", "B/07.jpg"}
    again = balance(
        source, tmp_path / "2", samples_per_class=samples_per_class, on_error="skip", n_jobs=2
    )
    assert again == report
    assert hash_tree(tmp_path / "2") == hash_tree(tmp_path / "out")


def test_a_file_mended_between_two_runs_leaves_no_surplus(write_classes, tmp_path, hash_tree):
    source = write_classes({"A": 4, "B": 9})
    good = (source / "A/01.jpg").read_bytes()
    balance(source, tmp_path / "whole", samples_per_class="majority")
    (source / "A/01.jpg").write_bytes(b"broken")
    balance(source, tmp_path / "out", samples_per_class="majority", on_error="skip")
    (source / "A/01.jpg").write_bytes(good)
    balance(source, tmp_path / "out", samples_per_class="majority", on_error="skip")
    assert hash_tree(tmp_path / "out") == hash_tree(tmp_path / "whole")


def test_a_class_without_a_readable_file_is_an_error(write_classes, tmp_path):
    source = write_classes({"A": 1, "B": 3})
    (source / "A/00.jpg").write_bytes(b"broken")
    with pytest.raises(ValueError, match="no readable image for train of class 'A'"):
        balance(source, tmp_path / "out", on_error="skip")
