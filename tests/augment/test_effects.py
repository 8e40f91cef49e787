"""Saturation, hue, gamma, blur, noise and erasing do what Pillow, scikit-image and scipy do."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageEnhance
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest, norm
from skimage.color import hsv2rgb, rgb2hsv
from skimage.data import chelsea
from skimage.exposure import adjust_gamma

from sklmerge import AugmentationParams, ImageAugmenter, ImageScaler

PHOTO = chelsea()[60:180:2, 100:300:2]
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}
EFFECTS = {
    "gamma_range": (0.5, 2),
    "saturation_range": (0.5, 1.5),
    "hue_range": (-40, 40),
    "blur_sigma": (0.3, 1.2),
    "noise_std": 4,
    "erase": 0.7,
}


def make_photo(dtype, n_channels=3):
    photo = np.dstack([PHOTO, PHOTO[..., 1]])[..., :n_channels]
    return (photo * (WHITE[dtype] / 255)).astype(dtype)


def apply_one(image, parameters, **options):
    params = AugmentationParams.from_dicts([parameters])
    return ImageAugmenter(**options).apply(np.asarray(image)[None], params)[0]


def assert_levels(varied, expected, dtype, levels):
    """Compare with shares of white, within grey levels for integers and closely for floats."""
    atol = levels / WHITE[dtype] if np.dtype(dtype).kind == "u" else 2e-5
    assert varied.dtype == dtype
    assert_allclose(varied / WHITE[dtype], np.clip(expected, 0, 1), atol=atol)


@pytest.mark.parametrize("dtype", WHITE)
def test_gamma_equals_scikit_image(dtype):
    photo = make_photo(dtype)
    for gamma in (0.4, 1.0, 2.2):
        expected = adjust_gamma(photo / WHITE[dtype], gamma)
        assert_levels(apply_one(photo, {"gamma": gamma}), expected, dtype, 0.51)


def test_gamma_follows_brightness_and_its_clipping():
    image = np.array([[0.1, 0.4, 0.8]])
    varied = apply_one(image, {"brightness": 1.5, "gamma": 2.0})
    assert_allclose(varied, [[0.15**2, 0.6**2, 1.0]])
    shifted = apply_one(image * 4 - 2, {"gamma": 2.0}, value_range=(-2, 2))
    assert_allclose(shifted, image**2 * 4 - 2)


@pytest.mark.parametrize("dtype", WHITE)
def test_saturation_scales_distances_from_grey(dtype):
    photo = make_photo(dtype)
    grey = (photo / WHITE[dtype]) @ [0.299, 0.587, 0.114]
    for factor in (0.0, 0.5, 1.7):
        expected = grey[..., None] + (photo / WHITE[dtype] - grey[..., None]) * factor
        assert_levels(apply_one(photo, {"saturation": factor}), expected, dtype, 1)


def test_saturation_equals_pillow():
    for factor in (0.3, 1.6):
        expected = np.asarray(ImageEnhance.Color(Image.fromarray(PHOTO)).enhance(factor))
        varied = apply_one(PHOTO, {"saturation": factor})
        assert_allclose(varied.astype(float), expected.astype(float), atol=1)


@pytest.mark.parametrize("dtype", WHITE)
def test_hue_turns_the_hue_of_scikit_image(dtype):
    photo = make_photo(dtype)
    for degrees in (-170.0, 30.0):
        hsv = rgb2hsv(photo / WHITE[dtype])
        hsv[..., 0] = (hsv[..., 0] + degrees / 360) % 1
        assert_levels(apply_one(photo, {"hue": degrees}), hsv2rgb(hsv), dtype, 0.6)


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_blur_equals_scipy(dtype, n_channels):
    photo = make_photo(dtype, n_channels)
    for sigma in (0.4, 1.7):
        share = photo / WHITE[dtype]
        expected = gaussian_filter(share, sigma, axes=(0, 1), mode="reflect")
        assert_levels(apply_one(photo, {"blur_sigma": sigma}), expected, dtype, 1.01)


@pytest.mark.parametrize("dtype", WHITE)
def test_noise_is_gaussian_of_the_stated_strength_and_each_image_has_its_own(dtype):
    std = 0.02 * WHITE[dtype]
    grey = np.full((4, 90, 140), WHITE[dtype] // 2 or 0.5, dtype)
    varied = ImageAugmenter(noise_std=std).augment(grey, random_state=3)
    noise = (varied.astype(float) - grey) / std
    # Rounding to grey levels is no Gaussian, but spreads evenly.
    spread = noise + np.random.default_rng(0).uniform(-0.5, 0.5, noise.shape) / std
    assert kstest((spread if dtype == "uint8" else noise).ravel()[::3], norm.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.03


@pytest.mark.parametrize("dtype", WHITE)
def test_noise_stays_in_the_value_range(dtype):
    photo = make_photo(dtype)
    varied = apply_one(photo, {"noise_std": WHITE[dtype] / 2, "key": 5})
    assert varied.max() == WHITE[dtype]
    assert varied.min() == 0


def test_erased_rectangles_have_the_drawn_size_and_lie_inside():
    augmenter = ImageAugmenter(erase=0.5)
    params = augmenter.draw_params(4000, random_state=0)
    width, height = params["erase_width"], params["erase_height"]
    erased = width > 0
    assert abs(erased.mean() - 0.5) < 0.03
    area = (width * height)[erased]
    assert 0.02 <= area.min() < 0.025
    assert 0.39 < area.max() <= 0.4
    assert ((params["erase_x"] + width <= 1) & (params["erase_y"] + height <= 1)).all()
    ratio = width[erased] / height[erased]
    assert ratio.min() >= 0.3
    assert ratio.max() <= 1 / 0.3
    assert abs(np.log(ratio).mean()) < 0.05


def test_an_erased_part_is_filled_with_even_noise_and_the_rest_stays():
    rectangle = {"erase_x": 0.25, "erase_y": 0.5, "erase_width": 0.5, "erase_height": 0.4, "key": 7}
    varied = apply_one(PHOTO, rectangle)
    part = (slice(30, 54), slice(25, 75))
    assert kstest(varied[part].ravel() / 255, "uniform").pvalue > 1e-3
    rest = np.ones(PHOTO.shape[:2], bool)
    rest[part] = False
    assert_array_equal(varied[rest], PHOTO[rest])


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_effects_keep_alpha_shape_dtype_and_input_and_can_be_replayed(dtype, n_channels):
    photo = make_photo(dtype, n_channels)
    batch, before = np.stack([photo] * 11), photo.copy()
    augmenter = ImageAugmenter(**EFFECTS | {"noise_std": 0.02 * WHITE[dtype]})
    params = augmenter.draw_params(11, random_state=2)
    varied = augmenter.apply(batch, params)
    assert varied.shape == batch.shape
    assert varied.dtype == dtype
    assert_array_equal(batch[3], before)
    if n_channels == 4:
        assert_array_equal(varied[..., 3], batch[..., 3])
    rows = AugmentationParams.from_dicts(params.to_dicts())
    again = augmenter.set_params(n_jobs=2).apply(batch[4:7], rows.take(slice(4, 7)))
    assert_array_equal(again, varied[4:7])


def test_grey_images_have_neither_saturation_nor_hue():
    grey = PHOTO[..., 0]
    assert_array_equal(apply_one(grey, {"saturation": 0.2, "hue": 90.0}), grey)


@pytest.mark.parametrize("dtype", WHITE)
def test_effects_before_scaling_equal_scaling_afterwards(dtype):
    batch = np.stack([make_photo(dtype)] * 3)
    augmenter = ImageAugmenter(**EFFECTS | {"noise_std": 0.02 * WHITE[dtype]}, rotation_range=9)
    scaler = ImageScaler(rescale=1 / WHITE[dtype], featurewise_center=True).fit(batch)
    params = augmenter.draw_params(3, random_state=1)
    expected = scaler.transform(augmenter.apply(batch, params))
    assert_array_equal(augmenter.apply(batch, params, scaler=scaler), expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"gamma_range": (2, 1)}, ValueError, "gamma_range must be a pair 0 <= low <= high"),
        ({"saturation_range": 0.2}, TypeError, "saturation_range must be a pair of numbers"),
        ({"hue_range": (-200, 0)}, ValueError, "hue_range must be a pair -180 <= low <= high"),
        ({"hue_range": 20}, TypeError, "hue_range must be a pair of numbers, each finite, got 20"),
        ({"noise_std": -1}, ValueError, "noise_std must be >= 0, got -1"),
        ({"blur_sigma": -1}, ValueError, "blur_sigma must be a pair 0 <= low <= high"),
        ({"erase": 1.5}, ValueError, r"erase must be a chance in \[0, 1\], got 1.5"),
        ({"crop_range": (0, 1)}, ValueError, "crop_range must be a pair 0 < low <= high <= 1"),
        ({"crop_range": (0.5, 1.2)}, ValueError, "crop_range must be a pair 0 < low"),
    ],
)
def test_bad_ranges_are_named(options, error, message):
    with pytest.raises(error, match=message):
        ImageAugmenter(**options).draw_params(3)
