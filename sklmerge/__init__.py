"""Merge image classes, balance them, weigh what is left, and take the merge back."""

from sklmerge.augment import (
    AugmentationParams,
    ImageAugmenter,
    ImageScaler,
    TrivialAugmenter,
    as_augmenter,
)
from sklmerge.balance import BalanceReport, balance_folder, separate
from sklmerge.feed import ImageBatches
from sklmerge.images import (
    BadFileError,
    ColorHistogram,
    HOGFeatures,
    ImageIndex,
    ImageReader,
    LBPFeatures,
)
from sklmerge.labels import (
    LabelMerger,
    MergeAdvisor,
    MergedClassifier,
    MergeSuggestion,
    classification_report_levels,
    merged_scorer,
    suggest_merges,
)
from sklmerge.plot import (
    AugmentationDisplay,
    ClassBalanceDisplay,
    ClassWeightDisplay,
    EpochCoverageDisplay,
    MergeDisplay,
)
from sklmerge.sampling import AugmentingOverSampler, EpochSchedule, batch_coverage
from sklmerge.weights import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    PriorCorrectedClassifier,
)

__version__ = "0.1.0"

__all__ = [
    "AugmentationDisplay",
    "AugmentationParams",
    "AugmentingOverSampler",
    "BadFileError",
    "BalanceReport",
    "ClassBalanceDisplay",
    "ClassWeightDisplay",
    "ClassWeightEstimator",
    "ClassWeightedClassifier",
    "ColorHistogram",
    "EpochCoverageDisplay",
    "EpochSchedule",
    "HOGFeatures",
    "ImageAugmenter",
    "ImageBatches",
    "ImageIndex",
    "ImageReader",
    "ImageScaler",
    "LBPFeatures",
    "LabelMerger",
    "MergeAdvisor",
    "MergeDisplay",
    "MergeSuggestion",
    "MergedClassifier",
    "PriorCorrectedClassifier",
    "TrivialAugmenter",
    "as_augmenter",
    "balance_folder",
    "batch_coverage",
    "classification_report_levels",
    "merged_scorer",
    "separate",
    "suggest_merges",
]
