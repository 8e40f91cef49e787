"""Whatever is given as an augmenter is called as its library documents, seeded, and checked."""

import pickle

import albumentations
import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklmerge import (
    EpochSchedule,
    ImageAugmenter,
    ImageBatches,
    ImageScaler,
    TrivialAugmenter,
    as_augmenter,
)
from sklmerge.augment import hash_keys

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 9, 14, 3), np.uint8)


class StandInForTorchvision:
    """Called as torchvision documents its v2 transforms: a tensor (C, H, W) in and out."""

    __module__ = "torchvision.transforms.v2"

    def __call__(self, image):
        assert isinstance(image, torch.Tensor)
        assert image.dtype == torch.uint8
        assert image.shape[0] in (1, 3)
        flipped = torch.flip(image, [2]) if torch.rand(()) < 0.5 else image
        return flipped + torch.randint(0, 2, image.shape, dtype=torch.uint8)


class TorchModule(torch.nn.Module):
    """A transform as users write them for torchvision."""

    def forward(self, image):
        return image ^ torch.randint(0, 256, image.shape[1:], dtype=torch.uint8)


def flip_and_brighten():
    return albumentations.Compose(
        [albumentations.HorizontalFlip(), albumentations.RandomBrightnessContrast(p=1)]
    )


def stack_layers():
    return keras.Sequential([keras.layers.RandomFlip(), keras.layers.RandomRotation(0.2)])


FOREIGN = {
    "albumentations": flip_and_brighten,
    "one albumentation": lambda: albumentations.Affine(rotate=(-40, 40), p=1),
    "torchvision": StandInForTorchvision,
    "torch module": TorchModule,
    "keras layer": lambda: keras.layers.RandomTranslation(0.3, 0.3),
    "keras pipeline": stack_layers,
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("images", [IMAGES, IMAGES[..., :1], IMAGES[..., 0]], ids=["rgb", "1", "g"])
def test_a_row_depends_on_its_seed_and_key_alone(make, images):
    augmenter = as_augmenter(make())
    keys = hash_keys(np.arange(6), 2)
    varied = augmenter.apply(images, augmenter.draw_params(6, 3, keys=keys))
    assert varied.shape == images.shape
    assert varied.dtype == np.uint8
    assert (varied != images).any()
    again = clone(as_augmenter(make()))
    torch.manual_seed(99)
    some = again.draw_params(2, 3, keys=keys[[4, 1]])
    assert_array_equal(again.apply(images, some, indices=[4, 1]), varied[[4, 1]])
    other = augmenter.apply(images, augmenter.draw_params(6, 4, keys=keys))
    assert (other != varied).any()


def test_a_transform_does_what_its_library_makes_of_it():
    flip = as_augmenter(albumentations.HorizontalFlip(p=1))
    assert_array_equal(flip.apply(IMAGES, flip.draw_params(6)), IMAGES[:, :, ::-1])
    layer = as_augmenter(keras.layers.RandomBrightness((0.2, 0.2)))
    expected = np.minimum(IMAGES.astype(int) + 51, 255)
    assert_array_equal(layer.apply(IMAGES, layer.draw_params(6)), expected)
    floats = IMAGES.astype(np.float32) / 255
    brighter = as_augmenter(albumentations.RandomBrightnessContrast((0.2, 0.2), 0, p=1))
    varied = brighter.apply(floats, brighter.draw_params(6))
    assert varied.dtype == np.float32
    assert abs(varied.mean() - floats.mean()) > 0.05


def test_torchs_own_random_state_is_put_back():
    augmenter = as_augmenter(StandInForTorchvision())
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    augmenter.apply(IMAGES, augmenter.draw_params(6))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        (albumentations.Resize(4, 5), ValueError, r"shape \(9, 14, 3\), got \(4, 5, 3\)"),
        (
            albumentations.Normalize(),
            TypeError,
            r"keep the dtype uint8, got float32 .*normalise by ImageScaler\(mean=..., std=...\)",
        ),
        (keras.layers.CenterCrop(4, 5), ValueError, r"shape \(9, 14, 3\), got \(4, 5, 3\)"),
        (torch.nn.Flatten(), ValueError, r"shape \(9, 14, 3\), got"),
        (lambda image: image / 255, TypeError, r"got float64 from .*, or let it end in .astype"),
        (lambda image: image.T, ValueError, r"got \(3, 14, 9\)"),
        (lambda image: None, ValueError, r"got \(\)"),
    ],
)
def test_another_shape_or_dtype_is_refused(transform, error, message):
    augmenter = as_augmenter(transform)
    with pytest.raises(error, match=message):
        augmenter.apply(IMAGES, augmenter.draw_params(6))


