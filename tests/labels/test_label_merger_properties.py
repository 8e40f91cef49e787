"""Invariants of LabelMerger over drawn maps and labels, against loops in Python."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklmerge import LabelMerger

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
ALPHABETS = st.one_of(
    st.lists(NAMES, min_size=1, max_size=12, unique=True),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=12, unique=True),
    st.lists(st.integers(-20, 20), min_size=1, max_size=12, unique=True),
)


@st.composite
def merged_labels(draw):
    """Draw labels, and a map that gives some of them a common name out of their own."""
    alphabet = draw(ALPHABETS)
    group_of = draw(st.lists(st.integers(0, 4), min_size=len(alphabet), max_size=len(alphabet)))
    groups = {}
    for label, group in zip(alphabet, group_of, strict=True):
        if group < 3:
            groups.setdefault(group, []).append(label)
    y = alphabet + draw(st.lists(st.sampled_from(alphabet), max_size=30))
    dtype = object if isinstance(y[0], str) and draw(st.booleans()) else None
    return np.array(y, dtype=dtype), {members[-1]: members for members in groups.values()}


@given(drawn=merged_labels())
def test_transform_is_the_map_row_by_row(drawn):
    y, merge = drawn
    merged = LabelMerger(merge).fit_transform(y)
    names = {label: name for name, members in merge.items() for label in members}
    assert merged.tolist() == [names.get(label, label) for label in y.tolist()]


@given(drawn=merged_labels())
def test_what_is_learned_agrees_with_counting_in_python(drawn):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    rows, merged = y.tolist(), merger.transform(y).tolist()
    assert merger.classes_.tolist() == sorted(set(rows))
    assert merger.merged_classes_.tolist() == sorted(set(merged))
    assert merger.class_counts_ == {label: rows.count(label) for label in rows}
    assert merger.class_indices_ == {name: i for i, name in enumerate(sorted(set(merged)))}
    assert sorted(chain.from_iterable(merger.members_.values())) == sorted(set(rows))


@given(drawn=merged_labels())
def test_merging_what_was_taken_back_gives_the_merged_labels(drawn):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    z = merger.transform(y)
    back = merger.inverse_transform(z, ambiguous="most_frequent")
    assert merger.transform(back).tolist() == z.tolist()


@given(drawn=merged_labels())
def test_provenance_brings_every_label_back(drawn):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    back = merger.inverse_transform(merger.transform(y), original=y)
    assert back.tolist() == y.tolist()


@given(drawn=merged_labels(), data=st.data())
def test_provenance_of_any_other_class_is_refused(drawn, data):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    row = data.draw(st.integers(0, len(y) - 1))
    others = [name for name in merger.members_ if name != merger.mapping_[y.tolist()[row]]]
    if others:
        z = merger.transform(y)
        z[row] = data.draw(st.sampled_from(others))
        with pytest.raises(ValueError, match=rf"in 1 of {len(y)} rows, first: row {row} "):
            merger.inverse_transform(z, original=y)


@given(drawn=merged_labels())
def test_json_keeps_all_that_was_learned(drawn):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    again = LabelMerger.from_json(merger.to_json())
    assert again.to_json() == merger.to_json()
    assert again.transform(y).tolist() == merger.transform(y).tolist()


@given(drawn=merged_labels(), class_mode=st.sampled_from(["sparse", "categorical"]))
def test_decoding_takes_encoding_back(drawn, class_mode):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    z = merger.transform(y)
    assert merger.decode(merger.encode(y, class_mode)).tolist() == z.tolist()
    assert merger.decode(merger.encode(z, class_mode, merged=True)).tolist() == z.tolist()


@given(drawn=merged_labels(), seed=st.integers(0, 99))
def test_probabilities_keep_their_sums_both_ways(drawn, seed):
    y, merge = drawn
    merger = LabelMerger(merge).fit(y)
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(len(merger.classes_)), size=5)
    merged = merger.transform_proba(P)
    by_hand = np.zeros_like(merged)
    for column, label in enumerate(merger.classes_.tolist()):
        by_hand[:, merger.class_indices_[merger.mapping_[label]]] += P[:, column]
    assert_allclose(merged, by_hand, atol=1e-12)
    assert_allclose(merged.sum(axis=1), 1, atol=1e-12)
    given = {
        name: rng.dirichlet(np.ones(len(members)), size=5)
        for name, members in merger.members_.items()
        if rng.random() < 0.5
    }
    split = merger.inverse_transform_proba(merged, given=given)
    assert_allclose(merger.transform_proba(split), merged, atol=1e-12)


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=300),
    seed=st.integers(0, 99),
)
def test_many_long_classes_of_text_are_told_apart(lengths, seed):
    letters = np.random.default_rng(seed).integers(97, 100, (len(lengths), 40))
    rows = ["".join(map(chr, row[:n])) for row, n in zip(letters.tolist(), lengths, strict=True)]
    merger = LabelMerger(unknown="?").fit(np.array(rows))
    wider = np.array([*rows, "z" * 60, "ab"])
    expected = [*rows, "?", "ab" if "ab" in rows else "?"]
    assert merger.transform(wider).tolist() == expected


# Few and close classes are looked up in a table whose negative half is read from its end.
NEAR = st.integers(-8, 8)
DTYPES = st.sampled_from([np.int8, np.int16, np.int32, np.int64])


@given(
    classes=st.lists(NEAR, min_size=1, max_size=6),
    rows=st.lists(st.one_of(NEAR, st.integers(-127, 127)), max_size=30),
    dtypes=st.tuples(DTYPES, DTYPES),
)
def test_numbers_that_are_no_classes_are_never_taken_for_one(classes, rows, dtypes):
    merger = LabelMerger(unknown="keep").fit(np.array(classes, dtypes[0]))
    y = np.array(rows, dtypes[1])
    assert merger.transform(y).tolist() == rows
    strangers = sorted(set(rows) - set(classes))
    strict = LabelMerger().fit(np.array(classes, dtypes[0]))
    if strangers:
        with pytest.raises(ValueError, match="unknown to this LabelMerger"):
            strict.transform(y)
    else:
        assert strict.transform(y).tolist() == rows


@given(n=st.integers(1, 90), far=st.integers(1, 2**62))
def test_numbers_far_beyond_the_classes_are_unknown(n, far):
    merger = LabelMerger().fit(np.arange(n))
    for label in (-far, n - 1 + far):
        with pytest.raises(ValueError, match=f"unknown to this LabelMerger: {label}"):
            merger.transform([0, label])
