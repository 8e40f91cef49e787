"""Running counts of labels, or of the columns of a 0/1 indicator, in memory that does not grow.

What a `y` may be is _targets.py's matter; here it is an array already.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.weights._rules import list_labels


class LabelTally:
    """Counts per label.

    Parameters
    ----------
    classes : list of labels or None
        The only labels there may be, in their order; None takes what comes and sorts it.

    Attributes
    ----------
    counts : dict of label to float
        Plain Python scalars as keys.
    """

    def __init__(self, classes: list[Hashable] | None) -> None:
        self.classes = classes
        self.counts: dict[Any, float] = dict.fromkeys(classes or [], 0.0)

    def add(self, labels: NDArray[Any], sample_weight: NDArray[np.float64] | None) -> None:
        """Count labels of any shape, each as its weight where `sample_weight` is given."""
        self.add_counts(*count_labels(labels, sample_weight))

    def add_counts(self, labels: NDArray[Any], counts: NDArray[np.float64]) -> None:
        """Add counts per label."""
        found = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        if self.classes is not None:
            check_known(list(found), self.counts, "classes")
        for label, count in found.items():
            self.counts[label] = self.counts.get(label, 0.0) + count


class ColumnTally:
    """Counts per column of a 0/1 indicator, which is one-hot until a row says otherwise.

    Parameters
    ----------
    classes : list of labels or None
        What the columns are called; None numbers them.

    Attributes
    ----------
    positives : ndarray of shape (n_columns,)
        Rows (or their summed weight) that are 1.
    total : float
        All rows (or their summed weight).
    one_hot : bool
        Whether every row so far had a single 1.
    """

    def __init__(self, n_columns: int, classes: list[Hashable] | None) -> None:
        if classes is not None and len(classes) != n_columns:
            raise ValueError(
                f"classes must name the {n_columns} columns of y, got {len(classes)}: "
                f"{list_labels(classes)}"
            )
        self.classes: list[Any] = list(range(n_columns)) if classes is None else classes
        self.positives = np.zeros(n_columns)
        self.total = 0.0
        self.one_hot = True

    def add(self, indicator: NDArray[Any], sample_weight: NDArray[np.float64] | None) -> None:
        """Count the ones of every column."""
        if indicator.shape[1] != len(self.positives):
            raise ValueError(
                f"y must have {len(self.positives)} columns as before, got {indicator.shape[1]}"
            )
        self.one_hot = self.one_hot and is_one_hot(indicator)
        if sample_weight is None:
            self.positives += indicator.sum(axis=0, dtype=np.float64)
            self.total += len(indicator)
        else:
            self.positives += sample_weight @ indicator.astype(np.float64)
            self.total += float(sample_weight.sum())

    def pairs(self) -> NDArray[np.float64]:
        """Count zeros and ones of every column, as an array of shape (n_columns, 2)."""
        # Summing weights in another order can leave a negative crumb where no row is 0.
        return np.stack([np.maximum(self.total - self.positives, 0.0), self.positives], axis=1)


def count_labels(
    labels: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Count labels of any shape.

    Parameters
    ----------
    labels : ndarray
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
    if sample_weight is None:
        found, counts = np.unique(labels, return_counts=True)
        return found, counts.astype(np.float64)
    found, codes = np.unique(labels, return_inverse=True)
    sums: NDArray[np.float64] = np.bincount(codes.ravel(), sample_weight.ravel(), len(found))
    return found, sums


def look_up_weights(
    labels: NDArray[Any], classes: list[Any], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give every label its class's weight.

    Examples
    --------
    >>> look_up_weights(np.array([[2, 1]]), [1, 2], np.array([3.0, 0.5]))
    array([[0.5, 3. ]])
    """
    table = dict(zip(classes, weights.tolist(), strict=True))
    found, codes = np.unique(labels, return_inverse=True)
    check_known(found.tolist(), table, "the classes seen in fit")
    return np.array([table[label] for label in found.tolist()])[codes].reshape(labels.shape)


def is_one_hot(indicator: NDArray[Any]) -> bool:
    """Tell whether every row of a 0/1 array, along its last axis, has a single 1."""
    n_rows = indicator.size // indicator.shape[-1]
    # The cheap total settles most arrays.
    if indicator.sum(dtype=np.float64) != n_rows:
        return False
    return bool((indicator.max(axis=-1) == 1).all())


def check_known(labels: list[Any], known: Any, source: str) -> None:
    """Raise on labels that are not among the known ones."""
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(
            f"y must have labels of {source} only ({list_labels(list(known))}), "
            f"got {list_labels(unknown)}"
        )


def sort_labels(labels: list[Any]) -> list[Any]:
    """Sort labels of one kind."""
    try:
        return sorted(labels)
    except TypeError as error:
        raise TypeError(
            "y must have labels of one kind, got "
            f"{' and '.join(sorted({type(label).__name__ for label in labels}))}"
        ) from error
