"""The line that `sklmerge weights` prints weighs classes in the framework it is for."""

import importlib

import numpy as np
import pytest

BY_LABEL = {"brick": 0.5, "grass": 1.333333, "gravel": 4.0}


@pytest.fixture
def write_code(run_json, textures):
    return lambda framework: run_json("weights", textures, "--framework", framework)["code"]


@pytest.mark.parametrize(
    ("framework", "module"),
    [("sklearn", "sklearn.linear_model"), ("lightgbm", "lightgbm"), ("catboost", "catboost")],
)
def test_a_model_with_weights_is_made(write_code, framework, module):
    model = eval(write_code(framework), vars(importlib.import_module(module)))
    assert BY_LABEL in model.get_params().values()


def test_a_torch_loss_has_the_weights(write_code):
    loss = eval(write_code("torch"), {"torch": importlib.import_module("torch")})
    assert loss.weight.tolist() == pytest.approx(list(BY_LABEL.values()))


def test_xgboost_is_fitted_with_weighted_samples(write_code):
    y = np.repeat([0, 1, 2], [160, 60, 20])
    names = {"X": np.arange(480.0).reshape(240, 2), "y": y}
    model = eval(write_code("xgboost"), names | vars(importlib.import_module("xgboost")))
    assert model.n_classes_ == 3


def test_keras_gets_every_index(write_code):
    class Model:
        def fit(self, data, class_weight):
            return class_weight

    weights = eval(write_code("keras"), {"model": Model()})
    assert weights == dict(enumerate(BY_LABEL.values()))


def test_another_framework_is_refused(run, textures):
    error = run("weights", textures, "--framework", "caffe", code=2).stderr
    assert "framework must be one of keras, torch" in error
