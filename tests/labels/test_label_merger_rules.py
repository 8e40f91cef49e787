"""What a merge map, min_count, unlisted, unknown and missing make of the classes."""

import numpy as np
import pytest

from sklmerge import LabelMerger

Y = ["A", "B", "C", "A", "D"]


def merge(y, *args, **settings):
    return LabelMerger(*args, **settings).fit_transform(y).tolist()


@pytest.mark.parametrize(
    "merge_map",
    [{"A+B": ["A", "B"]}, [["A", "B"]], (("A", "B"),), {"A+B": {"B", "A"}}, [np.array(["A", "B"])]],
)
def test_every_form_of_a_map_merges_alike(merge_map):
    assert merge(Y, merge_map) == ["A+B", "A+B", "C", "A+B", "D"]


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_an_empty_map_changes_nothing(nothing):
    assert merge(Y, nothing) == Y


def test_what_is_learned_is_plain_and_sorted():
    merger = LabelMerger({"x": ["D", "A"]}).fit(Y)
    assert merger.classes_.tolist() == ["A", "B", "C", "D"]
    assert merger.merged_classes_.tolist() == ["B", "C", "x"]
    assert merger.n_classes_ == 3
    assert merger.mapping_ == {"A": "x", "B": "B", "C": "C", "D": "x"}
    assert merger.members_ == {"B": ["B"], "C": ["C"], "x": ["A", "D"]}
    assert merger.class_counts_ == {"A": 2, "B": 1, "C": 1, "D": 1}
    assert merger.class_indices_ == {"B": 0, "C": 1, "x": 2}
    assert all(type(label) is str for label in merger.mapping_)
    assert {type(n) for n in merger.class_counts_.values()} == {int}


def test_a_merged_class_may_have_the_name_of_its_member():
    assert merge(Y, {"A": ["A", "B"]}) == ["A", "A", "C", "A", "D"]


def test_names_may_swap_where_no_class_of_that_name_stays():
    assert merge(Y, {"B": ["A"], "A": ["B"]}) == ["B", "A", "C", "B", "D"]


def test_integers_stay_integers():
    merged = LabelMerger({0: [0, 1]}).fit_transform(np.array([0, 1, 2, 3], dtype=np.uint8))
    assert merged.dtype == np.uint8
    assert merged.tolist() == [0, 0, 2, 3]
    wider = LabelMerger({-1: [0, 1]}).fit_transform(np.array([0, 1, 2, 3], dtype=np.uint8))
    assert wider.dtype == np.int64
    assert wider.tolist() == [-1, -1, 2, 3]


def test_integers_may_get_names_when_all_are_merged():
    assert merge([0, 1, 2, 3], [[0, 1], [2, 3]]) == ["0+1", "0+1", "2+3", "2+3"]


def test_whole_floats_are_the_numbers_that_they_show():
    assert merge(np.array([0.0, 1.0, 2.0]), {0: [0, 1]}) == [0.0, 0.0, 2.0]


def test_rare_classes_are_counted_after_merging():
    assert merge(list("AABBCCCCD"), [["A", "B"]], min_count=3) == [
        *["A+B"] * 4,
        *["C"] * 4,
        "other",
    ]


def test_min_count_may_be_a_fraction_and_takes_no_class_that_reaches_it():
    y = ["a"] * 6 + ["b"] * 2 + ["c"] * 2
    assert merge(y, min_count=0.2) == y
    assert merge(y, min_count=0.21) == ["a"] * 6 + ["other"] * 4


def test_a_class_named_like_rare_label_takes_the_rare_ones_in():
    merger = LabelMerger(min_count=2).fit(["other", "other", "x", "k", "k"])
    assert merger.members_ == {"k": ["k"], "other": ["other", "x"]}


def test_unlisted_sends_all_the_rest_to_one_label():
    assert merge(Y, [["A", "B"]], unlisted="rest") == ["A+B", "A+B", "rest", "A+B", "rest"]


def test_unlisted_error_names_what_the_map_lacks():
    with pytest.raises(ValueError, match=r"list every class.*lacks 'C', 'D'"):
        LabelMerger([["A", "B"]], unlisted="error").fit(Y)


def test_a_listed_label_that_y_lacks_is_an_error_or_ignored():
    with pytest.raises(ValueError, match=r"merge lists labels that y lacks: 'Z'"):
        LabelMerger({"AZ": ["A", "Z"]}).fit(Y)
    merger = LabelMerger({"AZ": ["A", "Z"]}, missing="ignore").fit(Y)
    assert "Z" not in merger.classes_
    assert merger.members_["AZ"] == ["A"]
    assert merger.transform(["Z"]).tolist() == ["AZ"]


