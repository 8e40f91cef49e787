"""balance_folder: what comes out of a folder."""

import csv
import json
import re
from collections import Counter

import cv2
import numpy as np
import pytest

from sklmerge import BalanceReport, ImageAugmenter, LabelMerger, balance_folder
from sklmerge.images import decode_image

COUNTS = {"A": 5, "B": 10, "C": 40}
MERGE = {"AB": ["A", "B"]}


def read_rows(folder):
    with open(folder / "metadata.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count_files(folder):
    return {
        part.name: {c.name: len(list(c.iterdir())) for c in sorted(part.iterdir()) if c.is_dir()}
        for part in sorted(folder.iterdir())
        if part.is_dir()
    }


def test_the_merged_class_is_filled_up_to_the_largest(write_classes, tmp_path):
    report = balance_folder(write_classes(COUNTS), tmp_path / "out", merge=MERGE)
    assert isinstance(report, BalanceReport)
    assert report.counts_before == {"train": {"AB": 12, "C": 32}, "val": {"AB": 3, "C": 8}}
    assert report.counts_after == {"train": {"AB": 32, "C": 32}, "val": {"AB": 3, "C": 8}}
    assert count_files(tmp_path / "out") == report.counts_after
    assert report.class_weight == {"AB": 1.0, "C": 1.0}
    assert report.original_counts == COUNTS
    assert report.members == {"AB": ["A", "B"], "C": ["C"]}


def test_counts_are_rows_are_files(write_classes, tmp_path):
    report = balance_folder(write_classes(COUNTS), tmp_path / "out", merge=MERGE)
    for part in ("train", "val"):
        rows = read_rows(tmp_path / "out" / part)
        assert Counter(row["label"] for row in rows) == report.counts_after[part]
        names = {
            path.relative_to(tmp_path / "out" / part).as_posix()
            for path in (tmp_path / "out" / part).rglob("*.jpg")
        }
        assert sorted(row["file_name"] for row in rows) == sorted(names)
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert plan["counts_after"] == report.counts_after
    assert plan["merge"] == {"AB": ["A", "B"], "C": ["C"]}
    assert plan["parameters"]["random_state"] == 0
    assert plan["parameters"]["split"] == [0.8, 0.2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "plan.json",
        "train",
        "val",
    ]


def test_copies_of_a_class_differ_by_at_most_one_a_source(write_classes, tmp_path):
    balance_folder(write_classes(COUNTS), tmp_path / "out", merge=MERGE)
    rows = [row for row in read_rows(tmp_path / "out/train") if row["label"] == "AB"]
    copies = Counter(row["source"] for row in rows if row["augmented"] == "true")
    assert len(copies) == 12
    assert set(copies.values()) == {1, 2}


def test_no_source_is_in_two_parts_and_the_original_shares_are_kept(write_classes, tmp_path):
    balance_folder(write_classes(COUNTS), tmp_path / "out", merge=MERGE, split=(0.6, 0.2, 0.2))
    sources = {
        part: {(row["original_label"], row["source"]) for row in read_rows(tmp_path / "out" / part)}
        for part in ("train", "val", "test")
    }
    assert len(set.union(*sources.values())) == sum(map(len, sources.values())) == 55
    labels = {part: Counter(label for label, _ in found) for part, found in sources.items()}
    assert labels == {
        "train": {"A": 3, "B": 6, "C": 24},
        "val": {"A": 1, "B": 2, "C": 8},
        "test": {"A": 1, "B": 2, "C": 8},
    }


def test_the_source_is_only_read_and_plain_files_are_its_bytes(write_classes, tmp_path, hash_tree):
    source = write_classes(COUNTS)
    before = hash_tree(source)
    balance_folder(source, tmp_path / "out", merge=MERGE)
    assert hash_tree(source) == before
    after = hash_tree(tmp_path / "out")
    for part in ("train", "val"):
        for row in read_rows(tmp_path / "out" / part):
            same = after[f"{part}/{row['file_name']}"] == before[row["source"]]
            assert same == (row["augmented"] == "false")


def test_copies_are_what_the_parameters_in_the_metadata_say(write_classes, tmp_path):
    source = write_classes(COUNTS)
    augmenter = ImageAugmenter(rotation_range=20, brightness_range=(0.5, 1.5))
    balance_folder(source, tmp_path / "out", augmenter=augmenter, image_format="png")
    rows = [r for r in read_rows(tmp_path / "out/train") if r["augmented"] == "true"]
    params = type(augmenter.draw_params(1)).from_dicts(json.loads(r["parameters"]) for r in rows)
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    changed = {"rotation_range": 20, "brightness_range": [0.5, 1.5]}
    assert plan["parameters"]["augmenter"] == {"ImageAugmenter": changed}
    images = np.stack([decode_image((source / row["source"]).read_bytes()) for row in rows])
    for row, expected in zip(rows, augmenter.apply(images, params), strict=True):
        written = cv2.imread(tmp_path / "out/train" / row["file_name"])[..., ::-1]
        np.testing.assert_array_equal(written, expected)


def test_a_copy_stays_the_same_when_images_are_added(write_classes, tmp_path, hash_tree):
    balance_folder(write_classes(COUNTS), tmp_path / "few", split=None)
    more = write_classes({"A": 8, "C": 50})
    balance_folder(more, tmp_path / "many", split=None)
    few, many = hash_tree(tmp_path / "few/train"), hash_tree(tmp_path / "many/train")
    shared = {name for name in few.keys() & many.keys() if "__aug" in name}
    assert len(shared) > 20
    assert all(few[name] == many[name] for name in shared)


@pytest.mark.parametrize(
    ("samples_per_class", "max_copies", "expected"),
    [
        ("majority", 2, {"A": 15, "B": 30, "C": 40}),
        ("minority", 20, {"A": 5, "B": 5, "C": 5}),
        (17, 20, {"A": 17, "B": 17, "C": 17}),
        ({"A": 12, "C": 7}, 20, {"A": 12, "B": 10, "C": 7}),
        (None, 20, {"A": 5, "B": 10, "C": 40}),
    ],
)
def test_samples_per_class_and_max_copies_give_exact_counts(
    write_classes, tmp_path, samples_per_class, max_copies, expected
):
    report = balance_folder(
        write_classes(COUNTS),
        tmp_path / "out",
        samples_per_class=samples_per_class,
        max_copies=max_copies,
        split=None,
    )
    assert count_files(tmp_path / "out") == {"train": expected}
    total = sum(expected.values())
    assert report.class_weight == pytest.approx({c: total / 3 / n for c, n in expected.items()})


def test_the_table_tells_counts_weights_and_what_is_short(write_classes, tmp_path):
    report = balance_folder(write_classes(COUNTS), tmp_path / "out", merge=MERGE, max_copies=1)
    lines = str(report).splitlines()
    assert lines[0].split() == ["class", "of", "train", "val", "weight"]
    assert re.fullmatch(r"AB +A, B +12 -> 24 +3 +1\.17", lines[1])
    assert re.fullmatch(r"C +32 +8 +0\.875", lines[2])
    assert re.fullmatch(r"67 files, 0\.\d MB", lines[3])
    assert lines[4] == "files missing because of max_copies: AB 8; use the class weights"


def test_a_dry_run_reports_the_same_and_writes_nothing(write_classes, tmp_path):
    source = write_classes(COUNTS)
    planned = balance_folder(source, tmp_path / "out", merge=MERGE, dry_run=True)
    assert not (tmp_path / "out").exists()
    done = balance_folder(source, tmp_path / "out", merge=MERGE).to_dict()
    assert done.pop("n_bytes") > 0
    assert planned.n_bytes is None
    assert {**planned.to_dict(), "n_bytes": 0} == {**done, "n_bytes": 0}


def test_progress_rises_to_all_files(write_classes, tmp_path):
    calls = []
    report = balance_folder(
        write_classes(COUNTS), tmp_path / "out", progress=lambda *call: calls.append(call)
    )
    assert calls[-1] == (report.n_files, report.n_files)
    assert calls == sorted(calls)


def test_a_label_merger_with_min_count_takes_rare_classes_together(write_classes, tmp_path):
    merger = LabelMerger(min_count=11, rare_label="rest")
    report = balance_folder(write_classes(COUNTS), tmp_path / "out", merge=merger)
    assert report.members == {"C": ["C"], "rest": ["A", "B"]}
    assert not hasattr(merger, "classes_")


def test_plain_copies_are_the_source_again(write_classes, tmp_path, hash_tree):
    source = write_classes({"A": 2, "B": 4})
    balance_folder(source, tmp_path / "out", augmenter=None, split=None)
    assert len(set(hash_tree(tmp_path / "out/train/A").values())) == 2


def test_a_source_divided_already_keeps_its_parts(write_classes, tmp_path):
    source = write_classes({"train/A": 3, "train/B": 9, "valid/A": 2, "valid/B": 1, "test/B": 2})
    with pytest.warns(UserWarning, match="test has no image of 'A'"):
        report = balance_folder(source, tmp_path / "out")
    assert report.counts_after == {
        "train": {"A": 9, "B": 9},
        "val": {"A": 2, "B": 1},
        "test": {"A": 0, "B": 2},
    }
    assert count_files(tmp_path / "out") == report.counts_after


def test_a_balanced_folder_can_be_balanced_again(write_classes, tmp_path):
    balance_folder(write_classes(COUNTS), tmp_path / "first", samples_per_class=None)
    report = balance_folder(tmp_path / "first", tmp_path / "second", merge=MERGE)
    assert report.counts_after == {"train": {"AB": 32, "C": 32}, "val": {"AB": 3, "C": 8}}


def test_a_class_too_small_to_divide_goes_to_train_with_a_warning(write_classes, tmp_path):
    source = write_classes({"A": 1, "B": 6})
    with pytest.warns(UserWarning, match="val has no image of 'A'"):
        report = balance_folder(source, tmp_path / "out")
    assert report.counts_after == {"train": {"A": 5, "B": 5}, "val": {"A": 0, "B": 1}}
    # Empty but there: a loader that numbers folders must number them alike in both parts.
    assert (tmp_path / "out/val/A").is_dir()
    assert "val has no image of: A" in str(report)
