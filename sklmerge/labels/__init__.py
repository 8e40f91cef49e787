"""Which classes there are: merge labels, classify merged labels, and find what to merge."""

from sklmerge.labels._check import check_merger
from sklmerge.labels._classifier import MergedClassifier
from sklmerge.labels._merger import LabelMerger

__all__ = ["LabelMerger", "MergedClassifier", "check_merger"]
