"""A source in an object store gives what the same source in a folder gives."""

import csv
import json
from dataclasses import replace

import fsspec
import joblib
import pytest

from sklmerge import balance_folder

COUNTS = {"A": 5, "B b+,": 9, "Ünï": 14}


def drop_source(hashes):
    """Leave plan.json out: it says where the source is."""
    return {name: digest for name, digest in hashes.items() if name != "plan.json"}


def test_a_bucket_gives_the_bytes_that_a_folder_gives(
    write_classes, upload, storage_options, tmp_path, hash_tree
):
    source = write_classes(COUNTS)
    (source / "Ünï/03.jpg").write_bytes(b"no image")
    url = upload(source, "s3://first/photos")
    local = balance_folder(source, tmp_path / "local", on_error="skip")
    options = {"on_error": "skip", "storage_options": storage_options}
    with joblib.parallel_config(backend="loky", n_jobs=2):
        report = balance_folder(url, tmp_path / "out", **options)
    # What is in a store is not fetched once more to be compared.
    local = replace(local, leaks=[])
    assert report == local
    assert drop_source(hash_tree(tmp_path / "out")) == drop_source(hash_tree(tmp_path / "local"))
    assert balance_folder(url + "/", tmp_path / "out", n_jobs=2, **options) == local
    plan = (tmp_path / "out/plan.json").read_text()
    assert json.loads(plan)["source"] == url
    assert storage_options["endpoint_url"] not in plan


def test_references_are_urls_that_can_be_opened(write_classes, upload, storage_options, tmp_path):
    source = write_classes(COUNTS)
    url = upload(source, "s3://second/photos")
    options = {"place": "reference", "storage_options": storage_options, "split": None}
    report = balance_folder(url, tmp_path / "out", **options)
    with open(tmp_path / "out/train/metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["augmented"] == "false"]
    assert len(rows) == sum(report.original_counts.values())
    for row in rows:
        with fsspec.open(row["file_name"], **storage_options) as file:
            assert file.read() == (source / row["source"]).read_bytes()


@pytest.mark.parametrize("group_by", ["scene", r"(\d)\.jpg$", "content"])
def test_groups_of_a_url_are_those_of_its_folder(write_classes, tmp_path, hash_tree, group_by):
    source = write_classes({"A": 6, "B, é": 12})
    names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*.jpg"))
    with open(source / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file_name", "scene"), *((n, n[-5:-4]) for n in names)])
    fsspec.filesystem("memory").put(f"{source}/", f"/{tmp_path.name}/", recursive=True)
    options = {"group_by": group_by, "split": (0.5, 0.5)}
    balance_folder(source, tmp_path / "near", **options)
    balance_folder(f"memory://{tmp_path.name}", tmp_path / "far", **options)
    far, near = (drop_source(hash_tree(tmp_path / side)) for side in ("far", "near"))
    assert far == near
    with pytest.raises(ValueError, match=r"group_by gives no group for 'A/00\.jpg'"):
        balance_folder(f"memory://{tmp_path.name}", tmp_path / "none", group_by="row")


def test_a_store_that_fails_stops_the_job_and_leaves_no_image_out(
    write_classes, tmp_path, monkeypatch, hash_tree
):
    source = write_classes({"A": 3, "B": 5})
    files = fsspec.filesystem("memory")
    files.put(str(source) + "/", "/photos/", recursive=True)

    def fail(path, *args, **kwargs):
        raise TimeoutError("the store is silent")

    with monkeypatch.context() as patch:
        patch.setattr(type(files), "cat_file", fail)
        with pytest.raises(OSError, match=r"fetched \(the store is silent\); run the same command"):
            balance_folder("memory://photos", tmp_path / "out", on_error="skip")
    assert balance_folder("memory://photos", tmp_path / "out", on_error="skip").skipped == {}
    balance_folder(source, tmp_path / "local")
    assert drop_source(hash_tree(tmp_path / "out")) == drop_source(hash_tree(tmp_path / "local"))


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"place": "symlink"}, "place must be .copy. or .reference. where the source"),
        ({"source": "memory://nowhere"}, "source must be an existing folder, got 'memory://no"),
        ({"source": ".", "storage_options": {}}, "storage_options are for URLs"),
    ],
)
def test_what_a_url_cannot_be_is_refused(parameters, reason, tmp_path):
    arguments = {"source": "memory://photos", "destination": tmp_path / "out", **parameters}
    with pytest.raises(ValueError, match=reason):
        balance_folder(**arguments)
