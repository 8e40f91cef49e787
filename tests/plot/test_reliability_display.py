"""Points stand where scikit-learn's calibration curve has them, and the error is the mean gap."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

from sklmerge import ReliabilityDisplay

RNG = np.random.default_rng(0)
P = RNG.dirichlet([1, 1, 1], 400)
Y = np.array(["a", "b", "c"])[RNG.integers(0, 3, 400)]


@pytest.fixture
def ax():
    return Figure().subplots()


def test_the_curve_of_a_class_is_that_of_scikit_learn(ax):
    display = ReliabilityDisplay.from_predictions(Y, {"own": P}, label="b", n_bins=7, ax=ax)
    accuracy, confidence = calibration_curve(Y == "b", P[:, 1], n_bins=7)
    curve = display.curves["own"]
    assert_allclose(curve.confidence, confidence)
    assert_allclose(curve.accuracy, accuracy)
    line = ax.get_lines()[1]
    assert_allclose(line.get_xdata(), confidence)
    assert_allclose(line.get_ydata(), accuracy)


def test_without_a_class_it_is_the_predicted_one_and_the_error_the_mean_gap(ax):
    display = ReliabilityDisplay.from_predictions(Y, {"own": P}, n_bins=5, ax=ax)
    confidence = P.max(axis=1)
    right = np.array(["a", "b", "c"])[P.argmax(axis=1)] == Y
    gap = 0.0
    for low in np.arange(5) / 5:
        own = (confidence >= low) & (confidence < low + 0.2)
        if own.any():
            gap += own.mean() * abs(confidence[own].mean() - right[own].mean())
    assert display.curves["own"].error == pytest.approx(gap)
    assert display.curves["own"].n_samples.sum() == 400
    (text,) = ax.get_legend().get_texts()
    assert text.get_text() == f"own, error {gap:.3f}"


def test_certainty_has_a_bin():
    ones = np.tile([1.0, 0.0, 0.0], (400, 1))
    curve = ReliabilityDisplay.from_predictions(Y, {"own": ones}).curves["own"]
    assert curve.confidence.tolist() == [1.0]
    assert curve.accuracy[0] == pytest.approx(np.mean(Y == "a"))


def test_a_classifier_is_drawn_by_its_own_probabilities(ax):
    X, y = load_wine(return_X_y=True)
    model = GaussianNB().fit(X[::2], y[::2])
    display = ReliabilityDisplay.from_estimator(model, X[1::2], y[1::2], ax=ax)
    probabilities = {"predicted": model.predict_proba(X[1::2])}
    other = ReliabilityDisplay.from_predictions(y[1::2], probabilities, ax=Figure().subplots())
    assert list(display.curves) == ["predicted"]
    assert display.curves["predicted"].error == other.curves["predicted"].error


@pytest.mark.parametrize(
    ("probabilities", "options", "message"),
    [
        ({"x": P[:, :2]}, {}, r"must be of shape \(400, 3\), .* got \(400, 2\) for 'x'"),
        ({"x": P[:9]}, {}, r"must be of shape \(400, 3\), .* got \(9, 3\) for 'x'"),
        ({"x": 4 * P - 1}, {}, "must lie between 0 and 1, got others for 'x'"),
        ({"x": P}, {"label": "d"}, r"label must be one of \['a', 'b', 'c'\], got 'd'"),
        ({"x": P}, {"n_bins": 0}, "n_bins must be a whole number of at least 1, got 0"),
        ({}, {}, "curves must hold at least one, got none"),
    ],
)
def test_what_cannot_be_drawn_is_named(probabilities, options, message):
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(Y, probabilities, **options)
    with pytest.raises(TypeError, match=r"must map a name to an array each, .* got ndarray"):
        ReliabilityDisplay.from_predictions(Y, P)
