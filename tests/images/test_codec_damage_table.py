"""Kinds of files x kinds of damage: what the docs say can be seen is named by `verify`."""

import re
import zlib
from io import BytesIO

import cv2
import numpy as np
import pillow_heif
import pytest
import skimage.data
import tifffile
from PIL import Image

from sklmerge import ImageIndex
from sklmerge.images import decode_image

PIXELS = np.ascontiguousarray(skimage.data.astronaut()[100:164, 180:276])
# What Pillow is asked for, what of the picture, and the ending.
BY_PILLOW = {
    "jpeg": ("JPEG", {}, ".jpg"),
    "jpeg progressive": ("JPEG", {"progressive": True}, ".jpg"),
    "png": ("PNG", {}, ".png"),
    "tiff": ("TIFF", {}, ".tif"),
    "tiff deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}, ".tif"),
    "tiff lzw": ("TIFF", {"compression": "tiff_lzw"}, ".tif"),
    "tiff jpeg": ("TIFF", {"compression": "jpeg"}, ".tif"),
    "tiff fax": ("TIFF", {"compression": "group4"}, ".tif"),
    "webp": ("WEBP", {}, ".webp"),
    "webp lossless": ("WEBP", {"lossless": True}, ".webp"),
    "bmp": ("BMP", {}, ".bmp"),
    "gif": ("GIF", {}, ".gif"),
    "avif": ("AVIF", {}, ".avif"),
    "jpeg 2000": ("JPEG2000", {}, ".jp2"),
    "ppm": ("PPM", {}, ".ppm"),
    "dds": ("DDS", {}, ".dds"),
    "sgi": ("SGI", {}, ".sgi"),
    "qoi": ("QOI", {}, ".qoi"),
    "ico": ("ICO", {"sizes": [(32, 32)]}, ".ico"),
    "pcx": ("PCX", {}, ".pcx"),
    "tga": ("TGA", {}, ".tga"),
    "tga of runs": ("TGA", {"compression": "tga_rle"}, ".tga"),
}
MODES = {"gif": "P", "tiff fax": "1"}
# Bytes behind the pixels, which a writer that closes a file puts there.
ENDS = {"jpeg": 2, "jpeg progressive": 2, "png": 12, "png 16": 12, "gif": 1}
# Whose zeros inside the docs promise to find; nobody can see those in other kinds.
CHECKED = {"jpeg", "jpeg progressive", "png", "png 16", "tiff deflate", "tiff lzw"}


@pytest.fixture(scope="module")
def files():
    """Make a sound file of each kind, by the library that writes it most."""
    made = {}
    for kind, (name, options, extension) in BY_PILLOW.items():
        buffer = BytesIO()
        Image.fromarray(PIXELS).convert(MODES.get(kind, "RGB")).save(buffer, name, **options)
        made[kind] = buffer.getvalue(), extension
    deep = PIXELS.astype(np.uint16) * 257
    made["png 16"] = cv2.imencode(".png", deep)[1].tobytes(), ".png"
    tiff, heic = BytesIO(), BytesIO()
    tifffile.imwrite(tiff, deep, photometric="rgb")
    pillow_heif.from_pillow(Image.fromarray(PIXELS)).save(heic)
    made["tiff 16"] = tiff.getvalue(), ".tif"
    made["heic"] = heic.getvalue(), ".heic"
    return made


def damage(data, kind):
    half, some = len(data) // 2, max(len(data) // 8, 4)
    return {
        "cut": data[:half],
        "cut and closed": data[:half] + data[-ENDS.get(kind, 16) :],
        "zeros": data[:half] + bytes(some) + data[half + some :],
        "missing": data[:half] + data[half + some :],
    }


def write(folder, kind, name, content, extension):
    path = folder / kind / f"{name}{extension}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def check_reasons(reasons):
    """Check that each is a sentence of ours or of the decoder, not of Python."""
    for reason in reasons:
        assert re.match(
            r"(truncated|corrupt) \S|.* not supported|not an image|no pixels|.* more than", reason
        )
        assert not re.search(
            r"out of range|unpack|NoneType|attribute|' object|argument|Errno|codec can't|division"
            r"|literal|read length|identified by this driver|tempfile",
            reason,
        )


def test_damage_that_can_be_seen_is_named(files, tmp_path, capfd):
    for kind, (data, extension) in files.items():
        assert decode_image(data).ndim == (2 if kind == "tiff fax" else 3), kind
        for name, content in damage(data, kind).items():
            write(tmp_path, kind, name, content, extension)
    bad = ImageIndex(tmp_path).verify().bad_files
    named = {tuple(path.rpartition(".")[0].split("/")) for path in bad}
    for kind in files:
        for name in ("cut", "cut and closed", "missing", *(["zeros"] if kind in CHECKED else [])):
            assert (kind, name) in named, f"{kind}, {name}"
    check_reasons(bad.values())
    assert capfd.readouterr().err == ""


def test_a_wrong_byte_in_a_header_gives_an_image_or_a_reason(files, tmp_path, capfd):
    for kind, (data, extension) in files.items():
        for place in range(0, 120, 5):
            wrong = bytearray(data)
            wrong[place] ^= 0x55
            write(tmp_path, kind, place, bytes(wrong), extension)
    report = ImageIndex(tmp_path).verify()
    assert report.n_files == 24 * len(files)
    check_reasons(report.bad_files.values())
    assert capfd.readouterr().err == ""


def test_a_gif_that_ends_within_its_header_is_truncated(files):
    data = files["gif"][0]
    for stop in range(14, 600, 40):
        with pytest.raises(ValueError, match=r"^truncated GIF$"):
            decode_image(data[:stop])


@pytest.mark.parametrize("name", ["ICO", "ICNS"])
def test_an_icon_does_not_hide_a_larger_image(name, monkeypatch):
    """Its own header says 32 x 32; the limit that Pillow has is often switched off."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    buffer = BytesIO()
    Image.new("RGBA", (32, 32)).save(buffer, name, sizes=[(32, 32)])
    data = bytearray(buffer.getvalue())
    found = [match.start() for match in re.finditer(b"IHDR", data)]
    assert found
    for start in found:
        data[start + 4 : start + 12] = (70_000).to_bytes(4, "big") * 2
        checksum = zlib.crc32(data[start : start + 17])
        data[start + 17 : start + 21] = checksum.to_bytes(4, "big")
    with pytest.raises(ValueError, match="70000 x 70000 pixels are more than max_pixels="):
        decode_image(bytes(data))
