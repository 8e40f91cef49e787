"""preview_folder: images of each class beside the copies that a job would make of them."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_whole
from sklmerge.augment import as_augmenter
from sklmerge.images import BadFileError, ImageIndex, encode_image, is_url, merge_index

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}


def preview_folder(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    merge: Any = None,
    augmenter: Any = "light",
    n_sources: int = 1,
    n_copies: int = 6,
    random_state: int = 0,
) -> NDArray[np.uint8]:
    """Draw a contact sheet that shows images of each class next to their augmented copies.

    `balance_folder` would write the same copies with the same seed. ``sklmerge preview`` draws this
    sheet.

    Parameters
    ----------
    source : path, URL or ImageIndex
        Folder of class folders, or an index.
    out : path or None, default=None
        File to write, outside the source. Its extension selects the format: PNG, JPEG or WebP. None
        writes no file.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to merge. None uses the merge of the index, if `source` is one.
    augmenter : {"light", "strong", "trivial"}, ImageAugmenter, callable, mapping or None, \
default="light"
        How the copies are augmented. None makes unchanged copies.
    n_sources, n_copies : int, default=1 and 6
        Number of images per class, and number of copies per image.
    random_state : int, default=0
        Random seed, as for `balance_folder`.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    BadFileError
        If no image of a class can be read. If only some images of a class are unreadable, other
        images are shown instead, and a warning is issued.
    ValueError
        If the extension of `out` is not one of PNG, JPEG or WebP, or if `out` is inside the source.

    See Also
    --------
    balance_folder : Writes these augmented copies.
    AugmentationDisplay : Draws the same contact sheet as a matplotlib figure.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import preview_folder
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     sheet = preview_folder(folder, n_copies=2)
    >>> sheet.ndim
    3
    """
    check_whole("n_sources", n_sources, 1)
    check_whole("n_copies", n_copies, 1)
    if isinstance(source, ImageIndex):
        index = merge_index(source, merge, "preview_folder")
    else:
        index = ImageIndex(source, merge=merge)
    # Here, because imbalanced-learn comes with it: 0.3 s that inspecting a folder need not wait.
    from sklmerge.plot import draw_contact_sheet, pick_file_rows

    path = None if out is None else check_outside("out", out, index, tuple(_FORMATS))
    bad_files: dict[str, str] = {}
    rows = pick_file_rows(
        index,
        as_augmenter(augmenter),
        index.classes,
        n_sources,
        n_copies,
        random_state,
        bad_files=bad_files,
    )
    if bad_files:
        first, reason = next(iter(bad_files.items()))
        told = f"{len(bad_files)} files could not be read, first: {first!r} ({reason})"
        drawn = {row.title.partition("\n")[0] for row in rows}
        if len(drawn) < index.n_classes:
            raise BadFileError(f"{told}; no image of some class is left to draw")
        warnings.warn(f"{told}; others are drawn in their place", stacklevel=2)
    sheet = draw_contact_sheet(rows, heading="Sources (framed) and the copies made of them")
    if path is not None:
        write_whole(encode_image(sheet, _FORMATS[path.suffix.lower()]), path)
    return sheet


def check_outside(
    name: str, out: str | os.PathLike[str], index: ImageIndex, endings: tuple[str, ...]
) -> Path:
    """Check the extension and folder of an output file, which must be outside the source."""
    path = Path(out)
    if path.suffix.lower() not in endings:
        raise ValueError(f"{name} must end in {' or '.join(endings)}, got {path.name!r}")
    if not path.parent.is_dir():
        raise ValueError(f"{name} must lie in a folder that is there, got {str(path)!r}")
    if path.is_dir():
        raise ValueError(f"{name} must be a file, got the folder {str(path)!r}")
    root = index.root
    if root and not is_url(root) and Path(root).resolve() in path.resolve().parents:
        raise ValueError(
            f"{name} must lie outside the source, whose files are never changed, got {str(path)!r}"
        )
    return path


def write_whole(data: bytes, path: Path) -> None:
    """Write a file that appears complete or not at all."""
    begun = path.with_name(f".{path.name}.part")
    try:
        begun.write_bytes(data)
        begun.replace(path)
    except OSError as error:
        begun.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
