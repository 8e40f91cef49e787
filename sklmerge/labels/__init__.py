"""Which classes there are: merge labels, classify merged labels, and find what to merge."""

from sklmerge.labels._check import check_merger
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._merger import LabelMerger
from sklmerge.labels._report import classification_report_levels
from sklmerge.labels._scoring import merged_scorer

__all__ = [
    "LabelMerger",
    "MergedClassifier",
    "check_merger",
    "classification_report_levels",
    "merged_scorer",
]
