"""Every command does its job, speaks to people and to programs, and leaves sources alone."""

import shlex
import subprocess
import sys
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.utils.class_weight import compute_class_weight

from sklmerge import ImageAugmenter, ImageIndex, __version__
from sklmerge._random import hash_texts
from sklmerge.images import decode_image
from sklmerge.plot._copies import vary_image

MERGE = ("--merge", "ground=grass,gravel")


def digest_tree(folder):
    return {
        str(path.relative_to(folder)): blake2b(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def count_files(part):
    return {
        folder.name: len(list(folder.iterdir())) for folder in part.iterdir() if folder.is_dir()
    }


def test_inspect_counts_weighs_and_advises(run, run_json, textures):
    found = run_json("inspect", textures, *MERGE)
    assert found["counts"] == {"brick": 160, "ground": 80}
    assert found["original_counts"] == {"brick": 160, "grass": 60, "gravel": 20}
    assert found["class_weight"] == {"brick": 0.75, "ground": 1.5}
    assert found["remedy"] == "epochs"
    assert run_json("inspect", textures, "--model", "linear", *MERGE)["remedy"] == "weights"
    shown = run("inspect", textures).stdout
    # Copies on disk stand in for epochs.
    for text in ("gravel", "160", "8.0 images for each", "EpochSchedule", "sklmerge balance"):
        assert text in shown


def test_the_code_that_inspect_prints_runs(run_json, textures):
    weights = {}
    exec("\n".join(run_json("inspect", textures, "--model", "linear", *MERGE)["code"]), weights)
    assert weights["class_weight"] == {0: 0.75, 1: 1.5}


@pytest.mark.parametrize(
    ("here", "source"),
    [(".", "photos"), ("photos", "."), ("photos/brick", ".."), ("photos", "../link/brick/..")],
)
def test_copies_are_advised_beside_the_folder_and_in_python_as_in_the_shell(
    run_json, textures, tmp_path, monkeypatch, here, source
):
    photos = tmp_path / "photos"
    (tmp_path / "link").symlink_to(photos)
    for label, n_images in (("brick", 90), ("ground", 10), ("grass", 10)):
        (photos / label).mkdir(parents=True)
        for path in sorted((textures / label.replace("ground", "gravel")).iterdir())[:n_images]:
            (photos / label / path.name).write_bytes(path.read_bytes())
    (photos / "grass" / "broken.png").write_bytes(b"no image")
    monkeypatch.chdir(tmp_path / here)
    found = run_json("inspect", source, "--model", "trees", "--merge", "ground=grass,ground")
    assert found["remedy"] == "copies and weights"
    job, weigh = (shlex.split(command)[1:] for command in found["commands"])
    run_json(*job)
    balanced = tmp_path / "photos-balanced"
    assert count_files(balanced / "train") == {"brick": 72, "ground": 64}
    made = digest_tree(balanced)
    class_weight = run_json(*weigh)["keras"]
    balanced.rename(tmp_path / "by_the_shell")
    names = {}
    exec("\n".join(found["code"]), names)
    assert digest_tree(balanced) == made
    assert {str(code): weight for code, weight in names["class_weight"].items()} == class_weight
    assert names["batches"].counts == {"brick": 21, "ground": 21}


@pytest.mark.parametrize("model", ["linear", "trees", "network", "embedding"])
def test_the_advice_for_each_kind_of_model_can_be_pasted(run_json, textures, model):
    found = run_json("inspect", textures, "--model", model, *MERGE)
    assert found["first"].startswith("train without weights, then divide the probabilities")
    names = {}
    exec("\n".join(found["code"]), names)
    if model == "network":
        # brick 160, ground 80: log(1 / 160) and log(1 / 80), of mean 0.
        assert names["offsets"] == pytest.approx([-np.log(2) / 2, np.log(2) / 2])
        return
    y = np.repeat(["brick", "ground"], [160, 80])
    X = np.random.default_rng(0).normal(size=(240, 1))
    classifier = names["classifier"].fit(X, y)
    # Nothing to see in X: plainly trained it is always brick, adjusted neither is.
    assert abs((classifier.predict(X) == "brick").mean() - 0.5) < 0.35


def test_inspect_names_bad_files_and_duplicates_under_two_labels(run, run_json, textures, tmp_path):
    for label in ("brick", "grass"):
        (tmp_path / label).mkdir()
        for path in list((textures / label).iterdir())[:5]:
            (tmp_path / label / path.name).write_bytes(path.read_bytes())
    twin = next((tmp_path / "brick").iterdir())
    (tmp_path / "grass" / "twin.png").write_bytes(twin.read_bytes())
    (tmp_path / "grass" / "broken.png").write_bytes(twin.read_bytes()[:200])
    found = run_json("inspect", tmp_path)
    assert list(found["bad_files"]) == ["grass/broken.png"]
    assert [sorted(group) for group in found["conflicts"]] == [
        [f"brick/{twin.name}", "grass/twin.png"]
    ]
    assert "grass/broken.png" in run("inspect", tmp_path).stdout


def test_weights_are_those_of_scikit_learn_keyed_as_keras_wants_them(run, run_json, textures):
    found = run_json("weights", textures)
    labels = np.repeat(["brick", "grass", "gravel"], [160, 60, 20])
    expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    assert list(found["keras"].values()) == pytest.approx(expected.tolist())
    assert found["class_indices"] == {"brick": 0, "grass": 1, "gravel": 2}
    smallest = run_json("weights", textures, *MERGE, "--normalize", "min")
    assert smallest["class_weight"] == {"brick": 1.0, "ground": 2.0}
    assert "class_weight={0: 0.5, 1: 1.333333, 2: 4.0}" in run("weights", textures).stdout


def test_balance_and_separate_are_exact_and_change_no_source(run, run_json, textures, tmp_path):
    before = digest_tree(textures)
    balanced, separated = tmp_path / "balanced", tmp_path / "separated"
    report = run_json("balance", textures, balanced, *MERGE, "--split", "0.7,0.2,0.1")
    assert count_files(balanced / "train") == report["counts_after"]["train"]
    assert report["counts_after"]["train"]["brick"] == report["counts_after"]["train"]["ground"]
    assert sum(report["counts_before"][part]["ground"] for part in ("train", "val", "test")) == 80
    counts = run_json("separate", balanced, separated, "--no-include-augmented")
    totals = Counter()
    for part, classes in counts.items():
        assert count_files(separated / part) == classes
        totals.update(classes)
    assert totals == {"brick": 160, "grass": 60, "gravel": 20}
    assert digest_tree(textures) == before


def test_a_dry_run_writes_nothing_and_tells_what_would_be(run, textures, tmp_path):
    shown = run("balance", textures, tmp_path / "out", "--dry-run", "--split", "1").stdout
    assert "20 -> 160" in shown
    assert not (tmp_path / "out").exists()


def test_options_reach_the_job(run_json, textures, tmp_path):
    report = run_json(
        "balance", textures, tmp_path / "out", "--split", "1", "--max-copies", "2",
        "--samples-per-class", "100", "--image-size", "24x40", "--image-format", "jpeg",
        "--augment", "none", "--rotation-range", "20", "--horizontal-flip", "--random-state", "7",
    )  # fmt: skip
    assert report["counts_after"]["train"] == {"brick": 100, "grass": 100, "gravel": 60}
    sizes = {
        decode_image(path.read_bytes()).shape[:2] for path in (tmp_path / "out").rglob("*.jpg")
    }
    assert sizes == {(24, 40)}
    assert "rotation" in (tmp_path / "out" / "train" / "metadata.csv").read_text()


def test_preview_draws_the_copies_that_balance_writes(run, textures, tmp_path):
    ranges = ("--augment", "none", "--rotation-range", "40", "--random-state", "3")
    run("balance", textures, tmp_path / "out", "--split", "1", *ranges)
    index = ImageIndex(textures)
    place = int(np.flatnonzero(index.labels == "gravel")[4])
    image = index.read([place])[0]
    key = hash_texts(index.paths.iterate_bytes())[place]
    copies, captions = vary_image(image, ImageAugmenter(rotation_range=40), key, 2, 3, first=1)
    stem = Path(index.paths[place]).stem
    for number, copy in enumerate(copies, start=1):
        written = tmp_path / "out" / "train" / "gravel" / f"gravel__{stem}__aug{number:04d}.png"
        assert_array_equal(decode_image(written.read_bytes(), color_mode="rgb"), copy)
    assert all(caption.startswith("rotate ") for caption in captions)
    run("preview", textures, "--classes", "gravel", *ranges, "--out", tmp_path / "sheet.png")
    assert decode_image((tmp_path / "sheet.png").read_bytes()).std() > 10


def test_the_demo_runs_from_start_to_end(run, tmp_path):
    shown = run("demo", tmp_path / "demo").stdout
    assert "\\n" not in shown
    assert "all 240 original images are back in their classes, byte for byte" in shown
    assert "64 -> 128" in shown
    assert "augmented copies" in shown
    assert (tmp_path / "demo" / "contact_sheet.png").stat().st_size > 10_000


def test_the_installed_command_tells_its_version_and_helps(run):
    command = [sys.executable, "-m", "sklmerge.cli", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout == f"sklmerge {__version__}\n"
    for name in ("inspect", "weights", "balance", "separate", "suggest", "preview", "demo"):
        assert name in run("--help").stdout
        assert "Usage" in run(name, "--help").stdout
