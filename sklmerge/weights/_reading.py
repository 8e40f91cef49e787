"""Read y as labels, one-hot rows or 0/1 columns, as `target` says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._containers import is_index, read_labels
from sklmerge._dataset_labels import is_feed, is_stream, read_data_set, sort_by_index
from sklmerge._kinds import check_one_kind, show_labels
from sklmerge._tensors import to_numpy


@dataclass(frozen=True)
class Part:
    """Some of the labels, as an array-like."""

    # Labels of any shape, or one column per class.
    labels: Any
    # Weights that came with the labels.
    sample_weight: Any = None
    # All classes there are, in the order of their indices, if the source knows them.
    classes: list[Any] | None = None
    # Whether `labels` are places in `classes`.
    coded: bool = False

    def decode(self, values: NDArray[Any]) -> NDArray[Any]:
        """Convert codes to labels if this part is coded; otherwise return the values unchanged."""
        return np.array(self.classes)[values] if self.coded else values


def iterate_parts(y: Any, sample_weight: Any = None) -> Iterator[Part]:
    """Yield y in parts: all labels at once, batch by batch, or the counts of an index."""
    if not is_stream(y):
        if sample_weight is None and is_index(y):
            # Each label once, as heavy as it is frequent: a million labels need not be made.
            yield Part([*y.counts], [*y.counts.values()], sort_by_index(y.class_indices))
        else:
            yield replace(read_part(y), sample_weight=sample_weight)
        return
    if sample_weight is not None:
        raise TypeError("sample_weight must come with the batches where y is a data set")
    # A tf.data.Dataset, a keras.utils.PyDataset or a torch DataLoader; batches bring weights along.
    for batch in _iterate_batches(y):
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            raise TypeError(
                "y must yield (x, y) or (x, y, sample_weight) where it is a data set, "
                f"got {type(batch).__name__}"
            )
        labels = batch[1]
        if np.ndim(labels) == 0 or len(labels) != len(_first_input(batch[0])):
            raise ValueError("y must yield batches where it is a data set; call .batch(...) first")
        yield Part(labels, batch[2] if len(batch) == 3 else None)


def read_part(y: Any) -> Part:
    """Take the labels out of `y` at once."""
    if isinstance(y, Mapping):
        raise TypeError("y must be labels, got a mapping; for known counts use fit_counts")
    if is_feed(y):
        # Weights of the images, beside draws that are balanced, would correct imbalance twice.
        counts = "y.counts" if hasattr(y, "counts") else "y.batches.counts"
        raise TypeError(
            f"y must be labels or a data set, got the batches of {type(y).__name__}; pass the "
            "labels or the ImageIndex that these batches are made of, or use "
            f"fit_counts({counts}) to weigh what is drawn"
        )
    found = read_data_set(y)
    return Part(found.labels, classes=found.classes, coded=found.coded)


def _iterate_batches(y: Any) -> Iterator[Any]:
    if hasattr(y, "on_epoch_end"):
        # A PyDataset may go on for ever when it is iterated; its length is one epoch.
        n_batches = getattr(y, "num_batches", len(y))
        if n_batches is None:
            raise ValueError("y must be finite, got a PyDataset whose num_batches is None")
        return (y[index] for index in range(n_batches))
    # tf.data's mark of a data set that repeats without end.
    if hasattr(y, "cardinality") and int(y.cardinality()) == -1:
        raise ValueError("y must be finite, got an infinite data set; leave out .repeat()")
    return iter(y)


def _first_input(x: Any) -> Any:
    """Take one of a model's several inputs."""
    while isinstance(x, Mapping | tuple | list):
        x = next(iter(x.values() if isinstance(x, Mapping) else x))
    return x


def read_target(y: Any, target: str) -> NDArray[Any]:
    """Read labels of any shape, or zeros and ones of shape (n, ..., n_columns), by `target`."""
    table = _read_table(y)
    if table is None and target == "labels":
        return read_labels(y)
    if table is None:
        table = read_labels(y)
    if table.size == 0:
        return table
    return _read_label_map(table) if target == "labels" else _read_columns(table, target)


