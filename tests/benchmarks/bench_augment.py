"""Images a second of varying in memory, against Keras, albumentations and bare OpenCV, in one run.

Every contender varies the same photographs of 224 x 224 x 3 uint8 in one thread and on the same
OpenCV; contenders take turns, and the best of their turns counts. The last table is the peak memory
of fit_resample. Run: python tests/benchmarks/bench_augment.py
"""

import os
import subprocess
import sys
import time

import cv2
import numpy as np
from skimage.data import astronaut, chelsea, coffee

from sklmerge import ImageAugmenter, ImageScaler
from sklmerge.augment._affine import compose_affine

N_IMAGES = 64
N_ROUNDS = 7
GEOMETRY = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
}
COLORS = {"brightness_range": (0.8, 1.2), "contrast_range": (0.8, 1.2)}
WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def cut_photos(height, width):
    """Cut as many photographs as are measured, each from another place."""
    rng = np.random.default_rng(0)
    photos = []
    for number in range(N_IMAGES):
        photo = (astronaut(), coffee(), chelsea())[number % 3]
        top = rng.integers(photo.shape[0] - 200)
        left = rng.integers(photo.shape[1] - 200)
        patch = photo[top : top + 200, left : left + 200]
        photos.append(cv2.resize(patch, (width, height), interpolation=cv2.INTER_CUBIC))
    return np.stack(photos)


def compose_albumentations(*, colors=False, normalize=False, size=None):
    import albumentations

    steps = [] if size is None else [albumentations.Resize(*size)]
    steps += [
        albumentations.HorizontalFlip(p=0.5),
        albumentations.Affine(
            rotate=(-20, 20),
            translate_percent=(-0.2, 0.2),
            shear=(-10, 10),
            scale=(0.8, 1.2),
            border_mode=cv2.BORDER_REPLICATE,
            p=1,
        ),
    ]
    if colors:
        steps.append(albumentations.RandomBrightnessContrast(p=1))
    if normalize:
        steps.append(albumentations.Normalize())
    compose = albumentations.Compose(steps)
    return lambda photos: [compose(image=photo)["image"] for photo in photos]


def compose_keras(**options):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(**GEOMETRY, **options)
    return lambda photos: [
        generator.standardize(generator.random_transform(photo.astype(np.float32)))
        for photo in photos
    ]


def warp_bare(photos):
    """Do what the library does for geometry, without the library: conversions and one warp."""
    affine = compose_affine(ImageAugmenter(**GEOMETRY).draw_params(len(photos), 0), (224, 224))
    source = np.empty((*photos.shape[1:3], 4), np.uint8)
    target = np.empty((224, 224, 4), np.uint8)
    out = np.empty((len(photos), 224, 224, 3), np.uint8)
    for photo, matrix, place in zip(photos, affine, out, strict=True):
        cv2.cvtColor(photo, cv2.COLOR_RGB2RGBA, dst=source)
        cv2.warpAffine(source, matrix, (224, 224), target, WARP, cv2.BORDER_REPLICATE)
        cv2.cvtColor(target, cv2.COLOR_RGBA2RGB, dst=place)
    return out


def warp_straight(photos):
    """Warp three channels as they are."""
    affine = compose_affine(ImageAugmenter(**GEOMETRY).draw_params(len(photos), 0), (224, 224))
    return [
        cv2.warpAffine(photo, matrix, (224, 224), flags=WARP, borderMode=cv2.BORDER_REPLICATE)
        for photo, matrix in zip(photos, affine, strict=True)
    ]


def take_turns(contenders, photos):
    """Time every contender once a round; return each one's best images a second."""
    best = dict.fromkeys(contenders, 0.0)
    for turn in range(N_ROUNDS + 1):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender(photos)
            rate = len(photos) / (time.perf_counter() - start)
            # The first turn imports, compiles and warms up.
            best[name] = max(best[name], rate) if turn else 0.0
    return best


def print_rates(title, best):
    own = best["sklmerge"]
    print(f"\n{title}")
    for name, rate in best.items():
        print(f"  {name:28} {rate:8.0f} images/s   sklmerge is {own / rate:5.2f} times as fast")


def measure_memory(n_bytes):
    """Return peak memory of fit_resample over that of its input and output, in a fresh process."""
    code = f"""
import re, numpy as np
from sklmerge import AugmentingOverSampler
# getrusage would give the peak of the process that started this one.
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024
n = {n_bytes} // (224 * 224 * 3)
X = np.random.default_rng(0).integers(0, 256, (n, 224, 224, 3), np.uint8)
y = np.arange(n) % 10 == 0
AugmentingOverSampler("strong", random_state=0).fit_resample(X[:20], y[:20])
before = peak()
X_new, _ = AugmentingOverSampler("strong", random_state=0).fit_resample(X, y)
print(X.nbytes, X_new.nbytes, peak() - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    given, made, grown = map(int, run.stdout.split())
    return (given + grown) / (given + made)


def main():
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "NO_ALBUMENTATIONS_UPDATE": "1"}
    cv2.setNumThreads(1)
    photos, large = cut_photos(224, 224), cut_photos(375, 500)
    varied, colored = ImageAugmenter(**GEOMETRY), ImageAugmenter(**GEOMETRY, **COLORS)
    scaling = {"featurewise_center": True, "featurewise_std_normalization": True}
    scaler = ImageScaler(rescale=1 / 255, **scaling).fit(photos)
    resizer = ImageScaler(rescale=1 / 255, image_size=(224, 224), **scaling).fit(photos)
    print(f"OpenCV {cv2.__version__}, one thread, best of {N_ROUNDS} turns of {N_IMAGES} images")
    print_rates(
        "geometry: flip, rotation, shift, shear, zoom",
        take_turns(
            {
                "sklmerge": varied.augment,
                "bare loop, four lanes": warp_bare,
                "bare loop, three channels": warp_straight,
                "albumentations": compose_albumentations(),
                "Keras ImageDataGenerator": compose_keras(),
            },
            photos,
        ),
    )
    print_rates(
        "geometry, brightness, contrast, normalisation to float32",
        take_turns(
            {
                "sklmerge": lambda photos: colored.augment(photos, scaler=scaler),
                "albumentations": compose_albumentations(colors=True, normalize=True),
                "Keras (no contrast)": compose_keras(rescale=1 / 255, brightness_range=(0.8, 1.2)),
            },
            photos,
        ),
    )
    print_rates(
        "the same from 375 x 500, resized to 224 x 224",
        take_turns(
            {
                "sklmerge": lambda photos: colored.augment(photos, scaler=resizer),
                "albumentations": compose_albumentations(
                    colors=True, normalize=True, size=(224, 224)
                ),
            },
            large,
        ),
    )
    ratio = measure_memory(300_000_000)
    print(f"\nfit_resample: peak memory is {ratio:.3f} times that of input and output")


if __name__ == "__main__":
    main()
