"""Every meta-estimator of scikit-learn around MergedClassifier: right, or refused with a reason.

Of original output, that is: whether a meta-estimator compares merged output with original labels
cannot be seen from inside.
"""

import inspect

import numpy as np
import pytest
from sklearn import (
    calibration,
    ensemble,
    feature_selection,
    frozen,
    model_selection,
    multiclass,
    multioutput,
    semi_supervised,
)
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.utils.discovery import all_estimators

from sklmerge import LabelMerger, MergedClassifier

X, CODES = make_classification(
    200,
    6,
    n_informative=5,
    n_redundant=0,
    n_classes=4,
    n_clusters_per_class=1,
    class_sep=3,
    random_state=1,
)
THETA = {"importance_getter": "estimator_.theta_"}
MAKERS = {
    "AdaBoostClassifier": lambda m: ensemble.AdaBoostClassifier(m, n_estimators=3, random_state=0),
    "BaggingClassifier": lambda m: ensemble.BaggingClassifier(m, 3, random_state=0),
    "CalibratedClassifierCV": lambda m: calibration.CalibratedClassifierCV(m, cv=3),
    "CalibratedClassifierCV, one for all": lambda m: calibration.CalibratedClassifierCV(
        m, cv=3, ensemble=False
    ),
    "FrozenEstimator": lambda m: frozen.FrozenEstimator(m),
    "GradientBoostingClassifier": lambda m: ensemble.GradientBoostingClassifier(
        init=m, n_estimators=3
    ),
    "GridSearchCV": lambda m: model_selection.GridSearchCV(m, {}, cv=3, error_score="raise"),
    "MultiOutputClassifier": lambda m: multioutput.MultiOutputClassifier(m),
    "ClassifierChain": lambda m: multioutput.ClassifierChain(m),
    "OneVsOneClassifier": lambda m: multiclass.OneVsOneClassifier(m),
    "OneVsRestClassifier": lambda m: multiclass.OneVsRestClassifier(m),
    "OutputCodeClassifier": lambda m: multiclass.OutputCodeClassifier(m, random_state=0),
    "RFE": lambda m: feature_selection.RFE(m, n_features_to_select=5, **THETA),
    "RFECV": lambda m: feature_selection.RFECV(m, min_features_to_select=5, cv=3, **THETA),
    "RandomizedSearchCV": lambda m: model_selection.RandomizedSearchCV(
        m, {"estimator__var_smoothing": [1e-9]}, n_iter=1, cv=3, error_score="raise"
    ),
    "SelectFromModel": lambda m: make_pipeline(
        feature_selection.SelectFromModel(m, threshold=-np.inf, **THETA), GaussianNB()
    ),
    "SelfTrainingClassifier": lambda m: semi_supervised.SelfTrainingClassifier(m),
    "SequentialFeatureSelector": lambda m: make_pipeline(
        feature_selection.SequentialFeatureSelector(m, n_features_to_select=5, cv=3), GaussianNB()
    ),
    "StackingClassifier": lambda m: ensemble.StackingClassifier([("m", m)], cv=3),
    "VotingClassifier": lambda m: ensemble.VotingClassifier([("m", m)]),
}
BINARY = {
    "FixedThresholdClassifier": model_selection.FixedThresholdClassifier,
    "TunedThresholdClassifierCV": model_selection.TunedThresholdClassifierCV,
}
# What predicts by a classifier of its own answers in labels as they are given.
SELECTORS = {"SelectFromModel", "SequentialFeatureSelector"}
TWO_COLUMNS = {"MultiOutputClassifier", "ClassifierChain"}


def merge_by_hand(labels, merge):
    names = {label: name for name, members in merge.items() for label in members}
    return np.array([names.get(label, label) for label in np.ravel(labels).tolist()])


def is_right(name, merge, labels):
    """Fit, and compare predictions with the truth where the merge can tell: at the merged level."""
    model = MergedClassifier(GaussianNB(), merge, refiner="prior", output="original")
    y = np.column_stack([labels, labels]) if name in TWO_COLUMNS else labels
    given = y.copy()
    if name == "SelfTrainingClassifier":
        given[::7] = -1
    if name == "FrozenEstimator":
        model.fit(X, y)
    predicted = (MAKERS | BINARY)[name](model).fit(X, given).predict(X)
    assert set(np.ravel(predicted).tolist()) <= set(labels.tolist())
    merge = getattr(merge, "merge", merge)
    predicted = merge_by_hand(predicted, merge)
    return np.mean(np.ravel(predicted) == merge_by_hand(y, merge)) > 0.9


