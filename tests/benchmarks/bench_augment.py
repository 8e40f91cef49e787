"""Augmenting in memory in one thread, compared with Keras, albumentations and bare OpenCV.

Every program except Keras' layers augments the same uint8 photographs of 224 x 224 x 3 into new
arrays. The geometric changes are a flip, a rotation, shifts, a shear and a zoom. The bare OpenCV
loop does by hand what sklmerge does: it copies three channels into an image with four, adds margins
and calls `cv2.warpAffine`. Keras' generator takes float images one by one, as its `flow` does.
Keras' layers get random float32 pixels, in a separate process for each backend. The gain from a
second thread is the speed of two threads divided by that of one, for sklmerge and for bare
`warpAffine`.
"""

import os
import subprocess
import sys
import threading

import cv2
import numpy as np
from measuring import Line, compare, main, take_turns
from photographs import GEOMETRY, compose_albumentations, cut_photographs, make_keras_generator

from sklmerge import ImageAugmenter, ImageScaler

COLORS = {"brightness_range": (0.8, 1.2), "contrast_range": (0.8, 1.2)}
WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
SIZE = (224, 224)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def apply_albumentations(**options):
    compose = compose_albumentations(**options)
    return lambda photos: [compose(image=photo)["image"] for photo in photos]


def apply_keras(**options):
    generator = make_keras_generator(**GEOMETRY, **options)
    return lambda photos: [
        generator.standardize(generator.random_transform(photo.astype(np.float32)))
        for photo in photos
    ]


def draw_matrices(n, size, seed=0):
    """Draw matrices of the geometry, from pixels of the output to those of the source."""
    rng = np.random.default_rng(seed)
    height, width = size
    centre = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    matrices = []
    for angle, shear, across, down, zoom_x, zoom_y, flip in rng.uniform(-1, 1, (n, 7)):
        cos, sin = np.cos(np.radians(20 * angle)), np.sin(np.radians(20 * angle))
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        lean = np.array([[1, np.tan(np.radians(10 * shear)), 0], [0, 1, 0], [0, 0, 1]])
        scale = np.diag([(1 + 0.2 * zoom_x) * (1 if flip > 0 else -1), 1 + 0.2 * zoom_y, 1])
        move = np.array([[1, 0, 0.2 * width * across], [0, 1, 0.2 * height * down], [0, 0, 1]])
        matrices.append((centre @ move @ turn @ lean @ scale @ np.linalg.inv(centre))[:2])
    return np.array(matrices)


def measure_margins(matrices, size):
    """Measure what each matrix reads beyond the image: above, below, left and right."""
    height, width = size
    corners = np.array(
        [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]
    )
    x, y = np.moveaxis(matrices @ corners.T, 1, 0)
    sides = (-y.min(1), y.max(1) - height + 1, -x.min(1), x.max(1) - width + 1)
    return np.ceil(np.clip(np.stack(sides, 1), 0, None)).astype(int) + 1


def warp_bare(photos, matrices, margins):
    """Warp by OpenCV's calls alone, into a new array."""
    height, width = photos.shape[1:3]
    top, bottom, left, right = margins.max(axis=0)
    padded = np.empty((top + height + bottom, left + width + right, 4), np.uint8)
    inner = padded[top : top + height, left : left + width]
    target = np.empty((height, width, 4), np.uint8)
    out = np.empty_like(photos)
    for photo, matrix, (up, down, near, far), place in zip(
        photos, matrices, margins.tolist(), out, strict=True
    ):
        cv2.cvtColor(photo, cv2.COLOR_RGB2RGBA, dst=inner)
        view = padded[top - up : top + height + down, left - near : left + width + far]
        cv2.copyMakeBorder(inner, up, down, near, far, cv2.BORDER_REPLICATE, dst=view)
        cv2.warpAffine(view, matrix, (width, height), target, WARP, cv2.BORDER_REPLICATE)
        cv2.cvtColor(target, cv2.COLOR_RGBA2RGB, dst=place)
    return out


