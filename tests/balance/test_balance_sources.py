"""Sources as people have them: tables, indexes, parts by any name, formats of one's own."""

import csv
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from sklmerge import ImageIndex, audit_split, balance_folder
from sklmerge.balance import find_groups


def read_rows(part):
    with open(part / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def table(tmp_path, write_image):
    """Twenty images in one folder, and a table of their labels, which are numbers."""
    rows = []
    for number in range(20):
        write_image(tmp_path / f"images/{number}.png", height=9, width=12)
        rows.append({"id": f"{number}.png", "label": 1 if number < 14 else 7})
    return pd.DataFrame(rows)


def test_a_table_of_labels_is_balanced_as_class_folders_are(table, tmp_path, write_image):
    for row in table.itertuples():
        write_image(tmp_path / f"folders/{row.label}/{row.id}", height=9, width=12)
    index = ImageIndex(table, root=tmp_path / "images", path_column="id")
    report = balance_folder(index, tmp_path / "out")
    expected = balance_folder(tmp_path / "folders", tmp_path / "expected")
    # The copies differ, because they follow from the paths, which differ.
    assert report.counts_after == expected.counts_after
    assert report.original_counts == {"1": 14, "7": 6}
    for row in read_rows(tmp_path / "out/val"):
        written = (tmp_path / "out/val" / row["file_name"]).read_bytes()
        assert written == (tmp_path / "images" / row["source"]).read_bytes()


def test_the_order_of_a_table_changes_nothing(table, tmp_path, hash_tree):
    for name, frame in (("a", table), ("b", table.sample(frac=1, random_state=3))):
        index = ImageIndex(frame, root=tmp_path / "images", path_column="id")
        balance_folder(index, tmp_path / name, image_size=(8, 8))
    assert hash_tree(tmp_path / "a") == hash_tree(tmp_path / "b")


def test_the_merge_of_an_index_is_taken_and_another_beside_it_refused(table, tmp_path):
    table["label"] = ["a"] * 6 + ["b"] * 6 + ["c"] * 8
    index = ImageIndex(table, root=tmp_path / "images", path_column="id", merge={"ab": ["a", "b"]})
    own = balance_folder(index, tmp_path / "out", dry_run=True)
    assert own.members == {"ab": ["a", "b"], "c": ["c"]}
    again = balance_folder(index, tmp_path / "out", merge={"ab": ["b", "a"]}, dry_run=True)
    assert again.members == own.members
    with pytest.raises(ValueError, match=r"the ImageIndex and another in balance_folder.*give"):
        balance_folder(index, tmp_path / "out", merge={"bc": ["b", "c"]}, dry_run=True)
    other = index.with_merge({"bc": ["b", "c"]})
    report = balance_folder(other, tmp_path / "out", dry_run=True)
    assert report.members == {"a": ["a"], "bc": ["b", "c"]}
    some = balance_folder(
        index.with_merge(None), tmp_path / "out", classes=["a", "c"], dry_run=True
    )
    assert some.original_counts == {"a": 6, "c": 8}


def test_an_image_that_is_listed_twice_is_named(table, tmp_path):
    index = ImageIndex(pd.concat([table, table[3:4]]), root=tmp_path / "images", path_column="id")
    with pytest.raises(ValueError, match=r"list each image once, got '3\.png' 2 times"):
        balance_folder(index, tmp_path / "out")


def test_extensions_and_readers_of_an_index_are_its_own(table, tmp_path):
    index = ImageIndex(table, root=tmp_path / "images", path_column="id")
    with pytest.raises(ValueError, match="extensions is for a folder; give it to the ImageIndex"):
        balance_folder(index, tmp_path / "out", extensions=[".png"])


def test_indexes_are_audited(table, tmp_path):
    index = ImageIndex(table, root=tmp_path / "images", path_column="id")
    report = audit_split(index.take(np.arange(15)), index.take(np.arange(10, 20)))
    assert len(report.leaked) == 5
    assert str(report).startswith("5 of 10 validation images (50%) are also among")


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "test"), ("Training", "Testing"), ("TRAIN", "VAL"), ("seg_train", "seg_test"),
        ("train", "dev"), ("train", "eval"), ("imgs-train", "imgs-validation"),
    ],
)  # fmt: skip
def test_parts_are_known_by_their_usual_names(write_classes, tmp_path, parts):
    first, second = parts
    source = write_classes({f"{first}/A": 6, f"{first}/B": 3, f"{second}/A": 2, f"{second}/B": 2})
    report = balance_folder(source, tmp_path / "out", augmenter=None)
    assert report.counts_before["train"] == {"A": 6, "B": 3}
    assert report.counts_after["train"] == {"A": 6, "B": 6}
    assert len(report.counts_after) == 2


