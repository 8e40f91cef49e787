"""Labels and classes: merge labels, classify merged labels, and find classes to merge."""

from sklmerge.labels._advisor import MergeAdvisor
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._indicator import is_indicator as is_indicator
from sklmerge.labels._merge_param import agree_on_merge as agree_on_merge
from sklmerge.labels._merge_param import check_all_named as check_all_named
from sklmerge.labels._merge_param import check_merger
from sklmerge.labels._merge_param import fit_nested_merger as fit_nested_merger
from sklmerge.labels._merge_param import is_fitted_merger as is_fitted_merger
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._refining import take_rows as take_rows
from sklmerge.labels._report import classification_report_levels
from sklmerge.labels._scoring import merged_scorer
from sklmerge.labels._suggest_merges import DEFAULT_THRESHOLD as DEFAULT_THRESHOLD
from sklmerge.labels._suggest_merges import (
    AmbiguousPair,
    MergeStep,
    MergeSuggestion,
    suggest_merges,
)

__all__ = [
    "AmbiguousPair",
    "LabelMerger",
    "MergeAdvisor",
    "MergeStep",
    "MergeSuggestion",
    "MergedClassifier",
    "check_merger",
    "classification_report_levels",
    "merged_scorer",
    "suggest_merges",
]
