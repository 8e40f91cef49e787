"""Sizes: what is asked for comes out, from as few pixels as will do, and in the right place."""

import cv2
import numpy as np
import pytest
import simplejpeg
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge.images import decode_image, encode_image

LARGE = np.ascontiguousarray(skimage.data.astronaut()[:501, :377])
JPEG = encode_image(LARGE, "jpeg")


@settings(deadline=None)
@given(height=st.integers(1, 130), width=st.integers(1, 130), kind=st.sampled_from(["jpeg", "png"]))
def test_any_size_asked_for_comes_out(height, width, kind):
    data = encode_image(LARGE[:90, :61], kind)
    assert decode_image(data, image_size=(height, width)).shape == (height, width, 3)
    gray = decode_image(data, image_size=(height, width), color_mode="grayscale")
    assert gray.shape == (height, width)


def test_size_of_the_file_itself_changes_nothing():
    assert_array_equal(decode_image(JPEG, image_size=(501, 377)), decode_image(JPEG))


def test_strong_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(0, 256, (30, 44), dtype=np.uint8)
    expected = image.reshape(10, 3, 11, 4).mean(axis=(1, 3))
    shrunk = decode_image(encode_image(image, "png"), image_size=(10, 11))
    assert np.abs(shrunk - expected).max() <= 0.5


def test_slight_shrinking_interpolates():
    image = np.random.default_rng(0).integers(0, 256, (30, 44), dtype=np.uint8)
    expected = cv2.resize(image, (33, 20), interpolation=cv2.INTER_LINEAR)
    assert_array_equal(decode_image(encode_image(image, "png"), image_size=(20, 33)), expected)


def test_shrinking_one_axis_while_the_other_grows_still_averages():
    stripes = np.tile(np.array([[0, 255]], np.uint8), (6, 30))
    changed = decode_image(encode_image(stripes, "png"), image_size=(12, 15))
    assert changed.min() > 120
    assert changed.max() < 135


@pytest.mark.parametrize("image_size", [(100, 80), (62, 47), (61, 46), (120, 90), (230, 150)])
def test_reduced_jpeg_lies_where_the_whole_one_does(image_size):
    # 501 and 377 are no multiples of 8: a decoder that rounds up must not stretch the picture.
    reduced = decode_image(JPEG, image_size=image_size).astype(float)
    whole = Image.fromarray(decode_image(JPEG))
    expected = np.array(whole.resize(image_size[::-1], Image.Resampling.BILINEAR), dtype=float)

    def find_shift(axis):
        """Solve for the shift along an axis that best explains the difference, in pixels."""
        slope = np.gradient(expected, axis=axis)
        far = slope[image_size[0] // 2 :, image_size[1] // 2 :]
        difference = (reduced - expected)[image_size[0] // 2 :, image_size[1] // 2 :]
        return abs((far * difference).sum() / (far**2).sum())

    assert find_shift(0) < 0.1
    assert find_shift(1) < 0.1


def test_jpeg_is_decoded_at_reduced_scale_but_never_below_the_size_asked_for(monkeypatch):
    decoded = []
    decode = simplejpeg.decode_jpeg

    def watch(data, colors, **options):
        image = decode(data, colors, **options)
        decoded.append(image.shape[:2])
        return image

    monkeypatch.setattr(simplejpeg, "decode_jpeg", watch)
    for size in [(62, 47), (63, 47), (125, 94), (126, 94), (250, 188), (400, 300), (62, 200)]:
        decode_image(JPEG, image_size=size)
    expected = [(63, 48), (126, 95), (126, 95), (251, 189), (251, 189), (501, 377), (501, 377)]
    assert decoded == expected


def test_16_bit_and_float_images_are_resized_in_their_own_dtype():
    deep = np.linspace(0, 65535, 40 * 30).reshape(40, 30).astype(np.uint16)
    small = decode_image(encode_image(deep, "png"), image_size=(10, 5))
    assert small.dtype == np.uint16
    assert np.abs(small - deep.reshape(10, 4, 5, 6).mean(axis=(1, 3))).max() <= 1
    floats = decode_image(encode_image(deep / 65535, "tiff"), image_size=(10, 5))
    assert floats.dtype == np.float64
    assert np.abs(floats * 65535 - small).max() <= 1


@pytest.mark.parametrize("image_size", [(0, 5), (5,), (5, 6, 3), 5, "ab", (5.5, 6)])
def test_wrong_size_is_an_error(image_size):
    with pytest.raises(ValueError, match=r"image_size must be \(height, width\) in pixels, .* got"):
        decode_image(JPEG, image_size=image_size)


def test_wrong_color_mode_is_an_error():
    with pytest.raises(ValueError, match=r"color_mode must be .* got 'RGB'"):
        decode_image(JPEG, color_mode="RGB")
