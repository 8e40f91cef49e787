"""Rows of several labels are drawn by repeat factors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklmerge import EpochSchedule, ImageBatches

RNG = np.random.default_rng(0)
TABLE = (RNG.random((900, 5)) < np.geomspace(0.5, 0.01, 5)).astype(int)


def repeat(table, targets):
    """Work the factors out row by row, as the formula has them."""
    n = table.sum(axis=0)
    by_label = [float(np.sqrt(target / count)) for target, count in zip(targets, n, strict=True)]
    lowest = min(by_label)
    return np.array(
        [max([by_label[label] for label in np.flatnonzero(row)], default=lowest) for row in table]
    )


@pytest.mark.parametrize("samples_per_class", ["minority", "majority", "natural", 60])
def test_rows_are_drawn_as_often_as_their_factor_says(samples_per_class):
    n = TABLE.sum(axis=0)
    targets = {"minority": [n.min()] * 5, "majority": [n.max()] * 5, "natural": n, 60: [60] * 5}
    factors = repeat(TABLE, targets[samples_per_class])
    schedule = EpochSchedule(samples_per_class, stratify_batches=False, random_state=0).fit(TABLE)
    n_epochs = 40
    counts = schedule.coverage(n_epochs)
    drawn = [schedule.draws(epoch).indices for epoch in range(n_epochs)]
    assert_array_equal(counts, np.bincount(np.concatenate(drawn), minlength=len(TABLE)))
    # A class is drawn a whole number of times an epoch, so its factor is met but for half a draw.
    for factor in np.unique(factors):
        rows = factors == factor
        assert np.ptp(counts[rows]) <= 1
        assert abs(counts[rows].sum() / n_epochs - factor * rows.sum()) <= 0.5
    assert schedule.n_draws_ == len(drawn[0])
    shown = [float((TABLE[rows, 4]).sum()) for rows in drawn]
    assert_allclose(np.mean(shown), schedule.samples_per_class_[4], rtol=0.05)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_counts_within_equal_factors_differ_by_at_most_one_after_every_epoch(data):
    table = data.draw(st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=1))
    table = np.array([*table, [1, 1, 1]])
    goal = data.draw(st.integers(1, 9))
    schedule = EpochSchedule(goal, stratify_batches=False, random_state=1).fit(table)
    counts = schedule.coverage(data.draw(st.integers(0, 7)))
    factors = repeat(table, [goal] * 3)
    for factor in np.unique(factors):
        assert np.ptp(counts[factors == factor]) <= 1


def test_merged_labels_are_one_label():
    merged = np.column_stack([TABLE[:, 0] | TABLE[:, 4], TABLE[:, 1:4]])
    by_map = EpochSchedule(50, merge={0: [0, 4]}, stratify_batches=False, random_state=0)
    plain = EpochSchedule(50, stratify_batches=False, random_state=0)
    assert_array_equal(by_map.fit(TABLE).draws(3).indices, plain.fit(merged).draws(3).indices)
    assert by_map.class_counts_ == plain.class_counts_


def test_sparse_tables_are_tables():
    plan = EpochSchedule(stratify_batches=False, random_state=0)
    expected = plan.fit(TABLE).draws(0).indices
    assert_array_equal(plan.fit(sparse.csr_array(TABLE)).draws(0).indices, expected)
    assert_array_equal(plan.fit(TABLE.tolist()).draws(0).indices, expected)


def test_an_evaluation_takes_every_row_of_a_table_once_in_order():
    draws = EpochSchedule(None).fit(TABLE).draws(0)
    assert draws.indices.tolist() == list(range(900))
    assert not draws.is_augmented.any()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"stratify_batches": True}, "stratify_batches must be False if rows of y hold several"),
        ({"within_merged": "balanced"}, "within_merged must be 'natural' if rows of y"),
        ({"augment": [0]}, r"augment must be 'all', 'repeated' or 'none' if rows .* got \[0\]"),
        ({"samples_per_class": {0: 3}}, "samples_per_class must name each class once"),
    ],
    ids=str,
)
def test_what_a_table_cannot_have_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        EpochSchedule(**{"stratify_batches": False, **params}).fit(TABLE)


def test_a_label_without_a_row_is_refused():
    with pytest.raises(ValueError, match="an image of every class, got none of 2"):
        EpochSchedule(stratify_batches=False).fit([[1, 0, 0], [1, 1, 0]])


@pytest.mark.parametrize(
    "changed",
    [{"order": "sequential"}, {"samples_per_class": 3}, {"merge": {"x": ["a", "b"]}}],
    ids=str,
)
def test_a_changed_schedule_must_be_fitted_again(changed):
    schedule = EpochSchedule(random_state=0).fit(["a", "b", "b"])
    schedule.set_params(**changed)
    (name,) = changed
    for ask in (
        lambda: schedule.draws(0),
        lambda: schedule.plan_batches(0, 2),
        lambda: schedule.count_batches(2),
        lambda: schedule.coverage(1),
    ):
        with pytest.raises(ValueError, match=f"{name} must stay as it was in fit, got .* again"):
            ask()
    assert len(schedule.fit(["a", "b", "b"]).draws(0)) > 0


def test_setting_a_parameter_to_what_it_was_changes_nothing():
    schedule = EpochSchedule(3, merge={"x": ["a", "b"]}, random_state=0).fit(["a", "b", "b"])
    schedule.set_params(samples_per_class=3, merge={"x": ["a", "b"]})
    assert len(schedule.draws(0)) == 3


def test_ten_thousand_classes_are_drawn_as_each_alone_would_be():
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(10_000), 3))
    schedule = EpochSchedule(2, random_state=0).fit(y)
    seen = np.zeros(len(y), int)
    for epoch in range(3):
        rows = schedule.draws(epoch).indices
        assert_array_equal(np.bincount(y[rows]), 2)
        seen += np.bincount(rows, minlength=len(y))
    assert_array_equal(seen, 2)
    assert_array_equal(schedule.coverage(3), seen)


@pytest.mark.parametrize("labels", [[0, 1, 1, 1], ["cat", "dog", "dog", "dog"]])
def test_a_single_column_is_labels_and_no_table(labels):
    expected = EpochSchedule(random_state=0).fit(labels)
    column = np.array(labels)[:, None]
    for y in (column, pd.DataFrame(column), [[label] for label in labels]):
        schedule = EpochSchedule(random_state=0).fit(y)
        assert schedule.samples_per_class_ == expected.samples_per_class_
        assert_array_equal(schedule.draws(1).indices, expected.draws(1).indices)
        batches, plain = (
            ImageBatches(
                np.zeros((4, 3, 5, 3), np.uint8), rows, schedule=EpochSchedule(random_state=0)
            )
            for rows in (y, labels)
        )
        assert batches.class_indices == plain.class_indices
        assert_array_equal(batches[0][1], plain[0][1])
