"""Data set in, its labels out, without decoding an image. Nothing is iterated or counted.

Arrays, lists, Series and tensors are already labels and are returned unchanged, except lists of
one-element tensors, which become lists of numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._containers import CountedLabels, is_index
from sklmerge._tensors import check_open, read_scalars, to_numpy

# Where a data set keeps one label a row, in the order in which they are looked for.
_ATTRIBUTES = ("targets", "labels", "y")
_PAIRS = ("samples", "imgs")
_REMEDY = "give it an attribute targets with one label a row, or pass the labels themselves"


@dataclass(frozen=True)
class FoundLabels:
    """Labels as a data set stores them."""

    # One label a row, or a 0/1 table with one column a class.
    labels: Any
    # All classes that the data set knows, in the order of their indices.
    classes: list[Any] | None = None
    # Whether `labels` are places in `classes`.
    coded: bool = False
    # What these classes are called, if labels are their indices.
    names: list[str] | None = None


def find_labels(data: Any, name: str = "y") -> Any:
    """Find the labels of a data set by its attributes; return labels unchanged."""
    found = read_data_set(data, name)
    return np.array(found.classes)[to_numpy(found.labels)] if found.coded else found.labels


def read_data_set(data: Any, name: str = "y") -> FoundLabels:
    """Find the labels of a data set, the classes it knows, and whether the labels are codes."""
    # An ImageIndex gives its merged labels.
    check_open(data, name)
    if is_feed(data):
        raise TypeError(
            f"{name} must be labels or a data set, got the batches of {type(data).__name__}; pass "
            "the labels or the ImageIndex that these batches are made of"
        )
    if is_index(data):
        return FoundLabels(data.labels, sort_by_index(data.class_indices))
    if holds_labels_itself(data):
        return FoundLabels(read_scalars(data))
    # A column of a Hugging Face data set by itself.
    if hasattr(data, "column_name") and hasattr(data, "source"):
        return _read_column(data.source, data.column_name, name)
    # A generator of Keras, such as flow_from_directory gives.
    if hasattr(data, "class_indices") and hasattr(data, "classes"):
        return _read_generator(data)
    # A Hugging Face data set.
    if hasattr(data, "features") and hasattr(data, "column_names"):
        return _read_table(data, name)
    # torch's Subset and ConcatDataset, then any data set of torch.
    if hasattr(data, "dataset") and hasattr(data, "indices"):
        return _take_part(data, name)
    if hasattr(data, "datasets") and hasattr(data, "cumulative_sizes"):
        return _join_parts([read_data_set(part, name) for part in data.datasets], data, name)
    if not is_stream(data):
        labels = _find_attribute(data)
        if labels is not None:
            return _check_length(_read_attribute(data, labels), data, name)
    # zarr's groups have keys, and are no mappings.
    if isinstance(data, Mapping) or callable(getattr(data, "keys", None)):
        raise TypeError(
            f"{name} must be labels or a data set, got {type(data).__name__}; pass one of its "
            f"parts ({', '.join(map(repr, list(data)[:5]))})"
        )
    raise TypeError(
        f"{name} must be labels or a data set that holds them as targets, labels, samples, tensors "
        f"or a ClassLabel column, got {type(data).__name__}; {_advise(data, name)}"
    )


def _advise(data: Any, name: str) -> str:
    """Say what to pass instead of what shows no labels."""
    if not is_stream(data):
        return _REMEDY
    if hasattr(data, "batch_sampler"):
        return f"pass the data set that it loads, {name}.dataset, or the labels themselves"
    # tf.data says of what its elements are: labels of no axis are those of single images.
    spec = getattr(data, "element_spec", None)
    if isinstance(spec, tuple) and len(spec) > 1 and getattr(spec[1], "shape", None) == ():
        return f"pass the labels of its images, np.array([row[1] for row in {name}])"
    # A PyDataset may go on for ever when it is iterated.
    rows = "for n in range(len({0}))" if hasattr(data, "on_epoch_end") else "for batch in {0}"
    batch = "{0}[n]" if hasattr(data, "on_epoch_end") else "batch"
    labels = f"np.concatenate([{batch}[1] {rows}])".format(name)
    return f"pass the labels of its batches, {labels}"


def holds_labels_itself(data: Any) -> bool:
    """Say whether y itself is labels (array, list, frame or tensor), not a data set with labels."""
    if isinstance(data, np.ndarray | list | tuple | str | CountedLabels) or hasattr(data, "iloc"):
        return True
    if any(hasattr(data, name) for name in ("__array__", "__dlpack__", "toarray", "detach")):
        return True
    known = (*_ATTRIBUTES, *_PAIRS, "tensors", "dataset", "datasets", "features", "classes")
    if isinstance(data, Mapping) or is_stream(data) or any(hasattr(data, name) for name in known):
        return False
    # What has no rows by number is no data set either: whoever reads the labels says what it is.
    return isinstance(data, Sequence) or not hasattr(data, "__getitem__")


def yields_batches(data: Any) -> bool:
    """Recognise `tf.data.Dataset`, `keras.utils.PyDataset` and torch `DataLoader` by attributes."""
    return any(hasattr(data, name) for name in ("element_spec", "on_epoch_end", "batch_sampler"))


def is_feed(data: Any) -> bool:
    """Tell ImageBatches, which lie in a room above, and what they become for Keras and torch."""
    return hasattr(data, "make_batch") or hasattr(getattr(data, "batches", None), "make_batch")


def is_stream(data: Any) -> bool:
    """Say whether y yields batches whose labels are known only after iterating over them."""
    # A Keras generator is a PyDataset that knows its labels; a feed draws anew, and is no data.
    return yields_batches(data) and not (hasattr(data, "class_indices") or is_feed(data))


def sort_by_index(class_indices: Mapping[Any, int]) -> list[Any]:
    """List the classes in the order of their indices."""
    return sorted(class_indices, key=lambda label: class_indices[label])


def mark_members(rows: Sequence[Any], n_classes: int) -> NDArray[np.uint8]:
    """Turn lists of class indices into a 0/1 table with one column per class."""
    table = np.zeros((len(rows), n_classes), dtype=np.uint8)
    for row, members in zip(table, rows, strict=True):
        row[list(members)] = 1
    return table


def _read_generator(generator: Any) -> FoundLabels:
    names = sort_by_index(generator.class_indices)
    codes = generator.classes
    if any(isinstance(code, list | tuple | set) for code in codes):
        return FoundLabels(mark_members(codes, len(names)), names)
    return FoundLabels(np.asarray(codes), names, coded=True)


def _read_table(data: Any, name: str) -> FoundLabels:
    """Read the label column of a Hugging Face data set, and no other column."""
    features = data.features or {}
    check_rows(data, name)
    chosen = find_label_columns(features)
    if len(chosen) != 1 or not hasattr(data, "select_columns"):
        raise TypeError(
            f"{name} must be a data set with one ClassLabel column, or one called label, got "
            f"{type(data).__name__} with the columns {', '.join(map(repr, features)) or 'unknown'};"
            " pass the column of the labels, for example np.array(data['species'])"
        )
    return _read_column(data, chosen[0], name)


def check_rows(data: Any, name: str) -> None:
    """Refuse a Hugging Face data set that can only be gone through."""
    if not hasattr(data, "__len__"):
        raise TypeError(
            f"{name} must be a data set with rows by number, got a stream; load it without "
            "streaming=True"
        )


def find_label_columns(features: Mapping[str, Any]) -> list[str]:
    """Find the columns of a Hugging Face data set that may hold its labels; only one if clear."""
    class_columns = [column for column, kind in features.items() if _get_names(kind) is not None]
    named = [column for column in ("label", "labels") if column in features]
    return [column for column in named if column in class_columns] or class_columns or named


def _read_column(data: Any, column: str, name: str) -> FoundLabels:
    """Read one column of a Hugging Face data set as labels."""
    if not hasattr(data, "select_columns"):
        raise TypeError(f"{name} must be labels, got a column within a column; pass list({name})")
    features = data.features or {}
    # Without the format and transforms of the user, which may decode images.
    plain = data.select_columns([column]).with_format("arrow")
    labels = plain[:].column(column).to_pylist()
    names = _get_names(features[column])
    if names is None:
        return FoundLabels(labels)
    places = list(range(len(names)))
    if labels and isinstance(labels[0], list):
        return FoundLabels(mark_members(labels, len(names)), places)
    n_unknown = labels.count(-1)
    if n_unknown:
        raise ValueError(
            f"{name} must have a label in every row, got -1, which stands for none, in "
            f"{n_unknown} rows of column {column!r}; leave these rows out by filter()"
        )
    return FoundLabels(np.array(labels), places, names=names)


def _get_names(kind: Any) -> list[str] | None:
    """Name the classes of a column of ClassLabel, or of lists of it; None for other columns."""
    kind = getattr(kind, "feature", kind)
    return list(kind.names) if type(kind).__name__ == "ClassLabel" else None


def _take_part(part: Any, name: str) -> FoundLabels:
    whole = read_data_set(part.dataset, name)
    labels, rows = to_numpy(whole.labels), np.asarray(part.indices)
    n = len(labels)
    # A mask would be read as positions 0 and 1, row by row.
    is_fitting = rows.dtype.kind in "iu" and rows.min(initial=0) >= -n and rows.max(initial=0) < n
    if len(rows) and not is_fitting:
        raise ValueError(
            f"{name} must be a Subset whose indices are positions of its {n} rows, got "
            f"{rows.dtype} from {rows.min()} to {rows.max()}"
        )
    return replace(whole, labels=labels[rows.astype(np.intp)])


def _join_parts(parts: list[FoundLabels], joined: Any, name: str) -> FoundLabels:
    """Put the labels of data sets one after another, which must number their classes alike."""
    named = [data.class_to_idx for data in joined.datasets if hasattr(data, "class_to_idx")]
    other = next((names for names in named if names != named[0]), None)
    if other is not None:
        raise ValueError(
            f"{name} must be of data sets that number their classes alike, got class_to_idx "
            f"{named[0]} and {other}"
        )
    labels = [to_numpy(part.labels) for part in parts]
    forms = {(array.shape[1:], array.dtype.kind in "OU") for array in labels}
    if len(forms) > 1:
        raise ValueError(
            f"{name} must be of data sets whose labels are of one form, got arrays of shapes "
            f"{', '.join(str(array.shape) for array in labels)} and dtypes "
            f"{', '.join(str(array.dtype) for array in labels)}"
        )
    known = [part.classes for part in parts if part.classes is not None]
    return FoundLabels(np.concatenate(labels), max(known, key=len, default=None))


def _find_attribute(data: Any) -> Any:
    """Find what a data set keeps its labels in, or None."""
    for attribute in _ATTRIBUTES:
        labels = getattr(data, attribute, None)
        if labels is not None and not callable(labels):
            return labels
    tensors = getattr(data, "tensors", None)
    if isinstance(tensors, tuple | list) and len(tensors) > 1:
        return tensors[-1]
    for attribute in _PAIRS:
        pairs = getattr(data, attribute, None)
        if isinstance(pairs, list | tuple) and all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs[:10]
        ):
            return np.array([label for _, label in pairs])
    return None


def _read_attribute(data: Any, labels: Any) -> FoundLabels:
    names = getattr(data, "class_to_idx", None)
    classes = None if names is None else list(range(len(names)))
    transform = getattr(data, "target_transform", None)
    if transform is None:
        return FoundLabels(labels, classes)
    # Rows give the transformed label, so counting the others would count other classes.
    return FoundLabels(_transform_labels(labels, transform))


def _transform_labels(labels: Any, transform: Callable[[Any], Any]) -> NDArray[Any]:
    rows = to_numpy(labels).tolist()
    changed = {label: transform(label) for label in dict.fromkeys(rows)}
    return np.array([to_numpy(changed[label]) for label in rows])


def _check_length(found: FoundLabels, data: Any, name: str) -> FoundLabels:
    if hasattr(data, "__len__") and len(found.labels) != len(data):
        raise ValueError(
            f"{name} must have one label for each of its {len(data)} rows, got "
            f"{len(found.labels)} in {type(data).__name__}; {_REMEDY}"
        )
    return found
