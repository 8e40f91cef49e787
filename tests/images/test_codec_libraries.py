"""Every format, written by another library, is read back to that library's pixels."""

import logging
import subprocess
import sys
from io import BytesIO

import cv2
import numpy as np
import pillow_heif
import pytest
import simplejpeg
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from sklmerge.images import decode_image, read_header, sniff_format

LOSSLESS = {
    "bmp": ("BMP", {}),
    "dds": ("DDS", {}),
    "gif": ("GIF", {}),
    "icns": ("ICNS", {}),
    "ico": ("ICO", {}),
    "jpeg2000": ("JPEG2000", {}),
    "pcx": ("PCX", {}),
    "png": ("PNG", {}),
    "ppm": ("PPM", {}),
    "qoi": ("QOI", {}),
    "sgi": ("SGI", {}),
    "tga": ("TGA", {"compression": "tga_rle"}),
    "tiff": ("TIFF", {}),
    "webp": ("WEBP", {"lossless": True}),
}


def read_with_pillow(data, mode="RGB"):
    with Image.open(BytesIO(data)) as image:
        return np.array(ImageOps.exif_transpose(image).convert(mode))


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_file_of_pillow_gives_its_pixels(name, pillow_photograph, save):
    pillow_name, options = LOSSLESS[name]
    image = pillow_photograph.quantize(200).convert("RGB") if name == "gif" else pillow_photograph
    if name in ("ico", "icns"):
        image = image.crop((0, 0, 64, 64)).resize((32, 32))
    data = save(image, pillow_name, **options)
    assert sniff_format(data) == name
    decoded = decode_image(data, color_mode="rgb")
    assert_array_equal(decoded, read_with_pillow(data))
    if name != "icns":
        assert_array_equal(decoded, np.array(image))


