"""KerasBatches: a thin shell of ImageBatches for `model.fit`, on any backend."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

from sklmerge._parallel import count_threads
from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._preparing import Batch
from sklmerge.sampling import check_whole


class KerasBatches(keras.utils.PyDataset):
    """Feed `ImageBatches` to Keras' fit, evaluate and predict.

    Parameters
    ----------
    batches : ImageBatches
        What is fed, by ``n_jobs`` threads.
    initial_epoch : int, default=0
        The first epoch, the same as fit's own ``initial_epoch``, which Keras does not pass on.

    Attributes
    ----------
    epoch : int
        The epoch that is fed, or the next. It moves on when Keras ends an epoch and has asked for
        every batch, also in ``evaluate`` and ``predict``: give these batches of their own.

    Notes
    -----
    Pass ``shuffle=False`` to fit: what is in a batch is random as it is, so that the order of
    batches need not be, and only batches that are asked for in order can be made ahead.

    Keras looks at one batch before it begins, and calls that an epoch as well. The epochs are
    counted right all the same, unless they have a single batch.

    Grey images get an axis for their channel.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import EpochSchedule, ImageBatches
    >>> from sklmerge.feed.keras import KerasBatches
    >>> images = np.zeros((6, 20, 30, 3), np.uint8)
    >>> y = ["rare"] * 2 + ["common"] * 4
    >>> schedule = EpochSchedule(random_state=0)
    >>> train = KerasBatches(ImageBatches(images, y, schedule=schedule, batch_size=4))
    >>> x, targets = train[0]
    >>> x.shape, targets.tolist()
    ((4, 20, 30, 3), [0, 1, 0, 1])
    """

    def __init__(self, batches: ImageBatches, *, initial_epoch: int = 0) -> None:
        if not isinstance(batches, ImageBatches):
            raise TypeError(f"batches must be ImageBatches, got {type(batches).__name__}")
        check_whole("initial_epoch", initial_epoch, 0)
        # No worker of Keras': what its queue holds at the end of one epoch goes to the next.
        super().__init__(workers=1, use_multiprocessing=False)
        self.batches = batches
        self.epoch = initial_epoch
        self._n_threads = count_threads(batches.n_jobs)
        self._pool = ThreadPoolExecutor(self._n_threads, thread_name_prefix="sklmerge-feed")
        self._ahead: dict[tuple[int, int], Future[Batch]] = {}
        self._asked: set[int] = set()
        self._next_number = 0

    @property
    def class_indices(self) -> dict[Any, int]:
        """Merged label -> its number in y."""
        return self.batches.class_indices

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Make one batch of the epoch."""
        number = range(len(self))[index]
        self._asked.add(number)
        x, *targets = self._take(number)
        return (x[..., None] if x.ndim == 3 else x, *targets)

    def on_epoch_end(self) -> None:
        """Move on to the next epoch, if all of this one was asked for; Keras calls it."""
        if len(self._asked) == len(self):
            self.epoch += 1
            self._asked.clear()

    def _take(self, number: int) -> Batch:
        """Return a batch, and have the next ones made as long as they are asked for in order."""
        in_order = number in (0, self._next_number)
        self._next_number = number + 1
        last = min(number + self._n_threads, len(self) - 1) if in_order else number - 1
        wanted = [(self.epoch, ahead) for ahead in range(number, last + 1)]
        for stale in [key for key in self._ahead if key not in wanted]:
            self._ahead.pop(stale).cancel()
        for key in wanted:
            if key not in self._ahead:
                self._ahead[key] = self._pool.submit(self.batches.make_batch, *key)
        made = self._ahead.pop((self.epoch, number), None)
        return self.batches.make_batch(self.epoch, number) if made is None else made.result()
