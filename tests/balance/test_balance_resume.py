"""A job that is cut off and called again ends as if it had not been."""

import errno
import os
import subprocess
import sys
import time

import pytest

from sklmerge import ImageAugmenter, balance_folder

COUNTS = {"A": 3, "B": 5, "C": 12}
MERGE = {"AB": ["A", "B"]}
# Dies before or after a file is put in place, again and again, until the job is done.
KILLED_AGAIN_AND_AGAIN = """
import os, signal, sys
from sklmerge import balance_folder

put_in_place = os.replace

def die_at(last):
    calls = 0
    def replace(*paths):
        nonlocal calls
        calls += 1
        if calls == last and last % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        put_in_place(*paths)
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return replace

n_kills = status = 0
while n_kills == 0 or status:
    child = os.fork()
    if child == 0:
        os.replace = die_at(1 if n_kills == 0 else 4 + n_kills % 2)
        balance_folder(sys.argv[1], sys.argv[2], merge={"AB": ["A", "B"]}, on_error="skip")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    n_kills += 1
print(n_kills)
"""


@pytest.fixture
def source(write_classes):
    return write_classes(COUNTS)


@pytest.fixture
def expected(source, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "uninterrupted", merge=MERGE)
    return hash_tree(tmp_path / "uninterrupted")


def test_killed_at_many_points_it_ends_with_the_same_bytes(source, tmp_path, hash_tree):
    (source / "B/01.jpg").write_bytes(b"no image")
    balance_folder(source, tmp_path / "uninterrupted", merge=MERGE, on_error="skip")
    expected = hash_tree(tmp_path / "uninterrupted")
    command = [sys.executable, "-c", KILLED_AGAIN_AND_AGAIN, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) >= 6
    assert hash_tree(tmp_path / "out") == expected


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupted_by_the_user_it_goes_on(source, expected, tmp_path, hash_tree, n_jobs):
    def interrupt(n_done, n_files):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        balance_folder(source, tmp_path / "out", merge=MERGE, n_jobs=n_jobs, progress=interrupt)
    assert not (tmp_path / "out/plan.json").exists()
    balance_folder(source, tmp_path / "out", merge=MERGE)
    assert hash_tree(tmp_path / "out") == expected


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so_and_can_be_resumed(
    source, expected, tmp_path, hash_tree, monkeypatch, code
):
    put_in_place, calls = os.replace, []

    def replace(*paths):
        calls.append(paths)
        if len(calls) > 8:
            raise OSError(code, os.strerror(code))
        put_in_place(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(OSError, match="no space left; free some and run the same command"):
            balance_folder(source, tmp_path / "out", merge=MERGE)
    assert len(hash_tree(tmp_path / "out")) == 9
    balance_folder(source, tmp_path / "out", merge=MERGE)
    assert hash_tree(tmp_path / "out") == expected


def test_files_left_empty_by_a_power_cut_are_made_again(source, expected, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "out", merge=MERGE)
    for name in ["train/AB/A__00__aug0001.jpg", "val/C/" + os.listdir(tmp_path / "out/val/C")[0]]:
        if (tmp_path / "out" / name).exists():
            (tmp_path / "out" / name).write_bytes(b"")
    next((tmp_path / "out/train/C").iterdir()).unlink()
    balance_folder(source, tmp_path / "out", merge=MERGE)
    assert hash_tree(tmp_path / "out") == expected


def test_a_second_run_changes_nothing_and_opens_no_image(source, tmp_path, monkeypatch):
    first = balance_folder(source, tmp_path / "out", merge=MERGE)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")}
    assert len(times) == first.n_files + 3
    time.sleep(0.02)

    def refuse(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr("sklmerge.balance.work._workers.decode_image", refuse)
    assert balance_folder(source, tmp_path / "out", merge=MERGE) == first
    assert {path: path.stat().st_mtime_ns for path in times} == times


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"random_state": 1}, "random_state"),
        ({"image_size": (8, 8)}, "image_size"),
        ({"augmenter": ImageAugmenter(rotation_range=3)}, "augmenter"),
        ({"split": None, "max_copies": 3}, "max_copies, split"),
        ({"merge": None}, "merge"),
    ],
)
def test_another_plan_is_refused(source, tmp_path, changed, named):
    balance_folder(source, tmp_path / "out", merge=MERGE)
    with pytest.raises(ValueError, match=rf"holds another plan \({named} differ"):
        balance_folder(source, tmp_path / "out", **{"merge": MERGE, **changed})


