"""Options are named like the parameters, tables are taken everywhere, and help comes at once."""

import inspect
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import sklmerge
from sklmerge.cli._app import app

FUNCTIONS = {
    "inspect": sklmerge.inspect_folder,
    "report": sklmerge.write_report,
    "weights": sklmerge.ClassWeightEstimator,
    "suggest": sklmerge.suggest_folder,
    "preview": sklmerge.preview_folder,
    "balance": sklmerge.balance_folder,
    "audit": sklmerge.audit_split,
    "separate": sklmerge.separate,
}
# How a source is read, how copies are augmented, and what only a shell needs.
OWN = {
    "labels", "root", "path_column", "label_column", "suffix",
    "classes", "extensions", "exclude", "storage_options",
    "augment", "rotation_range", "shift_range", "shear_range", "zoom_range", "brightness_range",
    "contrast_range", "channel_shift_range", "horizontal_flip", "vertical_flip", "fill_mode",
    "source", "destination", "balanced", "train", "val", "levels",
    "json", "budget", "framework", "out", "merge", "max_pixels",
}  # fmt: skip


def list_options(command):
    for parameter in inspect.signature(command).parameters.values():
        for info in getattr(parameter.annotation, "__metadata__", ()):
            flags = [*(getattr(info, "param_decls", None) or ()), getattr(info, "default", "")]
            named = [flag for flag in flags if isinstance(flag, str) and flag.startswith("--")]
            name = named[0].partition("/")[0][2:] if named else parameter.name
            yield name.replace("-", "_")


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda c: c.callback.__name__)
def test_options_are_named_like_the_parameters_of_the_function(command):
    name = command.callback.__name__
    if name == "demo":
        return
    parameters = set(inspect.signature(FUNCTIONS[name]).parameters)
    odd = set(list_options(command.callback)) - parameters - OWN
    assert odd == set()


def test_every_command_has_a_function_at_the_top_level():
    commands = {command.callback.__name__ for command in app.registered_commands}
    assert commands == {*FUNCTIONS, "demo"}
    assert {function.__name__ for function in FUNCTIONS.values()} <= set(sklmerge.__all__)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["balance", "--help"]])
