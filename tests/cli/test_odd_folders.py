"""Folders as people have them: classes without images, folders that were balanced, odd names."""

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from sklmerge import ImageIndex, balance_folder


@pytest.fixture
def photos(textures, tmp_path):
    for label, folder in (("grass", "grass"), ("gravel", "gravel"), ("a, b", "gravel")):
        shutil.copytree(textures / folder, tmp_path / "photos" / label)
    (tmp_path / "photos" / "empty").mkdir()
    return tmp_path / "photos"


def test_inspect_reports_a_class_folder_without_images_and_goes_on(run, run_json, photos):
    found = run_json("inspect", photos)
    assert found["empty_folders"] == ["empty"]
    assert found["counts"] == {"a, b": 20, "grass": 60, "gravel": 20}
    assert "class folders without an image: 1\n  empty\n" in run("inspect", photos).stdout


def test_what_inspect_advises_runs_beside_a_class_folder_without_images(run, run_json, photos):
    found = run_json("inspect", photos, "--model", "linear")
    command = shlex.split(found["commands"][0])
    assert command[:2] == ["sklmerge", "weights"]
    assert run_json(*command[1:])["counts"] == found["counts"]
    names = {}
    exec("\n".join(found["code"]), names)
    assert len(names["class_weight"]) == 3


@pytest.mark.parametrize("command", ["weights", "suggest", "preview", "balance"])
def test_the_others_say_how_to_leave_it_out_and_do(run, photos, tmp_path, command):
    more = {"balance": [tmp_path / "out"], "preview": ["-o", tmp_path / "sheet.png"]}
    arguments = [command, photos, *more.get(command, [])]
    error = run(*arguments, code=2).stderr
    assert "'empty'" in error
    assert "name the folders to take by classes=[...]" in error
    run(*arguments, "--classes", "grass,gravel")


def test_classes_with_commas_are_named_in_json(run, run_json, photos):
    found = run_json("weights", photos, "--classes", '["a, b", "grass"]')
    assert list(found["counts"]) == ["a, b", "grass"]
    assert "classes must be A,B" in run("weights", photos, "--classes", "[a", code=2).stderr
    assert "classes must name folders" in run("weights", photos, "--classes", "b", code=2).stderr


def test_an_index_names_empty_folders_where_they_are_allowed(photos):
    index = ImageIndex(photos, allow_empty=True)
    assert index.empty_folders == ["empty"]
    assert index.original_classes == ["a, b", "grass", "gravel"]
    assert index.counts == ImageIndex(photos, classes=["gravel", "grass", "a, b"]).counts
    with pytest.raises(ValueError, match="'empty'"):
        ImageIndex(photos, classes=["empty"], allow_empty=True)


def test_a_part_may_lack_a_class_that_another_has(photos, tmp_path):
    shutil.copytree(photos / "grass", tmp_path / "divided/train/grass")
    shutil.copytree(photos / "gravel", tmp_path / "divided/train/gravel")
    shutil.copytree(photos / "gravel", tmp_path / "divided/val/gravel")
    (tmp_path / "divided/val/grass").mkdir()
    options = {"dry_run": True, "classes": ["grass", "gravel"]}
    with pytest.warns(UserWarning, match="val has no image of 'grass'"):
        report = balance_folder(tmp_path / "divided", tmp_path / "out", **options)
    assert report.counts_before["val"] == {"grass": 0, "gravel": 20}
    with pytest.raises(ValueError, match="no image of class 'cow' in any part"):
        balance_folder(tmp_path / "divided", tmp_path / "out", classes=["gravel", "cow"])


@pytest.mark.parametrize("split", ["0.8,0.2", "1"])
@pytest.mark.parametrize("command", ["inspect", "weights", "suggest", "preview"])
def test_a_balanced_folder_is_told_apart_and_its_train_part_is_named(
    run, photos, tmp_path, split, command
):
    balanced = tmp_path / "out"
    run("balance", photos, balanced, "--classes", "grass,gravel", "--split", split)
    error = run(command, balanced, code=2).stderr
    assert f"source must hold a folder for each class, but '{balanced}' holds parts of a" in error
    assert f"take one of them, such as '{balanced}/train'" in error
    if command == "weights":
        assert "1.0" in run(command, balanced / "train").stdout


ODD = ["two\nlines", "tab\tand \x1b[31mred", "[bold]brackets[bold]", "普通", "=1+1", "'q\""]


@pytest.fixture
def odd(textures, tmp_path):
    """Odd names of classes and of images in each; one of the images is none."""
    patches = sorted((textures / "gravel").iterdir())
    for label in ODD:
        (tmp_path / "odd" / label).mkdir(parents=True)
        for number, name in enumerate([*ODD, "plain"]):
            shutil.copy(patches[number], tmp_path / "odd" / label / f"{name}.png")
    bad = os.fsencode(tmp_path / "odd" / ODD[0]) + b"/no\xffunicode\n.png"
    with open(bad, "wb") as file:
        file.write(b"no image")
    return tmp_path / "odd"


@pytest.mark.parametrize("command", ["inspect", "weights", "suggest", "audit", "balance"])
def test_odd_names_break_no_line_and_no_terminal(run, odd, tmp_path, command):
    more = {
        "audit": [odd],
        "balance": [tmp_path / "out", "--on-error", "skip"],
        "suggest": ["--folds", "2"],
    }
    code = 1 if command == "audit" else 0
    result = run(command, odd, *more.get(command, []), code=code)
    shown = result.stdout + result.stderr
    assert "two\\nlines" in shown
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(line.startswith("lines") for line in shown.split("\n"))


