# What the package offers, and the room that each name is in: read by type checkers, and by the
# package itself, which loads a room when one of its names is first asked for.

from . import (
    augment as augment,
    balance as balance,
    datasets as datasets,
    feed as feed,
    images as images,
    labels as labels,
    plot as plot,
    sampling as sampling,
    weights as weights,
)
from .augment import (
    AugmentationParams as AugmentationParams,
    ImageAugmenter as ImageAugmenter,
    ImageScaler as ImageScaler,
    TrivialAugmenter as TrivialAugmenter,
    as_augmenter as as_augmenter,
)
from .balance import (
    BalanceReport as BalanceReport,
    balance_folder as balance_folder,
    separate as separate,
)
from .feed import ImageBatches as ImageBatches
from .images import (
    BadFileError as BadFileError,
    ColorHistogram as ColorHistogram,
    HOGFeatures as HOGFeatures,
    ImageIndex as ImageIndex,
    ImageReader as ImageReader,
    LBPFeatures as LBPFeatures,
)
from .labels import (
    LabelMerger as LabelMerger,
    MergeAdvisor as MergeAdvisor,
    MergedClassifier as MergedClassifier,
    MergeSuggestion as MergeSuggestion,
    classification_report_levels as classification_report_levels,
    merged_scorer as merged_scorer,
    suggest_merges as suggest_merges,
)
from .plot import (
    AugmentationDisplay as AugmentationDisplay,
    ClassBalanceDisplay as ClassBalanceDisplay,
    ClassWeightDisplay as ClassWeightDisplay,
    EpochCoverageDisplay as EpochCoverageDisplay,
    MergeDisplay as MergeDisplay,
)
from .sampling import (
    AugmentingOverSampler as AugmentingOverSampler,
    EpochSchedule as EpochSchedule,
    batch_coverage as batch_coverage,
)
from .weights import (
    ClassWeightedClassifier as ClassWeightedClassifier,
    ClassWeightEstimator as ClassWeightEstimator,
    PriorCorrectedClassifier as PriorCorrectedClassifier,
)

__version__: str
