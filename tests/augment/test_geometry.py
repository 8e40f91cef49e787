"""ImageAugmenter moves pixels as Keras' documentation says, and as scipy does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import affine_transform
from skimage.data import astronaut
from skimage.transform import resize

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler

SCIPY_MODES = {
    "nearest": "nearest",
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "constant": "grid-constant",
}
# One grey level for integers; a hundredth of one for floats, which are never quantised.
TOLERANCES = {"uint8": 1, "uint16": 1, "float32": 0.01, "float64": 0.01}


def make_photo(height, width, n_channels=3, dtype="uint8"):
    photo = resize(astronaut()[40:340, 80:380], (height, width), preserve_range=True)
    photo = np.dstack([photo, photo[..., :1]])[..., :n_channels]
    return np.rint(photo).astype(dtype)


def build_matrix(row, height, width):
    """Multiply the elementary maps one by one, for scipy's (row, column, 1) coordinates."""
    theta, shear = np.deg2rad(row.get("rotation", 0)), np.deg2rad(row.get("shear", 0))
    cos, sin = np.cos(theta), np.sin(theta)
    right = row.get("shift_x", 0) * width + row.get("shift_x_pixels", 0)
    down = row.get("shift_y", 0) * height + row.get("shift_y_pixels", 0)
    to_center = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    swap_axes = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    steps = [
        swap_axes,
        to_center,
        np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]),
        np.array([[1, 0, right], [0, 1, down], [0, 0, 1]]),
        np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]]),
        np.diag([row.get("zoom_x", 1), row.get("zoom_y", 1), 1]),
        np.linalg.inv(to_center),
        swap_axes,
    ]
    return np.linalg.multi_dot(steps)


def warp_by_scipy(image, row, fill_mode, cval):
    matrix = build_matrix(row, *image.shape[:2])
    planes = [
        affine_transform(
            plane.astype(np.float64),
            matrix[:2, :2],
            matrix[:2, 2],
            order=1,
            mode=SCIPY_MODES[fill_mode],
            cval=cval,
        )
        for plane in np.atleast_3d(image).transpose(2, 0, 1)
    ]
    warped = np.stack(planes, axis=-1).reshape(image.shape)
    if row.get("horizontal_flip"):
        warped = warped[:, ::-1]
    return warped[::-1] if row.get("vertical_flip") else warped


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize("fill_mode", SCIPY_MODES)
def test_every_geometric_option_together_equals_scipy(dtype, n_channels, fill_mode):
    photo = make_photo(61, 94, n_channels, dtype)
    augmenter = ImageAugmenter(
        rotation_range=40,
        width_shift_range=0.3,
        height_shift_range=[-9, 4.5],
        shear_range=25,
        zoom_range=(0.6, 1.5),
        horizontal_flip=True,
        vertical_flip=True,
        fill_mode=fill_mode,
        cval=37,
        value_range=(0, 255) if dtype.startswith("float") else None,
    )
    params = augmenter.draw_params(12, random_state=3)
    varied = augmenter.apply(photo[None], params, indices=np.zeros(12, int))
    assert varied.dtype == dtype
    for image, row in zip(varied, params.to_dicts(), strict=True):
        expected = warp_by_scipy(photo, row, fill_mode, cval=37)
        assert_allclose(image.astype(np.float64), expected, atol=TOLERANCES[dtype])


def test_far_shifts_repeat_the_border_as_scipy_does():
    photo = make_photo(9, 14, 1)[..., 0]
    params = AugmentationParams.from_dicts([{"shift_x_pixels": 47.3, "shift_y_pixels": -31.6}])
    for fill_mode in SCIPY_MODES:
        augmenter = ImageAugmenter(fill_mode=fill_mode, cval=200)
        expected = warp_by_scipy(photo, params.to_dicts()[0], fill_mode, cval=200)
        assert_allclose(augmenter.apply(photo[None], params)[0].astype(float), expected, atol=1)


