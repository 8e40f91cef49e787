"""Labels in, what stands for each image in a batch out: y in a class mode, and its weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from sklmerge._checks import check_choice
from sklmerge._containers import is_index
from sklmerge._dataset_labels import find_labels
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import show_labels
from sklmerge._tensors import to_numpy
from sklmerge.feed._epochs import fit_schedule
from sklmerge.feed._opening import is_data_set
from sklmerge.images import get_merge
from sklmerge.labels import (
    LabelMerger,
    agree_on_merge,
    is_fitted_merger,
    is_indicator,
)
from sklmerge.sampling import EpochSchedule
from sklmerge.weights import ClassWeightEstimator


class NamedClasses:
    """Base class of feeds: the class names and numbers, from the merger."""

    merger: LabelMerger

    @property
    def class_indices(self) -> dict[Any, int]:
        """Merged label -> its class number in y."""
        return self.merger.class_indices_

    @property
    def class_names(self) -> list[Any]:
        """Merged labels in the order of their class numbers."""
        return list(self.class_indices)

    @property
    def n_classes(self) -> int:
        """Number of merged classes."""
        return self.merger.n_classes_


CLASS_MODES = ("sparse", "categorical", "binary", "both", "multilabel")


def choose_labels(source: Any, y: Any, n: int, class_mode: str) -> Any:
    """Choose what to fit a schedule to: an index, labels or a 0/1 table; None without labels."""
    check_choice("class_mode", class_mode, CLASS_MODES)
    if is_index(source):
        if y is not None:
            raise ValueError("y must be None where source is an ImageIndex, which brings it")
        if class_mode == "multilabel":
            raise ValueError("class_mode='multilabel' needs y as a 0/1 table, got an ImageIndex")
        return source
    if y is None:
        own = getattr(source, "labels", None)
        if callable(own) and callable(getattr(source, "read", None)):
            y = own()
        elif is_data_set(source):
            y = find_labels(source, "source")
        if y is None:
            return None
    elif isinstance(y, Mapping | str | bytes):
        raise TypeError(f"y must be labels, one for each image, got a {type(y).__name__}")
    elif not is_index(y):
        y = find_labels(y)
    if hasattr(y, "detach"):
        y = to_numpy(y)
    if not hasattr(y, "__len__") and not hasattr(y, "__array__"):
        raise TypeError(f"y must be an array or list of labels, got {y!r}")
    try:
        shape = y.shape if hasattr(y, "shape") else np.shape(y)
    except ValueError as error:
        raise ValueError(
            "y must have rows of one length, got rows of several lengths; turn lists of labels "
            "into a 0/1 column per class, for example with MultiLabelBinarizer"
        ) from error
    if not shape or shape[0] != n:
        raise ValueError(
            f"y must have one label for each of {n} images, got {shape[0] if shape else 'none'}"
        )
    has_columns = is_indicator(y)
    if has_columns != (class_mode == "multilabel"):
        advice = (
            "pass class_mode='multilabel' for a 0/1 table of several labels an image, or decode "
            "one-hot rows first, y.argmax(axis=1)"
            if has_columns
            else "class_mode='multilabel' needs a 0/1 table with one column a label"
        )
        raise ValueError(f"y must be of shape (n,), got {shape}; {advice}")
    return y


def check_unlabelled(**given: Any) -> None:
    """Raise an error for parameters that need labels."""
    needy = [name for name, value in given.items() if value is not None]
    if needy:
        raise ValueError(f"y is needed if {needy[0]} is given, got None")


@dataclass(frozen=True, eq=False)
class Targets:
    """The values of y for each image, and the labels for the draws of a batch."""

    # Which row of the other tables each image has; None is its own.
    places: NDArray[np.signedinteger] | None
    # Labels: one a row, or 0/1 tables.
    originals: NDArray[Any]
    merged: NDArray[Any]
    # What y is, an array or one under each name; None gives batches without y.
    values: Any

    def find(self, rows: NDArray[np.int64]) -> NDArray[np.signedinteger]:
        """Return the table rows that belong to the given images."""
        return rows if self.places is None else self.places[rows]

    def take(self, rows: NDArray[np.int64]) -> Any:
        """Return y for the given images."""
        places = self.find(rows)
        if isinstance(self.values, Mapping):
            return {name: values[places] for name, values in self.values.items()}
        if self.places is None:
            return self.values[places].astype(np.float32)
        return self.values[places]


class Classes(NamedTuple):
    """The classes, their targets, and how often an epoch draws each class."""

    schedule: EpochSchedule
    merger: LabelMerger
    targets: Targets
    # Draws of each merged class in an epoch.
    counts: dict[Any, int]


def learn_classes(
    n: int, labels: Any, schedule: EpochSchedule | None, merge: Any, class_mode: str
) -> Classes:
    """Learn the classes of n images from their labels, see `ImageBatches`."""
    y: Any = np.zeros(n, np.int8) if labels is None else labels
    doors = {
        "the ImageIndex": get_merge(y) if is_index(y) else None,
        "the schedule": getattr(schedule, "merge", None),
        "ImageBatches": merge,
    }
    merge = agree_on_merge(np.asarray(y.original_labels) if is_index(y) else y, doors)
    if class_mode == "multilabel":
        return _read_table(y, schedule, merge)
    fitted = fit_schedule(schedule, y, merge)
    merger = merge if is_fitted_merger(merge) else fitted.merger_
    originals = fitted.merger_.classes_
    if is_index(y):
        originals = np.array(y.original_classes)
    values: Any = None
    if labels is not None:
        mode: Any = "sparse" if class_mode == "both" else class_mode
        values = merger.encode(originals, mode)
        if class_mode == "both":
            places = np.searchsorted(merger.classes_, originals)
            values = {"merged": values, "original": places.astype(np.int64)}
    targets = Targets(fitted.original_codes_, originals, merger.transform(originals), values)
    draws = fitted.samples_per_class_
    return Classes(
        fitted, merger, targets, {label: draws.get(label, 0) for label in merger.class_indices_}
    )


def _read_table(y: Any, schedule: EpochSchedule | None, merge: Any) -> Classes:
    """Learn the labels of a 0/1 table."""
    fitted = fit_schedule(schedule, y, merge)
    merger = merge if is_fitted_merger(merge) else fitted.merger_
    table, merged = (
        np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.uint8)
        for rows in (y, merger.transform(y))
    )
    targets = Targets(None, table, merged, merged)
    return Classes(fitted, merger, targets, dict(fitted.samples_per_class_))


def resolve_class_weight(class_weight: Any, draws: Mapping[Any, int]) -> dict[Any, float]:
    """Compute the weight of each merged class, given its draws per epoch."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        class_weight = ClassWeightEstimator(missing="ignore")
    if isinstance(class_weight, ClassWeightEstimator):
        if not hasattr(class_weight, "class_counts_"):
            # What the schedule draws, not what there is: that would correct twice.
            class_weight = clone(class_weight).fit_counts(draws)
        class_weight = class_weight.class_weight_
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            'class_weight must be a mapping of labels, a ClassWeightEstimator, "balanced" or '
            f"None, got {class_weight!r}"
        )
    differing = [label for label in draws if label not in class_weight]
    differing += [label for label in class_weight if label not in draws]
    if differing:
        raise ValueError(
            f"class_weight must weigh each merged class by its label, got "
            f"{show_labels(differing)} on one side only"
            f"{suggest_names(set(class_weight) - set(draws), draws)}; the classes are "
            f"{show_labels(list(draws))}"
        )
    weights = {label: float(class_weight[label]) for label in draws}
    wrong = {label: weight for label, weight in weights.items() if not 0 <= weight < np.inf}
    if wrong:
        raise ValueError(f"class_weight must be finite and >= 0, got {wrong}")
    return weights


