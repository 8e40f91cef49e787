"""What is no batch of images is refused with its remedy at every door, and lists are taken."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image
from skimage.data import astronaut

from sklmerge import (
    ColorHistogram,
    HOGFeatures,
    ImageAugmenter,
    ImageBatches,
    ImageScaler,
    TrivialAugmenter,
    as_augmenter,
)

PHOTO = astronaut()[::8, ::6]  # 64 x 86 x 3
BATCH = np.stack([np.roll(PHOTO, n, axis=1) for n in range(5)])


def mirror(image):
    return image[:, ::-1]


DOORS = {
    "ImageAugmenter": lambda X: ImageAugmenter(rotation_range=30).augment(X, 0),
    "TrivialAugmenter": lambda X: TrivialAugmenter().augment(X, 0),
    "function": lambda X: as_augmenter(mirror).augment(X, 0),
    "ImageScaler.fit": lambda X: ImageScaler(featurewise_center=True).fit(X),
    "ImageScaler": lambda X: ImageScaler(rescale=1 / 255).fit_transform(X),
    "HOGFeatures": lambda X: HOGFeatures().fit_transform(X),
    "ColorHistogram": lambda X: ColorHistogram(value_range=(0, 255)).fit_transform(X),
}
# A function of the user may take rows and arrays of any kind.
CHECKED = {name: door for name, door in DOORS.items() if name != "function"}
ONE = {
    "colour": PHOTO,
    "colour and alpha": np.dstack([PHOTO, PHOTO[..., :1]]),
    "grey with its axis": PHOTO[..., :1],
    "floats": PHOTO.astype(np.float32),
    "pillow": Image.fromarray(PHOTO),
    "tensor": torch.from_numpy(PHOTO.copy()),
    "channels first": np.ascontiguousarray(np.moveaxis(PHOTO, -1, 0)),
    "tensor, channels first": torch.from_numpy(PHOTO.copy()).permute(2, 0, 1),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("image", ONE.values(), ids=ONE)
def test_one_image_is_no_batch(door, image):
    with pytest.raises(ValueError, match=r"must be a batch of images, got one .*image\[None\]"):
        door(image)


@pytest.mark.parametrize("door", CHECKED.values(), ids=CHECKED)
def test_one_grey_image_is_no_batch_of_rows(door):
    with pytest.raises(ValueError, match=r"for one grey image pass image\[None\]"):
        door(PHOTO[..., 0])


def test_an_image_whose_shape_is_given_is_still_one_image():
    with pytest.raises(ValueError, match=r"one image of shape \(64, 86, 3\); pass image\[None\]"):
        ImageAugmenter(image_shape=PHOTO.shape).augment(PHOTO, 0)
    fitted = ColorHistogram().fit(BATCH)
    with pytest.raises(ValueError, match=r"one image of shape \(64, 86, 3\); pass image\[None\]"):
        fitted.transform(PHOTO)


def test_copies_are_not_made_of_the_rows_of_one_photograph():
    augmenter = ImageAugmenter(rotation_range=5)
    with pytest.raises(ValueError, match=r"one image of shape \(64, 86, 3\); pass image\[None\]"):
        augmenter.apply(PHOTO, augmenter.draw_params(4, 0), indices=[0, 0, 0, 0])
    with pytest.raises(ValueError, match=r"one image of shape \(64, 86, 3\); pass image\[None\]"):
        augmenter.apply(PHOTO, augmenter.draw_params(1, 0))


@pytest.mark.parametrize("door", CHECKED.values(), ids=CHECKED)
def test_channels_come_last(door):
    remedy = r"channels are first: pass np.moveaxis\(np.asarray\(X\), 1, -1\)"
    with pytest.raises(ValueError, match=remedy):
        door(np.moveaxis(BATCH, -1, 1))


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_lists_of_images_are_batches(door):
    expected = door(BATCH)
    for X in (list(BATCH), tuple(map(Image.fromarray, BATCH)), list(torch.from_numpy(BATCH))):
        result = door(X)
        if isinstance(expected, np.ndarray):
            assert_array_equal(result, expected)
        else:
            assert_array_equal(result.mean_, expected.mean_)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_tensors_are_batches_as_a_training_loop_has_them(door):
    levels = torch.from_numpy(BATCH) / 255
    expected = door(levels.numpy())
    X = levels.requires_grad_()
    for given in (X, list(X), np.moveaxis(np.asarray(levels.detach().movedim(3, 1)), 1, -1)):
        result = door(given)
        if isinstance(expected, np.ndarray):
            assert_array_equal(result, expected)
        else:
            assert_array_equal(result.mean_, expected.mean_)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_what_cannot_be_stacked_is_named(door):
    small = [BATCH[0], BATCH[1, :40], BATCH[2]]
    message = r"one shape, got \(64, 86, 3\) and, at position 1, \(40, 86, 3\); resize"
    for X in (small, list(map(Image.fromarray, small))):
        with pytest.raises(ValueError, match=message):
            door(X)
    with pytest.raises(TypeError, match="got uint8 and, at position 1, float32"):
        door([BATCH[0], BATCH[1].astype(np.float32)])
    with pytest.raises(TypeError, match=r"got a generator; pass list\(X\)"):
        door(image for image in BATCH)
    with pytest.raises(TypeError, match=r"got a map; pass list\(X\)"):
        door(map(mirror, BATCH))


def test_three_grey_images_are_three_where_their_number_is_known():
    grey = np.ascontiguousarray(BATCH[:3, ..., 0])
    augmenter = ImageAugmenter(rotation_range=20)
    params = augmenter.draw_params(3, 0)
    expected = augmenter.apply(grey[..., None], params)[..., 0]
    assert_array_equal(augmenter.apply(grey, params), expected)
    scaler = ImageScaler(featurewise_center=True).fit(BATCH[..., 0])
    assert_array_equal(scaler.transform(grey)[2], scaler.transform(BATCH[..., 0])[2])
    features = ColorHistogram().fit(BATCH[..., 0])
    assert features.transform(grey).shape == (3, 16)
    assert len(ImageBatches(grey, ["a", "b", "a"])[0][0]) == 3
