"""Which epoch comes next, at which batch it begins, and what it draws. No image is read here."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from sklearn.base import clone

from sklmerge._checks import check_whole
from sklmerge._containers import is_index
from sklmerge.labels import is_fitted_merger
from sklmerge.sampling import BatchPlan, EpochSchedule, check_rank


class EpochClock:
    """The epoch and the batch at which the next loop begins; loops advance it."""

    def __init__(self, identity: Mapping[str, Any]) -> None:
        # Of all that decides what an epoch draws: a state of something else is refused.
        self.identity = identity
        self.epoch = self.start = 0
        self._began_for = 1
        self._now: tuple[int, int] | None = None
        self._world_size = 1

    def begin(self, world_size: int = 1) -> tuple[int, int]:
        """Begin a loop: return its epoch and first batch, and advance to the next epoch."""
        if self.start and world_size != self._began_for:
            raise ValueError(
                f"state was saved within an epoch of world_size {self._began_for}, got world_size "
                f"{world_size}; resume with as many processes, or at an epoch with set_epoch"
            )
        began = (self.epoch, self.start)
        self.epoch, self.start = self.epoch + 1, 0
        self._now, self._world_size = began, world_size
        return began

    def stand_like(self, other: "EpochClock") -> None:
        """Copy the position of another clock, even in the middle of an epoch."""
        self.epoch, self.start, self._began_for = other.epoch, other.start, other._began_for
        self._now = None

    def stand_at(self, epoch: int, batch: int, n_batches: int, world_size: int = 1) -> None:
        """Record how many batches of an epoch a loop has returned."""
        self._now = (epoch, batch) if batch < n_batches else (epoch + 1, 0)
        self._world_size = world_size

    def set_epoch(self, epoch: Any) -> None:
        """Set the next epoch; if it is the epoch to be resumed, keep the position within it."""
        epoch = check_whole("epoch", epoch, 0)
        if epoch != self.epoch:
            self.start = 0
        self.epoch, self._now = epoch, None

    def state_dict(self) -> dict[str, Any]:
        """Return where to resume: during a loop, after the last batch that the loop returned."""
        epoch, batch = (self.epoch, self.start) if self._now is None else self._now
        world_size = self._began_for if self._now is None else self._world_size
        return {"epoch": epoch, "batch": batch, "world_size": world_size, **self.identity}

    def load_state_dict(self, state: Any) -> None:
        """Resume from a saved state."""
        names = ("epoch", "batch", "world_size", *self.identity)
        if not isinstance(state, Mapping) or any(name not in state for name in names):
            raise ValueError(f"state must hold {', '.join(names)}, got {state!r}")
        if state["digest"] != self.identity["digest"]:
            raise ValueError(
                "state must be of the same data set, schedule, batch_size and random_state, got "
                f"{_find_differences(state, self.identity)}"
            )
        self.epoch = check_whole("state['epoch']", state["epoch"], 0)
        self.start = check_whole("state['batch']", state["batch"], 0)
        self._began_for = check_whole("state['world_size']", state["world_size"], 1)
        self._now = None


class Resumable:
    """Base class of feeds that return one epoch after another, and can be resumed."""

    _clock: EpochClock

    @property
    def clock(self) -> EpochClock:
        """Counter of the epochs."""
        return self._clock

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next loop will use."""
        return self._clock.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.set_epoch(epoch)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next loop, for example to resume training.

        Parameters
        ----------
        epoch : int
            Number of the epoch, starting at 0.

        Raises
        ------
        ValueError, TypeError
            If `epoch` is negative or not a whole number.
        """
        self._clock.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return the current state, from which you can resume, even in the middle of an epoch.

        Returns
        -------
        dict
            The keys ``epoch`` and ``batch`` give the next batch of the loop. The other keys serve
            to check that the state is loaded into a feed with the same batches.

        Examples
        --------
        >>> import numpy as np
        >>> from sklmerge import ImageBatches
        >>> batches = ImageBatches(np.zeros((9, 4, 5), np.uint8), batch_size=3)
        >>> for batch in batches:
        ...     break
        >>> state = batches.state_dict()
        >>> state["epoch"], state["batch"]
        (0, 1)
        >>> batches.load_state_dict(state)
        >>> [len(x) for (x,) in batches]
        [3, 3]
        """
        return self._clock.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a saved state. The next loop resumes from it.

        Parameters
        ----------
        state_dict : dict
            The state that `state_dict` returned.

        Raises
        ------
        ValueError
            If the state belongs to different data, or to a different schedule, batch size or seed.
            For a state saved in the middle of an epoch, a different number of processes raises this
            error only when the next loop begins.
        """
        self._clock.load_state_dict(state_dict)


class EpochPlans:
    """Plan the batches of each epoch only once, even if several threads ask for them."""

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


# What a parameter came to is compared in its place: different ones may ask for the same draws.
_TOLD_OTHERWISE = ("digest", "samples_per_class", "draws_per_class", "random_state")


def _find_differences(state: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """Say in what a saved state differs from the feed that it is loaded into."""
    differing = {
        name: (state[name], mine) for name, mine in identity.items() if state[name] != mine
    }
    found = [
        f"{name} {saved!r} instead of {mine!r}"
        for name, (saved, mine) in differing.items()
        if name not in _TOLD_OTHERWISE
    ]
    if "draws_per_class" in differing:
        saved, mine = state["samples_per_class"], identity["samples_per_class"]
        other = f"samples_per_class {saved!r} instead of {mine!r}"
        found.append(other if saved != mine else "other numbers of draws per class")
    if "random_state" in differing:
        saved, mine = differing["random_state"]
        hint = "random_state=None is another seed each time"
        found.append(f"random_state {saved!r} instead of {mine!r} ({hint})")
    return ", ".join(found) or "other labels, or the same in another order"


def identify_epochs(schedule: EpochSchedule, batch_size: int) -> dict[str, Any]:
    """List the settings that decide which images are in each batch, with a hash of all of them."""
    samples = schedule.samples_per_class
    augment = "all" if schedule.augment is None else schedule.augment
    draws = sorted((repr(label), n) for label, n in schedule.samples_per_class_.items())
    # Plain numbers and text, which any format of a checkpoint holds, and few even of many classes.
    identity = {
        "n_images": schedule.n_samples_,
        "n_classes": len(schedule.classes_),
        "n_draws": schedule.n_draws_,
        "draws_per_class": _hash(repr(draws).encode()),
        "batch_size": batch_size,
        "order": schedule.order,
        "augment": augment if isinstance(augment, str) else sorted(map(repr, augment)),
        "within_merged": schedule.within_merged,
        "stratify_batches": bool(schedule.stratify_batches),
        "random_state": None if samples is None else schedule.seed_,
    }
    # Piece by piece: to join them would copy the codes of all images.
    digest = _hash(repr(identity).encode(), schedule.original_codes_.tobytes())
    if isinstance(samples, Mapping):
        samples = "a mapping"
    elif not isinstance(samples, str | None):
        samples = int(samples)
    return {"digest": digest, "samples_per_class": samples, **identity}


def _hash(*pieces: bytes) -> str:
    digest = blake2b(digest_size=8)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def fit_schedule(schedule: EpochSchedule | None, labels: Any, merge: Any) -> EpochSchedule:
    """Fit a clone of a schedule; None draws each image once, in order."""
    if not isinstance(schedule, EpochSchedule | None):
        raise TypeError(f"schedule must be an EpochSchedule or None, got {schedule!r}")
    planned = EpochSchedule(None) if schedule is None else clone(schedule)
    if is_fitted_merger(merge):
        # It has seen its classes elsewhere, and here some may be missing.
        merge = clone(merge).set_params(missing="ignore")
    # An index that merges brings its merge, and what else was said is the same.
    brings_merge = is_index(labels) and labels.merger.merge is not None
    return planned.set_params(merge=None if brings_merge else merge).fit(labels)


def find_rates(schedule: EpochSchedule, originals: Sequence[Any]) -> list[float]:
    """Compute how often an image of each original class is drawn per epoch."""
    if schedule.samples_per_class is None:
        return [1.0] * len(originals)
    mapping, draws = schedule.merger_.mapping_, schedule.samples_per_class_
    merged = [mapping[label] for label in originals]
    if schedule.within_merged == "natural":
        return [draws[label] / schedule.class_counts_[label] for label in merged]
    sizes = np.bincount(schedule.original_codes_, minlength=len(originals)).tolist()
    n_originals = Counter(merged)
    return [draws[label] / n_originals[label] / n for label, n in zip(merged, sizes, strict=True)]
