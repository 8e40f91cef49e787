"""ImageBatches as a tf.data.Dataset, for loops that are written for one."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from sklmerge.feed._batches import ImageBatches


def make_dataset(batches: ImageBatches) -> Any:
    """Make a tf.data.Dataset that feeds the next epoch in every loop, see `ImageBatches.to_tf`."""

    def feed() -> Iterator[Any]:
        for batch in batches:
            yield _arrange(batch)

    # One batch is made to learn its shape and dtypes.
    signature = tf.nest.map_structure(_describe, _arrange(batches[0]))
    dataset = tf.data.Dataset.from_generator(feed, output_signature=signature)
    if batches.clock.start:
        # The first loop has fewer batches than those that follow.
        return dataset
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def _arrange(batch: Any) -> Any:
    """Give grey images an axis for their channel; a batch without y is x alone."""
    x, *targets = batch
    x = x[..., None] if x.ndim == 3 else x
    return (x, *(dict(part) if isinstance(part, Mapping) else part for part in targets))


def _describe(part: np.ndarray[Any, Any]) -> Any:
    return tf.TensorSpec((None, *part.shape[1:]), part.dtype)