def _read_label_map(table: NDArray[Any]) -> NDArray[Any]:
    """Read an array in which every entry is a label; refuse a table of two dimensions."""
    _refuse_soft(table)
    if table.ndim == 2 and table.shape[1] > 1:
        raise ValueError(
            "y must have one label a row, or be label maps of three and more dimensions, where "
            f"target='labels', got shape {table.shape}; {_advise_on(table)}"
        )
    if table.dtype.kind == "f" and table.ndim > 2 and _is_binary(table) and _is_one_hot(table):
        raise ValueError(
            "y must hold labels where target='labels', got floats with a single 1 in every row of "
            f"{table.shape[-1]} along the last axis; pass target='one-hot', or y.astype(int) for "
            "masks of zeros and ones"
        )
    values = read_labels(table.ravel(), "y.ravel()")
    return values if table.shape[1:] == (1,) else values.reshape(table.shape)


def _advise_on(table: NDArray[Any]) -> str:
    """Say what a table of several columns may contain, and which parameter says so."""
    if not _is_binary(table):
        return "pass y[None] for one label map, or fit one estimator a column for several outputs"
    if _is_one_hot(table):
        return "pass target='one-hot', or y[None] for one label map"
    return "pass target='multilabel' for a 0/1 column per class, or y[None] for one label map"


def _read_columns(table: NDArray[Any], target: str) -> NDArray[Any]:
    """Check that the last axis contains zeros and ones and, for one-hot, a single 1."""
    if table.ndim < 2 or (target == "one-hot" and table.shape[-1] < 2):
        raise ValueError(
            f"y must have a 0/1 column for each class where target={target!r}, got shape "
            f"{table.shape}; pass target='labels' for one label a row"
        )
    if table.dtype.kind == "O":
        table = read_labels(table.ravel(), "y.ravel()").reshape(table.shape)
    _refuse_soft(table)
    if not _is_binary(table):
        strange = [entry for entry in np.unique(table).tolist() if entry not in (0, 1)]
        raise ValueError(
            f"y must hold zeros and ones where target={target!r}, got {show_labels(strange, 3)}"
        )
    if target == "one-hot" and not _is_one_hot(table):
        raise ValueError(
            "y must have a single 1 in every row along the last axis where target='one-hot', got "
            f"rows of {int(table.sum(axis=-1).min())} to {int(table.sum(axis=-1).max())}; pass "
            "target='multilabel' if a sample may have several classes or none"
        )
    return table


def _is_one_hot(table: NDArray[Any]) -> bool:
    """Say whether every row along the last axis has a single 1."""
    # The total is cheap and settles most arrays.
    if table.sum(dtype=np.float64) != table.size // table.shape[-1]:
        return False
    return bool((table.max(axis=-1) == 1).all())


def _read_table(y: Any) -> NDArray[Any] | None:
    """Read y as an array of two or more dimensions; return None if it has fewer."""
    if hasattr(y, "toarray"):
        return np.asarray(y.toarray())
    if isinstance(y, np.ma.MaskedArray):
        # read_labels sees what is masked, which a plain array would uncover.
        return y if y.ndim > 1 else None
    if isinstance(y, list | tuple):
        if not (len(y) and hasattr(y[0], "__len__") and not isinstance(y[0], str | bytes)):
            return None
        try:
            table = np.asarray(y)
            if table.dtype.kind in "US" and not isinstance(y[0], np.ndarray):
                # NumPy would turn the number beside a text into text.
                check_one_kind(np.array(y, dtype=object).ravel().tolist(), "y")
            return table
        except ValueError as error:
            raise ValueError(
                "y must have rows of one length, got rows of several lengths; turn lists of "
                "labels into a 0/1 column per class, for example with MultiLabelBinarizer"
            ) from error
    if len(getattr(y, "shape", ())) < 2:
        return None
    return to_numpy(y)


def _is_binary(table: NDArray[Any]) -> bool:
    if table.size == 0 or table.dtype.kind not in "biuf":
        return False
    # A few rows settle most label maps.
    head = table[:4]
    if not ((head == 0) | (head == 1)).all():
        return False
    if table.dtype.kind == "f":
        return bool(((table == 0) | (table == 1)).all())
    return int(table.min()) >= 0 and int(table.max()) <= 1


def _refuse_soft(table: NDArray[Any]) -> None:
    if table.dtype.kind != "f":
        return
    fractions = table[(table != np.floor(table)) & np.isfinite(table)]
    if len(fractions):
        raise ValueError(
            f"y must be labels or one-hot, got soft labels such as {fractions[0]:g}; pass "
            "y.argmax(axis=-1), the class that each sample counts for"
        )
