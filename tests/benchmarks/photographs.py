"""The photographs that benchmarks work on, cut from those that come with scikit-image."""

import os

import cv2
import numpy as np
import skimage.data

# What Keras' generator and albumentations can do as well, in Keras' words.
GEOMETRY = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
}


def cut_photographs(n, height, width, side=200, seed=0):
    """Cut n patches, each from another place, and bring them to one size."""
    photographs = (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea())
    rng = np.random.default_rng(seed)
    patches = []
    for number in range(n):
        photograph = photographs[number % 3]
        top = rng.integers(photograph.shape[0] - side + 1)
        left = rng.integers(photograph.shape[1] - side + 1)
        patch = photograph[top : top + side, left : left + side]
        patches.append(cv2.resize(patch, (width, height), interpolation=cv2.INTER_CUBIC))
    return np.stack(patches)


def encode_photographs(n, height, width, extension=".jpg", side=300):
    """Encode n patches; return the content of as many files."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 90] if extension == ".jpg" else []
    return [
        cv2.imencode(extension, patch[..., ::-1], options)[1].tobytes()
        for patch in cut_photographs(n, height, width, side)
    ]


def write_folder(folder, counts, n_pictures=60, size=(375, 500)):
    """Write a folder of classes, all files links to a few pictures; return the pictures' paths."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    paths = []
    for number, content in enumerate(encode_photographs(n_pictures, *size)):
        paths.append(str(pictures / f"{number}.jpg"))
        (pictures / f"{number}.jpg").write_bytes(content)
    for label, n in counts.items():
        target = folder / "classes" / label
        target.mkdir(parents=True)
        for number in range(n):
            os.link(paths[number % n_pictures], f"{target}/img_{number:07d}.jpg")
    return paths


def make_keras_generator(**options):
    """Make Keras' `ImageDataGenerator`, in which no backend computes, without all of TensorFlow."""
    # Keras exports it under no other name; `tensorflow.keras.preprocessing.image` gives the same
    # class, 3 s later.
    from keras._tf_keras.keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**options)


def compose_albumentations(*, size=None, colors=False, mean=None, std=None):
    """Compose the same geometry, and what goes with it, of albumentations."""
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
    if mean is not None:
        steps.append(albumentations.Normalize(mean=mean, std=std))
    return albumentations.Compose(steps)
