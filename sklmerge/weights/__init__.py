"""How much each class counts."""

from sklmerge.weights._adjust import adjust_prior, logit_offsets
from sklmerge.weights._classifier import ClassWeightedClassifier
from sklmerge.weights._estimator import ClassWeightEstimator
from sklmerge.weights._prior import PriorAdjustedClassifier

# For the rooms above.
from sklmerge.weights._schemes import read_counts as read_counts

__all__ = [
    "ClassWeightEstimator",
    "ClassWeightedClassifier",
    "PriorAdjustedClassifier",
    "adjust_prior",
    "logit_offsets",
]