def test_help_loads_no_library_of_numbers(arguments):
    code = (
        "import sys; from sklmerge.cli import main\n"
        f"sys.argv = ['sklmerge', *{arguments!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'sklearn', 'cv2', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def table(tmp_path):
    """Images in one folder, and labels of their stems in a table of semicolons."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    lines = ["image;emotion"]
    for number in range(20):
        pixels = rng.integers(0, 256, (24, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
        lines.append(f"{number};{'happy' if number < 14 else 'sad'}")
    (tmp_path / "train.csv").write_text("\n".join(lines))
    columns = ("--path-column", "image", "--label-column", "emotion", "--suffix", ".png")
    return tmp_path / "images", ("--labels", tmp_path / "train.csv", *columns)


def test_every_command_takes_labels_from_a_table(run, run_json, table, tmp_path):
    images, options = table
    found = run_json("inspect", images, *options)
    assert found["counts"] == {"happy": 14, "sad": 6}
    assert run_json("weights", images, *options)["counts"] == found["counts"]
    assert run_json("suggest", images, *options)["n_images"] == 20
    run("preview", images, *options, "--out", tmp_path / "sheet.png")
    run("report", images, *options, "--out", tmp_path / "report.html")
    assert "happy" in (tmp_path / "report.html").read_text(encoding="utf-8")
    report = run_json("balance", images, tmp_path / "out", *options)
    assert report["original_counts"] == found["counts"]
    assert report["counts_after"]["train"] == {"happy": 11, "sad": 11}


def test_what_inspect_prints_of_a_table_runs(run, run_json, table, tmp_path, monkeypatch):
    images, options = table
    for number in range(15, 18):
        (images / f"{number}.png").write_bytes(b"no image")
    monkeypatch.chdir(tmp_path)
    found = run_json("inspect", images, *options)
    assert found["counts"] == {"happy": 14, "sad": 3}
    assert found["unreadable_counts"] == {"sad": 3}
    command = found["commands"][0]
    assert "--labels" in command
    assert "--on-error skip" in command
    import shlex

    words = shlex.split(command)[1:]
    assert run_json(*words)["original_counts"] == {"happy": 14, "sad": 6}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--path-column", "file"), "'file'"),
        (("--label-column", "mood"), "'mood'"),
        (("--suffix", ".jpg"), "'0.jpg'"),
    ],
)
def test_a_table_that_does_not_fit_is_told(run, table, tmp_path, more, message):
    images, options = table
    error = run("balance", images, tmp_path / "out", *options, *more, code=2).stderr
    assert message in error
    assert error.count("\n") == 1


def test_columns_without_a_table_are_refused(run, textures, tmp_path):
    for arguments in (["inspect", textures], ["balance", textures, tmp_path / "out"]):
        error = run(*arguments, "--path-column", "image", code=2).stderr
        assert "path_column is for a table" in error


@pytest.mark.parametrize("word", ["natural", "none"])
def test_classes_can_stay_as_large_as_they_are(run_json, textures, tmp_path, word):
    report = run_json(
        "balance", textures, tmp_path / "out", "--samples-per-class", word, "--split", "1"
    )
    assert report["counts_after"] == report["counts_before"]


def test_splits_folds_and_drops_reach_the_job(run_json, textures, tmp_path):
    report = run_json("balance", textures, tmp_path / "a", "--split", "val=0.1,test=4")
    assert report["counts_before"]["test"] == {"brick": 4, "grass": 4, "gravel": 4}
    report = run_json("balance", textures, tmp_path / "b", "--folds", "2", "--drop", "duplicates")
    assert set(report["counts_after"]) == {
        "fold1/train", "fold1/val", "fold2/train", "fold2/val",
    }  # fmt: skip
    plan = json.loads((tmp_path / "b/fold1/plan.json").read_text())
    assert plan["parameters"]["drop"] == ["duplicates"]


def test_an_audit_writes_its_list(run, textures, tmp_path):
    shown = run("audit", textures, textures, "--out", tmp_path / "leaks.csv", code=1).stdout
    assert shown.startswith("240 of 240 validation images (100%) are also among")
    assert "and 230 more pairs" in shown
    assert len((tmp_path / "leaks.csv").read_text().splitlines()) > 240


def test_a_preview_draws_others_in_place_of_bad_files(run, textures, tmp_path):
    import shutil

    shutil.copytree(textures, tmp_path / "p")
    for number in range(10):
        (tmp_path / "p/gravel" / f"x{number}.jpg").write_bytes(b"GIF87a")
    for seed in range(4):
        arguments = ("--n-sources", "4", "--random-state", seed, "--out", tmp_path / "s.png")
        said = run("preview", tmp_path / "p", *arguments).stderr
        assert not said or "others are drawn in their place" in said


def test_classes_too_small_for_the_folds_are_left_out_and_named(run, textures, tmp_path):
    import shutil

    shutil.copytree(textures, tmp_path / "p")
    (tmp_path / "p/rare").mkdir()
    shutil.copy(sorted((textures / "brick").iterdir())[0], tmp_path / "p/rare")
    shown = run("suggest", tmp_path / "p").stdout
    assert "left out because it has fewer images than folds: rare (1)" in shown
    run("suggest", tmp_path / "p", "--merge", "x=rare,gravel")


def test_an_empty_source_is_no_folder(run):
    assert "source must be" in run("inspect", "", code=2).stderr


@pytest.mark.parametrize("text", ["24x40", "24X40", "24,40", "(24, 40)"])
def test_a_size_may_be_written_as_the_error_of_a_wrong_one_shows_it(run, textures, tmp_path, text):
    run("balance", textures, tmp_path / "out", "--image-size", text, "--dry-run")
