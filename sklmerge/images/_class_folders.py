"""Which folders are classes: one rule for folders on disk and behind URLs. It lists nothing."""

import os
from collections.abc import Collection, Iterable, Sequence

# Folders that are parts of a data set, not classes, where there is nothing but them.
PART_FOLDERS = frozenset({b"train", b"val", b"valid", b"validation", b"test"})


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
    >>> from sklmerge.images._class_folders import choose_class_folders
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
        if len(folders) > 1 and b"train" in folders and PART_FOLDERS.issuperset(folders):
            raise ValueError(
                f"root must hold a folder for each class, but {root!r} holds parts of a split; "
                "index one of them, such as its folder 'train', or name the folders by "
                "classes=[...] if they are classes"
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


def explain_empty_folder(root: str, folder: bytes, extensions: Iterable[str]) -> ValueError:
    """Say that a class folder has no image, and what to do."""
    return ValueError(
        f"root has a class folder without an image: {os.fsdecode(folder)!r} in {root!r} "
        f"has no file ending in {', '.join(extensions)}; remove it, or name the folders "
        "to take by classes=[...]"
    )
