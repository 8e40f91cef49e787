"""Taking a merge back: labels, provenance, probabilities."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklmerge import LabelMerger

Y = ["B", "A", "C", "B", "D"]


@pytest.fixture
def merger():
    return LabelMerger({"AB": ["A", "B"]}).fit(Y)


def test_classes_of_one_member_come_back_exactly(merger):
    assert merger.inverse_transform(["D", "C"]).tolist() == ["D", "C"]


def test_a_class_of_several_members_is_an_error_or_its_most_frequent_one(merger):
    with pytest.raises(ValueError, match=r"does not say which of 'A', 'B' a 'AB' was"):
        merger.inverse_transform(["C", "AB"])
    inverse = merger.inverse_transform(["C", "AB"], ambiguous="most_frequent")
    assert inverse.tolist() == ["C", "B"]
    with pytest.raises(ValueError, match=r"ambiguous must be"):
        merger.inverse_transform(["C"], ambiguous="random")


def test_a_listed_label_that_y_lacked_makes_its_class_ambiguous():
    merger = LabelMerger({"AZ": ["A", "Z"]}, missing="ignore").fit(Y)
    with pytest.raises(ValueError, match=r"which of 'A', 'Z'"):
        merger.inverse_transform(["AZ"])
    assert merger.inverse_transform(["AZ"], ambiguous="most_frequent").tolist() == ["A"]


@pytest.mark.parametrize(
    "original", [["A", "C"], np.array(["A", "C"]), pd.Series(["A", "C"], index=[4, 2])]
)
def test_provenance_brings_the_original_labels_back_as_a_copy(merger, original):
    inverse = merger.inverse_transform(["AB", "C"], original=original)
    assert list(inverse) == ["A", "C"]
    assert inverse is not original
    if isinstance(original, pd.Series):
        pd.testing.assert_series_equal(inverse, original)


def test_provenance_that_contradicts_the_merge_is_an_error_that_shows_the_first_rows(merger):
    with pytest.raises(
        ValueError,
        match=r"contradicts original in 4 of 5 rows, first: row 1 must be 'AB', got 'C'; row 2",
    ):
        merger.inverse_transform(["AB", "C", "D", "C", "C"], original=["A", "A", "C", "B", "D"])
    with pytest.raises(ValueError, match=r"must have the rows of y_merged, \(1,\), got \(2,\)"):
        merger.inverse_transform(["AB"], original=["A", "A"])


def test_what_is_no_merged_class_cannot_come_back(merger):
    with pytest.raises(ValueError, match=r"labels that are no merged class: 'A', 'X'"):
        merger.inverse_transform(["C", "X", "A"])
    with pytest.raises(TypeError, match=r"y_merged must hold str labels"):
        merger.inverse_transform([3])


def test_kept_unknown_labels_come_back_as_they_are():
    merger = LabelMerger({"AB": ["A", "B"]}, unknown="keep").fit(Y)
    assert merger.inverse_transform(["C", "longer"]).tolist() == ["C", "longer"]


def test_a_merged_table_comes_back_with_provenance_or_most_frequent_members():
    y = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 0]])
    merger = LabelMerger({0: [0, 1]}).fit(y)
    merged = merger.transform(y)
    np.testing.assert_array_equal(merger.inverse_transform(merged, original=y), y)
    with pytest.raises(ValueError, match=r"which of 0, 1 a 0 was"):
        merger.inverse_transform(merged)
    np.testing.assert_array_equal(
        merger.inverse_transform(merged, ambiguous="most_frequent"),
        [[0, 1, 0], [0, 1, 1], [0, 1, 0]],
    )
    np.testing.assert_array_equal(
        merger.inverse_transform([[0, 1], [0, 0]]), [[0, 0, 1], [0, 0, 0]]
    )
    with pytest.raises(ValueError, match=r"row 0 must be \[1, 0\], got \[0, 0\]"):
        merger.inverse_transform(merged * 0, original=y)


def test_probabilities_add_up_over_members(merger):
    assert_allclose(merger.transform_proba([[0.1, 0.2, 0.3, 0.4]]), [[0.3, 0.3, 0.4]])


def test_rounding_lifts_no_sum_above_one_and_larger_sums_stay(merger):
    thirds = np.full(3, 1 / 3, np.float32) + np.float32(3e-8)
    rounded = merger.transform_proba([[0.7, 0.2 + 1e-16, 0.1 + 1e-16, 0], [*thirds, 0]])
    assert rounded.max() <= 1
    assert_allclose(merger.transform_proba([[0.9, 0.8, 0.1, 0]]), [[1.7, 0.1, 0]])


def test_merged_probabilities_can_beat_the_most_probable_original_class():
    merger = LabelMerger({"AB": ["A", "B"]}).fit(["A", "B", "C"])
    P = np.array([[0.3, 0.3, 0.4]])
    assert merger.merged_classes_[merger.transform_proba(P).argmax()] == "AB"
    assert merger.transform(merger.classes_[[P.argmax()]]).tolist() == ["C"]


def test_probabilities_split_by_training_frequency_or_as_given(merger):
    P = [[0.6, 0.3, 0.1], [0.3, 0.3, 0.4]]
    split = merger.inverse_transform_proba(P)
    assert_allclose(split, [[0.2, 0.4, 0.3, 0.1], [0.1, 0.2, 0.3, 0.4]])
    split = merger.inverse_transform_proba(P, given={"AB": [[1, 0], [0.5, 0.5]]})
    assert_allclose(split, [[0.6, 0, 0.3, 0.1], [0.15, 0.15, 0.3, 0.4]])


@pytest.mark.parametrize(
    ("P", "message"),
    [
        ([[0.5, 0.5]], r"P must be of shape \(n_samples, 4\), .* got \(1, 2\)"),
        ([0.5] * 4, r"got \(4,\)"),
        ([[0.5, 0.5, 0, 0], [1, np.nan, 0, 0]], r"finite, got \[1.0, nan, 0.0, 0.0\] in row 1"),
        ([[2.0, -1.0, 0, 0]], r"within 0..1, got -1"),
        ([[3.0, 1.0, 0, 0]], r"within 0..1, got 3"),
    ],
)
def test_what_is_no_table_of_probabilities_is_an_error(merger, P, message):
    with pytest.raises(ValueError, match=message):
        merger.transform_proba(P)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": [[1, 0]]}, r"keyed by merged classes \['AB', 'C', 'D'\], got \['X'\]"),
        ({"AB": [[1.0]]}, r"given\['AB'\] must be of shape \(n_samples, 2\)"),
        ({"AB": [[1, 0], [1, 0]]}, r"must have 1 rows, got 2"),
        ({"AB": [[0.5, 0.2]]}, r"sum to 1, got a sum of 0.7 in row 0"),
    ],
)
def test_given_probabilities_that_do_not_fit_are_an_error(merger, given, message):
    with pytest.raises(ValueError, match=message):
        merger.inverse_transform_proba([[0.5, 0.25, 0.25]], given=given)


@pytest.mark.parametrize(
    "method", ["transform_proba", "inverse_transform_proba", "encode", "decode"]
)
def test_labels_that_may_occur_together_have_no_probabilities_that_add_up(method):
    merger = LabelMerger().fit([[0, 1], [1, 1]])
    with pytest.raises(ValueError, match=rf"{method} needs classes that exclude each other"):
        getattr(merger, method)([[0.0, 1.0]])