def test_a_callable_varies_anything_by_a_generator_of_its_own():
    rows = np.arange(12.0).reshape(4, 3)
    noisy = as_augmenter(lambda row, rng: row + rng.normal(size=row.shape))
    params = noisy.draw_params(4, random_state=0)
    varied = noisy.apply(rows, params)
    assert_array_equal(noisy.apply(rows, params.take(slice(2, 4)), indices=[2, 3]), varied[2:])
    assert len(np.unique(np.round(varied - rows, 9))) == 12


def test_a_callable_sees_images_once_it_knows_their_shape():
    flat = IMAGES.reshape(6, -1)
    mirror = as_augmenter(lambda image: image[:, ::-1]).set_params(image_shape=(9, 14, 3))
    varied = mirror.apply(flat, mirror.draw_params(6))
    assert_array_equal(varied.reshape(IMAGES.shape), IMAGES[:, :, ::-1])


def test_names_and_augmenters_are_taken_and_cloned():
    assert as_augmenter(None) is None
    assert as_augmenter("strong").get_params() == ImageAugmenter.preset("strong").get_params()
    assert isinstance(as_augmenter("trivial"), TrivialAugmenter)
    given = ImageAugmenter(rotation_range=3)
    assert as_augmenter(given) is not given
    assert pickle.loads(pickle.dumps(as_augmenter(flip_and_brighten()))).draw_params(1)


@pytest.mark.parametrize(
    ("augmenter", "error", "message"),
    [
        ("heavy", ValueError, "augmenter must be one of light, strong, trivial, got 'heavy'"),
        (3, TypeError, "augmenter must be"),
        (ImageAugmenter, TypeError, "augmenter must be"),
        ({}, ValueError, "augmenter must map at least one label"),
        ({"cat": "heavy"}, ValueError, "got 'heavy'"),
    ],
)
def test_what_is_no_augmenter_is_refused(augmenter, error, message):
    with pytest.raises(error, match=message):
        as_augmenter(augmenter)


def test_each_class_is_varied_by_its_own_augmenter():
    labels = np.array(["six", "eight", "plain", "six", "noisy", "eight"])
    mapping = {
        "six": ImageAugmenter(rotation_range=20, fill_mode="constant", cval=255),
        "eight": ImageAugmenter(rotation_range=20, horizontal_flip=True),
        "plain": None,
        "noisy": lambda image, rng: image ^ rng.integers(0, 256, image.shape, np.uint8),
    }
    augmenter = as_augmenter(mapping)
    params = augmenter.draw_params(6, 7, labels=labels)
    varied = augmenter.apply(IMAGES, params)
    for label, own in mapping.items():
        rows = np.flatnonzero(labels == label)
        expected = IMAGES[rows]
        if own is not None:
            single = as_augmenter(own)
            drawn = single.draw_params(6, 7).take(rows)
            expected = single.apply(IMAGES, drawn, indices=rows)
        assert_array_equal(varied[rows], expected)
    assert_array_equal(augmenter.augment(IMAGES, 7, labels=labels), varied)
    replayed = type(params).from_dicts(params.to_dicts())
    assert_array_equal(augmenter.apply(IMAGES, replayed), varied)
    assert_array_equal(
        augmenter.apply(IMAGES, params.take(np.array([5])), indices=[5])[0], varied[5]
    )


