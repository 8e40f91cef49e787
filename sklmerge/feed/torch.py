"""TorchBatches and EpochBatchSampler: thin shells for a torch DataLoader."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
from sklearn.base import clone
from torch.utils.data import IterableDataset, Sampler, get_worker_info

from sklmerge._parallel import count_threads
from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._preparing import Batch
from sklmerge.sampling import EpochSchedule, check_rank, check_whole

_MAX_WORKERS = 1024


class TorchBatches(IterableDataset[tuple[torch.Tensor, ...]]):
    """Feed `ImageBatches` through a torch DataLoader, as tensors.

    Use it with ``DataLoader(TorchBatches(batches), batch_size=None, num_workers=...)``. The
    workers share each epoch, and the loader yields its batches in the same order whatever their
    number.

    Parameters
    ----------
    batches : ImageBatches
        What is fed. Make it before the workers start; ``n_jobs`` threads work in each of them.
    rank : int or None, default=None
        Which process this is. None asks `torch.distributed`, where that is initialised.
    world_size : int or None, default=None
        Of how many.

    Notes
    -----
    Images come as float32 of shape (n, C, H, W), with the values of `batches`: pass it a scaler
    with ``rescale=1 / 255`` for values from 0 to 1. Targets are int64 (float32 where they are not
    class numbers).

    Every loop over the loader is the next epoch, in all workers, also persistent ones; `set_epoch`
    chooses one. Call it, too, before the number of workers changes. Each worker has a cache of
    ``cache_bytes``.

    Examples
    --------
    >>> import numpy as np
    >>> from torch.utils.data import DataLoader
    >>> from sklmerge import EpochSchedule, ImageBatches
    >>> from sklmerge.feed.torch import TorchBatches
    >>> images = np.zeros((6, 20, 30, 3), np.uint8)
    >>> y = ["rare"] * 2 + ["common"] * 4
    >>> batches = ImageBatches(images, y, schedule=EpochSchedule(random_state=0), batch_size=4)
    >>> for x, targets in DataLoader(TorchBatches(batches), batch_size=None):
    ...     print(tuple(x.shape), x.dtype, targets)
    (4, 3, 20, 30) torch.float32 tensor([0, 1, 0, 1])
    """

    def __init__(
        self,
        batches: ImageBatches,
        *,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(batches, ImageBatches):
            raise TypeError(f"batches must be ImageBatches, got {type(batches).__name__}")
        place = _find_rank(rank, world_size)
        self.batches = batches if place is None else batches.with_rank(*place)
        # Shared with the workers, however they are started: the epoch of the first loop, how many
        # workers there were, and the loops that each of them has begun.
        self._shared = torch.zeros(2 + _MAX_WORKERS, dtype=torch.int64).share_memory_()

    @property
    def epoch(self) -> int:
        """The epoch of the next loop."""
        return int(self._shared[0] + self._shared[2:].max())

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        """Yield the batches of the next epoch, or this worker's part of them."""
        info = get_worker_info()
        worker, n_workers = (0, 1) if info is None else (info.id, info.num_workers)
        epoch = self._begin_epoch(worker, n_workers)
        n_threads = count_threads(self.batches.n_jobs)
        if info is not None:
            # A worker is a process of its own, already ahead of the loop. 0, not 1: that would wait
            # for the threads of the process that it was forked from.
            cv2.setNumThreads(0)
            n_threads = 0 if n_threads == 1 else n_threads
        numbers = range(worker, len(self), n_workers)
        for batch in self.batches.iterate(epoch, numbers, n_threads=n_threads):
            yield make_tensors(batch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next loop."""
        check_whole("epoch", epoch, 0)
        self._shared.zero_()
        self._shared[0] = epoch

    def state_dict(self) -> dict[str, int]:
        """Return the epoch of the next loop: within a loop, the one after it."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on at the epoch of a `state_dict`."""
        self.set_epoch(state_dict["epoch"])

    def _begin_epoch(self, worker: int, n_workers: int) -> int:
        if n_workers > _MAX_WORKERS:
            raise ValueError(f"num_workers must be at most {_MAX_WORKERS}, got {n_workers}")
        before = int(self._shared[1])
        if before not in (0, n_workers):
            raise RuntimeError(
                f"num_workers must stay {before} from epoch to epoch, got {n_workers}; call "
                "set_epoch first"
            )
        self._shared[1] = n_workers
        epoch = int(self._shared[0] + self._shared[2 + worker])
        self._shared[2 + worker] += 1
        return epoch


class EpochBatchSampler(Sampler[list[int]]):
    """Draw balanced batches from a torch Dataset that one already has.

    Use it with ``DataLoader(dataset, batch_sampler=EpochBatchSampler(dataset.targets))``.

    Parameters
    ----------
    y : array-like of shape (n,), tensor or ImageIndex
        Labels of the data set, in its order.
    batch_size : int, default=32
        Most images in a batch; sizes differ by at most 1.
    schedule : EpochSchedule or None, default=None
        What each epoch draws; a clone is fitted. None is ``EpochSchedule(random_state=0)``.
    rank : int or None, default=None
        Which process this is. None asks `torch.distributed`, where that is initialised.
    world_size : int or None, default=None
        Of how many.

    Attributes
    ----------
    epoch : int
        The epoch of the next loop; a loop moves it on with its first batch.
    schedule : EpochSchedule
        Fitted.

    Examples
    --------
    >>> from sklmerge.feed.torch import EpochBatchSampler
    >>> sampler = EpochBatchSampler([0] * 2 + [1] * 1000, batch_size=4)
    >>> len(sampler), [sorted(indices)[:2] for indices in sampler]
    (1, [[0, 1]])
    """

    def __init__(
        self,
        y: Any,
        *,
        batch_size: int = 32,
        schedule: EpochSchedule | None = None,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        labels = y.numpy(force=True) if isinstance(y, torch.Tensor) else y
        planned = EpochSchedule(random_state=0) if schedule is None else schedule
        self.schedule = clone(planned).fit(labels)
        self.batch_size = batch_size
        self.rank, self.world_size = _find_rank(rank, world_size) or (0, 1)
        check_rank(self.schedule, self.rank, self.world_size)
        self.epoch = 0
        self._n_batches = self.schedule.count_batches(batch_size, world_size=self.world_size)

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return self._n_batches

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the indices of each batch of the next epoch."""
        # A generator, because a loader may ask for an iterator that it never uses.
        epoch = self.epoch
        self.epoch = epoch + 1
        for draws in self.schedule.plan_batches(
            epoch, self.batch_size, rank=self.rank, world_size=self.world_size
        ):
            yield draws.indices.tolist()

    def set_epoch(self, epoch: int) -> None:
        """Choose the next epoch."""
        check_whole("epoch", epoch, 0)
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """Return the epoch of the next loop: within a loop, the one after it."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on at the epoch of a `state_dict`."""
        self.set_epoch(state_dict["epoch"])


def make_tensors(batch: Batch) -> tuple[torch.Tensor, ...]:
    """Turn a batch into tensors: images channels first and float32.

    Parameters
    ----------
    batch : Batch
        Of images of shape (n, H, W), (n, H, W, C), or of rows.

    Returns
    -------
    tuple of torch.Tensor
    """
    x, *targets = batch
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4:
        x = np.moveaxis(x, 3, 1)
    images = np.ascontiguousarray(x, dtype=np.float32)
    return (torch.from_numpy(images), *(torch.from_numpy(part) for part in targets))


def _find_rank(rank: int | None, world_size: int | None) -> tuple[int, int] | None:
    if (rank is None) != (world_size is None):
        raise ValueError(f"rank and world_size must be given together, got {rank}, {world_size}")
    if rank is not None and world_size is not None:
        return rank, world_size
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return None
