"""What is written is read back, by us and by Pillow, and nothing is converted in silence."""

from io import BytesIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge.images import decode_image, encode_image, sniff_format


@pytest.mark.parametrize("image_format", ["png", "bmp", "tiff"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4), (1, 1), (1, 9, 3)])
def test_lossless_formats_give_back_every_pixel(image_format, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    data = encode_image(image, image_format)
    assert_array_equal(decode_image(data), image)
    mode = {2: "L", 3: "RGB"}.get(len(shape)) if shape[-1] != 4 else "RGBA"
    with Image.open(BytesIO(data)) as read:
        assert_array_equal(np.array(read.convert(mode)), image)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_tiff_holds_floats(dtype, shape):
    image = np.random.default_rng(0).random(shape).astype(dtype)
    assert_array_equal(decode_image(encode_image(image, "tiff")), image)


@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_lossy_formats_come_near_and_nearer_with_quality(image_format, photograph):
    def error(quality):
        image = decode_image(encode_image(photograph, image_format, quality=quality))
        return np.abs(image.astype(float) - photograph).mean()

    assert error(95) < 4
    assert error(95) < error(30)


@pytest.mark.parametrize("image_format", ["jpeg", "png", "bmp", "tiff", "webp"])
def test_encoding_is_deterministic_and_of_the_format(image_format, photograph):
    data = encode_image(photograph, image_format)
    assert data == encode_image(photograph.copy(), image_format)
    assert sniff_format(data) == image_format


def test_one_channel_is_written_as_gray_and_strides_do_not_matter(photograph):
    gray = photograph[..., :1]
    assert_array_equal(decode_image(encode_image(gray, "png")), gray[..., 0])
    turned = photograph.swapaxes(0, 1)[::-1]
    assert_array_equal(decode_image(encode_image(turned, "png")), turned)


@pytest.mark.parametrize(
    ("image", "image_format", "reason"),
    [
        (np.zeros((5, 7), np.uint16), "jpeg", "image must be uint8 to be written as JPEG"),
        (np.zeros((5, 7)), "png", "image must be uint8 or uint16 to be written as PNG"),
        (np.zeros((5, 7), bool), "bmp", "image must be uint8 .* got bool"),
        (np.zeros((5, 7, 4), np.uint8), "jpeg", r"C one of \[1, 3\].* got shape \(5, 7, 4\)"),
        (np.zeros((5, 7, 2), np.uint8), "png", r"C one of \[1, 3, 4\].* got shape \(5, 7, 2\)"),
        (np.zeros((0, 7), np.uint8), "png", r"got shape \(0, 7\)"),
        (np.zeros(7, np.uint8), "png", r"got shape \(7,\)"),
        (np.zeros((1, 17000, 3), np.uint8), "webp", "WebP cannot hold"),
        (np.zeros((5, 7), np.uint8), "gif", "image_format must be 'jpeg', 'png'"),
    ],
)
def test_what_a_format_cannot_hold_is_an_error(image, image_format, reason):
    with pytest.raises(ValueError, match=reason):
        encode_image(image, image_format)


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_out_of_range_is_an_error(quality, photograph):
    with pytest.raises(
        ValueError, match=f"quality must be a whole number from 1 to 100, got {quality}"
    ):
        encode_image(photograph, "jpeg", quality=quality)