MAPS = [
    (np.arange(4), {0: [0, 1]}),
    (np.arange(4), {2: [1, 2]}),
    (np.arange(1, 5), {1: [1, 2]}),
    (np.arange(1, 5), {1: [1, 2], 3: [3], 4: [4]}),
    (np.arange(4), LabelMerger({2: [1, 2]}, classes=range(4))),
    (np.arange(1, 5), LabelMerger({2: [1, 2]}, classes=range(1, 5))),
    (np.arange(1, 5), LabelMerger({2: [1, 2]}, classes=range(1, 6), missing="ignore")),
    (np.arange(4), {0: [0], 1: [1, 2], 3: [3]}),
    (np.arange(4), {1: [0], 0: [1, 2], 3: [3]}),
    (np.array(["A", "B", "C", "D"], dtype=object), {"AB": ["A", "B"]}),
]


def test_no_meta_estimator_is_overlooked():
    known = {name.split(",")[0] for name in MAKERS | BINARY}
    known |= {"HalvingGridSearchCV", "HalvingRandomSearchCV"}
    found = {
        name
        for name, kind in all_estimators()
        if {"estimator", "estimators", "base_estimator"} & set(inspect.signature(kind).parameters)
        and not name.endswith(("Regressor", "RegressorChain"))
    }
    assert found <= known


def list_wrong(name, merge, labels):
    """List what is neither right nor refused with advice."""
    try:
        return [] if is_right(name, merge, labels) else ["wrong result"]
    except ValueError as error:
        is_own = "inside this estimator" in str(error)
        is_chain_of_text = name == "ClassifierChain" and labels.dtype == object
        return [] if is_own or is_chain_of_text else [str(error)]


@pytest.mark.parametrize(("names", "merge"), MAPS, ids=[str(merge) for _, merge in MAPS])
@pytest.mark.parametrize("name", MAKERS)
def test_it_is_right_or_refused(name, names, merge):
    assert list_wrong(name, merge, names[CODES]) == []


@pytest.mark.parametrize("merge", [{0: [0], 1: [1]}, {1: [0], 0: [1]}])
@pytest.mark.parametrize("name", BINARY)
def test_a_threshold_on_two_classes_is_right_or_refused(name, merge):
    assert list_wrong(name, merge, (CODES > 1).astype(int)) == []


COMPLETE = [
    (np.arange(1, 5), LabelMerger({2: [1, 2]}, classes=range(1, 5))),
    (np.array(["A", "B", "C", "D"], dtype=object), {"AB": ["A", "B"]}),
]


@pytest.mark.parametrize(("names", "merge"), COMPLETE, ids=["numbers", "text"])
@pytest.mark.parametrize("name", ["AdaBoostClassifier", "GridSearchCV", "SelfTrainingClassifier"])
def test_what_leaves_the_classes_alone_is_let_through(name, names, merge):
    assert is_right(name, merge, names[CODES])


SIDES = ["OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier"]


@pytest.mark.parametrize(("names", "merge"), MAPS, ids=str)
@pytest.mark.parametrize("name", SIDES)
def test_any_map_is_refused_where_classes_take_sides(name, names, merge):
    model = MergedClassifier(GaussianNB(), merge, refiner="prior", output="original")
    with pytest.raises(ValueError, match=r"inside this estimator"):
        MAKERS[name](model).fit(X, names[CODES])
    outside = MergedClassifier(MAKERS[name](GaussianNB()), LabelMerger(merge, classes=names))
    if isinstance(merge, LabelMerger):
        outside.set_params(merge=LabelMerger(merge.merge, classes=names))
    assert outside.fit(X, names[CODES]).score(X, names[CODES]) > 0.4


@pytest.mark.parametrize("name", SIDES)
def test_no_merge_takes_any_side(name):
    model = MAKERS[name](MergedClassifier(GaussianNB()))
    plain = MAKERS[name](GaussianNB()).fit(X, CODES)
    assert (model.fit(X, CODES).predict(X) == plain.predict(X)).all()