def test_min_count_leaves_labels_alone_that_y_lacks():
    merger = LabelMerger({7: [8, 9]}, min_count=2, rare_label=-1, missing="ignore").fit([1, 1, 2])
    assert merger.transform([1, 2, 8]).tolist() == [1, -1, 7]


def test_unknown_labels_are_an_error_kept_or_one_label():
    with pytest.raises(ValueError, match=r"unknown to this LabelMerger: 'mole', 'scar'; pass"):
        LabelMerger().fit(Y).transform(["scar", "A", "mole"])
    assert LabelMerger(unknown="keep").fit(Y).transform(["A", "longer"]).tolist() == ["A", "longer"]
    assert LabelMerger(unknown="?").fit(Y).transform(["A", "longer"]).tolist() == ["A", "?"]


def test_only_ten_unknown_labels_are_listed():
    with pytest.raises(ValueError, match=r"'u9' \(and 5 more\)"):
        LabelMerger().fit(Y).transform([f"u{i}" for i in range(10)] + [f"z{i}" for i in range(5)])


def test_a_merged_label_is_not_let_through_as_unknown():
    merger = LabelMerger({"AB": ["A", "B"]}, unknown="keep").fit(Y)
    with pytest.raises(ValueError, match=r"names of merged classes: 'AB'; is it merged already"):
        merger.transform(["A", "AB"])


@pytest.mark.parametrize(
    ("merge_map", "kind", "message"),
    [
        ({"x": ["A"], "z": ["A"]}, ValueError, r"label in two sets, got 'A' in 'x' and 'z'"),
        ({"C": ["A", "B"]}, ValueError, r"like a class that stays, got 'C' for 'A', 'B'"),
        ({"x": []}, ValueError, r"empty set of labels, got \[\] for 'x'"),
        ({"x": ["A", "A"]}, ValueError, r"list a label once, got 'A' twice"),
        ([["A", "B"], ["A+B"]], ValueError, r"name every set differently, got 'A\+B' twice"),
        ({"x": ["A", None]}, ValueError, r"missing labels"),
        ({"x": "A"}, TypeError, r"did you mean \{'A': \['x'\]\}, or \{'x': \['A'\]\}\?"),
        ({"x": "A", "y": "A"}, TypeError, r"did you mean \{'A': \['x', 'y'\]\}\?"),
        (["A", "B"], TypeError, r"in a list of lists, got 'A'"),
        ({"x": ["A", 1]}, TypeError, r"labels of one type, got str \('A'\), int \(1\)"),
        (3, TypeError, r"merge must be a mapping .* got 3"),
        ({"x": [0, 1]}, ValueError, r"labels of the type of y, str .* got int \(0, 1\)"),
        ({0: ["A", "B"]}, ValueError, r"got int \(0\) for 'A', 'B'; for example \{'A\+B'"),
        ({0: ["A", "B"], True: ["C", "D"]}, TypeError, r"names of merged classes must hold"),
        ({"x": [(1, 2)]}, TypeError, r"labels must be str, int, bool or float, got \(1, 2\)"),
    ],
)
def test_a_map_in_conflict_is_an_error_that_says_where(merge_map, kind, message):
    with pytest.raises(kind, match=message):
        LabelMerger(merge_map).fit(Y)


def test_a_text_name_beside_integers_is_an_error_that_suggests_an_integer():
    with pytest.raises(
        ValueError, match=r"int \(2, 3\), got str \('AB'\).*example \{0: \[0, 1\]\}"
    ):
        LabelMerger({"AB": [0, 1]}).fit([0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"got str \('other'\) for 1; for example rare_label=-1"):
        LabelMerger(min_count=2).fit([0, 0, 1])


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"missing": "drop"}, ValueError, r"missing must be"),
        ({"min_count": 0}, ValueError, r"min_count must be >= 1 as an int, got 0"),
        ({"min_count": 1.5}, ValueError, r"min_count must lie between 0 and 1"),
        ({"min_count": True}, TypeError, r"min_count must be an int, a fraction or None, got True"),
    ],
)
def test_settings_out_of_range_are_errors(settings, kind, message):
    with pytest.raises(kind, match=message):
        LabelMerger(**settings).fit(Y)


def test_the_map_shows_in_the_repr():
    merger = LabelMerger({"AB": ["A", "B"]})
    assert repr(merger) == "LabelMerger(merge={'AB': ['A', 'B']})"
    assert repr(merger.fit(Y)).endswith(": 'AB' <- 'A', 'B'; 'C'; 'D'")
