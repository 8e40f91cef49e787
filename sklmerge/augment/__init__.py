"""How one image is varied, and how it is prepared."""

from sklmerge.augment._adapters import Augmenter, CallableAugmenter, as_augmenter
from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._hash import draw_uniform, hash_keys, resolve_seed
from sklmerge.augment._params import AugmentationParams
from sklmerge.augment._scaler import ImageScaler

__all__ = [
    "AugmentationParams",
    "Augmenter",
    "CallableAugmenter",
    "ImageAugmenter",
    "ImageScaler",
    "as_augmenter",
    "draw_uniform",
    "hash_keys",
    "resolve_seed",
]
