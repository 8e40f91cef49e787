"""Brick, grass and gravel: scikit-image's photographs, cut into patches."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import data
from sklearn.utils import Bunch

from sklmerge.images import encode_image

PATCH_SHAPE = (32, 48)
# Of the 16 rows of 10 patches in each photograph, so many patches are taken from the top.
PATCH_COUNTS = {"brick": 160, "grass": 60, "gravel": 20}
# Neighbours in a row that make a group.
GROUP_SIZE = 5

DESCRIPTION = """\
Textures: patches of three photographs

240 grey patches of 32 x 48 pixels: 160 of brick, 60 of grass and 20 of gravel. They are cut,
without overlap and row by row, from three 512 x 512 photographs that come with scikit-image, all
under the Creative Commons CC0 license: skimage.data.brick, grass and gravel. Patches that lie next
to each other resemble each other; `groups` keeps five neighbours together when data are split.
"""


def load_textures(*, return_X_y: bool = False) -> Any:
    """Load small images of brick, grass and gravel, in which gravel is rare.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return a tuple (images, target) instead of a Bunch.

    Returns
    -------
    Bunch with

        images : ndarray of shape (240, 32, 48), uint8
            Grey patches, 32 x 48 pixels.
        target : ndarray of shape (240,), str
            "brick" (160), "grass" (60), "gravel" (20).
        target_names : list of str
            The classes, sorted.
        groups : ndarray of shape (240,), str
            Name of each patch's group, such as "brick 0". A group consists of five neighbouring
            patches of one photograph.
        DESCR : str
            The origin of the images.

    Examples
    --------
    >>> from sklmerge.datasets import load_textures
    >>> textures = load_textures()
    >>> textures.images.shape
    (240, 32, 48)
    >>> images, target = load_textures(return_X_y=True)
    >>> target[0]
    np.str_('brick')
    """
    parts = {name: _cut_patches(_load_photograph(name), n) for name, n in PATCH_COUNTS.items()}
    images = np.concatenate(list(parts.values()))
    target = np.repeat(list(PATCH_COUNTS), list(PATCH_COUNTS.values()))
    if return_X_y:
        return images, target
    groups = [f"{name} {i // GROUP_SIZE}" for name, n in PATCH_COUNTS.items() for i in range(n)]
    return Bunch(
        images=images,
        target=target,
        target_names=list(PATCH_COUNTS),
        groups=np.array(groups),
        DESCR=DESCRIPTION,
    )


def write_textures(folder: str | os.PathLike[str]) -> None:
    """Write the textures as PNG files in class folders.

    Parameters
    ----------
    folder : path-like
        The folder to write to. It is created if it does not exist. Existing textures are
        overwritten.

    Raises
    ------
    ValueError
        If the folder contains anything except the class folders of the textures, such as your own
        images.

    Examples
    --------
    >>> import os
    >>> from tempfile import TemporaryDirectory
    >>> from sklmerge.datasets import write_textures
    >>> with TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     print(sorted(os.listdir(folder)))
    ['brick', 'grass', 'gravel']
    """
    textures = load_textures()
    there = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    others = [name for name in there if name not in textures.target_names]
    if others:
        raise ValueError(
            f"folder must be new, empty or hold the textures alone, got {os.fspath(folder)!r} with "
            f"{others[0]!r}; the textures would become classes beside it"
        )
    for label in textures.target_names:
        class_folder = os.path.join(os.fspath(folder), label)
        os.makedirs(class_folder, exist_ok=True)
        for number, image in enumerate(textures.images[textures.target == label]):
            # The name tells the group, for whoever has only the files.
            name = f"{label}_{number // GROUP_SIZE:02}_{number % GROUP_SIZE}.png"
            with open(os.path.join(class_folder, name), "wb") as file:
                file.write(encode_image(image, "png"))


def _load_photograph(name: str) -> NDArray[np.uint8]:
    return {"brick": data.brick, "grass": data.grass, "gravel": data.gravel}[name]()


def _cut_patches(photograph: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """Cut the first n patches, row by row; drop the rest of the photograph."""
    height, width = PATCH_SHAPE
    rows, columns = photograph.shape[0] // height, photograph.shape[1] // width
    whole = photograph[: rows * height, : columns * width]
    patches = whole.reshape(rows, height, columns, width).swapaxes(1, 2)
    return np.ascontiguousarray(patches.reshape(-1, height, width)[:n])
