"""Merging reaches labels, codes, counts and tables alike, and subsets keep the numbers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklmerge import ClassWeightEstimator, ImageIndex, LabelMerger

NAMES = [
    f"{name}/{i}.jpg" for name, n in (("A", 4), ("B", 2), ("C", 3), ("D", 1)) for i in range(n)
]
ORIGINAL = ["A"] * 4 + ["B"] * 2 + ["C"] * 3 + ["D"]


@pytest.fixture
def folder(make_folder):
    return make_folder(NAMES)


@pytest.mark.parametrize("merge", [{"X": ["A", "C"]}, LabelMerger({"X": ["A", "C"]})])
def test_merge_reaches_everything(folder, merge):
    index = ImageIndex(folder, merge=merge)
    expected = ["X" if label in "AC" else label for label in ORIGINAL]
    assert index.labels.tolist() == expected
    assert index.original_labels.tolist() == ORIGINAL
    assert index.classes == ["B", "D", "X"]
    assert index.class_indices == {"B": 0, "D": 1, "X": 2}
    assert [index.classes[code] for code in index.codes] == expected
    assert index.original_classes == ["A", "B", "C", "D"]
    assert index.counts == {"B": 2, "D": 1, "X": 7}
    assert index.original_counts == {"A": 4, "B": 2, "C": 3, "D": 1}
    assert index.merger.inverse_transform(index.labels, original=index.original_labels) is not None
    assert "3 classes merged from 4" in repr(index)


def test_the_given_merger_is_not_fitted(folder):
    merger = LabelMerger([["A", "B"]])
    assert ImageIndex(folder, merge=merger).classes == ["A+B", "C", "D"]
    assert not hasattr(merger, "classes_")


def test_rare_classes_go_by_the_counts_of_files(folder):
    index = ImageIndex(folder, merge=LabelMerger(min_count=3))
    assert index.counts == {"A": 4, "C": 3, "other": 3}


@pytest.mark.parametrize("missing", ["error", "ignore"])
def test_merging_a_class_that_is_not_there_is_always_an_error(folder, missing):
    merge = LabelMerger({"X": ["A", "E"]}, missing=missing)
    with pytest.raises(ValueError, match=r"merge must name classes that are there, got \['E'\]"):
        ImageIndex(folder, merge=merge)


def test_a_view_merges_otherwise_and_takes_merging_back(folder):
    index = ImageIndex(folder, merge=[["A", "B"]])
    assert index.labels[0] == "A+B"
    other = index.with_merge({"X": ["A", "D"]})
    assert other.counts == {"B": 2, "C": 3, "X": 5}
    assert other.with_merge(None).labels.tolist() == ORIGINAL
    assert index.classes == ["A+B", "C", "D"]


def test_a_subset_keeps_classes_and_their_numbers(folder):
    index = ImageIndex(folder, merge={"X": ["A", "C"]})
    assert index.labels[0] == "X"
    part = index.take([9, 0, -2])
    assert part.labels.tolist() == ["D", "X", "X"]
    assert part.original_labels.tolist() == ["D", "A", "C"]
    assert part.class_indices == index.class_indices
    assert part.counts == {"B": 0, "D": 1, "X": 2}
    assert list(part.paths) == [index.paths[9], index.paths[0], index.paths[8]]
    assert_array_equal(index.take(index.labels == "B").codes, [0, 0])
    assert len(index.take([])) == 0


def test_both_sides_of_a_split_can_be_merged_otherwise_and_keep_one_numbering(folder):
    train, test = ImageIndex(folder).split(0.3)
    assert test.counts["D"] == 0
    merge = LabelMerger({"X": ["A", "D"]}, min_count=3)
    for side in (train, test):
        assert side.with_merge(merge).class_indices == {"C": 0, "X": 1, "other": 2}
    assert test.with_merge(merge).labels.tolist() == [
        {"A": "X", "B": "other", "C": "C"}[label] for label in test.labels
    ]


@pytest.mark.parametrize(
    ("indices", "error", "reason"),
    [
        ([10], IndexError, "positions of 10 images, got 10 to 10"),
        ([-11], IndexError, "got -11 to -11"),
        ([True, False], ValueError, "mask of length 10, got 2"),
        ([0.5], TypeError, "positions or a mask"),
        ([[0], [1]], TypeError, "positions or a mask"),
    ],
)
def test_wrong_indices_are_errors(folder, indices, error, reason):
    with pytest.raises(error, match=reason):
        ImageIndex(folder).take(indices)


def test_index_passes_through_a_frame_and_back(folder, tmp_path):
    merge = {"X": ["A", "C"]}
    index = ImageIndex(folder, merge=merge)
    frame = index.to_frame()
    assert list(frame.columns) == ["file_name", "label", "original_label"]
    frame.to_csv(tmp_path / "saved.csv", index=False)
    again = ImageIndex(pd.read_csv(tmp_path / "saved.csv"), root=folder, merge=merge)
    assert list(again.paths) == list(index.paths)
    assert again.labels.tolist() == index.labels.tolist()
    assert again.class_indices == index.class_indices


def test_frame_of_ones_own_keeps_its_order_and_types(tmp_path):
    outer, home = tmp_path / "b.jpg", tmp_path / "here"
    home.mkdir()
    for path in (outer, tmp_path / "a.jpg", home / "c.jpg"):
        path.touch()
    given = [str(outer), str(tmp_path / "a.jpg"), "c.jpg"]
    frame = pd.DataFrame({"path": given, "kind": [7, 3, 7]})
    options = {"path_column": "path", "label_column": "kind"}
    index = ImageIndex(frame, root=home, merge={0: [3]}, **options)
    assert list(index.paths) == [*given[:2], str(home / "c.jpg")]
    assert index.labels.tolist() == [7, 0, 7]
    assert index.counts == {0: 1, 7: 2}


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
def test_frame_labels_may_be_of_any_string_dtype(dtype):
    frame = pd.DataFrame({"file_name": ["1", "2", "3"], "label": ["b", "a", "b"]})
    index = ImageIndex(frame.astype({"label": dtype}), root="memory://here")
    assert index.labels.tolist() == ["b", "a", "b"]
    assert index.classes == ["a", "b"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"file_name": ["a"]}, "label_column must say which column of the data frame holds"),
        ({"label": ["a"]}, "path_column must say which column of the data frame holds the paths"),
        ({"file_name": [], "label": []}, "source must have a row for each image"),
        ({"file_name": ["1", "2"], "label": ["a", None]}, r"column 'label' of the data frame .* 1"),
    ],
)
def test_a_frame_that_makes_no_index_is_an_error(frame, reason):
    with pytest.raises(ValueError, match=reason):
        ImageIndex(pd.DataFrame(frame))


def test_class_weights_take_an_index_as_it_is(folder):
    weights = ClassWeightEstimator().fit(ImageIndex(folder, merge={"X": ["A", "C"]}))
    assert weights.class_weight_["X"] == pytest.approx(10 / (3 * 7))
    assert np.isclose(weights.class_weight_["D"], 10 / 3)
