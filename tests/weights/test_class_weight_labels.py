"""ClassWeightEstimator reads labels in every shape and container that people have."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklmerge import ClassWeightEstimator

NAMES = ["cat", "dog", "dog", "dog"]
EXPECTED = {"cat": 2.0, "dog": 2 / 3}
ONE_HOT = np.eye(2)[[0, 1, 1, 1]]


@pytest.mark.parametrize(
    "y",
    [
        NAMES,
        tuple(NAMES),
        np.array(NAMES),
        np.array(NAMES, dtype=object),
        pd.Series(NAMES, index=[5, 5, 9, 2]),
        pd.Series(NAMES, dtype="category"),
        pd.Series(NAMES, dtype="string"),
        pd.Index(NAMES),
    ],
    ids=lambda y: type(y).__name__ + str(getattr(y, "dtype", "")),
)
def test_names_in_any_container_weigh_alike(y):
    weights = ClassWeightEstimator().fit(y)
    assert weights.class_weight_ == pytest.approx(EXPECTED)
    assert_allclose(weights.transform(y), [2, 2 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(
    "y",
    [
        [0, 1, 1, 1],
        np.array([0, 1, 1, 1], dtype=np.uint8),
        np.array([0.0, 1.0, 1.0, 1.0], dtype=np.float32),
        np.array([False, True, True, True]),
        pd.Series([0, 1, 1, 1], dtype="Int64"),
        torch.tensor([0, 1, 1, 1]),
    ],
    ids=lambda y: type(y).__name__ + str(getattr(y, "dtype", "")),
)
def test_numbers_in_any_container_weigh_alike(y):
    weights = ClassWeightEstimator().fit(y)
    assert weights.class_weight_ == pytest.approx({0: 2.0, 1: 2 / 3})
    assert_allclose(weights.transform(y), [2, 2 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(
    "y",
    [
        ONE_HOT,
        ONE_HOT.astype(bool),
        ONE_HOT.astype(object),
        ONE_HOT.astype(int).tolist(),
        torch.tensor(ONE_HOT),
        torch.tensor(ONE_HOT, dtype=torch.bfloat16, requires_grad=True),
        csr_array(ONE_HOT),
        pd.DataFrame(ONE_HOT),
        pd.DataFrame(ONE_HOT, dtype="Int64"),
        pl.DataFrame({"0": [1, 0, 0, 0], "1": [0, 1, 1, 1]}),
    ],
    ids=lambda y: type(y).__name__ + str(getattr(y, "dtype", "")),
)
def test_one_hot_rows_weigh_as_their_labels(y):
    names = range(2) if isinstance(y, pl.DataFrame) else None
    weights = ClassWeightEstimator(target="one-hot", classes=names).fit(y)
    assert weights.class_weight_ == pytest.approx({0: 2.0, 1: 2 / 3})
    assert_allclose(weights.transform(y), [2, 2 / 3, 2 / 3, 2 / 3])


def test_a_list_of_one_hot_rows_is_one_output_of_keras():
    weights = ClassWeightEstimator(target="one-hot").fit(ONE_HOT)
    params = weights.fit_params("keras", list(ONE_HOT))
    assert params == {"class_weight": pytest.approx({0: 2.0, 1: 2 / 3})}


@pytest.mark.parametrize("y", [[3, 5], [True, False], ["a", "b"], [1.0, 2.0]], ids=str)
def test_labels_come_out_as_plain_python_values(y):
    for given_y in (y, np.array(y), pd.Series(y)):
        keys = ClassWeightEstimator().fit(given_y).class_weight_
        assert {type(key) for key in keys} == {type(y[0])}
        assert list(keys) == sorted(y)


@given(y=st.lists(st.integers(-300, 300), min_size=1), shift=st.sampled_from([0, 10**9, -(2**62)]))
def test_integers_however_far_apart_count_as_in_a_loop(y, shift):
    y = [label + shift * (label % 2) for label in y]
    weights = ClassWeightEstimator().fit(np.array(y))
    assert weights.class_counts_ == {label: y.count(label) for label in sorted(set(y))}
    assert_allclose(weights.transform(y), [weights.class_weight_[label] for label in y])


def test_pixel_labels_keep_their_shape_and_weigh_each_pixel():
    masks = np.zeros((3, 5, 7), dtype=np.uint8)
    masks[0, 1, 2:6] = 1
    masks[2, :2, 0] = 2
    weights = ClassWeightEstimator().fit(masks)
    assert weights.class_counts_ == {0: 99.0, 1: 4.0, 2: 2.0}
    assert weights.transform(masks).shape == (3, 5, 7)
    assert weights.transform(masks)[0, 1, 2] == pytest.approx(105 / 3 / 4)
    one_hot = np.eye(3, dtype=np.float32)[masks]
    decoded = ClassWeightEstimator(target="one-hot").fit(one_hot)
    assert decoded.class_weight_ == weights.class_weight_
    assert_array_equal(decoded.transform(one_hot), weights.transform(masks))


def test_several_classes_a_sample_give_a_pair_a_column():
    y = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 1], [0, 0, 0]])
    weights = ClassWeightEstimator(target="multilabel").fit(y)
    assert weights.class_counts_ == [{0: 3, 1: 1}, {0: 3, 1: 1}, {0: 1, 1: 3}]
    rare, common = 2.0, 2 / 3
    assert weights.class_weight_[2] == pytest.approx({0: rare, 1: common})
    expected = np.where(y == 1, [rare, rare, common], [common, common, rare])
    assert_allclose(weights.transform(y), expected)
    assert_allclose(weights.transform(y).mean(axis=0), 1.0)
    assert_allclose(weights.pos_weight(), [3, 3, 1 / 3])


def test_a_column_without_zeros_or_without_ones_has_a_pos_weight_of_one():
    weights = ClassWeightEstimator(target="multilabel", missing="ignore")
    assert_allclose(weights.fit([[1, 0, 0], [1, 1, 0], [1, 1, 0]]).pos_weight(), [1, 0.5, 1])


def test_columns_of_a_data_frame_name_the_classes():
    frame = pd.DataFrame({"scar": [1, 1, 0], "mole": [1, 0, 1]})
    weights = ClassWeightEstimator(target="multilabel").fit(frame)
    assert weights.classes_.tolist() == ["scar", "mole"]
    dummies = pd.get_dummies(NAMES)
    weights = ClassWeightEstimator(target="one-hot").fit(dummies)
    assert weights.class_weight_ == pytest.approx(EXPECTED)
    assert_allclose(weights.transform(dummies), [2, 2 / 3, 2 / 3, 2 / 3])


def test_sample_weights_count_as_repeated_samples():
    y, repeats = np.array(["a", "b", "b", "c"]), np.array([3, 0, 2, 1])
    weighted = ClassWeightEstimator().fit(y, sample_weight=repeats)
    assert weighted.class_weight_ == ClassWeightEstimator().fit(np.repeat(y, repeats)).class_weight_
    mean = np.average(weighted.transform(y), weights=repeats)
    assert mean == pytest.approx(1.0)


def test_sample_weights_reach_columns_and_the_pixels_of_their_image():
    y, repeats = np.array([[1, 0], [1, 1], [0, 1]]), [2, 1, 3]
    for target, rows in (("multilabel", y), ("one-hot", np.eye(2)[[0, 1, 1]])):
        weighted = ClassWeightEstimator(target=target).fit(rows, repeats).class_counts_
        repeated = ClassWeightEstimator(target=target).fit(np.repeat(rows, repeats, axis=0))
        assert weighted == repeated.class_counts_
    masks = np.array([[[0, 1, 2]], [[2, 2, 2]]])
    weighted = ClassWeightEstimator().fit(masks, sample_weight=[2, 5])
    assert weighted.class_counts_ == {0: 2.0, 1: 2.0, 2: 17.0}


@given(
    y=st.lists(st.sampled_from(["a", "b", "c"]), min_size=3).map(lambda y: ["a", "b", "c", *y]),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_partial_fit_over_any_chunking_is_fit(y, cuts):
    labels = np.array(y)
    indicator = np.stack([labels == "a", labels != "c"], axis=1)
    codes = np.unique(labels, return_inverse=True)[1]
    for target, whole in (
        ("labels", labels),
        ("labels", codes),
        ("labels", codes.reshape(-1, 1, 1)),
        ("one-hot", np.eye(3)[codes]),
        ("multilabel", indicator),
    ):
        stream = ClassWeightEstimator("effective", beta=0.9, target=target)
        for chunk in np.split(whole, sorted(min(cut, len(y)) for cut in cuts)):
            stream.partial_fit(chunk)
        fitted = clone(stream).fit(whole)
        assert stream.class_weight_ == fitted.class_weight_
        assert_array_equal(stream.transform(whole), fitted.transform(whole))


def test_a_chunk_that_looks_one_hot_does_not_decide_for_the_stream():
    stream = ClassWeightEstimator(target="multilabel")
    stream.partial_fit([[1, 0], [0, 1]]).partial_fit([[1, 1], [0, 0]])
    assert stream.class_counts_ == [{0: 2.0, 1: 2.0}, {0: 2.0, 1: 2.0}]


def test_a_class_that_comes_late_in_a_stream_is_no_error_until_the_weights_are_read():
    stream = ClassWeightEstimator(classes=["a", "b"]).partial_fit(["a", "a"])
    with pytest.raises(ValueError, match="none of 'b'"):
        _ = stream.class_weight_
    assert stream.partial_fit(["b"]).class_weight_ == pytest.approx({"a": 0.75, "b": 1.5})


def test_it_keeps_the_contract_of_an_estimator():
    y = np.array([4, 7, 7])
    before = y.copy()
    weights = ClassWeightEstimator(power=0.5, classes=[7, 4])
    assert clone(weights).get_params() == weights.get_params()
    with pytest.raises(NotFittedError):
        weights.transform(y)
    weights.fit([4, 4, 4, 7]).fit(y)
    assert weights.class_counts_ == {7: 2.0, 4: 1.0}
    assert_array_equal(weights.transform(y), weights.fit(y).transform(y))
    assert_array_equal(y, before)
    assert weights.classes == [7, 4]
    restored = pickle.loads(pickle.dumps(weights)).partial_fit([4])
    assert restored.class_counts_ == {7: 2.0, 4: 2.0}


@pytest.mark.parametrize("dtype", ["str", "category", "string"])
def test_counts_of_a_series_are_counts(dtype):
    y = pd.Series(NAMES, dtype=dtype)
    assert ClassWeightEstimator().fit_counts(y.value_counts()).class_weight_ == EXPECTED
    codes = pd.Series([3, 3, 1], dtype="Int64")
    assert ClassWeightEstimator().fit_counts(codes.value_counts()).class_counts_ == {1: 1, 3: 2}
