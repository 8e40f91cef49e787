"""AugmentingOverSampler: imbalanced-learn's contract, with varied copies as the new samples."""

import warnings
from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from sklmerge._contract import as_image_batch
from sklmerge._random import hash_keys, resolve_seed
from sklmerge.augment import (
    ClassAugmenter,
    ImageAugmenter,
    TrivialAugmenter,
    as_augmenter,
    tell_augmenter,
)
from sklmerge.labels import check_merger
from sklmerge.sampling._draws import check_max_copies, plan_rounds, share_evenly


class AugmentingOverSampler(BaseOverSampler):
    """Over-sample rare classes by varied copies of their images.

    The images that were given come first and unchanged; the new ones follow, class by class, as
    imbalanced-learn's over-samplers order them. Labels come out as they went in. In an
    imbalanced-learn pipeline it acts when the pipeline is fitted, and never when it predicts.

    Parameters
    ----------
    augmenter : str, None, Augmenter, transform, callable or mapping, default="light"
        How new images are varied: ``"light"``, ``"strong"`` or ``"trivial"``, an augmenter, a
        transform of another library, a function ``f(image)`` or ``f(image, rng)``; None makes
        plain copies. A mapping gives each class its own: its keys are original or merged labels,
        the original one counts first, and every class that gets copies needs one. A function may
        also vary rows that are no images. See `as_augmenter`.
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes grow to what size, in imbalanced-learn's terms. With `merge`, the keys of a
        dict are merged labels.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Classes that count as one while targets are counted and images are drawn. They stay apart
        in the output.
    within_merged : {"natural", "balanced"}, default="natural"
        Whether new images of a merged class are drawn from all of its images alike, or in equal
        numbers from each of its original classes.
    max_copies : int or None, default=None
        The most new images made of one source. What that leaves unbalanced is for class weights.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(H, W, C)`` of images that come as flattened rows; None means the
        augmenter's own.
    random_state : int, RandomState instance or None, default=None
        Seed of which images are drawn and how they are varied.
    n_jobs : int, default=None
        Threads. The result does not depend on it.

    Attributes
    ----------
    sampling_strategy_ : dict
        Class (merged, with `merge`) -> new images it was to get, before `max_copies`.
    sample_indices_ : ndarray of int, shape (n_out,)
        Row of X that each output row comes from. Whatever belongs to rows follows by it:
        ``groups[sampler.sample_indices_]``.
    is_augmented_ : ndarray of bool, shape (n_out,)
        Which output rows are varied copies; plain ones are not.
    n_features_in_ : int
        Columns of X, only where X is 2-D.

    Notes
    -----
    Within a class, sources are drawn round after round without replacement, so that no image has
    two copies more than another. Copy j of row i depends on ``random_state``, i and j alone.

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
        """Over-sample.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C)
            Images, never changed; flattened rows (an array, a data frame or a list) need
            `image_shape`.
        y : array-like of shape (n,)
            Original labels.

        Returns
        -------
        X_resampled : of the type and dtype of X
            The images given, then the new ones.
        y_resampled : of the type and dtype of y
            Their original labels.

        Raises
        ------
        ValueError, TypeError
            If X is no batch of images that the augmenter can vary, or if labels, merge map and
            sampling strategy do not fit each other.
        """
        if np.ndim(y) == 1:
            # Before imbalanced-learn, whose complaint about NaN is a warning of a failed cast.
            check_merger(None).fit(y)
        # It would cast merged labels back to the categories of the original ones.
        plain = np.array(y.tolist()) if hasattr(y, "iloc") and y.ndim == 1 else y
        resampled, _ = super().fit_resample(X, plain, original=plain)
        return resampled, take_rows(y, self.sample_indices_)

    def _check_X_y(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any], bool]:
        """Return X as an array, y merged, and whether y came one-hot; imbalanced-learn's hook."""
        if self.within_merged not in ("natural", "balanced"):
            raise ValueError(
                f"within_merged must be 'natural' or 'balanced', got {self.within_merged!r}"
            )
        check_max_copies(self.max_copies)
        labels, one_hot = check_target_type(y, indicate_one_vs_all=True)
        if self.merge is not None:
            labels = np.asarray(check_merger(self.merge).fit(labels).transform(labels))
        if np.ndim(X) > 2:
            check_consistent_length(X, labels)
            for stale in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(stale, None)
            return as_image_batch(X), labels, one_hot
        # Labels are checked already; only their number matters here.
        sparse_frame = hasattr(X, "iloc")
        rows, _ = validate_data(
            self, X, np.zeros(len(labels)), dtype=None, accept_sparse=sparse_frame
        )
        return rows.toarray() if issparse(rows) else rows, labels, one_hot

    def _fit_resample(
        self, X: NDArray[Any], y: NDArray[Any], original: Any
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Plan the draws, then make them straight into the output; imbalanced-learn's hook."""
        seed = resolve_seed(self.random_state)
        labels = check_target_type(original)
        members = labels if self.within_merged == "balanced" else y
        planned = [
            plan_rounds(np.flatnonzero((y == label) & (members == member)), n_draws, seed)
            for label, n_new in self.sampling_strategy_.items()
            for member, n_draws in self._share_draws(members[y == label], n_new)
        ]
        none = np.zeros(0, dtype=np.intp)
        drawn = np.concatenate([none, *(sources for sources, _ in planned)])
        copies = np.concatenate([none, *(rounds for _, rounds in planned)])

        augmenter = self._prepare_augmenter(X)
        resampled = np.empty((len(X) + len(drawn), *X.shape[1:]), X.dtype)
        resampled[: len(X)] = X
        varied = np.full(len(drawn), augmenter is not None)
        if augmenter is None:
            np.take(X, drawn, axis=0, out=resampled[len(X) :], mode="clip")
        else:
            keys = hash_keys(drawn, copies)
            if isinstance(augmenter, ClassAugmenter):
                params = augmenter.draw_params(
                    len(drawn), seed, keys=keys, labels=labels[drawn], merged_labels=y[drawn]
                )
                varied = params["augmenter"] >= 0
            else:
                params = augmenter.draw_params(len(drawn), seed, keys=keys)
            if len(drawn) and not params.columns:
                warnings.warn(
                    f"augmenter varies nothing, so {len(drawn)} new images are plain copies; set "
                    "one of its ranges, or pass augmenter=None to say so",
                    stacklevel=4,
                )
            augmenter.apply(X, params, indices=drawn, out=resampled[len(X) :])
        self.sample_indices_ = np.concatenate([np.arange(len(X)), drawn])
        self.is_augmented_ = np.concatenate([np.zeros(len(X), dtype=bool), varied])
        return resampled, y[self.sample_indices_]

    def _share_draws(self, members: NDArray[Any], n_new: int) -> list[tuple[Any, int]]:
        """Share a class's new images among its members, within `max_copies`."""
        labels, counts = np.unique(members, return_counts=True)
        most = n_new if self.max_copies is None else self.max_copies
        return list(zip(labels, share_evenly(n_new, (counts * most).tolist()), strict=True))

    def _prepare_augmenter(self, X: NDArray[Any]) -> Any:
        """Return the augmenter, told of image_shape and n_jobs, and checked against X."""
        augmenter = tell_augmenter(
            as_augmenter(self.augmenter), image_shape=self.image_shape, n_jobs=self.n_jobs
        )
        by_class = isinstance(augmenter, ClassAugmenter)
        for member in augmenter.augmenters.values() if by_class else [augmenter]:
            if isinstance(member, ImageAugmenter | TrivialAugmenter):
                as_image_batch(X, member.image_shape or self.image_shape)
        return augmenter

    def __sklearn_tags__(self) -> Any:
        """Say what X may be: rows, data frames and strings, but nothing sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.dataframe = True
        tags.input_tags.string = True
        tags.sampler_tags.sample_indices = True
        return tags


def take_rows(labels: Any, indices: NDArray[np.intp]) -> Any:
    """Take labels by position, keeping their container and their type."""
    if hasattr(labels, "iloc"):
        return labels.iloc[indices].reset_index(drop=True)
    if isinstance(labels, list):
        return [labels[place] for place in indices]
    return np.asarray(labels)[indices]
