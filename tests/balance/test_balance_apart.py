"""Source and destination lie apart, however they are spelt, and file:// is a path."""

import fsspec
import pytest

from sklmerge import ImageIndex, balance_folder
from sklmerge.balance._places import check_apart


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
