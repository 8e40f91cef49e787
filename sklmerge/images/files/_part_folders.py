"""Folders that are parts of a data set, not classes: one rule for the index, commands and job."""

import re
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter

_PARTS_BY_NAME = {
    "train": 0,
    "training": 0,
    "val": 1,
    "valid": 1,
    "validation": 1,
    "dev": 1,
    "eval": 1,
    "evaluation": 1,
    "test": 2,
    "testing": 2,
}
_PREFIX = re.compile(r"(.*[ ._-])?([a-z]+)", re.DOTALL)


def order_parts(
    folders: Sequence[str], list_inside: Callable[[str], Collection[str]]
) -> dict[str, int]:
    """Find the folders that are train (0), val (1) and test (2); {} if the folders are classes."""
    # Parts are called so in any case, all with one prefix, such as seg_train and seg_test.
    by_prefix: dict[str, dict[str, int]] = {}
    for folder in folders:
        match = _PREFIX.fullmatch(folder.lower())
        code = _PARTS_BY_NAME.get(match[2]) if match else None
        if match and code is not None:
            by_prefix.setdefault(match[1] or "", {})[folder] = code
    # They are a folder for training and at least one more; or one for training that is all there
    # is, as in a balanced folder without a split.
    least = min(len(folders), 2)
    divided = [some for some in by_prefix.values() if 0 in some.values() and len(some) >= least]
    named = {name: code for parts in divided for name, code in parts.items()}
    # Asked only of folders that are called like parts: listing one may cost a request.
    inside = {name: set(list_inside(name)) for name in named}
    # Beside other folders, or alone, those called like parts are parts if they hold folders
    # themselves, and classes if they hold images.
    in_doubt = len(named) < max(len(folders), 2)
    if not divided or (in_doubt and not all(inside.values())):
        return {}
    if len(set(named.values())) < len(named):
        raise ValueError(f"source must hold each part once, got {', '.join(sorted(named))}")
    parts = dict(sorted(named.items(), key=itemgetter(1)))
    # Another folder of the same classes may be a part, or all may be classes: nobody can tell.
    classes = set.union(*inside.values())
    for name in folders:
        if name not in parts and classes.intersection(list_inside(name)):
            raise ValueError(
                f"source holds {', '.join(parts)} and {name!r}, which holds the same classes; "
                "rename it to the part that it is, or move it away"
            )
    return parts