def test_tables_hold_odd_names_whole(odd, run, tmp_path):
    run("balance", odd, tmp_path / "out", "--on-error", "skip", "--split", "1")
    with open(tmp_path / "out/train/metadata.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == set(ODD)
    assert all((tmp_path / "out/train" / row["file_name"]).is_file() for row in rows)
    counts = run("separate", tmp_path / "out", tmp_path / "apart", "--json").stdout
    assert set(json.loads(counts)["train"]) == set(ODD)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_a_terminal_that_cannot_show_a_name_gets_an_escape(odd, encoding):
    command = [sys.executable, "-m", "sklmerge.cli", "inspect", str(odd)]
    for options in ([], ["--json"]):
        environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        done = subprocess.run([*command, *options], capture_output=True, env=environment)
        assert (done.returncode, done.stderr) == (0, b"")
        shown = done.stdout.decode("utf-8")
        assert "no\\udcffunicode" in shown
        if options:
            assert set(json.loads(shown)["counts"]) == set(ODD)


@pytest.mark.parametrize("command", ["inspect", "balance"])
def test_a_pipe_that_is_called_like_an_image_is_bad_and_not_waited_for(
    run_json, photos, tmp_path, command
):
    os.mkfifo(photos / "grass" / "pipe.png")
    shutil.rmtree(photos / "empty")
    more = {"balance": [tmp_path / "out", "--on-error", "skip"]}
    found = run_json(command, photos, *more.get(command, []))
    bad = found["bad_files" if command == "inspect" else "skipped"]
    assert bad == {"grass/pipe.png": "empty file"}


def test_whoever_stops_reading_gets_no_error(textures):
    command = [sys.executable, "-m", "sklmerge.cli", "inspect", str(textures), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as job:
        job.stdout.close()
        assert job.stderr.read() == b""


def test_inspect_advises_epochs_where_there_is_no_room_for_copies(run, run_json, textures):
    for model in ("trees", "network"):
        found = run_json("inspect", textures, "--budget", "100kB", "--model", model)
        assert (found["remedy"], found["commands"]) == ("epochs", [])
        assert "more than the 100.0 kB of disk space" in found["reasons"][1]
    assert found["n_bytes"] == sum(path.stat().st_size for path in textures.rglob("*.png"))
    assert found["n_files_balanced"] == 400
    assert "EpochSchedule" in "".join(found["code"])
    for options in ((), ("--budget", "1 GB")):
        found = run_json("inspect", textures, "--model", "trees", *options)
        assert found["remedy"] == "copies and weights"
    assert "--budget must be" in run("inspect", textures, "--budget", "much", code=2).stderr


def test_leaf_folders_are_classes_and_their_parents_a_merge(run, run_json, textures, tmp_path):
    for label, place in (("brick", "made/brick"), ("grass", "grown/grass"), ("gravel", "made")):
        shutil.copytree(textures / label, tmp_path / "tree" / place, dirs_exist_ok=True)
    tree = tmp_path / "tree"
    found = run_json("inspect", tree, "--levels", "leaf")
    assert found["counts"] == {"grown/grass": 60, "made": 20, "made/brick": 160}
    assert "--levels leaf" in found["commands"][0]
    assert "levels='leaf'" in "".join(found["code"])
    joined = run_json("weights", tree, "--levels", "leaf", "--merge", "parent")
    assert joined["counts"] == ImageIndex(tree, levels="leaf", merge="parent").counts
    merge = ["--merge", "made=made,made/brick"]
    run("balance", tree, tmp_path / "out", "--levels", "leaf", *merge, "--max-copies", 1)
    assert sorted(path.name for path in (tmp_path / "out" / "train").iterdir()) == [
        "grown%2Fgrass", "made", "metadata.csv",
    ]  # fmt: skip
    assert ImageIndex(tmp_path / "out" / "train").classes == ["grown/grass", "made"]
    run("separate", tmp_path / "out", tmp_path / "apart", "--no-include-augmented")
    assert len([*(tmp_path / "apart").rglob("*.png")]) == 240
    assert {path.name for path in (tmp_path / "apart" / "val").iterdir()} >= {"grown%2Fgrass"}
    for wrong in (["--levels", "deep"], ["--merge", "parent"]):
        assert "levels" in run("weights", tree, *wrong, code=2).stderr


def test_a_file_that_is_no_network_is_wrong_use(run, textures, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    for name in ("bad.onnx", "missing.onnx"):
        error = run("suggest", textures, "--model", tmp_path / name, code=2).stderr
        assert error.startswith("error: model must be ")
        assert name in error
        assert error.count("\n") == 1


def test_a_pattern_leaves_masks_and_folders_out_of_every_command(run, run_json, textures, tmp_path):
    """Masks may have the extension of the images, and a folder beside the classes none of them."""
    for label in ("grass", "gravel"):
        for path in sorted((textures / label).glob("*.png"))[:8]:
            (tmp_path / "photos" / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "photos" / label)
            shutil.copy(path, tmp_path / "photos" / label / f"{path.stem}_mask.png")
    shutil.copytree(textures / "brick", tmp_path / "photos" / "old")
    photos, options = tmp_path / "photos", ("--exclude", "_mask|^old/")
    expected = {"grass": 8, "gravel": 8}
    found = run_json("inspect", photos, *options)
    assert found["counts"] == run_json("weights", photos, *options)["counts"] == expected
    made = run_json("balance", photos, tmp_path / "out", *options)
    assert made["original_counts"] == expected
    shown = run("report", photos, *options, "-o", tmp_path / "report.html").stdout
    assert shown.startswith("wrote ")
    (command, _) = found["commands"] or ["", ""]
    assert not command or "--exclude '_mask|^old/'" in command
    result = run("inspect", photos, "--exclude", "(", code=2)
    assert "exclude must be a regular expression" in result.stderr
