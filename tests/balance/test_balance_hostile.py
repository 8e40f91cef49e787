"""Folders as they come, and as nobody should send them: handled, or refused by name."""

import csv

import cv2
import numpy as np
import pytest

from sklmerge import balance_folder, config_context
from sklmerge.images import encode_image


def read_rows(part):
    with open(part / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_an_odd_real_folder_comes_out_with_exact_counts(write_image, tmp_path):
    source = tmp_path / "source"
    write_image(source / "lone/1.jpg")
    for number in range(5):
        write_image(source / f"mixed/{number}.jpg", height=100, width=100)
    write_image(source / "mixed/huge.jpg", height=3024, width=3024)
    write_image(source / "mixed/a PNG.jpg", image_format="png")
    write_image(source / "mixed/deep.png", dtype="uint16")
    write_image(source / "mixed/alpha.png", channels=4)
    write_image(source / "mixed/grey.tif", channels=1)
    (source / "mixed/torn.jpg").write_bytes((source / "mixed/0.jpg").read_bytes()[:-40])
    with pytest.warns(UserWarning, match="val has no image of 'lone'"):
        report = balance_folder(source, tmp_path / "out", on_error="skip", max_copies=None)
    assert report.skipped == {"mixed/torn.jpg": "truncated JPEG"}
    assert report.original_counts == {"lone": 1, "mixed": 11}
    counts = report.counts_after
    assert counts["train"]["lone"] == counts["train"]["mixed"]
    assert counts["val"]["lone"] == 0
    for part, classes in counts.items():
        for label, n in classes.items():
            assert len(list((tmp_path / "out" / part / label).iterdir())) == n
    rows = [row for part in counts for row in read_rows(tmp_path / "out" / part)]
    assert len({row["source"] for row in rows}) == 11


def test_classes_that_are_links_out_of_the_source_are_read_and_left_as_they_are(
    write_classes, tmp_path, hash_tree
):
    source, elsewhere = write_classes({"A": 3}), write_classes({"B": 5}, "elsewhere")
    (source / "B").symlink_to(elsewhere / "B")
    before = hash_tree(elsewhere)
    report = balance_folder(source, tmp_path / "out", split=None)
    assert report.counts_after == {"train": {"A": 5, "B": 5}}
    assert hash_tree(elsewhere) == before


@pytest.mark.parametrize("linked", ["train", "train/A"])
def test_nothing_is_written_through_a_link_in_the_destination(
    write_classes, tmp_path, hash_tree, linked
):
    source = write_classes({"A": 3, "B": 5})
    balance_folder(source, tmp_path / "out")
    before = hash_tree(source)
    (tmp_path / "out" / linked).rename(tmp_path / "moved")
    (tmp_path / "out" / linked).symlink_to(source / "A")
    with pytest.raises(ValueError, match=f"folders of its own, got the link '.*/out/{linked}'"):
        balance_folder(source, tmp_path / "out")
    assert hash_tree(source) == before


def test_an_image_too_large_is_named_and_read_when_the_limit_is_raised(
    write_classes, write_image, tmp_path, hash_tree
):
    source = write_classes({"A": 3, "B": 5})
    write_image(source / "B/large.png", height=300, width=500)
    message = r"B/large\.png. .*300 x 500 pixels are more than max_pix"
    with config_context(max_pixels=100_000), pytest.raises(ValueError, match=message):
        balance_folder(source, tmp_path / "out", n_jobs=2)
    with config_context(max_pixels=None):
        assert balance_folder(source, tmp_path / "out").skipped == {}
    balance_folder(source, tmp_path / "again")
    assert hash_tree(tmp_path / "out") == hash_tree(tmp_path / "again")


def test_a_bomb_of_a_few_bytes_is_refused_before_it_is_decoded(write_classes, tmp_path):
    source = write_classes({"A": 3, "B": 5})
    bomb = bytearray(encode_image(np.zeros((8, 9), np.uint8), "bmp"))
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    (source / "B/bomb.bmp").write_bytes(bomb)
    report = balance_folder(source, tmp_path / "out", on_error="skip")
    assert report.skipped == {
        "B/bomb.bmp": "60000 x 60000 pixels are more than max_pixels=200000000"
    }


def test_files_gone_while_the_job_ran_are_missed(write_classes, tmp_path):
    source = write_classes({"A": 3, "B": 5})

    def remove_one(n_done, n_files):
        next((tmp_path / "out/train/A").iterdir()).unlink()

    with pytest.raises(OSError, match="1 files vanished while the job ran"):
        balance_folder(source, tmp_path / "out", progress=remove_one)
    assert cv2.imread(str(next((tmp_path / "out/train/B").iterdir()))) is not None
