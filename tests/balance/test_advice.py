"""advise says what to do about classes of unequal size, by rules that are written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge.balance import advise


@pytest.mark.parametrize(
    ("counts", "remedy"),
    [
        ({"a": 100, "b": 100}, "nothing"),
        ({"a": 140, "b": 100}, "nothing"),
        ({"a": 150, "b": 100}, "weights"),
        ({"a": 300, "b": 100}, "weights"),
        ({"a": 301, "b": 100}, "copies"),
        ({"a": 2100, "b": 100}, "copies"),
        ({"a": 2101, "b": 100}, "copies and weights"),
        ({"rare": 500, "common": 1_000_000}, "copies and weights"),
    ],
)
def test_the_remedy_follows_the_ratio(counts, remedy):
    assert advise(counts).remedy == remedy


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**6), min_size=1))
def test_so_many_copies_and_not_one_less_reach_the_largest_class(counts):
    advice = advise(counts)
    largest = max(counts.values())
    for label, n in counts.items():
        assert n * (advice.copies[label] + 1) >= largest
        assert advice.copies[label] == 0 or n * advice.copies[label] < largest


def test_small_classes_are_named_and_empty_ones_refused():
    assert "fewer than 20 images of b: collect more" in advise({"a": 50, "b": 19}).reasons[-1]
    assert advise({"a": 50}).remedy == "nothing"
    for counts in ({}, {"a": 3, "b": 0}):
        with pytest.raises(ValueError, match="counts must be > 0"):
            advise(counts)
