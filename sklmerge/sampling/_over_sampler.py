"""AugmentingOverSampler: an imbalanced-learn oversampler that adds augmented copies."""

from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray

from sklmerge.sampling._base import ImageSampler, Plan, plan_rounds, share_evenly


class AugmentingOverSampler(ImageSampler, BaseOverSampler):
    """Oversample rare classes with augmented copies of their images.

    As in imbalanced-learn's oversamplers, the unchanged original images come first, followed by the
    new images, class by class. The output has the original labels, even if you pass `merge`. In an
    imbalanced-learn pipeline, the sampler runs only when the pipeline is fitted, never when it
    predicts.

    Parameters
    ----------
    augmenter : str, None, Augmenter, transform, callable or mapping, default="light"
        How new images are augmented: ``"light"``, ``"strong"`` or ``"trivial"``, an augmenter, a
        transform of another library, or a function ``f(image)`` or ``f(image, rng)``. None makes
        plain copies. To augment each class differently, pass a mapping from label (original or
        merged) to augmenter. If both the original and the merged label of an image are listed, the
        augmenter of the original label is used. Every class that gets copies must be listed. A
        function can also augment rows that are not images. For details, see `as_augmenter`.
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are oversampled, and to what size, as in imbalanced-learn. With `merge`, the
        keys of a dict are merged labels.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to treat as one class when target sizes are computed and images are drawn.
    within_merged : {"natural", "balanced"}, default="natural"
        How to draw the sources of new images of a merged class: from all of its images
        ("natural"), or in equal numbers from each of its original classes ("balanced").
    max_copies : int or None, default=None
        The maximum number of new images made from one source image. Use class weights for the
        imbalance that remains.
    image_shape : tuple of int, default=None
        Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows. None uses the
        `image_shape` of the augmenter.
    random_state : int, RandomState instance or None, default=None
        Seed for drawing and augmenting images.
    n_jobs : int, default=None
        Number of threads. The result does not depend on it.

    Attributes
    ----------
    sampling_strategy_ : dict
        Number of new images for each (merged) class, before `max_copies` is applied.
    sample_indices_ : ndarray of int, shape (n_out,)
        Row of X that each output row comes from. Use this to select other data for the same rows,
        for example ``groups[sampler.sample_indices_]``.
    is_augmented_ : ndarray of bool, shape (n_out,)
        Whether each output row is an augmented copy. False for plain copies.
    n_features_in_ : int
        Number of columns of X. This attribute exists only if X is 2-D.

    Notes
    -----
    Within a class, every source image is copied once before any of them is copied again, so the
    numbers of copies differ by at most one. Copy j of row i depends only on ``random_state``, i
    and j.

    The batch generators of imbalanced-learn (``imblearn.keras.BalancedBatchGenerator``,
    ``imblearn.tensorflow.balanced_batch_generator``) use only ``X[sample_indices_]``, so with this
    sampler their "new" images are plain duplicates. For networks, use
    :class:`~sklmerge.ImageBatches`, which augments each image differently every time.

    Some meta-estimators replace the labels with 0, 1, 2, ... before they call the sampler. If
    labels are numbers, `merge` and a mapping of augmenters must therefore name every class. The
    keys of `sampling_strategy` are not checked in this way: inside such a meta-estimator, they
    refer to the new numbers. To avoid this, use text labels, or put the meta-estimator inside the
    pipeline.

    See Also
    --------
    BalancingSampler : Also undersamples.
    EpochSchedule : For networks: every epoch draws a different balanced part of the images.

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
            Images. The input is never changed. Images in a list must have the same shape, and are
            returned as an array. Flattened rows (an array, a data frame or a list) need
            `image_shape`. With ``augmenter=None``, X may also contain paths or be an ImageIndex.
        y : array-like of shape (n,)
            Original labels.

        Returns
        -------
        X_resampled : of the type and dtype of X
            The original images, followed by the new images.
        y_resampled : of the type and dtype of y
            The original labels of these images.

        Raises
        ------
        ValueError, TypeError
            If the augmenter cannot use X as a batch of images, or if y, `merge` and
            `sampling_strategy` do not fit together.
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
        """Divide the number of new images of a class among its members, within `max_copies`."""
        labels, counts = np.unique(members, return_counts=True)
        most = n_new if self.max_copies is None else self.max_copies
        return list(zip(labels, share_evenly(n_new, (counts * most).tolist()), strict=True))