@pytest.mark.parametrize("name", ["AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_lossy_formats_of_phones_give_pillows_pixels(name, orientation, pillow_photograph, save):
    exif = Image.Exif()
    exif[274] = orientation
    if name == "HEIF":
        buffer = BytesIO()
        pillow_heif.from_pillow(pillow_photograph).save(buffer, quality=90, exif=exif.tobytes())
        data = buffer.getvalue()
        with pillow_heif.HeifImageFile(BytesIO(data)) as image:
            expected = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    else:
        data = save(pillow_photograph, name, quality=90, exif=exif.tobytes())
        expected = read_with_pillow(data)
    assert sniff_format(data) == name.lower()
    assert_array_equal(decode_image(data), expected)
    assert expected.shape == ((101, 67, 3) if orientation == 1 else (67, 101, 3))
    header = read_header(data)
    assert (header.height, header.width) == expected.shape[:2]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
@pytest.mark.parametrize("name", ["gif", "png", "tga", "tiff", "webp", "ppm", "sgi"])
def test_other_modes_give_pillows_pixels(name, mode, pillow_photograph, save):
    pillow_name, options = LOSSLESS[name]
    try:
        data = save(pillow_photograph.convert(mode), pillow_name, **options)
    except (OSError, ValueError):
        pytest.skip("not a mode of this format")
    assert_array_equal(decode_image(data, color_mode="rgb"), read_with_pillow(data))


def test_photoshops_flat_picture_is_read():
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    head = b"8BPS\0\1" + bytes(6) + b"\0\3" + (5).to_bytes(4, "big") + (7).to_bytes(4, "big")
    data = head + b"\0\x08\0\3" + bytes(12) + b"\0\0" + np.moveaxis(pixels, 2, 0).tobytes()
    assert sniff_format(data) == "psd"
    assert_array_equal(decode_image(data), pixels)


@pytest.mark.parametrize("shape", [(37, 50), (37, 50, 3), (37, 50, 4)])
@pytest.mark.parametrize("interlaced", [False, True])
def test_16_bit_png_of_opencv_keeps_its_depth(shape, interlaced):
    values = np.random.default_rng(0).integers(0, 65536, shape, dtype=np.uint16)
    data = cv2.imencode(".png", values)[1].tobytes()
    expected = values if len(shape) == 2 else values[..., [2, 1, 0, 3][: shape[2]]]
    assert_array_equal(decode_image(data), expected)
    deep = tuple(read_header(data)[1:5])
    assert deep == (37, 50, 1 if len(shape) == 2 else shape[2], "uint16")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planes_apart_in_a_tiff_are_put_together(dtype, tile, compression):
    values = np.random.default_rng(0).random((3, 64, 48))
    planes = (values * (1 if dtype.startswith("f") else np.iinfo(dtype).max)).astype(dtype)
    buffer = BytesIO()
    tifffile.imwrite(
        buffer, planes, photometric="rgb", planarconfig="separate", tile=tile,
        compression=compression,
    )  # fmt: skip
    assert_array_equal(decode_image(buffer.getvalue()), np.moveaxis(planes, 0, -1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_premultiplied_alpha_is_undone(dtype):
    full = np.iinfo(dtype).max
    rng = np.random.default_rng(0)
    straight = rng.integers(0, full, (9, 7, 4), endpoint=True).astype(np.float64)
    straight[..., 3] = rng.integers(full // 2, full, (9, 7), endpoint=True)
    stored = straight.copy()
    stored[..., :3] *= straight[..., 3:] / full
    buffer = BytesIO()
    tifffile.imwrite(
        buffer, np.round(stored).astype(dtype), photometric="rgb", extrasamples=["assocalpha"]
    )
    decoded = decode_image(buffer.getvalue())
    assert decoded.dtype == dtype
    assert np.abs(decoded - straight).max() <= 3
    shown = decode_image(buffer.getvalue(), color_mode="rgb")
    assert np.abs(shown - read_with_pillow(buffer.getvalue()).astype(int)).mean() <= 1


@pytest.mark.parametrize("default_image", [False, True])
def test_an_animated_png_is_the_picture_that_other_programs_show(default_image):
    first, *others = (Image.new("RGB", (16, 12), color) for color in ("red", "blue", "green"))
    buffer = BytesIO()
    first.save(buffer, "PNG", save_all=True, append_images=others, default_image=default_image)
    assert_array_equal(decode_image(buffer.getvalue())[0, 0], [255, 0, 0])


@pytest.mark.parametrize("behind", [False, True])
def test_png_orientation_in_xmp_is_honoured(behind, pillow_photograph, save):
    info = PngImagePlugin.PngInfo()
    xmp = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    info.add_itxt("XML:com.adobe.xmp", xmp)
    data = save(pillow_photograph, "PNG", pnginfo=info)
    if behind:
        start, stop = data.index(b"iTXt") - 4, data.index(b"IDAT") - 4
        end = data.index(b"IEND") - 4
        data = data[:start] + data[stop:end] + data[start:stop] + data[end:]
    expected = np.rot90(np.array(pillow_photograph), -1)
    assert read_header(data).orientation == 6
    assert_array_equal(decode_image(data), expected)


def make_rle_bmp(indices, palette):
    """Write runs up to a multiple of four pixels, beyond the row's end, as ImageMagick does."""
    height, width = indices.shape
    padded = np.zeros((height, -(-width // 4) * 4), np.uint8)
    padded[:, :width] = indices
    rows = (b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in padded[::-1])
    pixels = b"".join(rows) + b"\0\1"
    colors = b"".join(bytes((b, g, r, 0)) for r, g, b in palette.tolist())
    fields = [40, width, height, 1 | 8 << 16, 1, len(pixels), 0, 0, 256, 0]
    head = b"".join(field.to_bytes(4, "little") for field in fields)
    offset = 54 + len(colors)
    return b"BM" + bytes(8) + offset.to_bytes(4, "little") + head + colors + pixels


@pytest.mark.parametrize("shape", [(33, 41), (48, 47), (32, 40)])
def test_runs_beyond_the_row_of_a_bmp_are_cut(shape):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (256, 3), dtype=np.uint8)
    indices = rng.integers(0, 256, shape, dtype=np.uint8)
    decoded = decode_image(make_rle_bmp(indices, palette), color_mode="rgb")
    assert_array_equal(decoded, palette[indices])


@pytest.mark.parametrize(("masks", "white"), [((), 0x7FFF), ((0xF800, 0x7E0, 0x1F), 0xFFFF)])
def test_white_in_a_16_bit_bmp_is_white(masks, white):
    pixels = white.to_bytes(2, "little") * 6 * 8
    fields = [40, 6, 8, 1 | 16 << 16, 3 if masks else 0, len(pixels), 0, 0, 0, 0, *masks]
    head = b"".join(field.to_bytes(4, "little") for field in fields)
    data = b"BM" + bytes(8) + (14 + len(head)).to_bytes(4, "little") + head + pixels
    assert (decode_image(data) == 255).all()


@pytest.mark.parametrize("place", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda"])
def test_stray_bytes_between_segments_of_a_jpeg_do_not_matter(place, pillow_photograph, save):
    data = save(pillow_photograph, "JPEG")
    at = data.index(place)
    stray = data[:at] + b"hello" + data[at:]
    assert_array_equal(decode_image(stray), decode_image(data))
    with pytest.raises(ValueError, match="JPEG"):
        decode_image(stray[: len(stray) // 2] + b"\xff\xd9")


def test_a_jpeg_is_read_to_opencvs_pixels(pillow_photograph, save):
    data = save(pillow_photograph, "JPEG")
    flat = np.frombuffer(data, np.uint8)
    assert_array_equal(decode_image(data), cv2.imdecode(flat, cv2.IMREAD_COLOR_RGB))
    for reduction, flag in ((2, 16), (4, 32), (8, 64)):
        size = (101 // reduction, 67 // reduction)
        least = cv2.imdecode(flat, flag | cv2.IMREAD_COLOR_RGB)
        assert least.shape[0] >= size[0]
        header = simplejpeg.decode_jpeg_header(
            data, min_height=least.shape[0], min_width=least.shape[1], min_factor=reduction
        )
        assert header[:2] == least.shape[:2]


def test_half_files_stay_errors_where_another_library_lets_pillow_take_them(
    monkeypatch, pillow_photograph, save
):
    data = save(pillow_photograph, "BMP")
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(ValueError, match="truncated BMP"):
        decode_image(data[: len(data) // 2])
    assert_array_equal(decode_image(data), np.array(pillow_photograph))
    assert ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7" + bytes(30), r"a PDF file; read are JPEG, PNG, .* and HEIC with the extra"),
        (bytes(128) + b"DICM" + bytes(9), "a DICOM file; .*; pass reader= to read it"),
        (b"plain text, no image", "starts with b'plain te'"),
    ],
)
def test_an_unknown_format_is_told_what_is_read(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode_image(data)


def test_heic_without_its_extra_names_it(pillow_photograph):
    buffer = BytesIO()
    pillow_heif.from_pillow(pillow_photograph).save(buffer)
    program = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from sklmerge.images import decode_image\n"
        "try: decode_image(sys.stdin.buffer.read())\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=buffer.getvalue(), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == 'HEIC needs pillow-heif: pip install "sklmerge[heif]"'


def test_libraries_write_nothing_to_stderr(pillow_photograph, save, capfd):
    """What libjpeg, libtiff, libpng, Pillow and tifffile complain of is in the reasons."""
    logging.getLogger("tifffile").propagate = False
    try:
        fax = bytearray(save(pillow_photograph.convert("1"), "TIFF", compression="group4"))
        fax[8:38] = bytes(range(30))
        values = np.random.default_rng(0).integers(0, 65536, (9, 7), dtype=np.uint16)
        deep = cv2.imencode(".png", values)[1].tobytes()
        jpeg = save(pillow_photograph, "JPEG")
        damaged = [jpeg[: len(jpeg) // 2] + b"\xff\xd9", bytes(fax), deep[:40], jpeg[:300]]
        damaged.append(save(pillow_photograph, "TIFF", compression="jpeg")[:-300])
        for data in damaged:
            with pytest.raises(ValueError, match=r"corrupt|truncated"):
                decode_image(data)
    finally:
        logging.getLogger("tifffile").propagate = True
    assert capfd.readouterr().err == ""
