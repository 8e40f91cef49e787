"""Which classes there are: merge labels, classify merged labels, and find what to merge."""

from sklmerge.labels._merger import LabelMerger, check_merger

__all__ = ["LabelMerger", "check_merger"]
