"""Folders that are parts of a data set, not classes: one rule for the index, commands and job."""

import re
from collections.abc import Callable, Sequence
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
    folders: Sequence[str], holds_folders: Callable[[str], bool] | None = None
) -> dict[str, int]:
    """Find the folders that are train, val and test; {} if the folders are classes.

    Parts are a folder for training and at least one more, in any case, and all with the same
    prefix, such as ``seg_train`` and ``seg_test``. Where other folders lie beside them,
    they are parts if they hold folders themselves, and classes if they hold images.

    Parameters
    ----------
    folders : sequence of str
        Names of the folders that lie beside one another.
    holds_folders : callable or None, default=None
        Says whether a folder holds folders; None never finds parts where others lie beside them.

    Returns
    -------
    dict of str to int
        Folder -> 0 for train, 1 for val, 2 for test; in this order.

    Raises
    ------
    ValueError
        If a part is there twice.

    Examples
    --------
    >>> order_parts(["valid", "Train"]), order_parts(["cat", "dog"])
    ({'Train': 0, 'valid': 1}, {})
    >>> order_parts(["bus", "train", "bullet_train", "stress test"])
    {}
    """
    by_prefix: dict[str, dict[str, int]] = {}
    for folder in folders:
        match = _PREFIX.fullmatch(folder.lower())
        code = _PARTS_BY_NAME.get(match[2]) if match else None
        if match and code is not None:
            by_prefix.setdefault(match[1] or "", {})[folder] = code
    divided = [parts for parts in by_prefix.values() if 0 in parts.values() and len(parts) > 1]
    if not divided:
        return {}
    parts = divided[0]
    has_others = len(parts) < len(folders) and len(divided) == 1
    if has_others and (holds_folders is None or not all(map(holds_folders, parts))):
        return {}
    if len(divided) > 1 or len(set(parts.values())) < len(parts):
        shown = ", ".join(sorted(name for some in divided for name in some))
        raise ValueError(f"source must hold each part once, got {shown}")
    return dict(sorted(parts.items(), key=itemgetter(1)))
