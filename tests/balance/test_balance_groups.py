"""Images that belong together stay together."""

import csv
import json
import re

import pandas as pd
import pytest

from sklmerge import balance_folder


@pytest.fixture
def source(tmp_path, write_image):
    """Eight smears of four cells, each cell of one of two kinds."""
    folder = tmp_path / "source"
    rows = [["file_name", "label", "smear"]]
    for smear in range(8):
        for cell in range(4):
            label = "normal" if cell else "rare"
            name = f"{label}/smear{smear}_{cell}.png"
            write_image(folder / name, height=9, width=12)
            rows.append([name, label, f"slide {smear}"])
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def list_smears(part):
    with open(part / "metadata.csv", encoding="utf-8", newline="") as file:
        return {re.search(r"smear(\d)", row["source"])[1] for row in csv.DictReader(file)}


def find_smear(path):
    return int(path.split("smear")[1][0])


@pytest.mark.parametrize(
    "group_by",
    [r"smear(\d)", r"smear\d", re.compile(r"smear(\d)_"), find_smear, "smear"],
    ids=["group", "match", "pattern", "function", "column"],
)
def test_no_group_is_in_two_parts(source, tmp_path, group_by):
    report = balance_folder(source, tmp_path / "out", group_by=group_by, split=(0.5, 0.25, 0.25))
    smears = [list_smears(tmp_path / "out" / part) for part in ("train", "val", "test")]
    assert [len(some) for some in smears] == [4, 2, 2]
    assert len(set.union(*smears)) == 8
    assert report.counts_before["train"] == {"normal": 12, "rare": 4}


def test_a_mapping_and_a_series_name_groups_too(source, tmp_path):
    paths = [path.relative_to(source).as_posix() for path in source.rglob("*.png")]
    groups = {path: find_smear(path) for path in paths}
    reports = [
        balance_folder(source, tmp_path / name, group_by=group_by)
        for name, group_by in [("mapping", groups), ("series", pd.Series(groups))]
    ]
    assert reports[0] == reports[1]
    # Which image is in which group is no parameter, so the plan names the kind alone.
    plans = [
        json.loads((tmp_path / name / "plan.json").read_text()) for name in ("mapping", "series")
    ]
    assert [plan["parameters"]["group_by"] for plan in plans] == ["dict", "Series"]
    assert len(list_smears(tmp_path / "mapping/train") & list_smears(tmp_path / "mapping/val")) == 0


def test_a_path_that_the_mapping_lacks_is_named(source, tmp_path):
    with pytest.raises(ValueError, match=r"group_by gives no group for 'normal/smear0_1\.png'"):
        balance_folder(source, tmp_path / "out", group_by={"normal/other.png": 1})


def test_groups_torn_apart_in_a_divided_source_are_refused(tmp_path, write_image):
    for name in ["train/a/p1_1", "train/b/p2_1", "val/a/p3_1", "val/b/p2_2"]:
        write_image(tmp_path / "source" / f"{name}.png", height=9, width=12)
    with pytest.raises(ValueError, match=r"1 groups in more than one part.*'train/b/p2_1\.png'"):
        balance_folder(tmp_path / "source", tmp_path / "out", group_by=r"p(\d)")
    balance_folder(tmp_path / "source", tmp_path / "out")


def test_the_only_group_of_a_class_goes_to_train(tmp_path, write_image):
    for patient in range(6):
        for number in range(4):
            write_image(tmp_path / f"source/common/p{patient}_{number}.png", height=9, width=12)
    for number in range(30):
        write_image(tmp_path / f"source/rare/p3_{number}.png", height=9, width=12)
    with pytest.warns(UserWarning, match="val has no image of 'rare'"):
        report = balance_folder(
            tmp_path / "source", tmp_path / "out", group_by=r"p\d", split=(0.3, 0.7), dry_run=True
        )
    assert report.counts_before["train"]["rare"] == 30
    assert report.counts_before["val"]["common"] > 0
