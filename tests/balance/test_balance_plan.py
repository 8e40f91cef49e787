"""The plan as a whole: a function of the set of images, not of their order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklmerge._random import hash_texts
from sklmerge.balance.plan._parts_and_folds import check_split, divide_sources
from sklmerge.balance.plan._plan import make_plan, merge_codes
from sklmerge.images.files._paths import ImagePaths

CLASSES = ["a", "b", "c", "d"]
MAPPING = {"a": "ab", "b": "ab", "c": "c", "d": "d"}


@st.composite
def plans(draw):
    """Draw images of four classes, and what is to become of them."""
    codes = [0, 1, 2, 3, *draw(st.lists(st.integers(0, 3), max_size=50))]
    paths = [f"{CLASSES[code]}/{row}.png".encode() for row, code in enumerate(codes)]
    options = {
        "seed": draw(st.integers(0, 2**64 - 1)),
        "shares": draw(st.sampled_from([(1.0,), (0.8, 0.2), (0.5, 0.25, 0.25)])),
        "samples_per_class": draw(st.sampled_from(["majority", "minority", 7, {"c": 9}, None])),
        "max_copies": draw(st.sampled_from([None, 0, 1, 4])),
    }
    return codes, paths, options


def make(codes, paths, options):
    options = dict(options)
    wanted = check_split(options.pop("shares"))
    images, originals = ImagePaths.from_bytes(paths), np.array(codes, np.int32)
    parts = divide_sources(
        wanted,
        originals,
        merge_codes(originals, CLASSES, MAPPING),
        hash_texts(paths),
        options["seed"],
        class_names=CLASSES,
    )
    return make_plan(
        images, CLASSES, originals, MAPPING, parts=parts, part_names=wanted.names, **options
    )


def tell(plan, paths):
    columns = zip(
        plan.parts.tolist(),
        plan.copies.tolist(),
        map(plan.name_base, range(len(paths))),
        strict=True,
    )
    return dict(zip(paths, columns, strict=True))


@given(drawn=plans(), data=st.data())
def test_the_order_of_the_images_changes_nothing(drawn, data):
    codes, paths, options = drawn
    order = data.draw(st.permutations(range(len(codes))))
    shuffled = [paths[row] for row in order]
    first = tell(make(codes, paths, options), paths)
    assert tell(make([codes[row] for row in order], shuffled, options), shuffled) == first


@given(drawn=plans())
def test_val_and_test_are_never_changed_and_train_meets_its_targets(drawn):
    codes, paths, options = drawn
    plan = make(codes, paths, options)
    before, after = plan.count_sources(), plan.count_files()
    assert (after[1:] == before[1:]).all()
    assert (plan.copies[plan.parts > 0] == 0).all()
    for n_sources, n_files, target in zip(before[0], after[0], plan.targets, strict=True):
        if target < 0:
            assert n_files == n_sources
        elif options["max_copies"] is None:
            assert n_files == target
        else:
            assert n_files == min(target, n_sources * (1 + options["max_copies"]))


@given(drawn=plans(), data=st.data())
def test_dropping_sources_in_steps_or_at_once_is_the_same(drawn, data):
    codes, paths, options = drawn
    plan = make(codes, paths, options)
    n = len(codes)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    second = first | np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    stepwise = plan.drop(first).drop(second)
    assert (stepwise.copies == plan.drop(second).copies).all()
    assert (stepwise.copies[~second] >= plan.copies[~second]).all()
    assert (stepwise.copies[second] == -1).all()
