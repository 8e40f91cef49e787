"""An image has the same pixels at a size whether a file or an array was resized."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage.data import chelsea

from sklmerge import ImageIndex, ImageScaler
from sklmerge.images import decode_image, encode_image

PHOTO = chelsea()[:251, :397]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize(
    "size", [(251, 397), (100, 150), (64, 320), (40, 60), (30, 500), (300, 90), (1, 1), (600, 700)]
)
def test_files_and_arrays_are_resized_alike(tmp_path, dtype, n_channels, size):
    photo = PHOTO[..., :n_channels].astype(dtype) * (257 if dtype == "uint16" else 1)
    photo = photo[..., 0] if n_channels == 1 else photo
    decoded = decode_image(encode_image(photo, "png"), image_size=size)
    scaled = ImageScaler(image_size=size).fit(photo[None]).transform(photo[None])[0]
    assert_array_equal(scaled, decoded.astype(np.float32))


def test_an_index_reads_what_a_scaler_makes(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(encode_image(PHOTO, "png"))
    read = ImageIndex(tmp_path).read(image_size=(64, 320))
    scaled = ImageScaler(image_size=(64, 320)).fit(PHOTO[None]).transform(PHOTO[None])
    assert_array_equal(read.astype(np.float32), scaled)
