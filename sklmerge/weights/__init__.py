"""How much each class counts."""

from sklmerge.weights._estimator import ClassWeightEstimator

__all__ = ["ClassWeightEstimator"]
