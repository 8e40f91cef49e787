"""Class folders behind a URL in, sorted paths and class codes out, as _scan.py has it for disks."""

import os
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._class_folders import choose_class_folders, drop_empty_folders
from sklmerge.images._paths import ImagePaths
from sklmerge.images._remote import RemoteFiles
from sklmerge.images._scan import ScannedFolder, choose_code_dtype

# Classes listed at a time: a store answers with a thousand names, and takes its time.
_LISTED_AT_ONCE = 8


def scan_remote_folders(
    files: RemoteFiles,
    root: str,
    classes: Collection[str] | None,
    extensions: Iterable[str],
    *,
    allow_empty: bool = False,
) -> ScannedFolder:
    """List the images in the class folders behind a URL.

    Parameters
    ----------
    files : RemoteFiles
        What opens it.
    root : str
        URL of the folder that holds the class folders, without a slash at its end.
    classes : collection of str or None
        The class folders to take; None takes all.
    extensions : iterable of str
        Endings of images' names, with the dot; upper and lower case alike.
    allow_empty : bool, default=False
        Whether class folders without an image are passed over.

    Returns
    -------
    ScannedFolder

    Raises
    ------
    ValueError
        There is no such folder, it has no class folders or lacks one of ``classes``, or a class
        folder has no image.
    ConnectionError
        The store does not answer, or refuses.

    Examples
    --------
    >>> import fsspec
    >>> from sklmerge.images._remote import RemoteFiles
    >>> from sklmerge.images._remote_scan import scan_remote_folders
    >>> fsspec.filesystem("memory").pipe({"/scan/cat/2.png": b".", "/scan/cat/in/1.png": b"."})
    >>> found = scan_remote_folders(RemoteFiles(), "memory://scan", None, [".png"])
    >>> list(found.paths)
    ['memory://scan/cat/2.png', 'memory://scan/cat/in/1.png']
    """
    endings = tuple(extension.lower() for extension in extensions)
    try:
        listing = files.list_folder(root)
    except FileNotFoundError as error:
        raise ValueError(f"root must be an existing folder, got {root!r} ({error})") from error
    has_images = any(name.lower().endswith(endings) for name in listing.files)
    present = sorted(os.fsencode(name) for name in listing.folders)
    folders = choose_class_folders(root, present, classes, has_images=has_images)

    def list_images(folder: bytes) -> list[bytes]:
        found = files.list_files(f"{root}/{os.fsdecode(folder)}")
        images = (name for name in found if name.lower().endswith(endings))
        return sorted(folder + b"/" + os.fsencode(name) for name in images)

    lengths = []
    blocks = []
    with ThreadPoolExecutor(_LISTED_AT_ONCE) as pool:
        for names in pool.map(list_images, folders):
            lengths.append(np.fromiter(map(len, names), dtype=np.int32, count=len(names)))
            blocks.append(b"".join(names))
    numbers = np.arange(len(folders), dtype=choose_code_dtype(len(folders)))
    codes: NDArray[np.signedinteger] = np.repeat(numbers, [len(part) for part in lengths])
    found, empty, codes = drop_empty_folders(
        root, folders, codes, extensions, allow_empty=allow_empty
    )
    paths = ImagePaths.from_block(b"".join(blocks), np.concatenate(lengths), root=root)
    return ScannedFolder(found, paths, codes, empty)
