"""Batches for training loops. `sklmerge.feed.keras` and `sklmerge.feed.torch` go by name."""

from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._preparing import Batch, BatchDraws

__all__ = ["Batch", "BatchDraws", "ImageBatches"]
