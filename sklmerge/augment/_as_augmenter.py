"""Convert presets, transforms, functions and mappings to augmenters, and look up a class's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from sklmerge._checks import check_scaler
from sklmerge._contract import refuse_single_image, stack_images
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import show_labels
from sklmerge._random import resolve_seed
from sklmerge.augment._augmenter import PRESETS, ImageAugmenter
from sklmerge.augment._base import Augmenter, BaseAugmenter, check_indices, check_keys, check_out
from sklmerge.augment._foreign import CallableAugmenter, adapt_transform
from sklmerge.augment._params import COLUMNS, AugmentationParams
from sklmerge.augment._trivial import TrivialAugmenter

if TYPE_CHECKING:
    from sklmerge.augment._scaler import ImageScaler


def as_augmenter(augmenter: Any) -> Augmenter | None:
    """Make an augmenter from a preset name, a transform, a function or a mapping.

    Parameters
    ----------
    augmenter : str, None, Augmenter, transform, callable or mapping
        One of these: a preset (``"light"``, ``"strong"`` or ``"trivial"``); None for plain copies;
        an object with ``draw_params`` and ``apply``, which is cloned if it has ``get_params``; an
        albumentations transform, a torchvision transform (v2, called with a tensor of shape (C, H,
        W)) or a Keras layer; a function ``f(image)`` or ``f(image, rng)``; or a mapping from label
        to any of these.

    Returns
    -------
    Augmenter or None
        The augmenter, or None if `augmenter` is None.

    Raises
    ------
    TypeError, ValueError
        If `augmenter` is an unknown name, an empty mapping or an object of an unsupported type.

    See Also
    --------
    ImageAugmenter : Augments with ranges that you choose.
    TrivialAugmenter : Applies one operation of random strength.

    Notes
    -----
    Transforms of other libraries get a new seed for each image. A copy therefore depends only on
    its seed and key, not on the order of the images or the number of threads. Augmentation does not
    change the global random state of torch. Transforms that use their own random state, or the
    global functions of ``random`` and ``numpy.random``, cannot be seeded. Images are processed one
    after another. If a transform changes the shape or dtype, an error is raised. Keras layers
    compute in floats; for integer images, the result is rounded.

    Examples
    --------
    >>> from sklmerge.augment import as_augmenter
    >>> as_augmenter("light").rotation_range
    15
    """
    if augmenter is None:
        return None
    if isinstance(augmenter, str):
        names = (*PRESETS, "trivial")
        if augmenter not in names:
            raise ValueError(f"augmenter must be one of {', '.join(names)}, got {augmenter!r}")
        return TrivialAugmenter() if augmenter == "trivial" else ImageAugmenter.preset(augmenter)
    if isinstance(augmenter, Mapping):
        if not augmenter:
            raise ValueError("augmenter must map at least one label, got an empty mapping")
        return ClassAugmenter({label: as_augmenter(own) for label, own in augmenter.items()})
    # A class has the methods too, but no parameters yet.
    made = not isinstance(augmenter, type)
    if made and isinstance(augmenter, Augmenter):
        return clone(augmenter) if hasattr(augmenter, "get_params") else augmenter
    if made and callable(augmenter):
        return CallableAugmenter(adapt_transform(augmenter) or augmenter)
    raise TypeError(
        'augmenter must be "light", "strong", "trivial", None, an ImageAugmenter, a transform, '
        f"a callable or a mapping from labels to these, got {augmenter!r}"
    )


# Copies made at a time beside the output.
_CHUNK = 256


class ClassAugmenter(BaseEstimator):
    """Augment each class with its own augmenter, because a flipped 6 is no longer a 6.

    `as_augmenter` returns a ClassAugmenter if you pass a mapping.

    Parameters
    ----------
    augmenters : mapping
        Mapping from label to an augmenter, or to None for plain copies. Labels can be original or
        merged. If the mapping lists both labels of an image, the augmenter of the original label is
        used.
    image_shape : tuple of int, default=None
        Passed on to all augmenters that have this parameter.
    n_jobs : int, default=None
        Passed on to all augmenters that have this parameter.
    random_state : int, RandomState, Generator or None, default=None
        Seed that the methods use if they are called without one.

    Notes
    -----
    The drawn parameters have a column ``augmenter`` with the position of the label in the mapping
    (-1 for a plain copy), so you can replay them without labels.

    Examples
    --------
    >>> from sklmerge import ImageAugmenter, as_augmenter
    >>> digits = as_augmenter({"6": "light", "8": ImageAugmenter(horizontal_flip=True), "?": None})
    >>> params = digits.draw_params(3, random_state=0, labels=["8", "6", "?"])
    >>> params["augmenter"].tolist(), bool(params["horizontal_flip"][1:].any())
    ([1, 0, -1], False)
    """

    def __init__(
        self,
        augmenters: Mapping[Any, Augmenter | None],
        *,
        image_shape: tuple[int, ...] | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.augmenters = augmenters
        self.image_shape = image_shape
        self.n_jobs = n_jobs
        self.random_state = random_state

    def draw_params(
        self,
        n: int,
        random_state: Any = None,
        *,
        keys: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        merged_labels: ArrayLike | None = None,
    ) -> AugmentationParams:
        """Draw parameters for n images with the augmenter of each image's label.

        Parameters
        ----------
        n, random_state, keys
            See `ImageAugmenter.draw_params`.
        labels : array-like of shape (n,), default=None
            The label of each image. Required if n is above 0.
        merged_labels : array-like of shape (n,), default=None
            The merged label of each image. It is used if the mapping does not list the original
            label of the image.

        Returns
        -------
        AugmentationParams

        Raises
        ------
        ValueError
            If `labels` is missing, or the mapping lists neither label of an image.
        """
        seed = resolve_seed(self.random_state if random_state is None else random_state)
        streams = check_keys(n, keys)
        if labels is None and n:
            raise ValueError("labels are needed because augmenter is a mapping from labels")
        owners = self._find_owners([] if labels is None else labels, merged_labels)
        if owners.shape != (n,):
            raise ValueError(f"labels must have shape ({n},), got {owners.shape}")
        columns: dict[str, NDArray[Any]] = {"augmenter": np.full(n, -1)}
        for place, augmenter in enumerate(self.augmenters.values()):
            rows = np.flatnonzero(owners == place)
            if augmenter is None or len(rows) == 0:
                continue
            columns["augmenter"][rows] = place
            drawn = augmenter.draw_params(len(rows), seed, keys=streams[rows])
            for name, values in drawn.columns.items():
                neutral = np.full(n, COLUMNS[name].neutral, values.dtype)
                columns.setdefault(name, neutral)[rows] = values
        return AugmentationParams(n, columns)

    def apply(
        self,
        X: ArrayLike,
        params: AugmentationParams,
        *,
        indices: ArrayLike | None = None,
        scaler: ImageScaler | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Augment images with the given parameters.

        Parameters
        ----------
        X, params, indices, scaler, out
            See `ImageAugmenter.apply`.

        Returns
        -------
        ndarray of shape (n, ...)
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.
        """
        check_scaler(scaler)
        batch = stack_images(X)
        refuse_single_image(
            batch, self.image_shape, counted=indices is not None or len(batch) == len(params)
        )
        rows = check_indices(len(batch), len(params), indices)
        # What the scaler makes of no image has the shape and the dtype of what it makes of any.
        like = batch[:0] if scaler is None else scaler.transform(batch[:0])
        augmented = check_out(out, (len(rows), *like.shape[1:]), like.dtype)
        members = list(self.augmenters.values())
        for owner in np.unique(params["augmenter"]):
            places = np.flatnonzero(params["augmenter"] == owner)
            member = self._prepare_member(members[owner]) if owner >= 0 else None
            for start in range(0, len(places), _CHUNK):
                some = places[start : start + _CHUNK]
                drawn = drop_neutral(params.take(some))
                augmented[some] = _apply_member(member, batch, drawn, rows[some], scaler)
        return augmented

    def augment(
        self,
        X: ArrayLike,
        random_state: Any = None,
        *,
        labels: ArrayLike | None = None,
        scaler: ImageScaler | None = None,
    ) -> NDArray[Any]:
        """Augment each image once, at random, with the augmenter of its label.

        Parameters
        ----------
        X, random_state, scaler
            See `ImageAugmenter.augment`.
        labels : array-like of shape (n,), default=None
            The label of each image. Required unless X is empty.

        Returns
        -------
        ndarray of shape (n, ...)
            The augmented images, with the shape and dtype of X or, if there is a scaler, of the
            scaler's output.
        """
        batch = stack_images(X)
        refuse_single_image(batch, self.image_shape, counted=labels is not None)
        params = self.draw_params(len(batch), random_state, labels=labels)
        return self.apply(batch, params, scaler=scaler)

    def _find_owners(self, labels: ArrayLike, merged: ArrayLike | None) -> NDArray[np.intp]:
        """Find each label's position in the mapping; refuse labels that are not in it."""
        places = {label: place for place, label in enumerate(self.augmenters)}
        own = np.asarray(labels).tolist()
        keys = [
            label if label in places else whole
            for label, whole in zip(
                own, own if merged is None else np.asarray(merged).tolist(), strict=True
            )
        ]
        missing = sorted({str(label) for label in keys if label not in places})
        if missing:
            raise _tell_missing(missing, self.augmenters)
        return np.array([places[key] for key in keys], dtype=np.intp)

    def _prepare_member(self, member: Any) -> Any:
        """Return an augmenter of the mapping with `image_shape` and `n_jobs` set."""
        if member is None or not hasattr(member, "get_params"):
            return member
        return tell_augmenter(clone(member), image_shape=self.image_shape, n_jobs=self.n_jobs)