def test_folders_beside_parts_are_passed_over_unless_they_look_like_a_part(write_classes, tmp_path):
    source = write_classes({"train/A": 6, "train/B": 3, "val/A": 2, "val/B": 2})
    (source / "__MACOSX" / "junk").mkdir(parents=True)
    (source / "notes" / "junk").mkdir(parents=True)
    with pytest.warns(UserWarning, match="passed over beside them: 'notes'$"):
        report = balance_folder(source, tmp_path / "out", dry_run=True)
    assert report.original_counts == {"A": 8, "B": 5}
    (source / "holdout" / "A").mkdir(parents=True)
    with pytest.raises(ValueError, match="and 'holdout', which holds the same classes"):
        balance_folder(source, tmp_path / "out", dry_run=True)


def test_classes_may_be_called_like_parts(write_classes, tmp_path):
    source = write_classes({"train": 6, "test": 4, "bus": 5})
    report = balance_folder(source, tmp_path / "out", dry_run=True)
    assert report.original_counts == {"bus": 5, "test": 4, "train": 6}


def test_a_reader_brings_formats_of_ones_own(tmp_path, hash_tree):
    rng = np.random.default_rng(0)
    for label, n in (("a", 6), ("b", 3)):
        (tmp_path / "source" / label).mkdir(parents=True)
        for number in range(n):
            image = rng.integers(0, 2**16, (9, 12), np.uint16)
            np.save(tmp_path / "source" / label / f"{number}.npy", image)
    options = {"reader": np.load, "extensions": [".npy"], "split": None}
    report = balance_folder(tmp_path / "source", tmp_path / "out", **options)
    assert report.counts_after == {"train": {"a": 6, "b": 6}}
    found = ImageIndex(tmp_path / "out/train").read(color_mode="keep")
    expected = np.load(tmp_path / "source/a/0.npy")
    assert found.dtype == np.uint16
    assert (found[0] == expected).all()
    index = ImageIndex(tmp_path / "source", reader=np.load, extensions=[".npy"])
    balance_folder(index, tmp_path / "again", split=None)
    pictures = [
        {name: digest for name, digest in hash_tree(tmp_path / folder).items() if "png" in name}
        for folder in ("out", "again")
    ]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pixels_that_no_file_can_hold_are_that_files_fault(write_classes, tmp_path, dtype):
    import tifffile

    source = write_classes({"A": 6, "B": 3})
    tifffile.imwrite(source / "A/height.tif", np.random.default_rng(0).random((9, 12), dtype))
    with pytest.raises(ValueError, match=r"'A/height\.tif' could not be read \(float\d\d pixels"):
        balance_folder(source, tmp_path / "out")
    report = balance_folder(source, tmp_path / "out", on_error="skip")
    assert list(report.skipped) == ["A/height.tif"]
    assert report.original_counts == {"A": 7, "B": 3}


def test_masks_are_left_out_by_their_ending(write_classes, write_image, tmp_path):
    source = write_classes({"A": 6, "B": 3})
    for path in list(source.glob("*/*.jpg")):
        write_image(path.with_suffix(".png"), channels=1)
    report = balance_folder(source, tmp_path / "out", extensions=[".jpg"], dry_run=True)
    assert report.original_counts == {"A": 6, "B": 3}


