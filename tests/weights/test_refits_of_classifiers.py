"""A fit that fails leaves the earlier one whole, and one that goes well leaves nothing of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from sklmerge import (
    ClassWeightedClassifier,
    ColorHistogram,
    MergedClassifier,
    PriorAdjustedClassifier,
)

FRAME = pd.DataFrame({"width": [0.0, 1, 2, 3, 4, 5], "height": [1.0, 0, 1, 0, 1, 0]})
Y = np.array(["a", "b", "c"] * 2)


class Counting(ClassifierMixin, BaseEstimator):
    """Predict the first class, and know nothing of columns."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X):
        return np.tile(np.eye(len(self.classes_))[:1] * 0.4 + 0.2, (len(X), 1))


def make_models():
    inner = LogisticRegression()
    return [
        MergedClassifier(inner, {"ab": ["a", "b"]}, refiner="prior", output="original"),
        ClassWeightedClassifier(inner),
        PriorAdjustedClassifier(inner, train_prior="observed"),
    ]


@pytest.mark.parametrize("model", make_models(), ids=lambda model: type(model).__name__)
@pytest.mark.parametrize(
    "wrong", [{"estimator": LogisticRegression(C=-1)}, {"estimator__solver": "none"}]
)
def test_a_refit_that_fails_leaves_the_earlier_fit(model, wrong):
    model.fit(FRAME, Y)
    before, fitted = model.predict_proba(FRAME), dict(vars(model))
    kept = {name: model.get_params()[name] for name in wrong}
    model.set_params(**wrong)
    with pytest.raises(ValueError, match="parameter of LogisticRegression must be"):
        model.fit(FRAME.to_numpy()[:4], np.array(["a", "b", "c", "c"]))
    model.set_params(**kept)
    for name, value in fitted.items():
        if name.endswith("_"):
            assert getattr(model, name) is value
    np.testing.assert_array_equal(model.predict_proba(FRAME), before)


def test_priors_that_fail_leave_the_earlier_fit():
    model = PriorAdjustedClassifier(LogisticRegression(), train_prior={"a": 1, "b": 1, "c": 2})
    before = model.fit(FRAME, Y).predict_proba(FRAME)
    with pytest.raises(ValueError, match="train_prior must have a share for each"):
        model.fit(FRAME, ["x", "y"] * 3)
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(model.predict_proba(FRAME), before)


@pytest.mark.parametrize("model", make_models(), ids=lambda model: type(model).__name__)
def test_a_refit_forgets_the_columns_that_only_the_earlier_one_knew(model):
    model.fit(FRAME, Y)
    assert model.feature_names_in_.tolist() == ["width", "height"]
    model.fit(FRAME.to_numpy()[:, :1], Y)
    assert model.n_features_in_ == 1
    assert not hasattr(model, "feature_names_in_")
    model.set_params(estimator=Counting()).fit(FRAME, Y)
    assert not hasattr(model, "n_features_in_")


def test_features_of_images_forget_the_width_of_rows():
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), dtype=np.uint8)
    features = ColorHistogram(image_shape=(4, 6, 3)).fit(images.reshape(3, -1))
    assert features.n_features_in_ == 72
    assert not hasattr(features.fit(images), "n_features_in_")
