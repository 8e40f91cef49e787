"""The methods that are compared: which rows a model is trained on, and what is wrapped around it.

A method has two halves. `draw` makes the training rows out of the training side. `wrap` takes a
model and returns the classifier that is fitted on them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.preprocessing import StandardScaler

from sklmerge import (
    AugmentingOverSampler,
    ClassWeightedClassifier,
    ClassWeightEstimator,
    EpochSchedule,
    ImageAugmenter,
    MergedClassifier,
)

# Features, labels, and which row of the side each was made of.
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
# One for all sets. 1 / (1 - beta) is the size at which a class counts as full: 1,000 images lie
# among the class sizes of these sets, so that the scheme stands between its two limits (no weights,
# and balanced ones).
BETA = 0.999


@dataclass(frozen=True, eq=False)
class Side:
    """The training side of one split, with the features of its images."""

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None
    features: np.ndarray
    describe: Any
    seed: int

    def group(self, sources: np.ndarray) -> np.ndarray:
        """Give the group of each row, by what it was made of."""
        return sources if self.groups is None else self.groups[sources]


@dataclass(frozen=True)
class Method:
    """One way to treat classes of unequal size."""

    name: str
    draw: Callable[[Side], Rows]
    wrap: Callable[[Any], Any]
    # Where set, the correction of probabilities is tried as well: the shares that were learned.
    prior: str | None = None
    # Where set, the linear model is tried with C chosen inside as well: the power of the weights.
    power: float | None = None


def keep_rows(side: Side) -> Rows:
    """Train on the images as they are."""
    return side.features, side.labels, np.arange(len(side.labels))


def repeat_rows(side: Side) -> Rows:
    """Repeat images of the smaller classes until all are as large as the largest."""
    sampler = RandomOverSampler(random_state=side.seed)
    return *sampler.fit_resample(side.features, side.labels), sampler.sample_indices_


def invent_rows(side: Side) -> Rows:
    """Put new points between neighbours of a class, among features of equal spread."""
    scaler = StandardScaler().fit(side.features)
    sampler = SMOTE(random_state=side.seed)
    X, y = sampler.fit_resample(scaler.transform(side.features), side.labels)
    # A new point has two sources; it is counted to none.
    sources = np.append(np.arange(len(side.labels)), np.full(len(y) - len(side.labels), -1))
    return scaler.inverse_transform(X), y, sources


def vary_rows(side: Side, sampler: AugmentingOverSampler) -> Rows:
    """Add augmented copies. Sources have their features already, so only copies are described."""
    sampler = sampler.set_params(random_state=side.seed)
    images, labels = sampler.fit_resample(side.images, side.labels)
    features = side.features[sampler.sample_indices_]
    features[sampler.is_augmented_] = side.describe.transform(images[sampler.is_augmented_])
    return features, labels, sampler.sample_indices_


def copy_all_rows(side: Side, n_copies: int) -> Rows:
    """Add augmented copies of every image, rare or not."""
    labels, counts = np.unique(side.labels, return_counts=True)
    targets = dict(zip(labels.tolist(), ((1 + n_copies) * counts).tolist(), strict=True))
    return vary_rows(side, AugmentingOverSampler("light", sampling_strategy=targets))


def draw_epoch(side: Side, samples_per_class: str, augment: str) -> Rows:
    """Draw one balanced epoch; `augment` may also be "rare": classes below the median size."""
    labels, counts = np.unique(side.labels, return_counts=True)
    varied = labels[counts < np.median(counts)].tolist() if augment == "rare" else augment
    schedule = EpochSchedule(samples_per_class, augment=varied, random_state=side.seed)
    draws = schedule.fit(side.labels).draws(0)
    features = side.features[draws.indices]
    if draws.is_augmented.any():
        new = draws.take(draws.is_augmented)
        augmenter = ImageAugmenter.preset("light")
        params = augmenter.draw_params(len(new), side.seed, keys=new.keys)
        images = augmenter.apply(side.images, params, indices=new.indices)
        features[draws.is_augmented] = side.describe.transform(images)
    return features, side.labels[draws.indices], draws.indices


def leave(model: Any) -> Any:
    """Wrap nothing around the model."""
    return model


def weigh(model: Any, scheme: str = "balanced", **params: float) -> ClassWeightedClassifier:
    """Weigh the classes of whatever rows the model is given."""
    return ClassWeightedClassifier(model, ClassWeightEstimator(scheme, **params))


def refine(model: Any, merge: dict[str, list[str]], wrap: Callable = leave) -> MergedClassifier:
    """Learn merged classes first, then tell their members apart by a model of their own."""
    return MergedClassifier(wrap(model), merge, refiner=wrap(model), output="original")


def list_methods(task: Any, suggested: dict[str, list[str]]) -> list[Method]:
    """List all methods for one split; `suggested` is the advisor's map for it."""
    effective = partial(weigh, scheme="effective", beta=BETA)
    grow = partial(vary_rows, sampler=AugmentingOverSampler("light"))
    few = {
        n: partial(vary_rows, sampler=AugmentingOverSampler("light", max_copies=n))
        for n in (1, 3, 10)
    }
    own = AugmentingOverSampler(task.own_augmenter, max_copies=3)
    all_alike = partial(copy_all_rows, n_copies=3)
    rarest = partial(draw_epoch, samples_per_class="minority", augment="none")
    vary_all = partial(draw_epoch, samples_per_class="majority", augment="all")
    vary_rare = partial(draw_epoch, samples_per_class="majority", augment="rare")
    return [
        Method("nothing", keep_rows, leave, power=0.0),
        Method("weights: balanced", keep_rows, weigh, "auto", power=1.0),
        Method("weights: square root", keep_rows, partial(weigh, power=0.5), "auto", power=0.5),
        Method("weights: effective", keep_rows, effective),
        Method("RandomOverSampler", repeat_rows, leave),
        Method("SMOTE", invent_rows, leave),
        Method("copies: until balanced", grow, leave, "balanced"),
        Method("copies: 1 + weights", few[1], weigh),
        Method("copies: 3 + weights", few[3], weigh, "auto", power=1.0),
        Method("copies: 10 + weights", few[10], weigh),
        Method("copies: 3, own kind, + weights", partial(vary_rows, sampler=own), weigh),
        Method("copies: 3 of every image + weights", all_alike, weigh),
        Method("balanced epoch, size of the rarest", rarest, leave),
        Method("balanced epochs, all augmented", vary_all, leave),
        Method("balanced epochs, rare augmented", vary_rare, leave),
        Method("merge + refine", keep_rows, partial(refine, merge=task.merge)),
        Method(
            "merge + refine + weights", keep_rows, partial(refine, merge=task.merge, wrap=weigh)
        ),
        Method(
            "suggested merge + refine + weights",
            keep_rows,
            partial(refine, merge=suggested, wrap=weigh),
        ),
    ]
