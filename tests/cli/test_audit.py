"""`sklmerge audit` finds what a training folder and a validation folder have in common."""

import shutil

import numpy as np
import pytest

from sklmerge.images import encode_image


@pytest.fixture
def balanced(run, textures, tmp_path):
    run("balance", textures, tmp_path / "balanced", "--image-size", "24x36")
    return tmp_path / "balanced"


def test_a_folder_that_was_balanced_is_clean(run, balanced):
    shown = run("audit", balanced / "train", balanced / "val").stdout
    assert "0 images: the same file" in shown
    assert "0 images: made from the same source image" in shown


def test_a_copy_whose_source_is_on_the_other_side_is_found(run, textures, tmp_path):
    """Balance first and split afterwards, as one should not."""
    run("balance", textures, tmp_path / "all", "--split", "1")
    train, val = tmp_path / "all" / "train", tmp_path / "val"
    copies = sorted((train / "gravel").glob("*__aug0001.png"))[:3]
    (val / "gravel").mkdir(parents=True)
    shutil.copy(train / "metadata.csv", val)
    for path in copies:
        shutil.move(path, val / "gravel")
    result = run("audit", train, val, code=1)
    stem = copies[0].name.replace("__aug0001", "")
    assert f"gravel/{stem} = gravel/{copies[0].name}" in result.stdout


def test_equal_files_and_equal_pixels_are_told_apart(run_json, run, tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 10, 14, 3), np.uint8)
    for side in ("train", "val"):
        (tmp_path / side / "cat").mkdir(parents=True)
    for number, image in enumerate(images[:2]):
        (tmp_path / "train/cat" / f"{number}.png").write_bytes(encode_image(image, "png"))
    (tmp_path / "val/cat/same_file.png").write_bytes(encode_image(images[0], "png"))
    (tmp_path / "val/cat/same_pixels.bmp").write_bytes(encode_image(images[1], "bmp"))
    (tmp_path / "val/cat/0.png").write_bytes(encode_image(images[2], "png"))
    (tmp_path / "val/cat/broken.png").write_bytes(b"no image")
    result = run("audit", tmp_path / "train", tmp_path / "val", code=1)
    assert "cat/0.png = cat/same_file.png" in result.stdout
    assert "cat/1.png = cat/same_pixels.bmp" in result.stdout
    # An equal path means nothing where no metadata tells of sources.
    assert "0 images: made from the same source image" in result.stdout
    assert "not compared: " in result.stdout


def test_a_folder_without_classes_is_refused(run, balanced, tmp_path):
    assert "nowhere" in run("audit", balanced / "train", tmp_path / "nowhere", code=2).stderr


def test_tables_beside_a_folder_of_images_are_compared(run, run_json, textures, tmp_path):
    names = {label: sorted((textures / label).glob("*.png")) for label in ("brick", "grass")}
    for side, rows in (("train", slice(0, 6)), ("val", slice(4, 9))):
        lines = [f"{label}/{path.stem},{label}" for label in names for path in names[label][rows]]
        (tmp_path / f"{side}.csv").write_text("\n".join(["image,kind", *lines]))
    places = tmp_path / "train.csv", tmp_path / "val.csv"
    told = ["--path-column", "image", "--label-column", "kind", "--suffix", ".png"]
    result = run("audit", *places, *told, "--root", textures, code=1)
    assert "4 of 10 validation images (40%) are also among the 12 training images" in result.stdout
    result = run("audit", *places, *told, code=2)
    assert "must list files that are there" in result.stderr


def test_masks_are_left_out_by_extension_or_pattern(run, tmp_path):
    rng = np.random.default_rng(0)
    mask = encode_image(np.zeros((8, 11), np.uint8), "png")
    for side in ("train", "val"):
        for label in ("a", "b"):
            folder = tmp_path / side / label
            folder.mkdir(parents=True)
            image = encode_image(rng.integers(0, 256, (8, 11, 3), np.uint8), "jpeg")
            (folder / "photo.jpg").write_bytes(image)
            (folder / "photo_mask.png").write_bytes(mask)
    places = tmp_path / "train", tmp_path / "val"
    assert "2 of 4 validation images" in run("audit", *places, code=1).stdout
    for option in (("--extensions", ".jpg"), ("--exclude", "_mask")):
        assert "0 of 2 validation images" in run("audit", *places, *option).stdout


@pytest.mark.parametrize("option", ["--root", "--suffix", "--path-column", "--label-column"])
def test_what_is_said_of_a_table_where_there_is_none_is_refused(run, balanced, option):
    error = run("audit", balanced / "train", balanced / "val", option, "x", code=2).stderr
    name = option[2:].replace("-", "_")
    assert f"{name} is for a table, got folders" in error
