"""Labels as targets of a network and back, and a merger as JSON."""

import json

import numpy as np
import pytest

from sklmerge import LabelMerger

Y = ["B", "A", "C", "B"]


@pytest.fixture
def three():
    return LabelMerger({"AB": ["A", "B"]}).fit([*Y, "D"])


@pytest.fixture
def two():
    return LabelMerger({"AB": ["A", "B"]}).fit(Y)


def test_sparse_codes_follow_class_indices(three):
    codes = three.encode(Y)
    assert codes.dtype == np.int64
    assert codes.tolist() == [three.class_indices_[label] for label in ["AB", "AB", "C", "AB"]]


def test_categorical_codes_are_one_hot(three):
    onehot = three.encode(["D", "A"], "categorical")
    assert onehot.dtype == np.float32
    np.testing.assert_array_equal(onehot, [[0, 0, 1], [1, 0, 0]])


def test_binary_codes_are_about_pos_label(two):
    assert two.encode(Y, "binary").tolist() == [0, 0, 1, 0]
    assert two.encode(Y, "binary", "AB").tolist() == [1, 1, 0, 1]
    assert two.encode(Y, "binary").dtype == np.float32


def test_merged_labels_are_encoded_on_request(three):
    assert three.encode(["D", "AB"], merged=True).tolist() == [2, 0]
    with pytest.raises(ValueError, match=r"unknown to this LabelMerger: 'AB'"):
        three.encode(["D", "AB"])
    with pytest.raises(ValueError, match=r"no merged class: 'A', 'B'; the merged classes are 'AB'"):
        three.encode(["A", "B"], merged=True)


@pytest.mark.parametrize("class_mode", ["sparse", "categorical", "binary"])
@pytest.mark.parametrize("dtype", [object, "U2"])
def test_decoding_brings_the_merged_labels_back(two, class_mode, dtype):
    y = np.array(Y, dtype=dtype)
    decoded = two.decode(two.encode(y, class_mode))
    assert decoded.tolist() == two.transform(y).tolist()


def test_softmax_logits_and_sigmoid_are_read(two, three):
    assert three.decode(np.array([[0.2, 0.7, 0.1], [-3, -9, 8]])).tolist() == ["C", "D"]
    assert two.decode(np.array([[0.9], [0.2]], dtype=np.float32)).tolist() == ["C", "AB"]
    assert two.decode([0.9, 0.2], pos_label="AB").tolist() == ["AB", "C"]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([0, 3], r"one of the codes 0..2, got 3 in row 1"),
        ([-1], r"got -1 in row 0"),
        ([0.5], r"whole numbers with 3 classes, got 0.5"),
        ([[0.5, 0.5]], r"or \(n_samples, 3\), got \(1, 2\)"),
        ([np.nan], r"codes must be finite, got nan at 0"),
    ],
)
def test_codes_that_stand_for_no_class_are_an_error(three, codes, message):
    with pytest.raises(ValueError, match=message):
        three.decode(codes)


def test_logits_are_no_sigmoid_output(two):
    with pytest.raises(ValueError, match=r"a probability or one of the codes 0, 1, got 2.5"):
        two.decode([2.5])
    with pytest.raises(TypeError, match=r"codes must hold numbers"):
        two.decode(["AB"])
    with pytest.raises(ValueError, match=r"pos_label is for a single column"):
        two.decode([[0.5, 0.5]], pos_label="AB")


def test_binary_needs_two_classes_and_lists_what_there_are(three, two):
    with pytest.raises(ValueError, match=r"two merged classes, got 3: 'AB', 'C', 'D'"):
        three.encode(Y, "binary")
    with pytest.raises(ValueError, match=r"pos_label must be one of 'AB', 'C', got 'A'"):
        two.encode(Y, "binary", "A")
    with pytest.raises(ValueError, match=r'pos_label is for class_mode="binary"'):
        two.encode(Y, "sparse", "AB")
    with pytest.raises(
        ValueError, match=r"class_mode must be 'sparse', 'categorical' or 'binary', got 'onehot'"
    ):
        two.encode(Y, "onehot")


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (Y, {"merge": {"AB": ["A", "B"]}, "unknown": "?"}),
        (np.array(Y, dtype=object), {"merge": [["A", "B"]], "min_count": 0.3}),
        (np.array([0, 1, 2], dtype=np.uint8), {"merge": {0: {0, 1}}, "unlisted": 7}),
        (np.array([0.0, 1.0]), {"min_count": np.int64(1)}),
        ([True, False], {"merge": {"any": np.array([True, False])}}),
        (np.array([[0, 1], [1, 1]]), {"merge": {0: [0, 1]}}),
    ],
)
def test_json_brings_a_fitted_merger_back_with_typed_labels(y, settings):
    merger = LabelMerger(**settings).fit(y)
    again = LabelMerger.from_json(merger.to_json())
    for name in ("mapping_", "members_", "class_counts_", "class_indices_", "multilabel_"):
        assert repr(getattr(again, name)) == repr(getattr(merger, name))
    assert again.merged_classes_.dtype == merger.merged_classes_.dtype
    assert again.classes_.dtype == merger.classes_.dtype
    np.testing.assert_array_equal(again.transform(y), merger.transform(y))
    np.testing.assert_array_equal(again.fit(y).transform(y), merger.transform(y))


def test_json_of_an_unfitted_merger_holds_its_settings():
    settings = {"merge": {"AB": ["A", "B"]}, "min_count": 3, "missing": "ignore"}
    again = LabelMerger.from_json(LabelMerger(**settings).to_json())
    assert again.get_params() == LabelMerger(**settings).get_params()
    assert not hasattr(again, "mapping_")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"text must be JSON"),
        ("[1]", r"with format 'sklmerge.LabelMerger'"),
        (json.dumps({"format": "sklmerge.LabelMerger", "version": 9}), r"version 1 .* got 9"),
    ],
)
def test_other_json_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        LabelMerger.from_json(text)
