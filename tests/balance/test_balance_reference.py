"""place="reference": the copies alone are written, the originals are named where they are."""

import csv

import numpy as np
import pandas as pd
import pytest

from sklmerge import ImageIndex, balance_folder, separate

COUNTS = {"A": 6, "B": 20}


def read_rows(part):
    with open(part / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_copies_are_those_of_a_full_run_and_originals_are_named(write_classes, tmp_path, hash_tree):
    source = write_classes(COUNTS)
    full = balance_folder(source, tmp_path / "full")
    lean = balance_folder(source, tmp_path / "lean", place="reference")
    assert lean.counts_after == full.counts_after
    written = {n: h for n, h in hash_tree(tmp_path / "lean").items() if n.endswith(".jpg")}
    copies = {n: h for n, h in hash_tree(tmp_path / "full").items() if "__aug" in n}
    assert written == copies
    assert lean.n_files == len(copies)
    for part in ("train", "val"):
        for row, other in zip(
            read_rows(tmp_path / "full" / part), read_rows(tmp_path / "lean" / part), strict=True
        ):
            if row["augmented"] == "false":
                assert other.pop("file_name") == f"{source}/{row['source']}"
                row.pop("file_name")
            assert row == other


def test_an_index_reads_originals_and_copies_alike(write_classes, tmp_path):
    report = balance_folder(write_classes(COUNTS), tmp_path / "out", place="reference")
    frame = pd.read_csv(tmp_path / "out/train/metadata.csv")
    index = ImageIndex(frame, root=tmp_path / "out/train")
    assert index.counts == report.counts_after["train"]
    assert index.read(image_size=(12, 20)).shape == (len(frame), 12, 20, 3)


def test_an_original_without_copies_is_not_opened_and_others_are_made_up_for(
    write_classes, tmp_path
):
    source = write_classes(COUNTS)
    (source / "B/03.jpg").write_bytes(b"no image")
    (source / "A/03.jpg").write_bytes(b"no image")
    report = balance_folder(
        source, tmp_path / "out", place="reference", split=None, on_error="skip"
    )
    assert list(report.skipped) == ["A/03.jpg"]
    assert report.counts_after == {"train": {"A": 20, "B": 20}}
    rows = read_rows(tmp_path / "out/train")
    assert "A/03.jpg" not in {row["source"] for row in rows}
    uses = np.unique([row["source"] for row in rows if row["label"] == "A"], return_counts=True)[1]
    assert uses.tolist() == [4] * 5


def test_a_finished_job_is_left_alone_and_cannot_be_separated(write_classes, tmp_path, hash_tree):
    source = write_classes(COUNTS)
    report = balance_folder(source, tmp_path / "out", place="reference")
    before = hash_tree(tmp_path / "out")
    assert balance_folder(source, tmp_path / "out", place="reference") == report
    assert hash_tree(tmp_path / "out") == before
    with pytest.raises(ValueError, match="was made with place='reference'"):
        separate(tmp_path / "out", tmp_path / "apart")
