"""Labels are found in what a data set says of itself; no row of it is read."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklmerge import ClassWeightEstimator, EpochSchedule, ImageBatches, LabelMerger

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


def test_batches_that_are_made_already_are_told_what_to_pass_instead():
    batches = ImageBatches(
        np.zeros((9, 5, 7), np.uint8), LABELS, schedule=EpochSchedule(random_state=0)
    )
    pytest.importorskip("keras")
    for made in (batches, batches.to_torch(), batches.to_keras()):
        for fit in (EpochSchedule().fit, LabelMerger().fit, ClassWeightEstimator().fit):
            with pytest.raises(TypeError, match=r"got the batches of .*; pass the labels or"):
                fit(made)
        with pytest.raises(TypeError, match=r"or use fit_counts\(y\..*counts\) to weigh") as caught:
            ClassWeightEstimator().fit(made)
        advised = re.search(r"fit_counts\((.*)\)", str(caught.value))[1]
        counts = eval(advised, {"y": made})
        assert ClassWeightEstimator().fit_counts(counts).class_weight_ == dict.fromkeys(range(3), 1)


class Dealt:
    """Batches by number, as keras.utils.PyDataset has them."""

    def __len__(self):
        return 3

    def __getitem__(self, number):
        return np.zeros((3, 5, 7)), LABELS[3 * number : 3 * number + 3]

    def on_epoch_end(self):
        """Do nothing; its presence tells a PyDataset."""


class Streamed:
    """Batches one after another, as tf.data.Dataset has them."""

    element_spec = None

    def __iter__(self):
        return map(Dealt().__getitem__, range(3))


@pytest.mark.parametrize("made", [Dealt(), Streamed()])
def test_labels_of_batches_are_found_as_the_error_says(made):
    with pytest.raises(TypeError, match="pass the labels of its batches, np") as caught:
        LabelMerger().fit(made)
    advised = str(caught.value).partition("its batches, ")[2]
    assert eval(advised, {"np": np, "y": made}).tolist() == LABELS


@pytest.mark.parametrize("n_rows", [None, 2])
def test_labels_of_tensorflow_are_found_as_the_error_says(n_rows):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((np.zeros((9, 5, 7)), LABELS))
    data = data if n_rows is None else data.batch(n_rows)
    with pytest.raises(TypeError, match="pass the labels of its") as caught:
        LabelMerger().fit(data)
    advised = str(caught.value).rpartition("np.")[2]
    assert eval(f"np.{advised}", {"np": np, "y": data}).tolist() == LABELS


def test_the_data_set_of_a_loader_holds_the_labels():
    data = torch.utils.data.TensorDataset(torch.zeros(9, 5, 7), torch.tensor(LABELS))
    loader = torch.utils.data.DataLoader(data)
    with pytest.raises(TypeError, match=r"pass the data set that it loads, y\.dataset, or"):
        LabelMerger().fit(loader)
    assert LabelMerger().fit(loader.dataset).classes_.tolist() == [0, 1, 2]
