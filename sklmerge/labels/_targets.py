"""Labels to network targets (sparse, one-hot, binary) and back, by class numbers."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice
from sklmerge._codes import match_labels
from sklmerge._containers import read_labels
from sklmerge._kinds import Label, show_labels
from sklmerge._tensors import give_in_kind, to_numpy
from sklmerge.labels._merge_and_unmerge import check_same_kind

_CLASS_MODES = ("sparse", "categorical", "binary")


class TargetCoding(BaseEstimator):
    """The methods of LabelMerger that make and read targets of networks."""

    merged_classes_: NDArray[Any]
    n_classes_: int
    multilabel_: bool
    transform: Callable[[Any], Any]

    def encode(
        self,
        y: ArrayLike,
        class_mode: Literal["sparse", "categorical", "binary"] = "sparse",
        pos_label: Label | None = None,
        *,
        merged: bool = False,
    ) -> Any:
        """Merge labels, and encode them as targets for a network.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Original labels, or merged labels if `merged` is True.
        class_mode : {"sparse", "categorical", "binary"}, default="sparse"
            "sparse": class numbers as in `class_indices_` (int64). "categorical": one-hot rows
            (float32). "binary", for two merged classes: 1 for `pos_label` and 0 for the other class
            (float32).
        pos_label : label, default=None
            The merged class that "binary" encodes as 1. Defaults to the second class.
        merged : bool, default=False
            Whether y already contains merged labels.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_merged)
            Targets.
        """
        self._check_exclusive("encode")
        positive = find_positive(class_mode, pos_label, self.merged_classes_)
        labels = read_labels(y) if merged else read_labels(self.transform(y))
        codes = number_labels(labels, self.merged_classes_)
        return give_in_kind(encode_numbers(codes, self.n_classes_, class_mode, positive), y)

    def decode(self, codes: ArrayLike, pos_label: Label | None = None) -> Any:
        """Convert class numbers, one-hot rows, or softmax or sigmoid output to merged labels.

        Parameters
        ----------
        codes : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, n_merged)
            Targets from `encode`, or predictions of a network. With one column per class, each row
            is decoded as the class with the largest value. A single column contains class numbers.
            If there are two classes, a single column can also contain 1 for `pos_label` and 0 for
            the other class, or probabilities of `pos_label` (values above 0.5 mean `pos_label`).
        pos_label : label, default=None
            The merged class that a single column refers to. Defaults to the second class.

        Returns
        -------
        ndarray of shape (n_samples,)
            Merged labels.
        """
        self._check_exclusive("decode")
        positive = None
        if pos_label is not None:
            positive = find_positive("binary", pos_label, self.merged_classes_)
        numbers = decode_numbers(codes, self.n_classes_, positive)
        return give_in_kind(np.take(self.merged_classes_, numbers), codes, exact=True)

    def _check_exclusive(self, method: str) -> None:
        check_is_fitted(self)
        if self.multilabel_:
            raise ValueError(
                f"{method} needs classes that exclude each other, but y was a 0/1 table with one "
                "column a label"
            )


def number_labels(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """Find the position of each merged label in the merged classes, which are sorted."""
    check_same_kind(labels, classes, "y")
    codes = match_labels(labels, classes)
    strangers = np.unique(labels[codes < 0])
    if len(strangers):
        raise ValueError(
            f"y has labels that are no merged class: {show_labels(strangers)}; the merged "
            f"classes are {show_labels(classes)}"
        )
    return codes


def find_positive(class_mode: str, pos_label: Label | None, classes: NDArray[Any]) -> int:
    """Find the number of the class that "binary" encodes as 1; None means the second class."""
    check_choice("class_mode", class_mode, _CLASS_MODES)
    if class_mode != "binary":
        if pos_label is not None:
            raise ValueError(f'pos_label is for class_mode="binary", got {class_mode!r}')
        return 1
    names = classes.tolist()
    if len(names) != 2:
        raise ValueError(f"binary needs two merged classes, got {len(names)}: {show_labels(names)}")
    if pos_label is not None and pos_label not in names:
        raise ValueError(f"pos_label must be one of {show_labels(names)}, got {pos_label!r}")
    return 1 if pos_label is None else names.index(pos_label)


def encode_numbers(
    codes: NDArray[np.intp], n_classes: int, class_mode: str, positive: int
) -> NDArray[Any]:
    """Encode class numbers as targets of a network: int64 if sparse, else float32."""
    # The dtypes are those of Keras' iterators.
    if class_mode == "sparse":
        return codes.astype(np.int64)
    if class_mode == "binary":
        return (codes == positive).astype(np.float32)
    onehot = np.zeros((len(codes), n_classes), dtype=np.float32)
    onehot[np.arange(len(codes)), codes] = 1
    return onehot


def decode_numbers(output: Any, n_classes: int, positive: int | None) -> NDArray[np.intp]:
    """Decode numbers, one-hot rows, softmax or logit rows, or sigmoid output to class numbers."""
    values = to_numpy(output)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"codes must hold numbers, got dtype {values.dtype}")
    if not np.isfinite(values).all():
        position = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"codes must be finite, got {values.flat[position]} at {position}")
    if values.ndim == 2 and values.shape[1] == n_classes:
        if positive is not None:
            raise ValueError("pos_label is for a single column of codes, got one column a class")
        return values.argmax(axis=1).astype(np.intp)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"codes must be of shape (n_samples,), (n_samples, 1) or (n_samples, {n_classes}), "
            f"got {values.shape}"
        )
    if n_classes == 2:
        # Codes, or probabilities of the positive class.
        _check_range(values, 1, "a probability or one of the codes 0, 1")
        is_positive = values > 0.5
        return np.where(is_positive, 1, 0) if positive in (None, 1) else np.where(is_positive, 0, 1)
    _check_range(values, n_classes - 1, f"one of the codes 0..{n_classes - 1}")
    codes = values.astype(np.intp)
    if (codes != values).any():
        broken = float(values[codes != values][0])
        raise ValueError(f"codes must be whole numbers with {n_classes} classes, got {broken}")
    return codes


def _check_range(values: NDArray[Any], highest: int, expected: str) -> None:
    wrong = np.flatnonzero((values < 0) | (values > highest))
    if len(wrong):
        raise ValueError(f"codes must each be {expected}, got {values[wrong[0]]} in row {wrong[0]}")
