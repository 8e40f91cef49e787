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
def test_steps_fewer_than_batches_go_on_within_the_epoch(reports, backend):
    # A backend may ask for one batch more than it takes.
    whole = [[epoch, number] for epoch in range(2) for number in range(4)]
    assert reports[backend]["made in steps"][:8] == whole


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_of_batches_weigh_in_the_loss(reports, backend):
    keras, by_hand = reports[backend]["weighed"]
    assert keras == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_broken_file_is_named(reports, backend):
    assert reports[backend]["broken"].startswith("/gravel/gravel_00_3.png could not be read (")
