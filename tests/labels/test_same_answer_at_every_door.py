"""One bad or odd value, one answer, whichever door it comes in by."""

import collections

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.naive_bayes import GaussianNB

from sklmerge import (
    AugmentingOverSampler,
    BalancingSampler,
    ClassWeightedClassifier,
    ClassWeightEstimator,
    EpochSchedule,
    LabelMerger,
    MergedClassifier,
    PriorAdjustedClassifier,
    classification_report_levels,
    suggest_merges,
)

X = np.arange(24.0).reshape(6, 4)
READERS = {
    "LabelMerger": lambda y: LabelMerger().fit_transform(y),
    "ClassWeightEstimator": lambda y: ClassWeightEstimator().fit(y).transform(y),
    "EpochSchedule": lambda y: EpochSchedule().fit(y),
    "MergedClassifier": lambda y: MergedClassifier(GaussianNB()).fit(X, y),
    "ClassWeightedClassifier": lambda y: ClassWeightedClassifier(GaussianNB()).fit(X, y),
    "PriorAdjustedClassifier": lambda y: PriorAdjustedClassifier(GaussianNB()).fit(X, y),
    "AugmentingOverSampler": lambda y: AugmentingOverSampler(None).fit_resample(X, y),
    "BalancingSampler": lambda y: BalancingSampler(augmenter=None).fit_resample(X, y),
    "suggest_merges": lambda y: suggest_merges(y, y),
    "report": lambda y: classification_report_levels(y, y, None, level="original"),
}


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


def test_rows_of_several_lengths_are_no_labels(read):
    with pytest.raises((TypeError, ValueError), match=r"^y\w* must (hold labels|have rows of one)"):
        read([["a"], ["b", "c"]] * 3)


def test_tuples_of_an_index_are_no_labels(read):
    y = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)] * 3)
    with pytest.raises(TypeError, match=r"must hold labels, one a row, got a MultiIndex"):
        read(y)


def test_bytes_without_a_meaning_are_no_labels(read):
    with pytest.raises(TypeError, match=r"must hold labels of str, int.*got dtype \|V4"):
        read(np.zeros(6, "V4"))


@pytest.mark.parametrize("door", ["AugmentingOverSampler", "BalancingSampler", "LabelMerger"])
@pytest.mark.parametrize("y", [np.array(1), dict.fromkeys("abc").values(), (i for i in range(6))])
def test_what_has_no_rows_is_refused_by_shape_or_kind(door, y):
    with pytest.raises((TypeError, ValueError), match=r"^y must be (of shape|an array or list)"):
        READERS[door](y)


LARGE = np.array([5, 2**63, 2**64 - 1, 2**63, 5, 2**64 - 1], dtype=np.uint64)


@pytest.mark.parametrize("y", [LARGE, LARGE.tolist(), LARGE.astype(object)], ids=type)
def test_integers_beyond_int64_are_labels_of_their_own(read, y):
    read(y)


def test_integers_beyond_int64_keep_every_digit():
    merged = LabelMerger({2**63 + 1: [5, 2**63]}).fit_transform(LARGE)
    assert merged.dtype == np.uint64
    assert merged.tolist() == [2**63 + 1, 2**63 + 1, 2**64 - 1, 2**63 + 1, 2**63 + 1, 2**64 - 1]
    weights = ClassWeightEstimator({5: 1, 2**63: 2, 2**64 - 1: 3}, normalize=None).fit(LARGE)
    assert_array_equal(weights.transform(LARGE), [1, 2, 3, 2, 1, 3])


@pytest.mark.parametrize("y", [[2**64, 1] * 3, [-1, 2**63, 2**63] * 2])
def test_integers_of_more_than_64_bits_are_refused(read, y):
    with pytest.raises(ValueError, match=r"must hold integers of 64 bits"):
        read(y)


def test_minus_zero_is_zero():
    y = np.array([-0.0, 0.0, 1.0])
    assert str(LabelMerger().fit(y).classes_[0]) == "0.0"
    assert str(next(iter(ClassWeightEstimator().fit(y).class_weight_))) == "0.0"
    assert str(LabelMerger().fit_transform(y)[0]) == "0.0"


@pytest.mark.parametrize("sampler", [AugmentingOverSampler(None), BalancingSampler(augmenter=None)])
def test_samplers_take_y_of_any_sequence(sampler):
    codes = np.array([1, 2, 2, 2])
    for y in (memoryview(codes), collections.deque(codes.tolist()), range(1, 5)):
        _, resampled = sampler.fit_resample(X[:4], y)
        assert resampled.tolist() == np.asarray(y)[sampler.sample_indices_].tolist()
    dask = pytest.importorskip("dask.dataframe")
    y = dask.from_pandas(pd.Series(list("abbb")), npartitions=2)
    _, resampled = sampler.fit_resample(X[:4], y)
    assert resampled.tolist() == np.array(list("abbb"))[sampler.sample_indices_].tolist()


