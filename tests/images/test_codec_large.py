"""Large images: within the stated memory, and beyond the limits only where one raises them."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from sklmerge import config_context
from sklmerge.images import decode_image, encode_image

MEGA = 1_000_000
# Prints the bytes that a job adds to the process at its peak; counted anew since the process began.
MEASURED = """
import sys
from sklmerge import ImageIndex, balance_folder

def read_peak():
    with open("/proc/self/status") as file:
        return 1024 * int(file.read().partition("VmHWM:")[2].split()[0])

before = read_peak()
if sys.argv[1] == "balance":
    assert balance_folder(sys.argv[2], sys.argv[3], split=None, max_copies=1).n_files == 4
else:
    assert ImageIndex(sys.argv[2]).verify().ok
print(read_peak() - before)
"""


def write_sources(folder, height, width, channels, extension):
    """Write one large image of a class, and two small ones of another."""
    row = (np.arange(width) // 40 % 256).astype(np.uint8)
    image = np.broadcast_to(row[None, :, None], (height, width, channels))
    image = np.ascontiguousarray(image if channels == 3 else image[..., 0])
    quick = [cv2.IMWRITE_PNG_COMPRESSION, 1] if extension == ".png" else []
    for label in ("large", "small"):
        (folder / label).mkdir(parents=True)
    (folder / f"large/1{extension}").write_bytes(cv2.imencode(extension, image, quick)[1].tobytes())
    for number in range(2):
        small = encode_image(image[: 20 + number, :300], "png")
        (folder / f"small/{number}.png").write_bytes(small)


@pytest.mark.parametrize(
    ("job", "size", "channels", "extension", "bytes_a_pixel"),
    [
        ("balance", (10_000, 10_000), 1, ".png", 7),
        ("verify", (10_000, 10_000), 1, ".png", 4),
        # 100 megapixels in colour take four times as long to test.
        ("balance", (4_000, 6_250), 3, ".jpg", 20),
    ],
)
def test_a_large_image_takes_no_more_than_the_stated_memory(
    tmp_path, job, size, channels, extension, bytes_a_pixel
):
    write_sources(tmp_path / "photos", *size, channels, extension)
    command = [sys.executable, "-c", MEASURED, job, str(tmp_path / "photos"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    # What OpenCV and the threads take at first does not grow with the image.
    assert int(done.stdout) < bytes_a_pixel * size[0] * size[1] + 40 * MEGA


def test_a_tiff_beyond_pillows_own_limit_is_read_and_the_limit_is_left_as_it_was(monkeypatch):
    image = np.arange(35 * 52, dtype=np.uint8).reshape(35, 52)
    data = encode_image(image, "tiff")
    for limit in (5, 1000, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        np.testing.assert_array_equal(decode_image(data), image)
        assert limit == Image.MAX_IMAGE_PIXELS
    message = "35 x 52 pixels are more than max_pixels=1819"
    with config_context(max_pixels=1819), pytest.raises(ValueError, match=message):
        decode_image(data)
