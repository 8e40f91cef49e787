"""Epochs for torch: the DataLoader that `to_torch` gives, and a sampler for one's own data set.

The sampler says which batch of which epoch comes next; workers only make it, and have no state. The
state of a loader counts batches handed out, not fetched.
"""

import errno
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from sklearn.base import clone
from torch.utils.data import DataLoader, Dataset, get_worker_info

from sklmerge._checks import check_whole
from sklmerge._dataset_labels import find_labels
from sklmerge._parallel import Lookahead, count_threads
from sklmerge.feed._batches import ImageBatches
from sklmerge.feed._epochs import EpochClock, EpochPlans
from sklmerge.feed._maker import Batch
from sklmerge.feed._targets import NamedClasses
from sklmerge.feed._torch_sampler import BatchKey, EpochSampler, Shard
from sklmerge.sampling import EpochSchedule


class EpochBatchSampler(EpochSampler):
    """Draw balanced batches from a torch Dataset that you already have.

    Use it as ``DataLoader(dataset, batch_sampler=EpochBatchSampler(dataset))``. Every loop is a new
    epoch. This works with any number of processes and workers.

    Parameters
    ----------
    data : torch Dataset, Hugging Face data set, ImageIndex, tensor or array-like of shape (n,)
        The data set to draw from, or its labels. The labels of a data set are taken from `targets`,
        `labels` or `samples` (also inside Subset and ConcatDataset) or from a ClassLabel column,
        without reading any image. If images have several labels, pass a 0/1 table.
    batch_size : int, default=32
        Maximum number of images in a batch. The sizes of the batches differ by at most 1.
    schedule : EpochSchedule or None, default=None
        Decides which rows each epoch draws. A clone of the schedule is fitted. None means
        ``EpochSchedule(random_state=0)``, with ``stratify_batches=False`` for a 0/1 table.
    shard : {"auto", True, False}, default="auto"
        Whether each process of `torch.distributed` gets its own part of an epoch, see
        `ImageBatches.to_torch`.

    Attributes
    ----------
    epoch : int
        Number of the epoch that the next loop will use. It increases when a loop gets its first
        batch.
    schedule : EpochSchedule
        The fitted schedule.

    Notes
    -----
    With `state_dict` and `load_state_dict`, you can resume in the middle of an epoch, including in
    torchdata's StatefulDataLoader. With Lightning on several processes, pass
    ``use_distributed_sampler=False``, because Lightning would otherwise wrap its own sampler around
    this one.

    Examples
    --------
    >>> from sklmerge.feed.torch import EpochBatchSampler
    >>> sampler = EpochBatchSampler([0] * 2 + [1] * 1000, batch_size=4)
    >>> len(sampler), [sorted(indices)[:2] for indices in sampler]
    (1, [[0, 1]])
    """

    # accelerate holds back batches that are smaller than this says; here sizes differ by 1.
    batch_size = None

    def __init__(
        self,
        data: Any,
        batch_size: int = 32,
        *,
        schedule: EpochSchedule | None = None,
        shard: Shard = "auto",
    ) -> None:
        labels = find_labels(data, "data")
        if isinstance(labels, torch.Tensor):
            labels = labels.numpy(force=True)
        if schedule is None:
            # Rows of several labels cannot be dealt to batches label by label.
            is_table = len(np.shape(labels)) == 2
            schedule = EpochSchedule(stratify_batches=not is_table, random_state=0)
        fitted = clone(schedule).fit(labels)
        fitted.count_batches(batch_size)
        super().__init__(fitted, batch_size, shard)
        self._plans: dict[tuple[int, int], EpochPlans] = {}

    def __repr__(self) -> str:
        n_images = len(self.schedule.original_codes_)
        return (
            f"{type(self).__name__}({n_images} images, batch_size={self._size}, "
            f"schedule={self.schedule!r}, epoch={self.epoch})"
        )

    def make_item(self, key: BatchKey) -> list[int]:
        """Return the rows of a batch."""
        place = (key.rank, key.world_size)
        if place not in self._plans:
            self._plans[place] = EpochPlans(self.schedule, self._size, *place)
        rows: list[int] = self._plans[place].get(key.epoch)[key.step].indices.tolist()
        return rows


# A copy up to this size goes into memory that malloc has at hand. Above it each copy would be fresh
# from the kernel, which clears as many pages as lending saves.
_LENT_AT_MOST = 32 << 20


class _KeySampler(EpochSampler):
    """Names whole batches; to trainers each is a batch of a single item."""

    batch_size = 1

    def __init__(
        self, schedule: Any, batch_size: int, shard: Shard = "auto", drop_last: Any = None
    ) -> None:
        if drop_last is not None:
            # Lightning makes the sampler of a loader anew, by these names, to predict.
            raise TypeError(
                "trainer.predict must not get the loader of to_torch, whose batches it would name "
                "anew; loop over it, such as [model(x) for x, *_ in loader]"
            )
        super().__init__(schedule, batch_size, shard)


