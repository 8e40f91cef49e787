"""classification_report_levels against scikit-learn's scores level by level."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, classification_report

from sklmerge import LabelMerger, classification_report_levels

RNG = np.random.default_rng(0)
TRUE = RNG.choice(["A", "B", "C", "D"], 90)
PRED = np.where(RNG.random(90) < 0.6, TRUE, RNG.choice(["A", "B", "C", "D"], 90))
MERGE = {"AB": ["A", "B"]}


def merge(labels):
    return np.where(np.isin(labels, ["A", "B"]), "AB", labels)


@pytest.mark.parametrize(
    ("level", "true", "pred"), [("original", TRUE, PRED), ("merged", merge(TRUE), merge(PRED))]
)
def test_each_level_is_scikit_learns_report(level, true, pred):
    report = classification_report_levels(TRUE, PRED, MERGE, output_dict=True)[level]
    expected = classification_report(true, pred, output_dict=True)
    assert report["accuracy"] == expected["accuracy"]
    assert report["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, pred))
    for label, scores in report["classes"].items():
        assert scores == pytest.approx(expected[label])


def test_merged_predictions_still_show_how_each_member_fares():
    report = classification_report_levels(TRUE, merge(PRED), MERGE, output_dict=True)
    assert report["original"] is None
    assert report["recall_as_merged"]["A"] == np.mean(merge(PRED)[TRUE == "A"] == "AB")
    assert report["recall_as_merged"]["C"] == report["merged"]["classes"]["C"]["recall"]


def test_the_frame_lists_members_below_their_class():
    frame = classification_report_levels(TRUE, PRED, MERGE, as_frame=True)
    assert frame["label"].tolist() == ["AB", "A", "B", "C", "D"]
    assert frame["level"].tolist() == ["merged", "original", "original", "merged", "merged"]
    assert frame["support"][0] == frame["support"][1:3].sum()
    frame = classification_report_levels(TRUE, merge(PRED), MERGE, as_frame=True)
    assert frame["precision"].isna().tolist() == [False, True, True, False, False]


def test_the_text_has_a_line_a_class_and_one_a_level():
    text = classification_report_levels(TRUE, PRED, MERGE, digits=3)
    assert [line.split()[0] for line in text.splitlines()[1:6]] == ["AB", "A", "B", "C", "D"]
    assert text.splitlines()[-1].startswith("original level: accuracy 0.")
    assert "original level" not in classification_report_levels(TRUE, merge(PRED), MERGE)


def test_predictions_that_are_all_wrong_are_reported_too():
    text = classification_report_levels(["A", "B", "C"], ["B", "C", "A"], MERGE)
    assert [line.split()[4] for line in text.splitlines()[1:5]] == ["2", "1", "1", "1"]
    assert text.splitlines()[-1] == "original level: accuracy 0.00, balanced accuracy 0.00"
    report = classification_report_levels(["A", "C"], ["C", "A"], None, output_dict=True)
    supports = [scores["support"] for scores in report["merged"]["classes"].values()]
    assert supports == [1, 1]
    assert all(type(support) is int for support in supports)


def test_a_class_that_is_only_predicted_is_listed():
    report = classification_report_levels(["A", "B"], ["A", "C"], MERGE, output_dict=True)
    assert report["merged"]["classes"]["C"]["support"] == 0
    assert report["original"]["balanced_accuracy"] == 0.5
    text = classification_report_levels(["A", "B"], ["AB", "C"], MERGE)
    assert "merged level:   accuracy 0.50, balanced accuracy 0.50" in text


def test_a_fitted_merger_serves_rows_that_lack_a_class():
    merger = LabelMerger({"AB": ["A", "B"]}).fit(TRUE)
    report = classification_report_levels(["A", "C"], ["A", "C"], merger, output_dict=True)
    assert report["merged"]["accuracy"] == 1
    with pytest.raises(ValueError, match=r"merge lists labels that y lacks: 'B'"):
        classification_report_levels(["A", "C"], ["A", "C"], MERGE)


def test_the_level_is_asked_for_where_labels_do_not_tell():
    pairs = {0: [0, 1], 1: [2, 3]}
    with pytest.raises(ValueError, match=r"level must be given, because 0, 1 in y_pred may be"):
        classification_report_levels([0, 1, 2, 3], [0, 0, 1, 1], pairs)
    for level, accuracy in (("merged", 1.0), ("original", 0.5)):
        report = classification_report_levels(
            [0, 1, 2, 3], [0, 0, 1, 1], pairs, level=level, output_dict=True
        )
        assert report["merged"]["accuracy"] == accuracy
    with pytest.raises(ValueError, match=r"because 'C' in y_pred may be"):
        classification_report_levels(["A", "B"], ["C", "C"], MERGE)
    assert "original level" in classification_report_levels(["A", "B"], ["A", "A"], None)
    with pytest.raises(ValueError, match=r"labels of one level, got merged 'AB' and original 'A'"):
        classification_report_levels(["A", "B"], ["AB", "A"], MERGE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": "fine"}, r"level must be"),
        ({"as_frame": True, "output_dict": True}, r"must not both be True"),
    ],
)
def test_settings_in_conflict_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        classification_report_levels(TRUE, PRED, MERGE, **settings)
