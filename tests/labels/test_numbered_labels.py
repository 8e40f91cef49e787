"""Maps of numbers under callers that number the classes: never wrong in silence. Brute force."""

from itertools import combinations

import numpy as np
import pytest

from sklmerge import LabelMerger
from sklmerge.labels import check_all_named, fit_nested_merger


def list_subsets(labels, least=1):
    labels = sorted(labels)
    for size in range(least, len(labels) + 1):
        yield from combinations(labels, size)


def is_taken(named, found, missing):
    try:
        check_all_named("merge", named, found, missing=missing)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("missing", ["error", "ignore"])
def test_no_numbering_of_any_fold_or_bootstrap_passes_for_the_labels(missing):
    n_numbered = n_taken = 0
    for named in list_subsets(range(-1, 6), 2):
        for fold in list_subsets(named):
            numbers = dict(zip(fold, range(len(fold)), strict=True))
            n_taken += is_taken(named, fold, missing)
            for rows in list_subsets(fold):
                n_numbered += 1
                changed = any(numbers[label] != label for label in rows)
                found = [numbers[label] for label in rows]
                assert not (changed and is_taken(named, found, missing))
    assert n_numbered == 14190
    # Complete folds are always taken, one for each set of names; with "ignore" most others too.
    assert n_taken == 120 if missing == "error" else n_taken > 1000


def test_fewer_classes_are_taken_only_if_a_numbering_cannot_give_them():
    assert is_taken([10, 20, 30], [10, 30], "ignore")
    assert not is_taken([10, 20, 30], [10, 30], "error")
    assert is_taken([0, 1, 2], [0, 2], "ignore")
    assert not is_taken([0, 1, 2], [0, 1], "ignore")


def test_text_and_bools_are_free():
    assert is_taken(["A", "B"], ["A", "B", "C"], "error")
    assert is_taken([True], [False, True], "error")


@pytest.mark.parametrize("kind", [int, float, np.uint8])
def test_the_kind_of_number_does_not_matter(kind):
    y = np.array([1, 2, 3, 3], dtype=kind)
    assert fit_nested_merger({3: [2, 3], 1: [1]}, y).n_classes_ == 2
    with pytest.raises(ValueError, match=r"merge must name every class"):
        fit_nested_merger({3: [2, 3]}, y)
    with pytest.raises(ValueError, match=r"merge must name every class"):
        fit_nested_merger({3: [2, 3], 1: [1]}, y - 1)


def test_what_takes_in_the_rest_is_keyed_by_label_too():
    with pytest.raises(ValueError, match=r"merge must name every class"):
        fit_nested_merger(LabelMerger({5: [5]}, unlisted=0), [0, 5, 6])
    merger = LabelMerger({5: [5]}, unlisted=0, classes=[0, 5, 6])
    assert fit_nested_merger(merger, [0, 5, 6]).members_ == {0: [0, 6], 5: [5]}


def test_the_message_never_shows_the_numbers_it_saw():
    for merge in ({1: [1, 2]}, LabelMerger({1: [1, 2]}, classes=[1, 2, 7])):
        with pytest.raises(ValueError, match=r"name all your original labels") as caught:
            fit_nested_merger(merge, [0, 1, 2, 3])
        assert not any(shown in str(caught.value) for shown in ("0, 3", "[0", "0..3"))


def test_merging_directly_is_free():
    assert LabelMerger({1: [1, 2]}).fit_transform([0, 1, 2]).tolist() == [0, 1, 1]
