"""How many files each class shall have, and how many copies of each source make that up."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_samples_per_class
from sklmerge._kinds import suggest_names
from sklmerge.images import find_positions

AS_IT_IS = -1


def resolve_targets(
    samples_per_class: str | int | Mapping[str, int] | None,
    counts: NDArray[np.int64],
    classes: Sequence[str],
) -> NDArray[np.int64]:
    """Turn `samples_per_class` into the number of files that each class shall have.

    Parameters
    ----------
    samples_per_class : {"majority", "minority", "natural"}, int, mapping or None
        As many as the largest or the smallest class has, exactly so many, so many for the classes
        named; with "natural" or None all classes stay as they are.
    counts : ndarray of int64, shape (n_classes,)
        Sources of each merged class.
    classes : sequence of str, length n_classes
        Their names.

    Returns
    -------
    ndarray of int64, shape (n_classes,)
        -1 for a class that stays as it is.

    Raises
    ------
    ValueError
        If a number is below 1, or a name is no merged class.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.balance.plan._class_sizes import resolve_targets
    >>> counts = np.array([500, 1500])
    >>> resolve_targets("majority", counts, ["cat", "dog"]).tolist()
    [1500, 1500]
    >>> resolve_targets({"cat": 800}, counts, ["cat", "dog"]).tolist()
    [800, -1]
    """
    targets = np.full(len(classes), AS_IT_IS, np.int64)
    samples_per_class = check_samples_per_class(samples_per_class)
    if samples_per_class is None or samples_per_class == "natural":
        return targets
    if isinstance(samples_per_class, str):
        targets[:] = counts.max() if samples_per_class == "majority" else counts.min()
        return targets
    if isinstance(samples_per_class, Mapping):
        unknown = [label for label in samples_per_class if label not in classes]
        if unknown:
            raise ValueError(
                f"samples_per_class has classes that are not in the source: {unknown[0]!r}"
                f"{suggest_names(unknown[:1], classes)}; "
                f"the merged classes are {', '.join(map(repr, classes))}"
            )
        for label, target in samples_per_class.items():
            targets[list(classes).index(label)] = target
        return targets
    targets[:] = samples_per_class
    return targets


def spread_copies(
    classes: NDArray[np.int32],
    ranks: NDArray[np.uint64],
    targets: NDArray[np.int64],
    max_copies: int | None,
) -> NDArray[np.int64]:
    """Choose sources down, or spread copies over them cycle after cycle.

    Parameters
    ----------
    classes : ndarray of int32, shape (n,)
        Code of each source's merged class.
    ranks : ndarray of uint64, shape (n,)
        What decides who is chosen, and who gets the copies of a cycle that is not full.
    targets : ndarray of int64, shape (n_classes,)
        See `resolve_targets`.
    max_copies : int or None
        Most copies of one source.

    Returns
    -------
    ndarray of int64, shape (n,)
        Copies beside the source itself, or -1 where the source is not chosen. Within a class
        they differ by at most 1. Taking a source away never lowers the number of another.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.balance.plan._class_sizes import spread_copies
    >>> classes, ranks = np.array([0, 0, 0, 1, 1], np.int32), np.arange(5, dtype=np.uint64)
    >>> spread_copies(classes, ranks, np.array([2, 5]), max_copies=None).tolist()
    [0, 0, -1, 2, 1]
    """
    positions = find_positions(classes, ranks)
    sizes = np.bincount(classes, minlength=len(targets))
    lacking = np.where(targets == AS_IT_IS, 0, np.maximum(targets - sizes, 0))
    if max_copies is not None:
        lacking = np.minimum(lacking, max_copies * sizes)
    n_copies = lacking[classes] // sizes[classes] + (positions < lacking[classes] % sizes[classes])
    kept = (targets[classes] == AS_IT_IS) | (positions < targets[classes])
    return np.where(kept, n_copies, -1)
