"""AugmentingOverSampler: imbalanced-learn's contract, with augmented copies as the new samples."""

from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray

from sklmerge.sampling._base import ImageSampler, Plan, plan_rounds, share_evenly


class AugmentingOverSampler(ImageSampler, BaseOverSampler):
    """Oversample rare classes with augmented copies of their images.

    The original images come first and unchanged; the new ones follow, class by class, as in
    imbalanced-learn's oversamplers. The output has original labels. In an imbalanced-learn pipeline
    it acts when the pipeline is fitted, and never when it predicts.

    Parameters
    ----------
    augmenter : str, None, Augmenter, transform, callable or mapping, default="light"
        How new images are augmented: ``"light"``, ``"strong"`` or ``"trivial"``, an augmenter, a
        transform of another library, a function ``f(image)`` or ``f(image, rng)``; None makes plain
        copies. A mapping gives each class its own augmenter. Its keys are original or merged labels
        (if both are listed, the original one is used), and every class that gets copies needs one.
        A function can also augment rows that are not images. See `as_augmenter`.
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are oversampled to what size, as in imbalanced-learn. With `merge`, the keys
        of a dict are merged labels.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Classes that count as one when targets are computed and images are drawn. Labels in the
        output are original.
    within_merged : {"natural", "balanced"}, default="natural"
        Whether new images of a merged class are drawn from all of its images, or in equal numbers
        from each of its original classes.
    max_copies : int or None, default=None
        The most new images made of one source. Use class weights for the imbalance that remains.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of flattened images; None uses that of the augmenter.
    random_state : int, RandomState instance or None, default=None
        Seed of which images are drawn and how they are augmented.
    n_jobs : int, default=None
        Threads. The result does not depend on it.

    Attributes
    ----------
    sampling_strategy_ : dict
        Class (merged, with `merge`) -> new images that it should get, before `max_copies`.
    sample_indices_ : ndarray of int, shape (n_out,)
        Row of X that each output row comes from. Use it to select other data of the rows:
        ``groups[sampler.sample_indices_]``.
    is_augmented_ : ndarray of bool, shape (n_out,)
        Which output rows are augmented copies; plain ones are not.
    n_features_in_ : int
        Columns of X, only if X is 2-D.

    Notes
    -----
    Within a class, every source is copied once before any is copied again, so the numbers of copies
    differ by at most one. Copy j of row i depends only on ``random_state``, i and j.

    The batch generators of imbalanced-learn (``imblearn.keras.BalancedBatchGenerator``,
    ``imblearn.tensorflow.balanced_batch_generator``) use only ``X[sample_indices_]``, so with this
    sampler their "new" images are plain duplicates. Use :class:`~sklmerge.ImageBatches` for
    networks, which augments every image anew.

    If labels are numbers, `merge` and a mapping of augmenters must name every class, because
    meta-estimators may number the classes first. `sampling_strategy` is interpreted by
    imbalanced-learn: inside such a meta-estimator its keys are the new numbers, so use text labels,
    or put the meta-estimator inside.

    See Also
    --------
    BalancingSampler : Classes go down as well as up.
    EpochSchedule : Another balanced part of the images in every epoch, for networks.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import AugmentingOverSampler
    >>> X = np.random.default_rng(0).integers(0, 256, (30, 24, 32, 3), dtype=np.uint8)
    >>> y = np.array(["cat"] * 4 + ["dog"] * 6 + ["bird"] * 20)
    >>> sampler = AugmentingOverSampler(merge={"pet": ["cat", "dog"]}, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> X_new.shape
    (40, 24, 32, 3)
    >>> {str(label): int(n) for label, n in zip(*np.unique(y_new, return_counts=True))}
    {'bird': 20, 'cat': 8, 'dog': 12}
    """

    def __init__(
        self,
        augmenter: Any = "light",
        *,
        sampling_strategy: Any = "auto",
        merge: Any = None,
        within_merged: str = "natural",
        max_copies: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.augmenter = augmenter
        self.merge = merge
        self.within_merged = within_merged
        self.max_copies = max_copies
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Oversample the rare classes.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), paths or ImageIndex
            Images, never changed, or a list of images of one shape, which is returned as an array.
            Flattened rows (an array, a data frame or a list) need `image_shape`. With
            ``augmenter=None``, paths and an index are repeated.
        y : array-like of shape (n,)
            Original labels.

        Returns
        -------
        X_resampled : of the type and dtype of X
            The original images, then the new ones.
        y_resampled : of the type and dtype of y
            Their original labels.

        Raises
        ------
        ValueError, TypeError
            If X is not a batch of images for the augmenter, or if labels, merge map and sampling
            strategy do not fit together.
        """
        return self._resample(X, y)

    def _plan(self, labels: NDArray[Any], merged: NDArray[Any], seed: int) -> Plan:
        members = labels if self.within_merged == "balanced" else merged
        planned = [
            plan_rounds(np.flatnonzero((merged == label) & (members == member)), n_draws, seed)
            for label, n_new in self.sampling_strategy_.items()
            for member, n_draws in self._share_draws(members[merged == label], n_new)
        ]
        return Plan.join(np.arange(len(labels)), planned)

    def _share_draws(self, members: NDArray[Any], n_new: int) -> list[tuple[Any, int]]:
        """Share a class's new images among its members, within `max_copies`."""
        labels, counts = np.unique(members, return_counts=True)
        most = n_new if self.max_copies is None else self.max_copies
        return list(zip(labels, share_evenly(n_new, (counts * most).tolist()), strict=True))
