"""suggest_merges and MergeAdvisor: what is suggested, and on what evidence."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.cluster.hierarchy import dendrogram, is_valid_linkage
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from sklmerge import LabelMerger, MergeAdvisor, MergeSuggestion, suggest_merges

# Of ten each: A and B are mixed up, C and D a little, E not at all.
TRUE = np.repeat(list("ABCDE"), 10)
PRED = np.array(list("AAAAAABBBBBBBBBBAAAACCCCCCCCCDDDDDDDDDDDEEEEEEEEEE"))


def test_the_most_confused_classes_are_merged_first():
    assert suggest_merges(TRUE, PRED).merge == {"A+B": ["A", "B"]}
    assert suggest_merges(TRUE, PRED, n_classes=3).merge == {"A+B": ["A", "B"], "C+D": ["C", "D"]}
    assert list(suggest_merges(TRUE, PRED, threshold=0.02).merge) == ["A+B", "C+D"]
    assert suggest_merges(TRUE, PRED, threshold=0.5).merge == {}
    assert suggest_merges(TRUE, PRED, n_classes=5).merge == {}


def test_a_threshold_is_reached_by_its_own_value():
    assert suggest_merges(TRUE, PRED, threshold=0.4).merge == {"A+B": ["A", "B"]}
    assert "C+D" in suggest_merges(TRUE, PRED, threshold=0.05).merge


def test_confusability_is_the_mean_of_both_rates():
    truth = ["A"] * 10 + ["B"] * 100
    predicted = ["A"] * 7 + ["B"] * 3 + ["A"] * 10 + ["B"] * 90
    suggestion = suggest_merges(truth, predicted)
    assert_array_equal(suggestion.confusion, confusion_matrix(truth, predicted))
    assert_allclose(suggestion.confusability, [[0, 0.2], [0.2, 0]])
    assert_allclose(suggestion.linkage[0, 2], 0.8)


def test_the_linkage_is_scipys():
    suggestion = suggest_merges(TRUE, PRED)
    assert is_valid_linkage(suggestion.linkage)
    leaves = dendrogram(suggestion.linkage, no_plot=True, labels=suggestion.classes)["ivl"]
    assert sorted(leaves) == list("ABCDE")


def test_every_step_says_what_merging_that_far_scores():
    suggestion = suggest_merges(TRUE, PRED)
    names = {label: label for label in "ABCDE"}
    for step in suggestion.steps:
        names |= dict.fromkeys(step.members, "+".join(step.members))
        truth, predicted = ([names[x] for x in labels] for labels in (TRUE, PRED))
        assert step.accuracy == pytest.approx(accuracy_score(truth, predicted))
        if step.n_classes > 1:
            expected = balanced_accuracy_score(truth, predicted)
            assert step.balanced_accuracy == pytest.approx(expected)
        assert step.n_classes == len(set(truth))
    assert [step.suggested for step in suggestion.steps] == [True, False, False, False]
    assert suggestion.accuracy == accuracy_score(TRUE, PRED)


def test_pairs_come_with_the_samples_behind_them():
    pairs = suggest_merges(TRUE, PRED).ambiguous_pairs
    assert [(pair.first, pair.second) for pair in pairs] == [("A", "B"), ("C", "D")]
    assert_array_equal(pairs[0].sample_indices, [6, 7, 8, 9, 16, 17, 18, 19])
    assert_array_equal(pairs[1].sample_indices, [29])


def test_the_table_shows_the_scores_before_and_after():
    lines = str(suggest_merges(TRUE, PRED)).splitlines()
    assert lines[1].split() == ["5", "0.82", "0.82"]
    assert lines[2].split()[:6] == ["A", "+", "B", "0.40", "4", "0.98"]
    assert [line.endswith("suggested") for line in lines[2:]] == [True] + [False] * 4
    assert len(lines) == 7


def test_merged_numbers_stay_numbers():
    codes = {label: code for code, label in enumerate("ABCDE", start=3)}
    truth, predicted = ([codes[x] for x in labels] for labels in (TRUE, PRED))
    suggestion = suggest_merges(truth, predicted)
    assert suggestion.merge == {3: [3, 4]}
    merged = suggestion.to_merger().fit_transform(truth)
    assert merged.dtype.kind == "i"


def test_a_class_that_is_only_predicted_or_never_is_no_trouble():
    suggestion = suggest_merges(["A", "A", "B"], ["A", "C", "B"])
    assert suggestion.classes.tolist() == ["A", "B", "C"]
    assert suggestion.merge == {"A+C": ["A", "C"]}
    assert suggest_merges(["A", "A"], ["A", "A"]).merge == {}


@given(seed=st.integers(0, 10**6), k=st.integers(2, 7))
def test_the_order_of_rows_and_classes_does_not_matter(seed, k):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, k, (2, 60))
    suggestion = suggest_merges(truth, predicted, n_classes=max(1, k // 2))
    rows = rng.permutation(60)
    again = suggest_merges(truth[rows], predicted[rows], n_classes=max(1, k // 2))
    assert again.merge == suggestion.merge
    assert_array_equal(again.linkage, suggestion.linkage)
    distances = suggestion.confusability[np.triu_indices(len(suggestion.classes), 1)]
    if len(np.unique(np.round(suggestion.linkage[:, 2], 9))) == len(suggestion.linkage) and len(
        np.unique(np.round(distances, 9))
    ) == len(distances):
        other = rng.permutation(k)
        renamed = suggest_merges(other[truth], other[predicted], n_classes=max(1, k // 2))
        groups = {frozenset(other[members].tolist()) for members in suggestion.merge.values()}
        assert {frozenset(members) for members in renamed.merge.values()} == groups


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_classes": 2, "threshold": 0.1}, r"must not both be given"),
        ({"n_classes": 6}, "n_classes must be a whole number from 1 to 5, got 6"),
        ({"n_classes": 0}, "n_classes must be a whole number from 1 to 5, got 0"),
        ({"threshold": 0}, "threshold must be a number above 0 and up to 1, got 0"),
    ],
)
def test_settings_out_of_range_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        suggest_merges(TRUE, PRED, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_classes": "two"}, "n_classes must be a whole number from 1 to 5, got 'two'"),
        ({"n_classes": 2.5}, "n_classes must be a whole number from 1 to 5, got 2.5"),
        ({"n_classes": True}, "n_classes must be a whole number from 1 to 5, got True"),
        ({"threshold": "x"}, "threshold must be a number above 0 and up to 1, got 'x'"),
        ({"threshold": True}, "threshold must be a number above 0 and up to 1, got True"),
        ({"threshold": np.nan}, "threshold must be a number above 0 and up to 1, got nan"),
    ],
)
def test_settings_of_another_kind_are_errors(settings, message):
    with pytest.raises(TypeError, match=message):
        suggest_merges(TRUE, PRED, **settings)


def test_predictions_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
        suggest_merges(TRUE, PRED[:5])
    with pytest.raises(TypeError, match=r"y_pred must hold str labels .* got int"):
        suggest_merges(TRUE, np.arange(50))
    with pytest.raises(ValueError, match=r"at least one label"):
        suggest_merges([], [])


RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(center, 1, (30, 2)) for center in ([0, 0], [0.5, 0], [8, 8])])
Y = np.repeat(["A", "B", "C"], 30)


def test_the_advisor_judges_by_predictions_out_of_fold():
    advisor = MergeAdvisor(GaussianNB(), cv=KFold(4, shuffle=True, random_state=0)).fit(X, Y)
    predicted = cross_val_predict(GaussianNB(), X, Y, cv=KFold(4, shuffle=True, random_state=0))
    assert_array_equal(advisor.confusion_, confusion_matrix(Y, predicted))
    assert advisor.merge_ == {"A+B": ["A", "B"]}
    assert isinstance(advisor.to_merger(), LabelMerger)
    assert advisor.to_merger().fit(Y).merged_classes_.tolist() == ["A+B", "C"]
    assert isinstance(advisor.suggestion_, MergeSuggestion)
    mistaken = advisor.ambiguous_pairs_[0].sample_indices
    assert_array_equal(mistaken, np.flatnonzero(predicted != Y))


def test_the_advisor_says_the_same_twice():
    first, second = (MergeAdvisor(GaussianNB()).fit(X, pd.Series(Y)) for _ in range(2))
    assert_array_equal(first.linkage_, second.linkage_)
    assert first.merge_ == second.merge_


class Rememberer(ClassifierMixin, BaseEstimator):
    """Predict "known" labels for groups it was trained on."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = set(X[:, 0].tolist())
        return self

    def predict(self, X):
        return np.where([x in self.seen_ for x in X[:, 0].tolist()], "leak", "clean")


