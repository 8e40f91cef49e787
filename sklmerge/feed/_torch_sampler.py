"""The sampler that names the batches of an epoch, in the main process, for torch's loaders.

A loader asks for iterators that it never uses, fetches ahead, and is made before the processes of a
distributed run know of each other: so an iterator asks for its epoch and its rank when it is first
asked for a batch.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch.utils.data.distributed import DistributedSampler

from sklmerge.feed._epochs import EpochClock, EpochPlans, Resumable, identify_epochs
from sklmerge.sampling import EpochSchedule

Shard = bool | Literal["auto"]


class BatchKey(NamedTuple):
    """Identifies a batch; `process` is the rank of the process that was asked for the batch."""

    epoch: int
    step: int
    rank: int
    world_size: int
    process: int
    # How many blocks of memory a worker lends in turns, to whoever copies each batch in time.
    n_blocks: int = 0


class EpochSampler(Resumable, DistributedSampler[Any]):
    """Yields the keys of the batches of the next epoch."""

    # A DistributedSampler, because Lightning leaves those alone and calls their `set_epoch`; and
    # its own `sampler`, because Lightning and accelerate look for `batch_sampler.sampler`.

    drop_last = False
    n_blocks = 0

    def __init__(self, schedule: EpochSchedule, batch_size: int, shard: Shard) -> None:
        # DistributedSampler's own would ask for the ranks, which are not known yet.
        if shard != "auto" and not isinstance(shard, bool):
            raise ValueError(f'shard must be "auto", True or False, got {shard!r}')
        self.schedule, self.shard = schedule, shard
        self._size = batch_size
        self._counts: dict[int, int] = {}
        self._clock = EpochClock(identify_epochs(schedule, batch_size))

    @property
    def sampler(self) -> "EpochSampler":
        """The sampler itself, which Lightning and accelerate look for under this name."""
        return self

    def __len__(self) -> int:
        """Return the number of batches per epoch, of this process or, if not sharded, of all."""
        _, world_size, is_shared = self.find_place()
        n_batches = self.count_batches(world_size)
        return n_batches if is_shared else n_batches * world_size

    def __iter__(self) -> Iterator[Any]:
        """Yield the keys of the batches of the next epoch."""
        return _Walk(self)

    def find_place(self) -> tuple[int, int, bool]:
        """Return the rank, the number of processes, and whether each process gets its own part."""
        rank, world_size = find_rank()
        if world_size > 1 and self.shard == "auto" and _is_accelerated():
            raise RuntimeError(
                f"shard must be True or False beside accelerate on {world_size} processes, got "
                '"auto": False if the loader goes through accelerator.prepare, which shares '
                "batches out itself, else True"
            )
        return rank, world_size, self.shard is not False

    def count_batches(self, world_size: int) -> int:
        """Return the number of batches per process, which is the same for every process."""
        if world_size not in self._counts:
            plans = EpochPlans(self.schedule, self._size, 0, world_size)
            self._counts[world_size] = plans.n_batches
        return self._counts[world_size]

    def make_item(self, key: BatchKey) -> Any:
        """Return what a loader gets for a batch: only its key, as a batch of one item."""
        return [key]


class _Walk:
    """One loop over a sampler."""

    def __init__(self, sampler: EpochSampler) -> None:
        self.sampler = sampler
        self._n_blocks = sampler.n_blocks
        self.at: tuple[int, int] | None = None
        self._n: int | None = None

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> Any:
        if self._n is None:
            self._begin()
        assert self.at is not None
        epoch, number = self.at
        if number >= len(self):
            raise StopIteration
        self.at = (epoch, number + 1)
        self.sampler.clock.stand_at(epoch, number + 1, len(self), self._world_size)
        place = (number, self._rank) if self._is_shared else divmod(number, self._world_size)
        key = BatchKey(epoch, *place, self._world_size, self._rank, self._n_blocks)
        return self.sampler.make_item(key)

    def __len__(self) -> int:
        return self._n or 0

    def _begin(self) -> None:
        self._rank, self._world_size, self._is_shared = self.sampler.find_place()
        n_batches = self.sampler.count_batches(self._world_size)
        self._n = n_batches if self._is_shared else n_batches * self._world_size
        began = self.sampler.clock.begin(self._world_size)
        if self.at is None:
            self.at = began

    def state_dict(self) -> dict[str, Any]:
        """Return the position, for StatefulDataLoader."""
        return {"at": self.at}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Resume from a saved position."""
        if state_dict["at"] is not None:
            self.at = tuple(state_dict["at"])
            self.sampler.clock.set_epoch(self.at[0])


def find_rank() -> tuple[int, int]:
    """Return the rank and the number of processes of torch.distributed."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def _is_accelerated() -> bool:
    """Say whether an Accelerator has been made in this process."""
    state = sys.modules.get("accelerate.state")
    return state is not None and bool(state.is_initialized())
