"""A void label weighs nothing; categories are counted by their codes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklmerge import ClassWeightEstimator, EpochSchedule

MASKS = np.array([[[0, 1, 1], [255, 1, 0]], [[0, 0, 2], [0, 255, 2]]], np.uint8)


@pytest.mark.parametrize("classes", [None, [0, 1, 2]], ids=["found", "given"])
def test_void_pixels_are_not_counted_and_weigh_nothing(classes):
    weights = ClassWeightEstimator(classes=classes, ignore_label=255).fit(MASKS)
    expected = ClassWeightEstimator(classes=classes).fit(MASKS[MASKS != 255])
    assert weights.class_weight_ == expected.class_weight_
    given = weights.transform(MASKS)
    assert_array_equal(given == 0, MASKS == 255)
    assert_allclose(given[MASKS != 255], expected.transform(MASKS[MASKS != 255]))
    assert_allclose(weights.to_torch().numpy(), list(expected.class_weight_.values()))
    assert list(weights.to_keras()) == [0, 1, 2]


def test_a_void_label_may_be_below_the_classes_or_text_and_come_in_parts():
    labels = MASKS.astype(np.int64)
    labels[labels == 255] = -100
    stream = ClassWeightEstimator(ignore_label=-100)
    stream.partial_fit(labels[:1]).partial_fit(labels[1:])
    assert stream.class_counts_ == ClassWeightEstimator(ignore_label=255).fit(MASKS).class_counts_
    words = ClassWeightEstimator(ignore_label="void").fit(["cat", "void", "dog", "cat"])
    assert words.class_counts_ == {"cat": 2.0, "dog": 1.0}
    assert_allclose(words.transform(["void", "dog"]), [0, 1.5])


def test_a_label_that_may_be_void_is_led_to_ignore_label():
    with pytest.raises(ValueError, match="only, got 255; pass ignore_label=255 if it stands for n"):
        ClassWeightEstimator(classes=[0, 1, 2]).fit(MASKS)


def test_a_void_label_is_no_class():
    with pytest.raises(ValueError, match="ignore_label must be no class, got 1"):
        ClassWeightEstimator(classes=[0, 1], ignore_label=1).fit(MASKS)
    with pytest.raises(ValueError, match="labels of the classes 0, 1 only, got 2"):
        ClassWeightEstimator(classes=[0, 1], ignore_label=255).fit(MASKS)


def test_categories_count_as_the_rows_they_stand_for():
    rng = np.random.default_rng(0)
    names = ["zebra", "ape", "never", "cow"]
    y = pd.Series(pd.Categorical.from_codes(rng.choice([0, 1, 3], 200), names))
    heavy = rng.integers(1, 4, 200)
    plain = y.astype(str).to_numpy()
    for weight in (None, heavy):
        by_code = ClassWeightEstimator().fit(y, weight)
        assert by_code.class_counts_ == ClassWeightEstimator().fit(plain, weight).class_counts_
        assert_allclose(by_code.transform(y), by_code.transform(plain))
    schedule = EpochSchedule(3, random_state=0)
    expected = schedule.fit(plain).draws(1).indices
    assert_array_equal(schedule.fit(y).draws(1).indices, expected)
    y[3] = None
    with pytest.raises(ValueError, match=r"missing labels .* at positions 3"):
        ClassWeightEstimator().fit(y)


def test_rows_of_several_types_are_no_labels():
    with pytest.raises(TypeError, match=r"labels of one type, got str \('cat'\), int \(1\)"):
        ClassWeightEstimator().fit([("cat", 1), ("dog", 1), ("cat", 2)])
