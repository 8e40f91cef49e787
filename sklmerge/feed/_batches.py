"""ImageBatches: batches for training loops, with no framework in it."""

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from sklmerge._parallel import count_threads, run_ahead
from sklmerge.feed._preparing import Batch, BatchMaker, choose_augmenters, fit_scaler
from sklmerge.feed._reader import RowReader
from sklmerge.feed._scheduling import (
    EpochPlans,
    check_unlabelled,
    find_labels,
    find_rates,
    fit_schedule,
    list_originals,
)
from sklmerge.feed._showing import draw_images
from sklmerge.feed._sources import open_source
from sklmerge.feed._weights import check_sample_weight, resolve_class_weight, tabulate_class_weight
from sklmerge.labels import is_fitted_merger
from sklmerge.sampling import BatchPlan, EpochSchedule, check_whole


class ImageBatches:
    """Feed balanced batches of images to any training loop, epoch after epoch.

    Parameters
    ----------
    source : array-like, sequence of paths or ImageIndex
        Images of shape (n, H, W) or (n, H, W, C), rows of shape (n, d), a list of arrays, paths of
        image files, or an index, which brings y.
    y : array-like of shape (n,) or None, default=None
        Original labels.
    schedule : EpochSchedule or None, default=None
        What each epoch draws; a clone is fitted. None takes each image once, plain and in order:
        for validation and prediction.
    augmenter : augmenter, or mapping of label to augmenter, default=None
        How the draws that the schedule says are varied. A mapping serves classes that must not be
        varied alike (a 6 that is turned over is no 6); its keys are original or merged labels.
    scaler : ImageScaler, transformer or None, default=None
        Prepares every image, plain or varied. One that learns must be fitted. None leaves values
        and dtype as they are.
    batch_size : int, default=32
        Most images in a batch; sizes differ by at most 1.
    image_size : (int, int) or None, default=None
        Height and width to bring images to when they are read, before they are varied. To resize
        in the same interpolation as varying, use the scaler's ``image_size`` instead.
    class_mode : {"sparse", "categorical", "binary"}, default="sparse"
        How merged labels are written, see `LabelMerger.encode`.
    sample_weight : array-like of shape (n,) or None, default=None
        Weight of each source.
    class_weight : mapping, ClassWeightEstimator, "balanced" or None, default=None
        Weight of each merged label; an estimator that is not fitted, and "balanced", weigh what
        the schedule draws, so that nothing is corrected twice. Batches have a third part, the
        product of both weights, where either is given.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about a file that cannot be read: an error that names it, or draw the next
        image of its original class instead, in silence or with a warning. Batches keep their size.
    cache_bytes : int, default=268_435_456
        The most memory for decoded images that will be drawn again soon.
    n_jobs : int, default=None
        Threads that make batches ahead of the loop, as joblib counts them. What comes does not
        depend on it. ``n_jobs + 1`` batches are in memory at a time.
    color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
        How files are decoded.
    max_pixels : int or None, default=200_000_000
        Larger images count as files that cannot be read; None sets no limit.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes count as one where neither schedule nor index says so. A fitted LabelMerger,
        such as ``train.merger``, numbers classes as it has learned, so that a validation set
        without a rare class has the same numbers.
    rank, world_size : int, default=0 and 1
        Which process this is, of how many, each with its part of every epoch.
    progress : bool, default=False
        Whether a loop over the batches shows how far it is.

    Attributes
    ----------
    epoch : int
        The epoch that the next loop feeds. A loop moves it on with its first batch, so that every
        loop is another epoch, also after one that breaks off; see `set_epoch`. To look at a batch
        without that, index: ``batches[0]``.
    schedule : EpochSchedule
        Fitted.
    merger : LabelMerger
        Fitted; numbers the classes.
    counts : dict of label to int
        Draws of each merged class in an epoch.
    n_batches : int
        Batches of an epoch.

    Notes
    -----
    Every batch is a function of the seed, its epoch and its number alone: threads, the order in
    which batches are asked for and the cache change nothing. Where images are varied, draw j of
    image i is the same whatever else is drawn.

    Examples
    --------
    >>> from sklmerge import EpochSchedule, ImageBatches, ImageScaler
    >>> from sklmerge.datasets import load_textures
    >>> images, target = load_textures(return_X_y=True)
    >>> batches = ImageBatches(
    ...     images,
    ...     target,
    ...     schedule=EpochSchedule("minority", random_state=0),
    ...     augmenter="light",
    ...     scaler=ImageScaler(rescale=1 / 255),
    ...     batch_size=12,
    ... )
    >>> len(batches)
    5
    >>> for x, y in batches:
    ...     print(x.shape, x.dtype, y)
    ...     break
    (12, 32, 48) float32 [0 1 2 0 1 2 0 1 2 0 1 2]
    >>> batches[0].draws.original_labels[:3].tolist()
    ['brick', 'grass', 'gravel']
    """

    def __init__(
        self,
        source: Any,
        y: ArrayLike | None = None,
        *,
        schedule: EpochSchedule | None = None,
        augmenter: Any = None,
        scaler: Any = None,
        batch_size: int = 32,
        image_size: tuple[int, int] | None = None,
        class_mode: Literal["sparse", "categorical", "binary"] = "sparse",
        sample_weight: ArrayLike | None = None,
        class_weight: Any = None,
        on_error: str = "raise",
        cache_bytes: int = 268_435_456,
        n_jobs: int | None = None,
        color_mode: str = "rgb",
        max_pixels: int | None = 200_000_000,
        merge: Any = None,
        rank: int = 0,
        world_size: int = 1,
        progress: bool = False,
    ) -> None:
        images = open_source(source, image_size, color_mode, max_pixels)
        labels = find_labels(source, y, len(images))
        has_labels = labels is not None
        if not has_labels:
            check_unlabelled(
                schedule=schedule, class_weight=class_weight, sample_weight=sample_weight
            )
            labels = np.zeros(len(images), np.int8)
        if schedule is None and augmenter is not None:
            raise ValueError(
                "schedule must say what is varied where an augmenter is given, got None; pass "
                "schedule=EpochSchedule(...)"
            )
        self.schedule = fit_schedule(schedule, labels, merge)
        self.merger = merge if is_fitted_merger(merge) else self.schedule.merger_
        self.batch_size = batch_size
        self._take_part(rank, world_size)
        count_threads(n_jobs)
        self.n_jobs, self.progress = n_jobs, progress
        self.epoch = 0
        self.counts = {
            label: self.schedule.samples_per_class_.get(label, 0) for label in self.class_indices
        }

        codes = self.schedule.original_codes_
        originals = list_originals(labels, self.schedule.merger_)
        reader = RowReader(
            images,
            codes,
            find_rates(self.schedule, originals.tolist()),
            on_error=on_error,
            cache_bytes=cache_bytes,
        )
        merged = self.merger.transform(originals)
        targets = self.merger.encode(originals, class_mode)
        self._maker = BatchMaker(
            reader=reader,
            codes=codes,
            originals=originals,
            merged=merged,
            targets=targets if has_labels else None,
            augmenters=choose_augmenters(augmenter, originals.tolist(), self.schedule.merger_),
            scaler=scaler if scaler is None else fit_scaler(scaler, reader.read(0)[1]),
            seed=self.schedule.seed_,
            sample_weight=check_sample_weight(sample_weight, len(images)),
            class_weight=tabulate_class_weight(
                resolve_class_weight(class_weight, self.counts), merged.tolist()
            ),
        )

    @property
    def class_indices(self) -> dict[Any, int]:
        """Merged label -> its number in y."""
        return self.merger.class_indices_

    @property
    def n_classes(self) -> int:
        """How many merged classes there are."""
        return self.merger.n_classes_

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return self.n_batches

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next epoch, whether or not the one before came to its end."""
        epoch = self.epoch
        self.epoch = epoch + 1
        batches: Iterable[Batch] = self.iterate(epoch, n_threads=count_threads(self.n_jobs))
        if self.progress:
            from rich.progress import track

            batches = track(batches, f"epoch {epoch}", total=len(self))
        yield from batches

    def __getitem__(self, number: int) -> Batch:
        """Make one batch of the next epoch."""
        return self.make_batch(self.epoch, range(len(self))[number])

    def set_epoch(self, epoch: int) -> None:
        """Choose the next epoch, such as the one to resume at.

        Parameters
        ----------
        epoch : int
            Counted from 0.

        Raises
        ------
        ValueError, TypeError
            If it is negative, or no whole number.
        """
        check_whole("epoch", epoch, 0)
        self.epoch = int(epoch)

    def iterate(
        self, epoch: int, numbers: Iterable[int] | None = None, *, n_threads: int = 1
    ) -> Iterator[Batch]:
        """Yield batches of any epoch, without moving on.

        Parameters
        ----------
        epoch : int
            Which epoch.
        numbers : iterable of int or None, default=None
            Which of its batches; None yields all.
        n_threads : int, default=1
            Threads that work ahead.

        Yields
        ------
        Batch
        """
        wanted = range(len(self)) if numbers is None else numbers
        yield from run_ahead(lambda number: self.make_batch(epoch, number), wanted, n_threads)

    def make_batch(self, epoch: int, number: int) -> Batch:
        """Make one batch of any epoch.

        Parameters
        ----------
        epoch, number : int
            Which batch of which epoch.

        Returns
        -------
        Batch
            With its `draws`.
        """
        return self._maker.make(self.plan(epoch)[number])

    def show(self, number: int = 0, *, n_images: int = 16) -> Any:
        """Draw a batch of the next epoch, varied but not scaled; needs matplotlib.

        Parameters
        ----------
        number : int, default=0
            Which batch.
        n_images : int, default=16
            The most images to draw.

        Returns
        -------
        matplotlib.figure.Figure
            Each image with its label and whether it is varied.
        """
        check_whole("n_images", n_images, 1)
        planned = self.plan(self.epoch)[number]
        return draw_images(*self._maker.make_pictures(planned.take(slice(n_images))))

    def with_rank(self, rank: int, world_size: int) -> Self:
        """Give the same batches as another process of several has them.

        Parameters
        ----------
        rank, world_size : int
            Which process of how many.

        Returns
        -------
        ImageBatches
        """
        view = copy(self)
        view._take_part(rank, world_size)
        return view

    @property
    def unreadable(self) -> dict[str, str]:
        """Files met so far that could not be read, with the reason."""
        return dict(self._maker.reader.unreadable)

    def plan(self, epoch: int) -> BatchPlan:
        """List the draws of every batch of an epoch, without reading an image.

        Parameters
        ----------
        epoch : int
            Counted from 0.

        Returns
        -------
        BatchPlan
        """
        return self._plans.get(epoch)

    def _take_part(self, rank: int, world_size: int) -> None:
        """Plan as one process of several."""
        self._plans = EpochPlans(self.schedule, self.batch_size, rank, world_size)
        self.rank, self.world_size = rank, world_size
        self.n_batches = self._plans.n_batches
