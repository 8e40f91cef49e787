"""ClassWeightEstimator: labels in, a weight per class and per sample out."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklmerge.weights._exports import match_class_indices
from sklmerge.weights._rules import Scheme, check_weighting, list_labels, weigh_classes
from sklmerge.weights._tally import LabelTally, look_up_weights, sort_labels


class ClassWeightEstimator(BaseEstimator):
    """Say how much each class should count, from how often it occurs.

    Parameters
    ----------
    scheme : {"balanced", "effective", "log", "uniform"}, mapping or callable, default="balanced"
        What a class of n_c among N samples weighs, before `max_ratio` and `normalize`:

        - ``"balanced"``: n_c ** -power. With the defaults this is scikit-learn's
          ``n_samples / (n_classes * n_c)``;
        - ``"effective"``: (1 - beta) / (1 - beta ** n_c), the inverse effective number [1]_;
        - ``"log"``: 1 / ln(1.02 + n_c / N), usual for pixel labels [2]_;
        - ``"uniform"``: 1;
        - a mapping of label to weight;
        - a callable that takes the array of counts, in the order of the classes, and returns as
          many weights.
    power : float, default=1.0
        For ``"balanced"``: 1 is inverse frequency, 0.5 the square-root rule, 0 uniform.
    beta : float, default=0.9999
        For ``"effective"``: in [0, 1). 0 is uniform, towards 1 it becomes inverse frequency.
    normalize : {"samples", "classes", "max", "min"} or None, default="samples"
        What becomes 1: the mean weight over the samples of `fit`, so that a loss keeps its scale
        and a learning rate its meaning; the mean over classes; the largest weight; or the smallest
        positive one. A given mapping is rescaled too, unless None.
    max_ratio : float, default=None
        At least 1: no weight exceeds this many times the smallest positive one.
    classes : sequence of labels, default=None
        All classes there are, in the order of the outputs. None takes those of y (and of a mapping
        `scheme`), sorted.
    missing : {"error", "ignore"}, default="error"
        What to do with a class that has no sample: raise, or weigh it 0 and keep its place.

    Attributes
    ----------
    class_weight_ : dict of label to float
        What scikit-learn, LightGBM and CatBoost take as it is.
    class_counts_ : dict of label to float
        Samples per class, or their summed `sample_weight`.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of `class_weight_`.

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
    ) -> None:
        self.scheme = scheme
        self.power = power
        self.beta = beta
        self.normalize = normalize
        self.max_ratio = max_ratio
        self.classes = classes
        self.missing = missing

    def fit(self, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Count labels and weigh the classes.

        Parameters
        ----------
        y : array-like of labels
        sample_weight : array-like of the shape of y, default=None
            What each sample counts, >= 0. None counts each as 1.

        Returns
        -------
        self
        """
        self._forget()
        self.partial_fit(y, sample_weight)
        self._weigh()
        return self

    def partial_fit(self, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Count more labels; the weights are worked out when they are asked for.

        Over any chunking this is `fit` on the whole. A class that is still missing is an error
        only when the weights are read.

        Parameters
        ----------
        y : array-like of labels
        sample_weight : array-like of the shape of y, default=None

        Returns
        -------
        self
        """
        tally = self._open_tally()
        labels = np.asarray(y)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        tally.add(labels, weight)
        self._remember(tally)
        return self

    def fit_counts(self, counts: Mapping[Any, float]) -> Self:
        """Weigh classes whose counts are known.

        Parameters
        ----------
        counts : mapping of label to float
            Samples per class, >= 0.

        Returns
        -------
        self

        Examples
        --------
        >>> from sklmerge import ClassWeightEstimator
        >>> weights = ClassWeightEstimator("effective", normalize="min")
        >>> weights.fit_counts({"rare": 500, "common": 1_000_000}).class_weight_
        {'common': 1.0, 'rare': 20.50}
        """
        values = np.asarray(list(counts.values()), dtype=np.float64)
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(f"counts must be finite and >= 0, got {dict(counts)}")
        self._forget()
        tally = self._open_tally()
        tally.add_counts(np.array(list(counts)), values)
        self._remember(tally)
        self._weigh()
        return self

    @property
    def class_weight_(self) -> dict[Any, float]:
        """Weight of every class."""
        return dict(zip(self.class_counts_, self._weigh().tolist(), strict=True))

    def transform(self, y: Any) -> NDArray[np.float64]:
        """Give every sample the weight of its class.

        Parameters
        ----------
        y : array-like of labels

        Returns
        -------
        ndarray of the shape of y
        """
        return look_up_weights(np.asarray(y), list(self.class_counts_), self._weigh())

    def to_keras(self, class_indices: Any = None) -> dict[int, float]:
        """Key the weights by index, as Keras' `class_weight` wants them.

        Keras weighs an index that is not in the dict 1 and ignores keys that it does not know, so
        every index is in it.

        Parameters
        ----------
        class_indices : mapping of label to int, or an object that has one, default=None
            A Keras generator, an :class:`~sklmerge.ImageIndex` or a fitted
            :class:`~sklmerge.LabelMerger` has one. None numbers `classes_`, which must then be
            names, or the integers from 0.

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
        indices = match_class_indices(self.class_weight_, class_indices)
        class_weight = self.class_weight_
        return {index: class_weight[label] for label, index in indices.items()}

    def _open_tally(self) -> LabelTally:
        check_weighting(
            self.scheme, self.power, self.beta, self.normalize, self.max_ratio, self.missing
        )
        if not hasattr(self, "_tally"):
            self._tally = LabelTally(_check_classes(self.classes))
        return self._tally

    def _remember(self, tally: LabelTally) -> None:
        counts = tally.counts
        if isinstance(self.scheme, Mapping) and self.classes is None:
            counts = _add_weighted_classes(counts, self.scheme)
        labels = list(counts) if self.classes is not None else sort_labels(list(counts))
        self.classes_ = np.array(labels)
        self.class_counts_ = {label: counts[label] for label in labels}
        self._weights: NDArray[np.float64] | None = None

    def _forget(self) -> None:
        if hasattr(self, "_tally"):
            del self._tally

    def _weigh(self) -> NDArray[np.float64]:
        check_is_fitted(self, "class_counts_")
        if self._weights is None:
            self._weights = weigh_classes(
                list(self.class_counts_),
                np.array(list(self.class_counts_.values())),
                scheme=self.scheme,
                power=self.power,
                beta=self.beta,
                normalize=self.normalize,
                max_ratio=self.max_ratio,
                missing=self.missing,
            )
        return self._weights


def _add_weighted_classes(
    counts: dict[Any, float], scheme: Mapping[Hashable, float]
) -> dict[Any, float]:
    """Take in the classes that have a weight and no sample, unless the keys are other names."""
    if all(label in scheme for label in counts):
        return dict.fromkeys(scheme, 0.0) | counts
    return counts


def _check_classes(classes: Iterable[Hashable] | None) -> list[Hashable] | None:
    if classes is None:
        return None
    names: Sequence[Any] = np.array(list(classes)).tolist()
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"classes must be distinct labels, got {list_labels(names)}")
    return list(names)
