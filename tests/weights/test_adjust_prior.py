"""adjust_prior and logit_offsets are the formula, by hand, for any table, and for real networks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklmerge import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    PriorAdjustedClassifier,
    adjust_prior,
    logit_offsets,
)

SCRIPT = Path(__file__).with_name("keras_adjusted_priors.py")
BACKENDS = ["tensorflow", "torch"]


@given(
    logits=st.integers(2, 6).flatmap(
        lambda k: arrays(np.float64, (7, k), elements=st.floats(-8, 8))
    ),
    data=st.data(),
)
def test_it_is_the_formula_by_hand(logits, data):
    k = logits.shape[1]
    priors = arrays(np.float64, k, elements=st.floats(0.01, 1))
    train, target = data.draw(priors), data.draw(priors)
    strength = data.draw(st.sampled_from([0.0, 0.5, 1.0, 1.7]))
    P = softmax(logits, axis=1)
    by_hand = P * ((target / target.sum()) / (train / train.sum())) ** strength
    by_hand /= by_hand.sum(axis=1, keepdims=True)
    adjusted = adjust_prior(P, train, target, strength)
    assert_allclose(adjusted, by_hand, atol=1e-12)
    # Added to the logits it is the same, and there and back changes nothing.
    offsets = logit_offsets(train, target, strength)
    assert_allclose(softmax(logits + offsets, axis=1), by_hand, atol=1e-12)
    assert_allclose(adjust_prior(adjusted, target, train, strength), P, atol=1e-9)


def test_counts_serve_as_shares_and_a_sigmoid_is_a_column():
    P = np.array([[0.9, 0.1], [0.4, 0.6]])
    expected = adjust_prior(P, [0.9, 0.1])
    assert_allclose(expected[0], [0.5, 0.5])
    assert_allclose(adjust_prior(P, [900, 100]), expected)
    assert_allclose(adjust_prior(P[:, 1], [900, 100]), expected[:, 1])
    assert adjust_prior(P[:, 1:].astype(np.float32), [900, 100]).shape == (2, 1)
    assert adjust_prior(P.astype(np.float32), [900, 100]).dtype == np.float32


def test_a_class_that_training_lacked_is_never_predicted():
    assert adjust_prior([[0.5, 0.3, 0.2]], [1, 1, 0])[0, 2] == 0


def test_many_rows_are_adjusted_as_few_are():
    P = softmax(np.random.default_rng(0).normal(size=(70_001, 3)), axis=1)
    shares = [5, 3, 2]
    assert_allclose(adjust_prior(P, shares)[-3:], adjust_prior(P[-3:], shares), atol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5, 0.5]], [1, 2, 3]), r"one share for each of the 2 classes, got shape \(3,\)"),
        (([[0.5, 0.5]], [0, 0]), "a sum above 0"),
        (([[0.5, 0.5]], [np.nan, 1]), "finite shares"),
        (([[0.5, 0.5]], [-1, 3]), "of at least 0"),
        (([[0.5, 0.5]], [1, 2], "equal"), "target_prior must be 'balanced' or shares, got 'equal'"),
        (([[0.5, 0.5]], [1, 2], "balanced", -1), "strength must be a number of at least 0, got -1"),
        (([[0.5, 0.5]], [1, 2], "balanced", None), "strength must be a number of at least 0"),
        (([[0.5, 0.5], [np.nan, 1]], [1, 2]), "P must hold probabilities, .* in row 1"),
        (([[5, 3]], [1, 2]), r"P must hold probabilities, .* got \[5.0, 3.0\] in row 0; to logits"),
        (([[1.1, -0.1]], [1, 2]), "P must hold probabilities"),
        (([0.2, 1.2], [1, 2]), r"P must hold probabilities, .* got 1.2 in row 1"),
        (([[1.0, 0.0]], [0, 1]), r"a class with a share in both priors, got \[1.0, 0.0\] in row 0"),
        ((np.zeros((2, 2, 2)), [1, 2]), r"P must be of shape .* got \(2, 2, 2\)"),
    ],
)
def test_what_is_no_table_or_prior_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        adjust_prior(*arguments)


def test_shares_by_label_are_refused_where_columns_have_no_labels():
    for shares in ({"a": 1, "b": 2}, pd.Series({"b": 2, "a": 1})):
        with pytest.raises(TypeError, match="in the order of the columns of P"):
            adjust_prior([[0.5, 0.5]], shares)


def test_logits_need_shares_above_0():
    with pytest.raises(ValueError, match=r"train_prior must be above 0 for logits, got \[1, 0\]"):
        logit_offsets([1, 0])


def draw_clusters(n, shares, seed):
    """Draw classes of unit Gaussians at 0, 2 and 4, and their probabilities at equal shares."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, n, p=shares)
    x = rng.normal(2.0 * codes, 1.0)[:, None]
    density = np.exp(-((x - [0.0, 2.0, 4.0]) ** 2) / 2)
    return x.astype(np.float32), codes, density / density.sum(axis=1, keepdims=True)