def test_width_moves_columns_and_height_moves_rows():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    right = AugmentationParams.from_dicts([{"shift_x_pixels": 1}])
    down = AugmentationParams.from_dicts([{"shift_y_pixels": 1}])
    augmenter = ImageAugmenter(fill_mode="constant", cval=99)
    assert augmenter.apply(image, right)[0].tolist() == [
        [1, 2, 3, 99],
        [5, 6, 7, 99],
        [9, 10, 11, 99],
    ]
    assert augmenter.apply(image, down)[0].tolist() == [[4, 5, 6, 7], [8, 9, 10, 11], [99] * 4]


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_flips_mirror_exactly(dtype):
    photo = make_photo(7, 12, 3, dtype)[None]
    augmenter = ImageAugmenter()
    flips = {
        "horizontal_flip": (slice(None), slice(None, None, -1)),
        "vertical_flip": slice(None, None, -1),
    }
    for name, mirrored in flips.items():
        params = AugmentationParams.from_dicts([{name: True}])
        once = augmenter.apply(photo, params)
        assert_array_equal(once[0], photo[0][mirrored])
        assert_array_equal(augmenter.apply(once, params), photo)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_an_augmenter_without_ranges_is_the_identity_bit_for_bit(dtype):
    batch = (np.random.default_rng(0).random((3, 5, 8, 3)) * 255).astype(dtype)
    assert_array_equal(ImageAugmenter().augment(batch), batch)


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic"])
def test_a_turn_by_90_degrees_is_counterclockwise_and_lands_on_pixels(interpolation):
    photo = make_photo(31, 31)
    params = AugmentationParams.from_dicts([{"rotation": 90}])
    turned = ImageAugmenter(interpolation=interpolation).apply(photo[None], params)[0]
    assert_allclose(turned.astype(float), np.rot90(photo).astype(float), atol=1)


def test_resizing_on_the_way_costs_no_second_interpolation():
    photo = make_photo(90, 126, 1)
    scaler = ImageScaler(image_size=(60, 84)).fit(photo[None])
    augmenter = ImageAugmenter(rotation_range=20, width_shift_range=0.1, zoom_range=0.1)
    params = augmenter.draw_params(1, random_state=1)
    varied = augmenter.apply(photo[None], params, scaler=scaler)[0]
    # Pixel centres at halves: output pixel i covers source pixels from 1.5 i to 1.5 (i + 1).
    to_source = np.array([[1.5, 0, 0.25], [0, 1.5, 0.25], [0, 0, 1]])
    matrix = to_source @ build_matrix(params.to_dicts()[0], 60, 84)
    expected = affine_transform(
        photo[..., 0].astype(float),
        matrix[:2, :2],
        matrix[:2, 2],
        output_shape=(60, 84),
        order=1,
        mode="nearest",
    )
    assert_allclose(varied[..., 0], expected, atol=1)


def test_a_strong_shrink_averages_areas_instead_of_skipping_pixels():
    stripes = np.tile(np.array([[0, 0, 0, 252]], np.uint8), (24, 12))[None]
    scaler = ImageScaler(image_size=(6, 12)).fit(stripes)
    params = AugmentationParams.from_dicts([{"horizontal_flip": True}])
    assert_array_equal(scaler.transform(stripes), np.full((1, 6, 12), 63))
    assert_array_equal(
        ImageAugmenter().apply(stripes, params, scaler=scaler), np.full((1, 6, 12), 63)
    )


@settings(max_examples=30)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    n_images=st.integers(0, 20),
    seed=st.integers(0, 2**64 - 1),
)
def test_images_of_any_size_keep_their_shape_and_their_range(height, width, n_images, seed):
    batch = np.random.default_rng(seed).integers(40, 90, (n_images, height, width, 1), np.uint8)
    varied = ImageAugmenter.preset("light").set_params(brightness_range=None).augment(batch, seed)
    assert varied.shape == batch.shape
    assert varied.dtype == batch.dtype
    assert n_images == 0 or (varied.min() >= 40 and varied.max() < 90)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cubic_interpolation_of_floats_does_not_overshoot_their_range(dtype):
    checks = np.kron(np.indices((6, 9)).sum(axis=0) % 2, np.ones((4, 4)))
    augmenter = ImageAugmenter(rotation_range=20, interpolation="cubic")
    params = augmenter.draw_params(5, random_state=0)
    indices = np.zeros(5, int)
    varied = augmenter.apply(checks[None].astype(dtype), params, indices=indices)
    assert (varied.min(), varied.max()) == (0, 1)
    levels = augmenter.apply((checks[None] * 255).astype(np.uint8), params, indices=indices)
    assert_allclose(varied * 255, levels, atol=1)
