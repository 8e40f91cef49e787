"""Which draws are in which batch of which epoch, for one process of several. No images here."""

import threading
from typing import Any

from sklmerge.sampling import BatchPlan, EpochSchedule
from sklmerge.sampling._schedule_rules import check_rank


class EpochPlans:
    """Plan the batches of epochs, each epoch once, however many threads ask for it.

    Parameters
    ----------
    schedule : EpochSchedule
        Fitted.
    batch_size : int
        Most images in a batch.
    rank, world_size : int
        Which process of how many.

    Attributes
    ----------
    n_batches : int
        Batches of an epoch.
    """

    def __init__(
        self, schedule: EpochSchedule, batch_size: int, rank: int, world_size: int
    ) -> None:
        check_rank(schedule, rank, world_size)
        self.schedule = schedule
        self.batch_size, self.rank, self.world_size = batch_size, rank, world_size
        self.n_batches = schedule.count_batches(batch_size, world_size=world_size)
        self._start_afresh()

    def get(self, epoch: int) -> BatchPlan:
        """Return the plan of an epoch."""
        with self._lock:
            if epoch not in self._plans:
                # Threads may work at the end of one epoch and the beginning of the next.
                while len(self._plans) > 1:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[epoch] = self.schedule.plan_batches(
                    epoch, self.batch_size, rank=self.rank, world_size=self.world_size
                )
            return self._plans[epoch]

    def __getstate__(self) -> dict[str, Any]:
        # A lock cannot be sent, and another process plans faster than it reads a plan.
        left = ("_lock", "_plans")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[int, BatchPlan] = {}
