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
    """Turn `samples_per_class` into the files that each class shall have, -1 for as it is."""
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
    """Choose sources down (-1), or spread copies over them cycle after cycle, by rank."""
    positions = find_positions(classes, ranks)
    sizes = np.bincount(classes, minlength=len(targets))
    lacking = np.where(targets == AS_IT_IS, 0, np.maximum(targets - sizes, 0))
    if max_copies is not None:
        lacking = np.minimum(lacking, max_copies * sizes)
    # Within a class numbers differ by 1 at most, and losing a source lowers no other's number.
    n_copies = lacking[classes] // sizes[classes] + (positions < lacking[classes] % sizes[classes])
    kept = (targets[classes] == AS_IT_IS) | (positions < targets[classes])
    return np.where(kept, n_copies, -1)
