"""Small folders of real image files."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from sklmerge.images import encode_image


def make_image(name, height=22, width=34, channels=3, dtype="uint8"):
    """Make smooth colours that differ from name to name."""
    rng = np.random.default_rng(list(name.encode("utf-8", "surrogateescape")))
    coarse = rng.integers(0, np.iinfo(dtype).max, (4, 5, channels)).astype(dtype)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return image.reshape(height, width, channels) if channels > 1 else image


def write_image(path, image_format=None, **options):
    """Write one image; the format is that of the extension unless given."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    by_extension = {".jpg": "jpeg", ".jpeg": "jpeg", ".tif": "tiff"}
    image_format = image_format or by_extension.get(path.suffix.lower(), path.suffix.lower()[1:])
    path.write_bytes(encode_image(make_image(path.name, **options), image_format))
    return path


@pytest.fixture
def write_classes(tmp_path):
    """Write folders with so many JPEG images of each class."""

    def write(counts, folder="source"):
        for label, count in counts.items():
            for number in range(count):
                write_image(tmp_path / folder / label / f"{number:02d}.jpg")
        return tmp_path / folder

    return write


def hash_tree(folder):
    """Digest every file below a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(name="hash_tree")
def provide_hash_tree():
    return hash_tree


@pytest.fixture(name="write_image")
def provide_write_image():
    return write_image
