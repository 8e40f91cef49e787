"""Classifiers around others read labels as all others do, and guard what is keyed by them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import ClassWeightedClassifier, ClassWeightEstimator, PriorAdjustedClassifier

RNG = np.random.default_rng(0)
Y = np.repeat(["a", "b"], [80, 20])
X = RNG.normal(size=(100, 2)) + (Y == "b")[:, None]
AROUND = [ClassWeightedClassifier, PriorAdjustedClassifier]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
def test_missing_labels_are_named_by_position(around, missing):
    labels = Y.astype(object)
    labels[[3, 90]] = missing
    with pytest.raises(ValueError, match=r"missing labels .* at positions 3, 90|contains NaN"):
        around(LogisticRegression()).fit(X, labels)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "labels",
    [
        Y.astype(np.dtypes.StringDType()),
        Y.astype(object),
        (Y == "b").astype(int).astype(object),
        pd.Series(Y, dtype="category"),
        pd.Series(Y == "b", dtype="boolean"),
        pd.Series(Y, dtype="string"),
        Y.tolist(),
    ],
    ids=lambda labels: str(getattr(labels, "dtype", "list")),
)
def test_labels_of_any_container_give_the_same_model(around, labels):
    model = around(LogisticRegression())
    expected = model.fit(X, Y).predict_proba(X)
    assert_allclose(model.fit(X, labels).predict_proba(X), expected)


@pytest.mark.parametrize(
    "ensemble",
    [
        VotingClassifier([("linear", LogisticRegression())], voting="soft"),
        StackingClassifier([("linear", LogisticRegression())], cv=3),
    ],
    ids=["voting", "stacking"],
)
def test_weights_reach_every_member_of_an_ensemble(ensemble):
    weights = ClassWeightEstimator().fit(Y).transform(Y)
    expected = ensemble.fit(X, Y, sample_weight=weights).predict_proba(X)
    model = ClassWeightedClassifier(ensemble).fit(X, Y)
    assert_allclose(model.predict_proba(X), expected)


def test_an_ensemble_with_a_member_that_takes_no_weights_is_refused_by_name():
    members = [("linear", LogisticRegression()), ("near", KNeighborsClassifier())]
    with pytest.raises(TypeError, match="KNeighborsClassifier does not"):
        ClassWeightedClassifier(VotingClassifier(members)).fit(X, Y)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    with pytest.raises(TypeError, match="Pipeline in VotingClassifier hands it to a step"):
        ClassWeightedClassifier(VotingClassifier([("scaled", pipeline)])).fit(X, Y)


def test_weights_by_number_are_refused_where_the_numbers_may_be_others():
    labels = np.repeat([1, 2, 3], [50, 30, 20])
    model = ClassWeightedClassifier(LogisticRegression(), ClassWeightEstimator({1: 1, 2: 2, 3: 9}))
    assert model.fit(X, labels).weighting_.class_weight_[3] > 1
    with pytest.raises(ValueError, match="scheme must name every class"):
        VotingClassifier([("weighted", model)]).fit(X, labels)
    partial = ClassWeightEstimator({0: 1, 1: 2, 2: 9, 3: 4}, missing="ignore")
    with pytest.raises(ValueError, match="y must have every class that scheme names"):
        ClassWeightedClassifier(LogisticRegression(), partial).fit(X, labels - 1)
