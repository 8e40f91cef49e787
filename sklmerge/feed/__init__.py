"""Batches for training loops. `sklmerge.feed.keras` and `sklmerge.feed.torch` need an import."""

from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._folder import batches_from_directory
from sklmerge.feed._maker import Batch, BatchDraws

__all__ = ["Batch", "BatchDraws", "ImageBatches", "batches_from_directory"]
