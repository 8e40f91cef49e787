"""Files that are the same do not come to lie on both sides unnoticed."""

import json
import os
import shutil
import time

import pytest

from sklmerge import balance_folder
from sklmerge.balance import audit_split


@pytest.fixture
def source(write_classes):
    """Thirty photographs of two classes, each under two names, four of them in both classes."""
    folder = write_classes({"A": 10, "B": 20})
    for label, n in (("A", 10), ("B", 20)):
        for number in range(n):
            name = folder / label / f"{number:02d}.jpg"
            name.write_bytes(name.read_bytes() + label.encode())
            shutil.copy(name, folder / label / f"again {number:02d}.jpg")
    for number in range(4):
        shutil.copy(folder / "A" / f"{number:02d}.jpg", folder / "B" / f"of A {number}.jpg")
    return folder


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_equal_files_in_two_parts_are_told_at_the_end(source, tmp_path, n_jobs):
    report = balance_folder(source, tmp_path / "out", n_jobs=n_jobs, augmenter=None)
    found = audit_split(tmp_path / "out/train", tmp_path / "out/val").same_bytes
    assert report.leaks
    assert sorted(report.leaks) == report.leaks
    assert all(len({(source / name).read_bytes() for name in same}) == 1 for same in report.leaks)
    contents = {(tmp_path / "out/train" / name).read_bytes() for name, _ in found}
    assert contents == {(source / same[0]).read_bytes() for same in report.leaks}
    told = f"groups of equal files in different parts: {len(report.leaks)}, first: "
    assert told + " = ".join(report.leaks[0]) in str(report)
    assert json.loads((tmp_path / "out/plan.json").read_text())["leaks"] == report.leaks


@pytest.mark.parametrize("split", [(0.8, 0.2), (0.6, 0.2, 0.2)])
def test_grouped_by_content_they_stay_together(source, tmp_path, split):
    report = balance_folder(source, tmp_path / "out", group_by="content", split=split)
    assert report.leaks == []
    sources = {}
    for part in report.counts_after:
        for line in (tmp_path / "out" / part / "metadata.csv").read_text().splitlines()[1:]:
            sources.setdefault((source / line.split(",")[3]).read_bytes(), set()).add(part)
    assert all(len(parts) == 1 for parts in sources.values())
    assert len(sources) == 30
    assert sum(report.counts_before["val"].values()) == pytest.approx(64 * split[1], abs=4)


def test_the_split_by_content_does_not_depend_on_names(source, tmp_path):
    before = balance_folder(source, tmp_path / "a", group_by="content", dry_run=True)
    for number, path in enumerate(sorted(source.glob("B/*"))):
        path.rename(path.with_name(f"renamed {number * 7 % 13} {number}.jpg"))
    assert balance_folder(source, tmp_path / "b", group_by="content", dry_run=True) == before


def test_a_divided_source_with_equal_files_in_two_parts_is_refused_by_content(source, tmp_path):
    for part in ("train", "val"):
        shutil.copytree(source, tmp_path / "divided" / part)
    with pytest.raises(ValueError, match=r"30 groups in more than one part.*divide it anew"):
        balance_folder(tmp_path / "divided", tmp_path / "out", group_by="content")
    assert len(balance_folder(tmp_path / "divided", tmp_path / "out").leaks) == 30


def test_files_that_cannot_be_read_belong_to_no_one(source, tmp_path):
    (source / "A/00.jpg").unlink()
    (source / "A/00.jpg").symlink_to("nowhere")
    report = balance_folder(source, tmp_path / "out", group_by="content", on_error="skip")
    assert list(report.skipped) == ["A/00.jpg"]


def test_what_was_found_is_not_looked_for_again_until_a_source_changes(
    source, tmp_path, monkeypatch
):
    first = balance_folder(source, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("sklmerge.balance.work._equal_across_parts.digest_file", None)
        assert balance_folder(source, tmp_path / "out") == first
    time.sleep(0.02)
    for path in source.glob("*/*"):
        path.write_bytes(path.read_bytes() + os.fsencode(path.name))
    assert balance_folder(source, tmp_path / "out").leaks == []


def test_a_finished_folder_of_other_versions_is_left_and_told(source, tmp_path, hash_tree):
    first = balance_folder(source, tmp_path / "out")
    plan = tmp_path / "out/plan.json"
    plan.write_text(plan.read_text().replace('"numpy": "', '"numpy": "0.'))
    before = hash_tree(tmp_path / "out")
    again = balance_folder(source, tmp_path / "out")
    assert hash_tree(tmp_path / "out") == before
    assert again.n_files == first.n_files
    (then, now), told = again.other_versions["numpy"], str(again).splitlines()[-1]
    assert then == f"0.{now}"
    assert told == (
        f"finished earlier with other versions (numpy {then}, now {now}); files that are "
        "complete stay as they are"
    )
