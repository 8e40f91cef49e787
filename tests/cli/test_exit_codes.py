"""Exit code 2 is for wrong use alone; a job that fails ends with 1."""

import shutil

import pytest

from sklmerge import BadFileError, ImageIndex, separate


@pytest.fixture
def photos(textures, tmp_path):
    for label in ("grass", "gravel"):
        shutil.copytree(textures / label, tmp_path / "photos" / label)
    return tmp_path / "photos"


@pytest.fixture
def balanced(run, photos, tmp_path):
    run("balance", photos, tmp_path / "balanced", "--augment", "none")
    return tmp_path / "balanced"


def test_a_bad_image_fails_the_jobs_that_need_it(run, photos, tmp_path):
    for path in (photos / "grass").iterdir():
        path.write_bytes(b"no image")
    assert "could not be read" in run("preview", photos, "-o", tmp_path / "a.png", code=1).stderr
    with pytest.raises(BadFileError, match="60 of 80 files could not be read"):
        ImageIndex(photos).read()


@pytest.mark.parametrize("name", ["train/metadata.csv", "train/grass"])
def test_a_balanced_folder_that_is_damaged_fails_to_be_separated(run, balanced, tmp_path, name):
    if name.endswith("csv"):
        (balanced / name).write_text("file_name,label")
    else:
        next((balanced / name).iterdir()).unlink()
    error = run("separate", balanced, tmp_path / "apart", code=1).stderr
    assert "run balance_folder again to mend it" in error
    with pytest.raises(BadFileError):
        separate(balanced, tmp_path / "apart")


def test_a_destination_with_a_damaged_plan_fails(run, photos, balanced, tmp_path):
    (balanced / "plan.json").write_text("{")
    told = f"error: '{balanced}' has a damaged plan.json; take a new folder, or delete this one"
    assert run("balance", photos, balanced, code=1).stderr.startswith(told)
    assert run("separate", balanced, tmp_path / "apart", code=1).stderr.startswith(told)


def test_folders_that_are_called_like_parameters_are_named_as_they_are(run, photos, tmp_path):
    name = "source=camA/random_state=5, n_jobs=2.png"
    (photos / "grass" / "source=camA").mkdir()
    (photos / "grass" / name).write_bytes(b"no image")
    error = run("balance", photos, tmp_path / "out", code=1).stderr
    assert error.startswith(f"error: source file 'grass/{name}' could not be read (not an image")
    for path in (photos / "gravel").iterdir():
        path.write_bytes(b"no image")
        path.rename(path.with_name(f"split=2 {path.name}"))
    error = run("balance", photos, tmp_path / "all", "--on-error", "skip", code=1).stderr
    assert f"files could not be read, first: 'grass/{name}'" in error


def test_a_destination_that_may_not_be_written_fails(run, photos, tmp_path):
    (tmp_path / "file").write_text("no folder")
    error = run("balance", photos, tmp_path / "file" / "out", code=1).stderr
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_package_that_is_missing_is_named(run, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("sklmerge.report.preview_folder", import_missing)
    error = run("preview", photos, "-o", tmp_path / "a.png", code=1).stderr
    assert error == "error: fsspec is needed for 's3://x'; pip install 'sklmerge[cloud]'\n"


def import_missing(*_, **__):
    raise ImportError("fsspec is needed for 's3://x'; pip install 'sklmerge[cloud]'")


@pytest.mark.parametrize("reason", ["", "unable to allocate 9 TiB"])
def test_memory_that_does_not_suffice_is_no_traceback(run, photos, tmp_path, monkeypatch, reason):
    def fill(*_, **__):
        raise MemoryError(*[reason] if reason else [])

    monkeypatch.setattr("sklmerge.report.preview_folder", fill)
    error = run("preview", photos, "-o", tmp_path / "a.png", code=1).stderr
    assert error == f"error: not enough memory{reason and f': {reason}'}\n"


def test_wrong_use_is_2(run, photos, tmp_path):
    assert (
        "random_state must be"
        in run("balance", photos, tmp_path / "o", "--random-state", "-1", code=2).stderr
    )
    assert "source must be" in run("inspect", tmp_path / "nowhere", code=2).stderr
