"""Train and test: stratified, stable, and never one group on both sides."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklmerge import ImageIndex
from sklmerge.images import ImagePaths


def make_index(counts, start=0):
    labels = [label for label, n in counts.items() for _ in range(n)]
    names = [f"{label}/{i}.jpg" for label, n in counts.items() for i in range(start, start + n)]
    return ImageIndex(pd.DataFrame({"file_name": names, "label": labels}), root="memory://photos")


def get_sides(index, **options):
    train, test = index.split(**options)
    return set(train.paths), set(test.paths)


@settings(deadline=None)
@given(
    counts=st.dictionaries(st.sampled_from("abcdef"), st.integers(2, 60), min_size=1),
    test_size=st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.9]),
    seed=st.integers(0, 2**40),
)
def test_every_class_has_its_share_and_every_image_one_side(counts, test_size, seed):
    index = make_index(counts)
    train, test = index.split(test_size, random_state=seed)
    assert sorted([*train.paths, *test.paths]) == sorted(index.paths)
    for label, n in counts.items():
        assert train.counts[label] >= 1
        assert test.counts[label] >= 1
        assert train.counts[label] + test.counts[label] == n
        assert abs(test.counts[label] - n * test_size) < 1 or 1 in (
            train.counts[label],
            test.counts[label],
        )


def test_shares_hold_for_original_labels_below_the_merge():
    index = make_index({"a": 80, "b": 20}).with_merge({"ab": ["a", "b"]})
    _, test = index.split(0.25)
    assert test.original_counts == {"a": 20, "b": 5}


def test_a_lone_image_goes_to_train():
    train, test = make_index({"a": 10, "b": 1}).split(0.3)
    assert (train.counts["b"], test.counts["b"]) == (1, 0)


def test_seed_decides_and_order_does_not():
    index = make_index({"a": 50, "b": 30})
    shuffled = index.take(np.random.default_rng(0).permutation(len(index)))
    assert get_sides(index) == get_sides(index) == get_sides(shuffled)
    assert get_sides(index) != get_sides(index, random_state=1)
    assert get_sides(index, random_state=None) != get_sides(index, random_state=None)


def test_images_added_later_move_old_ones_only_across_the_line():
    few, more = make_index({"a": 100}), make_index({"a": 120})
    old = set(few.paths)
    _, test_before = get_sides(few, test_size=0.25)
    _, test_after = get_sides(more, test_size=0.25)
    moved = test_before ^ (test_after & old)
    # 5 places more for 20 images more: a shuffle would move some 37 of the old ones.
    assert len(moved) <= 5
    assert test_before <= test_after or test_after & old <= test_before


@settings(deadline=None)
@given(
    groups=st.lists(st.integers(0, 12), min_size=30, max_size=60),
    seed=st.integers(0, 99),
    as_text=st.booleans(),
)
def test_a_group_is_never_on_both_sides(groups, seed, as_text):
    index = make_index({"a": len(groups) // 2, "b": len(groups) - len(groups) // 2})
    names = [f"smear {g}" for g in groups] if as_text else np.array(groups)
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="of 1 groups leaves a side without images"):
            index.split(0.3, groups=names)
        return
    train, test = index.split(0.3, groups=names, random_state=seed)
    group_of = dict(zip(index.paths, groups, strict=True))
    assert not {group_of[p] for p in train.paths} & {group_of[p] for p in test.paths}
    assert len(train) + len(test) == len(index)


def test_groups_keep_shares_near_where_they_can():
    index = make_index({"a": 400, "b": 100})
    groups = np.arange(500) // 5
    _, test = index.split(0.2, groups=groups)
    assert abs(test.counts["a"] - 80) <= 5
    assert abs(test.counts["b"] - 20) <= 5


def test_split_of_a_folder_does_not_depend_on_where_it_lies(make_folder, tmp_path):
    names = [f"{label}/{i}.jpg" for label in "ab" for i in range(20)]
    folder = make_folder(names)
    (tmp_path / "copy").mkdir()
    copied = tmp_path / "copy"
    for name in names:
        (copied / name).parent.mkdir(exist_ok=True)
        (copied / name).write_bytes(b"")
    index = ImageIndex(folder, classes=["a", "b"])
    first = [os.path.relpath(path, folder) for path in index.split()[1].paths]
    second = [os.path.relpath(path, copied) for path in ImageIndex(copied).split()[1].paths]
    assert first == second
    assert isinstance(index.split()[1].paths, ImagePaths)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"test_size": 0}, "test_size must be between 0 and 1, got 0"),
        ({"test_size": 1.5}, "test_size must be between 0 and 1, got 1.5"),
        ({"groups": [1, 2]}, r"groups must be of shape \(8,\), got \(2,\)"),
        ({"groups": [pd.NA] * 8}, "groups must name a group for each image"),
        ({"random_state": -1}, "random_state must be"),
    ],
)
def test_wrong_parameters_are_errors(options, reason):
    with pytest.raises(ValueError, match=reason):
        make_index({"a": 5, "b": 3}).split(**options)


def test_a_side_without_images_is_an_error():
    with pytest.raises(ValueError, match=r"test_size=0.2 of 2 images leaves a side without images"):
        make_index({"a": 1, "b": 1}).split()
