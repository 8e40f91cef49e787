"""A balanced folder in an object store has the bytes of one on disk, and nothing half-written."""

import json
import signal
import subprocess
import sys
import time

import fsspec
import joblib
import pytest

from sklmerge import balance_folder

COUNTS = {"A [1]": 4, "B b+,#": 9, "Ünï": 14}
SETTINGS = {"max_copies": 2, "split": (0.7, 0.3), "merge": {"both": ["A [1]", "B b+,#"]}}


@pytest.fixture
def files(storage_options):
    return fsspec.filesystem("s3", **storage_options)


@pytest.fixture
def bucket(files, tmp_path):
    """The URL of an empty bucket."""
    name = f"to{abs(hash(tmp_path))}"
    files.mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def source(write_classes):
    return write_classes(COUNTS)


@pytest.fixture
def read_tree(files, hash_tree, tmp_path):
    """Digest every object below a URL, by its relative path, hidden ones too."""

    def read(url):
        files.invalidate_cache()
        folder = tmp_path / f"fetched{time.monotonic_ns()}"
        files.get(url + "/", str(folder) + "/", recursive=True)
        return hash_tree(folder)

    return read


@pytest.fixture
def list_times(files):
    """Tell when each object below a URL was written."""

    def read(url):
        files.invalidate_cache()
        return {name: entry["LastModified"] for name, entry in files.find(url, detail=True).items()}

    return read


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_bucket_gets_the_bytes_that_a_folder_gets(
    source, bucket, storage_options, tmp_path, hash_tree, read_tree, backend
):
    expected = balance_folder(source, tmp_path / "near", **SETTINGS)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        report = balance_folder(
            source, f"{bucket}/in/far/", storage_options=storage_options, **SETTINGS
        )
    assert report == expected
    assert read_tree(f"{bucket}/in/far") == hash_tree(tmp_path / "near")


def test_from_a_bucket_to_a_bucket_with_bad_files_and_only_copies(
    source, upload, bucket, storage_options, tmp_path, hash_tree, read_tree
):
    (source / "Ünï/03.jpg").write_bytes(b"no image")
    url = upload(source, f"{bucket}/photos")
    options = {"on_error": "skip", "augmenter": None, **SETTINGS}
    expected = balance_folder(url, tmp_path / "near", storage_options=storage_options, **options)
    report = balance_folder(url, f"{bucket}/far", storage_options=storage_options, **options)
    assert report == expected
    assert report.skipped
    assert read_tree(f"{bucket}/far") == hash_tree(tmp_path / "near")
    options = {"place": "reference", "destination_options": storage_options}
    balance_folder(source, f"{bucket}/copies", on_error="skip", **options)
    assert all("__aug" in name or "." in name for name in read_tree(f"{bucket}/copies"))


def test_a_finished_bucket_is_left_as_it_is_and_another_plan_is_refused(
    source, bucket, files, storage_options, list_times
):
    url = f"{bucket}/far"
    first = balance_folder(source, url, storage_options=storage_options, **SETTINGS)

    before = list_times(url)
    time.sleep(1.1)
    assert balance_folder(source, url, storage_options=storage_options, **SETTINGS) == first
    assert list_times(url) == before
    with pytest.raises(ValueError, match=rf"'{url}' holds another plan \(random_state differs\)"):
        balance_folder(source, url, storage_options=storage_options, random_state=1, **SETTINGS)
    with pytest.raises(ValueError, match=r"holds files but no plan.json"):
        balance_folder(source, bucket, storage_options=storage_options)
    files.pipe_file(f"{url}/train/both/mine.jpg", b"mine")
    with pytest.raises(ValueError, match=r"files that are not of this job, first: 'mine.jpg'"):
        balance_folder(source, url, storage_options=storage_options, **SETTINGS)
    assert files.cat_file(f"{url}/train/both/mine.jpg") == b"mine"


def test_objects_that_were_deleted_are_made_again_and_no_others(
    source, bucket, files, storage_options, read_tree, list_times
):
    url = f"{bucket}/far"
    balance_folder(source, url, storage_options=storage_options, **SETTINGS)
    hashes, before = read_tree(url), list_times(url)
    lost = [name for name in hashes if name.endswith("3.jpg") or "__aug0001" in name]
    for name in lost:
        files.rm_file(f"{url}/{name}")
    time.sleep(1.1)
    balance_folder(source, url, storage_options=storage_options, **SETTINGS)
    assert read_tree(url) == hashes
    after = list_times(url)
    assert sorted(name for name in after if after[name] != before[name]) == sorted(
        f"{url[5:]}/{name}" for name in lost
    )
    files.pipe_file(f"{url}/plan.json", b"{")
    with pytest.raises(ValueError, match=r"has a damaged plan\.json"):
        balance_folder(source, url, storage_options=storage_options, **SETTINGS)


KILLED = """
import json, os, signal, sys, threading, time
import fsspec
from sklmerge import balance_folder

source, url, options, n_objects = sys.argv[1:]
options, n_objects = json.loads(options), int(n_objects)

def kill():
    files = fsspec.filesystem("s3", skip_instance_cache=True, **options)
    while len(files.find(url, refresh=True)) < n_objects:
        files.invalidate_cache()
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill, daemon=True).start()
settings = {"max_copies": 2, "split": (0.7, 0.3), "force": True}
balance_folder(source, url, storage_options=options, n_jobs=2, **settings)
"""


