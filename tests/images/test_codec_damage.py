"""What cannot be decoded is a ValueError with a reason: nothing else, and no half-grey image."""

import io
import re
import subprocess
import sys
import threading
import time
import warnings
import zlib

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge import config_context
from sklmerge.images import decode_image, encode_image, read_header

SMALL = np.ascontiguousarray(skimage.data.astronaut()[100:123, 180:197])
WHOLE_FILES = {
    name: encode_image(image, name)
    for name in ("jpeg", "png", "bmp", "tiff", "webp")
    for image in (SMALL,)
} | {"tiff16": encode_image(SMALL.astype(np.uint16) * 257, "tiff")}


@pytest.mark.parametrize("kind", WHOLE_FILES)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_an_error(kind, kept):
    data = WHOLE_FILES[kind]
    with pytest.raises(ValueError, match=r"truncated|corrupt|no pixels"):
        decode_image(data[: int(len(data) * kept)])


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_file_without_its_last_bytes_is_called_truncated(kind):
    with pytest.raises(ValueError, match=r"^truncated (JPEG|PNG|WebP)$"):
        decode_image(WHOLE_FILES[kind][:-5])


def test_truncated_jpeg_is_found_behind_its_whole_thumbnail(photograph, save):
    thumbnail = encode_image(SMALL, "jpeg")
    data = encode_image(photograph, "jpeg")
    block = b"\xff\xe1" + (2 + len(thumbnail)).to_bytes(2, "big") + thumbnail
    data = data[:2] + block + data[2:]
    assert decode_image(data).shape == photograph.shape
    with pytest.raises(ValueError, match="truncated JPEG"):
        decode_image(data[:-30])


def test_what_follows_the_end_of_a_jpeg_does_not_matter(photograph):
    data = encode_image(photograph, "jpeg")
    # Phones append a video, in which the marker of a scan occurs by chance.
    assert_array_equal(decode_image(data + b"\xff\xda" + bytes(100)), decode_image(data))


def test_png_with_one_wrong_bit_is_an_error():
    data = bytearray(WHOLE_FILES["png"])
    data[len(data) // 2] ^= 1
    with pytest.raises(ValueError, match="corrupt PNG: checksum of chunk 'IDAT'"):
        decode_image(bytes(data))


def test_compressed_tiff_with_damaged_strip_is_an_error(photograph, save):
    data = bytearray(save(Image.fromarray(photograph), "TIFF", compression="tiff_lzw"))
    data[len(data) // 2 : len(data) // 2 + 8] = b"\xff" * 8
    with pytest.raises(ValueError, match=r"corrupt TIFF: .*code not yet in table"):
        decode_image(bytes(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"GIF89a" + bytes(30), "truncated GIF"),
        (b"BMW drivers keep their distance.", "starts with b'BMW driv'"),
        (b"\xff\xd8\xff", "truncated JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x02junk", "truncated JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "corrupt PNG: it does not begin with its header chunk"),
        (b"RIFF\x20\0\0\0WEBPJUNK" + bytes(20), "truncated WebP"),
        (b"II*\0\xff\xff\xff\xff", "truncated TIFF"),
        (b"MM\0+\0\x08\0\0" + b"\xff" * 8, "truncated TIFF"),
    ],
)
def test_reason_says_what_is_wrong(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode_image(data)


def test_reason_is_the_damage_of_the_pixels_not_a_flaw_beside_it():
    data = WHOLE_FILES["jpeg"]
    scan = data.index(b"\xff\xda")
    # The last three bytes of a scan's header say nothing in a sequential JPEG.
    end = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    flawed = data[: end - 3] + b"\1\2\3" + data[end:]
    assert_array_equal(decode_image(flawed), decode_image(data))
    with pytest.raises(ValueError, match="corrupt JPEG: premature end of data segment"):
        decode_image(flawed[: (end + len(data)) // 2] + b"\xff\xd9")


def test_deep_jpeg_is_refused(photograph):
    data = bytearray(encode_image(photograph, "jpeg"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ValueError, match="JPEG of 12 bits a sample is not supported"):
        decode_image(bytes(data))


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "tiff", "webp"])
def test_too_many_pixels_are_refused_from_the_header_alone(kind):
    n_pixels = SMALL.shape[0] * SMALL.shape[1]
    with config_context(max_pixels=n_pixels):
        assert decode_image(WHOLE_FILES[kind]).shape == SMALL.shape
    message = f"23 x 17 pixels are more than max_pixels={n_pixels - 1}"
    with config_context(max_pixels=n_pixels - 1), pytest.raises(ValueError, match=message):
        decode_image(WHOLE_FILES[kind])


def test_decompression_bomb_is_refused_by_default():
    data = bytearray(WHOLE_FILES["png"])
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(ValueError, match="60000 x 60000 pixels are more than max_pixels=200000000"):
        decode_image(bytes(data))


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(WHOLE_FILES)), mode=st.sampled_from(["keep", "rgb"]), data=st.data()
)
def test_any_damage_gives_an_image_or_a_value_error(kind, mode, data):
    damaged = bytearray(WHOLE_FILES[kind])
    position = st.one_of(st.integers(0, 120), st.integers(0, len(damaged) - 1))
    flips = st.lists(st.tuples(position, st.integers(0, 255)), max_size=6)
    for place, value in data.draw(flips):
        damaged[place] = value
    damaged = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        with config_context(max_pixels=10**5):
            image = decode_image(damaged, color_mode=mode)
    except ValueError:
        return
    header = read_header(damaged)
    assert image.shape[:2] == (header.height, header.width)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8\xff", b"II*\0", b"BM", b"RIFF"]))
def test_any_bytes_give_a_value_error(noise, start):
    with pytest.raises(ValueError, match=re.compile(r".+")):
        decode_image(start + noise)


def test_opencv_is_quiet_about_bad_files_and_then_as_loud_as_before():
    level = cv2.utils.logging.getLogLevel()
    program = (
        "import sys; from sklmerge.images import decode_image\n"
        "data = sys.stdin.buffer.read()\n"
        "try: decode_image(data)\n"
        "except ValueError as error: print(error)\n"
    )
    broken = bytearray(WHOLE_FILES["webp"])
    broken[20:60] = bytes(40)
    done = subprocess.run(
        [sys.executable, "-c", program], input=bytes(broken), capture_output=True, check=True
    )
    assert done.stdout
    assert done.stderr == b""
    assert cv2.utils.logging.getLogLevel() == level


def test_decoding_leaves_the_filters_of_warnings_to_their_owner():
    buffer = io.BytesIO()
    Image.fromarray(SMALL).save(buffer, "GIF")
    data = buffer.getvalue()
    before = list(warnings.filters)
    stop = threading.Event()

    def decode():
        while not stop.is_set():
            decode_image(data)

    threads = [threading.Thread(target=decode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ImportWarning)
            # What others set while files are decoded is there until they take it back.
            time.sleep(0.0003)
            assert ("error", None, ImportWarning, None, 0) in warnings.filters
    warnings.filterwarnings("ignore", "set while files are decoded")
    stop.set()
    for thread in threads:
        thread.join()
    decode_image(data)
    added, *rest = warnings.filters
    warnings.filters.remove(added)
    assert added[1].pattern == "set while files are decoded"
    assert rest == before
