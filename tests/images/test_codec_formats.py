"""Every kind of file decodes to the pixels that Pillow, tifffile or the test itself put there."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge.images import decode_image, encode_image, read_header, sniff_format

FORMATS = ["JPEG", "PNG", "BMP", "TIFF", "WEBP"]


def decode_with_pillow(data, mode):
    with Image.open(BytesIO(data)) as image:
        return np.array(image.convert(mode))


def assert_close(actual, expected, levels):
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert np.abs(actual.astype(int) - expected.astype(int)).max() <= levels


@pytest.mark.parametrize("image_format", FORMATS)
def test_color_photograph_decodes_as_pillow_does(image_format, pillow_photograph, save):
    data = save(pillow_photograph, image_format)
    assert sniff_format(data) == image_format.lower()
    assert_close(decode_image(data), decode_with_pillow(data, "RGB"), levels=1)
    assert_close(decode_image(data, color_mode="rgb"), decode_with_pillow(data, "RGB"), levels=1)


@pytest.mark.parametrize("image_format", FORMATS)
def test_grayscale_is_the_luma_of_the_colors(image_format, pillow_photograph, save):
    data = save(pillow_photograph, image_format)
    with Image.open(BytesIO(data)) as image:
        # A JPEG holds its luma, and a draft takes it from there.
        image.draft("L", image.size)
        expected = np.array(image.convert("L"))
    assert_close(decode_image(data, color_mode="grayscale"), expected, levels=1)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "TIFF"])
def test_gray_file_keeps_two_dimensions(image_format, pillow_photograph, save):
    data = save(pillow_photograph.convert("L"), image_format)
    assert_close(decode_image(data), decode_with_pillow(data, "L"), levels=1)
    assert_close(decode_image(data, color_mode="rgb"), decode_with_pillow(data, "RGB"), levels=1)


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"optimize": True}])
def test_kinds_of_jpeg_decode_alike(options, pillow_photograph, save):
    data = save(pillow_photograph, "JPEG", **options)
    assert_close(decode_image(data), decode_with_pillow(data, "RGB"), levels=1)


def write_lossless_jpeg(pixels):
    """Write pixels of shape (h, w, 1 or 3) by the predictor "left" (ITU-T T.81, annex H)."""
    height, width, n = pixels.shape
    values = pixels.astype(int)
    predicted = np.roll(values, 1, axis=1)
    predicted[1:, 0], predicted[0, 0] = values[:-1, 0], 128
    bits = ""
    for step in (values - predicted).ravel().tolist():
        # How many bits follow, by a table of nine codes of 4 bits, and those bits.
        size = abs(step).bit_length()
        bits += f"{size:04b}" + (f"{step + (2**size - 1) * (step < 0):0{size}b}" if size else "")
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    names = b"RGB"[:n]
    frame = b"".join(bytes([name, 0x11, 0]) for name in names)
    segments = (
        (0xC3, struct.pack(">BHHB", 8, height, width, n) + frame),
        (0xC4, bytes([0, 0, 0, 0, 9]) + bytes(12) + bytes(range(9))),
        (0xDA, bytes([n]) + b"".join(bytes([name, 0]) for name in names) + bytes([1, 0, 0])),
    )
    parts = [struct.pack(">BBH", 255, kind, 2 + len(text)) + text for kind, text in segments]
    return b"".join([b"\xff\xd8", *parts, scan, b"\xff\xd9"])


@pytest.mark.parametrize("n_channels", [1, 3])
def test_a_lossless_jpeg_gives_its_pixels_at_any_size(n_channels, photograph):
    pixels = np.tile(photograph, (4, 4, 1))[..., :n_channels]
    data = write_lossless_jpeg(pixels)
    assert sniff_format(data) == "jpeg"
    assert_array_equal(decode_image(data), pixels.squeeze())
    # At its full size: libjpeg cannot reduce one, and would write beyond a smaller array.
    plain = encode_image(pixels, "png")
    for color_mode in ("rgb", "grayscale"):
        for size in (None, (30, 20)):
            expected = decode_image(plain, color_mode=color_mode, image_size=size)
            image = decode_image(data, color_mode=color_mode, image_size=size)
            assert_close(image, expected, levels=1)


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("colors", [2, 13, 200])
def test_palette_becomes_its_colors(image_format, colors, pillow_photograph, save):
    data = save(pillow_photograph.quantize(colors), image_format)
    assert_array_equal(decode_image(data), decode_with_pillow(data, "RGB"))


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF"])
def test_one_bit_becomes_black_and_white(image_format, pillow_photograph, save):
    data = save(pillow_photograph.convert("1"), image_format)
    image = decode_image(data)
    assert_array_equal(image, decode_with_pillow(data, "L"))
    assert set(np.unique(image)) == {0, 255}


def test_fax_compressed_tiff_decodes(pillow_photograph, save):
    data = save(pillow_photograph.convert("1"), "TIFF", compression="group4")
    assert_array_equal(decode_image(data), decode_with_pillow(data, "L"))


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(image_format, pillow_photograph, save):
    data = save(pillow_photograph.convert("CMYK"), image_format)
    assert_close(decode_image(data), decode_with_pillow(data, "RGB"), levels=1)


@pytest.mark.parametrize("transform", [None, 0, 2])
def test_cmyk_jpeg_follows_its_adobe_marker(transform, pillow_photograph, save):
    data = save(pillow_photograph.convert("CMYK"), "JPEG")
    start = data.index(b"\xff\xee")
    stop = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    adobe = b"" if transform is None else data[start : stop - 1] + bytes([transform])
    data = data[:start] + adobe + data[stop:]
    assert_close(decode_image(data), decode_with_pillow(data, "RGB"), levels=1)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_kept_or_dropped_but_never_blended(image_format, photograph, save):
    ramp = np.linspace(0, 255, photograph[..., 0].size).reshape(photograph.shape[:2])
    rgba = np.dstack([photograph, ramp.astype(np.uint8)])
    options = {"lossless": True, "exact": True} if image_format == "WEBP" else {}
    data = save(Image.fromarray(rgba), image_format, **options)
    assert_array_equal(decode_image(data), rgba)
    assert_array_equal(decode_image(data, color_mode="rgba"), rgba)
    assert_array_equal(decode_image(data, color_mode="rgb"), photograph)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_gray_with_alpha_becomes_rgba(image_format, pillow_photograph, save):
    gray, alpha = pillow_photograph.convert("L"), pillow_photograph.getchannel("B")
    data = save(Image.merge("LA", [gray, alpha]), image_format)
    assert_array_equal(decode_image(data), decode_with_pillow(data, "RGBA"))
    assert_array_equal(decode_image(data, color_mode="grayscale"), np.array(gray))


def test_transparent_palette_becomes_rgba(pillow_photograph, save):
    palette = pillow_photograph.quantize(200)
    data = save(palette, "PNG", transparency=bytes(range(200)))
    assert_array_equal(decode_image(data), decode_with_pillow(data, "RGBA"))


def test_rgba_of_an_opaque_file_is_opaque(photograph):
    rgba = decode_image(encode_image(photograph, "png"), color_mode="rgba")
    assert_array_equal(rgba[..., :3], photograph)
    assert (rgba[..., 3] == 255).all()


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("image_format", ["png", "tiff"])
def test_16_bit_is_kept_and_scales_to_8_bit_by_257(shape, image_format):
    values = np.random.default_rng(0).integers(0, 65536, shape, dtype=np.uint16)
    values.flat[:4] = [0, 128, 129, 65535]
    data = encode_image(values, image_format)
    assert_array_equal(decode_image(data), values)
    color = values if len(shape) == 2 else values[..., :3]
    expected = np.round(color / 257).astype(np.uint8)
    if len(shape) == 2:
        assert_array_equal(decode_image(data, color_mode="grayscale"), expected)
        expected = np.dstack([expected] * 3)
    assert_array_equal(decode_image(data, color_mode="rgb"), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_floating_point_tiff_is_kept_and_never_guessed(dtype, shape):
    values = np.random.default_rng(1).random(shape).astype(dtype)
    photometric = "minisblack" if len(shape) == 2 else "rgb"
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, photometric=photometric)
    assert_array_equal(decode_image(buffer.getvalue()), values)
    with pytest.raises(ValueError, match="no known range; read them with color_mode='keep'"):
        decode_image(buffer.getvalue(), color_mode="rgb")


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"bigtiff": True},
        {"tile": (64, 64)},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_layouts_of_tiff_decode_alike(options, dtype, photograph):
    image = photograph.astype(dtype) * (257 if dtype == "uint16" else 1)
    buffer = BytesIO()
    tifffile.imwrite(buffer, image, photometric="rgb", **options)
    assert_array_equal(decode_image(buffer.getvalue()), image)


def test_white_is_zero_tiff_and_planes_apart_decode(photograph):
    planes, inverted = BytesIO(), BytesIO()
    tifffile.imwrite(
        planes, np.moveaxis(photograph, 2, 0), photometric="rgb", planarconfig="separate"
    )
    assert_array_equal(decode_image(planes.getvalue()), photograph)
    tifffile.imwrite(inverted, photograph[..., 0], photometric="miniswhite")
    assert_array_equal(decode_image(inverted.getvalue()), 255 - photograph[..., 0])


def test_first_of_several_pages_is_taken(photograph):
    buffer = BytesIO()
    tifffile.imwrite(buffer, np.stack([photograph, photograph[::-1]]), photometric="rgb")
    assert_array_equal(decode_image(buffer.getvalue()), photograph)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((5, 7), -1, np.int16), "values below 0 is not supported"),
        (np.zeros((5, 7), np.uint32), "32-bit unsigned samples is not supported"),
        (np.zeros((5, 7, 5), np.uint8), "5 channels is not supported"),
    ],
)
def test_pixels_outside_the_contract_are_refused(values, reason):
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, photometric="minisblack", planarconfig="contig")
    with pytest.raises(ValueError, match=reason):
        decode_image(buffer.getvalue())


def test_signed_values_that_fit_are_read():
    values = np.arange(0, 32760, 936, dtype=np.int16).reshape(5, 7)
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, photometric="minisblack")
    decoded = decode_image(buffer.getvalue())
    assert decoded.dtype == np.uint16
    assert_array_equal(decoded, values)


def test_floats_are_as_stored_whichever_is_white(photograph):
    values = photograph[..., 0] / np.float32(7) - 5
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, photometric="miniswhite")
    assert_array_equal(decode_image(buffer.getvalue()), values)


@pytest.mark.parametrize("mode", ["rgb", "grayscale", "rgba"])
def test_lab_becomes_rgb(mode, pillow_photograph, save):
    lab = pillow_photograph.convert("LAB")
    decoded = decode_image(save(lab, "TIFF"), color_mode=mode)
    wanted = lab.convert("RGB").convert({"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}[mode])
    assert_array_equal(decoded, np.array(wanted))


def make_png(rows, depth, color_type, interlaced=False):
    """Write a PNG chunk by chunk, since no encoder at hand makes few bits or interlacing."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    width = len(rows[0]) * 8 // depth
    header = struct.pack(">IIBBBBB", width, len(rows), depth, color_type, 0, 0, int(interlaced))
    passes = [rows]
    if interlaced:
        table = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
        starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
        starts += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        passes = [[bytes(row) for row in table[y::dy, x::dx]] for y, x, dy, dx in starts]
    pixels = b"".join(b"\0" + row for part in passes for row in part if row)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_four_bit_gray_png_spans_the_range():
    data = make_png([bytes([0x01, 0x2F]), bytes([0xF0, 0x77])], depth=4, color_type=0)
    assert_array_equal(decode_image(data), [[0, 17, 34, 255], [255, 0, 119, 119]])


def test_interlaced_png_decodes(photograph):
    gray = photograph[:13, :9, 0]
    data = make_png([bytes(row) for row in gray], depth=8, color_type=0, interlaced=True)
    assert_array_equal(decode_image(data), gray)


def test_header_says_what_decoding_gives(photograph, pillow_photograph, save):
    files = [
        save(pillow_photograph.convert(m), f)
        for m in ("L", "1", "P", "RGB")
        for f in FORMATS
        if not (f in ("JPEG", "WEBP") and m in ("1", "P"))
    ]
    files += [encode_image(photograph.astype(np.uint16), f) for f in ("png", "tiff")]
    files += [save(pillow_photograph.convert("RGBA"), f) for f in ("PNG", "TIFF", "WEBP", "BMP")]
    files += [encode_image(np.dstack([photograph, photograph[..., 0]]), "bmp")]
    files += [save(pillow_photograph, "WEBP", lossless=True)]
    for data in files:
        header, image = read_header(data), decode_image(data)
        assert image.shape[:2] == (header.height, header.width)
        assert (1 if image.ndim == 2 else image.shape[2]) == header.channels
        assert image.dtype == header.dtype
        assert image.flags.c_contiguous
        assert image.flags.writeable
