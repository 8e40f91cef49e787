"""Preparing images without augmenting them, compared with a bare call for the same arithmetic.

Images are 224 x 224 x 3. The bare call for rescaling, and for means and standard deviations per
channel, is one `cv2.transform` per image.
"""

import cv2
import numpy as np
from measuring import compare, main
from photographs import cut_photographs

from sklmerge import ImageScaler

FEATUREWISE = {"featurewise_center": True, "featurewise_std_normalization": True}
SAMPLEWISE = {"samplewise_center": True, "samplewise_std_normalization": True}
KINDS = {
    "float32, featurewise": (np.float32, FEATUREWISE),
    "float32, rescale": (np.float32, {"rescale": 1 / 255}),
    "uint8, featurewise": (np.uint8, FEATUREWISE),
    "uint8, rescale": (np.uint8, {"rescale": 1 / 255}),
}


def transform_bare(images):
    """Return the bare call for these images, with its matrix ready."""
    matrix = np.array([[3.9, 0, 0, -1.8], [0, 3.9, 0, -1.8], [0, 0, 3.9, -1.8]])
    out = np.empty(images.shape, np.float32)

    def transform():
        for image, place in zip(images, out, strict=True):
            cv2.transform(
                image if image.dtype == np.float32 else image.astype(np.float32), matrix, place
            )

    return transform


def scale_by_sample(images):
    out = np.empty(images.shape, np.float32)
    for image, place in zip(images, out, strict=True):
        mean, std = image.mean(dtype=np.float64), image.std(dtype=np.float64)
        np.multiply(image, 1 / std, out=place)
        place -= mean / std
    return out


def measure(short):
    cv2.setNumThreads(1)
    photos = cut_photographs(24 if short else 64, 224, 224)
    rounds = 4 if short else 9
    for name, (dtype, options) in KINDS.items():
        images = photos.astype(dtype)
        scaler = ImageScaler(**options).fit(images)
        jobs = {
            "ours": lambda images=images, scaler=scaler: scaler.transform(images),
            "cv2.transform": transform_bare(images),
        }
        yield from compare(name, jobs, rounds=rounds, n=len(images), unit="images")
    scaler = ImageScaler(**SAMPLEWISE).fit(photos)
    own = ImageScaler(preprocessing_function=lambda image: image / 255).fit(photos)
    jobs = {"ours": lambda: scaler.transform(photos), "NumPy": lambda: scale_by_sample(photos)}
    yield from compare("uint8, samplewise", jobs, rounds=rounds, n=len(photos), unit="images")
    jobs = {
        "ours": lambda: own.transform(photos),
        "a bare loop of it": lambda: [(image / 255).astype(np.float32) for image in photos],
    }
    yield from compare("preprocessing_function", jobs, rounds=rounds, n=len(photos), unit="images")


if __name__ == "__main__":
    main(measure)