def test_killed_on_the_way_it_ends_with_the_same_bytes(
    source, bucket, storage_options, tmp_path, hash_tree, read_tree
):
    url = f"{bucket}/far"
    for n_objects in (1, 15, 30):
        command = [sys.executable, "-c", KILLED, str(source), url, json.dumps(storage_options)]
        done = subprocess.run([*command, str(n_objects)], capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        left = read_tree(url)
        assert ".sklmerge/lease.json" in left
    settings = {"max_copies": 2, "split": (0.7, 0.3)}
    expected = balance_folder(source, tmp_path / "near", **settings)
    files = hash_tree(tmp_path / "near")
    assert {n: d for n, d in left.items() if not n.startswith(".")}.items() < files.items()
    with pytest.raises(ValueError, match=r"in use by another run \(process \d+ on .*force=True"):
        balance_folder(source, url, storage_options=storage_options, **settings)
    settings |= {"storage_options": storage_options, "force": True}
    assert balance_folder(source, url, **settings) == expected
    assert read_tree(url) == files


def test_a_run_is_refused_while_another_holds_the_lease_unless_forced(
    source, bucket, files, storage_options
):
    lease = f"{bucket}/far/.sklmerge/lease.json"
    other = {"run": "other", "host": "cam7", "process": 31, "began": "2030-01-02 03:04:05 UTC"}
    files.pipe_file(lease, json.dumps(other).encode())
    named = rf"'{bucket}/far' is in use by another run \(process 31 on cam7, since 2030-01-02 03:0"
    with pytest.raises(ValueError, match=named):
        balance_folder(source, f"{bucket}/far", storage_options=storage_options)
    assert json.loads(files.cat_file(lease)) == other
    files.pipe_file(lease, b"no lease of ours")
    with pytest.raises(ValueError, match="in use by another run; wait for it to end, or pass forc"):
        balance_folder(source, f"{bucket}/far", storage_options=storage_options)
    options = {"storage_options": storage_options, "max_copies": 1}
    report = balance_folder(source, f"{bucket}/far", force=True, **options)
    assert report.n_files > 0
    assert not files.exists(lease)


def test_of_two_runs_of_one_machine_the_second_is_refused(source):
    refused = []

    def run_again(n_done, n_all):
        with pytest.raises(ValueError, match="'memory://twice/out' is in use by another run"):
            balance_folder(source, "memory://twice/out", **SETTINGS)
        refused.append(n_done)

    balance_folder(source, "memory://twice/out", progress=run_again, **SETTINGS)
    assert refused


def test_a_run_that_lost_its_lease_stops_and_leaves_the_other_its_own(
    source, bucket, files, storage_options
):
    lease = f"{bucket}/far/.sklmerge/lease.json"
    other = json.dumps({"run": "other", "time": 0}).encode()

    def take_over(n_done, n_all):
        files.pipe_file(lease, other)

    with pytest.raises(OSError, match="this run has ended, or lost its lease to another one"):
        balance_folder(source, f"{bucket}/far", storage_options=storage_options, progress=take_over)
    assert files.cat_file(lease) == other
    balance_folder(source, f"{bucket}/far", storage_options=storage_options, force=True)


def test_a_store_that_fails_to_write_says_how_to_go_on(source, monkeypatch, tmp_path, hash_tree):
    files = fsspec.filesystem("memory")
    kind, write = type(files), type(files).pipe_file
    n_left = 12

    def fail(self, path, value, **kwargs):
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise TimeoutError("the store is full")
        return write(self, path, value, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "pipe_file", fail)
        with pytest.raises(OSError, match=r"written \(the store is full\); run the same command"):
            balance_folder(source, "memory://filled/out", **SETTINGS)
    balance_folder(source, "memory://filled/out", **SETTINGS)
    balance_folder(source, tmp_path / "near", **SETTINGS)
    files.get("/filled/out/", str(tmp_path / "fetched") + "/", recursive=True)
    assert hash_tree(tmp_path / "fetched") == hash_tree(tmp_path / "near")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"place": "hardlink"}, "place must be 'copy' or 'reference' where the source or the dest"),
        ({"destination": "sftp://host/out"}, "destination must be a path, or a URL of an object s"),
        (
            {"destination": "out", "destination_options": {}},
            "destination_options are for URLs",
        ),
        ({"destination": "out", "storage_options": {}}, "storage_options are for URLs"),
        ({"source": "memory://a/b", "destination": "memory://a/b/c"}, "must lie apart"),
        ({"source": "memory://a/b", "destination": "memory://a"}, "must lie apart"),
    ],
)
def test_what_a_destination_cannot_be_is_refused(source, arguments, reason):
    arguments = {"source": source, "destination": "memory://refused/out", **arguments}
    with pytest.raises(ValueError, match=reason):
        balance_folder(**arguments)


def test_a_bucket_that_is_not_there_is_named(source, storage_options):
    with pytest.raises(OSError, match=r"no such bucket .*s3://no-such-bucket/out"):
        balance_folder(source, "s3://no-such-bucket/out", storage_options=storage_options)
