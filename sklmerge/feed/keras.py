"""KerasBatches: a thin shell of ImageBatches for `model.fit`, on any backend."""

from typing import Any

import keras

from sklmerge._checks import check_whole
from sklmerge._parallel import Lookahead, count_threads
from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._targets import NamedClasses


class KerasBatches(NamedClasses, keras.utils.PyDataset):
    """Feed `ImageBatches` to Keras' fit, evaluate and predict, see `ImageBatches.to_keras`.

    Parameters
    ----------
    batches : ImageBatches
        The batches to feed. ``n_jobs`` threads prepare them.
    initial_epoch : int or None, default=None
        Number of the first epoch. If you do not use `callback`, this must be the ``initial_epoch``
        that you pass to `fit`. None means the next epoch of the batches. In that case, the batches
        must not be in the middle of an epoch, because Keras can only start at the beginning of one.

    Attributes
    ----------
    callback : keras.callbacks.Callback
        Pass this callback to `fit`. It tells the data set which epoch Keras is in, so that training
        resumes correctly with BackupAndRestore or the ``initial_epoch`` of `fit`. It raises an
        error if ``steps_per_epoch`` would cut epochs short. After training, it deletes the cached
        images.
    epoch : int
        Number of the current epoch or, between epochs, of the next one. Without the callback, this
        number increases when Keras ends an epoch in which it has requested every batch. This also
        happens in ``evaluate`` and ``predict``, so use separate batches for these.

    Notes
    -----
    Pass ``shuffle=False`` to `fit`. The schedule already shuffles the images, and batches can be
    prepared ahead only if Keras asks for them in order.

    Keras reads some batches before training begins, as if they belonged to an epoch. The number in
    `epoch` is still correct, unless an epoch has only one batch.

    Keras' TensorFlow backend keeps every data set passed to `fit` in memory until the process ends.
    So with this backend and without the callback, images are cached only within an epoch.

    Grey images get a channel axis. With ``class_mode="both"``, y is a dict with the keys "merged"
    and "original", so use these names for the outputs of your model.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import EpochSchedule, ImageBatches
    >>> images = np.zeros((6, 20, 30, 3), np.uint8)
    >>> y = ["rare"] * 2 + ["common"] * 4
    >>> schedule = EpochSchedule(random_state=0)
    >>> train = ImageBatches(images, y, schedule=schedule, batch_size=4).to_keras()
    >>> x, targets = train[0]
    >>> x.shape, targets.tolist()
    ((4, 20, 30, 3), [0, 1, 0, 1])
    """

    def __init__(self, batches: ImageBatches, *, initial_epoch: int | None = None) -> None:
        if not isinstance(batches, ImageBatches):
            raise TypeError(f"batches must be ImageBatches, got {type(batches).__name__}")
        # No worker of Keras': what its queue holds at the end of one epoch goes to the next.
        super().__init__(workers=1, use_multiprocessing=False)
        self.batches, self.merger = batches, batches.merger
        self.epoch = _find_first_epoch(batches, initial_epoch)
        self.callback = EpochCallback(self)
        self._ahead = Lookahead(self._make, count_threads(batches.n_jobs))
        self._asked: set[int] = set()
        self._n_asked = 0
        self._next_number = 0
        self._is_told = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.batches!r})"

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Make one batch of the epoch."""
        number = range(len(self))[index]
        self._asked.add(number)
        self._n_asked += 1
        is_next = number in (0, self._next_number)
        self._next_number = number + 1
        following = range(number + 1, len(self)) if is_next else ()
        batch = self._ahead.take((self.epoch, number), ((self.epoch, other) for other in following))
        x, *targets = batch
        return (x[..., None] if x.ndim == 3 else x, *targets)

    def on_epoch_end(self) -> None:
        """Advance to the next epoch if Keras has asked for every batch; Keras calls this."""
        self._ahead.clear()
        n_asked, self._n_asked = self._n_asked, 0
        if len(self._asked) < len(self):
            return
        self._asked.clear()
        if not self._is_told:
            # A look at some batches before an epoch is no part of it: they are asked for again.
            if n_asked < len(self):
                self._refuse_steps()
            self.epoch += 1
            if keras.backend.backend() == "tensorflow":
                self.batches.release()

    def begin_training(self, n_steps: int | None) -> None:
        """Prepare for training with this number of steps per epoch; the callback calls this."""
        if n_steps is not None and n_steps < len(self):
            self._refuse_steps(n_steps)
        self._is_told = True

    def begin_epoch(self, epoch: int) -> None:
        """Set the epoch that Keras is in; the callback calls this."""
        if epoch != self.epoch:
            self._ahead.clear()
        self.epoch = epoch

    def end_training(self) -> None:
        """Clean up after training; the callback calls this."""
        self._is_told = False
        self.epoch += 1
        self._ahead.clear()
        self._asked.clear()
        self.batches.release()

    def _make(self, key: tuple[int, int]) -> Any:
        return self.batches.make_batch(*key)

    def _refuse_steps(self, n_steps: int | None = None) -> None:
        got = "fewer" if n_steps is None else str(n_steps)
        raise ValueError(
            f"steps_per_epoch must not be below the {len(self)} batches of an epoch, got {got}; "
            "leave it out, and choose shorter epochs by EpochSchedule(samples_per_class)"
        )


def _find_first_epoch(batches: ImageBatches, initial_epoch: int | None) -> int:
    if initial_epoch is not None:
        return check_whole("initial_epoch", initial_epoch, 0)
    epoch, start = batches.clock.epoch, batches.clock.start
    if start:
        raise ValueError(
            f"initial_epoch must be given where batches resume within an epoch, got batch {start} "
            f"of epoch {epoch}; Keras trains whole epochs: pass initial_epoch={epoch} to repeat it "
            f"or {epoch + 1} to go on with the next"
        )
    return epoch


class EpochCallback(keras.callbacks.Callback):
    """Tell a KerasBatches which epoch Keras trains, and when training ends."""

    def __init__(self, feed: KerasBatches) -> None:
        super().__init__()
        self.feed = feed

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.feed!r})"

    def on_train_begin(self, logs: Any = None) -> None:
        """Raise an error if epochs would be cut short."""
        self.feed.begin_training((self.params or {}).get("steps"))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the epoch of the batches."""
        self.feed.begin_epoch(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Release the cached images."""
        self.feed.end_training()
