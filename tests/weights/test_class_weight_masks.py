"""ClassWeightEstimator tells masks of zeros and ones from columns and one-hot."""

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


def test_a_two_dimensional_binary_mask_is_told_from_columns_by_the_classes():
    mask = np.array([[0, 0, 1], [0, 0, 0]])
    assert ClassWeightEstimator(classes=[0, 1]).fit(mask).class_counts_ == {0: 5.0, 1: 1.0}
    assert len(ClassWeightEstimator(missing="ignore").fit(mask).class_counts_) == 3


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_a_mask_of_a_line_is_a_mask_where_the_classes_say_so(dtype):
    weights = ClassWeightEstimator(classes=[0, 1]).fit(LINE.astype(dtype))
    assert weights.class_counts_ == {0: 2 * 30 * 49, 1: 2 * 30}
    expected = np.where(LINE == 1, 3000 / 2 / 60, 3000 / 2 / 2940)
    assert_allclose(weights.transform(LINE), expected)
    assert_allclose(weights.transform(LINE[:1]), expected[:1])


def test_a_mask_that_may_be_one_hot_is_not_guessed():
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] for a mask, classes=range\(50\) for"):
        ClassWeightEstimator().fit(LINE)
    stream = ClassWeightEstimator().partial_fit(LINE)
    with pytest.raises(ValueError, match="must not leave open"):
        stream.transform(LINE)
    blank = np.zeros_like(LINE)
    assert stream.partial_fit(blank).class_counts_ == {0: 5940.0, 1: 60.0}
    assert_array_equal(stream.transform(LINE[:1]).shape, (1, 30, 50))
    assert ClassWeightEstimator().fit(np.concatenate([blank, LINE])).class_counts_ == {
        0: 5940,
        1: 60,
    }


def test_weights_of_pixels_tell_a_mask():
    pixels = np.full(LINE.shape, 2.0)
    weights = ClassWeightEstimator().fit(LINE, sample_weight=pixels)
    assert weights.class_counts_ == {0: 5880.0, 1: 120.0}


def test_one_hot_of_named_classes_is_decoded_in_any_number_of_dimensions():
    codes = np.array([[0, 2, 1, 1], [2, 2, 2, 0]])
    weights = ClassWeightEstimator(classes=["sky", "road", "car"]).fit(np.eye(3)[codes])
    assert weights.class_counts_ == {"sky": 2.0, "road": 2.0, "car": 4.0}
    assert_allclose(weights.transform(np.eye(3)[codes]), np.array([4 / 3, 4 / 3, 2 / 3])[codes])


def test_labels_and_one_hot_do_not_mix_in_a_stream():
    stream = ClassWeightEstimator().partial_fit([0, 1, 2])
    with pytest.raises(ValueError, match="one form in all its parts, got labels of 1 dimensions"):
        stream.partial_fit(np.eye(3))


def test_columns_that_are_all_ones_leave_no_crumb_of_zeros():
    weights = ClassWeightEstimator(missing="ignore").fit(
        [[1, 0], [1, 1], [1, 1]], sample_weight=[0.1, 0.2, 0.3]
    )
    assert weights.class_counts_[0][0] == 0
    frame = pd.DataFrame({"a": [1, 0, 2], "b": [0, 1, 1]})
    stream = ClassWeightEstimator().partial_fit(frame[:2]).partial_fit(frame[2:])
    assert stream.class_counts_ == ClassWeightEstimator().fit(frame).class_counts_


def settle(weights, masks):
    """Give what weights say of masks, or the error they give."""
    try:
        return weights.class_weight_, weights.transform(masks).tolist()
    except ValueError as error:
        return str(error)


@given(data=st.data(), classes=st.sampled_from([None, [0, 1], [0, 1, 2]]))
def test_any_chunking_of_masks_is_fit(data, classes):
    n = data.draw(st.integers(1, 5))
    shape = data.draw(st.sampled_from([(3,), (2,), (2, 3), (3, 2), (1, 5), (2, 2, 3)]))
    width = shape[-1]
    lines = st.integers(0, 2**16).map(
        lambda seed: np.eye(width, dtype=np.int8)[
            np.random.default_rng(seed).integers(0, width, (n, *shape[:-1]))
        ]
    )
    top = 1 if classes == [0, 1] else 2
    masks = data.draw(lines | arrays(np.int8, (n, *shape), elements=st.integers(0, top)))
    if data.draw(st.booleans()):
        masks[: n // 2] = data.draw(lines)[: n // 2]
    repeats = data.draw(st.none() | arrays(np.int64, n, elements=st.integers(1, 4)))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=3)))
    stream = ClassWeightEstimator(classes=classes, missing="ignore")
    whole = ClassWeightEstimator(classes=classes, missing="ignore").partial_fit(masks, repeats)
    for rows in np.split(np.arange(n), cuts):
        stream.partial_fit(masks[rows], None if repeats is None else repeats[rows])
    assert stream.class_counts_ == whole.class_counts_
    assert settle(stream, masks) == settle(whole, masks)
    if classes == [0, 1] and width != 2:
        counts = np.bincount(np.repeat(masks, 1 if repeats is None else repeats, axis=0).ravel())
        assert [count for count in whole.class_counts_.values() if count] == counts[
            counts > 0
        ].tolist()
        alone = [whole.transform(masks[i : i + 1])[0].tolist() for i in range(n)]
        assert alone == whole.transform(masks).tolist()
