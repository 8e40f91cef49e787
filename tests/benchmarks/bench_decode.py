"""Decoding one file in memory, compared with other libraries; and reading a folder.

JPEG and PNG photographs of 375 x 500 are decoded to RGB in one thread. Pillow's time includes the
conversion to an array. When a folder is read, every image is also augmented; the loop that it is
compared with calls `cv2.imdecode` and `cv2.warpAffine`.
"""

import io
import tempfile
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from measuring import compare, main
from photographs import encode_photographs, write_folder

from sklmerge import EpochSchedule, ImageAugmenter, ImageBatches, ImageIndex
from sklmerge.images import decode_image


def decode_opencv(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


def decode_pillow(content):
    return np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB"))


def feed_folder(short):
    """Compare batches from a folder with decoding and warping its files in a bare loop."""
    n, size = (96 if short else 384), 32
    with tempfile.TemporaryDirectory() as home:
        write_folder(Path(home), {"cat": n // 2, "dog": n // 2}, 24)
        index = ImageIndex(Path(home, "classes"))
        batches = ImageBatches(
            index,
            schedule=EpochSchedule("natural", augment="all", random_state=0),
            augmenter=ImageAugmenter(rotation_range=20, zoom_range=0.2),
            batch_size=size,
            cache_bytes=0,
            n_jobs=1,
        )
        matrix = cv2.getRotationMatrix2D((250, 187), 12, 1.1)

        def loop():
            batch = np.empty((size, 375, 500, 3), np.uint8)
            for number, path in enumerate(index.paths):
                with open(path, "rb") as file:
                    image = decode_opencv(file.read())
                cv2.warpAffine(
                    image, matrix, (500, 375), batch[number % size], borderMode=cv2.BORDER_REPLICATE
                )

        jobs = {"ours": lambda: list(map(len, batches)), "decoding and warping": loop}
        yield from compare("folder to batch", jobs, rounds=3, n=n, unit="images")


def measure(short):
    cv2.setNumThreads(1)
    yield from feed_folder(short)
    for extension in (".jpg", ".png"):
        files = encode_photographs(24 if short else 96, 375, 500, extension)
        decoders = {"ours": decode_image, "OpenCV": decode_opencv, "Pillow": decode_pillow}
        jobs = {
            name: lambda decode=decode, files=files: [decode(content) for content in files]
            for name, decode in decoders.items()
        }
        name = f"decode {extension.removeprefix('.').upper()}"
        yield from compare(name, jobs, rounds=3 if short else 9, n=len(files), unit="images")


if __name__ == "__main__":
    main(measure)
