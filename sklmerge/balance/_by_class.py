"""Which augmenter varies the copies of an image, where classes have augmenters of their own."""

from sklmerge.augment import ClassAugmenter
from sklmerge.augment._adapters import Augmenter


def pick_augmenter(
    augmenter: Augmenter | None, original_label: str, merged_label: str
) -> Augmenter | None:
    """Pick the augmenter of a class.

    Parameters
    ----------
    augmenter : Augmenter or None
        One for all classes, or a `ClassAugmenter`, whose keys are original or merged labels.
    original_label, merged_label : str
        Of the image; the entry of the original label comes first.

    Returns
    -------
    Augmenter or None
        None makes plain copies.

    Raises
    ------
    ValueError
        If the class has no entry.

    Examples
    --------
    >>> from sklmerge.augment import as_augmenter
    >>> by_class = as_augmenter({"six": None, "digit": "light"})
    >>> pick_augmenter(by_class, "six", "digit") is None
    True
    >>> pick_augmenter(by_class, "eight", "digit").rotation_range
    15
    """
    if not isinstance(augmenter, ClassAugmenter):
        return augmenter
    for label in (original_label, merged_label):
        if label in augmenter.augmenters:
            return augmenter.augmenters[label]
    raise ValueError(
        f"augmenter has no entry for {original_label!r}; give every class that gets copies an "
        "augmenter, or None for plain copies"
    )
