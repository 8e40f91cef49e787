"""How many files a class shall have, and which sources make them up."""

import csv
import os
from collections import Counter
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklmerge import BalancingSampler, balance_folder
from sklmerge.images import encode_image

PIXELS = encode_image(np.zeros((2, 3, 3), np.uint8), "png")
CLASSES = ("cat", "dog", "fox")
SIZES = st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 8), min_size=1)
# -1 leaves a class as it is.
TARGETS = st.lists(st.integers(1, 30) | st.just(-1), min_size=3, max_size=3)
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


def list_names(sizes):
    """Name the sources of classes of these sizes."""
    return [f"{label}/{row}.png" for label, size in sizes.items() for row in range(size)]


def balance(home, names, targets, max_copies):
    """Balance sources of these names, and count the copies of each; -1 for one that is left out."""
    number = len(os.listdir(home))
    source, out = Path(home, f"{number}"), Path(home, f"{number}-balanced")
    # A job needs two classes or more.
    for name in [*names, "ape/0.png", "bat/0.png"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(PIXELS)
    present = {name.partition("/")[0] for name in names}
    balance_folder(
        source,
        out,
        samples_per_class={
            label: target
            for label, target in zip(CLASSES, targets, strict=True)
            if target != -1 and label in present
        },
        max_copies=max_copies,
        augmenter=None,
        split=None,
    )
    with open(out / "train" / "metadata.csv", newline="") as file:
        n_files = Counter(row["source"] for row in csv.DictReader(file))
    return {name: n_files[name] - 1 for name in names}


# Each example is several jobs that write files.
@settings(max_examples=12)
@given(
    sizes=SIZES,
    runs=st.lists(TARGETS, min_size=2, max_size=4, unique_by=tuple),
    max_copies=MAX_COPIES,
)
def test_copies_are_dealt_round_in_the_order_of_the_ranks(sizes, runs, max_copies):
    names = list_names(sizes)
    with TemporaryDirectory() as home:
        made = [balance(home, names, targets, max_copies) for targets in runs]
    # Ranks are not shown: one order of the sources must explain the copies of all jobs.
    ranked = sorted(names, key=lambda name: -sum(copies[name] for copies in made))
    for targets, copies in zip(runs, made, strict=True):
        for label, target in zip(CLASSES, targets, strict=True):
            in_order = [copies[name] for name in ranked if name.startswith(label)]
            assert not in_order or in_order == deal_copies(len(in_order), target, max_copies)


@settings(max_examples=12)
@given(sizes=SIZES, targets=TARGETS, max_copies=MAX_COPIES, data=st.data())
def test_losing_sources_never_takes_a_file_from_the_others(sizes, targets, max_copies, data):
    names = list_names(sizes)
    kept = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True).map(sorted))
    with TemporaryDirectory() as home:
        before = balance(home, names, targets, max_copies)
        after = balance(home, kept, targets, max_copies)
    assert all(after[name] >= before[name] for name in kept)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Write 10 cats, 20 dogs and 30 foxes."""
    home = tmp_path_factory.mktemp("targets")
    for label, size in {"cat": 10, "dog": 20, "fox": 30}.items():
        (home / label).mkdir()
        for row in range(size):
            (home / label / f"{row}.png").write_bytes(PIXELS)
    return home


def plan(photos, **parameters):
    return balance_folder(photos, f"{photos}-balanced", split=None, dry_run=True, **parameters)


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
def test_targets_follow_samples_per_class(photos, samples_per_class, expected):
    targets = plan(photos, samples_per_class=samples_per_class).targets
    assert [targets.get(label, -1) for label in CLASSES] == expected


@pytest.mark.parametrize("wrong", ["most", 0, -5, 2.5, True, {"cat": 0}, {"cat": None}])
def test_numbers_that_are_no_target_are_refused(photos, wrong):
    with pytest.raises((ValueError, TypeError), match=r"samples_per_class(\['cat'\])? must be"):
        plan(photos, samples_per_class=wrong)


def test_a_target_for_an_unknown_class_is_refused_with_the_known_ones(photos):
    with pytest.raises(ValueError, match="'cow'; the merged classes are 'cat', 'dog', 'fox'"):
        plan(photos, samples_per_class={"cow": 5})


@pytest.mark.parametrize("wrong", [-1, 1.5, "many", True])
def test_a_bound_of_copies_is_a_whole_number(photos, wrong):
    with pytest.raises((ValueError, TypeError), match="max_copies must be"):
        plan(photos, max_copies=wrong)
    images = np.zeros((3, 2, 3), np.uint8)
    with pytest.raises((ValueError, TypeError), match="max_copies must be"):
        BalancingSampler(max_copies=wrong).fit_resample(images, [0, 0, 1])
