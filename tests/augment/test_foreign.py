"""Transforms of other libraries: the same images from any thread, and no state is touched."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import albumentations
import cv2
import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklmerge import as_augmenter

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 16, 21, 3), np.uint8)


class Noise(torch.nn.Module):
    """Draws by every road that torch has, and keeps what it drew, as kornia's modules do."""

    def forward(self, image):
        self.shift = torch.rand(1) + torch.randint(5, (1,)) + torch.randperm(7)[0]
        noise = torch.empty(image.shape).normal_() + torch.randn_like(image.float())
        share = torch.distributions.Beta(2.0, 3.0).sample()
        kept = torch.nn.functional.dropout(image.float(), 0.3, training=True)
        return (kept * share + noise + self.shift).clamp(0, 255).to(torch.uint8)


class Uncopyable(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def forward(self, image):
        shift = torch.randint(0, 9, (1,), dtype=torch.uint8)
        return image // 2 + shift + torch.randint(0, 9, (1,), dtype=torch.uint8)


TRANSFORMS = {
    "albumentations": albumentations.Compose(
        [albumentations.Affine(rotate=(-45, 45), p=1), albumentations.GaussNoise(p=1)]
    ),
    "nested albumentations": albumentations.Compose(
        [albumentations.OneOf([albumentations.GaussNoise(p=1), albumentations.Affine(p=1)], p=1)]
    ),
    "torch": Noise(),
    "torch in torch": torch.nn.Sequential(Noise(), torch.nn.Sequential(Noise())),
    "torch that cannot be copied": Uncopyable(),
    "keras": keras.layers.RandomRotation(0.1),
    "keras in keras": keras.Sequential(
        [keras.layers.RandomFlip(), keras.Sequential([keras.layers.RandomTranslation(0.1, 0.1)])]
    ),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_any_number_of_threads_gives_the_same_images(transform):
    augmenter = as_augmenter(transform)
    params = augmenter.draw_params(24, 3)
    expected = augmenter.apply(IMAGES, params)
    rows = [np.array([row]) for row in range(24)]

    def apply_one(row):
        return augmenter.apply(IMAGES, params.take(row), indices=row)[0]

    with ThreadPoolExecutor(4) as pool:
        assert_array_equal(list(pool.map(apply_one, rows)), expected)
    assert len(np.unique(expected.reshape(24, -1), axis=0)) == 24


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_the_random_states_of_the_training_loop_are_not_touched_even_meanwhile(transform):
    augmenter = as_augmenter(transform)
    params = augmenter.draw_params(24, 3)
    stop = threading.Event()

    def keep_augmenting():
        while not stop.is_set():
            augmenter.apply(IMAGES[:4], params.take(slice(4)))

    def draw():
        torch.manual_seed(5)
        np.random.seed(5)  # noqa: NPY002 - the state of a training loop
        random.seed(5)
        drop = torch.nn.Dropout(0.5)
        return [
            (drop(torch.ones(30)).sum().item(), np.random.rand(), random.random())  # noqa: NPY002
            for _ in range(300)
        ]

    expected = draw()
    worker = threading.Thread(target=keep_augmenting)
    worker.start()
    try:
        assert draw() == expected
    finally:
        stop.set()
        worker.join()


LAYERS = """
import keras, numpy as np, sys
from sklmerge import as_augmenter
images = np.random.default_rng(0).random((12, 6, 9, 3)).astype("float32")

class Wrapped(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = {"flips": [keras.layers.RandomFlip("horizontal")]}

    def call(self, x, training=True):
        return self.inner["flips"][0](x, training=training)

flip = lambda: keras.layers.RandomFlip("horizontal")
kinds = [flip(), keras.Sequential([keras.Sequential([flip()])]), Wrapped()]
if keras.backend.backend() == "torch":
    import torch
    kinds.append(torch.nn.Sequential(flip()))
    kinds.append(torch.nn.Sequential(torch.nn.Identity(), torch.nn.Sequential(flip())))
for transform in kinds:
    augmenter = as_augmenter(transform)
    params = augmenter.draw_params(12, 0)
    flipped = augmenter.apply(images, params)
    same = (flipped == images).all(axis=(1, 2, 3))
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all() and same.any() and mirrored.any(), (same, mirrored)
    assert (augmenter.apply(images, params) == flipped).all()
    as_augmenter(transform)((images[0] * 255).astype("uint8"))
layer = keras.Sequential([keras.layers.RandomBrightness(0.3, value_range=(0, 1)),
                          keras.layers.RandomContrast(0.3, value_range=(0, 1)),
                          keras.layers.RandomZoom(0.2), keras.layers.Dropout(0.2)])
augmenter = as_augmenter(layer)
params = augmenter.draw_params(12, 0)
first = augmenter.apply(images, params)
assert (augmenter.apply(images, params) == first).all()
assert len(np.unique(first.reshape(12, -1), axis=0)) == 12
"""


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_keras_layers_are_called_as_keras_layers_on_every_backend(backend):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run([sys.executable, "-c", LAYERS], env=environment, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()[-2000:]


def test_a_function_gets_its_generator_wherever_rng_stands():
    def by_place(image, generator):
        return image ^ generator.integers(0, 256, image.shape, dtype=np.uint8)

    def by_default(image, rng=None):
        return by_place(image, rng)

    def by_name(image, *, rng):
        return by_place(image, rng)

    images = np.random.default_rng(0).integers(0, 256, (3, 6, 9), dtype=np.uint8)
    made = []
    for function in (by_place, by_default, by_name):
        augmenter = as_augmenter(function)
        made.append(augmenter.apply(images, augmenter.draw_params(3, random_state=4)))
    assert (made[0] != images).any()
    assert_array_equal(made[0], made[1])
    assert_array_equal(made[0], made[2])


def test_a_function_without_a_signature_is_called_with_the_image_alone():
    images = np.random.default_rng(0).integers(0, 50, (3, 6, 9), dtype=np.uint8)
    augmenter = as_augmenter(cv2.equalizeHist)
    made = augmenter.apply(images, augmenter.draw_params(3, random_state=0))
    assert_array_equal(made, np.stack([cv2.equalizeHist(image) for image in images]))


def test_a_transform_is_copied_once_for_each_thread_at_work_and_not_for_each_thread():
    class Counted(albumentations.HorizontalFlip):
        copies = 0

        def __deepcopy__(self, memo):
            Counted.copies += 1
            return Counted(p=0.5)

    augmenter = as_augmenter(Counted(p=0.5))
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    params = augmenter.draw_params(2, random_state=0)
    Counted.copies = 0
    for _ in range(5):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(augmenter.apply, images, params).result()
    assert Counted.copies == 1