class _MadeBatches(Dataset[Any]):
    """Makes the batches that a sampler names, in whatever process."""

    def __init__(self, batches: ImageBatches, sampler: _KeySampler) -> None:
        self.batches = batches
        self.sampler = sampler
        self._blocks: list[torch.Tensor] = []
        self._views: dict[tuple[int, int], ImageBatches] = {}
        self._ahead: Lookahead | None = None

    def __len__(self) -> int:
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        """Set the next epoch; accelerate calls this."""
        self.sampler.set_epoch(epoch)

    def __getitem__(self, key: Any) -> Any:
        return self.__getitems__([key])

    def __getitems__(self, keys: list[Any]) -> tuple[torch.Tensor, ...]:
        key, *others = keys
        if others or not isinstance(key, BatchKey):
            raise TypeError(
                "loader.dataset must not be put into another DataLoader; pass its options to "
                "batches.to_torch(num_workers=..., ...)"
            )
        if key.rank != key.process:
            raise ValueError(
                "dispatch_batches must be False, and a loader with shard=False must go through "
                f"accelerator.prepare, got a batch of process {key.rank} asked for by process "
                f"{key.process}; pass shard=True to a loader that is not prepared"
            )
        batch = self._make(key)
        return make_tensors(batch, self._lend(batch, key.n_blocks) if key.n_blocks else None)

    def _lend(self, batch: Batch, n_blocks: int) -> torch.Tensor:
        """Give the next of a worker's few blocks of shared memory, or a new one for many images.

        The kernel clears every page of a fresh block, which is torch's way: .4 ms for an image of
        224 x 224, which took .7 ms to read and augment.
        """
        n_values = batch[0].size
        if 4 * n_values > _LENT_AT_MOST:
            return _allocate(n_values)
        # Never fewer: workers that persist fetch as far ahead as when they were started.
        n_new = max(n_blocks - len(self._blocks), 0)
        block, *self._blocks = [*self._blocks, *[torch.empty(0)] * n_new]
        if len(block) < n_values:
            block = _allocate(n_values)
        self._blocks.append(block)
        return block[:n_values]

    def _make(self, key: BatchKey) -> Batch:
        if get_worker_info() is not None:
            # A worker is a process of its own. 0, not 1: that would wait for the threads of the
            # process that it was forked from.
            cv2.setNumThreads(0)
            return self._find_view(key).make_batch(key.epoch, key.step)
        if self._ahead is None:
            self._ahead = Lookahead(
                lambda key: self._find_view(key).make_batch(key.epoch, key.step),
                count_threads(self.batches.n_jobs),
            )
        last = self._find_view(key).n_batches
        steps = range(key.step + 1, last)
        return self._ahead.take(key, (key._replace(step=step) for step in steps))

    def _find_view(self, key: BatchKey) -> ImageBatches:
        place = (key.rank, key.world_size)
        if place not in self._views:
            self._views[place] = self.batches.with_rank(*place)
        return self._views[place]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_ahead": None}


def _allocate(n_values: int) -> torch.Tensor:
    """Make a block of shared memory, in the worker: torch's queue would lose the error and wait."""
    try:
        return torch.empty(n_values, dtype=torch.float32).share_memory_()
    except RuntimeError as error:
        # torch gives the number of the system's error in its text alone, beside words of a locale.
        if f"({errno.ENOSPC})" not in str(error):
            raise
        raise RuntimeError(
            "shared memory must have room for num_workers * (prefetch_factor + 1) batches, got "
            f"none for another batch of {4 * n_values / 1e6:.0f} MB; give the container more "
            "(docker run --shm-size=1g), or lower batch_size, num_workers or prefetch_factor"
        ) from error


