"""A merge map and the classes of y in, each class's merged label out; errors if they do not fit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import (
    Label,
    check_one_kind,
    convert_number,
    get_kind,
    is_missing,
    show_labels,
    to_plain,
)

MergeMap: TypeAlias = dict[Label, tuple[Label, ...]]


def normalize_merge_map(merge: Any) -> MergeMap:
    """Convert both forms of `merge` to one: merged label -> its original labels."""
    if merge is None:
        return {}
    _check_direction(merge)
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


def _check_direction(merge: Any) -> None:
    """Refuse original -> merged, the direction of pandas' `map`, and show the right direction."""
    pairs = list(merge.items()) if hasattr(merge, "items") else []
    scalars = str | int | float | np.generic
    if not pairs or not all(isinstance(new, scalars) for _, new in pairs):
        return
    meant = repr(_turn_round(pairs))
    if len({new for _, new in pairs}) == len(pairs):
        # Nobody can tell which is which: the brackets may be all that is missing.
        bracketed = {name: [label] for name, label in pairs}
        meant += f", or {bracketed!r}"
    raise TypeError(
        "merge must map merged label -> its original labels, got original -> merged: "
        f"{dict(pairs)!r}; did you mean {meant}?"
    )


def _turn_round(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    turned: dict[Any, list[Any]] = {}
    for old, new in pairs:
        turned.setdefault(new, []).append(old)
    return turned


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


def _check_no_overlap(pairs: Sequence[tuple[Any, list[Label]]]) -> None:
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
                lone = all(len(labels) == 1 for _, labels in pairs)
                turned = _turn_round((name, labels[0]) for name, labels in pairs)
                raise ValueError(
                    f"merge must not put a label in two sets, got {label!r} in "
                    f"{owners[label]!r} and {name!r}" + lone * f"; did you mean {turned!r}?"
                )


def read_classes(classes: Any) -> list[Label] | None:
    """Read the parameter `classes`: all original labels, or None."""
    if classes is None:
        return None
    items = classes.tolist() if isinstance(classes, np.ndarray) else classes
    if isinstance(items, str | bytes) or not isinstance(items, Collection):
        raise TypeError(f"classes must be a list of all original labels or None, got {classes!r}")
    labels = [to_plain(label) for label in items]
    check_one_kind(labels, "classes")
    if not labels or len(set(labels)) < len(labels):
        raise ValueError(f"classes must list every original label once, got {classes!r}")
    return labels


def invert_merge_map(merge_map: Mapping[Label, Sequence[Label]]) -> dict[Label, Label]:
    """Invert merged label -> original labels to original label -> merged label."""
    return {label: name for name, members in merge_map.items() for label in members}


def resolve_merge(
    merge_map: MergeMap,
    counts: Mapping[Label, int],
    *,
    n_samples: int,
    min_count: int | float | None = None,
    rare_label: Label = "other",
    unlisted: Label = "keep",
    missing: str = "error",
    classes: Sequence[Label] | None = None,
) -> dict[Label, Label]:
    """Map every class of y, and then every listed label that y lacks, to its merged label."""
    # The classes of y are of one kind, which whoever counted them has checked.
    kind = get_kind(next(iter(counts)))
    listed = _convert_map(merge_map, kind, counts)
    if classes is not None:
        _check_known(classes, kind, listed, counts)
    _check_missing(listed, counts, missing)
    mapping = _apply_map(listed, counts, unlisted, kind)
    if min_count is not None:
        limit = _count_limit(min_count, n_samples)
        mapping = _move_rare(mapping, counts, limit, convert_number(rare_label, kind))
    _check_name_kinds(mapping, kind, rare_label)
    return mapping


def _convert_map(merge_map: MergeMap, kind: str, counts: Mapping[Label, int]) -> dict[Label, Label]:
    """Invert the map, and convert its numbers to the type of y."""
    listed = {
        convert_number(label, kind): convert_number(name, kind)
        for label, name in invert_merge_map(merge_map).items()
    }
    strangers = [label for label in listed if get_kind(label) != kind]
    if strangers:
        raise ValueError(
            f"merge must list labels of the type of y, {kind} ({show_labels(list(counts), 3)}), "
            f"got {get_kind(strangers[0])} ({show_labels(strangers, 3)})"
        )
    return listed


def _check_known(
    classes: Sequence[Label], kind: str, listed: Iterable[Label], counts: Mapping[Label, int]
) -> None:
    """Check that `classes` lists all labels of the map and of y."""
    known = {convert_number(label, kind) for label in classes}
    if get_kind(next(iter(known))) != kind:
        raise ValueError(
            f"classes must list labels of the type of y, {kind} ({show_labels(list(counts), 3)}), "
            f"got {get_kind(classes[0])} ({show_labels(classes, 3)})"
        )
    for owner, labels in (("merge", listed), ("y", counts)):
        strangers = [label for label in labels if label not in known]
        if strangers:
            raise ValueError(
                f"{owner} has labels that classes does not list: {show_labels(strangers)}; classes "
                f"lists {show_labels(classes)}"
            )


def _check_missing(
    listed: Mapping[Label, Label], counts: Mapping[Label, int], missing: str
) -> None:
    absent = [label for label in listed if label not in counts]
    if absent and missing == "error":
        chained = [label for label in absent if label in listed.values()]
        if chained and listed[chained[0]] != chained[0]:
            raise ValueError(
                f"merge must list original labels, got the merged class {chained[0]!r} as a member "
                f"of {listed[chained[0]]!r}; list the members of {chained[0]!r} there"
            )
        raise ValueError(
            f"merge lists labels that y lacks: {show_labels(absent)}"
            f"{suggest_names(absent, counts)}; y has "
            f'{show_labels(list(counts))}; pass merge=LabelMerger({{...}}, missing="ignore") '
            "to go on without them"
        )


def _apply_map(
    listed: Mapping[Label, Label], counts: Mapping[Label, int], unlisted: Label, kind: str
) -> dict[Label, Label]:
    rest = [label for label in counts if label not in listed]
    if unlisted == "error" and rest:
        raise ValueError(
            f"merge must list every class of y because unlisted='error', but lacks "
            f"{show_labels(rest)}"
        )
    if unlisted == "keep":
        taken = set(listed.values())
        for label in rest:
            if label in taken:
                members = [member for member, name in listed.items() if name == label]
                raise ValueError(
                    f"merge must not name a merged class like a class that stays, got {label!r} "
                    f"for {show_labels(members)}; add {label!r} to its members or rename it"
                )
    into = {
        label: label if unlisted == "keep" else convert_number(unlisted, kind) for label in rest
    }
    return {label: into.get(label, listed.get(label, label)) for label in counts} | dict(listed)


def _count_limit(min_count: int | float, n_samples: int) -> float:
    if isinstance(min_count, bool | np.bool_) or not isinstance(
        min_count, int | float | np.integer | np.floating
    ):
        raise TypeError(f"min_count must be an int, a fraction or None, got {min_count!r}")
    if isinstance(min_count, int | np.integer):
        if min_count < 1:
            raise ValueError(f"min_count must be >= 1 as an int, got {min_count}")
        return int(min_count)
    if not 0 < min_count < 1:
        raise ValueError(
            f"min_count must lie between 0 and 1 as a fraction of the samples, got {min_count}"
        )
    return float(min_count) * n_samples


def _move_rare(
    mapping: Mapping[Label, Label], counts: Mapping[Label, int], limit: float, rare_label: Label
) -> dict[Label, Label]:
    """Merge classes below the limit into `rare_label`, also if a class already has that name."""
    totals: dict[Label, int] = {}
    for label, name in mapping.items():
        totals[name] = totals.get(name, 0) + counts.get(label, 0)
    # A total of 0 belongs to labels that y lacks altogether: nothing says they are rare.
    return {
        label: rare_label if 0 < totals[name] < limit else name for label, name in mapping.items()
    }


def _check_name_kinds(mapping: Mapping[Label, Label], kind: str, rare_label: Label) -> None:
    names = list(dict.fromkeys(mapping.values()))
    kinds = {get_kind(name) for name in names}
    if len(kinds) == 1:
        return
    kept = [name for name in names if get_kind(name) == kind]
    if not kept:
        check_one_kind(names, "the names of merged classes")
    strange = next((name for name in names if get_kind(name) != kind), names[0])
    members = [label for label, name in mapping.items() if name == strange]
    stay = f"{kind} ({show_labels(kept, 3)})"
    if strange == rare_label:
        example = "-1" if kind in ("int", "float") else "a label of that type"
        advice = f"for example rare_label={example}"
    else:
        name = "+".join(map(str, members)) if kind == "str" else members[0]
        advice = f"for example {{{name!r}: {members!r}}}"
    raise ValueError(
        f"merged classes must be named by the type of the classes that stay, {stay}, got "
        f"{get_kind(strange)} ({strange!r}) for {show_labels(members)}; {advice}"
    )
