"""Which classes there are: merge labels, classify merged labels, and find what to merge."""

from sklmerge.labels._advisor import MergeAdvisor
from sklmerge.labels._check import check_merger
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._report import classification_report_levels
from sklmerge.labels._scoring import merged_scorer
from sklmerge.labels._suggesting import suggest_merges
from sklmerge.labels._suggestion import AmbiguousPair, MergeStep, MergeSuggestion

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
