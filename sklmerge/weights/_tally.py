"""Running counts of labels, or of the columns of a 0/1 indicator, in memory that does not grow."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels._kinds import check_one_kind, show_labels, to_plain
from sklmerge.weights._counting import check_known, count_labels
from sklmerge.weights._sources import Part
from sklmerge.weights._targets import is_one_hot, read_sample_weight, read_target

Classes: TypeAlias = Sequence[Any] | None
Weights: TypeAlias = NDArray[np.float64] | None


class LabelTally:
    """Counts per label.

    Parameters
    ----------
    classes : sequence of labels or None
        The only labels there may be, in their order; None takes what comes and sorts it.
    class_indices : dict of label to int or None
        How the source of the labels numbers the classes, where it says so.
    """

    def __init__(self, classes: Classes, class_indices: dict[Any, int] | None = None) -> None:
        self.classes = classes
        self.class_indices = class_indices
        self._counts: dict[Any, float] = dict.fromkeys(classes or [], 0.0)

    def add(self, labels: NDArray[Any], sample_weight: Weights) -> None:
        """Count labels of any shape, each as its weight where there are weights of that shape."""
        found, counts = count_labels(labels, sample_weight)
        if self.classes is not None:
            check_known(found, self.classes)
        for label, count in zip(found.tolist(), counts.tolist(), strict=True):
            self._counts[label] = self._counts.get(label, 0.0) + count

    def counts(self) -> dict[Any, float]:
        """Count every class, in the order of the classes, by plain Python labels."""
        if self.classes is not None:
            return dict(self._counts)
        check_one_kind(self._counts, "y")
        return dict(sorted(self._counts.items()))


class ColumnTally:
    """Counts per column of a 0/1 indicator, which is one-hot until a row says otherwise.

    Parameters
    ----------
    columns : sequence of labels
        What the columns are called.
    """

    def __init__(self, columns: Sequence[Any]) -> None:
        self.classes = columns
        self.class_indices = {label: place for place, label in enumerate(columns)}
        self._one_hot = True
        self._ones = np.zeros(len(columns))
        self._total = 0.0

    def add(self, indicator: NDArray[Any], row_weight: Weights) -> None:
        """Count the ones of every column, each row as its weight where there are weights."""
        if indicator.ndim != 2 or indicator.shape[1] != len(self.classes):
            raise ValueError(
                f"y must have a 0/1 column for each of the {len(self.classes)} classes "
                f"{show_labels(self.classes, 5)}, got shape {indicator.shape}"
            )
        self._one_hot = self._one_hot and is_one_hot(indicator)
        if row_weight is None:
            self._ones += indicator.sum(axis=0, dtype=np.float64)
            self._total += len(indicator)
        else:
            self._ones += row_weight @ indicator.astype(np.float64)
            self._total += float(row_weight.sum())

    def counts(self) -> dict[Any, float] | list[dict[Any, float]]:
        """Count every class, or where rows hold several, the zeros and ones of every column."""
        if self._one_hot:
            return dict(zip(self.classes, self._ones.tolist(), strict=True))
        # Two sums of the same weights can differ by a crumb where no row is 0.
        zeros = np.maximum(self._total - self._ones, 0.0).tolist()
        return [{0: z, 1: o} for z, o in zip(zeros, self._ones.tolist(), strict=True)]


Tally: TypeAlias = LabelTally | ColumnTally


def count_part(tally: Tally | None, part: Part, classes: Classes) -> Tally | None:
    """Count a part of y, in a new tally where there is none yet; an empty part opens none.

    Parameters
    ----------
    tally : LabelTally, ColumnTally or None
    part : Part
    classes : sequence of labels or None
        What the user says the classes are; None leaves it to the part.

    Returns
    -------
    LabelTally, ColumnTally or None
    """
    values, is_indicator = read_target(part.labels)
    if values.size == 0:
        return tally
    if tally is None:
        tally = _open_tally(part, classes, values.shape[1] if is_indicator else None)
    shape = values.shape[:1] if isinstance(tally, ColumnTally) else values.shape
    weight = None if part.sample_weight is None else read_sample_weight(part.sample_weight, shape)
    tally.add(part.decode(values), weight)
    return tally


def _open_tally(part: Part, classes: Classes, n_columns: int | None) -> Tally:
    known = part.classes if classes is None else classes
    # A binary mask looks like columns too, unless the classes are known and are not as many.
    is_mask = known is not None and len(known) != n_columns and {0, 1} <= set(known)
    if n_columns is None or is_mask:
        indices = {label: place for place, label in enumerate(part.classes or [])}
        return LabelTally(known, indices or None)
    if known is None:
        known = [to_plain(name) for name in getattr(part.labels, "columns", range(n_columns))]
    return ColumnTally(known)
