"""Class weights in the form that each framework takes."""

from collections.abc import Iterable, Mapping
from typing import Any

from sklmerge.weights._rules import list_labels


def match_class_indices(classes: Iterable[Any], class_indices: Any) -> dict[Any, int]:
    """Give every class its index, 0 to k - 1.

    Parameters
    ----------
    classes : iterable of labels
    class_indices : mapping of label to int, an object that has one, or None
        None numbers names in their order and leaves integers, which must be 0 to k - 1.

    Returns
    -------
    dict of label to int
        In the order of the indices.

    Examples
    --------
    >>> match_class_indices(["cat", "dog"], {"dog": 0, "cat": 1})
    {'dog': 0, 'cat': 1}
    """
    labels = list(classes)
    if class_indices is None:
        return _number_classes(labels)
    for name in ("class_indices_", "class_indices"):
        class_indices = getattr(class_indices, name, class_indices)
    if not isinstance(class_indices, Mapping):
        raise TypeError(
            "class_indices must be a mapping of label to index or an object that has one, "
            f"got {type(class_indices).__name__}"
        )
    indices = {label: int(index) for label, index in class_indices.items()}
    unweighted = [label for label in indices if label not in set(labels)]
    if unweighted:
        raise ValueError(
            f"class_indices must be of the weighed classes ({list_labels(labels)}), "
            f"got {list_labels(unweighted)}; fit with classes=[...] and missing='ignore' to weigh "
            "a class without samples 0"
        )
    unnumbered = [label for label in labels if label not in indices]
    if unnumbered:
        raise ValueError(
            f"class_indices must number every weighed class, it lacks {list_labels(unnumbered)}"
        )
    if sorted(indices.values()) != list(range(len(indices))):
        raise ValueError(
            f"class_indices must be 0 to {len(indices) - 1}, got {sorted(indices.values())}"
        )
    return dict(sorted(indices.items(), key=lambda item: item[1]))


def _number_classes(labels: list[Any]) -> dict[Any, int]:
    if any(isinstance(label, str) for label in labels):
        return {label: index for index, label in enumerate(labels)}
    if sorted(labels) != list(range(len(labels))):
        raise ValueError(
            f"integer labels are taken as Keras' own indices and must then be 0 to "
            f"{len(labels) - 1}, got {list_labels(labels)}; pass class_indices={{label: index}}, "
            "or fit with classes=range(n_classes) and missing='ignore'"
        )
    return {label: int(label) for label in sorted(labels)}
