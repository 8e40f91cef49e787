"""Which images are drawn, and how often."""

from sklmerge.sampling._coverage import batch_coverage
from sklmerge.sampling._draw_table import BatchPlan, EpochDraws
from sklmerge.sampling._over_sampler import AugmentingOverSampler
from sklmerge.sampling._schedule import EpochSchedule

__all__ = [
    "AugmentingOverSampler",
    "BatchPlan",
    "EpochDraws",
    "EpochSchedule",
    "batch_coverage",
]
