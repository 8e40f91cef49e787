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
        ({"n_classes": 6}, r"n_classes must be 1..5, the classes of y, got 6"),
        ({"n_classes": 0}, r"n_classes must be 1..5"),
        ({"threshold": 0}, r"threshold must lie in \(0, 1\], got 0"),
    ],
)
def test_settings_out_of_range_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
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


@pytest.mark.parametrize("cv", [5, GroupKFold(5), list(KFold(2).split(np.zeros(90)))])
def test_groups_stay_together(cv):
    groups = np.tile(np.arange(15), 6)
    is_given = isinstance(cv, list)
    samples = (np.arange(90) if is_given else groups)[:, None]
    advisor = MergeAdvisor(Rememberer(), cv=cv).fit(samples, Y, groups=groups)
    assert "leak" not in advisor.classes_


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
