"""Decoding one file in memory, beside the libraries that can.

JPEG and PNG photographs of 375 x 500, to RGB, in one thread. Pillow's figure includes the array.
"""

import io

import cv2
import numpy as np
import PIL.Image
from measuring import compare, main
from photographs import encode_photographs

from sklmerge.images import decode_image


def decode_opencv(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


def decode_pillow(content):
    return np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB"))


def measure(short):
    cv2.setNumThreads(1)
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
