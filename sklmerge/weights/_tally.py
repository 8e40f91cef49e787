"""Running counts of labels, or of the columns of a 0/1 indicator, in memory that does not grow."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklmerge._codes import find_classes, match_labels
from sklmerge._containers import read_categories
from sklmerge._kinds import check_one_kind, show_labels, to_plain
from sklmerge.weights._reading import Part, is_one_hot, read_sample_weight, read_target

# Labels a chunk: its copies stay in the processor's cache.
_CHUNK = 1 << 16
# A table of more places than this costs more to fill than sorting saves.
_MAX_TABLE = 1 << 20


def count_labels(
    labels: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Count labels.

    Parameters
    ----------
    labels : ndarray of any shape
        As :func:`sklmerge._containers.read_labels` gives them.
    sample_weight : ndarray of the same shape or None

    Returns
    -------
    found : ndarray of shape (n_classes,)
        The labels, sorted.
    counts : ndarray of shape (n_classes,)
        Their number, or the sum of their weights.

    Examples
    --------
    >>> count_labels(np.array(["b", "a", "b"]), None)
    (array(['a', 'b'], dtype='<U1'), array([1., 2.]))
    """
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
    """Give every label its class's weight.

    Parameters
    ----------
    labels : ndarray of any shape
    classes : ndarray of shape (n_classes,)
        Distinct, in any order.
    weights : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of the shape of labels

    Raises
    ------
    ValueError
        If a label is not among the classes.

    Examples
    --------
    >>> look_up_weights(np.array([[2, 1]]), np.array([1, 2]), np.array([3.0, 0.5]))
    array([[0.5, 3. ]])
    """
    flat = labels.ravel()
    if len(flat) and (flat.dtype.kind in "OU") != (classes.dtype.kind in "OU"):
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


