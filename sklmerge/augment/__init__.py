"""How one image is varied, and how it is prepared."""

from sklmerge.augment._adapters import as_augmenter
from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._by_class import ClassAugmenter
from sklmerge.augment._callable import CallableAugmenter
from sklmerge.augment._hash import draw_uniform, hash_keys, resolve_seed
from sklmerge.augment._params import AugmentationParams
from sklmerge.augment._protocol import Augmenter
from sklmerge.augment._scaler import ImageScaler
from sklmerge.augment._trivial import TrivialAugmenter

__all__ = [
    "AugmentationParams",
    "Augmenter",
    "CallableAugmenter",
    "ClassAugmenter",
    "ImageAugmenter",
    "ImageScaler",
    "TrivialAugmenter",
    "as_augmenter",
    "draw_uniform",
    "hash_keys",
    "resolve_seed",
]
