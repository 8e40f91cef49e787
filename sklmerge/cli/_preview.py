"""The contact sheet: images of each class beside the copies that a job would make of them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import Augmenter
from sklmerge.images import ImageIndex, encode_image
from sklmerge.plot import draw_contact_sheet, pick_file_rows


def draw_preview(
    index: ImageIndex,
    augmenter: Augmenter | None,
    n_sources: int,
    n_copies: int,
    seed: int,
) -> NDArray[np.uint8]:
    """Draw some images of each class, each with its first copies as `balance_folder` makes them.

    Parameters
    ----------
    index : ImageIndex
        Where the images are.
    augmenter : Augmenter or None
        How copies are varied; None makes plain copies.
    n_sources, n_copies : int
        Rows for each class, and copies in each row.
    seed : int
        The seed of the job.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    ValueError
        If an image cannot be read.
    """
    rows = pick_file_rows(index, augmenter, index.classes, n_sources, n_copies, seed)
    return draw_contact_sheet(rows, heading="Sources (framed) and the copies made of them")


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture whole or not at all, in the format that its name says."""
    suffix = path.suffix.lower().lstrip(".")
    formats = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp"}
    if suffix not in formats:
        raise ValueError(f"--out must end in .png, .jpg or .webp, got {path.name!r}")
    if not path.parent.is_dir():
        raise ValueError(f"--out must lie in a folder that is there, got {str(path)!r}")
    data = encode_image(picture, formats[suffix])
    begun = path.with_name(f".{path.name}.part")
    try:
        begun.write_bytes(data)
        begun.replace(path)
    except OSError as error:
        begun.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
