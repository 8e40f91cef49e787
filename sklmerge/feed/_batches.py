"""ImageBatches: batches for training loops, with no framework in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any, Literal, Self

from numpy.typing import ArrayLike

from sklmerge._checks import check_flag, check_n_jobs, check_whole, is_whole
from sklmerge._image_grid import draw_images
from sklmerge._parallel import count_threads, run_ahead
from sklmerge.feed._epochs import EpochClock, EpochPlans, Resumable, identify_epochs
from sklmerge.feed._maker import Batch, plan_maker
from sklmerge.feed._opening import open_source
from sklmerge.feed._targets import NamedClasses, check_unlabelled, choose_labels, learn_classes
from sklmerge.sampling import BatchPlan, EpochSchedule

ClassMode = Literal["sparse", "categorical", "binary", "both", "multilabel"]


class ImageBatches(Resumable, NamedClasses):
    """Feed balanced, augmented batches of images to any training loop.

    Parameters
    ----------
    source : array, sequence of paths, ImageIndex or data set
        Images of shape (n, H, W) or (n, H, W, C), rows of shape (n, d), a list of images (of
        different sizes if `image_size` is given), paths of image files, or an index. You can also
        pass a torch Dataset, Subset or ConcatDataset, a Hugging Face data set, an h5py or zarr
        array, a memory map, or your own object with `__len__` and ``read(row)``; images are then
        read row by row. Your own object may also have the methods ``read_many(rows)``,
        ``labels()``, and ``reopen()``, which is called in each additional process.
    y : array-like of shape (n,) or (n, n_labels), or None, default=None
        Original labels or, for ``class_mode="multilabel"``, a 0/1 table with one column per label.
        None uses the labels of the index or data set.
    schedule : EpochSchedule or None, default=None
        Decides which images each epoch draws. A clone of the schedule is fitted. None, for
        validation and prediction, draws each image once, in order and without augmentation.
    augmenter : augmenter, or mapping of label to augmenter, default=None
        How to augment the draws that the schedule marks as augmented. To augment each class
        differently (for example, because a rotated 6 looks like a 9), pass a mapping from label
        (original or merged) to augmenter.
    scaler : ImageScaler, transformer or None, default=None
        Normalises every image, augmented or not. If the scaler learns from data, it must already be
        fitted. None leaves values and dtype unchanged.
    batch_size : int, default=32
        Maximum number of images in a batch. The sizes of the batches differ by at most 1.
    image_size : (int, int) or None, default=None
        Resize images to this height and width when they are read, before augmentation. To resize
        and augment with a single interpolation, use ``image_size`` of the scaler instead.
    class_mode : {"sparse", "categorical", "binary", "both", "multilabel"}, default="sparse"
        How merged labels are encoded, see `LabelMerger.encode`. "both" is for networks with two
        outputs: y is then a dict of class numbers, ``{"merged": ..., "original": ...}``. With
        "multilabel", y contains rows of the 0/1 table of merged labels, as float32.
    sample_weight : array-like of shape (n,) or None, default=None
        Weight of each source image.
    class_weight : mapping, ClassWeightEstimator, "balanced" or None, default=None
        Weight of each merged label. With "balanced" or an unfitted estimator, the weights are
        computed from the draws of the schedule, so that an imbalance that the schedule corrects is
        not corrected again. If you pass `sample_weight` or `class_weight`, each batch is a tuple
        ``(x, y, sample_weight)``; if you pass both, the weights are multiplied.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do if an image cannot be read. "raise" raises an error that names the image. "skip"
        replaces the image with the next readable image of its original class. "warn" does the same
        and warns. The size of the batch does not change.
    cache_bytes : int, default=268_435_456
        Maximum memory, in bytes, for a cache of decoded images that will be drawn again soon. Rows
        of a torch Dataset are not cached, because its transforms may be random.
    n_jobs : int, default=None
        Number of threads (as in joblib) that prepare batches ahead of the loop. Does not change the
        batches. Up to ``n_jobs + 1`` batches are in memory at a time.
    color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
        Colour mode in which image files are decoded.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to merge. If the schedule or index also has a merge, both must be the same.
        For validation, pass the fitted LabelMerger ``train.merger``. Classes then have the same
        numbers as in training, even if the validation set lacks a rare class.
    rank, world_size : int, default=0 and 1
        Rank of this process, starting at 0, and number of processes. Each process gets its own part
        of every epoch.
    progress : bool, default=False
        Whether to show a progress bar in a loop over the batches.

    Attributes
    ----------
    epoch : int
        Number of the epoch that the next loop will use. It increases when a loop gets its first
        batch, so every loop is a new epoch, even if you left the previous loop early. Indexing,
        such as ``batches[0]``, does not change it. See also `set_epoch`.
    schedule : EpochSchedule
        The fitted schedule.
    merger : LabelMerger
        The fitted merger, which encodes the classes as integers.
    counts : dict of label to int
        Number of draws of each merged class per epoch. For multilabel tables, this is the expected
        number.
    n_batches : int
        Number of batches per epoch.

    See Also
    --------
    batches_from_directory : Makes training and validation batches from a folder, in one line.

    Notes
    -----
    Every batch depends only on the seed, the epoch and the number of the batch, not on threads,
    cache or the order in which you ask for batches. How the j-th draw of an image is augmented does
    not depend on any other draw.

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
    >>> batches
    ImageBatches(240 images, 3 classes, epoch 0: 5 batches of up to 12, 60 draws)
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
        class_mode: ClassMode = "sparse",
        sample_weight: ArrayLike | None = None,
        class_weight: Any = None,
        on_error: str = "raise",
        cache_bytes: int = 268_435_456,
        n_jobs: int | None = None,
        color_mode: str = "rgb",
        merge: Any = None,
        rank: int = 0,
        world_size: int = 1,
        progress: bool = False,
    ) -> None:
        images = open_source(source, image_size, color_mode, y)
        labels = choose_labels(source, y, len(images), class_mode)
        if labels is None:
            check_unlabelled(
                schedule=schedule, class_weight=class_weight, sample_weight=sample_weight
            )
        self.batch_size = check_whole("batch_size", batch_size, 1)
        self.n_jobs, self.progress = check_n_jobs(n_jobs), check_flag("progress", progress)
        classes = learn_classes(len(images), labels, schedule, merge, class_mode)
        self.schedule, self.merger, self.counts = classes.schedule, classes.merger, classes.counts
        self._take_part(rank, world_size)
        self._clock = EpochClock(identify_epochs(self.schedule, self.batch_size))
        self._maker = plan_maker(
            images,
            classes,
            class_mode,
            augmenter=augmenter,
            scaler=scaler,
            sample_weight=sample_weight,
            class_weight=class_weight,
            on_error=on_error,
            cache_bytes=cache_bytes,
        )
        if schedule is None and augmenter is not None:
            raise ValueError(
                "schedule must say what is augmented if an augmenter is given, got None; pass "
                "schedule=EpochSchedule(...)"
            )

    def __repr__(self) -> str:
        """Summarise the batches."""
        rank = f", rank {self.rank} of {self.world_size}" if self.world_size > 1 else ""
        return (
            f"{type(self).__name__}({len(self._maker.reader.source):,} images, "
            f"{self.n_classes} classes, epoch {self.epoch}: {self.n_batches} batches of up to "
            f"{self.batch_size}, {self.schedule.n_draws_:,} draws{rank})"
        )

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return self.n_batches

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next epoch, even if the previous loop ended early."""
        epoch, start = self._clock.begin(self.world_size)
        numbers = range(start, len(self))
        batches: Iterable[Batch] = self.iterate(
            epoch, numbers, n_threads=count_threads(self.n_jobs)
        )
        if self.progress:
            from rich.progress import track

            batches = track(batches, f"epoch {epoch}", total=len(numbers))
        for number, batch in zip(numbers, batches, strict=True):
            self._clock.stand_at(epoch, number + 1, len(self), self.world_size)
            yield batch

    def __getitem__(self, number: int) -> Batch:
        """Make one batch of the next epoch."""
        if not is_whole(number):
            raise TypeError(f"number must be an int, got {number!r}; loop over the batches instead")
        if not -len(self) <= number < len(self):
            raise IndexError(f"number must be in [0, {len(self)}), got {number}")
        return self.make_batch(self.epoch, range(len(self))[number])

    def __getitems__(self, numbers: list[int]) -> Any:
        """Raise an error, because a torch DataLoader of this object would stack whole batches."""
        raise TypeError(
            "batches must not be the data set of a DataLoader, which would make batches of "
            "batches; batches.to_torch(num_workers=...) gives the finished DataLoader"
        )

    def iterate(
        self, epoch: int, numbers: Iterable[int] | None = None, *, n_threads: int = 1
    ) -> Iterator[Batch]:
        """Yield batches of any epoch, without changing the current epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch.
        numbers : iterable of int or None, default=None
            Which batches of the epoch to yield. None yields all.
        n_threads : int, default=1
            Number of threads that prepare batches ahead.

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
            Number of the epoch, and number of the batch in this epoch, both starting at 0.

        Returns
        -------
        Batch
            The batch. Its attribute `draws` tells which images the batch contains.
        """
        return self._maker.make(self.plan(epoch)[number])

    def to_torch(
        self, num_workers: int = 0, *, shard: bool | Literal["auto"] = "auto", **options: Any
    ) -> Any:
        """Make a torch DataLoader of these batches.

        Parameters
        ----------
        num_workers : int, default=0
            Number of worker processes that prepare batches. If it is 0, the main process prepares
            batches ahead of the loop, in ``n_jobs`` threads.
        shard : {"auto", True, False}, default="auto"
            Whether each process of `torch.distributed` gets its own part of an epoch. "auto" means
            True, but raises an error if you use accelerate on several processes. In that case,
            choose False if you pass the loader to ``accelerator.prepare``, and True otherwise.
        **options
            Options of `torch.utils.data.DataLoader`: `persistent_workers`,
            `multiprocessing_context`, `pin_memory`, `prefetch_factor`, `timeout`, `worker_init_fn`
            and `collate_fn` (a function that is called with each batch of tensors).

        Returns
        -------
        sklmerge.feed.torch.BatchLoader

        Examples
        --------
        >>> import numpy as np
        >>> from sklmerge import ImageBatches
        >>> loader = ImageBatches(np.zeros((6, 20, 30, 3), np.uint8), [0, 1] * 3).to_torch()
        >>> for x, y in loader:
        ...     print(tuple(x.shape), x.dtype, y)
        (6, 3, 20, 30) torch.float32 tensor([0, 1, 0, 1, 0, 1])
        """
        from sklmerge.feed.torch import BatchLoader

        return BatchLoader(self, num_workers=num_workers, shard=shard, **options)

    def to_keras(self, *, initial_epoch: int | None = None) -> Any:
        """Make a `keras.utils.PyDataset` of these batches, for any backend.

        Parameters
        ----------
        initial_epoch : int or None, default=None
            Number of the first epoch. Pass the same number as to `fit`. Not needed if you use the
            callback of the data set. None means the next epoch of the batches, which must then
            start with its first batch.

        Returns
        -------
        sklmerge.feed.keras.KerasBatches
        """
        from sklmerge.feed.keras import KerasBatches

        return KerasBatches(self, initial_epoch=initial_epoch)

    def to_tf(self) -> Any:
        """Make a `tf.data.Dataset` of these batches. Every loop over the data set is a new epoch.

        Returns
        -------
        tf.data.Dataset
            Its elements are batches ``(x, y)`` or ``(x, y, sample_weight)``. Its number of batches
            is known, unless the first loop resumes in the middle of an epoch.
        """
        from sklmerge.feed.tensorflow import make_dataset

        return make_dataset(self)

    def show(self, number: int = 0, *, n_images: int = 16) -> Any:
        """Plot a batch of the next epoch, augmented but not scaled. This needs matplotlib.

        Parameters
        ----------
        number : int, default=0
            Number of the batch.
        n_images : int, default=16
            Maximum number of images to show.

        Returns
        -------
        matplotlib.figure.Figure
            The figure. Captions give the label of each image and whether it is augmented.
        """
        check_whole("n_images", n_images, 1)
        planned = self.plan(self.epoch)[number]
        return draw_images(*self._maker.make_pictures(planned.take(slice(n_images))))

    def with_rank(self, rank: int, world_size: int) -> Self:
        """Return the batches that another process gets.

        Parameters
        ----------
        rank, world_size : int
            Rank of that process, starting at 0, and number of processes.

        Returns
        -------
        ImageBatches
        """
        view = copy(self)
        view._clock = copy(self._clock)
        view._take_part(rank, world_size)
        return view

    def release(self) -> None:
        """Delete the decoded images that are cached for later epochs."""
        self._maker.reader.forget()

    @property
    def n_bytes_kept(self) -> int:
        """Size in bytes of the decoded images that are cached for later epochs."""
        return self._maker.reader.n_bytes

    @property
    def unreadable(self) -> dict[str, str]:
        """Name of each image that could not be read so far -> the reason."""
        return dict(self._maker.reader.unreadable)

    def plan(self, epoch: int) -> BatchPlan:
        """Return the draws of every batch of an epoch, without reading any image.

        Parameters
        ----------
        epoch : int
            Number of the epoch, starting at 0.

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
