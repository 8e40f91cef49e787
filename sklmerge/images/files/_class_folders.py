"""What folders stand for: parts of a data set, or classes, fitted to a merge map and counted."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, AnyStr

import numpy as np
from numpy.typing import NDArray

from sklmerge._containers import CountedLabels
from sklmerge._did_you_mean import suggest_names
from sklmerge.labels import LabelMerger, check_merger

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


def check_classes(classes: Collection[str] | None) -> list[str] | None:
    """Check names of class folders; a single string is wrong, as it would be split into letters."""
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list of folder names, got the string {classes!r}")
    return None if classes is None else list(classes)


def choose_class_folders(
    root: str,
    folders: Sequence[bytes],
    classes: Collection[str] | None,
    *,
    exclude: re.Pattern[str] | None,
    has_images: bool,
    list_inside: Callable[[str], Collection[str]],
    advise: Callable[[], str] = str,
) -> list[bytes]:
    """Choose class folders, sorted, among the visible `folders` of `root`."""
    folders = leave_out(folders, exclude)
    if not folders:
        if has_images:
            raise ValueError(
                f"source must hold a folder for each class, but in {root!r} the images lie "
                "directly; move each class's images to a folder of its own, or give the table of "
                f"their labels, such as ImageIndex('train.csv', root={root!r})"
            )
        raise ValueError(
            f"source must hold a folder for each class, got {root!r} without a folder{advise()}"
        )
    if classes is None:
        parts = order_parts([os.fsdecode(folder) for folder in folders], list_inside)
        if parts:
            raise ValueError(
                f"source must hold a folder for each class, but {root!r} holds parts of a split "
                f"({', '.join(parts)}); take one of them, such as "
                f"{os.path.join(root, next(iter(parts)))!r}, or name the folders by classes=[...] "
                "if they are classes"
            )
        return list(folders)
    wanted = [os.fsencode(label) for label in classes]
    known = set(folders)
    unknown = [label for label, name in zip(classes, wanted, strict=True) if name not in known]
    if unknown or not wanted:
        present = ", ".join(repr(os.fsdecode(folder)) for folder in folders[:10])
        raise ValueError(
            f"classes must name folders of {root!r}, got {unknown}; there are {present}"
            + (f" and {len(folders) - 10} more" if len(folders) > 10 else "")
            + ("; levels='leaf' takes folders inside of folders" if _have_slash(unknown) else "")
        )
    return sorted(set(wanted))


def leave_out(folders: Sequence[AnyStr], exclude: re.Pattern[str] | None) -> list[AnyStr]:
    """Leave out the folders whose paths, with a slash at the end, match the pattern."""
    return [f for f in folders if exclude is None or not exclude.search(os.fsdecode(f) + "/")]


def _have_slash(names: Iterable[Any]) -> bool:
    return any("/" in str(name) for name in names)


def choose_leaves(
    root: str,
    folders: Sequence[bytes],
    numbers: NDArray[np.signedinteger],
    classes: Collection[str] | None,
) -> tuple[list[bytes], NDArray[np.int32]]:
    """Find the folders that directly contain images, sorted; return them and codes, -1 for none."""
    # `numbers` is the position of each image's folder in `folders`, of which some hold no image.
    has_images = np.bincount(numbers, minlength=len(folders)) > 0
    leaves = sorted(folder for folder, has in zip(folders, has_images, strict=True) if has)
    if not leaves:
        raise ValueError(f"source must hold folders of images, got {root!r} without an image")
    if classes is not None:
        wanted = {os.fsencode(label) for label in classes}
        unknown = [label for label in classes if os.fsencode(label) not in leaves]
        if unknown or not wanted:
            shown = ", ".join(repr(os.fsdecode(leaf)) for leaf in leaves[:10])
            more = f" and {len(leaves) - 10} more" if len(leaves) > 10 else ""
            raise ValueError(
                f"classes must name folders of images in {root!r}, got {unknown}; there are "
                f"{shown}{more}"
            )
        leaves = [leaf for leaf in leaves if leaf in wanted]
    places = {leaf: place for place, leaf in enumerate(leaves)}
    table = np.array([places.get(folder, -1) for folder in folders], np.int32)
    return leaves, table[numbers]


def is_by_parent(merge: Any, levels: str) -> bool:
    """Return whether `merge` is "parent", which is only allowed with levels="leaf"."""
    if not isinstance(merge, str) or merge != "parent":
        return False
    if levels != "leaf":
        raise ValueError(f'merge="parent" needs levels="leaf", got levels={levels!r}')
    return True


def merge_by_parent(classes: Sequence[str]) -> dict[str, list[str]]:
    """Merge classes, named by paths, that have the same parent folder; others stay the same."""
    merge: dict[str, list[str]] = {}
    parents = {name.rpartition("/")[0] for name in classes}
    for name in classes:
        # Images that lie in no folder of their own, beside folders of images, go with those.
        parent = name.rpartition("/")[0] or (name if name in parents else "")
        if parent:
            merge.setdefault(parent, []).append(name)
    if not merge:
        raise ValueError(
            'merge="parent" must find classes in folders within folders, such as "apple/gala", got '
            + ", ".join(map(repr, classes[:5]))
        )
    return merge


def drop_empty_folders(
    root: str,
    folders: Sequence[bytes],
    codes: NDArray[np.signedinteger],
    extensions: Iterable[str],
    *,
    allow_empty: bool,
) -> tuple[list[str], list[str], NDArray[np.signedinteger]]:
    """Separate class folders with images from empty ones, and renumber those with images."""
    is_full = np.bincount(codes, minlength=len(folders)) > 0
    names = [os.fsdecode(folder) for folder in folders]
    empty = [name for name, is_one in zip(names, is_full, strict=True) if not is_one]
    # If empty folders are allowed, one must have images all the same.
    if empty and not (allow_empty and is_full.any()):
        raise explain_empty_folder(root, empty[0], extensions)
    if not empty:
        return names, empty, codes
    numbers = (np.cumsum(is_full) - 1).astype(codes.dtype)
    full = [name for name, is_one in zip(names, is_full, strict=True) if is_one]
    return full, empty, numbers[codes]


def explain_empty_folder(root: str, folder: str, extensions: Iterable[str]) -> ValueError:
    """Make the error that a class folder has no image, with advice."""
    return ValueError(
        f"source has a class folder without an image: {folder!r} in {root!r} "
        f"has no file ending in {', '.join(extensions)}; remove it, or name the folders "
        "to take by classes=[...]"
    )


def fit_merger(merge: Any, counts: Mapping[Any, int]) -> LabelMerger:
    """Fit a copy of a merger to the classes of a folder; `merge` must name only these."""
    # A fold may lack a class, and LabelMerger says how; in a folder it is a slip of the pen.
    counted = CountedLabels(list(counts), list(counts.values()))
    merger = check_merger(merge).set_params(missing="ignore").fit(counted)
    absent = [label for label in merger.mapping_ if label not in merger.class_counts_]
    if absent:
        raise ValueError(
            f"merge must name classes that are there, got {absent}"
            f"{suggest_names(absent, merger.class_counts_)}; there are "
            f"{list(merger.class_counts_)}"
        )
    return merger.set_params(missing="error")


def count_by_class(classes: list[Any], codes: NDArray[np.signedinteger]) -> dict[Any, int]:
    """Count the codes of each class; 0 for a class that does not occur."""
    numbers = np.bincount(codes, minlength=len(classes)).tolist()
    return dict(zip(classes, numbers, strict=True))


def order_parts(
    folders: Sequence[str], list_inside: Callable[[str], Collection[str]]
) -> dict[str, int]:
    """Find the folders for train (0), val (1) and test (2); {} if the folders are classes."""
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
                "rename it to the part that it is, move it away, or leave it out by exclude="
                f"{f'^{re.escape(name)}/'!r}"
            )
    return parts