def _apply_member(
    member: Any,
    batch: NDArray[Any],
    params: AugmentationParams,
    rows: NDArray[np.intp],
    scaler: ImageScaler | None,
) -> NDArray[Any]:
    if isinstance(member, BaseAugmenter):
        return member.apply(batch, params, indices=rows, scaler=scaler)
    images: NDArray[Any] = batch[rows]
    if member is not None:
        images = member.apply(batch, params, indices=rows)
    return images if scaler is None else scaler.transform(images)


def drop_neutral(params: AugmentationParams) -> AugmentationParams:
    """Remove the columns that do not change any image."""
    columns = {
        name: values
        for name, values in params.columns.items()
        if name != "augmenter" and (values != COLUMNS[name].neutral).any()
    }
    return AugmentationParams(len(params), columns)


def tell_augmenter(augmenter: Any, **settings: Any) -> Any:
    """Set the given parameters of an augmenter in place, if it has them; None keeps its value."""
    known = augmenter.get_params(deep=False) if hasattr(augmenter, "get_params") else {}
    told = {name: value for name, value in settings.items() if name in known and value is not None}
    return augmenter.set_params(**told) if told else augmenter


def pick_augmenter(
    augmenter: Augmenter | None, original_label: Any, merged_label: Any
) -> Augmenter | None:
    """Choose the augmenter of a class: its own, or else that of its merged class."""
    if not isinstance(augmenter, ClassAugmenter):
        return augmenter
    for label in (original_label, merged_label):
        if label in augmenter.augmenters:
            return augmenter.augmenters[label]
    raise _tell_missing([original_label], augmenter.augmenters)


