"""Which part a source falls to."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge._random import hash_texts, rank_keys
from sklmerge.balance.plan._parts_and_folds import check_split
from sklmerge.images.files._split_by_hash import (
    apportion,
    pool_small_classes,
    split_by_group,
    split_by_rank,
)

SHARES = st.sampled_from([(1.0,), (0.8, 0.2), (0.7, 0.15, 0.15), (0.05, 0.95), (0.34, 0.33, 0.33)])


@given(counts=st.lists(st.integers(0, 3000), min_size=1, max_size=5), shares=SHARES)
def test_parts_are_within_one_of_their_share_and_none_is_empty(counts, shares):
    seats = apportion(np.array(counts), shares)
    assert seats.sum(axis=1).tolist() == counts
    for row, count in zip(seats, counts, strict=True):
        if count < len(shares):
            assert row.tolist() == [count] + [0] * (len(shares) - 1)
            continue
        assert (row >= 1).all()
        quotas = [count * share for share in shares]
        if min(quotas) >= 1:
            assert np.abs(row - quotas).max() < 1


def test_a_share_that_is_whole_but_for_rounding_is_kept_whole():
    assert apportion(np.array([100]), (0.29, 0.71)).tolist() == [[29, 71]]


@given(
    classes=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    shares=SHARES,
    seed=st.integers(0, 2**64 - 1),
)
def test_the_split_takes_the_lowest_ranks_of_each_stratum_first(classes, shares, seed):
    strata = np.array(classes)
    ranks = rank_keys(hash_texts(f"{i}".encode() for i in range(len(classes))), seed, "split")
    parts = split_by_rank(strata, ranks, shares)
    for stratum in set(classes):
        rows = np.flatnonzero(strata == stratum)
        in_order = parts[rows[np.argsort(ranks[rows])]]
        assert (np.diff(in_order) >= 0).all()
        expected = apportion(np.array([len(rows)]), shares)[0]
        assert np.bincount(in_order, minlength=len(shares)).tolist() == expected.tolist()


def test_many_original_classes_of_one_image_still_reach_every_part():
    originals = np.arange(10, dtype=np.int32)
    merged = np.zeros(10, np.int32)
    strata = pool_small_classes(originals, merged, 2)
    parts = split_by_rank(strata, np.arange(10, dtype=np.uint64), (0.8, 0.2))
    assert Counter(parts.tolist()) == {0: 8, 1: 2}


def test_the_seed_changes_the_split_and_the_split_is_not_the_order_of_drawing():
    keys = hash_texts(f"{i}".encode() for i in range(100))
    orders = [
        tuple(np.argsort(rank_keys(keys, seed, purpose)))
        for seed, purpose in [(0, "split"), (1, "split"), (0, "draw")]
    ]
    assert len(set(orders)) == 3


@given(
    memberships=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=80),
    shares=SHARES,
    seed=st.integers(0, 99),
)
def test_groups_stay_whole_and_train_holds_every_class_of_one_group(memberships, shares, seed):
    names, groups = np.unique([group for group, _ in memberships], return_inverse=True)
    _, classes = np.unique([label for _, label in memberships], return_inverse=True)
    ranks = rank_keys(hash_texts(f"{name}".encode() for name in names), seed, "split")
    parts = split_by_group(groups, classes.astype(np.int32), ranks, shares)
    for group in set(groups.tolist()):
        assert len(set(parts[groups == group].tolist())) == 1
    for label in set(classes.tolist()):
        if len(set(groups[classes == label].tolist())) == 1:
            assert set(parts[classes == label].tolist()) == {0}


@given(
    sizes=st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=8), min_size=1, max_size=3),
    shares=SHARES,
)
def test_classes_of_enough_groups_reach_every_part(sizes, shares):
    groups, classes, n_groups = [], [], 0
    for label, group_sizes in enumerate(sizes):
        for size in group_sizes:
            groups += [n_groups] * size
            classes += [label] * size
            n_groups += 1
    ranks = np.arange(n_groups, dtype=np.uint64)[::-1]
    parts = split_by_group(np.array(groups), np.array(classes, np.int32), ranks, shares)
    for label in range(len(sizes)):
        assert set(parts[np.array(classes) == label].tolist()) == set(range(len(shares)))


def test_equal_groups_are_divided_like_images():
    groups = np.repeat(np.arange(50), 4)
    classes = np.repeat(np.arange(2, dtype=np.int32), 100)
    ranks = rank_keys(hash_texts(f"{i}".encode() for i in range(50)), 0, "split")
    parts = split_by_group(groups, classes, ranks, (0.8, 0.2))
    assert Counter(zip(classes.tolist(), parts.tolist(), strict=True)) == {
        (0, 0): 80,
        (0, 1): 20,
        (1, 0): 80,
        (1, 1): 20,
    }


@pytest.mark.parametrize("split", [(0.8, 0.3), (0.25,) * 4, (1.2, -0.2), "0.8", 0.8, (), (1, 0)])
def test_shares_that_are_no_split_are_refused(split):
    with pytest.raises(ValueError, match="split must be up to three shares"):
        check_split(split)