def prepare_bare(photos):
    """Return a bare loop over these photographs' sizes, with its matrices ready."""
    size = photos.shape[1:3]
    matrices = draw_matrices(len(photos), size)
    margins = measure_margins(matrices, size)
    matrices[:, :, 2] += margins[:, [2, 0]]
    return lambda: warp_bare(photos, matrices, margins)


def measure_geometry(photos, rounds):
    augmenter = ImageAugmenter(**GEOMETRY)
    albumentations, keras = apply_albumentations(), apply_keras()
    yield from compare(
        "geometry",
        {
            "ours": lambda: augmenter.augment(photos, 0),
            "bare loop of OpenCV": prepare_bare(photos),
            "albumentations": lambda: albumentations(photos),
            "ImageDataGenerator": lambda: keras(photos),
        },
        rounds=rounds,
        n=len(photos),
        unit="images",
    )


def measure_line(photos, rounds):
    """Yield the whole line: geometry, brightness, contrast and normalisation to float32.

    The bare loop warps, takes the mean that contrast needs, and looks up one table for the rest.
    """
    augmenter = ImageAugmenter(**GEOMETRY, **COLORS)
    scaling = {"featurewise_center": True, "featurewise_std_normalization": True}
    scaler = ImageScaler(rescale=1 / 255, **scaling).fit(photos)
    albumentations = apply_albumentations(colors=True, mean=MEAN, std=STD)
    keras = apply_keras(rescale=1 / 255, brightness_range=(0.8, 1.2))
    warp, table = prepare_bare(photos), np.linspace(-2, 2, 768, dtype=np.float32)

    def finish_bare():
        out = np.empty(photos.shape, np.float32)
        for photo, place in zip(warp(), out, strict=True):
            cv2.mean(photo)
            cv2.LUT(photo, table.reshape(1, 256, 3), dst=place)
        return out

    yield from compare(
        "geometry, colours and normalising",
        {
            "ours": lambda: augmenter.augment(photos, 0, scaler=scaler),
            "bare loop of OpenCV": finish_bare,
            "albumentations": lambda: albumentations(photos),
            "ImageDataGenerator": lambda: keras(photos),
        },
        rounds=rounds,
        n=len(photos),
        unit="images",
    )


def measure_resizing(photos, rounds):
    augmenter = ImageAugmenter(**GEOMETRY, **COLORS)
    scaling = {"featurewise_center": True, "featurewise_std_normalization": True}
    scaler = ImageScaler(rescale=1 / 255, image_size=SIZE, **scaling).fit(photos)
    albumentations = apply_albumentations(size=SIZE, colors=True, mean=MEAN, std=STD)
    yield from compare(
        "the same from 375 x 500",
        {
            "ours": lambda: augmenter.augment(photos, 0, scaler=scaler),
            "albumentations": lambda: albumentations(photos),
        },
        rounds=rounds,
        n=len(photos),
        unit="images",
    )


def measure_colors(photos, rounds):
    """Yield brightness with contrast, and channel shift, beside OpenCV's one call for each."""
    toned = ImageAugmenter(**COLORS)
    shifted = ImageAugmenter(channel_shift_range=20)
    table = np.random.default_rng(0).integers(0, 256, (1, 256, 3), np.uint8)
    yield from compare(
        "brightness and contrast",
        {
            "ours": lambda: toned.augment(photos, 0),
            "cv2.convertScaleAbs": lambda: [
                cv2.convertScaleAbs(photo, alpha=1.1, beta=-3) for photo in photos
            ],
        },
        rounds=rounds,
        n=len(photos),
        unit="images",
    )
    yield from compare(
        "channel shift",
        {
            "ours": lambda: shifted.augment(photos, 0),
            "cv2.LUT": lambda: [cv2.LUT(photo, table) for photo in photos],
        },
        rounds=rounds,
        n=len(photos),
        unit="images",
    )


def measure_small_batches(rounds):
    """Yield what a batch costs besides its pixels: 8 images of 32 x 32."""
    photos = cut_photographs(8, 32, 32)
    augmenter = ImageAugmenter(**GEOMETRY)
    bare = prepare_bare(photos)
    jobs = {
        "ours": lambda: [augmenter.augment(photos, seed) for seed in range(50)],
        "bare loop of OpenCV": lambda: [bare() for _ in range(50)],
    }
    yield from compare("batches of 8 at 32 x 32", jobs, rounds=rounds, n=400, unit="images")


