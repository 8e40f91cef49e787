"""Which images are drawn, and how often."""

from sklmerge.sampling._balancing import BalancingSampler
from sklmerge.sampling._batch_plan import BatchPlan, EpochDraws, batch_coverage
from sklmerge.sampling._draws_per_class import check_rank as check_rank
from sklmerge.sampling._draws_per_class import read_drawn_classes as read_drawn_classes
from sklmerge.sampling._over_sampler import AugmentingOverSampler
from sklmerge.sampling._schedule import EpochSchedule

__all__ = [
    "AugmentingOverSampler",
    "BalancingSampler",
    "BatchPlan",
    "EpochDraws",
    "EpochSchedule",
    "batch_coverage",
]