def _tell_missing(missing: Sequence[Any], given: Mapping[Any, Any]) -> ValueError:
    return ValueError(
        f"augmenter has no entry for {show_labels(missing)}; give every class that gets copies an "
        f"augmenter, or None for plain copies; it has {show_labels(list(given))}"
        f"{suggest_names(given, missing)}"
    )


def pick_augmenters(
    augmenter: Any, originals: Sequence[Any], merged: Sequence[Any]
) -> list[Augmenter | None]:
    """Choose the augmenter of each class; a mapping must list exactly these classes."""
    made = as_augmenter(augmenter)
    if not isinstance(made, ClassAugmenter):
        return [made] * len(originals)
    keys = made.augmenters
    unknown = [label for label in keys if label not in {*originals, *merged}]
    pairs = list(zip(originals, merged, strict=True))
    lacking = [label for label, whole in pairs if label not in keys and whole not in keys]
    if unknown or lacking:
        hint = suggest_names(unknown, [*originals, *merged])
        told = f"none for {show_labels(lacking)}"
        if unknown:
            told = f"no class {show_labels(unknown)}{hint}"
        raise ValueError(
            "augmenter must give one for each class (None for plain copies) if it is a "
            f"mapping, got {told}; the classes are {show_labels(list(originals))}"
        )
    return [pick_augmenter(made, label, whole) for label, whole in pairs]
