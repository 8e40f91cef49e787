"""Classes of a folder and a merge map: fitted to one another, and counted."""

import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._containers import CountedLabels
from sklmerge.labels import LabelMerger, check_merger

# Folders that are parts of a data set, not classes, where there is nothing but them.
PART_FOLDERS = frozenset({b"train", b"val", b"valid", b"validation", b"test"})


def check_classes(classes: Collection[str] | None) -> list[str] | None:
    """Check names of class folders.

    Raises
    ------
    TypeError
        If it is one string, which would be taken letter by letter.

    Examples
    --------
    >>> from sklmerge.images.files._class_folders import check_classes
    >>> check_classes(("cat", "dog"))
    ['cat', 'dog']
    """
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list of folder names, got the string {classes!r}")
    return None if classes is None else list(classes)


def choose_class_folders(
    root: str, folders: Sequence[bytes], classes: Collection[str] | None, *, has_images: bool
) -> list[bytes]:
    """Choose the class folders among the folders of ``root``.

    Parameters
    ----------
    root : str
        Where they lie, for the messages.
    folders : sequence of bytes
        Names of the visible folders in it, sorted.
    classes : collection of str or None
        Those to take; None takes all.
    has_images : bool
        Whether images lie in the root itself.

    Returns
    -------
    list of bytes
        Sorted.

    Raises
    ------
    ValueError
        There is no folder, all are parts of a split, or one of ``classes`` is not there.

    Examples
    --------
    >>> from sklmerge.images.files._class_folders import choose_class_folders
    >>> choose_class_folders("pets", [b"cat", b"dog"], None, has_images=False)
    [b'cat', b'dog']
    """
    if not folders:
        if has_images:
            raise ValueError(
                f"root must hold a folder for each class, but in {root!r} the images lie directly; "
                "move each class's images to a folder of its own, or use ImageIndex.from_frame"
            )
        raise ValueError(f"root must hold a folder for each class, got {root!r} without a folder")
    if classes is None:
        if b"train" in folders and PART_FOLDERS.issuperset(folders):
            raise ValueError(
                f"root must hold a folder for each class, but {root!r} holds parts of a split; "
                f"take one of them, such as {os.path.join(root, 'train')!r}, or name the folders "
                "by classes=[...] if they are classes"
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
        )
    return sorted(set(wanted))


def drop_empty_folders(
    root: str,
    folders: Sequence[bytes],
    codes: NDArray[np.signedinteger],
    extensions: Iterable[str],
    *,
    allow_empty: bool,
) -> tuple[list[str], list[str], NDArray[np.signedinteger]]:
    """Tell class folders with images from those without, and number the first anew.

    Parameters
    ----------
    root : str
        Where they lie, for the message.
    folders : sequence of bytes
        Class folders, sorted.
    codes : ndarray of int, shape (n,)
        Position of each image's folder among them.
    extensions : iterable of str
        What images end in, for the message.
    allow_empty : bool
        Whether folders without an image are passed over. One must have some all the same.

    Returns
    -------
    classes, empty : list of str
        Folders with and without images.
    codes : ndarray of int, shape (n,)
        Position of each image's folder among the first.

    Raises
    ------
    ValueError
        If a folder has no image and that is not allowed, or none has.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images.files._class_folders import drop_empty_folders
    >>> codes = np.array([0, 2, 2], np.int16)
    >>> drop_empty_folders("", [b"a", b"b", b"c"], codes, [".png"], allow_empty=True)
    (['a', 'c'], ['b'], array([0, 1, 1], dtype=int16))
    """
    is_full = np.bincount(codes, minlength=len(folders)) > 0
    names = [os.fsdecode(folder) for folder in folders]
    empty = [name for name, is_one in zip(names, is_full, strict=True) if not is_one]
    if empty and not (allow_empty and is_full.any()):
        raise explain_empty_folder(root, empty[0], extensions)
    numbers = (np.cumsum(is_full) - 1).astype(codes.dtype)
    full = [name for name, is_one in zip(names, is_full, strict=True) if is_one]
    return full, empty, numbers[codes]


def explain_empty_folder(root: str, folder: str, extensions: Iterable[str]) -> ValueError:
    """Say that a class folder has no image, and what to do."""
    return ValueError(
        f"root has a class folder without an image: {folder!r} in {root!r} "
        f"has no file ending in {', '.join(extensions)}; remove it, or name the folders "
        "to take by classes=[...]"
    )


def fit_merger(merge: Any, classes: list[Any], codes: NDArray[np.signedinteger]) -> LabelMerger:
    """Fit a merger to the classes of a folder, all of which it must find.

    Parameters
    ----------
    merge : mapping, list of lists, LabelMerger or None
        As for `ImageIndex`.
    classes : list
        The classes of the folder.
    codes : ndarray of int, shape (n,)
        The position of each image's class among them.

    Returns
    -------
    LabelMerger
        Fitted to the classes of all images; what it was given stays as it is.

    Raises
    ------
    ValueError
        If `merge` names a class that is not there.
    """
    # A fold may lack a class, and LabelMerger says how; in a folder it is a slip of the pen.
    counted = CountedLabels(classes, list(count_classes(classes, codes).values()))
    merger = check_merger(merge).set_params(missing="ignore").fit(counted)
    absent = [label for label in merger.mapping_ if label not in merger.class_counts_]
    if absent:
        raise ValueError(
            f"merge must name classes that are there, got {absent}; there are "
            f"{list(merger.class_counts_)}"
        )
    return merger.set_params(missing="error")


def count_classes(classes: list[Any], codes: NDArray[np.signedinteger]) -> dict[Any, int]:
    """Count the codes of each class; 0 for one that does not occur."""
    numbers = np.bincount(codes, minlength=len(classes)).tolist()
    return dict(zip(classes, numbers, strict=True))
