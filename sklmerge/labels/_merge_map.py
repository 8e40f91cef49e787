"""Merge maps as users write them, read and checked by themselves. With a y: _resolving.py."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sklmerge.labels._kinds import Label, check_one_kind, is_missing, to_plain

MergeMap: TypeAlias = dict[Label, tuple[Label, ...]]


def normalize_merge_map(merge: Any) -> MergeMap:
    """Bring both forms of a merge map into one: merged label -> its original labels.

    Parameters
    ----------
    merge : mapping, list of lists or None
        ``{"AB": ["A", "B"]}``, or ``[["A", "B"]]``, which is named by joining the members with
        ``+``, or None, which merges nothing.

    Returns
    -------
    dict of label -> tuple of labels
        In the order given, plain Python labels.

    Raises
    ------
    TypeError
        If `merge` is neither form, or mixes types of labels.
    ValueError
        If a set is empty, a label is listed twice, or a label is missing (NaN, None).

    Examples
    --------
    >>> normalize_merge_map([["A", "B"], ["C"]])
    {'A+B': ('A', 'B'), 'C': ('C',)}
    """
    if merge is None:
        return {}
    if isinstance(merge, Mapping):
        pairs = [(name, _read_members(members, name)) for name, members in merge.items()]
    elif isinstance(merge, list | tuple):
        sets = [_read_members(members, None) for members in merge]
        pairs = [("+".join(map(str, members)), members) for members in sets]
    else:
        raise TypeError(
            "merge must be a mapping of merged label -> original labels, a list of lists or None, "
            f"got {merge!r}"
        )
    check_one_kind((label for _, members in pairs for label in members), "merge")
    _check_no_overlap(pairs)
    return {to_plain(name): tuple(members) for name, members in pairs}


def _read_members(members: Any, name: Any) -> list[Label]:
    if isinstance(members, np.ndarray):
        members = members.tolist()
    if isinstance(members, set | frozenset):
        # A set has no order of its own that two runs would share.
        members = sorted(members)
    if isinstance(members, str | bytes) or not isinstance(members, Sequence):
        place = "in a list of lists" if name is None else f"for {name!r}"
        raise TypeError(f"merge must list original labels {place}, got {members!r}: write it in []")
    if not members:
        place = "" if name is None else f" for {name!r}"
        raise ValueError(f"merge must not hold an empty set of labels, got []{place}")
    if any(is_missing(label) for label in members):
        raise ValueError(f"merge must not list missing labels (NaN, None), got {list(members)!r}")
    return [to_plain(label) for label in members]


def _check_no_overlap(pairs: Iterable[tuple[Any, list[Label]]]) -> None:
    owners: dict[Label, Any] = {}
    names: set[Any] = set()
    for name, members in pairs:
        if name in names:
            raise ValueError(f"merge must name every set differently, got {name!r} twice")
        names.add(name)
        for label in members:
            if label not in owners:
                owners[label] = name
            elif owners[label] == name:
                raise ValueError(f"merge must list a label once, got {label!r} twice in {name!r}")
            else:
                raise ValueError(
                    f"merge must not put a label in two sets, got {label!r} in "
                    f"{owners[label]!r} and {name!r}"
                )


def invert_merge_map(merge_map: Mapping[Label, Sequence[Label]]) -> dict[Label, Label]:
    """Turn merged label -> original labels into original label -> merged label.

    Examples
    --------
    >>> invert_merge_map({"AB": ("A", "B"), "C": ("C",)})
    {'A': 'AB', 'B': 'AB', 'C': 'C'}
    """
    return {label: name for name, members in merge_map.items() for label in members}
