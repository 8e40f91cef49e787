"""BalancingSampler: resample every class to a given number, by under- and oversampling."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_samples_per_class
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import show_labels
from sklmerge.labels import check_all_named
from sklmerge.sampling._base import ImageSampler, Plan, plan_rounds, share_evenly


class BalancingSampler(ImageSampler):
    """Undersample large classes and oversample small classes to a given number of images per class.

    Like :class:`~sklmerge.AugmentingOverSampler`, this is a sampler for imbalanced-learn pipelines,
    but it can also undersample. For example, it can resample classes of 500 and 1,000,000 images to
    10,000 images each in one step.

    Parameters
    ----------
    samples_per_class : {"majority", "minority", "natural"}, int, mapping or None, \
default="majority"
        Number of images per class: "majority" or "minority" for the size of the largest or
        smallest class, a number, or a mapping that lists every (merged) class. With "natural" or
        None, no class changes.
    augmenter : str, None, Augmenter, transform, callable or mapping, default="light"
        How the copies are augmented, as in :class:`~sklmerge.AugmentingOverSampler`. None makes
        plain copies. If X contains paths or is an ImageIndex, copies are possible only with None,
        because a sampler does not read the images.
    max_copies : int or None, default=None
        The maximum number of copies of one image. Use class weights for the imbalance that
        remains.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to treat as one class when images are chosen and copied. The output still has
        the original labels.
    within_merged : {"natural", "balanced"}, default="natural"
        How to draw images of a merged class: from all of its images ("natural"), or in equal
        numbers from each of its original classes ("balanced").
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows. None uses the
        `image_shape` of the augmenter.
    random_state : int, RandomState instance or None, default=None
        Seed for choosing images to keep and to copy, and for augmenting the copies.
    n_jobs : int, default=None
        Number of threads. The result does not depend on it.

    Attributes
    ----------
    samples_per_class_ : dict of label to int
        Number of images for each (merged) class, before `max_copies` is applied.
    sample_indices_ : ndarray of int, shape (n_out,)
        Row of X that each output row comes from. Use this to select other data for the same rows,
        for example ``groups[sampler.sample_indices_]``.
    is_augmented_ : ndarray of bool, shape (n_out,)
        Whether each output row is an augmented copy.
    n_features_in_ : int
        Number of columns of X. This attribute exists only if X is 2-D.

    See Also
    --------
    AugmentingOverSampler : Only oversamples; uses imbalanced-learn's `sampling_strategy`.
    EpochSchedule : For networks: every epoch draws a different balanced part of the images.

    Notes
    -----
    The kept images come first, in their original order, followed by the copies, class by class. The
    choice of images to keep depends only on `random_state` and on the row numbers.
    imbalanced-learn's pipeline does not pass sample weights through a sampler, so use
    ``sample_weight[sampler.sample_indices_]``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import BalancingSampler
    >>> X = np.random.default_rng(0).integers(0, 256, (30, 24, 32, 3), dtype=np.uint8)
    >>> y = np.repeat(["rare", "common"], [4, 26])
    >>> X_new, y_new = BalancingSampler(10, random_state=0).fit_resample(X, y)
    >>> {str(label): int(n) for label, n in zip(*np.unique(y_new, return_counts=True))}
    {'common': 10, 'rare': 10}
    """

    _sampling_type = "bypass"
    # imbalanced-learn's base reads it; what classes get is samples_per_class here.
    sampling_strategy = "auto"
    # Ours are checked where they are used, in our own words.
    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        samples_per_class: Any = "majority",
        *,
        augmenter: Any = "light",
        max_copies: int | None = None,
        merge: Any = None,
        within_merged: str = "natural",
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.samples_per_class = samples_per_class
        self.augmenter = augmenter
        self.max_copies = max_copies
        self.merge = merge
        self.within_merged = within_merged
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Resample every class to the requested number of images.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), paths or ImageIndex
            Images. The input is never changed. Images in a list must have the same shape, and are
            returned as an array. Flattened rows (an array, a data frame or a list) need
            `image_shape`.
        y : array-like of shape (n,)
            Original labels.

        Returns
        -------
        X_resampled : of the type and dtype of X
            The kept images, followed by the copies.
        y_resampled : of the type and dtype of y
            The original labels of these images.

        Raises
        ------
        ValueError, TypeError
            If the augmenter cannot use X as a batch of images, or if `samples_per_class` or
            `merge` does not fit the labels.
        """
        return self._resample(X, y)

    def _plan(self, labels: NDArray[Any], merged: NDArray[Any], seed: int) -> Plan:
        names, counts = np.unique(merged, return_counts=True)
        self.samples_per_class_ = _resolve_targets(
            self.samples_per_class, dict(zip(names.tolist(), counts.tolist(), strict=True))
        )
        if isinstance(self.samples_per_class, Mapping) and self.merge is None:
            check_all_named("samples_per_class", list(self.samples_per_class), names.tolist())
        members = labels if self.within_merged == "balanced" else merged
        kept, planned = [], []
        for name, target in self.samples_per_class_.items():
            rows = np.flatnonzero(merged == name)
            for pool, n_rows in _share_target(rows, members[rows], target, self.max_copies):
                # The first round is an order of the pool: who is left out stands last in it.
                kept.append(plan_rounds(pool, min(n_rows, len(pool)), seed)[0])
                planned.append(plan_rounds(pool, max(0, n_rows - len(pool)), seed))
        return Plan.join(np.sort(np.concatenate(kept)), planned)


def _resolve_targets(samples_per_class: Any, counts: dict[Any, int]) -> dict[Any, int]:
    """Compute the number of images for each class."""
    samples_per_class = check_samples_per_class(samples_per_class)
    if isinstance(samples_per_class, Mapping):
        if set(samples_per_class) != set(counts):
            raise ValueError(
                f"samples_per_class must name each class, {show_labels(list(counts), 5)}, got "
                f"{show_labels(list(samples_per_class), 5)}"
                f"{suggest_names(set(samples_per_class) - set(counts), counts)}"
            )
        return {label: int(samples_per_class[label]) for label in counts}
    if samples_per_class is None or samples_per_class == "natural":
        return dict(counts)
    if isinstance(samples_per_class, str):
        choose = max if samples_per_class == "majority" else min
        return dict.fromkeys(counts, choose(counts.values()))
    return dict.fromkeys(counts, samples_per_class)


def _share_target(
    rows: NDArray[np.intp], members: NDArray[Any], target: int, max_copies: int | None
) -> list[tuple[NDArray[np.intp], int]]:
    """Divide the number of images of a class among its members, within `max_copies`."""
    labels, counts = np.unique(members, return_counts=True)
    most = target if max_copies is None else max_copies + 1
    shares = share_evenly(target, (counts * most).tolist())
    return [(rows[members == label], n) for label, n in zip(labels, shares, strict=True)]
