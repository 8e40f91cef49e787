"""Merge image classes, balance them, weigh what is left, and take the merge back."""

from sklmerge.augment import AugmentationParams, ImageAugmenter, ImageScaler, as_augmenter
from sklmerge.balance import BalanceReport, balance_folder, separate
from sklmerge.images import ImageIndex
from sklmerge.labels import LabelMerger
from sklmerge.weights import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    PriorCorrectedClassifier,
)

__version__ = "0.1.0"

__all__ = [
    "AugmentationParams",
    "BalanceReport",
    "ClassWeightEstimator",
    "ClassWeightedClassifier",
    "ImageAugmenter",
    "ImageIndex",
    "ImageScaler",
    "LabelMerger",
    "PriorCorrectedClassifier",
    "as_augmenter",
    "balance_folder",
    "separate",
]