GROUPS = np.tile(np.arange(15), 6)
BY_GROUP = list(GroupKFold(3).split(np.zeros(90), groups=GROUPS))


@pytest.mark.parametrize("cv", [5, np.int64(5), None, GroupKFold(5), BY_GROUP, iter(BY_GROUP)])
def test_groups_stay_together(cv):
    advisor = MergeAdvisor(Rememberer(), cv=cv).fit(GROUPS[:, None], Y, groups=GROUPS)
    assert "leak" not in advisor.classes_


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("cv", [KFold(2), list(KFold(2).split(np.zeros(90)))])
def test_splits_that_tear_groups_apart_are_refused(cv):
    with pytest.raises(ValueError, match=r"cv must keep groups together"):
        MergeAdvisor(Rememberer(), cv=cv).fit(GROUPS[:, None], Y, groups=GROUPS)


def draw(n_classes, n_mixed, rate, seed, n=200):
    """Draw predictions where some classes are taken for one another at random."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(n_classes), n)
    predicted = truth.copy()
    hit = (truth < n_mixed) & (rng.random(len(truth)) < rate)
    predicted[hit] = rng.integers(0, n_mixed, hit.sum())
    return truth, predicted


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("n_classes", "n_mixed", "rate"), [(12, 10, 0.7), (8, 6, 0.6), (40, 25, 1)]
)
def test_a_large_cluster_of_mixed_classes_is_seen_whole(n_classes, n_mixed, rate, seed):
    suggestion = suggest_merges(*draw(n_classes, n_mixed, rate, seed))
    assert suggestion.merge == {0: list(range(n_mixed))}
    assert sum(step.suggested for step in suggestion.steps) == n_mixed - 1


@pytest.mark.parametrize("seed", range(3))
def test_two_clusters_stay_two(seed):
    truth, predicted = draw(6, 6, 0.7, seed)
    both = suggest_merges(
        np.r_[truth, truth + 6, truth + 12], np.r_[predicted, predicted + 6, truth + 12]
    )
    assert both.merge == {0: [0, 1, 2, 3, 4, 5], 6: [6, 7, 8, 9, 10, 11]}


@pytest.mark.parametrize("k", [3, 20, 300])
def test_errors_that_fall_on_all_classes_alike_make_no_cluster(k):
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(k), 50)
    predicted = np.where(rng.random(len(truth)) < 0.9, truth, rng.integers(0, k, len(truth)))
    assert suggest_merges(truth, predicted).merge == {}


@pytest.mark.parametrize("k", [2, 6, 30])
def test_predictions_at_chance_suggest_nothing_and_say_so(k):
    truth, predicted = np.random.default_rng(0).integers(0, k, (2, 100 * k))
    suggestion = suggest_merges(truth, predicted)
    assert suggestion.merge == {}
    assert "no better than chance" in suggestion.note
    assert suggestion.note in str(suggestion)
    assert suggest_merges(truth, predicted, n_classes=k - 1).merge != {}
    always = suggest_merges(truth, np.zeros_like(truth))
    assert always.merge == {}
    swapped = suggest_merges(truth, (truth + 1) % k)
    assert "no better than chance" not in str(swapped)


def test_all_classes_are_never_suggested_to_be_one():
    truth, predicted = draw(5, 5, 0.9, 0)
    predicted[:] = np.where(np.arange(len(truth)) % 3 == 0, truth, predicted)
    suggestion = suggest_merges(truth, predicted, threshold=0.01)
    assert suggestion.merge == {}
    assert "all classes would become one" in suggestion.note
    two = suggest_merges(["A"] * 4 + ["B"] * 3, ["A", "A", "A", "B", "A", "B", "B"])
    assert two.merge == {}
    assert "all classes would become one" in two.note


def test_a_confusion_matrix_serves_in_place_of_labels():
    told = suggest_merges(TRUE, PRED)
    for confusion in (told.confusion, told.confusion.astype(float), told.confusion.tolist()):
        given = suggest_merges(confusion=confusion, classes=list("ABCDE"))
        assert (given.merge, given.steps) == (told.merge, told.steps)
    frame = pd.crosstab(TRUE, PRED)
    assert suggest_merges(confusion=frame).merge == told.merge
    mixed = frame.loc[list("EDCBA"), list("EDCBA")]
    assert suggest_merges(confusion=mixed).merge == told.merge
    assert suggest_merges(confusion=told.confusion).merge == {0: [0, 1]}
    assert all(len(pair.sample_indices) == 0 for pair in given.ambiguous_pairs)


def test_probabilities_serve_in_place_of_predictions():
    P = (PRED[:, None] == np.array(list("ABCDE"))) * 0.6 + 0.08
    assert suggest_merges(TRUE, P).steps == suggest_merges(TRUE, PRED).steps
    names = list("EDCBA")
    assert suggest_merges(TRUE, P[:, ::-1], classes=names).steps == suggest_merges(TRUE, PRED).steps


def test_a_weight_is_a_number_of_rows():
    weights = np.random.default_rng(0).integers(0, 4, len(TRUE))
    repeated = suggest_merges(np.repeat(TRUE, weights), np.repeat(PRED, weights))
    weighted = suggest_merges(TRUE, PRED, sample_weight=weights)
    assert_allclose(weighted.confusion, repeated.confusion)
    assert weighted.merge == repeated.merge
    assert_allclose(weighted.linkage, repeated.linkage)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"pass either y_true and y_pred, or confusion"),
        ({"confusion": np.ones((2, 3))}, r"shape \(n_classes, n_classes\)"),
        ({"confusion": -np.eye(2)}, r"counts >= 0"),
        ({"confusion": np.zeros((2, 2))}, r"must have samples"),
        ({"confusion": np.eye(3), "classes": ["a", "b"]}, r"name the 3 rows of confusion"),
        ({"confusion": np.eye(2), "sample_weight": [1, 2]}, r"sample_weight is for y_true"),
        ({"confusion": np.eye(2), "y_true": [0, 1]}, r"pass either"),
    ],
)
def test_what_is_no_evidence_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        suggest_merges(**settings)


def test_images_are_taken_as_they_are():
    class Flat(GaussianNB):
        def fit(self, X, y):
            return super().fit(X.reshape(len(X), -1), y)

        def predict(self, X):
            return super().predict(X.reshape(len(X), -1))

    images = np.repeat(X, 3, axis=1).reshape(90, 3, 2, 1)
    assert MergeAdvisor(Flat()).fit(images, Y).merge_ == {"A+B": ["A", "B"]}


def test_the_advisor_keeps_scikit_learns_promises():
    advisor = MergeAdvisor(GaussianNB(), n_classes=2)
    with pytest.raises(NotFittedError):
        advisor.to_merger()
    fitted = clone(advisor.set_params(estimator__var_smoothing=1e-6)).fit(X, Y)
    assert not hasattr(advisor, "merge_")
    assert pickle.loads(pickle.dumps(fitted)).merge_ == fitted.merge_
    assert fitted.set_params(n_classes=3).fit(X, Y).merge_ == {}
