"""Exact numbers, folds, dividing anew, and what is left out before."""

import csv
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge import ImageIndex, balance_folder
from sklmerge._random import hash_texts
from sklmerge.balance.plan._parts_and_folds import check_split, divide_sources


def list_sources(part):
    with open(part / "metadata.csv", newline="", encoding="utf-8") as file:
        return [row["source"] for row in csv.DictReader(file) if row["augmented"] == "false"]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ({"train": 3}, {"train": {"A": 3, "B": 3}, "val": {"A": 7, "B": 17}}),
        ({"val": 0.2, "test": 3}, {
            "train": {"A": 5, "B": 13}, "val": {"A": 2, "B": 4}, "test": {"A": 3, "B": 3},
        }),
        ({"test": 2}, {"train": {"A": 8, "B": 18}, "test": {"A": 2, "B": 2}}),
        ({"val": 0.2}, {"train": {"A": 8, "B": 16}, "val": {"A": 2, "B": 4}}),
    ],
)  # fmt: skip
def test_numbers_of_images_are_exact(write_classes, tmp_path, split, expected):
    source = write_classes({"A": 10, "B": 20})
    report = balance_folder(source, tmp_path / "out", split=split, augmenter=None)
    assert report.counts_before == expected
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == sorted(
        expected
    )


def test_named_shares_divide_as_shares_in_order_do(write_classes, tmp_path):
    source = write_classes({"A": 10, "B": 20})
    first = balance_folder(source, tmp_path / "a", split=(0.7, 0.2, 0.1))
    assert balance_folder(source, tmp_path / "b", split={"val": 0.2, "test": 0.1}) == first


@given(
    classes=st.lists(st.integers(0, 2), min_size=12, max_size=60),
    number=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
)
def test_groups_stay_whole_where_numbers_are_asked_for(classes, number, seed):
    _, originals = np.unique(classes, return_inverse=True)
    originals = originals.astype(np.int32)
    n_classes = int(originals.max()) + 1
    keys = hash_texts(f"{row}".encode() for row in range(len(originals)))
    groups = np.arange(len(originals)) // 2
    group_keys = hash_texts(f"group {row}".encode() for row in range(int(groups.max()) + 1))
    if np.bincount(originals).min() < number:
        return
    parts = divide_sources(
        check_split({"val": number}), originals, originals, keys, seed,
        class_names=list(map(str, range(n_classes))), groups=(groups, group_keys),
    )  # fmt: skip
    assert all(len(set(parts[groups == group])) == 1 for group in set(groups))


