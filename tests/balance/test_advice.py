"""advise says what to do about classes of unequal size, by rules that are written down."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge.balance import advise
from sklmerge.balance._advice import RULES


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


def test_where_copies_do_not_fit_epochs_are_advised():
    counts = {"rare": 500, "common": 1_000_000}
    # 20 copies beside each of 500 images.
    n_files = 1_000_000 + 21 * 500
    for budget, remedy in ((n_files * 1000, "copies and weights"), (n_files * 1000 - 1, "epochs")):
        advice = advise(counts, image_bytes=1000, budget_bytes=budget)
        assert (advice.remedy, advice.n_files) == (remedy, n_files)
    assert "1,010,500 files, about 1.0 GB, more than the 1.0 GB there are" in advice.reasons[1]
    assert advise({"a": 2, "b": 1}, image_bytes=1000, budget_bytes=0).remedy == "weights"


def test_the_guide_has_the_numbers_of_the_rules():
    guide = (Path(__file__).parents[2] / "docs/guide/balance.md").read_text()
    for text in (
        f"ratio below {RULES.even:g} | nothing",
        f"ratio up to {RULES.slight:g} | weights",
        f"at most {RULES.max_copies} copies of an image fill the smallest class | copies",
        f"{RULES.max_copies} copies of an image, and weights for what is left",
        f"From a ratio of {RULES.slight:g} on",
        f"A class of fewer than {RULES.few} images",
    ):
        assert text in guide
