"""Find the labels in what people hold: data sets, generators and indices, told by their attributes.

No framework is imported here. What the labels themselves may be is _targets.py's matter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """Some of the labels, as an array-like.

    Parameters
    ----------
    labels : array-like
        Labels of any shape, or one column per class.
    sample_weight : array-like, default=None
        Weights that came with the labels.
    classes : list of labels, default=None
        All classes there are, in the order of their indices, where the source knows them.
    coded : bool, default=False
        Whether `labels` are places in `classes` rather than labels.
    """

    labels: Any
    sample_weight: Any = None
    classes: list[Any] | None = None
    coded: bool = False

    def decode(self, values: NDArray[Any]) -> NDArray[Any]:
        """Turn the labels, read as an array, from places into labels where they are places."""
        return np.array(self.classes)[values] if self.coded else values


def iterate_parts(y: Any, sample_weight: Any = None) -> Iterator[Part]:
    """Take what is to be counted out of `y`: all labels, their batches, or their counts.

    Parameters
    ----------
    y : array-like, or an object that :func:`read_part` knows, or that yields ``(x, y)`` or
        ``(x, y, sample_weight)``: a `tf.data.Dataset`, `keras.utils.PyDataset` or torch
        `DataLoader`
    sample_weight : array-like, default=None
        Weights of the samples; batches bring their own.

    Yields
    ------
    Part
    """
    if not is_stream(y):
        if sample_weight is None and _knows_counts(y):
            # Each label once, as heavy as it is frequent: a million labels need not be made.
            yield Part([*y.counts], [*y.counts.values()], sort_by_index(y.class_indices))
        else:
            yield replace(read_part(y), sample_weight=sample_weight)
        return
    if sample_weight is not None:
        raise TypeError("sample_weight must come with the batches where y is a data set")
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
    """Take the labels out of `y` at once.

    Parameters
    ----------
    y : array-like, :class:`~sklmerge.ImageIndex`, Keras generator or torch data set
        Of a torch data set `targets`, the last of `tensors`, or those of a `Subset` or of the
        parts of a `ConcatDataset`.

    Returns
    -------
    Part
    """
    if isinstance(y, np.ndarray | list | tuple) or hasattr(y, "iloc"):
        return Part(y)
    if isinstance(y, Mapping):
        raise TypeError("y must be labels, got a mapping; for known counts use fit_counts")
    if _knows_counts(y):
        return Part(y.labels, classes=sort_by_index(y.class_indices))
    if hasattr(y, "class_indices") and hasattr(y, "classes"):
        return _read_generator(y)
    if hasattr(y, "dataset") and hasattr(y, "indices"):
        whole = read_part(y.dataset)
        return Part(np.asarray(whole.labels)[np.asarray(y.indices)], classes=whole.classes)
    if hasattr(y, "targets"):
        names = getattr(y, "class_to_idx", None)
        return Part(y.targets, classes=None if names is None else list(range(len(names))))
    if hasattr(y, "tensors"):
        return Part(y.tensors[-1])
    if hasattr(y, "datasets") and hasattr(y, "cumulative_sizes"):
        return _join_parts(y.datasets)
    is_array_like = any(hasattr(y, name) for name in ("__array__", "toarray", "detach"))
    if hasattr(y, "__getitem__") and not (is_array_like or isinstance(y, Sequence)):
        raise TypeError(
            "y must be labels or a data set that has them as targets or tensors, got "
            f"{type(y).__name__}; pass its labels, for example [y for _, y in data]"
        )
    return Part(y)


def is_stream(y: Any) -> bool:
    """Tell whether `y` yields batches: `tf.data.Dataset`, `keras.utils.PyDataset`, `DataLoader`."""
    # A Keras generator is a PyDataset that knows its labels.
    return not hasattr(y, "class_indices") and any(
        hasattr(y, name) for name in ("element_spec", "on_epoch_end", "batch_sampler")
    )


def sort_by_index(class_indices: Mapping[Any, int]) -> list[Any]:
    """List the classes in the order of their indices."""
    return sorted(class_indices, key=lambda label: class_indices[label])


def _knows_counts(y: Any) -> bool:
    return all(hasattr(y, name) for name in ("class_indices", "counts", "labels"))


def _read_generator(generator: Any) -> Part:
    names = sort_by_index(generator.class_indices)
    codes = generator.classes
    if any(isinstance(code, list | tuple | set) for code in codes):
        # Several classes an image, each row a list of indices.
        indicator = np.zeros((len(codes), len(names)), dtype=np.uint8)
        for row, members in zip(indicator, codes, strict=True):
            row[list(members)] = 1
        return Part(indicator, classes=names)
    return Part(np.asarray(codes), classes=names, coded=True)


def _join_parts(datasets: Sequence[Any]) -> Part:
    """Put the labels of data sets one after another, which must number their classes alike."""
    named = [data.class_to_idx for data in datasets if hasattr(data, "class_to_idx")]
    other = next((names for names in named if names != named[0]), None)
    if other is not None:
        raise ValueError(
            "y must be of data sets that number their classes alike, got class_to_idx "
            f"{named[0]} and {other}"
        )
    parts = [read_part(data) for data in datasets]
    labels = [np.asarray(part.labels) for part in parts]
    forms = {(array.shape[1:], array.dtype.kind in "OU") for array in labels}
    if len(forms) > 1:
        raise ValueError(
            "y must be of data sets whose labels are of one form, got arrays of shapes "
            f"{', '.join(str(array.shape) for array in labels)} and dtypes "
            f"{', '.join(str(array.dtype) for array in labels)}"
        )
    known = [part.classes for part in parts if part.classes is not None]
    return Part(np.concatenate(labels), classes=max(known, key=len, default=None))


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
