"""EpochSchedule: which images each epoch draws.

`_draws_per_class.py` computes how many images of each class are drawn, `_row_order.py` which ones
and in what order, and `_batch_plan.py` how they are divided among batches.
"""

from collections.abc import Collection
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice, check_whole
from sklmerge._containers import is_index
from sklmerge._dataset_labels import find_labels
from sklmerge._random import hash_keys, resolve_seed
from sklmerge.labels import LabelMerger
from sklmerge.sampling._batch_plan import (
    BatchPlan,
    EpochDraws,
    arrange_classes,
    check_shares,
    count_batches,
    share_draws,
)
from sklmerge.sampling._draws_per_class import (
    check_augment,
    check_counts,
    check_rank,
    check_table_settings,
    check_unchanged,
    expect_draws,
    find_augmented,
    find_repeat_factors,
    group_by_factor,
    read_drawn_classes,
    read_label_table,
    resolve_samples,
)
from sklmerge.sampling._row_order import ClassPools, permute_places

# Whose order is drawn: pools have the numbers from 0.
_WHOLE_EPOCH = 2**63


class EpochSchedule(BaseEstimator):
    """Plan balanced epochs: each contains all rare images and the next part of the common images.

    If one class has 500 images and another has a million, every epoch draws all 500 of the first
    class and the next 500 of the second. After 2000 epochs, every image has been drawn. An epoch
    depends only on `random_state` and on the epoch number, so you can resume training at any point
    without saving a state.

    Parameters
    ----------
    samples_per_class : {"minority", "majority", "natural"}, int, mapping or None, \
            default="minority"
        Number of draws of each class per epoch. "minority" or "majority": the number of images of
        the rarest or most frequent class. "natural": each image once, in shuffled order, as is
        usual in training; `augment` still applies. You can also pass a number, or a mapping that
        lists every (merged) class. None is for evaluation: each image once, in the given order,
        without augmentation.
    order : {"shuffled", "sequential"}, default="shuffled"
        The order of the images of a class: shuffled again for every pass over the class, or as
        given. In both cases, an image is repeated only after all other images of its class have
        been drawn.
    augment : {"all", "repeated", "none"}, collection of labels or None, default=None
        Which draws are augmented: all, only those of images that were drawn before, none, or those
        of the given classes (original or merged). If only the rare class is augmented, the model
        can recognise this class by traces of interpolation and by filled borders. None means "all".
        With ``samples_per_class=None``, `augment` must be None, and nothing is augmented.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to treat as one class.
    within_merged : {"natural", "balanced"}, default="natural"
        How to draw images of a merged class: from all of its images ("natural"), or in equal
        numbers from each of its original classes ("balanced").
    stratify_batches : bool, default=True
        If True, every batch has the class proportions of the epoch. If False, the epoch is shuffled
        as a whole. With ``samples_per_class="natural"``, a rare class may have fewer images than
        the epoch has batches. Its images are then spread evenly over the batches.
    random_state : int, RandomState instance or None, default=None
        Random seed. None uses a new seed in every `fit`. For several processes (ranks), pass an
        int, so that all use the same seed.

    Attributes
    ----------
    classes_ : list of labels
        The merged classes, sorted.
    class_counts_ : dict of label to int
        Number of images of each merged class.
    samples_per_class_ : dict of label to int
        Number of draws of each merged class per epoch. For a multilabel table, the average number.
    n_samples_ : int
        Number of images.
    n_draws_ : int
        Number of draws per epoch.
    merger_ : LabelMerger
        The fitted merger, which converts original to merged labels and back.
    original_codes_ : ndarray of int, shape (n_samples,)
        Position of each image's original class in ``merger_.classes_`` or, for an ImageIndex, in
        its ``original_classes``. For a multilabel table, the group number of each image (see
        Notes).
    seed_ : int
        The seed derived from `random_state`.

    Notes
    -----
    The draws of a class with n images and m draws per epoch are numbered across epochs: draw i of
    epoch e has number p = e m + i, and uses position p mod n in pass p // n over the class. At the
    end of every epoch, the numbers of times that the images of a class have been drawn therefore
    differ by at most one. With ``within_merged="balanced"``, this holds for each original class.

    If y is a multilabel table, drawing an image draws all of its labels. Images are therefore drawn
    according to repeat factors [1]_: a label with n images and m requested draws has the factor
    sqrt(m / n), and an image has the largest factor of its labels. Images with the same factor form
    a group, which is drawn like a class. For a multilabel table, `stratify_batches` must be False.

    If you change a parameter after `fit`, call `fit` again; otherwise an error is raised.

    References
    ----------
    .. [1] Gupta, Dollar and Girshick, "LVIS: A Dataset for Large Vocabulary Instance
       Segmentation", CVPR 2019.

    See Also
    --------
    ImageBatches : Loads and augments the images that a schedule draws.
    BalancingSampler : Balances classes in a scikit-learn pipeline.

    Examples
    --------
    >>> from sklmerge import EpochSchedule
    >>> y = ["rare"] * 2 + ["common"] * 6
    >>> schedule = EpochSchedule(order="sequential", random_state=0).fit(y)
    >>> [sorted(schedule.draws(epoch).indices.tolist()) for epoch in range(3)]
    [[0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 6, 7]]
    >>> schedule.coverage(3).tolist()
    [3, 3, 1, 1, 1, 1, 1, 1]
    """

    def __init__(
        self,
        samples_per_class: Any = "minority",
        *,
        order: str = "shuffled",
        augment: str | Collection[Any] | None = None,
        merge: Any = None,
        within_merged: str = "natural",
        stratify_batches: bool = True,
        random_state: Any = None,
    ) -> None:
        self.samples_per_class = samples_per_class
        self.order = order
        self.augment = augment
        self.merge = merge
        self.within_merged = within_merged
        self.stratify_batches = stratify_batches
        self.random_state = random_state

    def fit(self, y: Any) -> Self:
        """Learn which images belong to each class.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels), data set or ImageIndex
            Original labels, a multilabel table (0/1, one column per label), or a data set that
            stores labels (`targets`, `labels`, `samples`, a ClassLabel column). No image is read.

        Returns
        -------
        EpochSchedule
            The object itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter is wrong, a class has no image, or both the index and the schedule merge
            classes.
        """
        check_choice("order", self.order, ("shuffled", "sequential"))
        check_choice("within_merged", self.within_merged, ("natural", "balanced"))
        check_augment(self.augment, self.samples_per_class)
        y = y if is_index(y) else find_labels(y)
        table = read_label_table(y, self.merge)
        if table is None:
            self._fit_labels(*read_drawn_classes(y, self.merge))
        else:
            self._fit_table(*table)
        # A schedule that was changed since draws other epochs than it says.
        self._fitted_params = self.get_params()
        return self

    def draws(self, epoch: int, *, rank: int = 0, world_size: int = 1) -> EpochDraws:
        """Return the draws of an epoch.

        With `stratify_batches`, the images of each class are spread evenly over the epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, starting at 0.
        rank : int, default=0
            Rank of this process, starting at 0.
        world_size : int, default=1
            Number of processes. Each process gets a part of the epoch, without overlap.

        Returns
        -------
        EpochDraws
        """
        self._check_asked(epoch, rank, world_size)
        numbers, _ = self._arrange(1, rank, world_size)
        return self._draw(epoch, numbers)

    def plan_batches(
        self, epoch: int, batch_size: int, *, rank: int = 0, world_size: int = 1
    ) -> BatchPlan:
        """Divide the draws of an epoch into the smallest possible number of batches.

        Parameters
        ----------
        epoch : int
            Number of the epoch, starting at 0.
        batch_size : int
            Maximum number of draws in a batch. Batch sizes differ by at most 1. With
            `stratify_batches`, each batch contains every class in proportion, rounded down or up.
        rank : int, default=0
            Rank of this process, starting at 0.
        world_size : int, default=1
            Number of processes. Batches of at most ``batch_size * world_size`` draws are planned,
            and each is divided among the processes, so all processes have the same number of
            batches.

        Returns
        -------
        BatchPlan
            A sequence with one `EpochDraws` per batch.

        Raises
        ------
        ValueError
            If a class would be missing from a batch, or a process would get no batch.
        """
        n_batches = self.count_batches(batch_size, world_size=world_size)
        self._check_asked(epoch, rank, world_size)
        numbers, sizes = self._arrange(n_batches, rank, world_size)
        return BatchPlan(self._draw(epoch, numbers), sizes)

    def count_batches(self, batch_size: int, *, world_size: int = 1) -> int:
        """Return the number of batches per epoch. It is the same for every process.

        Parameters
        ----------
        batch_size : int
            Maximum number of draws in a batch.
        world_size : int, default=1
            Number of processes.

        Returns
        -------
        int
        """
        self._check_fitted()
        check_whole("batch_size", batch_size, 1)
        check_whole("world_size", world_size, 1)
        # A natural epoch has rare classes whose images do not suffice for every batch.
        needs_all = self._is_mixed() and not self._is_natural()
        draws: dict[Any, int] = self.samples_per_class_
        if not needs_all:
            draws = {"any": self.n_draws_}
        check_shares(draws, batch_size, world_size, stratified=needs_all)
        return count_batches(self.n_draws_, batch_size, world_size)

    def coverage(self, n_epochs: int) -> NDArray[np.int64]:
        """Count how often each image is drawn in the first `n_epochs` epochs.

        Parameters
        ----------
        n_epochs : int
            Number of epochs to count.

        Returns
        -------
        ndarray of int64, shape (n_samples,)
        """
        self._check_fitted()
        check_whole("n_epochs", n_epochs, 0)
        if self.samples_per_class is None:
            return np.full(self.n_samples_, n_epochs, dtype=np.int64)
        return self._pools.count(n_epochs)

    def _fit_labels(
        self,
        merger: LabelMerger,
        originals: list[Any],
        codes: NDArray[np.signedinteger],
        counts: NDArray[np.int64],
    ) -> None:
        self.merger_, self.classes_ = merger, list(merger.class_indices_)
        merged_of = merger.encode(originals).astype(codes.dtype)
        check_counts(dict(zip(originals, counts.tolist(), strict=True)), self.samples_per_class)
        merged_counts = np.bincount(merged_of, counts, len(self.classes_)).astype(np.int64).tolist()
        self.class_counts_ = dict(zip(self.classes_, merged_counts, strict=True))
        self.samples_per_class_: dict[Any, Any] = resolve_samples(
            self.samples_per_class, self.class_counts_
        )
        draws = np.array(list(self.samples_per_class_.values()))
        self._gather(originals, codes, counts, draws, merged_of)

    def _fit_table(self, merger: LabelMerger, table: NDArray[np.uint8]) -> None:
        """Plan epochs of rows with several labels, by repeat factors."""
        if self.samples_per_class is not None:
            check_table_settings(
                self.augment, self.within_merged, stratify_batches=self.stratify_batches
            )
        self.merger_, self.classes_ = merger, list(merger.class_indices_)
        counts = table.sum(axis=0, dtype=np.int64)
        self.class_counts_ = dict(zip(self.classes_, counts.tolist(), strict=True))
        factors = np.ones(len(table))
        if self.samples_per_class is not None:
            check_counts(self.class_counts_, self.samples_per_class)
            targets = resolve_samples(self.samples_per_class, self.class_counts_)
            factors = find_repeat_factors(table, np.array(list(targets.values()), np.float64))
        groups = group_by_factor(factors)
        self.samples_per_class_ = expect_draws(table, groups, self.classes_)
        numbers = np.arange(len(groups.counts), dtype=groups.codes.dtype)
        self._gather(list(numbers), groups.codes, groups.counts, groups.draws, numbers)

    def _gather(
        self,
        originals: list[Any],
        codes: NDArray[np.signedinteger],
        counts: NDArray[np.int64],
        draws: NDArray[np.int64],
        merged_of: NDArray[np.signedinteger],
    ) -> None:
        self.n_samples_, self.n_draws_ = len(codes), int(draws.sum())
        self.original_codes_, self._class_draws = codes, draws
        self.seed_ = resolve_seed(self.random_state)
        if self.samples_per_class is None:
            return
        asked = "all" if self.augment is None else self.augment
        self._augmented = find_augmented(asked, originals, self.merger_)
        self._pools = ClassPools.gather(
            codes,
            merged_of,
            counts,
            draws,
            self.seed_ if self.order == "shuffled" else None,
            balance_members=self.within_merged == "balanced",
        )

    def _check_fitted(self) -> None:
        check_is_fitted(self, "n_draws_")
        check_unchanged(self._fitted_params, self.get_params())

    def _is_natural(self) -> bool:
        return isinstance(self.samples_per_class, str) and self.samples_per_class == "natural"

    def _is_mixed(self) -> bool:
        return self.stratify_batches and self.samples_per_class is not None

    def _check_asked(self, epoch: int, rank: int, world_size: int) -> None:
        self._check_fitted()
        check_whole("epoch", epoch, 0)
        check_rank(self, rank, world_size)

    def _arrange(
        self, n_batches: int, rank: int, world_size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Arrange the draw numbers of a rank in an epoch, and return the number in each batch."""
        draws = self._class_draws if self._is_mixed() else np.array([self.n_draws_])
        return arrange_classes(share_draws(draws, n_batches), rank, world_size)

    def _draw(self, epoch: int, numbers: NDArray[np.int64]) -> EpochDraws:
        """Return the draws of an epoch with these numbers, which run class by class."""
        if self.samples_per_class is None:
            passes = np.full(len(numbers), epoch)
            keys = hash_keys(numbers, passes)
            return EpochDraws(numbers, np.zeros(len(numbers), np.bool_), keys)
        if not self.stratify_batches:
            key = hash_keys(hash_keys(self.seed_, _WHOLE_EPOCH), epoch)
            lengths = np.full(len(numbers), self.n_draws_)
            numbers = permute_places(numbers, lengths, np.repeat(key, len(numbers)))
        rows, passes = self._pools.draw(epoch, numbers)
        is_augmented = passes > 0
        if self._augmented is not None:
            is_augmented = self._augmented[self.original_codes_[rows]]
        return EpochDraws(rows, is_augmented, hash_keys(rows, passes))
