"""The embedded sample: real, not square, imbalanced, and the same every time."""

import os

import numpy as np
import pytest
import skimage.data
from numpy.testing import assert_array_equal

from sklmerge import ImageIndex
from sklmerge.datasets import load_textures, write_textures


def test_patches_are_real_and_imbalanced():
    textures = load_textures()
    assert textures.images.shape == (240, 32, 48)
    assert textures.images.dtype == np.uint8
    labels, counts = np.unique(textures.target, return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {
        "brick": 160, "grass": 60, "gravel": 20,
    }  # fmt: skip
    assert textures.target_names == ["brick", "grass", "gravel"]
    assert str(len(textures.images)) in textures.DESCR


def test_patches_are_cut_row_by_row_without_overlap():
    textures = load_textures()
    bricks = textures.images[textures.target == "brick"]
    photograph = skimage.data.brick()
    assert_array_equal(bricks[0], photograph[:32, :48])
    assert_array_equal(bricks[13], photograph[32:64, 144:192])
    glued = np.vstack([np.hstack(bricks[i : i + 10]) for i in range(0, 160, 10)])
    assert_array_equal(glued, photograph[:512, :480])
    assert len({image.tobytes() for image in textures.images}) == 240


def test_groups_hold_neighbours_of_one_class():
    textures = load_textures()
    groups, counts = np.unique(textures.groups, return_counts=True)
    assert len(groups) == 48
    assert set(counts) == {5}
    pairs = zip(textures.groups, textures.target, strict=True)
    assert all(group.startswith(target) for group, target in pairs)


def test_images_and_target_alone_can_be_had():
    images, target = load_textures(return_X_y=True)
    assert_array_equal(images, load_textures().images)
    assert_array_equal(target, load_textures().target)


def test_written_textures_are_the_loaded_ones_in_order(tmp_path):
    folder = tmp_path / "new" / "textures"
    write_textures(folder)
    textures = load_textures()
    index = ImageIndex(folder)
    assert_array_equal(index.read(color_mode="keep"), textures.images)
    assert_array_equal(index.labels, textures.target)
    # The group stands in the file's name for those who have only the files.
    names = [os.path.basename(path) for path in index.paths]
    assert len({name.rsplit("_", 1)[0] for name in names}) == len(set(textures.groups))


def test_writing_twice_changes_nothing(tmp_path):
    write_textures(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    write_textures(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before


def test_textures_are_never_written_among_the_images_of_others(tmp_path):
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match=r"folder must be new, empty .* with 'cat'"):
        write_textures(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cat"]