def test_groups_are_numbers_for_the_split_of_an_index(write_classes):
    index = ImageIndex(write_classes({"A": 6, "B": 4}))
    groups = find_groups(index, r"(\d)\.jpg$")
    train, test = index.split(0.4, groups=groups)
    stems = [{path[-5] for path in side.paths} for side in (train, test)]
    assert not stems[0] & stems[1]


@pytest.mark.parametrize(
    ("name", "separator", "start", "key"),
    [
        ("metadata.csv", ",", "", "file_name"),
        ("train.csv", ",", "", "file_name"),
        ("subjects.csv", ";", "\ufeff", "image"),
        ("a.tsv", "\t", "", "id"),
    ],
)
def test_the_column_of_any_table_groups(write_classes, tmp_path, name, separator, start, key):
    source = write_classes({"A": 8, "B": 8})
    rows = [
        [path.relative_to(source).as_posix(), f"subject {path.stem[1]}{path.parent.name}"]
        for path in source.glob("*/*.jpg")
    ]
    for number, row in enumerate(rows):
        row[1] = f"subject {number // 4}"
    lines = [separator.join(row) for row in [[key, "subject"], *rows]]
    (source / name).write_text(start + "\n".join(lines), encoding="utf-8")
    balance_folder(source, tmp_path / "out", group_by="subject", augmenter=None)
    subjects = dict(rows)
    sides = [
        {subjects[row["source"]] for row in read_rows(tmp_path / "out" / part)}
        for part in ("train", "val")
    ]
    assert not sides[0] & sides[1]
    with pytest.raises(ValueError, match=rf"no table has a column 'Subject' \({name} has the colu"):
        balance_folder(source, tmp_path / "again", group_by="Subject")


@pytest.mark.parametrize(
    ("pattern", "what"),
    [("jpg", "puts all 16 images into one group"), ("(.*)", "groups no two images")],
)
def test_a_pattern_that_groups_all_or_nothing_is_refused(write_classes, tmp_path, pattern, what):
    source = write_classes({"A": 8, "B": 8})
    with pytest.raises(ValueError, match=rf"{what}.*no metadata\.csv.*as a regular expression"):
        balance_folder(source, tmp_path / "out", group_by=pattern)


@pytest.mark.parametrize("as_frame", [False, True], ids=["file", "frame"])
def test_a_table_is_balanced_beside_itself_but_not_into_its_images(
    table, tmp_path, monkeypatch, as_frame
):
    table["file_name"] = "images/" + table.pop("id")
    table.to_csv(tmp_path / "train.csv", index=False)
    monkeypatch.chdir(tmp_path)
    source = table if as_frame else tmp_path / "train.csv"
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    images = tmp_path / "images"
    for destination in (images, images / "out", tmp_path, tmp_path.parent):
        with pytest.raises(ValueError, match="must lie apart"):
            balance_folder(source, destination)
    for destination in (tmp_path / "balanced", tmp_path / "more" / "balanced"):
        assert balance_folder(source, destination).original_counts == {"1": 14, "7": 6}
        shutil.rmtree(destination)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before


def test_an_index_of_a_folder_is_not_balanced_into_it(write_classes):
    source = write_classes({"A": 5, "B": 4})
    with pytest.raises(ValueError, match="must lie apart"):
        balance_folder(ImageIndex(source), source / "balanced")


@pytest.mark.parametrize(
    ("drop", "told"),
    [
        ("duplicates", ["duplicates"]),
        (["similar", "unreadable"], ["unreadable", "similar"]),
        (("similar", "duplicates"), ["duplicates", "similar"]),
    ],
)
def test_the_plan_tells_what_is_dropped_in_a_fixed_order(write_classes, tmp_path, drop, told):
    balance_folder(write_classes({"A": 5, "B": 4}), tmp_path / "out", drop=drop)
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert plan["parameters"]["drop"] == told


def test_images_are_grouped_once_for_all_folds(write_classes, tmp_path):
    asked = []
    balance_folder(
        write_classes({"A": 8, "B": 6}),
        tmp_path / "out",
        folds=3,
        group_by=lambda path: asked.append(path) or path[-5],
    )
    assert len(asked) == len(set(asked)) == 14