class BatchLoader(NamedClasses, DataLoader[Any]):
    """The DataLoader that `ImageBatches.to_torch` returns.

    Batches are tuples of tensors: images as float32 of shape (n, C, H, W), class numbers as int64,
    other targets and weights as float32. Pixel values are not changed. For values from 0 to 1, give
    the batches a scaler with ``rescale=1 / 255``.

    Parameters
    ----------
    batches : ImageBatches
        The batches to feed. Each worker has its own cache of ``cache_bytes``.
    num_workers, shard, **options
        See `ImageBatches.to_torch`.

    Attributes
    ----------
    batches : ImageBatches
        The batches to feed.
    epoch : int
        Number of the epoch that the next loop will use. Every loop is a new epoch, even if the
        previous loop ended early.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import EpochSchedule, ImageBatches
    >>> images = np.zeros((6, 20, 30, 3), np.uint8)
    >>> y = ["rare"] * 2 + ["common"] * 4
    >>> batches = ImageBatches(images, y, schedule=EpochSchedule(random_state=0), batch_size=4)
    >>> loader = batches.to_torch()
    >>> for x, targets in loader:
    ...     print(tuple(x.shape), x.dtype, targets)
    (4, 3, 20, 30) torch.float32 tensor([0, 1, 0, 1])
    >>> state = loader.state_dict()  # goes into the checkpoint, loader.load_state_dict(state)
    >>> state["epoch"], state["batch"]
    (1, 0)
    """

    def __init__(
        self, batches: ImageBatches, *, num_workers: int = 0, shard: Shard = "auto", **options: Any
    ) -> None:
        if not isinstance(batches, ImageBatches):
            raise TypeError(f"batches must be ImageBatches, got {type(batches).__name__}")
        for name in ("batch_size", "shuffle", "sampler", "batch_sampler", "drop_last"):
            if name in options:
                raise TypeError(
                    f"{name} must not be given to to_torch, got {options[name]!r}; ImageBatches "
                    "and its schedule say which images make a batch"
                )
        if batches.world_size > 1:
            raise ValueError(
                f"batches must be those of all processes, got rank {batches.rank} of "
                f"{batches.world_size}; to_torch asks torch.distributed itself"
            )
        sampler = _KeySampler(batches.schedule, batches.batch_size, shard)
        sampler.clock.stand_like(batches.clock)
        options.setdefault("collate_fn", _keep)
        super().__init__(
            _MadeBatches(batches, sampler),
            batch_sampler=sampler,
            num_workers=check_whole("num_workers", num_workers, 0),
            **options,
        )
        # Lightning looks here for a DistributedSampler; DataLoader lets nobody set it later.
        object.__setattr__(self, "sampler", sampler)
        self._keys = sampler
        self.batches, self.merger = batches, batches.merger
        self._now: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.batches!r}, num_workers={self.num_workers})"

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next loop will use."""
        return self._keys.epoch

    def __iter__(self) -> Any:
        """Yield the batches of the next epoch."""
        # A generator: workers start, and an epoch begins, when the first batch is asked for.
        clock = self._keys.clock
        epoch, start = clock.epoch, clock.start
        n_batches, (_, world_size, _) = len(self._keys), self._keys.find_place()
        mine = EpochClock(clock.identity)
        # What else may collate or read the tensors in shared memory is not ours to copy.
        lends = self.num_workers > 0 and self.collate_fn is _keep
        # Of a worker's batches so many are under way, one is about to be copied, and one to spare.
        self._keys.n_blocks = (self.prefetch_factor or 2) + 1 if lends else 0
        try:
            made = super().__iter__()
        finally:
            self._keys.n_blocks = 0
        for number, batch in enumerate(made, start + 1):
            mine.stand_at(epoch, number, n_batches, world_size)
            self._now = mine.state_dict()
            yield _take_back(batch) if lends else batch

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next loop."""
        self._keys.set_epoch(epoch)
        self._now = None

    def state_dict(self) -> dict[str, Any]:
        """Return where to resume: after the last batch returned, even if more were prefetched."""
        return self._keys.state_dict() if self._now is None else dict(self._now)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a saved state. The next loop resumes from it.

        Parameters
        ----------
        state_dict : dict
            The state that `state_dict` returned. The data, schedule and batch size must be the same
            as when it was saved and, in the middle of an epoch, so must the number of processes.
        """
        self._keys.load_state_dict(state_dict)
        self._now = None


def make_tensors(batch: Batch, block: torch.Tensor | None = None) -> tuple[Any, ...]:
    """Convert a batch to tensors: images as float32 with channels first; dicts of y stay dicts.

    The images go into `block`, of as many values, if it is given.
    """
    x, *targets = batch
    planes = np.moveaxis(x, 3, 1) if x.ndim == 4 else x[:, None] if x.ndim == 3 else x
    if block is None:
        block = torch.empty(x.size, dtype=torch.float32)
    images = block.view(planes.shape)
    if planes.shape[1] in (3, 4) and x.ndim == 4 and x.dtype == np.float32:
        # A third of the time of NumPy's copy.
        for image, written in zip(x, images.numpy(), strict=True):
            cv2.split(image, list(written))
    else:
        np.copyto(images.numpy(), planes, casting="unsafe")
    return (images, *(_make_tensor(part) for part in targets))


def _take_back(batch: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copy images out of the block that a worker lent, unless they were copied to be pinned."""
    images, *targets = batch
    if images.is_shared() and images.nbytes <= _LENT_AT_MOST:
        # Not clone(), whose threads wait for each other where workers keep every core busy.
        images = torch.from_numpy(images.numpy().copy())
    return (images, *targets)


def _make_tensor(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: torch.from_numpy(values) for name, values in part.items()}
    return torch.from_numpy(part)


def _keep(batch: Any) -> Any:
    return batch
