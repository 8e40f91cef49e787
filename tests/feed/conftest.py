"""Small pictures of brick, grass and gravel, in memory and in folders."""

import numpy as np
import pytest

from sklmerge import ImageIndex
from sklmerge.datasets import load_textures, write_textures


@pytest.fixture(scope="session")
def textures():
    return load_textures(return_X_y=True)


@pytest.fixture
def folder(tmp_path):
    write_textures(tmp_path)
    return tmp_path


@pytest.fixture
def index(folder):
    return ImageIndex(folder)


@pytest.fixture
def assert_same_batches():
    def compare(batches, others):
        batches, others = list(batches), list(others)
        assert len(batches) == len(others)
        for batch, other in zip(batches, others, strict=True):
            assert len(batch) == len(other)
            for part, counterpart in zip(batch, other, strict=True):
                np.testing.assert_array_equal(part, counterpart)
                assert part.dtype == counterpart.dtype

    return compare
