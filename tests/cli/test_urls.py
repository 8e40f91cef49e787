"""Commands take the URL of a folder where they take a folder, and say the same of it."""

import json

import pytest
from typer.testing import CliRunner

from sklmerge.cli._app import app
from sklmerge.datasets import write_textures

SECRET = "do-not-print"


@pytest.fixture(scope="module")
def place(tmp_path_factory, storage_options):
    """A small folder, its URL, and the option that opens it."""
    import fsspec

    folder = tmp_path_factory.mktemp("photos")
    write_textures(folder)
    for path in folder.rglob("*.png"):
        if path.stem.endswith(("1", "2", "3")):
            path.unlink()
    files = fsspec.filesystem("s3", **storage_options)
    files.mkdir("shell")
    files.put(f"{folder}/", "s3://shell/photos/", recursive=True)
    options = json.dumps(storage_options | {"secret": SECRET})
    return folder, "s3://shell/photos", ("--storage-options", options)


def drop(found):
    """Leave out what tells where the images are, and how much memory is free."""
    other = ("source", "commands", "code", "budget_bytes")
    return {name: value for name, value in found.items() if name not in other}


@pytest.mark.parametrize(
    "command", [("inspect",), ("weights", "--scheme", "log"), ("suggest", "--folds", "2")]
)
def test_what_is_printed_of_a_url_is_what_is_printed_of_its_folder(place, run, run_json, command):
    folder, url, options = place
    merge = ("--merge", "ground=grass,gravel") if command[0] != "suggest" else ()
    found = run_json(*command, url, *merge, *options)
    assert drop(found) == drop(run_json(*command, folder, *merge))
    shown = run(*command, url, *merge, *options).stdout
    assert SECRET not in shown
    if command[0] == "inspect":
        assert f'{url} --storage-options "$OPTIONS" ' in shown
        assert "storage_options=storage_options" in shown


def test_a_url_is_balanced_previewed_and_audited(place, run, run_json, tmp_path):
    folder, url, options = place
    arguments = ("--max-copies", "1", "--random-state", "3")
    report = run_json("balance", url, tmp_path / "far", *arguments, *options)
    assert report == run_json("balance", folder, tmp_path / "near", *arguments)
    far = ("memory://shell/balanced", "--destination-options", "{}")
    assert run_json("balance", folder, *far, *arguments) == report
    run("preview", url, "--out", tmp_path / "far.png", *options)
    run("preview", folder, "--out", tmp_path / "near.png")
    assert (tmp_path / "far.png").read_bytes() == (tmp_path / "near.png").read_bytes()
    found = CliRunner().invoke(app, ["audit", url, str(tmp_path / "near/val"), *options, "--json"])
    assert found.exit_code == 1
    in_both = json.loads(found.stdout)["same_bytes"]
    assert len(in_both) == sum(report["counts_before"]["val"].values())


def test_a_preview_is_not_written_to_a_source_named_by_a_file_url(run, place):
    folder, _, _ = place
    error = run("preview", f"file://{folder}", "-o", folder / "grass/x.png", code=2).stderr
    assert "out must lie outside the source" in error


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("weights", "s3://shell/photos", "--storage-options", "{anon}"), 2, "a JSON object"),
        (("weights", "s3://shell/photos", "--storage-options", "[1]"), 2, "got list"),
        (("inspect", ".", "--storage-options", "{}"), 2, "storage_options are for URLs, such as"),
        (("audit", ".", ".", "--storage-options", "{}"), 2, "storage_options are for URLs"),
        (("weights", "teleport://photos"), 2, "Protocol not known: teleport"),
        (
            ("separate", "s3://shell/x", "out"),
            2,
            "balanced must be a path, got the URL 's3://shell/x'",
        ),
        (
            ("separate", ".", "s3://shell/x"),
            2,
            "destination must be a path, got the URL 's3://shell/x'",
        ),
        (
            ("weights", "memory://nowhere"),
            2,
            "source must be an existing folder, got 'memory://now",
        ),
        (
            ("balance", ".", "out", "--destination-options", "{}"),
            2,
            "destination_options are for URLs",
        ),
        (
            ("balance", "memory://nowhere", "out"),
            2,
            "source must be an existing folder, got 'memory",
        ),
        (("weights", "sftp://127.0.0.1:9/photos"), 1, "'sftp://127.0.0.1:9/photos' cannot be open"),
    ],
)
def test_wrong_urls_and_options_end_in_one_line(run, arguments, code, word):
    error = run(*arguments, code=code).stderr
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert word in error