def measure_threads(photos, rounds):
    """Yield how many times as fast two threads are as one, beside bare `warpAffine`."""
    photos = np.concatenate([photos] * 4)
    lanes = np.concatenate([photos, photos[..., :1]], axis=-1)
    out, lanes_out = np.empty_like(photos), np.empty_like(lanes)
    matrices = draw_matrices(len(photos), SIZE)
    augmenters = [ImageAugmenter(**GEOMETRY, n_jobs=n_jobs) for n_jobs in (1, 2)]
    params = augmenters[0].draw_params(len(photos), 0)

    def warp(part):
        for photo, matrix, place in zip(lanes[part], matrices[part], lanes_out[part], strict=True):
            cv2.warpAffine(photo, matrix, SIZE, place, WARP, cv2.BORDER_REPLICATE)

    def warp_in_two():
        half = len(photos) // 2
        parts = (slice(0, half), slice(half, len(photos)))
        threads = [threading.Thread(target=warp, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    best = take_turns(
        {
            "one": lambda: augmenters[0].apply(photos, params, out=out),
            "two": lambda: augmenters[1].apply(photos, params, out=out),
            "bare one": lambda: warp(slice(None)),
            "bare two": warp_in_two,
        },
        rounds,
    )
    own, bare = best["one"] / best["two"], best["bare one"] / best["bare two"]
    yield Line("gain of a second thread vs bare warpAffine's", own, bare, "times one thread")


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
call = lambda images: layers(images, training=True)
if keras.backend.backend() == "tensorflow":
    call = tf.function(call)
    batch = tf.constant(batch)
elif keras.backend.backend() == "torch":
    import torch
    torch.set_num_threads(1)
best = 0
for turn in range(4):
    start = time.perf_counter()
    np.asarray(keras.ops.convert_to_numpy(call(batch)))
    best = max(best, 32 / (time.perf_counter() - start))
print(best)
"""


def measure_keras_layers(photos):
    augmenter = ImageAugmenter(**GEOMETRY)
    ours = len(photos) / take_turns({0: lambda: augmenter.augment(photos, 0)}, 5)[0]
    for backend in ("tensorflow", "torch", "jax"):
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": flags}
        command = [sys.executable, "-c", KERAS_LAYERS]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        rate = float(run.stdout.split()[-1])
        yield Line(f"geometry vs Keras' layers on {backend}", ours, rate, "images/s")


MEMORY = """
import re, numpy as np
from sklmerge import AugmentingOverSampler
# getrusage would give the peak of the process that started this one.
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024
n = 300_000_000 // (224 * 224 * 3)
X = np.random.default_rng(0).integers(0, 256, (n, 224, 224, 3), np.uint8)
y = np.arange(n) % 10 == 0
AugmentingOverSampler("strong", random_state=0).fit_resample(X[:20], y[:20])
before = peak()
X_new, _ = AugmentingOverSampler("strong", random_state=0).fit_resample(X, y)
print(X.nbytes, X_new.nbytes, peak() - before)
"""


def measure_memory():
    command = [sys.executable, "-c", MEMORY]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    given, made, grown = (int(number) / 1e6 for number in run.stdout.split())
    yield Line("peak of fit_resample vs input and output", given + grown, given + made, "MB")


def measure(short):
    cv2.setNumThreads(1)
    n, rounds = (32, 3) if short else (64, 7)
    photos, large = cut_photographs(n, *SIZE), cut_photographs(n, 375, 500)
    yield from measure_geometry(photos, rounds)
    yield from measure_line(photos, rounds)
    yield from measure_resizing(large, rounds)
    yield from measure_colors(photos, rounds)
    yield from measure_small_batches(5 * rounds)
    yield from measure_threads(photos, rounds)
    if not short:
        yield from measure_keras_layers(photos)
        yield from measure_memory()


if __name__ == "__main__":
    main(measure)
