"""Keras, on two backends, trains with our weights as on rows repeated as often."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

SCRIPT = Path(__file__).with_name("keras_weighted_fits.py")
BACKENDS = ["tensorflow", "torch"]


@pytest.fixture(scope="module")
def reports():
    """Run both backends side by side, each in a process of its own."""
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
    printed = {backend: run.communicate(timeout=120) for backend, run in runs.items()}
    for backend, run in runs.items():
        assert run.returncode == 0, printed[backend][1]
    # Keras' own announcements come before the report.
    return {backend: json.loads(out.splitlines()[-1]) for backend, (out, _) in printed.items()}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("target", ["sparse", "categorical", "binary"])
@pytest.mark.parametrize("way", ["class_weight", "fit_params", "sample_weight"])
def test_weighed_rows_train_like_repeated_rows(reports, backend, target, way):
    fits = reports[backend][target]
    assert_allclose(fits[way], fits["repeated"], atol=1e-5)
    assert max(abs(a - b) for a, b in zip(fits["plain"], fits["repeated"], strict=True)) > 0.05


@pytest.mark.parametrize("backend", BACKENDS)
def test_pixels_weigh_in_the_loss(reports, backend):
    pixels = reports[backend]["pixels"]
    assert pixels["keras"] == pytest.approx(pixels["by hand"], rel=1e-5)


@pytest.mark.parametrize("manner", ["mapping", "list"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_each_output_is_weighed_by_its_own_labels(reports, backend, manner):
    outputs = reports[backend]["outputs"][manner]
    assert outputs["keras"] == pytest.approx(outputs["by hand"], rel=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_data_sets_of_keras_bring_their_labels(reports, backend):
    found = reports[backend]["data sets"]
    assert found.pop("PyDataset") == pytest.approx({"0": 0.5, "1": 1.5, "2": 3.0})
    assert len(found) == (4 if backend == "tensorflow" else 0)
    for weights in found.values():
        assert weights == pytest.approx({"0": 2.0, "1": 2 / 3})