def test_a_class_is_prepared_by_a_scaler_and_drawn_by_indices_as_by_other_augmenters():
    labels = np.array(["six", "eight", "plain", "six", "noisy", "eight"])
    mapping = {
        "six": ImageAugmenter(rotation_range=20),
        "eight": albumentations.HorizontalFlip(p=1),
        "plain": None,
        "noisy": lambda image, rng: image ^ rng.integers(0, 256, image.shape, np.uint8),
    }
    augmenter = as_augmenter(mapping)
    scaler = ImageScaler(mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3)).fit(IMAGES)
    expected = scaler.transform(augmenter.augment(IMAGES, 7, labels=labels))
    assert_array_equal(augmenter.augment(IMAGES, 7, labels=labels, scaler=scaler), expected)
    places = np.array([4, 0, 0])
    drawn = augmenter.draw_params(3, 7, keys=hash_keys(places, [1, 1, 2]), labels=labels[places])
    copies = augmenter.apply(IMAGES, drawn, indices=places)
    out = np.empty(copies.shape, np.float32)
    augmenter.apply(IMAGES, drawn, indices=places, scaler=scaler, out=out)
    assert_array_equal(out, scaler.transform(copies))
    assert (copies[1] != copies[2]).any()


def test_batches_take_the_augmenter_that_a_mapping_becomes():
    labels = ["six", "eight", "plain", "six", "eight", "eight"]
    mapping = {"digit": "light", "six": None, "plain": ImageAugmenter(horizontal_flip=True)}

    def feed(augmenter):
        schedule = EpochSchedule("majority", merge={"digit": ["six", "eight"]}, random_state=0)
        return ImageBatches(IMAGES, labels, schedule=schedule, augmenter=augmenter)[0][0]

    assert_array_equal(feed(as_augmenter(mapping)), feed(mapping))
    for augmenter in (mapping, as_augmenter(mapping)):
        with pytest.raises(ValueError, match=r"one for each class .* no class 'digit', 'plain'"):
            ImageBatches(IMAGES[:4], ["six", "eight"] * 2, augmenter=augmenter)


def test_the_original_label_counts_before_the_merged_one():
    augmenter = as_augmenter({"digit": "light", "six": None})
    params = augmenter.draw_params(
        3, 0, labels=["six", "eight", "nine"], merged_labels=["digit"] * 3
    )
    assert params["augmenter"].tolist() == [-1, 0, 0]


def test_labels_without_an_augmenter_are_named():
    augmenter = as_augmenter({"six": "light"})
    with pytest.raises(ValueError, match="augmenter has no entry for 'nine', 'two'; give every"):
        augmenter.draw_params(3, labels=["six", "two", "nine"])
    with pytest.raises(ValueError, match="labels are needed because augmenter is a mapping"):
        augmenter.draw_params(3)
    with pytest.raises(ValueError, match=r"labels must have shape \(3,\), got \(2,\)"):
        augmenter.draw_params(3, labels=["six", "six"])


def test_a_function_varies_and_is_prepared_through_the_same_doors_as_an_augmenter():
    X = np.random.default_rng(0).integers(0, 200, (3, 6, 9, 3), dtype=np.uint8)
    augmenter = as_augmenter(lambda image, rng: image + np.uint8(rng.integers(50)))
    scaler = ImageScaler(rescale=1 / 255, image_size=(3, 5)).fit(X)
    varied = augmenter.augment(X, 7)
    assert_array_equal(varied, augmenter.apply(X, augmenter.draw_params(3, 7)))
    assert_array_equal(augmenter.augment(X, 7, scaler=scaler), scaler.transform(varied))
    out = np.empty((3, 3, 5, 3), np.float32)
    filled = augmenter.apply(X, augmenter.draw_params(3, 7), scaler=scaler, out=out)
    assert filled is out
    assert_array_equal(out, scaler.transform(varied))
    assert augmenter(X[0], np.random.default_rng(1)).shape == X[0].shape
