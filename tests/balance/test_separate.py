"""separate: the original classes back."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from sklmerge import balance_folder, separate

COUNTS = {"A": 5, "B": 10, "C": 20}
KILLED = """
import os, signal, sys
from sklmerge import separate

separate(*sys.argv[1:], progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture
def source(write_classes):
    return write_classes(COUNTS)


@pytest.fixture
def balanced(source, tmp_path):
    balance_folder(source, tmp_path / "balanced", merge={"AB": ["A", "B"]})
    return tmp_path / "balanced"


def count_files(folder):
    return {
        part.name: {c.name: len(list(c.iterdir())) for c in sorted(part.iterdir()) if c.is_dir()}
        for part in sorted(folder.iterdir())
    }


def test_without_copies_every_source_comes_back_with_its_bytes(
    balanced, source, tmp_path, hash_tree
):
    counts = separate(balanced, tmp_path / "apart", include_augmented=False)
    assert counts == {"train": {"A": 4, "B": 8, "C": 16}, "val": {"A": 1, "B": 2, "C": 4}}
    assert count_files(tmp_path / "apart") == counts
    after = hash_tree(tmp_path / "apart")
    digests = [
        (name.split("/")[1], digest) for name, digest in after.items() if name.endswith(".jpg")
    ]
    before = [(name.split("/")[0], digest) for name, digest in hash_tree(source).items()]
    assert sorted(digests) == sorted(before)


def test_copies_go_with_the_image_they_were_made_from(balanced, tmp_path, hash_tree):
    counts = separate(balanced, tmp_path / "apart")
    assert counts["train"]["A"] + counts["train"]["B"] == counts["train"]["C"] == 16
    with open(tmp_path / "apart/train/metadata.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 32
    before, after = hash_tree(balanced / "train"), hash_tree(tmp_path / "apart/train")
    for row in rows:
        assert row["label"] == row["original_label"] == row["source"].split("/")[0]
        merged = "C" if row["label"] == "C" else "AB"
        name = os.path.basename(row["file_name"])
        assert after[row["file_name"]] == before[f"{merged}/{name}"]


@pytest.mark.parametrize("place", ["symlink", "hardlink"])
def test_links_save_the_space(balanced, tmp_path, place):
    separate(balanced, tmp_path / "apart", place=place)
    for path in (tmp_path / "apart").rglob("*.jpg"):
        assert path.is_symlink() == (place == "symlink")
        assert path.stat().st_size > 0
        assert path.stat().st_nlink == (2 if place == "hardlink" else 1)


def test_the_separated_folder_can_be_balanced_in_another_way(balanced, tmp_path):
    separate(balanced, tmp_path / "apart", include_augmented=False)
    report = balance_folder(tmp_path / "apart", tmp_path / "again", merge={"BC": ["B", "C"]})
    assert report.counts_after == {"train": {"A": 24, "BC": 24}, "val": {"A": 1, "BC": 6}}


def test_a_destination_with_files_is_refused(balanced, tmp_path):
    (tmp_path / "apart").mkdir()
    separate(balanced, tmp_path / "apart")
    with pytest.raises(ValueError, match="destination must be a new or empty folder"):
        separate(balanced, tmp_path / "apart")


def test_an_unfinished_folder_is_refused(source, tmp_path):
    with pytest.raises(ValueError, match="balanced must be a folder that balance_folder has fin"):
        separate(source.parent / "nowhere", tmp_path / "apart")
    with pytest.raises(ValueError, match=r"no plan\.json"):
        separate(source, tmp_path / "apart")


def test_a_lost_or_strange_file_is_named_and_nothing_is_left_behind(balanced, tmp_path):
    (balanced / "val/C/strange.jpg").write_bytes(b"strange")
    with pytest.raises(ValueError, match=r"first: 'C/strange\.jpg'"):
        separate(balanced, tmp_path / "apart")
    (balanced / "val/C/strange.jpg").unlink()
    lost = next((balanced / "val/AB").iterdir())
    lost.unlink()
    with pytest.raises(ValueError, match=f"first: 'AB/{lost.name}'"):
        separate(balanced, tmp_path / "apart")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "balanced"}


def test_it_appears_whole_or_not_at_all(balanced, tmp_path):
    def interrupt(n_done, n_files):
        if n_done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        separate(balanced, tmp_path / "apart", progress=interrupt)
    assert {path.name for path in tmp_path.iterdir()} == {"source", "balanced"}


def test_what_a_killed_run_has_left_goes_with_the_next(balanced, tmp_path):
    command = [sys.executable, "-c", KILLED, str(balanced), str(tmp_path / "apart")]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3
    separate(balanced, tmp_path / "apart")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "balanced", "apart"}


def test_two_runs_at_once_into_one_folder_are_refused(balanced, tmp_path):
    def run_again(n_done, n_files):
        with pytest.raises(ValueError, match=r"apart' is in use by another run"):
            separate(balanced, tmp_path / "apart")

    counts = separate(balanced, tmp_path / "apart", progress=run_again)
    assert sum(counts["train"].values()) == 32


def test_a_destination_may_be_a_link_to_an_empty_folder(balanced, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    counts = separate(balanced, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert count_files(tmp_path / "real") == {part: {**classes} for part, classes in counts.items()}


def test_metadata_cannot_lead_out_of_the_destination(balanced, tmp_path):
    path = balanced / "val/metadata.csv"
    path.write_text(path.read_text().replace(",A,", ",../../up,"))
    with pytest.raises(ValueError, match="class names must be names of folders"):
        separate(balanced, tmp_path / "apart")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"file_name,label\r\n", "must have the columns file_name, label, original"),
        (lambda data: b"", "must have the columns .*, got none"),
        (lambda data: data[: data.rindex(b",", 0, -6)], r"row 8 has [1-5] columns of 6"),
        (lambda data: data.replace(b"jpg", b"\xff"), "codec can't decode byte 0xff"),
        (lambda data: data + b"x" * 200_000, "field larger than field limit"),
        (lambda data: None, "is gone"),
    ],
)
def test_damaged_metadata_is_named_and_the_job_mends_it(
    balanced, source, tmp_path, hash_tree, damage, message
):
    before, path = hash_tree(balanced), balanced / "val/metadata.csv"
    data = damage(path.read_bytes())
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"'{path}' .*{message}.*run balance_folder again"):
        separate(balanced, tmp_path / "apart")
    assert not (tmp_path / "apart").exists()
    balance_folder(source, balanced, merge={"AB": ["A", "B"]})
    assert hash_tree(balanced) == before


@pytest.mark.parametrize("counts", [None, [], {"../up": {}}])
def test_a_plan_without_counts_is_refused_and_the_job_mends_it(
    balanced, source, tmp_path, hash_tree, counts
):
    before, path = hash_tree(balanced), balanced / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plan, "counts_after": counts}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"plan\.json without the counts of its parts"):
        separate(balanced, tmp_path / "apart")
    balance_folder(source, balanced, merge={"AB": ["A", "B"]})
    assert hash_tree(balanced) == before


def test_parts_follow_the_plan(balanced, tmp_path):
    plan = json.loads((balanced / "plan.json").read_text(encoding="utf-8"))
    assert list(plan["counts_after"]) == list(separate(balanced, tmp_path / "apart"))
