"""From a source and the rules for it to the plan, with every check that needs no destination."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import Augmenter, pick_augmenter
from sklmerge.balance.plan import (
    PART_NAMES,
    TRAIN,
    GroupBy,
    Plan,
    Sources,
    check_class_name,
    find_groups,
    make_plan,
)
from sklmerge.images import fit_merger


def plan_job(
    sources: Sources,
    merge: Any,
    *,
    augmenter: Augmenter | None,
    seed: int,
    shares: tuple[float, ...],
    group_by: GroupBy | None,
    samples_per_class: str | int | Mapping[str, int] | None,
    max_copies: int | None,
    first_copy: int,
    n_jobs: int | None = None,
) -> Plan:
    """Plan what becomes of the images of a source.

    Parameters
    ----------
    sources : Sources
        The images, their original classes and, where the source is divided, their parts.
    merge : mapping, list of lists, LabelMerger or None
        See `balance_folder`.
    augmenter, seed, shares, group_by, samples_per_class, max_copies
        As checked by `balance_folder`.
    first_copy : int
        1 where originals are only referred to, else 0.
    n_jobs : int or None, default=None
        Threads that read files to group them.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If `merge` names unknown classes, leaves one class, or gives one that cannot be a folder; an
        image has no group, or a divided source has a group in two parts; train lacks a class, or a
        mapping of augmenters one that gets copies.
    TypeError
        If a merged class is no string.
    """
    mapping = _resolve_merge(merge, sources)
    groups = group_keys = None
    if group_by is not None:
        paths = sources.paths.iterate_bytes()
        groups, group_keys = find_groups(paths, group_by, sources.root, sources.files, n_jobs)
        if sources.parts is not None:
            _check_groups_apart(groups, sources.parts, sources)
    plan = make_plan(
        sources.paths,
        sources.class_names,
        sources.classes,
        mapping,
        seed=seed,
        shares=shares,
        part_names=sources.part_names or PART_NAMES[: len(shares)],
        parts=sources.parts,
        groups=groups,
        group_keys=group_keys,
        samples_per_class=samples_per_class,
        max_copies=max_copies,
        first_copy=first_copy,
    )
    _check_parts(plan)
    _check_augmenter(augmenter, plan, seed)
    return plan


def _resolve_merge(merge: Any, sources: Sources) -> dict[str, str]:
    """Turn `merge` into original class -> merged class, for all classes of the source."""
    mapping: dict[Any, Any] = fit_merger(merge, list(sources.class_names), sources.classes).mapping_
    for name in sources.class_names:
        check_class_name(name)
    merged = {check_class_name(label) for label in mapping.values()}
    if len(merged) < 2:
        raise ValueError(
            f"merge must leave at least two classes, got one: {merged.pop()!r}"
            if len(sources.class_names) > 1
            else f"source must hold at least two folders with images, got one: {merged.pop()!r}"
        )
    return {name: mapping[name] for name in sources.class_names}


def _check_groups_apart(
    groups: NDArray[np.int64], parts: NDArray[np.int8], sources: Sources
) -> None:
    """Check that no group of a source that is divided already is in two parts."""
    pairs = np.unique(np.stack([groups, parts]), axis=1)[0]
    torn = pairs[1:][pairs[1:] == pairs[:-1]]
    if len(torn):
        rows = np.flatnonzero(groups == torn[0])
        path = os.fsdecode(sources.paths.get_bytes(int(rows[0])))
        raise ValueError(
            f"source has {len(np.unique(torn))} groups in more than one part, one is that of "
            f"{path!r}; divide it anew, or pass group_by=None"
        )


def _check_augmenter(augmenter: Augmenter | None, plan: Plan, seed: int) -> None:
    """Warn of an augmenter of copies that changes nothing, and refuse a mapping without one."""
    for original in np.unique(plan.originals[plan.copies > 0]):
        row = int(np.flatnonzero(plan.originals == original)[0])
        own = pick_augmenter(augmenter, *plan.name_labels(row))
        if own is not None and not own.draw_params(1, seed).columns:
            warnings.warn(
                f"augmenter changes nothing: {own!r} makes copies that equal their image; pass "
                "ranges, or None if that is what you want",
                stacklevel=4,
            )
            return


def _check_parts(plan: Plan) -> None:
    """Check that train has every class, and warn where another part lacks one."""
    for part, counts in zip(plan.part_names, plan.count_sources(), strict=True):
        empty = [plan.merged_names[code] for code in np.flatnonzero(counts == 0)]
        if empty and part == plan.part_names[TRAIN]:
            raise ValueError(
                f"source has no image for train of class {empty[0]!r}; merge it with another class"
            )
        if empty:
            warnings.warn(
                f"{part} has no image of {', '.join(map(repr, empty))}: too few images, or groups, "
                "to divide; its folder is made all the same, and stays empty",
                stacklevel=4,
            )
