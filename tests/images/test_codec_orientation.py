"""EXIF orientation: all eight values, wherever a format keeps them."""

from io import BytesIO

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image, ImageOps

from sklmerge.images import decode_image, read_header


def save_turned(image, image_format, orientation, save):
    if image_format == "TIFF":
        return save(image, image_format, tiffinfo={274: orientation})
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if image_format == "WEBP" else {}
    return save(image, image_format, exif=exif.tobytes(), **options)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_image_is_upright_as_pillow_turns_it(
    image_format, orientation, mode, pillow_photograph, save
):
    if image_format == "JPEG" and mode == "RGBA":
        mode = "CMYK"
    data = save_turned(pillow_photograph.convert(mode), image_format, orientation, save)
    with Image.open(BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
        expected = np.array(upright.convert("RGB")).astype(int)
    header = read_header(data)
    assert header.orientation == orientation
    assert (header.height, header.width) == expected.shape[:2]
    decoded = decode_image(data, color_mode="rgb").astype(int)
    assert np.abs(decoded - expected).max() <= 1
    kept = decode_image(data)
    assert kept.shape[:2] == expected.shape[:2]
    assert_array_equal(kept if kept.ndim == 2 else kept[..., 0], decoded[..., 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_16_bit_tiff_is_upright(orientation, shape):
    stored = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) * 300
    buffer = BytesIO()
    photometric = "rgb" if len(shape) == 3 else "minisblack"
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(buffer, stored, photometric=photometric, extratags=[tag])
    plane = stored if len(shape) == 2 else stored[..., 1]
    method = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
        5: np.transpose, 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).T,
        8: np.rot90,
    }  # fmt: skip
    decoded = decode_image(buffer.getvalue())
    assert_array_equal(decoded if len(shape) == 2 else decoded[..., 1], method[orientation](plane))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientation_that_exif_does_not_know_counts_as_upright(value, pillow_photograph, save):
    data = save_turned(pillow_photograph, "PNG", value, save)
    assert read_header(data).orientation == 1
    assert_array_equal(decode_image(data), np.array(pillow_photograph))


def test_damaged_exif_counts_as_upright(pillow_photograph, save):
    plain = save(pillow_photograph, "JPEG")
    block = b"\xff\xe1" + (2 + 6 + 9).to_bytes(2, "big") + b"Exif\0\0" + b"MM\0*\0\0\0\xff!"
    assert_array_equal(decode_image(plain[:2] + block + plain[2:]), decode_image(plain))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_requested_size_is_that_of_the_upright_image(orientation, pillow_photograph, save):
    large = pillow_photograph.resize((670, 1010))
    data = save_turned(large, "JPEG", orientation, save)
    small = decode_image(data, image_size=(60, 50)).astype(float)
    with Image.open(BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image).resize((50, 60), Image.Resampling.BOX)
    assert np.abs(small - np.array(expected)).mean() < 3
