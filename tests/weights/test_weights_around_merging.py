"""Weights inside a MergedClassifier count merged classes, around it original ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_blobs
from sklearn.linear_model import LogisticRegression

from sklmerge import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    MergedClassifier,
    PriorCorrectedClassifier,
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


def test_probabilities_are_corrected_inside_and_refused_around():
    balanced = LogisticRegression(class_weight="balanced")
    model = MergedClassifier(PriorCorrectedClassifier(balanced), MERGE).fit(X, y)
    assert_allclose(model.estimator_.true_prior_, [0.75, 0.25])
    around = PriorCorrectedClassifier(MergedClassifier(balanced, MERGE))
    with pytest.raises(ValueError, match="must predict the classes of y, 'A', 'B', 'C', got 'AB'"):
        around.fit(X, y)
