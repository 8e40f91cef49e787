"""Which containers and dtypes of y go in, and what comes out."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklmerge import LabelMerger

MAP = {"AB": ["A", "B"]}
Y = ["A", "B", "C", "A"]
MERGED = ["AB", "AB", "C", "AB"]


@pytest.mark.parametrize("dtype", ["str", "string", "category", object])
def test_a_series_stays_a_series_with_index_name_and_dtype(dtype):
    y = pd.Series(Y, index=[7, 5, 3, 1], name="lesion", dtype=dtype)
    merged = LabelMerger(MAP).fit_transform(y)
    expected = pd.Series(MERGED, index=[7, 5, 3, 1], name="lesion", dtype=dtype)
    pd.testing.assert_series_equal(merged, expected)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "Int64", "UInt8", "float64", "category"])
def test_numbers_in_a_series_keep_their_dtype(dtype):
    merged = LabelMerger({1: [1, 2]}).fit_transform(pd.Series([1, 2, 3], dtype=dtype))
    pd.testing.assert_series_equal(merged, pd.Series([1, 1, 3], dtype="int64").astype(dtype))


@pytest.mark.parametrize("dtype", ["int64", "Int64", "bool", "boolean", "category"])
def test_a_series_whose_labels_become_text_gets_a_text_dtype(dtype):
    y = pd.Series([0, 1]).astype("bool" if "bool" in dtype else "int64").astype(dtype)
    merged = LabelMerger([y.tolist()]).fit_transform(y)
    assert merged.tolist() == ["+".join(map(str, y.tolist()))] * 2


def test_categories_that_do_not_occur_are_no_classes():
    y = pd.Series(pd.Categorical(["b", "a"], categories=["z", "b", "a"]))
    assert LabelMerger().fit(y).classes_.tolist() == ["a", "b"]


@pytest.mark.parametrize("make", [pd.Index, pd.Categorical, pd.CategoricalIndex])
def test_other_pandas_labels_become_arrays(make):
    merged = LabelMerger(MAP).fit_transform(make(Y))
    assert isinstance(merged, np.ndarray)
    assert merged.tolist() == MERGED


@pytest.mark.parametrize("dtype", ["U1", "U9", ">U3", object, np.dtypes.StringDType()])
def test_arrays_of_text_come_back_as_arrays_of_text(dtype):
    merged = LabelMerger(MAP).fit_transform(np.array(Y, dtype=dtype))
    assert merged.tolist() == MERGED
    assert (merged.dtype == object) == (dtype is object)


@pytest.mark.parametrize("dtype", ["i1", "u2", ">i4", "i8", "u8", "f4", "f8", bool])
def test_arrays_of_numbers_merge_whatever_their_width(dtype):
    y = np.array([0, 1, 1, 0], dtype=dtype)
    assert (
        LabelMerger({0: [0], 1: [1]} if dtype is not bool else None).fit_transform(y).tolist()
        == y.tolist()
    )


def test_integers_far_apart_and_at_the_ends_of_their_range_merge():
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    y = np.array([low, high, 0, low])
    merger = LabelMerger({1: [low, high]}).fit(y)
    assert merger.transform(y).tolist() == [1, 1, 0, 1]
    with pytest.raises(ValueError, match=r"unknown to this LabelMerger: -5, 7"):
        merger.transform([7, -5])


def test_integers_beyond_the_table_of_known_ones_are_unknown():
    merger = LabelMerger(unknown="keep").fit([3, 5])
    assert merger.transform([3, 4, -1, 10**12, -(10**12)]).tolist() == [3, 4, -1, 10**12, -(10**12)]


def test_labels_that_python_takes_for_equal_are_told_apart():
    with pytest.raises(TypeError, match=r"labels of one type, got bool \(True\), int \(1\)"):
        LabelMerger().fit([True, 1])
    with pytest.raises(TypeError, match=r"got str \('1'\), int \(1\)"):
        LabelMerger().fit(["1", 1])
    with pytest.raises(TypeError, match=r"y must hold int labels like 0, 1, got bool"):
        LabelMerger().fit([0, 1]).transform([True])


def test_other_labels_than_fitted_are_an_error_in_an_object_array_too():
    merger = LabelMerger(MAP).fit(Y)
    with pytest.raises(TypeError, match=r"one type, got str \('A'\), int \(3\)"):
        merger.transform(np.array(["A", 3], dtype=object))
    with pytest.raises(TypeError, match=r"must hold labels, one a row, got \['A'\]"):
        merger.transform(np.array([["A"], "A", None], dtype=object))
    with pytest.raises(TypeError, match=r"must hold str labels .* got int: 1, 2"):
        merger.transform(np.array([1, 2], dtype=object))


@pytest.mark.parametrize(
    "y",
    [
        ["A", None, "B", float("nan")],
        np.array(["A", None, "B", np.nan], dtype=object),
        pd.Series(["A", None, "B", None]),
        pd.Series(["A", None, "B", None], dtype="category"),
        pd.Series([1, None, 2, None], dtype="Int64"),
        pd.Series([1.0, None, 2.0, None]),
        np.array([1, np.nan, 2, np.nan]),
        np.array(["A", pd.NA, "B", pd.NaT], dtype=object),
    ],
)
def test_missing_labels_are_an_error_that_gives_their_positions(y):
    with pytest.raises(ValueError, match=r"y has missing labels \(NaN, None\) at positions 1, 3;"):
        LabelMerger().fit(y)


def test_missing_labels_are_found_at_transform_too():
    with pytest.raises(
        ValueError, match=r"at positions 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 \(and 2 more\)"
    ):
        LabelMerger(MAP).fit(Y).transform(np.array([None] * 12, dtype=object))


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        ([], ValueError, r"at least one label"),
        ([0.5, 1.0], ValueError, r"continuous numbers: 0.5"),
        ([np.inf, 1.0], ValueError, r"continuous numbers: inf"),
        ("abc", TypeError, r"array or list of labels, got 'abc'"),
        (None, TypeError, r"array or list of labels, got None"),
        (np.array([1j]), TypeError, r"got dtype complex128"),
        (np.array([b"a"]), TypeError, r"got dtype \|S1"),
        ({"a", "b"}, TypeError, r"one label a row in order, got a set"),
        (np.zeros((2, 2, 2)), ValueError, r"one label a row, got shape \(2, 2, 2\)"),
        (np.array([{}, {}], dtype=object), TypeError, r"must hold labels, one a row, got \{\}"),
        ([2**70, 1], ValueError, r"integers of 64 bits"),
        ([[0, 2], [1, 0]], ValueError, r"must hold 0 and 1 only"),
    ],
)
def test_what_holds_no_labels_is_an_error(y, kind, message):
    with pytest.raises(kind, match=message):
        LabelMerger().fit(y)


TABLE = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])
MERGED_TABLE = [[1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.int64, bool, np.float32])
def test_a_merged_column_is_the_or_of_its_members(make, dtype):
    y = make(TABLE.astype(dtype))
    merger = LabelMerger({0: [0, 1]}).fit(y)
    merged = merger.transform(y)
    assert merger.multilabel_
    assert merger.merged_classes_.tolist() == [0, 2]
    assert merger.class_counts_ == {0: 1, 1: 1, 2: 1}
    assert (merged.toarray() if sparse.issparse(merged) else merged).tolist() == MERGED_TABLE


def test_a_data_frame_is_merged_by_the_names_of_its_columns():
    y = pd.DataFrame(TABLE, columns=["c", "a", "b"], index=[5, 6, 7])
    merger = LabelMerger({"ac": ["a", "c"]}).fit(y)
    expected = pd.DataFrame(MERGED_TABLE, columns=["ac", "b"], index=[5, 6, 7])
    pd.testing.assert_frame_equal(merger.transform(y), expected)
    pd.testing.assert_frame_equal(merger.transform(y[["a", "b", "c"]]), expected)
    with pytest.raises(
        ValueError, match=r"must have the columns \['a', 'b', 'c'\], got \['a', 'b'\]"
    ):
        merger.transform(y[["a", "b"]])
