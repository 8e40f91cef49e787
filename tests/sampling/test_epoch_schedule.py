"""EpochSchedule draws every image of a class equally often, as a function of seed and epoch."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import chisquare, hypergeom
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklmerge import EpochSchedule, LabelMerger, batch_coverage
from sklmerge.augment import hash_keys

LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)
SAMPLES = st.one_of(st.sampled_from(["minority", "majority"]), st.integers(1, 50))
ORDERS = st.sampled_from(["shuffled", "sequential"])


def count_draws(schedule, epochs):
    counts = np.zeros(schedule.n_samples_, int)
    for epoch in epochs:
        np.add.at(counts, schedule.draws(epoch).indices, 1)
    return counts


def as_columns(draws):
    return [draws.indices.tolist(), draws.is_augmented.tolist(), draws.keys.tolist()]


@given(y=LABELS, samples=SAMPLES, order=ORDERS, seed=st.integers(0, 9), n_epochs=st.integers(1, 6))
def test_after_every_epoch_the_images_of_a_class_were_drawn_equally_often(
    y, samples, order, seed, n_epochs
):
    schedule = EpochSchedule(samples, order=order, random_state=seed).fit(y)
    counts = count_draws(schedule, range(n_epochs))
    assert_array_equal(schedule.coverage(n_epochs), counts)
    for label, n_draws in schedule.samples_per_class_.items():
        of_class = counts[np.array(y) == label]
        assert of_class.sum() == n_draws * n_epochs
        assert np.ptp(of_class) <= 1


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    order=st.sampled_from(["shuffled", "as they stand", "backwards"]),
    is_merged=st.booleans(),
    data=st.data(),
)
def test_an_epoch_of_each_image_once_lists_the_rows_of_every_class(sizes, order, is_merged, data):
    y = np.repeat(np.arange(len(sizes), dtype=np.int8), sizes)
    if order != "as they stand":
        y = y[::-1] if order == "backwards" else np.array(data.draw(st.permutations(y.tolist())))
    merge = {0: list(range(len(sizes)))[:2]} if is_merged else None
    merged = np.where(y == 1, 0, y) if is_merged else y
    each = {label: int((merged == label).sum()) for label in np.unique(merged).tolist()}
    schedule = EpochSchedule(each, order="sequential", merge=merge, random_state=0).fit(y)
    drawn = schedule.draws(1).indices
    for label in each:
        assert_array_equal(drawn[merged[drawn] == label], np.flatnonzero(merged == label))


@given(y=LABELS, samples=SAMPLES, epoch=st.integers(0, 5), world_size=st.integers(1, 5))
def test_the_ranks_draw_the_epoch_together_without_overlap(y, samples, epoch, world_size):
    schedule = EpochSchedule(samples, random_state=1).fit(y)
    whole = schedule.draws(epoch)
    parts = [schedule.draws(epoch, rank=r, world_size=world_size) for r in range(world_size)]
    rows = sorted(zip(whole.indices, whole.keys, strict=True))
    assert rows == sorted(
        pair for part in parts for pair in zip(part.indices, part.keys, strict=True)
    )
    lengths = [len(part) for part in parts]
    assert max(lengths) - min(lengths) <= 1


@given(y=LABELS, seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 10**6))
def test_an_epoch_is_a_pure_function_of_seed_and_number(y, seed, epoch):
    schedule = EpochSchedule(random_state=seed).fit(y)
    first = as_columns(schedule.draws(epoch))
    schedule.draws(epoch + 1)
    assert as_columns(schedule.draws(epoch)) == first
    assert as_columns(clone(schedule).fit(y).draws(epoch)) == first
    assert as_columns(pickle.loads(pickle.dumps(schedule)).draws(epoch)) == first


def test_five_hundred_beside_a_million_takes_the_next_five_hundred():
    y = np.repeat([1, 0], [500, 10**6])
    schedule = EpochSchedule(order="sequential").fit(y)
    for epoch in (0, 1, 1999, 2000):
        drawn = np.sort(schedule.draws(epoch).indices)
        assert_array_equal(drawn[:500], np.arange(500))
        first = 500 + epoch * 500 % 10**6
        assert_array_equal(drawn[500:], np.arange(first, first + 500))
    shuffled = EpochSchedule(random_state=0).fit(y)
    common = [np.sort(shuffled.draws(epoch).indices)[500:] for epoch in range(20)]
    assert len(np.unique(common)) == 20 * 500
    # A shuffled class is drawn from everywhere: each twentieth of it, about as often.
    assert chisquare(np.bincount(np.concatenate(common) // 50_100, minlength=20)).pvalue > 1e-3


def test_every_permutation_of_a_small_class_is_equally_likely():
    for n in (3, 4):
        y = ["a"] * n
        schedule = EpochSchedule(order="shuffled", random_state=3).fit(y)
        orders = [tuple(schedule.draws(epoch).indices) for epoch in range(20 * math.factorial(n))]
        tally = [orders.count(order) for order in itertools.permutations(range(n))]
        assert chisquare(tally).pvalue > 1e-3


def test_passes_differ_in_order_and_classes_of_one_size_too():
    schedule = EpochSchedule(random_state=0).fit(["a"] * 50 + ["b"] * 50)
    orders = []
    for epoch in range(2):
        drawn = schedule.draws(epoch).indices
        orders += [tuple(drawn[drawn < 50]), tuple(drawn[drawn >= 50] - 50)]
    assert len(set(orders)) == 4


def test_keys_are_those_of_the_row_and_its_earlier_draws():
    schedule = EpochSchedule(3, random_state=0).fit(["a", "a", "b", "b", "b", "b"])
    seen = np.zeros(6, int)
    for epoch in range(5):
        draws = schedule.draws(epoch)
        for row, key in zip(draws.indices, draws.keys, strict=True):
            earlier = range(seen[row], seen[row] + 2)
            assert key in [hash_keys(row, number)[0] for number in earlier]
        np.add.at(seen, draws.indices, 1)
    keys = np.concatenate([schedule.draws(epoch).keys for epoch in range(5)])
    assert len(np.unique(keys)) == len(keys)


def test_augment_says_which_draws_are_varied():
    y = ["a"] * 2 + ["b"] * 6

    def list_varied(augment, epoch):
        draws = EpochSchedule(2, augment=augment, random_state=0).fit(y).draws(epoch)
        return {"ab"[int(row > 1)] for row in draws.indices[draws.is_augmented]}

    assert list_varied("all", 0) == {"a", "b"}
    assert list_varied("none", 5) == set()
    assert [list_varied("repeated", e) for e in (0, 1, 2, 3)] == [set(), {"a"}, {"a"}, {"a", "b"}]
    assert list_varied(["b"], 0) == {"b"}


def test_no_samples_per_class_draws_each_image_once_plain_and_in_order():
    schedule = EpochSchedule(None).fit([2, 0, 1, 0])
    for epoch in range(2):
        draws = schedule.draws(epoch)
        assert draws.indices.tolist() == [0, 1, 2, 3]
        assert not draws.is_augmented.any()
    assert schedule.coverage(3).tolist() == [3] * 4
    assert [b.indices.tolist() for b in schedule.plan_batches(0, 3)] == [[0, 1], [2, 3]]


def test_merged_classes_are_drawn_as_one():
    y = np.array(["A"] * 30 + ["B"] * 10 + ["C"] * 20)
    natural = EpochSchedule(merge={"AB": ["A", "B"]}, random_state=0).fit(y)
    assert natural.class_counts_ == {"AB": 40, "C": 20}
    assert natural.samples_per_class_ == {"AB": 20, "C": 20}
    assert_array_equal(natural.coverage(6), np.repeat([3, 6], [40, 20]))
    balanced = clone(natural).set_params(within_merged="balanced").fit(y)
    for epoch in range(4):
        drawn = y[balanced.draws(epoch).indices]
        assert [np.sum(drawn == label) for label in "ABC"] == [10, 10, 20]
    assert_array_equal(balanced.coverage(3), np.repeat([1, 3, 3], [30, 10, 20]))
    odd = clone(balanced).set_params(samples_per_class=7).fit(y)
    for n_epochs in range(1, 6):
        of_members = np.bincount(np.repeat([0, 1, 2], [30, 10, 20]), odd.coverage(n_epochs))
        assert of_members.sum() == 14 * n_epochs
        assert abs(of_members[0] - of_members[1]) <= 1


def test_merging_before_and_within_draw_the_same_merged_class():
    y = np.array(list("ABCABCCCAB"))
    merger = LabelMerger({"AB": ["A", "B"]})
    within = EpochSchedule(5, merge=merger, random_state=4).fit(y)
    before = EpochSchedule(5, random_state=4).fit(merger.fit_transform(y))
    assert as_columns(within.draws(3)) == as_columns(before.draws(3))
    assert within.merger_.mapping_ == {"A": "AB", "B": "AB", "C": "C"}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"samples_per_class": "most"},
            ValueError,
            "must be 'minority', 'majority', 'natural', a whole number .* or None, got 'most'",
        ),
        (
            {"samples_per_class": 0},
            ValueError,
            "a whole number of at least 1, a mapping .* got 0",
        ),
        (
            {"samples_per_class": 2.5},
            TypeError,
            "a whole number of at least 1, a mapping .* got 2.5",
        ),
        ({"samples_per_class": {"a": 1}}, ValueError, "must name each class once, got 'b'"),
        (
            {"samples_per_class": {"a": 1, "b": 0}},
            ValueError,
            r"\['b'\] must be a whole number of at least 1",
        ),
        ({"order": "random"}, ValueError, "order must be 'shuffled' or 'sequential'"),
        ({"augment": "some"}, ValueError, "augment must be 'all', 'repeated' or 'none'"),
        ({"augment": ["x"]}, ValueError, "augment must list classes, got 'x'"),
        ({"augment": 3}, TypeError, "augment must be"),
        ({"within_merged": "even"}, ValueError, "within_merged must be 'natural' or 'balanced'"),
        ({"merge": {"X": ["q"]}}, ValueError, "q"),
    ],
)
def test_wrong_settings_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        EpochSchedule(**settings).fit(["a", "b", "b"])


def test_asking_wrongly_is_named():
    with pytest.raises(NotFittedError):
        EpochSchedule().draws(0)
    schedule = EpochSchedule().fit(["a", "b"])
    with pytest.raises(ValueError, match="epoch must be a whole number of at least 0, got -1"):
        schedule.draws(-1)
    with pytest.raises(ValueError, match="rank must be below world_size 2, got 2"):
        schedule.draws(0, rank=2, world_size=2)
    with pytest.raises(ValueError, match="random_state must be an int where world_size > 1"):
        schedule.draws(0, rank=1, world_size=2)
    with pytest.raises(ValueError, match="rows of y hold several labels"):
        EpochSchedule().fit([[1, 0], [1, 1]])


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=4), data=st.data())
def test_batch_coverage_is_the_hypergeometric_chance(counts, data):
    n_all = sum(counts)
    if n_all == 0:
        with pytest.raises(ValueError, match="batch_size must be at most the 0 images"):
            batch_coverage(counts, 1)
        return
    size = data.draw(st.integers(1, n_all))
    expected = [math.comb(n_all - n, size) / math.comb(n_all, size) for n in counts]
    assert batch_coverage(counts, size) == pytest.approx(expected, abs=1e-12)


def test_batch_coverage_answers_for_a_million():
    for size, chance in {32: 0.98, 256: 0.88, 2048: 0.36}.items():
        misses = batch_coverage({"rare": 500, "common": 10**6}, size)
        assert misses["rare"] == pytest.approx(chance, abs=0.005)
        assert misses["rare"] == pytest.approx(hypergeom.pmf(0, 10**6 + 500, 500, size), rel=1e-6)
    with pytest.raises(ValueError, match="counts must be >= 0"):
        batch_coverage([1, -1], 1)


@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=4), size=st.integers(1, 16))
def test_a_natural_epoch_takes_each_image_once_and_spreads_the_rare_ones(counts, size):
    y = np.repeat(np.arange(len(counts)), counts)
    schedule = EpochSchedule("natural", random_state=0).fit(y)
    for epoch in range(2):
        batches = schedule.plan_batches(epoch, size)
        draws = batches.draws
        assert sorted(draws.indices.tolist()) == list(range(len(y)))
        assert draws.is_augmented.all()
        for batch in batches:
            share = np.array(counts) * len(batch) / len(y)
            got = np.bincount(y[batch.indices], minlength=len(counts))
            assert (np.abs(got - share) < 1).all()
    if len(y) > 20:
        assert schedule.draws(0).indices.tolist() != schedule.draws(1).indices.tolist()


def test_plain_draws_in_order_cannot_be_augmented():
    for augment in ("all", "none", ["a"]):
        with pytest.raises(ValueError, match='pass samples_per_class="natural"'):
            EpochSchedule(None, augment=augment).fit(["a", "b"])
