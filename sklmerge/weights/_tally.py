"""Running counts of labels, or of 0/1 columns, in memory that does not grow."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import read_sample_weight
from sklmerge._codes import find_classes, match_labels
from sklmerge._containers import read_categories
from sklmerge._kinds import check_one_kind, convert_number, get_kind, show_labels, to_plain
from sklmerge.weights._reading import Part, read_target

# Labels a chunk: its copies stay in the processor's cache.
_CHUNK = 1 << 16
# A table of more places than this costs more to fill than sorting saves.
_MAX_TABLE = 1 << 20


def tally_labels(
    labels: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the labels found, sorted, and the number or summed weights of each."""
    flat = labels.ravel()
    weight = None if sample_weight is None else sample_weight.ravel()
    if len(flat) == 0:
        return flat, np.zeros(0)
    if flat.dtype.kind in "biu":
        low, high = int(flat.min()), int(flat.max())
        if high - low < _MAX_TABLE and high < 2**63:
            return _count_in_table(flat, weight, low, high)
    found, codes = find_classes(flat)
    counts = np.bincount(codes, weight, len(found))
    return found, counts.astype(np.float64)


def look_up_weights(
    labels: NDArray[Any], classes: NDArray[Any], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Look up the weight of each label; labels may have any shape, and classes any order."""
    flat = labels.ravel()
    if len(flat) and sort_of(flat) != sort_of(classes):
        check_known(find_classes(flat[:_CHUNK])[0], classes.tolist())
    order = np.argsort(classes)
    known, found = classes[order], np.empty(len(flat))
    if flat.dtype.kind in "bi" and known.dtype.kind in "bi" and _fits_table(known):
        _take_from_table(flat, known, weights[order], found)
    else:
        # One place more than classes: -1, which match_labels gives a stranger, takes the NaN.
        np.take(np.append(weights[order], np.nan), match_labels(flat, known), out=found)
    strangers = np.isnan(found)
    if strangers.any():
        check_known(find_classes(flat[strangers])[0], classes.tolist())
    return found.reshape(labels.shape)


def add_void(
    classes: NDArray[Any], weights: NDArray[np.float64], void: Any
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Add `ignore_label` with weight 0, unless it is None or of another kind."""
    if void is None or sort_of([void]) != sort_of(classes):
        return classes, weights
    return np.concatenate([classes, np.array([void])]), np.append(weights, 0.0)


def sort_of(labels: Any) -> str:
    """Return "text" or "number", which arrays of labels must share; bools count as numbers."""
    return "text" if np.asarray(labels).dtype.kind in "OU" else "number"


def weigh_columns(values: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh zeros and ones of shape (n_samples, ..., n_columns); one-hot loses the last axis."""
    if values.shape[-1] != len(weights):
        raise ValueError(
            f"y must have {len(weights)} columns of zeros and ones, as in fit, "
            f"got shape {values.shape}"
        )
    # One weight a class of one-hot rows, or a pair for the 0 and the 1 of each column.
    if weights.ndim == 1:
        return weights.take(values.argmax(axis=-1))
    return np.where(values == 1, weights[:, 1], weights[:, 0])


def check_known(found: NDArray[Any], classes: Sequence[Any]) -> None:
    """Raise on labels that are not among the classes."""
    known = set(classes)
    unknown = [label for label in found.tolist() if label not in known]
    if unknown:
        is_void = len(unknown) == 1 and isinstance(unknown[0], int)
        advice = f"; pass ignore_label={unknown[0]} if it stands for no class" if is_void else ""
        raise ValueError(
            f"y must have labels of the classes {show_labels(classes, 5)} only, "
            f"got {show_labels(unknown, 5)}{advice}"
        )


def _count_in_table(
    flat: NDArray[Any], weight: NDArray[np.float64] | None, low: int, high: int
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    n_places = high - low + 1
    counts, rows = np.zeros(n_places), np.zeros(n_places, dtype=np.intp)
    for start in range(0, len(flat), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        places = np.subtract(flat[chunk], low, dtype=np.intp)
        rows += np.bincount(places, minlength=n_places)
        if weight is not None:
            counts += np.bincount(places, weight[chunk], n_places)
    present = np.flatnonzero(rows)
    labels = (present + low).astype(flat.dtype)
    return labels, (rows.astype(np.float64) if weight is None else counts)[present]


def _fits_table(known: NDArray[Any]) -> bool:
    return len(known) > 0 and int(known[-1]) - int(known[0]) < _MAX_TABLE


def _take_from_table(
    flat: NDArray[Any], known: NDArray[Any], weights: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Look weights up in a table with NaN for every gap and at both ends."""
    first = int(known[0]) - 1
    table = np.full(int(known[-1]) - first + 2, np.nan)
    table[known.astype(np.intp) - first] = weights
    for start in range(0, len(flat), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        places = np.subtract(flat[chunk], first, dtype=np.intp)
        # "clip" sends what is out of range to the NaN at the ends.
        np.take(table, places, mode="clip", out=out[chunk])


Classes: TypeAlias = Sequence[Any] | None
Weights: TypeAlias = NDArray[np.float64] | None


class LabelTally:
    """Counts per label."""

    def __init__(
        self,
        classes: Classes,
        class_indices: dict[Any, int] | None,
        ignore_label: Any = None,
    ) -> None:
        # The only labels there may be, in their order; None takes what comes and sorts it.
        self.classes = classes
        # What is not counted.
        self.ignore_label = ignore_label
        # How the source of the labels numbers the classes, if it says so.
        self.class_indices = class_indices
        self._counts: dict[Any, float] = dict.fromkeys(classes or [], 0.0)

    def add(self, labels: NDArray[Any], sample_weight: Weights) -> None:
        """Count labels of any shape, or sum their weights if weights of that shape are given."""
        self.add_counts(*tally_labels(labels, sample_weight))

    def add_counts(self, found: NDArray[Any], counts: NDArray[np.float64]) -> None:
        """Add the counts of distinct labels."""
        if self.ignore_label is not None:
            counted = np.array([label != self.ignore_label for label in found.tolist()], dtype=bool)
            found, counts = found[counted], counts[counted]
        if self.classes is not None and len(found):
            check_known(found, self.classes)
        labels = found.tolist()
        if self._counts and labels:
            first = next(iter(self._counts))
            labels = [convert_number(label, get_kind(first)) for label in labels]
        # In new counts: a copy of this tally keeps the old ones.
        self._counts = self._counts | {
            label: self._counts.get(label, 0.0) + count
            for label, count in zip(labels, counts.tolist(), strict=True)
        }

    def counts(self) -> dict[Any, float]:
        """Return the count of every class as a dict with plain Python labels, in class order."""
        if self.classes is not None:
            return dict(self._counts)
        check_one_kind(self._counts, "y")
        return dict(sorted(self._counts.items()))


class ColumnTally:
    """Counts per column of zeros and ones."""

    def __init__(self, columns: Sequence[Any], is_one_hot: bool) -> None:
        self.classes: Classes = columns
        self.class_indices: dict[Any, int] | None = {name: i for i, name in enumerate(columns)}
        # Whether a column is a class, and not a matter of its own that is 0 or 1.
        self.is_one_hot = is_one_hot
        self._zeros, self._ones = np.zeros((2, len(columns)))

    def add(self, indicator: NDArray[Any], row_weight: Weights) -> None:
        """Count the ones of every column, or sum the weights of their rows if weights are given."""
        if indicator.shape[-1] != len(self._ones):
            raise ValueError(
                f"y must have a 0/1 column for each of the {len(self._ones)} classes "
                f"{show_labels(list(self.classes or []), 5)}, got shape {indicator.shape}"
            )
        rows = indicator.reshape(-1, len(self._ones))
        if row_weight is None:
            ones = rows.sum(axis=0, dtype=np.float64)
            zeros = len(rows) - ones
        else:
            # A sum of their own: a difference can leave a crumb where there is no 0 at all.
            ones, zeros = (row_weight.ravel() @ (rows == value) for value in (1, 0))
        # In new arrays: a copy of this tally keeps the old ones.
        self._ones = self._ones + ones
        self._zeros = self._zeros + zeros

    def counts(self) -> dict[Any, float] | list[dict[Any, float]]:
        """Return the count of every class or, if multilabel, of each column's zeros and ones."""
        if self.is_one_hot:
            return dict(zip(self.classes or [], self._ones.tolist(), strict=True))
        pairs = zip(self._zeros.tolist(), self._ones.tolist(), strict=True)
        return [{0: zero, 1: one} for zero, one in pairs]


Tally: TypeAlias = LabelTally | ColumnTally


def count_part(
    tally: Tally | None, part: Part, target: str, classes: Classes, ignore_label: Any = None
) -> Tally | None:
    """Count a part of y, in a new tally if there is none yet; an empty part makes no tally."""
    has_columns = target != "labels"
    if tally is not None and isinstance(tally, ColumnTally) != has_columns:
        raise ValueError(f"target must stay as it was in the parts before, got {target!r}")
    categories = None if has_columns else read_categories(part.labels)
    if categories is not None:
        return _count_categories(tally, part, classes, ignore_label, *categories)
    values = read_target(part.labels, target)
    if values.size == 0:
        return tally
    shape = values.shape[:-1] if has_columns else values.shape
    weight = None if part.sample_weight is None else read_sample_weight(part.sample_weight, shape)
    # What the user says the classes are goes before what the source says.
    known = part.classes if classes is None else classes
    if tally is None and has_columns:
        names = getattr(part.labels, "columns", range(values.shape[-1])) if known is None else known
        tally = ColumnTally([to_plain(name) for name in names], target == "one-hot")
    elif tally is None:
        indices = {label: place for place, label in enumerate(part.classes or [])}
        tally = LabelTally(known, indices or None, ignore_label)
    tally.add(part.decode(values), weight)
    return tally


def _count_categories(
    tally: Tally | None,
    part: Part,
    classes: Classes,
    ignore_label: Any,
    codes: NDArray[Any],
    categories: NDArray[Any],
) -> Tally | None:
    """Count a categorical by its codes, without converting its rows to labels."""
    if len(codes) == 0:
        return tally
    if not isinstance(tally, LabelTally):
        tally = LabelTally(classes, None, ignore_label)
    weight = part.sample_weight
    weight = None if weight is None else read_sample_weight(weight, codes.shape)
    present = np.flatnonzero(np.bincount(codes, minlength=len(categories)))
    counts = np.bincount(codes, weight, len(categories)).astype(np.float64)
    tally.add_counts(categories[present], counts[present])
    return tally
