"""Class weights in the form that each framework expects."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklmerge._kinds import show_labels


def key_by_index(class_weight: Any, class_indices: Any) -> dict[int, float]:
    """Return weights by class index 0..k-1; None numbers text labels, and keeps integer labels."""
    if not isinstance(class_weight, dict):
        raise ValueError(
            "y must have one class a sample to be weighed by class index, got columns of zeros "
            "and ones; weigh them by pos_weight() in the loss, or by transform(y)"
        )
    if class_indices is None:
        indices = _number_classes(list(class_weight))
    else:
        indices = _read_class_indices(class_indices)
        _check_match(indices, list(class_weight))
    weights = {index: class_weight[label] for label, index in indices.items()}
    return dict(sorted(weights.items()))


def make_tensor(values: Sequence[float], dtype: Any, device: Any) -> Any:
    """Make a torch tensor, of torch's default float type if `dtype` is None."""
    import torch

    return torch.tensor(values, dtype=dtype or torch.get_default_dtype(), device=device)


def divide_pairs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide the weight of label 1 by that of label 0, in pairs of shape (n_columns, 2) or (2,)."""
    if weights.ndim == 1 and len(weights) != 2:
        raise ValueError(
            f"y must have two classes or a 0/1 column for each class to have a pos_weight, got "
            f"{len(weights)} classes"
        )
    zero, one = weights.reshape(-1, 2).T
    both = (zero > 0) & (one > 0)
    # 1 if either has no samples, and so no weight: there is nothing to balance.
    return np.divide(one, zero, out=np.ones(len(zero)), where=both)


def make_fit_params(weights: Any, framework: str, y: Any) -> dict[str, Any]:
    """Make the keyword arguments that pass the weights to a framework's fit."""
    by_sample = ("sklearn", "lightgbm", "xgboost", "catboost")
    if framework not in ("keras", "torch", *by_sample):
        raise ValueError(
            "framework must be 'keras', 'sklearn', 'lightgbm', 'xgboost', 'catboost' or 'torch', "
            f"got {framework!r}"
        )
    if framework == "keras" and is_several_outputs(y, weights.target):
        return {"sample_weight": _weigh_outputs(weights, y)}
    has_columns = isinstance(weights.class_weight_, list)
    if framework == "torch":
        if has_columns:
            return {"pos_weight": make_tensor(weights.pos_weight().tolist(), None, None)}
        return {"weight": weights.to_torch()}
    if framework == "keras" and (y is None or has_columns):
        return {"class_weight": weights.to_keras()}
    if y is None:
        raise ValueError(f"y is needed for {framework}, which takes a weight for each sample")
    sample_weight = weights.transform(y)
    if has_columns:
        raise ValueError(
            f"y must have one class a sample to be weighed in {framework}, got columns of zeros "
            "and ones; fit one model a column"
        )
    # Keras refuses class_weight for labels of pixels.
    if framework == "keras" and sample_weight.size == len(sample_weight):
        return {"class_weight": weights.to_keras()}
    return {"sample_weight": sample_weight}


def is_several_outputs(y: Any, target: str) -> bool:
    """Say whether y has labels of several outputs: a mapping, or a list with one y per output."""
    if isinstance(y, Mapping):
        return True
    if not isinstance(y, list | tuple) or not len(y):
        return False
    shapes = [tuple(getattr(entry, "shape", ())) for entry in y]
    # Arrays of one dimension are the rows of a single output.
    if target != "labels":
        return all(len(shape) > 1 for shape in shapes)
    # Arrays of two dimensions are the label maps of one output.
    return all(len(shape) > 0 and (len(shape) != 2 or shape[1] == 1) for shape in shapes)


def _weigh_outputs(weights: Any, y: Any) -> Any:
    """Weight each output by its own labels; return a mapping or list like y."""
    if weights.target == "multilabel":
        raise ValueError(
            "target must be 'labels' or 'one-hot' to weigh several outputs of Keras, got "
            "'multilabel'; put pos_weight() into the loss of that output"
        )
    weighed = {}
    for name, labels in y.items() if isinstance(y, Mapping) else enumerate(y):
        try:
            weighed[name] = clone(weights).fit(labels).transform(labels)
        except (TypeError, ValueError) as error:
            raise type(error)(f"output {name!r}: {error}") from error
    return weighed if isinstance(y, Mapping) else list(weighed.values())


def _read_class_indices(class_indices: Any) -> dict[Any, int]:
    for name in ("class_indices_", "class_indices"):
        class_indices = getattr(class_indices, name, class_indices)
    if not isinstance(class_indices, Mapping):
        raise TypeError(
            "class_indices must be a mapping of label to index or an object that has one, "
            f"got {type(class_indices).__name__}"
        )
    indices = {label: int(index) for label, index in class_indices.items()}
    if sorted(indices.values()) != list(range(len(indices))):
        raise ValueError(
            f"class_indices must be 0 to {len(indices) - 1}, got {sorted(indices.values())}"
        )
    return indices


def _check_match(indices: Mapping[Any, int], labels: list[Any]) -> None:
    unweighted = [label for label in indices if label not in set(labels)]
    if unweighted:
        raise ValueError(
            f"class_indices must be of the weighed classes {show_labels(labels, 5)}, "
            f"got {show_labels(unweighted, 5)}; fit with classes=[...] and missing='ignore' to "
            "weigh a class without samples 0"
        )
    unnumbered = [label for label in labels if label not in indices]
    if unnumbered:
        raise ValueError(
            f"class_indices must number every weighed class, it lacks {show_labels(unnumbered, 5)}"
        )


def _number_classes(labels: list[Any]) -> dict[Any, int]:
    if any(isinstance(label, str) for label in labels):
        return {label: index for index, label in enumerate(labels)}
    if sorted(labels) != list(range(len(labels))):
        raise ValueError(
            f"integer labels are class indices as they are and must then be 0 to "
            f"{len(labels) - 1}, got {show_labels(labels, 5)}; pass class_indices={{label: index}}"
            ", or fit with classes=range(n_classes) and missing='ignore'"
        )
    return {label: int(label) for label in labels}
