"""Places: apart however they are spelt, file:// a path, and memory of one process alone."""

import fsspec
import joblib
import pytest

from sklmerge import ImageIndex, balance_folder, separate
from sklmerge.balance.store._opening import check_apart


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("memory://p", "memory:///p/out"),
        ("memory://", "memory://p/out"),
        ("memory://p/q", "memory://p//q//out"),
        ("s3://b/p", "s3a://b/p/out"),
        ("s3://b/p/q", "s3a://b/p"),
        ("gcs://b/p", "gs://b/p/out"),
        ("az://c/p", "abfs://c/p/out"),
        ("abfss://c@account.dfs.core.windows.net/p", "az://c/p/out"),
        ("simplecache::s3://b/p", "s3://b/p/out"),
        ("/", "/out"),
    ],
)
def test_a_place_in_the_other_is_refused_in_every_spelling(source, destination):
    with pytest.raises(ValueError, match=r"destination and source must lie apart, got "):
        check_apart(source, destination)
    check_apart(source, "oss://b/p/out")
    check_apart("s3://b/p", "s3a://b/p-balanced")


def test_nothing_is_written_to_a_source_that_is_spelt_in_another_way(write_classes):
    source = write_classes({"A": 3, "B": 2})
    files = fsspec.filesystem("memory")
    files.put(f"{source}/", "/spelt/photos/", recursive=True)
    before = files.find("/spelt")
    with pytest.raises(ValueError, match="must lie apart"):
        balance_folder("memory://spelt/photos", "memory:///spelt/photos/out")
    assert files.find("/spelt") == before


def test_a_file_url_is_a_path_as_source_and_as_destination(write_classes, tmp_path, hash_tree):
    source = write_classes({"A": 7, "B": 4})
    (source / "AA linked").symlink_to(source / "B", target_is_directory=True)
    report = balance_folder(source, tmp_path / "near")
    assert "AA linked" in report.original_counts
    assert balance_folder(f"file://{source}", f"file://{tmp_path}/far/") == report
    assert hash_tree(tmp_path / "far") == hash_tree(tmp_path / "near")
    assert ImageIndex(f"file://{tmp_path}/far/train").n_classes == 3
    with pytest.raises(ValueError, match="must lie apart"):
        balance_folder(f"file://{source}", source / "out")
    with pytest.raises(ValueError, match="destination_options are for URLs"):
        balance_folder(source, f"file://{tmp_path}/far", destination_options={})


def test_what_is_in_memory_is_not_for_workers_in_other_processes(write_classes, tmp_path):
    source = write_classes({"A": 5, "B": 4})
    fsspec.filesystem("memory").put(f"{source}/", "/alone/", recursive=True)
    with joblib.parallel_config("loky", n_jobs=2):
        with pytest.raises(ValueError, match=r"destination must .* 'memory://lost/out' .* LokyBa"):
            balance_folder(source, "memory://lost/out")
        with pytest.raises(ValueError, match=r"source must .* got 'memory://alone' and the worke"):
            balance_folder("memory://alone", tmp_path / "out")
        assert balance_folder("memory://alone", tmp_path / "out", n_jobs=1).n_files > 0
    assert not fsspec.filesystem("memory").exists("/lost")


def test_separate_takes_paths_and_says_so(write_classes, tmp_path):
    balance_folder(write_classes({"A": 5, "B": 4}), tmp_path / "balanced")
    with pytest.raises(ValueError, match=r"balanced must be a path, got the URL 's3://bucket/x'"):
        separate("s3://bucket/x", tmp_path / "out")
    with pytest.raises(ValueError, match=r"destination must be a path, got the URL 's3://bucket"):
        separate(tmp_path / "balanced", "s3://bucket/x")
    counts = separate(f"file://{tmp_path}/balanced", f"file://{tmp_path}/apart")
    assert {path.name for path in (tmp_path / "apart").iterdir()} == set(counts)
