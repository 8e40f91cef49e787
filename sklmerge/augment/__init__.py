"""Augmentation and preparation (resizing, normalising) of images."""

from sklmerge._random import draw_uniform, hash_keys, resolve_seed
from sklmerge.augment._as_augmenter import ClassAugmenter, as_augmenter
from sklmerge.augment._as_augmenter import pick_augmenter as pick_augmenter
from sklmerge.augment._as_augmenter import pick_augmenters as pick_augmenters
from sklmerge.augment._as_augmenter import tell_augmenter as tell_augmenter
from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._base import Augmenter
from sklmerge.augment._base import ImageTransformer as ImageTransformer
from sklmerge.augment._foreign import CallableAugmenter
from sklmerge.augment._foreign import list_libraries as list_libraries
from sklmerge.augment._normalize import read_normalization as read_normalization
from sklmerge.augment._params import AugmentationParams
from sklmerge.augment._scaler import ImageScaler
from sklmerge.augment._scaler import scale_batch as scale_batch
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