def weigh_classes(
    class_weight: Any, classes: Classes, class_mode: str
) -> NDArray[np.float32] | None:
    """Compute the weight of each original class once, so that a batch only looks it up."""
    if class_weight is None:
        return None
    if class_mode == "multilabel":
        raise ValueError(
            'class_weight must be None for class_mode="multilabel", where weights belong to labels '
            f"and not to images, got {class_weight!r}; put "
            "ClassWeightEstimator(...).fit(y).pos_weight() into the loss"
        )
    weights = resolve_class_weight(class_weight, classes.counts)
    return np.array([weights[label] for label in classes.targets.merged.tolist()], np.float32)


def check_sample_weight(sample_weight: ArrayLike | None, n: int) -> NDArray[np.float32] | None:
    """Check that there is one finite weight, >= 0, for each of n images."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight must be of shape ({n},), one for each image, got {weights.shape}"
        )
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise ValueError(
            f"sample_weight must be finite and >= 0, got {weights[wrong[0]]} for image {wrong[0]}"
        )
    return weights


@dataclass(frozen=True, eq=False)
class Weights:
    """The weight of each image: the weight of its class times its sample weight."""

    of_samples: NDArray[np.float32] | None = None
    of_classes: NDArray[np.float32] | None = None

    def take(
        self, rows: NDArray[np.int64], codes: NDArray[np.signedinteger]
    ) -> NDArray[np.float32] | None:
        """Return the weights of the given rows, of classes `codes`; None if there are none."""
        parts = []
        if self.of_samples is not None:
            parts.append(self.of_samples[rows])
        if self.of_classes is not None:
            parts.append(self.of_classes[codes])
        return None if not parts else parts[0] if len(parts) == 1 else parts[0] * parts[1]
