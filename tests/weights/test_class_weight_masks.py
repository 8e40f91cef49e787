"""ClassWeightEstimator counts label maps pixel by pixel, and guesses nothing from their values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from sklmerge import ClassWeightEstimator

LINE = np.zeros((2, 30, 50), dtype=np.uint8)
LINE[:, :, 7] = 1


@pytest.mark.parametrize("classes", [None, [0, 1]], ids=["found", "given"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_a_mask_of_a_line_is_a_mask_though_it_has_a_single_1_in_every_row(dtype, classes):
    weights = ClassWeightEstimator(classes=classes).fit(LINE.astype(dtype))
    assert weights.class_counts_ == {0: 2 * 30 * 49, 1: 2 * 30}
    expected = np.where(LINE == 1, 3000 / 2 / 60, 3000 / 2 / 2940)
    assert_allclose(weights.transform(LINE), expected)
    assert_allclose(weights.transform(LINE[:1]), expected[:1])


def test_a_mask_of_floats_is_taken_unless_it_is_one_hot():
    disc = np.zeros((1, 5, 7), np.float32)
    disc[0, 2:4, 3:5] = 1
    assert ClassWeightEstimator().fit(disc).class_counts_ == {0: 31.0, 1: 4.0}
    with pytest.raises(ValueError, match=r"pass target='one-hot', or y.astype\(int\) for masks"):
        ClassWeightEstimator().fit(LINE.astype(np.float32))


def test_a_single_mask_goes_in_with_an_axis_of_its_own():
    mask = np.array([[0, 0, 1], [0, 0, 0]])
    with pytest.raises(ValueError, match=r"got shape \(2, 3\); .* or y\[None\] for one label map"):
        ClassWeightEstimator(classes=[0, 1]).fit(mask)
    weights = ClassWeightEstimator().fit(mask[None])
    assert weights.class_counts_ == {0: 5.0, 1: 1.0}
    assert weights.transform(mask[None]).shape == (1, 2, 3)


def test_weights_of_pixels_weigh_each_pixel():
    pixels = np.full(LINE.shape, 2.0)
    weights = ClassWeightEstimator().fit(LINE, sample_weight=pixels)
    assert weights.class_counts_ == {0: 5880.0, 1: 120.0}


def test_one_hot_of_named_classes_is_decoded_in_any_number_of_dimensions():
    codes = np.array([[0, 2, 1, 1], [2, 2, 2, 0]])
    weights = ClassWeightEstimator(classes=["sky", "road", "car"], target="one-hot")
    weights.fit(np.eye(3)[codes])
    assert weights.class_counts_ == {"sky": 2.0, "road": 2.0, "car": 4.0}
    assert_allclose(weights.transform(np.eye(3)[codes]), np.array([4 / 3, 4 / 3, 2 / 3])[codes])


def test_columns_of_pixels_get_a_pair_each():
    maps = np.array([[[[1, 0], [1, 1], [0, 0]]], [[[1, 0], [0, 1], [0, 0]]]])
    weights = ClassWeightEstimator(target="multilabel").fit(maps)
    assert weights.class_counts_ == [{0: 3, 1: 3}, {0: 4, 1: 2}]
    assert_allclose(weights.transform(maps)[0, 0], [[1, 0.75], [1, 1.5], [1, 0.75]])


def test_columns_that_are_all_ones_leave_no_crumb_of_zeros():
    weights = ClassWeightEstimator(target="multilabel", missing="ignore").fit(
        [[1, 0], [1, 1], [1, 1]], sample_weight=[0.1, 0.2, 0.3]
    )
    assert weights.class_counts_[0][0] == 0
    frame = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1]})
    stream = ClassWeightEstimator(target="multilabel").partial_fit(frame[:2]).partial_fit(frame[2:])
    whole = ClassWeightEstimator(target="multilabel").fit(frame)
    assert stream.class_counts_ == whole.class_counts_


@given(data=st.data(), classes=st.sampled_from([None, [0, 1, 2]]))
def test_any_chunking_of_masks_is_fit(data, classes):
    n = data.draw(st.integers(1, 5))
    shape = data.draw(st.sampled_from([(), (1,), (2, 3), (3, 2), (1, 5), (2, 2, 3)]))
    masks = data.draw(arrays(np.int8, (n, *shape), elements=st.integers(0, 2)))
    repeats = data.draw(st.none() | arrays(np.int64, n, elements=st.integers(1, 4)))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=3)))
    stream = ClassWeightEstimator(classes=classes, missing="ignore")
    for rows in np.split(np.arange(n), cuts):
        stream.partial_fit(masks[rows], None if repeats is None else repeats[rows])
    every = np.repeat(masks, 1 if repeats is None else repeats, axis=0)
    present = [label for label in (0, 1, 2) if classes or (masks == label).any()]
    assert stream.class_counts_ == {label: (every == label).sum() for label in present}
    expected = [stream.class_weight_[label] for label in masks.ravel().tolist()]
    assert_array_equal(stream.transform(masks).ravel(), expected)
    alone = np.concatenate([stream.transform(masks[i : i + 1]) for i in range(n)])
    assert_array_equal(alone, stream.transform(masks))
