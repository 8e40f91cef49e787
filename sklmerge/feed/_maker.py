"""Draws in, one batch out: images read, augmented, scaled, with targets and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from sklmerge._checks import check_scaler
from sklmerge.augment import ImageAugmenter, ImageScaler, pick_augmenters, scale_batch
from sklmerge.feed._epochs import find_rates
from sklmerge.feed._reader import RowReader
from sklmerge.feed._sources import ImageSource
from sklmerge.feed._targets import Classes, Targets, Weights, check_sample_weight, weigh_classes
from sklmerge.sampling import EpochDraws


@dataclass(frozen=True, eq=False)
class BatchDraws:
    """Which images are in a batch: the row, the labels and the augmentation of each.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
        Row of each image in the source.
    labels : ndarray of shape (n,) or (n, n_merged), or None
        Merged class of each image, or its row in the 0/1 table of merged labels. None if there are
        no labels.
    original_labels : ndarray of shape (n,) or (n, n_labels), or None
        Original class of each image, or its row in the 0/1 table.
    is_augmented : ndarray of bool, shape (n,)
        Whether each image is augmented.
    keys : ndarray of uint64, shape (n,)
        Seeds of the random numbers that augment each image, see `sklmerge.augment.hash_keys`.
    """

    indices: NDArray[np.int64]
    labels: NDArray[Any] | None
    original_labels: NDArray[Any] | None
    is_augmented: NDArray[np.bool_]
    keys: NDArray[np.uint64]


class Batch(tuple[Any, ...]):
    """A batch: a tuple ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, with its draws.

    Attributes
    ----------
    draws : BatchDraws
        Which images are in the batch, with one entry per image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import ImageBatches
    >>> batch = ImageBatches(np.zeros((3, 8, 9), np.uint8), ["a", "b", "a"])[0]
    >>> x, y = batch
    >>> y.tolist(), batch.draws.labels.tolist()
    ([0, 1, 0], ['a', 'b', 'a'])
    """

    draws: BatchDraws


def check_fitted_scaler(scaler: Any) -> None:
    """Raise an error for a wrong or unfitted scaler, before any image is read."""
    check_scaler(scaler)
    if scaler is None or not isinstance(scaler, ImageScaler) or scaler.__sklearn_is_fitted__():
        return
    names = ("featurewise_center", "featurewise_std_normalization", "zca_whitening")
    learns = next(name for name in names if getattr(scaler, name))
    raise NotFittedError(
        f"scaler must be fitted to training images for its {learns}; call scaler.fit(images) with "
        "a sample of them, such as index.read(range(1000), image_size=...)"
    )


def prepare_images(
    images: Sequence[NDArray[Any]],
    augmenters: Sequence[Any],
    keys: NDArray[np.uint64],
    seed: int,
    scaler: Any,
) -> NDArray[Any]:
    """Augment and scale images, without changing the originals; the results must share a shape."""
    # Images of one augmenter, shape and dtype go through it together.
    groups: dict[Any, list[int]] = {}
    for place, (image, augmenter) in enumerate(zip(images, augmenters, strict=True)):
        groups.setdefault((id(augmenter), image.shape, image.dtype), []).append(place)
    prepared: NDArray[Any] | None = None
    for places in groups.values():
        stacked = np.stack([images[place] for place in places])
        part = _prepare_alike(stacked, augmenters[places[0]], keys[places], seed, scaler)
        if len(groups) == 1:
            return part
        if prepared is None:
            prepared = np.empty((len(images), *part.shape[1:]), part.dtype)
        if part.shape[1:] != prepared.shape[1:] or part.dtype != prepared.dtype:
            raise ValueError(_tell_difference(prepared[0], part[0]))
        prepared[places] = part
    assert prepared is not None
    return prepared


def _prepare_alike(
    stacked: NDArray[Any], augmenter: Any, keys: NDArray[np.uint64], seed: int, scaler: Any
) -> NDArray[Any]:
    if augmenter is not None:
        params = augmenter.draw_params(len(stacked), seed, keys=keys)
        if isinstance(augmenter, ImageAugmenter) and isinstance(scaler, ImageScaler):
            return augmenter.apply(stacked, params, scaler=scaler)
        stacked = augmenter.apply(stacked, params)
    if isinstance(scaler, ImageScaler):
        return scale_batch(scaler, stacked, counted=True)
    return stacked if scaler is None else scaler.transform(stacked)


def _tell_difference(first: NDArray[Any], other: NDArray[Any]) -> str:
    """Say what two images do not share, and what brings them together."""
    advice = "pass image_size=(height, width)"
    if first.shape[:2] == other.shape[:2] or first.shape[2:] != other.shape[2:]:
        advice = "give them one dtype"
        if first.shape[2:] != other.shape[2:]:
            advice = 'give them one number of channels (files: color_mode="rgb"; Pillow: '
            advice += 'picture.convert("RGB"))'
    return (
        f"images of a batch must have one shape and dtype, got {first.shape} {first.dtype} and "
        f"{other.shape} {other.dtype}; {advice}"
    )


@dataclass(eq=False)
class BatchMaker:
    """Everything that is needed to make a batch, except its draws."""

    reader: RowReader
    # The class of each image in the schedule: its original class, if it has one.
    codes: NDArray[np.signedinteger]
    targets: Targets
    weights: Weights
    # What augments the images of each class; None leaves them plain.
    augmenters: Sequence[Any]
    scaler: Any
    seed: int

    def __post_init__(self) -> None:
        self._can_augment = np.array([augmenter is not None for augmenter in self.augmenters])

    def make(self, planned: EpochDraws) -> Batch:
        """Make a batch from the given draws."""
        draws, images = self._gather(planned)
        augmenters = self._choose_augmenters(draws)
        parts = [prepare_images(images, augmenters, draws.keys, self.seed, self.scaler)]
        if self.targets.values is not None:
            parts.append(self.targets.take(draws.indices))
        weights = self.weights.take(draws.indices, self.codes[draws.indices])
        if weights is not None:
            parts.append(weights)
        batch = Batch(parts)
        batch.draws = draws
        return batch

    def make_pictures(self, planned: EpochDraws) -> tuple[list[NDArray[Any]], list[str]]:
        """Read and augment the images of the given draws, without scaling; describe each image."""
        draws, images = self._gather(planned)
        pictures = [
            prepare_images([image], [augmenter], draws.keys[place : place + 1], self.seed, None)[0]
            for place, (image, augmenter) in enumerate(
                zip(images, self._choose_augmenters(draws), strict=True)
            )
        ]
        names = [""] * len(pictures) if draws.labels is None else draws.labels.tolist()
        captions = [
            f"{name}, augmented" if augmented else f"{name}"
            for name, augmented in zip(names, draws.is_augmented.tolist(), strict=True)
        ]
        return pictures, captions

    def _gather(self, planned: EpochDraws) -> tuple[BatchDraws, list[NDArray[Any]]]:
        """Read the images, and note where each comes from."""
        read = self.reader.read_all(planned.indices.tolist())
        self._check_alike(read)
        indices = np.array([row for row, _ in read], dtype=np.int64)
        places = self.targets.find(indices)
        has_labels = self.targets.values is not None
        draws = BatchDraws(
            indices,
            self.targets.merged[places] if has_labels else None,
            self.targets.originals[places] if has_labels else None,
            planned.is_augmented & self._can_augment[self.codes[indices]],
            planned.keys,
        )
        return draws, [image for _, image in read]

    def _check_alike(self, read: Sequence[tuple[int, NDArray[Any]]]) -> None:
        """Refuse images of other channels or dtypes than the first of their batch, by name."""
        first, image = read[0]
        for row, other in read:
            if (other.shape[2:], other.dtype) != (image.shape[2:], image.dtype):
                describe = self.reader.source.describe
                raise ValueError(
                    f"{_tell_difference(image, other)} ({describe(first)} and {describe(row)})"
                )

    def _choose_augmenters(self, draws: BatchDraws) -> list[Any]:
        codes = self.codes[draws.indices].tolist()
        return [
            self.augmenters[code] if augmented else None
            for code, augmented in zip(codes, draws.is_augmented.tolist(), strict=True)
        ]


def plan_maker(
    images: ImageSource,
    classes: Classes,
    class_mode: str,
    *,
    augmenter: Any,
    scaler: Any,
    sample_weight: Any,
    class_weight: Any,
    on_error: str,
    cache_bytes: float,
) -> BatchMaker:
    """Check the parameters of `ImageBatches` and make a maker from them; read no image."""
    check_fitted_scaler(scaler)
    schedule, targets = classes.schedule, classes.targets
    codes = schedule.original_codes_
    if class_mode != "multilabel":
        originals = targets.originals.tolist()
        rates = find_rates(schedule, originals)
    else:
        # Images of several labels have no class of their own, but one of how often they are drawn.
        originals = [None] * (int(codes.max()) + 1)
        rates = [schedule.n_draws_ / len(images)] * len(originals)
    if class_mode == "multilabel" and isinstance(augmenter, Mapping):
        raise ValueError(
            'augmenter must be one for all images with class_mode="multilabel", got a mapping'
        )
    mapping: dict[Any, Any] = dict(classes.schedule.merger_.mapping_)
    merged = [mapping.get(own, own) for own in originals]
    return BatchMaker(
        reader=RowReader(images, codes, rates, on_error=on_error, cache_bytes=cache_bytes),
        codes=codes,
        targets=targets,
        weights=Weights(
            check_sample_weight(sample_weight, len(images)),
            weigh_classes(class_weight, classes, class_mode),
        ),
        augmenters=pick_augmenters(augmenter, originals, merged),
        scaler=scaler,
        seed=schedule.seed_,
    )
