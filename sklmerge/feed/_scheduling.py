"""A schedule and labels in, a fitted schedule and how often it draws out."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklmerge.labels import LabelMerger, is_fitted_merger
from sklmerge.sampling import BatchPlan, EpochSchedule, check_rank


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


def find_labels(source: Any, y: Any, n: int) -> Any:
    """Find what a schedule is fitted to: an index, labels, or None where there are none.

    Parameters
    ----------
    source, y
        As given to `ImageBatches`.
    n : int
        Images in the source.
    """
    if hasattr(source, "original_codes") and hasattr(source, "paths"):
        if y is not None:
            raise ValueError("y must be None where source is an ImageIndex, which brings it")
        return source
    if y is not None and len(np.asarray(y)) != n:
        raise ValueError(f"y must have one label for each of {n} images, got {len(np.asarray(y))}")
    return y


def check_unlabelled(**given: Any) -> None:
    """Refuse what makes no sense without labels."""
    needy = [name for name, value in given.items() if value is not None]
    if needy:
        raise ValueError(f"y is needed where {needy[0]} is given, got None")


def fit_schedule(schedule: EpochSchedule | None, labels: Any, merge: Any) -> EpochSchedule:
    """Fit a clone of a schedule.

    Parameters
    ----------
    schedule : EpochSchedule or None
        None draws each image once, in order.
    labels : array-like or ImageIndex
        Original labels.
    merge : mapping, list of lists, LabelMerger or None
        What merges them, if the schedule and the index do not say.

    Returns
    -------
    EpochSchedule
        Fitted.
    """
    if not isinstance(schedule, EpochSchedule | None):
        raise TypeError(f"schedule must be an EpochSchedule or None, got {schedule!r}")
    planned = EpochSchedule(None) if schedule is None else clone(schedule)
    if merge is not None:
        if planned.merge is not None:
            raise ValueError("merge must be given once, got one beside that of the schedule")
        if is_fitted_merger(merge):
            # It has seen its classes elsewhere, and here some may be missing.
            merge = clone(merge).set_params(missing="ignore")
        planned.set_params(merge=merge)
    return planned.fit(labels)


def list_originals(labels: Any, merger: LabelMerger) -> NDArray[Any]:
    """List the original classes in the order of the schedule's codes."""
    if hasattr(labels, "original_classes"):
        return np.array(labels.original_classes)
    return merger.classes_


def find_rates(schedule: EpochSchedule, originals: Sequence[Any]) -> list[float]:
    """Say how often an image of each original class is drawn in an epoch.

    Parameters
    ----------
    schedule : EpochSchedule
        Fitted.
    originals : sequence of labels
        The original classes.

    Returns
    -------
    list of float
    """
    if schedule.samples_per_class is None:
        return [1.0] * len(originals)
    mapping, draws = schedule.merger_.mapping_, schedule.samples_per_class_
    merged = [mapping[label] for label in originals]
    if schedule.within_merged == "natural":
        return [draws[label] / schedule.class_counts_[label] for label in merged]
    sizes = np.bincount(schedule.original_codes_, minlength=len(originals)).tolist()
    return [draws[label] / merged.count(label) / n for label, n in zip(merged, sizes, strict=True)]