def test_folds_validate_each_image_once_and_train_on_it_in_all_others(write_classes, tmp_path):
    source = write_classes({"A": 7, "B": 13})
    report = balance_folder(source, tmp_path / "out", folds=3)
    names = [f"fold{number}" for number in (1, 2, 3)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    validated = Counter()
    for name in names:
        train, val = (list_sources(tmp_path / "out" / name / part) for part in ("train", "val"))
        assert not set(train) & set(val)
        assert len(train) + len(val) == 20
        validated.update(val)
        counts = ImageIndex(tmp_path / "out" / name / "train").counts
        assert counts == report.counts_after[f"{name}/train"]
        assert counts["A"] == counts["B"]
    assert set(validated.values()) == {1}
    assert len(validated) == 20
    plain = [p for p in (tmp_path / "out").rglob("*.jpg") if "__aug" not in p.name]
    assert all(path.is_symlink() for path in plain)
    # The same call finds all of it in place.
    assert balance_folder(source, tmp_path / "out", folds=3) == report


def test_a_divided_source_is_divided_anew_only_when_asked(write_classes, tmp_path):
    source = write_classes({"train/A": 6, "train/B": 3, "test/A": 4, "test/B": 5})
    with pytest.raises(ValueError, match="divided into train, test already, so split cannot"):
        balance_folder(source, tmp_path / "out", split=(0.5, 0.5))
    with pytest.raises(ValueError, match="so folds cannot be given; pass resplit=True"):
        balance_folder(source, tmp_path / "out", folds=2)
    report = balance_folder(source, tmp_path / "out", split=(0.5, 0.5), resplit=True)
    assert report.counts_before == {"train": {"A": 5, "B": 4}, "val": {"A": 5, "B": 4}}


def test_what_is_dropped_stands_in_the_plan(write_classes, write_image, tmp_path):
    source = write_classes({"A": 6})
    for number in range(6):
        write_image(source / f"B/b{number}.png", height=30)
    for number in range(2):
        shutil.copy(source / f"A/0{number}.jpg", source / f"A/twin {number}.jpg")
    shutil.copy(source / "A/05.jpg", source / "B/of A.jpg")
    (source / "B/torn.png").write_bytes(b"no image")
    drop = ["duplicates", "conflicts", "unreadable"]
    report = balance_folder(source, tmp_path / "out", drop=drop)
    assert report.dropped["duplicates"] == {
        "A/twin 0.jpg": "A/00.jpg",
        "A/twin 1.jpg": "A/01.jpg",
    }
    assert set(report.dropped["conflicts"]) == {"A/05.jpg", "B/of A.jpg"}
    assert list(report.dropped["unreadable"]) == ["B/torn.png"]
    assert report.original_counts == {"A": 5, "B": 6}
    assert report.skipped == {}
    assert report.leaks == []
    plan = json.loads((tmp_path / "out/plan.json").read_text())
    assert plan["dropped"] == report.dropped
    assert "left out before the split: 1 unreadable, 2 duplicates, 2 conflicts" in str(report)
    again = balance_folder(source, tmp_path / "out", drop=drop)
    assert again == report


def test_contradictory_labels_are_listed_and_stay_unless_they_are_named(
    write_classes, write_image, tmp_path
):
    source = write_classes({"A": 6})
    for number in range(6):
        write_image(source / f"B/b{number}.png", height=30)
    shutil.copy(source / "A/05.jpg", source / "B/of A.jpg")
    report = balance_folder(source, tmp_path / "out", drop="duplicates")
    assert report.conflicts == [["A/05.jpg", "B/of A.jpg"]]
    assert report.original_counts == {"A": 6, "B": 7}
    assert "equal images with different labels: 1, first: A/05.jpg = B/of A" in str(report)


def test_leaks_are_taken_out_of_train(write_image, tmp_path):
    source = tmp_path / "source"
    for label, height in (("A", 20), ("B", 30)):
        for number in range(6):
            write_image(source / f"train/{label}/{number}.png", height=height)
        for number in range(4, 8):
            write_image(source / f"test/{label}/{number}.png", height=height)
    assert len(balance_folder(source, tmp_path / "all").leaks) == 4
    report = balance_folder(source, tmp_path / "clean", drop="leaks")
    assert report.dropped == {
        "leaks": {
            f"train/{label}/{number}.png": f"test/{label}/{number}.png"
            for label in "AB"
            for number in (4, 5)
        }
    }
    assert report.counts_before == {"train": {"A": 4, "B": 4}, "test": {"A": 4, "B": 4}}
    assert report.leaks == []


@pytest.fixture
def nested(tmp_path, write_image):
    """A folder that is divided, with classes at two depths, masks, and a folder of its own kind."""
    for part, count in (("train", 5), ("val", 2)):
        for leaf in ("fruit/apple/gala", "fruit/apple/fuji", "fruit/kiwi", "root/leek"):
            for number in range(count + ("gala" in leaf)):
                write_image(tmp_path / f"{part}/{leaf}/{part}{number}.jpg")
                write_image(tmp_path / f"{part}/{leaf}/{part}{number}_mask.jpg", channels=1)
    write_image(tmp_path / "icons/fruit/kiwi/icon.jpg")
    return tmp_path


def test_leaves_of_a_divided_folder_are_classes_in_each_part(nested):
    """Counted by hand: 6 galas, 5 of each other in train; 3 and 2 in val."""
    options = {"levels": "leaf", "exclude": "^icons/|_mask"}
    plain = balance_folder(nested, nested.parent / "out", **options, dry_run=True)
    names = ("fruit/apple/fuji", "fruit/apple/gala", "fruit/kiwi", "root/leek")
    assert plain.counts_before == {
        "train": dict(zip(names, (5, 6, 5, 5), strict=True)),
        "val": dict(zip(names, (2, 3, 2, 2), strict=True)),
    }
    merged = balance_folder(
        nested, nested / "../out2", **options, merge="parent", image_size=(9, 7)
    )
    assert merged.counts_after["train"] == {"fruit": 11, "fruit/apple": 11, "root": 11}
    assert merged.members["fruit/apple"] == ["fruit/apple/fuji", "fruit/apple/gala"]
    assert not any("mask" in source for source in list_sources(nested.parent / "out2/train"))


def test_exclude_matches_paths_in_the_source_and_may_leave_a_class_out(nested):
    options = {"exclude": "^icons/|_mask|^train/fruit/kiwi|^.*/root/", "levels": "leaf"}
    with pytest.raises(ValueError, match=r"no image for train of class 'fruit/kiwi'.*by exclude"):
        balance_folder(nested, nested.parent / "out", **options)
    options["exclude"] += "|kiwi"
    report = balance_folder(nested, nested.parent / "out", **options, dry_run=True)
    assert list(report.original_counts) == ["fruit/apple/fuji", "fruit/apple/gala"]
    few = {"classes": ["fruit/apple/gala", "root/leek"], "levels": "leaf", "exclude": "^icons/"}
    report = balance_folder(nested, nested.parent / "out", **few, dry_run=True)
    assert report.original_counts == {"fruit/apple/gala": 18, "root/leek": 14}
    few["classes"] = ["fruit/pear"]
    with pytest.raises(ValueError, match="no image of class 'fruit/pear' in any part"):
        balance_folder(nested, nested.parent / "out", **few)


def test_a_folder_beside_the_parts_can_be_excluded_as_the_error_says(nested):
    with pytest.raises(ValueError, match=r"'icons', which holds the same.*exclude='\^icons/'"):
        balance_folder(nested, nested.parent / "out")
    report = balance_folder(nested, nested.parent / "out", exclude="^icons/", dry_run=True)
    assert report.original_counts == {"fruit": 2 * (16 + 7), "root": 2 * (5 + 2)}


def test_merging_by_parents_needs_leaves(nested):
    with pytest.raises(ValueError, match=r'merge="parent" needs levels="leaf", got levels=.top'):
        balance_folder(nested, nested.parent / "out", merge="parent", exclude="^icons/")
