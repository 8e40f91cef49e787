"""ClassWeightEstimator takes labels out of data sets, generators and indices."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklmerge import ClassWeightEstimator, ImageIndex, LabelMerger

CLASS_INDICES = {"dog": 1, "cat": 0}


class BatchedData:
    """Batches by index, as keras.utils.PyDataset has them."""

    def __init__(self, batches):
        self.batches = batches
        self.num_batches = len(batches)

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]

    def on_epoch_end(self):
        """Do nothing; its presence tells a PyDataset."""


@pytest.fixture
def folder(tmp_path):
    for name, n_images in {"cat": 1, "dog": 3, "owl": 2}.items():
        (tmp_path / name).mkdir()
        for number in range(n_images):
            image = np.full((5, 7, 3), 40 * number, dtype=np.uint8)
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), image)
    return tmp_path


def test_an_image_index_brings_its_classes_counts_and_indices(folder):
    index = ImageIndex(folder)
    weights = ClassWeightEstimator().fit(index)
    assert weights.class_counts_ == {"cat": 1.0, "dog": 3.0, "owl": 2.0}
    assert weights.to_keras() == weights.to_keras(index) == {0: 2.0, 1: pytest.approx(2 / 3), 2: 1}
    assert_allclose(weights.transform(index), [2, 2 / 3, 2 / 3, 2 / 3, 1, 1])
    weighted = ClassWeightEstimator().fit(index, sample_weight=[2, 1, 1, 1, 0, 5])
    assert weighted.class_counts_ == {"cat": 2.0, "dog": 3.0, "owl": 5.0}


def test_merged_classes_are_weighed_as_one(folder):
    index = ImageIndex(folder, merge={"pet": ["cat", "dog"]})
    weights = ClassWeightEstimator(normalize="min").fit(index)
    assert weights.class_weight_ == {"owl": 2.0, "pet": 1.0}
    merger = LabelMerger({"pet": ["cat", "dog"]})
    y = merger.fit_transform(["cat", "dog", "dog", "dog", "owl", "owl"])
    assert ClassWeightEstimator(normalize="min").fit(y).to_keras(merger) == {0: 2.0, 1: 1.0}


def test_a_part_of_an_index_that_lacks_a_class_keeps_its_place(folder):
    part = ImageIndex(folder).take([1, 2, 4])
    with pytest.raises(ValueError, match="none of 'cat'"):
        ClassWeightEstimator().fit(part)
    weights = ClassWeightEstimator(missing="ignore").fit(part)
    assert weights.to_keras() == {0: 0.0, 1: 0.75, 2: 1.5}


def test_a_generator_of_keras_is_weighed_by_the_names_of_its_folders():
    generator = SimpleNamespace(
        classes=np.array([0, 1, 1, 1]), class_indices=CLASS_INDICES, on_epoch_end=None
    )
    weights = ClassWeightEstimator(normalize="min").fit(generator)
    assert weights.class_weight_ == {"cat": 3.0, "dog": 1.0}
    assert weights.to_keras() == weights.to_keras(generator) == {0: 3.0, 1: 1.0}
    assert_allclose(weights.transform(generator), [3, 1, 1, 1])


def test_indices_of_a_generator_need_not_be_in_the_order_of_names():
    generator = SimpleNamespace(classes=[0, 1, 1], class_indices={"dog": 0, "cat": 1})
    weights = ClassWeightEstimator(normalize="min").fit(generator)
    assert weights.class_weight_ == {"dog": 2.0, "cat": 1.0}
    assert weights.to_keras() == {0: 2.0, 1: 1.0}
    assert weights.to_torch().tolist() == [2.0, 1.0]


def test_a_generator_of_several_classes_an_image_gives_columns():
    generator = SimpleNamespace(classes=[[0], [0, 1], []], class_indices=CLASS_INDICES)
    weights = ClassWeightEstimator(target="multilabel").fit(generator)
    assert weights.class_counts_ == [{0: 1, 1: 2}, {0: 2, 1: 1}]
    assert weights.classes_.tolist() == ["cat", "dog"]
    with pytest.raises(ValueError, match="pass target='multilabel' for a 0/1 column per class"):
        ClassWeightEstimator().fit(generator)


def test_data_sets_of_torch_bring_their_targets():
    images, targets = torch.zeros(6, 3, 5, 7), [0, 1, 1, 2, 2, 2]
    named = SimpleNamespace(targets=targets, class_to_idx={"a": 0, "b": 1, "c": 2})
    tensors = torch.utils.data.TensorDataset(images, torch.tensor(targets))
    batches = torch.utils.data.DataLoader(tensors, batch_size=4, shuffle=True)
    for data in (named, SimpleNamespace(targets=torch.tensor(targets)), tensors, batches):
        assert ClassWeightEstimator().fit(data).class_counts_ == {0: 1.0, 1: 2.0, 2: 3.0}
    half = torch.utils.data.Subset(named, [1, 2, 3])
    assert_allclose(
        ClassWeightEstimator(missing="ignore").fit(half).transform(half), [0.75] * 2 + [1.5]
    )
    with pytest.raises(ValueError, match="none of 0"):
        ClassWeightEstimator().fit(half)


def test_data_sets_of_torch_may_be_joined():
    tensors = torch.utils.data.TensorDataset(torch.zeros(3, 5, 7), torch.tensor([0, 2, 2]))
    part = torch.utils.data.Subset(tensors, [1])
    joined = torch.utils.data.ConcatDataset([tensors, part])
    weights = ClassWeightEstimator().fit(torch.utils.data.ConcatDataset([joined, tensors]))
    assert weights.class_counts_ == {0: 2.0, 2: 5.0}
    assert_allclose(weights.transform(joined), [7 / 4, 7 / 10, 7 / 10, 7 / 10])


def test_joined_data_sets_must_number_their_classes_alike():
    def join(*data):
        return SimpleNamespace(datasets=list(data), cumulative_sizes=[2, 4])

    cats = SimpleNamespace(targets=[0, 1], class_to_idx={"cat": 0, "dog": 1})
    owls = SimpleNamespace(targets=[0, 0], class_to_idx={"owl": 0})
    assert ClassWeightEstimator().fit(join(cats, cats)).class_counts_ == {0: 2.0, 1: 2.0}
    with pytest.raises(ValueError, match=r"number their classes alike, got class_to_idx .*'owl'"):
        ClassWeightEstimator().fit(join(cats, owls))
    with pytest.raises(ValueError, match=r"labels are of one form, got .* <U3"):
        ClassWeightEstimator().fit(join(cats, SimpleNamespace(targets=["cat", "dog"])))


def test_a_data_set_that_hides_its_labels_is_refused_by_name():
    class Photographs(torch.utils.data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, place):
            return torch.zeros(5, 7), place

    joined = torch.utils.data.ConcatDataset([Photographs(), Photographs()])
    for data in (Photographs(), joined, torch.utils.data.Subset(joined, [0])):
        with pytest.raises(TypeError, match=r"as targets, .* got Photographs; give it"):
            ClassWeightEstimator().fit(data)


def test_batches_are_counted_one_by_one_with_the_weights_they_bring():
    images = np.zeros((2, 5, 7, 3))
    plain = BatchedData([(images, [0, 1]), (images, [1, 1]), (images[:1], [2])])
    assert ClassWeightEstimator().fit(plain).class_counts_ == {0: 1.0, 1: 3.0, 2: 1.0}
    one_hot = BatchedData(
        [({"left": images}, np.eye(2), [1, 5]), ((images, images), [[1, 0]] * 2, [1, 1])]
    )
    weights = ClassWeightEstimator(target="one-hot").fit(one_hot)
    assert weights.class_counts_ == {0: 3.0, 1: 5.0}


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (BatchedData([np.zeros((2, 5, 7))]), TypeError, r"y must yield \(x, y\) .* got ndarray"),
        (BatchedData([(np.zeros((5, 7, 3)), 1)]), ValueError, r"call .batch\(...\) first"),
        (BatchedData([(np.zeros((5, 7, 3)), [1, 0])]), ValueError, r"call .batch\(...\) first"),
        (BatchedData([]), ValueError, "at least one sample"),
    ],
    ids=["no labels", "single samples", "single one-hot samples", "nothing"],
)
def test_what_is_no_data_set_of_batches_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        ClassWeightEstimator().fit(data)


def test_a_data_set_that_never_ends_is_refused():
    endless = BatchedData([(np.zeros((1, 5, 7)), [0])])
    endless.num_batches = None
    with pytest.raises(ValueError, match="y must be finite, got a PyDataset"):
        ClassWeightEstimator().fit(endless)


def test_weights_of_samples_cannot_be_matched_to_batches():
    data = BatchedData([(np.zeros((2, 5, 7)), [0, 1])])
    with pytest.raises(TypeError, match="sample_weight must come with the batches"):
        ClassWeightEstimator().fit(data, sample_weight=[1, 1])
    with pytest.raises(TypeError, match="got a data set; transform the labels of each batch"):
        ClassWeightEstimator().fit(data).transform(data)
