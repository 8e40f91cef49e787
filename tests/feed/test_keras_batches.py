"""Keras' own fit, on every backend, trains on fed epochs and resumes where it stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("keras_fed_fits.py")
BACKENDS = ["tensorflow", "torch", "jax"]


@pytest.fixture(scope="module")
def reports():
    """Run all backends side by side, each in a process of its own."""
    runs = {
        backend: subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for backend in BACKENDS
    }
    printed = {backend: run.communicate(timeout=600) for backend, run in runs.items()}
    for backend, run in runs.items():
        assert run.returncode == 0, printed[backend][1]
    return {backend: json.loads(out.splitlines()[-1]) for backend, (out, _) in printed.items()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_epoch_of_fit_is_the_next_and_whole(reports, backend):
    report = reports[backend]["validated"]
    assert report["made"] == [[epoch, number] for epoch in range(3) for number in range(4)]
    assert report["epoch after"] == 3
    assert report["losses"] == 3
    assert report["predicted"] == [240, 2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fit_that_resumes_ends_where_one_that_never_stopped_does(reports, backend):
    report = reports[backend]["resumed"]
    assert report["difference"] < 1e-6
    assert report["epochs of the rest"] == [2, 3]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("where", ["within", "between"])
def test_backup_and_restore_resumes_at_the_epoch_that_was_not_finished(reports, backend, where):
    report = reports[backend][f"crashed {where}"]
    assert report["difference"] < 1e-6
    assert sorted(report["fed"]) == [[epoch, n] for epoch in (2, 3) for n in range(4)]
    # Keras looks at the first batches before it knows where it goes on.
    assert report["looked at"] < 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_callback_tells_the_first_epoch(reports, backend):
    whole = [[epoch, number] for epoch in (2, 3) for number in range(4)]
    assert reports[backend]["from an epoch"] == whole


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_fewer_than_batches_are_refused(reports, backend):
    told, found = reports[backend]["steps"]
    assert told.startswith("steps_per_epoch must not be below the 4 batches of an epoch, got 2; ")
    # TensorFlow asks ahead for all of an epoch, so that nothing is missing from it.
    if backend != "tensorflow":
        assert found.startswith("steps_per_epoch must not be below the 4 batches of an epoch")


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_heads_and_several_labels_are_trained(reports, backend):
    heads = {"losses": ["loss", "merged_loss", "original_loss"], "multilabel": 1}
    assert reports[backend]["heads"] == heads


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_thread_and_no_image_stays_behind(reports, backend):
    report = reports[backend]["folds"]
    assert report["threads"] == []
    told, untold = report["bytes"][::2], report["bytes"][1::2]
    assert told == [0, 0]
    # Only TensorFlow keeps a data set alive after its training.
    if backend == "tensorflow":
        assert untold == [0, 0]


def test_every_loop_over_a_tf_dataset_is_the_next_epoch(reports):
    assert reports["tensorflow"]["tf.data"] == [[True] * 4] * 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_of_batches_weigh_in_the_loss(reports, backend):
    keras, by_hand = reports[backend]["weighed"]
    assert keras == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_broken_file_is_named(reports, backend):
    assert reports[backend]["broken"].startswith("/gravel/gravel_00_3.png could not be read (")
