"""Real pictures, odd in size and not square, for the tests of this folder."""

from io import BytesIO

import numpy as np
import pytest
import skimage.data
from PIL import Image


def save_with_pillow(image, image_format, **options):
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photograph():
    """An RGB photograph of 101 x 67 pixels, uint8."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:121, 180:247])


@pytest.fixture(scope="session")
def pillow_photograph(photograph):
    return Image.fromarray(photograph)


@pytest.fixture(scope="session")
def save():
    """Save a Pillow image in memory: (image, format, **options) -> bytes."""
    return save_with_pillow


@pytest.fixture
def make_folder(tmp_path):
    """Write empty files, or files of given bytes, under a fresh folder and return it."""

    def make(names, content=b""):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path

    return make
