"""ClassWeightEstimator: labels in, a weight per class and per sample out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice
from sklmerge._dataset_labels import is_stream
from sklmerge._kinds import to_array
from sklmerge._tensors import give_in_kind
from sklmerge.weights._frameworks import divide_pairs, key_by_index, make_fit_params, make_tensor
from sklmerge.weights._reading import Part, iterate_parts, read_part, read_target
from sklmerge.weights._schemes import (
    Scheme,
    add_weighted_classes,
    check_weighting,
    list_classes,
    read_counts,
    weigh_counts,
)
from sklmerge.weights._tally import (
    Tally,
    add_void,
    count_part,
    look_up_weights,
    weigh_columns,
)

_TARGETS = ("labels", "one-hot", "multilabel")


class ClassWeightEstimator(BaseEstimator):
    """Compute class weights from class frequencies.

    Parameters
    ----------
    scheme : {"balanced", "effective", "log", "uniform"}, mapping or callable, default="balanced"
        The weight of a class with n_c of N samples, before `max_ratio` and `normalize` are applied:

        - ``"balanced"``: n_c ** -power. With the default `power` and `normalize`, this is
          scikit-learn's ``n_samples / (n_classes * n_c)``;
        - ``"effective"``: (1 - beta) / (1 - beta ** n_c), the inverse effective number [1]_;
        - ``"log"``: 1 / ln(1.02 + n_c / N), often used for segmentation [2]_;
        - ``"uniform"``: 1;
        - a mapping of label to weight that lists every class of y;
        - a callable that receives the array of counts, in the order of the classes, and returns an
          array of weights.
    power : float, default=1.0
        Used by ``"balanced"``: 1 gives inverse frequency, 0.5 its square root, and 0 equal weights.
    beta : float, default=0.9999
        Used by ``"effective"``, in [0, 1): 0 gives equal weights, near 1 gives inverse frequency.
    normalize : {"samples", "classes", "max", "min"} or None, default="samples"
        How to scale the weights. "samples": their mean over the samples passed to `fit` is 1. The
        loss then keeps its scale, so you can keep your learning rate. "classes": their mean over
        the classes is 1. "max" or "min": the largest or smallest positive weight is 1. None: no
        scaling.
    max_ratio : float, default=None
        Maximum ratio, at least 1, of the largest weight to the smallest positive weight.
    classes : sequence of labels, default=None
        All classes, in the order of the model's outputs. None uses the sorted classes of y (and of
        a mapping `scheme`), or all classes that a generator, index or torch data set lists.
    missing : {"error", "ignore"}, default="error"
        What to do if a class has no sample: raise an error, or keep the class with weight 0.
    target : {"labels", "one-hot", "multilabel"}, default="labels"
        What y contains:

        - ``"labels"``: one label per row, or segmentation masks (one label per pixel) with three
          or more dimensions, such as (n_images, height, width). A table of several columns raises
          an error, because it is ambiguous. Pass a single mask as ``y[None]``;
        - ``"one-hot"``: zeros and ones with a single 1 along the last axis, one column per class;
        - ``"multilabel"``: zeros and ones, one column for each class that a sample may have. Each
          column gets two weights, one for zeros and one for ones.
    ignore_label : label, default=None
        For ``target="labels"``: a label that is not a class, such as 255 for void pixels in a mask,
        or -100 for torch's `ignore_index`. It is not counted, its weight is 0, and it has no index.

    Attributes
    ----------
    class_weight_ : dict of label to float
        Weights in the form that scikit-learn, LightGBM and CatBoost expect. For
        ``target="multilabel"``, a list with one dict ``{0: w, 1: w}`` per column.
    class_counts_ : dict of label to float, or list of dicts
        Number of samples per class, or the sum of their `sample_weight`.
    classes_ : ndarray of shape (n_classes,)
        The classes, or the names of the columns, in the order of `class_weight_`.

    See Also
    --------
    ClassWeightedClassifier : Fits any classifier with these weights.
    PriorAdjustedClassifier : Adjusts the predicted probabilities instead of training with weights.

    References
    ----------
    .. [1] Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019.
    .. [2] Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time Semantic
       Segmentation", 2016.

    Examples
    --------
    >>> from sklmerge import ClassWeightEstimator
    >>> y = ["rare"] * 500 + ["common"] * 1500
    >>> ClassWeightEstimator(normalize="min").fit(y).class_weight_
    {'common': 1.0, 'rare': 3.0}
    >>> weights = ClassWeightEstimator().fit(y)
    >>> weights.transform(["common", "rare"]).round(3)
    array([0.667, 2.   ])
    """

    def __init__(
        self,
        scheme: Scheme = "balanced",
        *,
        power: float = 1.0,
        beta: float = 0.9999,
        normalize: str | None = "samples",
        max_ratio: float | None = None,
        classes: Iterable[Hashable] | None = None,
        missing: str = "error",
        target: str = "labels",
        ignore_label: Hashable | None = None,
    ) -> None:
        self.scheme = scheme
        self.power = power
        self.beta = beta
        self.normalize = normalize
        self.max_ratio = max_ratio
        self.classes = classes
        self.missing = missing
        self.target = target
        self.ignore_label = ignore_label

    def fit(self, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Count labels and compute the weights.

        Parameters
        ----------
        y : array-like, data set, generator or ImageIndex
            Labels as described in `target`, or an object that stores labels: a Keras generator, a
            batched data set of ``(x, y)``, a torch data set with `targets` (or a `ConcatDataset`),
            or an :class:`~sklmerge.ImageIndex`. After resampling, pass the resampled labels.
        sample_weight : array-like of shape (n_samples,) or of the shape of y, default=None
            Weight with which each sample is counted, >= 0. None means 1.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If y contains no labels, or labels of different types.
        ValueError
            If y is empty or does not match `target`, if a label is missing or soft (not 0 or 1),
            or if a class has no sample.
        """
        if not self._count_all(iterate_parts(y, sample_weight), self.target, at_once=True):
            raise ValueError("y must have at least one sample, got none")
        return self

    def partial_fit(self, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Count more labels, for example from the next batch.

        The result does not depend on how you divide the labels among calls. Weights are computed
        when you first use them. Only then does a class without samples raise an error.

        Parameters
        ----------
        y : array-like, data set, generator or ImageIndex
            As in `fit`, but may also be empty.
        sample_weight : array-like of shape (n_samples,) or of the shape of y, default=None
            Weight with which each sample is counted, >= 0. None means 1.

        Returns
        -------
        self
        """
        # A part of y that fails must not be counted by half.
        tally = copy(getattr(self, "_tally", None))
        self._count_all(iterate_parts(y, sample_weight), self.target, tally)
        return self

    def fit_counts(self, counts: Any) -> Self:
        """Compute the weights from known counts.

        Parameters
        ----------
        counts : mapping of label to float, or Series of floats by label
            Number of samples per class, >= 0: a dict, a Counter, or pandas' ``y.value_counts()``.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `counts` is neither a mapping nor a Series, or its values are not numbers.
        ValueError
            If a count is negative or not finite, or if `counts` is empty.

        Examples
        --------
        >>> from sklmerge import ClassWeightEstimator
        >>> weights = ClassWeightEstimator("effective", normalize="min")
        >>> weights.fit_counts({"rare": 500, "common": 1_000_000}).class_weight_
        {'common': 1.0, 'rare': 20.50}
        """
        labels, numbers = read_counts(counts)
        if self.target == "multilabel":
            raise ValueError(
                "target must be 'labels' or 'one-hot' for fit_counts, got 'multilabel'; fit the "
                "0/1 columns themselves"
            )
        self._count_all([Part(labels, numbers)], "labels", at_once=True)
        return self

    @property
    def class_weight_(self) -> Any:
        """Weight of every class."""
        weights = self._weigh().tolist()
        if isinstance(self.class_counts_, list):
            return [{0: zero, 1: one} for zero, one in weights]
        return dict(zip(self.class_counts_, weights, strict=True))

    def transform(self, y: Any) -> Any:
        """Return the weight of each sample, which is the weight of its class.

        Parameters
        ----------
        y : array-like, generator or ImageIndex
            As in `fit`, but not a data set that yields batches.

        Returns
        -------
        ndarray of the shape of y, without the last axis if it is one-hot
            A tensor if y is a tensor and scikit-learn's array API dispatch is on.
        """
        weights = self._weigh()
        if is_stream(y):
            raise TypeError("y must be labels, got a data set; transform the labels of each batch")
        part = read_part(y)
        values = read_target(part.labels, self.target)
        if self.target != "labels":
            return give_in_kind(weigh_columns(values, weights), y)
        classes, weights = add_void(self.classes_, weights, self.ignore_label)
        return give_in_kind(look_up_weights(part.decode(values), classes, weights), y)

    def to_keras(self, class_indices: Any = None) -> dict[int, float]:
        """Return the weights by class index, for Keras' `class_weight`.

        The dict contains every class index, because Keras silently uses weight 1 for a missing
        index and ignores unknown keys.

        Parameters
        ----------
        class_indices : mapping of label to int, or an object that has one, default=None
            The index of each class, or a Keras generator, :class:`~sklmerge.ImageIndex` or fitted
            :class:`~sklmerge.LabelMerger`. None uses the indices of the object passed to `fit`. If
            that object had none, text labels are numbered in the order of `classes_`, and integer
            labels must be 0..k-1.

        Returns
        -------
        dict of int to float

        Examples
        --------
        >>> from sklmerge import ClassWeightEstimator
        >>> weights = ClassWeightEstimator(normalize="min").fit(["cat"] * 500 + ["dog"] * 1500)
        >>> weights.to_keras()
        {0: 3.0, 1: 1.0}
        """
        class_weight = self.class_weight_
        seen = self._class_indices if class_indices is None else class_indices
        return key_by_index(class_weight, seen)

    def to_torch(self, dtype: Any = None, device: Any = None) -> Any:
        """Return the weights as a tensor, in the order of the class indices.

        Parameters
        ----------
        dtype : torch.dtype, default=None
            None means torch's default float type, the usual type of a model's outputs.
        device : torch.device or str, default=None
            None means torch's default device.

        Returns
        -------
        torch.Tensor of shape (n_classes,)
            Pass it as `weight` to `torch.nn.CrossEntropyLoss` or `NLLLoss`.
        """
        return make_tensor(list(self.to_keras().values()), dtype, device)

    def pos_weight(self) -> NDArray[np.float64]:
        """Return the weight of positives relative to negatives, for losses with a `pos_weight`.

        Returns
        -------
        ndarray of shape (n_columns,), or (1,) if y has two classes
            Weight of label 1 divided by weight of label 0, or 1 if a column has only one label.

        Examples
        --------
        >>> from sklmerge import ClassWeightEstimator
        >>> weights = ClassWeightEstimator(target="multilabel")
        >>> weights.fit([[1, 0], [0, 0], [0, 1], [1, 1]]).pos_weight()
        array([1., 1.])
        >>> ClassWeightEstimator().fit([0, 0, 0, 1]).pos_weight()
        array([3.])
        """
        return divide_pairs(self._weigh())

    def fit_params(self, framework: str, y: Any = None) -> dict[str, Any]:
        """Return keyword arguments that pass the weights to a framework's `fit`.

        Parameters
        ----------
        framework : {"keras", "sklearn", "lightgbm", "xgboost", "catboost", "torch"}
            For LightGBM, XGBoost and CatBoost, the arguments are for their scikit-learn interface.
            torch has no `fit`, so the arguments are for `CrossEntropyLoss` or, with
            ``target="multilabel"``, for `BCEWithLogitsLoss`.
        y : array-like, or mapping or list of array-likes, default=None
            The labels that you pass to the framework's `fit`. Not needed for torch. Keras needs
            them only for segmentation masks and for several outputs. For several outputs, pass the
            labels of each output, by name or in order. Each output is then weighted by its own
            labels, and earlier calls to `fit` have no effect.

        Returns
        -------
        dict of str to object
            One entry: ``class_weight``, ``sample_weight``, ``weight`` or ``pos_weight``, depending
            on the framework.

        Examples
        --------
        >>> from sklmerge import ClassWeightEstimator
        >>> y = [0, 1, 1, 1]
        >>> ClassWeightEstimator().fit(y).fit_params("xgboost", y)
        {'sample_weight': array([2.        , 0.66666667, 0.66666667, 0.66666667])}
        """
        return make_fit_params(self, framework, y)

    def _count_all(
        self,
        parts: Iterable[Part],
        target: str,
        tally: Tally | None = None,
        *,
        at_once: bool = False,
    ) -> bool:
        """Add parts to a tally, weigh them if `at_once`, and say whether anything was counted."""
        check_weighting(
            self.scheme, self.power, self.beta, self.normalize, self.max_ratio, self.missing
        )
        check_choice("target", self.target, _TARGETS)
        classes = None if self.classes is None else list_classes(self.classes)
        if self.ignore_label is not None and self.target != "labels":
            raise ValueError(
                f"ignore_label must be None for target={self.target!r}, got {self.ignore_label!r}"
            )
        if self.ignore_label is not None and self.ignore_label in (classes or []):
            raise ValueError(
                f"ignore_label must be no class, got {self.ignore_label!r}, which classes lists"
            )
        for part in parts:
            tally = count_part(tally, part, target, classes, self.ignore_label)
        if tally is None:
            return False
        counts = add_weighted_classes(tally.counts(), self.scheme, tally.classes)
        classes_ = to_array(list(tally.classes or counts))
        weights = self._weigh_counts(counts) if at_once else None
        # Nothing of this object changes before all has gone well.
        self._tally, self._class_indices = tally, tally.class_indices
        self.class_counts_, self.classes_ = counts, classes_
        self._weights: NDArray[np.float64] | None = weights
        return True

    def _weigh(self) -> NDArray[np.float64]:
        check_is_fitted(self, "class_counts_")
        if self._weights is None:
            self._weights = self._weigh_counts(self.class_counts_)
        return self._weights

    def _weigh_counts(self, counts: Any) -> NDArray[np.float64]:
        return weigh_counts(
            counts,
            scheme=self.scheme,
            power=self.power,
            beta=self.beta,
            normalize=self.normalize,
            max_ratio=self.max_ratio,
            missing=self.missing,
        )
