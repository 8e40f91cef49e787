"""advise says what to do about classes of unequal size, by rules that are written down."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge.balance import MODELS, RULES, advise


@pytest.mark.parametrize(
    ("counts", "remedies"),
    [
        # For a linear model, for trees, and for a network.
        ({"a": 100, "b": 100}, ["nothing", "nothing", "nothing"]),
        ({"a": 140, "b": 100}, ["nothing", "nothing", "nothing"]),
        ({"a": 150, "b": 100}, ["weights", "copies and weights", "epochs"]),
        ({"rare": 500, "common": 1_000_000}, ["weights", "copies and weights", "epochs"]),
        # Epochs of so few draws would be none.
        ({"a": 8000, "b": 19}, ["weights", "copies and weights", "copies and weights"]),
    ],
)
def test_the_remedy_follows_the_ratio_and_the_model(counts, remedies):
    several = [advise(counts, model=model) for model in ("linear", "trees", "network")]
    assert [advice.remedy for advice in several] == remedies
    assert advise(counts) == several[2]
    assert advise(counts, model="embedding").remedy == remedies[0]


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**6), min_size=1))
def test_so_many_copies_and_not_one_less_reach_the_largest_class(counts):
    advice = advise(counts)
    largest = max(counts.values())
    for label, n in counts.items():
        assert n * (advice.copies[label] + 1) >= largest
        assert advice.copies[label] == 0 or n * advice.copies[label] < largest


def test_small_classes_are_named_and_empty_ones_refused():
    assert "fewer than 20 images of b: collect more" in advise({"a": 50, "b": 19}).reasons[-1]
    rare = {place: 15 - place for place in range(12)} | {99: 4000}  # labels may be numbers
    assert "of 11, 10, 9, 8, 7 and 7 more classes: collect" in advise(rare).reasons[-1]
    assert "and 1 more class:" in advise(dict.fromkeys(range(6), 9)).reasons[-1]
    assert advise({"a": 50}).remedy == "nothing"
    same = ["all classes have about the same number of images"]
    assert advise({"a": 50, "b": 51}).reasons == same
    for counts, match in (
        ({}, "counts must hold the count of at least one class, got none"),
        ({"a": 3, "b": 0}, "counts must be whole numbers of at least 1, got 0 for 'b'"),
    ):
        with pytest.raises(ValueError, match=match):
            advise(counts)
    with pytest.raises(ValueError, match=r"counts must be whole numbers .* got 2.5 for 'a'"):
        advise({"a": 2.5})
    with pytest.raises(TypeError, match=r"counts must be numbers, got 'x' for 'a'"):
        advise({"a": "x"})
    with pytest.raises(TypeError, match=r"got list; for labels pass collections.Counter\(labels\)"):
        advise(["a", "a", "b"])


def test_counts_may_be_what_pandas_counts():
    pd = pytest.importorskip("pandas")
    labels = ["a"] * 90 + ["b"] * 10
    assert advise(pd.Series(labels).value_counts()) == advise({"a": 90, "b": 10})


def test_epochs_are_advised_where_copies_do_not_fit():
    counts = {"rare": 500, "common": 5_000}
    # 3 copies beside each of 500 images.
    n_files = 5_000 + 4 * 500
    for budget, remedy in ((n_files * 1000, "copies and weights"), (n_files * 1000 - 1, "epochs")):
        advice = advise(counts, model="trees", image_bytes=1000, budget_bytes=budget)
        assert (advice.remedy, advice.n_files) == (remedy, n_files)
    told = "7,000 files, about 7.0 MB, more than the 7.0 MB of disk space"
    assert told in advice.reasons[1]
    assert told in advise(counts, image_bytes=1000, budget_bytes=budget).reasons[1]
    assert told not in " ".join(
        advise(counts, model="linear", image_bytes=1000, budget_bytes=budget).reasons
    )
    vast = advise(counts, model="trees", image_bytes=10**9, budget_bytes=2_500)
    assert "about 7.0 TB, more than the 2.5 kB of disk space" in vast.reasons[1]
    few = advise({"a": 2, "b": 1}, model="trees", image_bytes=1000, budget_bytes=0)
    assert few.remedy == "weights"


def test_what_lies_beyond_the_experiments_is_said_to():
    reasons = advise({"rare": 500, "common": 1_000_000}).reasons
    assert reasons[0] == "common has 2,000 images for each image of rare"
    assert "epochs of 1,000 draws" in reasons[2]
    for model in MODELS:
        for ratio, is_beyond in ((100, False), (101, True)):
            told = " ".join(advise({"a": 100 * ratio, "b": 100}, model=model).reasons)
            assert ("our experiments end at 100 to 1" in told) == is_beyond


def test_no_epochs_of_a_handful_of_draws_are_offered():
    reasons = advise({"a": 100_000, "b": 1}).reasons
    assert not any("epochs" in reason for reason in reasons)
    assert "fewer than 20 images of b" in reasons[-1]


@pytest.mark.parametrize("model", MODELS)
def test_the_adjustment_comes_first(model):
    several = [advise({"a": n, "b": 100}, model=model) for n in (100, 300, 2000, 10_000)]
    assert [bool(advice.first) for advice in several] == [False, True, True, True]
    assert all("divide the probabilities by the class shares" in a.first for a in several[1:])


def test_other_models_are_refused():
    with pytest.raises(ValueError, match=r"model must be .*'linear', .*got 'cnn'"):
        advise({"a": 3, "b": 3}, model="cnn")


ROOT = Path(__file__).parents[2]


def test_the_pages_have_the_numbers_of_the_rules():
    texts = {
        "docs/guide/balance.md": [
            f"ratio below {RULES.even:g} | nothing",
            f"at most {RULES.max_copies} copies of an image",
            f"beyond {RULES.measured:g} to 1",
            f"A class of fewer than {RULES.few} images",
        ],
        "docs/faq.md": [f"{RULES.max_copies} augmented copies"],
        "docs/guide/choose.md": [f"{RULES.max_copies} augmented copies of an image"],
    }
    for page, parts in texts.items():
        words = " ".join((ROOT / page).read_text().split())
        for part in parts:
            assert part in words, (page, part)
