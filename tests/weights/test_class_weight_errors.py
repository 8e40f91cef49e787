"""Bad input to ClassWeightEstimator gets an error that says what to do."""

import numpy as np
import pandas as pd
import pytest

from sklmerge import ClassWeightEstimator


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"scheme": "balance"}, ValueError, "scheme must be one of 'balanced'"),
        ({"scheme": 3}, TypeError, "scheme must be a string, a mapping .* got int"),
        ({"power": -1}, ValueError, "power must be a finite number >= 0, got -1"),
        ({"power": float("nan")}, ValueError, "power must be"),
        ({"beta": 1.0}, ValueError, r"beta must be in \[0, 1\), got 1.0"),
        ({"beta": -0.1}, ValueError, "beta must be"),
        ({"normalize": "sum"}, ValueError, "normalize must be .* got 'sum'"),
        ({"max_ratio": 0.5}, ValueError, "max_ratio must be None or a finite number >= 1"),
        ({"missing": "zero"}, ValueError, "missing must be 'error' or 'ignore', got 'zero'"),
        ({"classes": [0, 1, 1]}, ValueError, "classes must be distinct labels, got 0, 1, 1"),
        ({"classes": 5}, TypeError, r"classes must be a list or array of labels, got 5 \(int\)"),
        ({"classes": "ab"}, TypeError, r"classes must be a list .* got 'ab' \(str\)"),
        ({"classes": {0, 1}}, TypeError, r"classes must be a list .* got \{0, 1\} \(set\)"),
        ({"classes": np.array(1)}, TypeError, "classes must be a list"),
        ({"classes": [[0], [1]]}, (TypeError, ValueError), "labels must be str, int"),
        ({"power": 10**400}, ValueError, "power must be a finite number"),
        ({"classes": [0]}, ValueError, "classes 0 only, got 1"),
        ({"classes": [0, 1, 2]}, ValueError, "none of 2; pass missing='ignore'"),
        ({"scheme": {0: 1}}, ValueError, "scheme must give every class of y a weight, none for 1"),
        ({"scheme": {0: 1, 1: 1, 2: 1}}, ValueError, "none of 2; pass missing='ignore'"),
        ({"scheme": {0: -1, 1: 1}}, ValueError, r"finite weights >= 0 .* got \[-1.0, 1.0\]"),
        ({"scheme": {0: 0, 1: 0}}, ValueError, "not all 0"),
        ({"scheme": lambda counts: counts[:1]}, ValueError, r"must be of shape \(2,\), got \(1,\)"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(params, error, message):
    with pytest.raises(error, match=message):
        ClassWeightEstimator(**params).fit([0, 1, 1])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (["a", None, "b", float("nan")], ValueError, r"missing labels .* at positions 1, 3"),
        (np.array([0.0, np.nan]), ValueError, "at positions 1"),
        (pd.Series([1, pd.NA, 2], dtype="Int64"), ValueError, "at positions 1"),
        (np.array([[[0.0, 2.0], [3.0, np.nan]]]), ValueError, r"y.ravel\(\) .* at positions 3"),
        (np.ma.masked_equal([[[0, 2], [3, 7]]], 7), ValueError, r"y.ravel\(\) .* at positions 3"),
        ([[[0.1, 0.9], [0.8, 0.2]]], ValueError, r"soft labels such as 0.1; pass y.argmax"),
        ([0.5, 1.0], ValueError, "continuous numbers"),
        ([], ValueError, "at least one sample"),
        ([1, "a"], TypeError, "labels of one type"),
        ("cat", TypeError, "y must be an array or list of labels, got 'cat'"),
        ({"cat": 3}, TypeError, "for known counts use fit_counts"),
        ([[0], [0, 1]], ValueError, r"rows of one length, .* MultiLabelBinarizer"),
    ],
    ids=str,
)
def test_what_is_no_label_is_refused(y, error, message):
    with pytest.raises(error, match=message):
        ClassWeightEstimator().fit(y)