def test_a_source_with_more_images_is_another_plan(source, write_classes, tmp_path):
    balance_folder(source, tmp_path / "out", merge=MERGE)
    write_classes({"A": 4})
    with pytest.raises(ValueError, match=r"another plan \(the files of the source differ"):
        balance_folder(source, tmp_path / "out", merge=MERGE)


def test_a_source_with_other_classes_is_not_said_to_differ_by_its_merge(
    source, write_classes, tmp_path
):
    balance_folder(source, tmp_path / "out")
    write_classes({"Z": 4})
    with pytest.raises(ValueError, match=r"another plan \(the classes of the source differ"):
        balance_folder(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("place", "finished"),
    [("copy", True), ("copy", False), ("hardlink", True), ("symlink", True)],
)
def test_what_was_made_of_an_image_that_changed_is_made_anew(
    source, write_image, tmp_path, hash_tree, place, finished
):
    def interrupt(n_done, n_files):
        raise KeyboardInterrupt

    out, options = tmp_path / "out", {"merge": MERGE, "place": place}
    if finished:
        balance_folder(source, out, **options)
    else:
        with pytest.raises(KeyboardInterrupt):
            balance_folder(source, out, progress=interrupt, **options)
    assert (out / "train/AB/A__00.jpg").exists()
    time.sleep(0.02)
    other = write_image(tmp_path / "other.jpg")
    os.replace(other, source / "A/00.jpg")
    (source / "C/00.jpg").write_bytes(write_image(other).read_bytes())
    balance_folder(source, out, **options)
    balance_folder(source, tmp_path / "fresh", **options)
    assert hash_tree(out) == hash_tree(tmp_path / "fresh")


def test_an_image_that_became_unreadable_leaves_with_its_copies(source, tmp_path, hash_tree):
    options = {"merge": MERGE, "on_error": "skip"}
    balance_folder(source, tmp_path / "out", **options)
    time.sleep(0.02)
    (source / "A/00.jpg").write_bytes(b"no image")
    assert list(balance_folder(source, tmp_path / "out", **options).skipped) == ["A/00.jpg"]
    balance_folder(source, tmp_path / "fresh", **options)
    assert hash_tree(tmp_path / "out") == hash_tree(tmp_path / "fresh")


def test_an_image_from_the_future_is_not_made_anew_each_time(source, tmp_path, monkeypatch):
    os.utime(source / "A/00.jpg", (4e9, 4e9))
    balance_folder(source, tmp_path / "out", merge=MERGE)
    monkeypatch.setattr("sklmerge.balance.work._workers.decode_image", None)
    balance_folder(source, tmp_path / "out", merge=MERGE)


def test_the_same_merge_written_otherwise_is_the_same_plan(source, tmp_path):
    balance_folder(source, tmp_path / "out", merge={"A+B": ["B", "A"]})
    balance_folder(source, tmp_path / "out", merge=[["A", "B"]])


def test_two_runs_at_once_are_refused(source, tmp_path):
    def run_again(n_done, n_files):
        with pytest.raises(ValueError, match="in use by another run"):
            balance_folder(source, tmp_path / "out", merge=MERGE)

    balance_folder(source, tmp_path / "out", merge=MERGE, progress=run_again)


def test_files_of_others_are_not_touched_but_refused(source, tmp_path):
    balance_folder(source, tmp_path / "out", merge=MERGE)
    (tmp_path / "out/train/C/mine.jpg").write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"not of this job, first: 'mine\.jpg'"):
        balance_folder(source, tmp_path / "out", merge=MERGE)
    assert (tmp_path / "out/train/C/mine.jpg").read_bytes() == b"mine"


def test_an_unfinished_job_of_other_versions_is_refused(source, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        balance_folder(source, tmp_path / "out", progress=_raise_interrupt)
    plan = tmp_path / "out/.sklmerge/plan.json"
    plan.write_text(plan.read_text().replace('"numpy": "', '"numpy": "0.'))
    with pytest.raises(
        ValueError, match=r"begun with other versions \(numpy 0\.[0-9.]+, now [0-9.]+\)"
    ):
        balance_folder(source, tmp_path / "out")


def _raise_interrupt(n_done, n_files):
    raise KeyboardInterrupt
