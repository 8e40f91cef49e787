"""Whatever is taken as an augmenter, as an object that draws parameters and applies them."""

from collections.abc import Mapping
from typing import Any

from sklearn.base import clone

from sklmerge.augment._augmenter import ImageAugmenter
from sklmerge.augment._by_class import ClassAugmenter
from sklmerge.augment._callable import CallableAugmenter
from sklmerge.augment._foreign import adapt_transform
from sklmerge.augment._presets import PRESETS
from sklmerge.augment._protocol import Augmenter
from sklmerge.augment._trivial import TrivialAugmenter

__all__ = ["Augmenter", "as_augmenter"]


def as_augmenter(augmenter: Any) -> Augmenter | None:
    """Turn whatever may be given as an augmenter into one.

    Parameters
    ----------
    augmenter : str, None, Augmenter, transform, callable or mapping
        ``"light"``, ``"strong"`` or ``"trivial"``; None for plain copies; an object with
        ``draw_params`` and ``apply``, which is cloned; a transform of albumentations, of
        torchvision (v2, called with a tensor of shape (C, H, W)) or a Keras layer;
        ``f(image)`` or ``f(image, rng)``; or a mapping from labels to any of these.

    Returns
    -------
    Augmenter or None
        None where None was given.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.

    Notes
    -----
    Transforms of other libraries are seeded for each image anew, so that a copy depends on its seed
    and key alone; transforms with a random state of their own making are not. They vary one image
    after another, and their results are refused where shape or dtype are not those of the image.
    Keras layers compute in floats, and what comes of integers is rounded back.

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