@pytest.mark.parametrize(
    ("target", "y", "message"),
    [
        ("labels", np.eye(3), r"shape \(3, 3\); pass target='one-hot', or y\[None\]"),
        ("labels", [[0, 1], [1, 1]], r"pass target='multilabel' for a 0/1 column per class, or y"),
        ("labels", [[0, 2], [1, 1]], r"pass y\[None\] for one label map, or fit one estimator a"),
        ("labels", [["a", "b"], ["b", "b"]], r"got shape \(2, 2\); pass y\[None\]"),
        ("labels", [[0.1, 0.9], [0.8, 0.2]], r"soft labels such as 0.1; pass y.argmax"),
        ("labels", pd.DataFrame({"kind": [0, 1], "size": [3, 2]}), r"fit one estimator a column"),
        ("labels", np.eye(3)[[[0, 1]]], r"single 1 in every row of 3 .* pass target='one-hot', or"),
        (
            "one-hot",
            [0, 1, 1],
            r"a 0/1 column for each class .* shape \(3,\); pass target='labels'",
        ),
        ("one-hot", [[1], [1]], r"shape \(2, 1\); pass target='labels'"),
        ("one-hot", [[1, 0], [1, 1]], r"a single 1 in every row .* got rows of 1 to 2; .*multilab"),
        ("one-hot", [[1, 0], [0, 0]], r"got rows of 0 to 1"),
        ("one-hot", [[2, 0], [0, 2]], r"y must hold zeros and ones .* got 2"),
        ("one-hot", [[0.9, 0.1], [0.0, 1.0]], r"soft labels such as 0.9"),
        ("one-hot", [["a", "b"]], r"y must hold zeros and ones .* got 'a', 'b'"),
        ("multilabel", ["a", "b"], r"a 0/1 column for each class where target='multilabel'"),
        ("multilabel", pd.Series(["a"], dtype="category"), r"a 0/1 column for each class where"),
        ("multilabel", [[0, 1], [0, -1]], r"y must hold zeros and ones .* got -1"),
        ("multilabel", [[0, np.nan], [0, 1]], r"y must hold zeros and ones .* got nan"),
        ("multilabel", [[0, 1], [0, 0], [0, 1]], r"column 0 of y: .* none of 1"),
        ("onehot", [0, 1], r"target must be 'labels', 'one-hot' or 'multilabel', got 'onehot'"),
    ],
    ids=str,
)
def test_what_is_not_what_target_says_is_refused(target, y, message):
    with pytest.raises(ValueError, match=message):
        ClassWeightEstimator(target=target).fit(y)


def test_columns_are_as_many_as_classes_and_have_no_void():
    with pytest.raises(
        ValueError, match=r"each of the 3 classes 'a', 'b', 'c', got shape \(2, 2\)"
    ):
        ClassWeightEstimator(target="one-hot", classes=["a", "b", "c"]).fit(np.eye(2))
    with pytest.raises(ValueError, match="ignore_label must be None for target='one-hot', got 255"):
        ClassWeightEstimator(target="one-hot", ignore_label=255).fit(np.eye(2))
    with pytest.raises(ValueError, match="target must be 'labels' or 'one-hot' for fit_counts"):
        ClassWeightEstimator(target="multilabel").fit_counts({"a": 1})
    counted = ClassWeightEstimator(target="one-hot").fit_counts({"a": 1, "b": 3})
    assert counted.transform([[1, 0], [0, 1]]).tolist() == [2.0, 2 / 3]


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [([1, 1], r"shape \(3,\), got \(2,\)"), ([1, -1, 1], ">= 0"), ([1, np.nan, 1], "finite")],
)
def test_sample_weight_must_fit_the_labels(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        ClassWeightEstimator().fit([0, 1, 1], sample_weight=sample_weight)


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ({"b": 2, "a": -1}, ValueError, "counts must be finite and >= 0, got -1 for 'a'"),
        ({"a": float("nan")}, ValueError, "counts must be finite and >= 0, got nan"),
        ({"a": float("inf")}, ValueError, "counts must be finite and >= 0, got inf"),
        ({"a": 10**400}, ValueError, "counts must be finite"),
        ({"a": "x"}, TypeError, "counts must be numbers, got 'x' for 'a'"),
        ({"a": None}, TypeError, "counts must be numbers, got None"),
        ({}, ValueError, "counts must hold the count of at least one class, got none"),
        (pd.Series([1, 2], index=["a", "a"]), ValueError, "of distinct labels, got 'a', 'a'"),
        ({("a", "b"): 1}, TypeError, "labels must be str, int, bool or float"),
        ([1, 2], TypeError, "counts must be a mapping .* got list; .* use fit"),
        (pd.DataFrame({"a": [1]}), TypeError, "counts must be a mapping .* got DataFrame"),
    ],
    ids=str,
)
def test_what_are_no_counts_is_refused(counts, error, message):
    with pytest.raises(error, match=message):
        ClassWeightEstimator().fit_counts(counts)