def weigh_columns(
    values: NDArray[Any], is_indicator: bool, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give every zero and one of an indicator its weight, from pairs of shape (n_columns, 2)."""
    if not is_indicator or values.shape[1:] != (len(weights),):
        raise ValueError(
            f"y must have {len(weights)} columns of zeros and ones, as in fit, "
            f"got shape {values.shape}"
        )
    return np.where(values == 1, weights[:, 1], weights[:, 0])


def check_known(found: NDArray[Any], classes: Sequence[Any]) -> None:
    """Raise on labels that are not among the classes."""
    unknown = [label for label in found.tolist() if label not in classes]
    if unknown:
        raise ValueError(
            f"y must have labels of the classes {show_labels(classes, 5)} only, "
            f"got {show_labels(unknown, 5)}"
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
    """Take weights from a table with a NaN for every gap and at both ends."""
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
    """Counts per label.

    Parameters
    ----------
    classes : sequence of labels or None
        The only labels there may be, in their order; None takes what comes and sorts it.
    class_indices : dict of label to int or None
        How the source of the labels numbers the classes, where it says so.
    n_dims : int
        Dimensions of an array of labels; one-hot has one more.
    ignore_label : label, default=None
        What is not counted.
    """

    def __init__(
        self,
        classes: Classes,
        class_indices: dict[Any, int] | None,
        n_dims: int,
        ignore_label: Any = None,
    ) -> None:
        self.classes = classes
        self.ignore_label = ignore_label
        self.class_indices = class_indices
        self.n_dims = n_dims
        self._counts: dict[Any, float] = dict.fromkeys(classes or [], 0.0)

    def add(self, labels: NDArray[Any], sample_weight: Weights) -> None:
        """Count labels of any shape, each as its weight where there are weights of that shape."""
        self.add_counts(*count_labels(labels, sample_weight))

    def add_counts(self, found: NDArray[Any], counts: NDArray[np.float64]) -> None:
        """Add the counts of distinct labels."""
        if self.ignore_label is not None:
            counted = np.array([label != self.ignore_label for label in found.tolist()], dtype=bool)
            found, counts = found[counted], counts[counted]
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
    """Counts per column of a 0/1 indicator, for as long as all of y can be one.

    Parameters
    ----------
    classes : sequence of labels or None
        What the columns are called; None where nobody said.
    columns : sequence of labels
        What they are called then.
    n_dims : int
        Dimensions of y. Above two, every row along the last axis is one-hot.
    """

    def __init__(self, classes: Classes, columns: Sequence[Any], n_dims: int) -> None:
        self._given, self._columns = classes, columns
        self._form = (n_dims, len(columns))
        self.n_dims = n_dims - 1
        self._one_hot = True
        self._zeros, self._ones = np.zeros((2, len(columns)))
        # How many, whatever they weigh, as plain labels: 0, then 1.
        self._labels, self._present = np.zeros(2, dtype=np.uint8), np.zeros(2)

    @property
    def classes(self) -> Classes:
        """What the columns are called, or None while they may be a mask."""
        return None if self._is_open() else self._columns

    @property
    def class_indices(self) -> dict[Any, int] | None:
        """Place of each column, or None while they may be a mask."""
        return None if self._is_open() else {name: i for i, name in enumerate(self._columns)}

    def check_or_turn(self, values: NDArray[Any], has_columns: bool) -> "Tally":
        """Stay for more columns; turn to labels where values show that all of y are labels."""
        may_be_labels = self._given is None or {0, 1} <= set(self._given)
        if (values.ndim, values.shape[-1]) != self._form or not (has_columns or may_be_labels):
            raise ValueError(
                f"y must have a 0/1 column for each of the {len(self._columns)} classes "
                f"{show_labels(self._columns, 5)}, got shape {values.shape}"
            )
        return self if has_columns else self._as_labels()

    def add(self, indicator: NDArray[Any], row_weight: Weights) -> None:
        """Count the ones of every column, each row as its weight where there are weights."""
        rows = indicator.reshape(-1, len(self._columns))
        # Of three and more dimensions, only one-hot gets here.
        self._one_hot = self._one_hot and (indicator.ndim > 2 or is_one_hot(rows))
        ones = rows.sum(axis=0, dtype=np.float64)
        zeros = len(rows) - ones
        self._labels = np.array([0, 1], dtype=indicator.dtype)
        self._present += [zeros.sum(), ones.sum()]
        if row_weight is not None:
            # A sum of their own: a difference can leave a crumb where there is no 0 at all.
            ones, zeros = (row_weight.ravel() @ (rows == value) for value in (1, 0))
        self._ones += ones
        self._zeros += zeros

    def counts(self) -> dict[Any, float] | list[dict[Any, float]]:
        """Count every class, or where rows hold several, the zeros and ones of every column."""
        if self._is_open():
            return self._as_labels().counts()
        if self._one_hot:
            return dict(zip(self._columns, self._ones.tolist(), strict=True))
        pairs = zip(self._zeros.tolist(), self._ones.tolist(), strict=True)
        return [{0: zero, 1: one} for zero, one in pairs]

    def check_settled(self) -> None:
        """Raise where y may as well be one-hot as a mask."""
        if self._is_open():
            n_columns = len(self._columns)
            raise ValueError(
                "y must not leave open whether it is a mask of zeros and ones or one-hot, got a "
                f"single 1 in every row of {n_columns} along the last axis; pass classes=[0, 1] "
                f"for a mask, classes=range({n_columns}) for one-hot"
            )

    def _as_labels(self) -> LabelTally:
        """Count the zeros and ones themselves, as the labels of a mask."""
        tally = LabelTally(self._given, None, self.n_dims + 1)
        totals = np.array([self._zeros.sum(), self._ones.sum()])
        there = self._present > 0
        tally.add_counts(self._labels[there], totals[there])
        return tally

    def _is_open(self) -> bool:
        return self._given is None and self._form[0] > 2


Tally: TypeAlias = LabelTally | ColumnTally


def count_part(
    tally: Tally | None, part: Part, classes: Classes, ignore_label: Any = None
) -> Tally | None:
    """Count a part of y, in a new tally where there is none yet; an empty part opens none.

    Parameters
    ----------
    tally : LabelTally, ColumnTally or None
    part : Part
    classes : sequence of labels or None
        What the user says the classes are; None leaves it to the part.
    ignore_label : label, default=None
        What is not counted.

    Returns
    -------
    LabelTally, ColumnTally or None
        Of labels as soon as a part is no indicator, however many parts before could be one.
    """
    categories = read_categories(part.labels)
    if categories is not None:
        return _count_categories(tally, part, classes, ignore_label, *categories)
    values, is_indicator = read_target(part.labels)
    if values.size == 0:
        return tally
    known = part.classes if classes is None else classes
    has_columns = is_indicator and _may_be_columns(values, known, part.sample_weight)
    if tally is None:
        tally = _open_tally(part, known, values, has_columns, ignore_label)
    elif isinstance(tally, ColumnTally):
        tally = tally.check_or_turn(values, has_columns)
    elif has_columns and values.ndim != tally.n_dims:
        raise ValueError(
            f"y must be of one form in all its parts, got labels of {tally.n_dims} dimensions and "
            f"then zeros and ones of shape {values.shape}"
        )
    shape = values.shape[:-1] if isinstance(tally, ColumnTally) else values.shape
    weight = None if part.sample_weight is None else read_sample_weight(part.sample_weight, shape)
    tally.add(part.decode(values), weight)
    return tally


def reads_as_one_hot(indicator: NDArray[Any], tally: Tally, n_classes: int) -> bool:
    """Tell whether zeros and ones are one-hot to what was fitted, and not labels.

    Examples
    --------
    >>> counted = LabelTally([0, 1], None, n_dims=1)
    >>> reads_as_one_hot(np.eye(2), counted, 2), reads_as_one_hot(np.eye(3), counted, 2)
    (True, False)
    """
    has_classes = indicator.ndim > tally.n_dims and indicator.shape[-1] == n_classes
    return has_classes and is_one_hot(indicator)


def _may_be_columns(values: NDArray[Any], known: Classes, sample_weight: Any) -> bool:
    """Let the classes decide, where they are known, whether zeros and ones are columns."""
    if values.ndim > 2 and np.ndim(sample_weight) == values.ndim:
        # A weight for each 0 and 1 says that these are labels.
        return False
    if known is None or len(known) == values.shape[-1]:
        return True
    return values.ndim == 2 and not {0, 1} <= set(known)


def _count_categories(
    tally: Tally | None,
    part: Part,
    classes: Classes,
    ignore_label: Any,
    codes: NDArray[Any],
    categories: NDArray[Any],
) -> Tally | None:
    """Count a categorical by its codes: no row of it is spelt out."""
    if len(codes) == 0:
        return tally
    if tally is None:
        tally = LabelTally(classes, None, 1, ignore_label)
    elif isinstance(tally, ColumnTally):
        raise ValueError("y must be of one form in all its parts, got columns and then labels")
    weight = part.sample_weight
    weight = None if weight is None else read_sample_weight(weight, codes.shape)
    present = np.flatnonzero(np.bincount(codes, minlength=len(categories)))
    counts = np.bincount(codes, weight, len(categories)).astype(np.float64)
    tally.add_counts(categories[present], counts[present])
    return tally


def _open_tally(
    part: Part, known: Classes, values: NDArray[Any], has_columns: bool, ignore_label: Any
) -> Tally:
    if not has_columns:
        indices = {label: place for place, label in enumerate(part.classes or [])}
        return LabelTally(known, indices or None, values.ndim, ignore_label)
    names = getattr(part.labels, "columns", range(values.shape[-1])) if known is None else known
    columns = [to_plain(name) for name in names]
    fresh = ColumnTally(known, columns, values.ndim)
    return fresh.check_or_turn(values, has_columns)
