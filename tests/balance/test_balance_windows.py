"""Names and locks of Windows, simulated: no test here runs on it."""

import csv
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge import balance_folder, separate
from sklmerge.balance.plan._names import find_unsafe_names, make_base, name_folder
from sklmerge.balance.store import FolderStore, explain_write_error

FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)}
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}
LABELS = st.text(
    st.sampled_from([*'ab%:/*"|\\. 3A', "\n", "\x1f", "\u00e9"]), min_size=1, max_size=6
) | st.sampled_from(["CON", "nul", "Com1.txt", "aux.", "prn ", "%43ON", "lpt9", "context"])


def is_fine_on_windows(name):
    return (
        not FORBIDDEN & set(name)
        and name[-1] not in ". "
        and name.partition(".")[0].rstrip().lower() not in DEVICES
    )


@given(labels=st.lists(LABELS, min_size=2, max_size=8, unique=True))
def test_folders_of_classes_are_legal_and_differ_where_the_classes_do(labels):
    folders = [name_folder(label) for label in labels]
    assert all(map(is_fine_on_windows, folders))
    assert len(set(folders)) == len(labels)


@pytest.mark.parametrize("label", ["nevus", "100 %", "A+B", "console", "Ünï", "a.b", "-x", "普通"])
def test_names_that_windows_takes_stay_as_they_are(label):
    assert name_folder(label) == label


@given(stem=LABELS)
def test_files_are_legal_too(stem):
    base = f"class__{stem}"
    (unsafe,) = find_unsafe_names(["folder"], [base]).tolist()
    made = make_base(base, b"path", unsafe)
    assert not FORBIDDEN & set(made)
    assert unsafe == bool(FORBIDDEN & set(base))


def test_classes_that_windows_forbids_come_through_the_whole_job(
    write_classes, write_image, tmp_path
):
    source = write_classes({"scale 1:2": 4, "nul": 2, "etc.": 3})
    write_image(source / "nul" / 'who? "me".jpg')
    report = balance_folder(source, tmp_path / "out", split=None)
    assert set(report.counts_after["train"]) == {"scale 1:2", "nul", "etc."}
    names = [path.name for path in (tmp_path / "out").rglob("*")]
    assert all(is_fine_on_windows(name) for name in names)
    with open(tmp_path / "out/train/metadata.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {"scale 1:2", "nul", "etc."}
    assert all((tmp_path / "out/train" / row["file_name"]).is_file() for row in rows)
    counts = separate(tmp_path / "out", tmp_path / "apart", include_augmented=False)
    assert counts == {"train": {"etc.": 3, "nul": 3, "scale 1:2": 4}}


def test_links_without_the_right_to_make_them_say_what_to_do(tmp_path):
    error = OSError(22, "A required privilege is not held by the client")
    error.winerror = 1314
    told = explain_write_error(error, "x.jpg")
    assert "turn on Windows' developer mode, or pass place='copy' or 'hardlink'" in str(told)


WITHOUT_FCNTL = """
import sys
sys.modules["fcntl"] = None
from sklmerge import balance_folder
from sklmerge.balance.store import FolderStore
source, out = sys.argv[1:]
with FolderStore(out + "-held").open():
    try:
        balance_folder(source, out + "-held")
    except ValueError as error:
        print(error)
print(balance_folder(source, out).n_files)
"""


def test_folders_are_locked_where_the_kernel_of_linux_does_not(write_classes, tmp_path):
    source = write_classes({"A": 3, "B": 5})
    command = [sys.executable, "-c", WITHOUT_FCNTL, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"destination '{tmp_path / 'out-held'}' is in use by another run",
        "10",
    ]


def test_a_lock_whose_file_was_removed_is_taken_again(tmp_path):
    with FolderStore(str(tmp_path / "out")).open() as store:
        assert os.path.exists(tmp_path / "out/.sklmerge/lock")
        os.remove(tmp_path / "out/.sklmerge/lock")
        # Another run locks the name that is there now.
        with FolderStore(str(tmp_path / "out")).open() as other:
            assert other.place == store.place
