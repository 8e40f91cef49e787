"""Near duplicates stay together, or all but one are left out, however the images are read."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from sklmerge import ImageIndex, balance_folder
from sklmerge.datasets import load_textures

N_PHOTOS = 12


def photos():
    """Two versions of each photograph that differ by one grey value, of two classes."""
    data = load_textures()
    for label in ("brick", "gravel"):
        for number, row in enumerate(np.flatnonzero(data.target == label)[:N_PHOTOS]):
            image = data.images[row]
            for version in range(2):
                yield f"{label}/{number}_{version}", np.clip(image, 1, 254) + np.uint8(version)


def write_arrays(folder: Path):
    for name, image in photos():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{name}.npy", image)
    return folder, {"extensions": [".npy"], "reader": np.load}


def write_index(folder: Path):
    folder, options = write_arrays(folder)
    return ImageIndex(folder, **options), {}


def write_archive(folder: Path):
    for name, image in photos():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / f"{name}.png"), image)
    return ImageIndex(shutil.make_archive(str(folder), "zip", folder)), {}


def list_photos(part: Path):
    """Name the photographs of a part, as class and number."""
    return [path.stem.rpartition("_")[0] for path in part.glob("*/*.png")]


KINDS = pytest.mark.parametrize("write", [write_arrays, write_index, write_archive])


@KINDS
def test_similar_images_stay_in_one_part(tmp_path, write):
    source, options = write(tmp_path / "source")
    balance_folder(
        source, tmp_path / "out", group_by="similar", split=(0.5, 0.5), augmenter=None, **options
    )
    train, val = (set(list_photos(tmp_path / "out" / part)) for part in ("train", "val"))
    assert train
    assert val
    assert not train & val
    assert len(train | val) == 2 * N_PHOTOS


@KINDS
def test_of_similar_images_one_is_kept(tmp_path, write):
    source, options = write(tmp_path / "source")
    balance_folder(source, tmp_path / "out", drop="similar", split=None, **options)
    kept = list_photos(tmp_path / "out" / "train")
    assert len(kept) == len(set(kept)) == 2 * N_PHOTOS


def test_images_that_nobody_can_decode_are_not_taken_for_unlike(tmp_path):
    folder, _ = write_arrays(tmp_path / "source")
    with pytest.raises(ValueError, match="no image that can be decoded"):
        balance_folder(folder, tmp_path / "out", extensions=[".npy"], group_by="similar")