TRUTHS, NUMBERS = np.array([False, True, True]), np.array([0, 1, 1])


@pytest.mark.parametrize(("first", "second"), [(TRUTHS, NUMBERS), (NUMBERS, TRUTHS)])
@pytest.mark.parametrize("wrap", [np.asarray, lambda y: y.astype(float) if y.dtype != bool else y])
def test_true_is_not_one_to_a_merge_and_is_to_weights(first, second, wrap):
    first, second = wrap(first), wrap(second)
    with pytest.raises(TypeError, match=r"^y must hold (bool|int|float) labels like"):
        LabelMerger().fit(first).transform(second)
    # A mask may hold truth values, or zeros and ones.
    assert_array_equal(ClassWeightEstimator().fit(first).transform(second), [1.5, 0.75, 0.75])
    given = ClassWeightEstimator(classes=np.unique(first).tolist()).fit(second)
    assert given.class_counts_ == {0: 1, 1: 2}
    parts = ClassWeightEstimator().partial_fit(first).partial_fit(second)
    assert parts.class_counts_ == {0: 2, 1: 4}


def test_parts_of_ints_and_whole_floats_are_counted_as_one():
    weights = ClassWeightEstimator().partial_fit([1, 2]).partial_fit([2.0, 3.0])
    assert weights.class_counts_ == {1: 1, 2: 2, 3: 1}
    assert {type(label) for label in weights.class_weight_} == {int}


@pytest.mark.parametrize("y", [TRUTHS, NUMBERS, NUMBERS.astype(float)])
@pytest.mark.parametrize("kind", [bool, int, float])
def test_keys_of_weights_are_written_as_y_writes_them(y, kind):
    weights = ClassWeightEstimator({kind(0): 1, kind(1): 2}, normalize=None).fit(y)
    assert list(map(type, weights.class_weight_)) == list(map(type, np.unique(y).tolist()))
    assert_array_equal(weights.transform(y), [1, 2, 2])


def test_an_unknown_number_may_be_a_void_label():
    masks = np.array([[[0, 1], [255, 1]]], dtype=np.uint8)
    for make in (
        lambda: ClassWeightEstimator(classes=[0, 1]).fit(masks),
        lambda: ClassWeightEstimator().fit(masks[masks < 255]).transform(masks),
    ):
        with pytest.raises(ValueError, match=r"got 255; pass ignore_label=255 if it"):
            make()
    weights = ClassWeightEstimator(ignore_label=255).fit(masks == 1)
    assert weights.transform(masks == 1).shape == masks.shape


TEXT = ["a", "b", "b"]
WEIGHING = {
    "ClassWeightEstimator": lambda w: ClassWeightEstimator().fit(TEXT, w),
    "partial_fit": lambda w: ClassWeightEstimator().partial_fit(TEXT, w),
    "ClassWeightedClassifier": lambda w: ClassWeightedClassifier(GaussianNB()).fit(X[:3], TEXT, w),
    "MergedClassifier": lambda w: MergedClassifier(GaussianNB()).fit(X[:3], TEXT, w),
    "PriorAdjustedClassifier": lambda w: PriorAdjustedClassifier(GaussianNB()).fit(X[:3], TEXT, w),
    "report": lambda w: classification_report_levels(
        TEXT, TEXT, None, level="original", sample_weight=w
    ),
    "suggest_merges": lambda w: suggest_merges(TEXT, TEXT, sample_weight=w),
}


@pytest.mark.parametrize("door", WEIGHING)
@pytest.mark.parametrize(
    "weights",
    [
        [-1, 1, 1],
        [np.inf, 1, 1],
        [1, None, 1],
        pd.Series([1, None, 3], dtype="Float64"),
        np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]),
    ],
    ids=["negative", "infinite", "None", "NA", "masked"],
)
def test_weights_that_weigh_nothing_known_are_refused_in_one_sentence(door, weights):
    with pytest.raises(ValueError, match=r"^sample_weight must be finite and >= 0, got"):
        WEIGHING[door](weights)


@pytest.mark.parametrize("door", WEIGHING)
@pytest.mark.parametrize("weights", [2, [1, 2], [[1], [2], [3]]], ids=["one", "short", "column"])
def test_weights_of_another_shape_are_refused_in_one_sentence(door, weights):
    with pytest.raises(ValueError, match=r"^sample_weight must have a weight for each of y's"):
        WEIGHING[door](weights)
