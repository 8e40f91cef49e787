"""Batches of a schedule: sizes, shares of classes, ranks and what cannot be dealt."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklmerge import EpochSchedule

DRAWS = st.lists(st.integers(1, 60), min_size=1, max_size=5)


def fit_schedule(draws_per_class, **settings):
    """Fit a schedule whose classes 0, 1, ... have as many images as draws an epoch."""
    y = np.repeat(np.arange(len(draws_per_class)), draws_per_class)
    samples = dict(enumerate(draws_per_class))
    return EpochSchedule(samples, random_state=0, **settings).fit(y), y


def find_shares(draws_per_class, sizes, world_size=1):
    return np.outer(sizes, draws_per_class) / sum(draws_per_class) / world_size


@given(draws_per_class=DRAWS, batch_size=st.integers(1, 70), world_size=st.integers(1, 3))
def test_every_batch_has_its_share_of_every_class_or_is_refused(
    draws_per_class, batch_size, world_size
):
    schedule, y = fit_schedule(draws_per_class)
    n_batches = math.ceil(len(y) / (batch_size * world_size))
    smallest_share = min(draws_per_class) * (len(y) // n_batches) / len(y) / world_size
    if smallest_share < 1 - 1e-12:
        with pytest.raises(ValueError, match="must"):
            schedule.plan_batches(0, batch_size, world_size=world_size)
        return
    ranks = [
        schedule.plan_batches(2, batch_size, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    assert [len(plan) for plan in ranks] == [n_batches] * world_size
    planned = np.sum([plan.sizes for plan in ranks], axis=0)
    assert np.ptp(planned) <= 1
    assert max(max(plan.sizes) for plan in ranks) <= batch_size
    shares = find_shares(draws_per_class, planned, world_size)
    for plan in ranks:
        counts = np.array([np.bincount(y[b.indices], minlength=len(shares[0])) for b in plan])
        assert (counts >= np.floor(shares - 1e-9)).all()
        assert (counts <= np.ceil(shares + 1e-9)).all()
        assert counts.min() >= 1
    drawn = np.concatenate([plan.draws.indices for plan in ranks])
    assert_array_equal(np.sort(drawn), np.arange(len(y)))


@given(draws_per_class=DRAWS, batch_size=st.integers(5, 70), epoch=st.integers(0, 4))
def test_batches_hold_the_draws_of_the_epoch(draws_per_class, batch_size, epoch):
    for stratify in (True, False):
        schedule, _ = fit_schedule(draws_per_class, stratify_batches=stratify)
        try:
            plan = schedule.plan_batches(epoch, batch_size)
        except ValueError:
            assert stratify
            continue
        draws = schedule.draws(epoch)
        assert_array_equal(np.sort(plan.draws.keys), np.sort(draws.keys))
        assert sum(len(batch) for batch in plan) == len(draws)


def test_spare_seats_are_spread_over_the_epoch():
    # 1 in 10 of 1000 draws, in batches of 16: 1.6 a batch, and never far from it for long.
    schedule, y = fit_schedule([900, 100])
    counts = [np.sum(y[batch.indices] == 1) for batch in schedule.plan_batches(0, 16)]
    behind = np.cumsum(counts) - 100 / len(counts) * np.arange(1, len(counts) + 1)
    assert set(counts) == {1, 2}
    assert np.abs(behind).max() < 2


def test_classes_are_mixed_within_a_batch():
    schedule, y = fit_schedule([20, 20, 40])
    for batch in schedule.plan_batches(0, 16):
        for half in (batch.indices[:8], batch.indices[8:]):
            assert np.bincount(y[half]).tolist() == [2, 2, 4]


def test_sequential_order_goes_on_from_batch_to_batch():
    schedule = EpochSchedule(order="sequential", random_state=0).fit([0] * 8 + [1] * 400)
    drawn = np.concatenate([b.indices for e in range(3) for b in schedule.plan_batches(e, 4)])
    assert_array_equal(drawn[drawn >= 8], np.arange(8, 32))


def test_without_stratifying_batches_are_random():
    schedule = EpochSchedule("majority", stratify_batches=False, random_state=0)
    y = np.repeat([0, 1], [100, 1000])
    schedule.fit(y)
    counts = [np.sum(y[batch.indices] == 0) for batch in schedule.plan_batches(0, 20)]
    assert sum(counts) == 1000
    assert np.std(counts) == pytest.approx(np.sqrt(20 / 4), rel=0.3)
    first, second = (schedule.plan_batches(epoch, 20)[0].indices.tolist() for epoch in (0, 1))
    assert first != second


def test_a_batch_too_small_for_its_classes_is_refused_with_the_least_that_does():
    schedule, _ = fit_schedule([10] * 8)
    message = "batch_size must be at least 8, so that every batch has a draw of class 0"
    with pytest.raises(ValueError, match=message):
        schedule.count_batches(4)
    assert schedule.count_batches(8) == 10
    with pytest.raises(ValueError, match=r"on each of 2 ranks has a draw of class 1 \(3 of 103\)"):
        fit_schedule([100, 3])[0].count_batches(20, world_size=2)
    assert fit_schedule([100, 3], stratify_batches=False)[0].count_batches(20) == 6
    with pytest.raises(ValueError, match="world_size must not exceed the 3 draws"):
        fit_schedule([100, 3])[0].count_batches(200, world_size=4)
    with pytest.raises(TypeError, match=r"batch_size must be a whole number .*, got None"):
        schedule.count_batches(None)


def test_ranks_of_an_evaluation_have_equally_many_batches_or_none():
    schedule = EpochSchedule(None).fit([0] * 11)
    parts = [schedule.plan_batches(0, 3, rank=rank, world_size=2) for rank in range(2)]
    assert [len(part) for part in parts] == [2, 2]
    assert sorted(np.concatenate([p.draws.indices for p in parts])) == list(range(11))
    with pytest.raises(ValueError, match="batch_size must be at least 2 to give 2 ranks"):
        schedule.plan_batches(0, 1, world_size=2)


def test_a_plan_reads_like_a_sequence():
    schedule, _ = fit_schedule([6, 6])
    plan = schedule.plan_batches(0, 4)
    assert [len(batch) for batch in plan] == [4, 4, 4]
    assert_array_equal(plan[-1].indices, plan[2].indices)
    assert [len(batch) for batch in plan[1:]] == [4, 4]
    with pytest.raises(IndexError):
        plan[3]
