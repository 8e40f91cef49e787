"""Images and draws in, one prepared array out: plain and varied ones on the same scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklmerge.augment import ImageAugmenter, ImageScaler, as_augmenter
from sklmerge.labels import LabelMerger
from sklmerge.labels._kinds import show_labels


def choose_augmenters(augmenter: Any, originals: Sequence[Any], merger: LabelMerger) -> list[Any]:
    """Make the augmenter of each original class.

    Parameters
    ----------
    augmenter : augmenter, or mapping of label to augmenter
        Labels are original or merged ones; where both are listed, the original's own counts.
    originals : sequence of labels
        The original classes.
    merger : LabelMerger
        Fitted.

    Returns
    -------
    list of length n_original
        None for plain copies. The same object where classes share one.

    Raises
    ------
    ValueError
        If a mapping leaves a class out or names one that is not there.
    """
    if not isinstance(augmenter, Mapping):
        return [as_augmenter(augmenter)] * len(originals)
    merged = [merger.mapping_[label] for label in originals]
    unknown = [label for label in augmenter if label not in {*originals, *merged}]
    lacking = [
        label
        for label, whole in zip(originals, merged, strict=True)
        if label not in augmenter and whole not in augmenter
    ]
    if unknown or lacking:
        told = f"no class {show_labels(unknown)}" if unknown else f"none for {show_labels(lacking)}"
        raise ValueError(
            "augmenter must give one for each class (None for plain copies) where it is a "
            f"mapping, got {told}; the classes are {show_labels(list(originals))}"
        )
    made = {label: as_augmenter(each) for label, each in augmenter.items()}
    return [
        made[label] if label in made else made[whole]
        for label, whole in zip(originals, merged, strict=True)
    ]


def fit_scaler(scaler: Any, image: NDArray[Any]) -> Any:
    """Return a scaler that is ready; one that has nothing to learn is fitted to a single image.

    Raises
    ------
    NotFittedError
        If it has to learn from the training images and has not.
    """
    if not isinstance(scaler, ImageScaler) or hasattr(scaler, "n_channels_"):
        return scaler
    learns = [
        name
        for name in ("featurewise_center", "featurewise_std_normalization", "zca_whitening")
        if getattr(scaler, name, False)
    ]
    if learns:
        raise NotFittedError(
            f"scaler must be fitted to training images for its {learns[0]}; call "
            "scaler.fit(images) with a sample of them, such as index.read(range(1000), "
            "image_size=...)"
        )
    return clone(scaler).fit(image[None])


def prepare_images(
    images: Sequence[NDArray[Any]],
    augmenters: Sequence[Any],
    keys: NDArray[np.uint64],
    seed: int,
    scaler: Any,
) -> NDArray[Any]:
    """Vary and scale images.

    Parameters
    ----------
    images : sequence of ndarray, length n
        Sources, never changed.
    augmenters : sequence of length n
        What varies each; None leaves it plain.
    keys : ndarray of uint64, shape (n,)
        Random stream of each.
    seed : int
        Of all random numbers.
    scaler : ImageScaler, other transformer, or None
        Prepares every image, varied or not.

    Returns
    -------
    ndarray of shape (n, ...)

    Raises
    ------
    ValueError
        If the images do not come out in one shape.
    """
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
            raise _explain_difference(prepared, part)
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
    return stacked if scaler is None else scaler.transform(stacked)


def _explain_difference(first: NDArray[Any], other: NDArray[Any]) -> ValueError:
    """Say what stacks of images do not share, and what brings them together."""
    advice = "pass image_size=(height, width)"
    if first.shape[1:3] == other.shape[1:3]:
        advice = "give them one dtype"
        if first.shape[3:] != other.shape[3:]:
            advice = 'give them one number of channels (for files: color_mode="rgb")'
    return ValueError(
        f"images of a batch must have one shape and dtype, got {first.shape[1:]} {first.dtype} and "
        f"{other.shape[1:]} {other.dtype}; {advice}"
    )
