"""Which images are drawn, and how often."""

from sklmerge.sampling._over_sampler import AugmentingOverSampler

__all__ = ["AugmentingOverSampler"]
