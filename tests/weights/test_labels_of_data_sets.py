"""Labels are found in what a data set says of itself; no row of it is read."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklmerge import ClassWeightEstimator, EpochSchedule

LABELS = [0] * 4 + [1] * 3 + [2] * 2


class Photographs:
    """A map-style data set that counts how many of its rows are decoded."""

    def __init__(self, **known):
        self.n_decoded = 0
        self.__dict__.update(known)

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, row):
        self.n_decoded += 1
        return np.zeros((5, 7, 3)), LABELS[row]


KNOWN = {
    "targets": {"targets": LABELS},
    "labels": {"labels": np.array(LABELS)},
    "y": {"y": LABELS},
    "tensors": {"tensors": (np.zeros(len(LABELS)), np.array(LABELS))},
    "samples": {"samples": [(f"{row}.png", label) for row, label in enumerate(LABELS)]},
    "imgs": {"imgs": [(f"{row}.png", label) for row, label in enumerate(LABELS)]},
    "targets before labels": {"targets": LABELS, "labels": ["other"] * len(LABELS)},
    "no targets but labels": {"targets": None, "labels": LABELS},
}


@pytest.mark.parametrize("known", KNOWN.values(), ids=list(KNOWN))
def test_labels_are_found_without_reading_a_row(known):
    data = Photographs(**known)
    assert ClassWeightEstimator().fit(data).class_counts_ == {0: 4.0, 1: 3.0, 2: 2.0}
    schedule = EpochSchedule("minority", random_state=0).fit(data)
    assert schedule.class_counts_ == {0: 4, 1: 3, 2: 2}
    assert_array_equal(
        schedule.draws(0).indices, EpochSchedule(random_state=0).fit(LABELS).draws(0).indices
    )
    assert data.n_decoded == 0


@pytest.mark.parametrize("fit", [ClassWeightEstimator().fit, EpochSchedule().fit])
def test_a_data_set_without_readable_labels_is_refused_before_a_row_is_read(fit):
    data = Photographs()
    part = SimpleNamespace(dataset=data, indices=[1, 2])
    joined = SimpleNamespace(datasets=[data, data], cumulative_sizes=[9, 18])
    for unreadable in (data, part, joined):
        with pytest.raises(TypeError, match="got Photographs; give it an attribute targets"):
            fit(unreadable)
    assert data.n_decoded == 0


def test_as_many_labels_as_rows_are_asked_for():
    with pytest.raises(ValueError, match=r"one label for each of its 9 rows, got 8 in Photographs"):
        EpochSchedule().fit(Photographs(targets=LABELS[:-1]))


def test_labels_are_those_that_the_rows_give_after_a_target_transform():
    data = Photographs(targets=LABELS, target_transform=lambda label: min(label, 1))
    assert ClassWeightEstimator().fit(data).class_counts_ == {0: 4.0, 1: 5.0}


def test_parts_of_parts_and_joined_parts_keep_their_rows():
    part = SimpleNamespace(dataset=Photographs(targets=LABELS), indices=[0, 4, 5, 8])
    smaller = SimpleNamespace(dataset=part, indices=[3, 1])
    joined = SimpleNamespace(datasets=[smaller, part], cumulative_sizes=[2, 6])
    schedule = EpochSchedule(None).fit(joined)
    assert schedule.original_codes_.tolist() == [2, 1, 0, 1, 1, 2]


def test_hugging_face_data_sets_bring_their_class_labels():
    datasets = pytest.importorskip("datasets")
    kinds = datasets.Features(
        {"image": datasets.Image(), "kind": datasets.ClassLabel(names=["a", "b", "c", "never"])}
    )
    rows = {"image": [{"bytes": b"no image", "path": None}] * len(LABELS), "kind": LABELS}
    data = datasets.Dataset.from_dict(rows, features=kinds)
    weights = ClassWeightEstimator(missing="ignore").fit(data)
    assert weights.class_counts_ == {0: 4.0, 1: 3.0, 2: 2.0, 3: 0.0}
    for part in (data.select([8, 0, 4]), SimpleNamespace(dataset=data, indices=[8, 0, 4])):
        assert EpochSchedule(None).fit(part).original_codes_.tolist() == [2, 0, 1]
    unlabelled = datasets.Dataset.from_dict({**rows, "kind": [-1] * len(LABELS)}, features=kinds)
    with pytest.raises(ValueError, match="-1, which stands for none, in 9 rows of column 'kind'"):
        EpochSchedule().fit(unlabelled)
    with pytest.raises(TypeError, match="one ClassLabel column, or one called label"):
        EpochSchedule().fit(data.remove_columns("kind"))
    with pytest.raises(TypeError, match="load it without streaming=True"):
        EpochSchedule().fit(data.to_iterable_dataset())
    with pytest.raises(TypeError, match=r"pass one of its parts \('train'\)"):
        EpochSchedule().fit(datasets.DatasetDict({"train": data}))


def test_hugging_face_lists_of_class_labels_are_a_table():
    datasets = pytest.importorskip("datasets")
    tags = datasets.Features({"labels": [datasets.ClassLabel(names=["cat", "dog"])]})
    data = datasets.Dataset.from_dict({"labels": [[0], [0, 1], []]}, features=tags)
    weights = ClassWeightEstimator(target="multilabel").fit(data)
    assert weights.class_counts_ == [{0: 1, 1: 2}, {0: 2, 1: 1}]
