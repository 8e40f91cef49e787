"""Images a second of varying in memory, against Keras, albumentations and bare OpenCV, in one run.

Every contender varies the same photographs of 224 x 224 x 3 uint8 in one thread and on the same
OpenCV; contenders take turns, and the best of their turns counts. Those that fill a batch fill the
same one again and again, as a training loop does; the others return lists of images, whose memory
the system hands out again just so. Keras' layers run in processes of their own, one after another.
Run: python tests/benchmarks/bench_augment.py
"""

import importlib.util
import os
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
from skimage.data import astronaut, chelsea, coffee

from sklmerge import ImageAugmenter, ImageScaler
from sklmerge.augment._affine import compose_affine, measure_margins

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


def warp_bare(photos, out):
    """Do what the library does for geometry, without the library: its OpenCV calls alone."""
    size = photos.shape[1:3]
    height, width = size
    affine = compose_affine(ImageAugmenter(**GEOMETRY).draw_params(len(photos), 0), size)
    margins = measure_margins(affine, size, size)
    affine[:, :, 2] += margins[:, [2, 0]]
    top, bottom, left, right = margins.max(axis=0)
    padded = np.empty((top + height + bottom, left + width + right, 4), np.uint8)
    inner = padded[top : top + height, left : left + width]
    target = np.empty((height, width, 4), np.uint8)
    for photo, matrix, (up, down, near, far), place in zip(
        photos, affine, margins.tolist(), out, strict=True
    ):
        cv2.cvtColor(photo, cv2.COLOR_RGB2RGBA, dst=inner)
        view = padded[top - up : top + height + down, left - near : left + width + far]
        cv2.copyMakeBorder(inner, up, down, near, far, cv2.BORDER_REPLICATE, dst=view)
        cv2.warpAffine(view, matrix, (width, height), target, WARP, cv2.BORDER_REPLICATE)
        cv2.cvtColor(target, cv2.COLOR_RGBA2RGB, dst=place)


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
            # Whoever came before has left its own images in the caches.
            contender(photos)
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


def run_in_two(work, photos, out):
    """Run a loop over images in two threads of its own, half of the images each."""
    half = len(photos) // 2
    parts = (slice(0, half), slice(half, len(photos)))
    threads = [threading.Thread(target=work, args=(photos[part], out[part])) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def warp_lanes(photos, out):
    """Warp images that have four channels already: nothing but warpAffine."""
    affine = compose_affine(ImageAugmenter(**GEOMETRY).draw_params(len(photos), 0), (224, 224))
    for photo, matrix, place in zip(photos, affine, out, strict=True):
        cv2.warpAffine(photo, matrix, (224, 224), place, WARP, cv2.BORDER_REPLICATE)


def print_scaling(photos):
    """Print how many times as fast two threads are as one, here and with bare OpenCV."""
    photos = np.concatenate([photos] * 8)
    lanes = np.concatenate([photos, photos[..., :1]], axis=-1)
    out, lanes_out = np.empty_like(photos), np.empty_like(lanes)
    augmenters = [ImageAugmenter(**GEOMETRY, n_jobs=n_jobs) for n_jobs in (1, 2)]
    params = augmenters[0].draw_params(len(photos), 0)
    best = take_turns(
        {
            "one": lambda photos: augmenters[0].apply(photos, params, out=out),
            "two": lambda photos: augmenters[1].apply(photos, params, out=out),
            "bare one": lambda photos: warp_lanes(lanes, lanes_out),
            "bare two": lambda photos: run_in_two(warp_lanes, lanes, lanes_out),
        },
        photos,
    )
    own, bare = best["two"] / best["one"], best["bare two"] / best["bare one"]
    print(f"\ntwo threads, {len(photos)} images: sklmerge scales {own:.2f} times, bare warpAffine ")
    print(f"  {bare:.2f} times; the ratio of both is {own / bare:.2f}")


KERAS_LAYERS = """
import os, time
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
import keras, numpy as np
layers = keras.Sequential([
    keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(20 / 360),
    keras.layers.RandomTranslation(0.2, 0.2), keras.layers.RandomShear(0.17, 0.17),
    keras.layers.RandomZoom(0.2, 0.2)])
batch = np.random.default_rng(0).integers(0, 256, (32, 224, 224, 3)).astype("float32")
if keras.backend.backend() == "tensorflow":
    call = tf.function(lambda images: layers(images, training=True))
    batch = tf.constant(batch)
elif keras.backend.backend() == "torch":
    import torch
    torch.set_num_threads(1)
    call = lambda images: layers(images, training=True)
else:
    call = lambda images: layers(images, training=True)
best = 0
for turn in range(5):
    start = time.perf_counter()
    np.asarray(keras.ops.convert_to_numpy(call(batch)))
    best = max(best, 32 / (time.perf_counter() - start))
print(best)
"""


def print_keras_layers(own):
    """Print the rate of Keras' preprocessing layers on each backend that is installed."""
    print(f"\nKeras preprocessing layers, one thread, against {own:.0f} images/s of sklmerge")
    for backend, module in (("tensorflow", "tensorflow"), ("torch", "torch"), ("jax", "jax")):
        if importlib.util.find_spec(module) is None:
            print(f"  {backend:28} is not installed")
            continue
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": flags}
        run = subprocess.run(
            [sys.executable, "-c", KERAS_LAYERS],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        rate = float(run.stdout.split()[-1])
        print(f"  {backend:28} {rate:8.0f} images/s   sklmerge is {own / rate:5.1f} times as fast")


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

    def vary(augmenter, scaler=None):
        # Like the others, into new arrays.
        return lambda photos: augmenter.augment(photos, 0, scaler=scaler)

    geometry = take_turns(
        {
            "sklmerge": vary(varied),
            "bare loop of the same calls": lambda photos: warp_bare(photos, np.empty_like(photos)),
            "bare loop, three channels": warp_straight,
            "albumentations": compose_albumentations(),
            "Keras ImageDataGenerator": compose_keras(),
        },
        photos,
    )
    print_rates("geometry: flip, rotation, shift, shear, zoom", geometry)
    print_rates(
        "geometry, brightness, contrast, normalisation to float32",
        take_turns(
            {
                "sklmerge": vary(colored, scaler),
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
                "sklmerge": vary(colored, resizer),
                "albumentations": compose_albumentations(
                    colors=True, normalize=True, size=(224, 224)
                ),
            },
            large,
        ),
    )
    print_keras_layers(geometry["sklmerge"])
    print_scaling(photos)
    ratio = measure_memory(300_000_000)
    print(f"\nfit_resample: peak memory is {ratio:.3f} times that of input and output")


if __name__ == "__main__":
    main()
