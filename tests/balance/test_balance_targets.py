"""How many files a class shall have, and which sources make them up."""

from itertools import cycle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge._checks import check_max_copies
from sklmerge.balance.plan._plan import resolve_targets, spread_copies

CLASSES = st.lists(st.integers(0, 2), min_size=1, max_size=40)
TARGETS = st.lists(st.integers(1, 60) | st.just(-1), min_size=3, max_size=3)
MAX_COPIES = st.integers(0, 5) | st.none()


def deal_copies(n_sources, target, max_copies):
    """Deal one copy at a time around the table, as a person would with cards."""
    if target == -1:
        return [0] * n_sources
    if target < n_sources:
        return [0] * target + [-1] * (n_sources - target)
    dealt = [0] * n_sources
    for place in cycle(range(n_sources)):
        full = max_copies is not None and dealt[place] == max_copies
        if full or sum(dealt) + n_sources == target:
            return dealt
        dealt[place] += 1
    raise AssertionError


@given(classes=CLASSES, targets=TARGETS, max_copies=MAX_COPIES, data=st.data())
def test_copies_are_dealt_round_in_the_order_of_the_ranks(classes, targets, max_copies, data):
    ranks = data.draw(st.permutations(range(len(classes))))
    classes, ranks = np.array(classes, np.int32), np.array(ranks, np.uint64)
    copies = spread_copies(classes, ranks, np.array(targets), max_copies)
    for label in set(classes.tolist()):
        rows = np.flatnonzero(classes == label)
        in_order = copies[rows[np.argsort(ranks[rows])]].tolist()
        assert in_order == deal_copies(len(rows), targets[label], max_copies)


@given(classes=CLASSES, targets=TARGETS, max_copies=MAX_COPIES, data=st.data())
def test_losing_sources_never_takes_a_file_from_the_others(classes, targets, max_copies, data):
    classes = np.array(classes, np.int32)
    ranks = np.array(data.draw(st.permutations(range(len(classes)))), np.uint64)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=40, max_size=40)))[: len(classes)]
    before = spread_copies(classes, ranks, np.array(targets), max_copies)[kept]
    after = spread_copies(classes[kept], ranks[kept], np.array(targets), max_copies)
    assert (after >= before).all()


@pytest.mark.parametrize(
    ("samples_per_class", "expected"),
    [
        ("majority", [30, 30, 30]),
        ("minority", [10, 10, 10]),
        (25, [25, 25, 25]),
        (np.int64(25), [25, 25, 25]),
        ({"cat": 3}, [3, -1, -1]),
        (None, [-1, -1, -1]),
    ],
)
def test_targets_follow_samples_per_class(samples_per_class, expected):
    targets = resolve_targets(samples_per_class, np.array([10, 20, 30]), ["cat", "dog", "fox"])
    assert targets.tolist() == expected


@pytest.mark.parametrize("wrong", ["most", 0, -5, 2.5, True, {"cat": 0}, {"cat": None}])
def test_numbers_that_are_no_target_are_refused(wrong):
    with pytest.raises((ValueError, TypeError), match=r"samples_per_class(\['cat'\])? must be"):
        resolve_targets(wrong, np.array([10, 20]), ["cat", "dog"])


def test_a_target_for_an_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'cow'; the merged classes are 'cat', 'dog'"):
        resolve_targets({"cow": 5}, np.array([10, 20]), ["cat", "dog"])


@pytest.mark.parametrize("wrong", [-1, 1.5, "many", True])
def test_a_bound_of_copies_is_a_whole_number(wrong):
    with pytest.raises((ValueError, TypeError), match="max_copies must be"):
        check_max_copies(wrong)
