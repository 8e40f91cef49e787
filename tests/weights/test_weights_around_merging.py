"""Weights inside a MergedClassifier count merged classes, around it original ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_blobs
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from sklmerge import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    MergedClassifier,
    PriorAdjustedClassifier,
)

X, CODES = make_blobs([120, 30, 50], n_features=3, cluster_std=4.0, random_state=0)
y = np.array(["A", "B", "C"])[CODES]
MERGED = np.where(y == "C", "C", "AB")
MERGE = {"AB": ["A", "B"]}


def test_inside_it_weighs_merged_classes():
    model = MergedClassifier(ClassWeightedClassifier(LogisticRegression()), MERGE).fit(X, y)
    assert model.estimator_.weighting_.class_counts_ == {"AB": 150.0, "C": 50.0}
    expected = LogisticRegression(class_weight="balanced").fit(X, MERGED)
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-10)


def test_around_it_weighs_original_classes():
    model = ClassWeightedClassifier(MergedClassifier(LogisticRegression(), MERGE)).fit(X, y)
    weights = ClassWeightEstimator().fit(y).transform(y)
    expected = LogisticRegression().fit(X, MERGED, sample_weight=weights)
    assert model.classes_.tolist() == ["AB", "C"]
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-10)


def test_around_one_that_predicts_original_labels_it_weighs_them_too():
    merged = MergedClassifier(LogisticRegression(), MERGE, refiner="prior", output="original")
    model = ClassWeightedClassifier(merged).fit(X, y)
    assert model.classes_.tolist() == ["A", "B", "C"]
    assert_allclose(model.train_prior_, 1 / 3)


def test_probabilities_are_adjusted_inside_and_refused_around():
    balanced = LogisticRegression(class_weight="balanced")
    inner = PriorAdjustedClassifier(balanced, target_prior="observed")
    model = MergedClassifier(inner, MERGE).fit(X, y)
    assert_allclose(model.estimator_.target_prior_, [0.75, 0.25])
    around = PriorAdjustedClassifier(MergedClassifier(balanced, MERGE))
    with pytest.raises(ValueError, match="must predict the classes of y, 'A', 'B', 'C', got 'AB'"):
        around.fit(X, y)


@pytest.mark.parametrize("refiner", ["prior", LogisticRegression(class_weight="balanced")], ids=str)
def test_around_original_labels_both_stages_are_followed(refiner):
    model = MergedClassifier(LogisticRegression(), MERGE, refiner=refiner, output="original")
    within = [120 / 150, 30 / 150] if refiner == "prior" else [0.5, 0.5]
    shares = [0.75 * within[0], 0.75 * within[1], 0.25]
    assert_allclose(PriorAdjustedClassifier(model).fit(X, y).train_prior_, shares)


@pytest.mark.parametrize("target_prior", ["observed", {"z": 0.75, "b": 0.25}], ids=str)
@pytest.mark.parametrize("train_prior", ["balanced", "auto", {"z": 1, "b": 3}], ids=str)
def test_probabilities_are_not_adjusted_around_what_renames_classes(train_prior, target_prior):
    renaming = MergedClassifier(LogisticRegression(), {"z": ["a"]})
    weighted = ClassWeightedClassifier(renaming, ClassWeightEstimator(power=0))
    model = PriorAdjustedClassifier(weighted, train_prior=train_prior, target_prior=target_prior)
    labels = np.where(y == "A", "a", "b")
    with pytest.raises(ValueError, match="must predict the classes of y, 'a', 'b', got 'b', 'z'"):
        model.fit(X, labels)
    assert weighted.fit(X, labels).train_prior_ is None


def test_a_renaming_around_the_adjustment_is_right():
    labels = np.where(y == "A", "a", "b")
    weighted = ClassWeightedClassifier(LogisticRegression(), ClassWeightEstimator(power=0))
    adjusted = PriorAdjustedClassifier(weighted, target_prior={"z": 0.75, "b": 0.25})
    model = MergedClassifier(adjusted, {"z": ["a"]}).fit(X, labels)
    odds = LogisticRegression().fit(X, labels == "a").predict_proba(X) / [0.4, 0.6] * [0.25, 0.75]
    assert model.classes_.tolist() == ["b", "z"]
    assert_allclose(model.predict_proba(X), odds / odds.sum(axis=1, keepdims=True), rtol=1e-6)


def test_shares_follow_the_classes_of_an_estimator_that_knows_more_of_them():
    knows_all = FrozenEstimator(LogisticRegression().fit(X, y))
    fold = y != "B"
    shares = {"A": 0.2, "B": 0.3, "C": 0.5}
    model = PriorAdjustedClassifier(knows_all, train_prior="balanced", target_prior=shares)
    model.fit(X[fold], y[fold])
    odds = knows_all.predict_proba(X) * [0.2, 0.3, 0.5]
    assert_allclose(model.predict_proba(X), odds / odds.sum(axis=1, keepdims=True))
    seen = PriorAdjustedClassifier(knows_all, train_prior="balanced", target_prior="observed")
    assert (seen.fit(X[fold], y[fold]).predict_proba(X)[:, 1] == 0).all()
