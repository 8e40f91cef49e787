"""From a source and the rules for it to the plan, with every check that needs no destination."""

import os
import re
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_texts
from sklmerge.augment import Augmenter, pick_augmenter
from sklmerge.balance.plan._names import check_class_name
from sklmerge.balance.plan._parts_and_folds import (
    TRAIN,
    VAL,
    Parts,
    divide_sources,
    number_folds,
)
from sklmerge.balance.plan._plan import Plan, make_plan, merge_codes
from sklmerge.balance.plan._source import Sources, take_index
from sklmerge.images import (
    GroupBy,
    ImageIndex,
    count_by_class,
    fit_merger,
    name_groups,
    number_groups,
)

# The number of each image's group, and what stands for each group when groups are ordered.
Groups = tuple[NDArray[np.int64], NDArray[np.uint64]]


class Rules(NamedTuple):
    """What to do with the images of a source; the fields are parameters of `balance_folder`."""

    augmenter: Augmenter | None
    seed: int
    # None if the source is divided already.
    split: Parts | None
    samples_per_class: str | int | Mapping[str, int] | None
    max_copies: int | None
    # 1 if originals are only referred to, else 0.
    first_copy: int
    # Fold, and the number of folds.
    fold: tuple[int, int] | None = None


def resolve_merge(merge: Any, sources: Sources) -> dict[str, str]:
    """Convert `merge` to original class -> merged class, for all classes of the source."""
    labels = list(sources.labels or sources.class_names)
    merge = sources.merge if merge is None else merge
    mapping: dict[Any, Any] = fit_merger(merge, count_by_class(labels, sources.classes)).mapping_
    names = dict(zip(labels, sources.class_names, strict=True))
    if not all(isinstance(label, str) for label in labels):
        # Folders are named by text, whatever labels a table has.
        mapping = {label: str(merged) for label, merged in mapping.items()}
    for name in sources.class_names:
        check_class_name(name)
    merged = {check_class_name(label) for label in mapping.values()}
    if len(merged) < 2:
        raise ValueError(
            f"merge must leave at least two classes, got one: {merged.pop()!r}"
            if len(sources.class_names) > 1
            else f"source must hold at least two folders with images, got one: {merged.pop()!r}"
        )
    return {names[label]: mapping[label] for label in labels}


def find_source_groups(
    sources: Sources, group_by: GroupBy | None, n_jobs: int | None = None
) -> Groups | None:
    """Find which images belong together; None without `group_by`."""
    if group_by is None:
        return None
    groups = _number_groups(sources, group_by, n_jobs)
    if sources.parts is not None:
        _check_groups_apart(groups[0], sources.parts, sources)
    return groups


def _number_groups(sources: Sources, group_by: GroupBy, n_jobs: int | None) -> Groups:
    names = name_groups(
        sources.paths, group_by, files=sources.files, reader=sources.reader, n_jobs=n_jobs
    )
    return number_groups(names, len(sources))


def find_groups(
    index: ImageIndex, group_by: GroupBy, *, n_jobs: int | None = None
) -> NDArray[np.int64]:
    r"""Find which images of an index belong together, for ``index.split(groups=...)``.

    Parameters
    ----------
    index : ImageIndex
        The images.
    group_by : str, pattern, callable or mapping
        See `balance_folder`.
    n_jobs : int or None, default=None
        Number of threads that read the files for ``"content"`` and ``"similar"``.

    Returns
    -------
    ndarray of int64, shape (n,)
        Group number of each image. Groups are numbered 0, 1, 2, ... without gaps.

    Raises
    ------
    ValueError
        If an image has no group, or if a pattern or column puts every image into its own group or
        all images into one group.
    TypeError
        If `group_by` has the wrong type.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklmerge import ImageIndex
    >>> from sklmerge.balance import find_groups
    >>> from sklmerge.datasets import write_textures
    >>> with TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     groups = find_groups(ImageIndex(folder), r"(\d)\.png$")
    >>> int(groups.max())
    4
    """
    sources = take_index(index)
    codes, _ = _number_groups(sources, group_by, n_jobs)
    places = {path: place for place, path in enumerate(sources.paths)}
    root = sources.root
    rows = [places[os.path.join(root, path)] for path in index.paths.relative()]
    return codes[rows]


def describe_groups(group_by: GroupBy | None) -> str | None:
    """Describe `group_by` in a few words, without the group of each image."""
    if group_by is None or isinstance(group_by, str):
        return group_by
    if isinstance(group_by, re.Pattern):
        return group_by.pattern
    return getattr(group_by, "__qualname__", type(group_by).__name__)


def plan_job(
    sources: Sources, mapping: Mapping[str, str], rules: Rules, groups: Groups | None = None
) -> Plan:
    """Plan what to do with the images of a source; train must contain every class."""
    part_names, parts = _divide(sources, mapping, rules, groups)
    plan = make_plan(
        sources.paths,
        sources.class_names,
        sources.classes,
        mapping,
        seed=rules.seed,
        parts=parts,
        part_names=part_names,
        samples_per_class=rules.samples_per_class,
        max_copies=rules.max_copies,
        first_copy=rules.first_copy,
    )
    _check_parts(plan)
    _check_augmenter(rules.augmenter, plan, rules.seed)
    return plan


def _divide(
    sources: Sources, mapping: Mapping[str, str], rules: Rules, groups: Groups | None
) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Name the parts, and give each source its own."""
    if sources.parts is not None:
        return sources.part_names, sources.parts
    merged = merge_codes(sources.classes, sources.class_names, mapping)
    keys = hash_texts(sources.paths.iterate_bytes())
    if rules.fold is not None:
        fold, n_folds = rules.fold
        names = sorted(set(mapping.values()))
        folds = number_folds(n_folds, merged, keys, rules.seed, class_names=names, groups=groups)
        return ("train", "val"), np.where(folds == fold, VAL, TRAIN).astype(np.int8)
    wanted = rules.split or Parts(("train",), (1.0,))
    parts = divide_sources(
        wanted,
        sources.classes,
        merged,
        keys,
        rules.seed,
        class_names=sources.class_names,
        groups=groups,
    )
    return wanted.names, parts


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
            f"{path!r}; pass resplit=True to divide it anew, drop=('similar', 'leaks') to leave "
            "images out that a later part has, too, or group_by=None"
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
                stacklevel=5,
            )
            return


def _check_parts(plan: Plan) -> None:
    """Check that train has every class, and warn where another part lacks one."""
    for part, counts in zip(plan.part_names, plan.count_sources(), strict=True):
        empty = [plan.merged_names[code] for code in np.flatnonzero(counts == 0)]
        if empty and part == plan.part_names[TRAIN]:
            raise ValueError(
                f"source has no image for train of class {empty[0]!r}; merge it with another "
                "class, or leave it out by exclude or classes"
            )
        if empty:
            warnings.warn(
                f"{part} has no image of {', '.join(map(repr, empty))}: too few images, or groups, "
                "to divide; its folder is made all the same, and stays empty",
                stacklevel=5,
            )