def test_torch_learns_what_is_asked_for_at_prediction_and_in_the_loss():
    shares = [0.85, 0.1, 0.05]
    x, codes, balanced = draw_clusters(6000, shares, seed=0)
    offsets = torch.from_numpy(logit_offsets(np.bincount(codes))).float()
    outputs = {}
    for name, shift in (("at prediction", torch.zeros(3)), ("in the loss", offsets)):
        torch.manual_seed(0)
        layer = torch.nn.Linear(1, 3)
        optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=100)

        def closure(layer=layer, optimizer=optimizer, shift=shift):
            optimizer.zero_grad()
            logits = layer(torch.from_numpy(x)) - shift
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(codes))
            loss.backward()
            return loss

        optimizer.step(closure)
        outputs[name] = torch.softmax(layer(torch.from_numpy(x)), dim=1).detach().numpy()
    adjusted = adjust_prior(outputs["at prediction"], np.bincount(codes))
    assert_allclose(adjusted, outputs["in the loss"], atol=1e-3)
    assert np.abs(adjusted - balanced).mean() < 0.02
    assert np.abs(outputs["at prediction"] - balanced).mean() > 0.1


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
    printed = {backend: run.communicate(timeout=180) for backend, run in runs.items()}
    for backend, run in runs.items():
        assert run.returncode == 0, printed[backend][1]
    return {backend: json.loads(out.splitlines()[-1]) for backend, (out, _) in printed.items()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_learns_what_is_asked_for_at_prediction_and_in_the_loss(reports, backend):
    gaps = reports[backend]
    assert gaps["plain"] > 0.1
    assert gaps["at prediction"] < 0.03
    assert gaps["in the loss"] < 0.03


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_tensors_on_the_way_of_a_gradient_are_read_as_their_numbers(dtype):
    # Eighths are exact in bfloat16.
    numbers = np.array([[0.875, 0.125], [0.5, 0.5], [0.25, 0.75]])
    P = torch.tensor(numbers, dtype=dtype, requires_grad=True)
    shares = torch.tensor([0.75, 0.25], dtype=dtype, requires_grad=True)
    assert_allclose(adjust_prior(P, shares), adjust_prior(numbers, [3, 1]), rtol=1e-6)
    assert_allclose(
        adjust_prior(P[:, 1], shares, shares.flip(0)),
        adjust_prior(numbers[:, 1], [3, 1], [1, 3]),
        rtol=1e-6,
    )
    assert_allclose(logit_offsets(shares), [-np.log(3) / 2, np.log(3) / 2], rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_weights_of_samples_may_be_tensors(dtype):
    labels, repeats = np.array(["a", "b", "b", "c"]), [3, 0, 2, 1]
    tensor = torch.tensor(repeats, dtype=dtype, requires_grad=True)
    weights = ClassWeightEstimator().fit(labels, sample_weight=tensor)
    assert weights.class_counts_ == {"a": 3.0, "b": 2.0, "c": 1.0}
    X = np.arange(8.0).reshape(4, 2) % 3
    for around in (ClassWeightedClassifier, PriorAdjustedClassifier):
        by_tensor, by_list = (
            around(GaussianNB()).fit(X, labels, sample_weight=given).predict_proba(X)
            for given in (tensor, repeats)
        )
        assert_allclose(by_tensor, by_list)


class TensorClassifier(LogisticRegression):
    """Gives its probabilities as a network does."""

    def predict_proba(self, X):
        return torch.tensor(super().predict_proba(X), requires_grad=True)


def test_probabilities_of_a_classifier_may_be_tensors():
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], [40, 10])
    X = rng.normal(size=(50, 2)) + (labels == "b")[:, None]
    for prior in ("observed", "estimated"):
        given, plain = (
            PriorAdjustedClassifier(model, train_prior=prior).fit(X, labels).predict_proba(X)
            for model in (TensorClassifier(), LogisticRegression())
        )
        assert_allclose(given, plain)
