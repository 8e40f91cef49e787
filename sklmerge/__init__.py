"""Merge image classes, balance them, weigh what is left, and take the merge back."""

from sklmerge.augment import AugmentationParams, ImageAugmenter, ImageScaler, as_augmenter
from sklmerge.balance import BalanceReport, balance_folder
from sklmerge.images import ImageIndex
from sklmerge.labels import LabelMerger
from sklmerge.weights import ClassWeightEstimator

__version__ = "0.1.0"

__all__ = [
    "AugmentationParams",
    "BalanceReport",
    "ClassWeightEstimator",
    "ImageAugmenter",
    "ImageIndex",
    "ImageScaler",
    "LabelMerger",
    "as_augmenter",
    "balance_folder",
]
