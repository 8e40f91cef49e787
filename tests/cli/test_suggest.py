"""`sklmerge suggest` finds classes that cannot be told apart, and shows the images behind it."""

import re
import shlex
import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sklmerge import ImageIndex, suggest_merges
from sklmerge.images import encode_image


@pytest.fixture(scope="module")
def grains(tmp_path_factory):
    """Make fine and coarse noise, and one kind under two names: no model can tell them apart."""
    folder = tmp_path_factory.mktemp("grains")
    rng = np.random.default_rng(0)
    kinds = {"coarse": (4, 40), "fine, left": (1, 40), "fine, right": (1, 40)}
    for label, (grain, n_images) in kinds.items():
        (folder / label).mkdir()
        for number in range(n_images):
            noise = rng.integers(0, 256, (24 // grain, 32 // grain), np.uint8)
            image = np.kron(noise, np.ones((grain, grain), np.uint8))
            name = f"{number:02d}_batch{number % 5}.png"
            (folder / label / name).write_bytes(encode_image(image, "png"))
    return folder


def test_the_classes_of_one_kind_are_suggested_with_their_images(run, run_json, grains):
    found = run_json("suggest", grains, "--image-size", "24x32")
    assert found["merge"] == {"fine, left+fine, right": ["fine, left", "fine, right"]}
    assert found["pairs"][0]["classes"] == ["fine, left", "fine, right"]
    assert all((grains / name).exists() for name in found["pairs"][0]["files"])
    assert found["steps"][0]["balanced_accuracy"] > found["balanced_accuracy"]
    shown = run("suggest", grains, "--image-size", "24x32").stdout
    assert "fine, left and fine, right" in shown
    assert "suggested" in shown


def test_the_command_that_is_printed_runs(run, run_json, grains, tmp_path):
    found = run_json("suggest", grains, "--image-size", "24x32")
    counts = np.array(found["confusion"]).sum(axis=1)
    assert counts.tolist() == [40, 40, 40]
    # A name with a comma needs JSON, which the command has.
    words = shlex.split(found["commands"][0])
    report = run_json("balance", grains, tmp_path / "out", *words[4:])
    assert report["counts_after"]["train"]["coarse"] > 32


def test_a_model_that_tells_nothing_apart_suggests_nothing(run, run_json, grains, tmp_path):
    for name in ("left", "right"):
        shutil.copytree(grains / "fine, left", tmp_path / "noise" / name)
    options = ("--image-size", "24x32")
    found = run_json("suggest", tmp_path / "noise", *options)
    assert (found["commands"], found["merge"]) == ([], {})
    assert found["note"].startswith(
        "Nothing is suggested: the predictions are no better than chance"
    )
    assert not any(step["suggested"] for step in found["steps"])
    shown = run("suggest", tmp_path / "noise", *options).stdout
    assert "Suggested: no merge, because this linear model confuses all classes" in shown
    assert "$ sklmerge" not in shown
    assert "--threshold" not in shown  # no threshold tells two classes apart
    shutil.copytree(grains / "fine, left", tmp_path / "noise" / "middle")
    shown = run("suggest", tmp_path / "noise", *options).stdout
    (threshold,) = re.findall(r"--threshold ([\d.]+)\.", shown)
    asked = run_json("suggest", tmp_path / "noise", *options, "--threshold", threshold)
    assert len(asked["merge"]) <= 1


def test_who_asks_for_one_class_gets_one(run, run_json, grains):
    options = ("--image-size", "24x32", "--n-classes", "1")
    found = run_json("suggest", grains, *options)
    assert (len(found["merge"]), len(found["commands"])) == (1, 1)
    assert "no merge" not in run("suggest", grains, *options).stdout


def test_a_network_in_an_onnx_file_describes_the_images(run, run_json, grains, tmp_path):
    # The mean square of the means of 4 x 4 pixels: large for coarse grains, small for fine ones.
    nodes = [
        helper.make_node("AveragePool", ["images"], ["means"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Mul", ["means", "means"], ["squares"]),
        helper.make_node("GlobalAveragePool", ["squares"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 24, 32])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "net", [images], [embedding])
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "net.onnx")
    found = run_json("suggest", grains, "--model", tmp_path / "net.onnx")
    assert found["model"] == str(tmp_path / "net.onnx")
    assert found["merge"] == {"fine, left+fine, right": ["fine, left", "fine, right"]}
    assert "no.onnx" in run("suggest", grains, "--model", tmp_path / "no.onnx", code=2).stderr


def test_the_evidence_is_that_of_the_library(run_json, grains):
    found = run_json("suggest", grains, "--image-size", "24x32", "--n-classes", "2")
    classes = np.array(found["classes"])
    true, predicted = np.nonzero(found["confusion"])
    counts = np.array(found["confusion"])[true, predicted]
    y_true, y_pred = (np.repeat(classes[codes], counts) for codes in (true, predicted))
    expected = suggest_merges(y_true, y_pred, n_classes=2)
    assert found["merge"] == expected.merge
    assert found["accuracy"] == pytest.approx(expected.accuracy)


def test_groups_stay_together_and_the_number_of_images_is_bounded(run_json, grains):
    found = run_json(
        "suggest", grains, "--group-by", r"batch(\d)", "--max-images", "30", "--image-size", "24"
    )
    assert found["n_images"] == 90
    assert len(ImageIndex(grains)) == 120


def test_bad_options_are_named(run, grains):
    for option, value in (("--threshold", "3"), ("--folds", "1"), ("--image-size", "x")):
        assert (
            option.strip("-").split("-")[0] in run("suggest", grains, option, value, code=2).stderr
        )


def test_unreadable_images_are_left_out_and_counted(run, run_json, grains, tmp_path):
    shutil.copytree(grains, tmp_path / "grains")
    (tmp_path / "grains" / "coarse" / "00_batch0.png").write_bytes(b"no image")
    found = run_json("suggest", tmp_path / "grains", "--image-size", "24")
    assert (found["n_images"], found["n_unreadable"]) == (119, 1)
    assert "cannot be read: 1" in run("suggest", tmp_path / "grains", "--image-size", "24").stdout


def test_more_folds_than_images_of_a_class_are_refused_by_name(run, grains):
    error = run("suggest", grains, "--folds", "41", code=2).stderr
    assert "folds must be at most the readable images of two classes" in error