@pytest.mark.parametrize("power", [120, 500, 1e300])
@pytest.mark.parametrize("normalize", ["samples", "classes", "max", "min", None])
@pytest.mark.parametrize("unit", [1000.0, 0.001])
def test_weights_beyond_floats_are_refused_without_a_warning(power, normalize, unit):
    weights = ClassWeightEstimator(power=power, normalize=normalize)
    with pytest.raises(ValueError, match=r"within the range of floats, .* lower power"):
        weights.fit_counts({"rare": unit, "common": 5 * unit, "most": 900 * unit})


def test_a_mapping_of_weights_too_far_apart_is_refused():
    with pytest.raises(ValueError, match="range of floats, those of 1 are not"):
        ClassWeightEstimator({0: 1e-300, 1: 1e300}, normalize="min").fit([0, 1])


def test_a_count_of_zero_is_a_missing_class():
    with pytest.raises(ValueError, match="none of 'b'; pass missing='ignore'"):
        ClassWeightEstimator().fit_counts({"a": 3, "b": 0})
    ignored = ClassWeightEstimator(missing="ignore").fit_counts({"a": 3, "b": 0})
    assert ignored.class_weight_ == {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize(
    ("fitted", "y", "stranger"),
    [
        (["a", "b"], ["a", "mole"], "'mole'"),
        (["a", "b"], [0, 1], "0, 1"),
        ([0, 1], ["a"], "'a'"),
        ([0, 4], [2], "2"),
        ([0, 4], [5, -1], "-1, 5"),
        ([-(2**62), 2**62], [0], "0"),
        ([0, 10**9], [10**9 + 1], "1000000001"),
    ],
)
def test_a_label_that_was_not_fitted_has_no_weight(fitted, y, stranger):
    weights = ClassWeightEstimator().fit(fitted)
    with pytest.raises(ValueError, match=f"only, got {stranger}"):
        weights.transform(y)


def test_chunks_of_a_stream_must_be_of_one_form():
    stream = ClassWeightEstimator(target="multilabel").partial_fit([[1, 0], [0, 1], [1, 1]])
    with pytest.raises(ValueError, match=r"a 0/1 column for each class where target='multilabel'"):
        stream.partial_fit([0, 1, 1])
    with pytest.raises(ValueError, match=r"got shape \(1, 3\)"):
        stream.partial_fit([[1, 0, 1]])
    with pytest.raises(ValueError, match="as in fit"):
        stream.transform([[0, 1, 1]])
    with pytest.raises(ValueError, match=r"target must stay as it was .* got 'labels'"):
        stream.set_params(target="labels").partial_fit([0, 1, 1])


def test_keras_indices_that_do_not_match_are_refused():
    weights = ClassWeightEstimator().fit(["cat", "dog"])
    with pytest.raises(ValueError, match="got 'owl'; fit with classes"):
        weights.to_keras({"cat": 0, "dog": 1, "owl": 2})
    with pytest.raises(ValueError, match="must number every weighed class, it lacks 'dog'"):
        weights.to_keras({"cat": 0})
    with pytest.raises(ValueError, match=r"class_indices must be 0 to 1, got \[1, 2\]"):
        weights.to_keras({"cat": 1, "dog": 2})
    with pytest.raises(TypeError, match=r"class_indices must be a mapping .* got list"):
        weights.to_keras(["cat", "dog"])


def test_integers_that_are_no_indices_are_not_renumbered_in_silence():
    for y in ([1, 2, 3], [-1, 1], [0, 2]):
        weights = ClassWeightEstimator().fit(y)
        with pytest.raises(ValueError, match="integer labels are class indices as they are"):
            weights.to_keras()
    assert weights.to_keras({0: 0, 2: 1}) == {0: 1.0, 1: 1.0}


def test_columns_have_no_weight_by_class_index():
    weights = ClassWeightEstimator(target="multilabel").fit([[1, 1], [0, 0]])
    with pytest.raises(ValueError, match=r"one class a sample .* pos_weight"):
        weights.to_keras()
    with pytest.raises(ValueError, match=r"one class a sample .* fit one model a column"):
        weights.fit_params("sklearn", [[1, 1], [0, 0]])


def test_pos_weight_needs_two_classes():
    with pytest.raises(ValueError, match=r"two classes .* got 3 classes"):
        ClassWeightEstimator().fit([0, 1, 2]).pos_weight()


def test_an_output_that_cannot_be_weighed_is_named():
    with pytest.raises(ValueError, match=r"output 'size': y must hold class labels, got cont"):
        ClassWeightEstimator().fit_params("keras", {"kind": [0, 1], "size": [0.5, 1.5]})
    rows = [np.array([0, 1]), np.array([1, "a"], dtype=object)]
    with pytest.raises(TypeError, match=r"output 1: y must hold labels of one type"):
        ClassWeightEstimator().fit_params("keras", rows)
    with pytest.raises(ValueError, match=r"to weigh several outputs of Keras, got 'multilabel'"):
        ClassWeightEstimator(target="multilabel").fit_params("keras", {"a": [[0, 1], [1, 0]]})


def test_fit_params_names_the_frameworks_and_asks_for_labels():
    weights = ClassWeightEstimator().fit([0, 1])
    with pytest.raises(ValueError, match=r"framework must be 'keras', .* got 'jax'"):
        weights.fit_params("jax")
    with pytest.raises(ValueError, match="y is needed for xgboost"):
        weights.fit_params("xgboost")


@pytest.mark.parametrize(
    ("settings", "first", "failing"),
    [
        ({}, ["a", "b", "b"], [1, 2]),
        ({}, [1, 2, 2], ["a"]),
        ({"classes": ["a", "b"]}, ["a", "b"], ["a", "z"]),
        ({"target": "multilabel"}, [[1, 0], [0, 1]], [[1, 1], [0, 2]]),
        ({"target": "one-hot"}, [[1, 0], [0, 1]], [[1, 0, 0]]),
    ],
)
def test_a_part_that_fails_is_not_counted(settings, first, failing):
    weights = ClassWeightEstimator(**settings).partial_fit(first)
    before = weights.class_weight_, weights.class_counts_, weights.classes_.tolist()
    with pytest.raises((ValueError, TypeError)):
        weights.partial_fit(failing)
    assert (weights.class_weight_, weights.class_counts_, weights.classes_.tolist()) == before
    twice = ClassWeightEstimator(**settings).partial_fit(first).partial_fit(first)
    assert weights.partial_fit(first).class_counts_ == twice.class_counts_


def test_batches_before_one_that_fails_are_not_counted():
    import torch

    batches = [(torch.zeros(2, 3), torch.tensor(labels)) for labels in ([0, 1], [0, 5])]
    loader = torch.utils.data.DataLoader(batches, batch_size=None)
    weights = ClassWeightEstimator(classes=[0, 1]).partial_fit([0, 1])
    with pytest.raises(ValueError, match="classes 0, 1 only, got 5"):
        weights.partial_fit(loader)
    assert weights.partial_fit([1]).class_counts_ == {0: 1.0, 1: 2.0}


def test_a_fit_that_fails_leaves_what_was_fitted():
    weights = ClassWeightEstimator(classes=["a", "b"]).fit(["a", "b", "b"])
    before = weights.class_weight_
    with pytest.raises(ValueError, match="every class must have a sample"):
        weights.fit(["a", "a"])
    assert weights.class_weight_ == before
    assert weights.class_counts_ == {"a": 1.0, "b": 2.0}
