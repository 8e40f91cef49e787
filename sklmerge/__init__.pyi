# What the package offers, and the room that each name is in: read by type checkers, and by the
# package itself, which loads a room when one of its names is first asked for.

from . import (
    augment as augment,
    balance as balance,
    datasets as datasets,
    features as features,
    feed as feed,
    images as images,
    labels as labels,
    plot as plot,
    report as report,
    sampling as sampling,
    weights as weights,
)
from ._config import config_context, get_config, set_config
from .augment import (
    AugmentationParams,
    ImageAugmenter,
    ImageScaler,
    TrivialAugmenter,
    as_augmenter,
)
from .balance import (
    BalanceReport,
    advise,
    audit_split,
    balance_folder,
    separate,
)
from .features import (
    ColorHistogram,
    EmbeddingFeatures,
    HOGFeatures,
    ImageReader,
    LBPFeatures,
)
from .feed import (
    ImageBatches,
    batches_from_directory,
)
from .images import (
    BadFileError,
    ImageIndex,
)
from .labels import (
    LabelMerger,
    MergeAdvisor,
    MergedClassifier,
    MergeSuggestion,
    classification_report_levels,
    merged_scorer,
    suggest_merges,
)
from .plot import (
    AugmentationDisplay,
    ClassBalanceDisplay,
    ClassWeightDisplay,
    ConfusedImagesDisplay,
    EpochCoverageDisplay,
    MergeDisplay,
    ReliabilityDisplay,
)
from .report import (
    inspect_folder,
    preview_folder,
    suggest_folder,
    write_report,
)
from .sampling import (
    AugmentingOverSampler,
    BalancingSampler,
    EpochSchedule,
    batch_coverage,
)
from .weights import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    PriorAdjustedClassifier,
    adjust_prior,
    logit_offsets,
)

__version__: str

__all__ = [
    "AugmentationDisplay",
    "AugmentationParams",
    "AugmentingOverSampler",
    "BadFileError",
    "BalanceReport",
    "BalancingSampler",
    "ClassBalanceDisplay",
    "ClassWeightDisplay",
    "ClassWeightEstimator",
    "ClassWeightedClassifier",
    "ColorHistogram",
    "ConfusedImagesDisplay",
    "EmbeddingFeatures",
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
    "PriorAdjustedClassifier",
    "ReliabilityDisplay",
    "TrivialAugmenter",
    "adjust_prior",
    "advise",
    "as_augmenter",
    "audit_split",
    "balance_folder",
    "batch_coverage",
    "batches_from_directory",
    "classification_report_levels",
    "config_context",
    "get_config",
    "inspect_folder",
    "logit_offsets",
    "merged_scorer",
    "preview_folder",
    "separate",
    "set_config",
    "suggest_folder",
    "suggest_merges",
    "write_report",
]
