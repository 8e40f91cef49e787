"""What goes into a sampler comes out of it: containers, types of labels, lists of images."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge import AugmentingOverSampler, BalancingSampler, ImageIndex

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (9, 5, 8, 3), dtype=np.uint8)
Y = ["a"] * 6 + ["b"] * 3
SAMPLERS = [AugmentingOverSampler(random_state=0), BalancingSampler(random_state=0)]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_a_list_of_images_is_taken_as_their_array(sampler):
    expected, labels = sampler.fit_resample(X, Y)
    as_objects = np.empty(len(X), dtype=object)
    as_objects[:] = list(X)
    for images in (list(X), tuple(X), [Image.fromarray(image) for image in X], as_objects):
        resampled, y_new = sampler.fit_resample(images, Y)
        assert_array_equal(resampled, expected)
        assert y_new == labels


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_what_is_no_batch_of_images_is_refused_by_name(sampler):
    with pytest.raises(ValueError, match=r"images of one shape, got .* at position 1"):
        sampler.fit_resample([X[0], X[1][:4], *X[2:]], Y)
    with pytest.raises(TypeError, match=r"got a generator; pass list\(X\)"):
        sampler.fit_resample((image for image in X), Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sampler.fit_resample(X[:-1], Y)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_polars_frames_and_series_come_out_as_such(sampler):
    polars = pytest.importorskip("polars")
    rows = X.reshape(len(X), -1)
    sampler = sampler.__class__(image_shape=(5, 8, 3), random_state=0)
    expected, labels = sampler.fit_resample(rows, Y)
    frame, y_new = sampler.fit_resample(polars.DataFrame(rows), polars.Series("kind", Y))
    assert isinstance(frame, polars.DataFrame)
    assert isinstance(y_new, polars.Series)
    assert frame.dtypes == [polars.UInt8] * rows.shape[1]
    assert_array_equal(frame.to_numpy(), expected)
    assert y_new.to_list() == labels


LABELS = {
    "objects": np.array(Y, object),
    "object numbers": np.array([7] * 6 + [9] * 3, object),
    "strings of any width": np.array(Y, np.dtypes.StringDType()),
    "category": pd.Series(Y, dtype="category"),
    "nullable": pd.Series([1] * 6 + [0] * 3, dtype="Int64"),
    "floats": np.array([1.0] * 6 + [2.0] * 3),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=list(LABELS))
@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_labels_keep_their_type(sampler, labels):
    _, y_new = sampler.fit_resample(X, labels)
    assert type(y_new) is type(labels)
    assert y_new.dtype == labels.dtype
    rows = sampler.sample_indices_
    assert list(y_new) == [list(labels)[row] for row in rows]
    assert len(y_new) == 12


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_missing_labels_are_named_by_position(sampler, missing):
    labels = np.array([*Y[:-1], missing], dtype=object)
    with pytest.raises(ValueError, match=r"missing labels .* at positions 8"):
        sampler.fit_resample(X, labels)


@pytest.mark.parametrize(
    "sampler",
    [AugmentingOverSampler(None, random_state=0), BalancingSampler(augmenter=None, random_state=0)],
    ids=repr,
)
def test_paths_and_an_index_are_repeated_as_rows_are(sampler, tmp_path):
    for place, label in enumerate(["a", "b", "b", "b", "c", "c"]):
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(X[place]).save(tmp_path / label / f"{place}.png")
    index = ImageIndex(tmp_path)
    paths, labels = [str(path) for path in index.paths], list(index.labels)
    rows = np.arange(len(paths))[:, None]
    expected, y_new = sampler.fit_resample(rows, labels)
    assert sampler.n_features_in_ == 1
    for container in (paths, np.array(paths), pd.Series(paths), index):
        taken, y_taken = sampler.fit_resample(container, labels)
        taken = taken.paths if isinstance(container, ImageIndex) else taken
        assert [str(path) for path in taken] == [paths[row] for row in expected[:, 0]]
        assert y_taken == y_new
        assert not hasattr(sampler, "n_features_in_")
    one_hot = pd.get_dummies(pd.Series(labels)).to_numpy().astype(int)
    taken, y_taken = sampler.fit_resample(paths, one_hot)
    assert list(taken) == [paths[row] for row in expected[:, 0]]
    assert_array_equal(y_taken, one_hot[expected[:, 0]])


def test_a_strategy_that_no_class_fits_is_refused_for_paths_too():
    sampler = AugmentingOverSampler(None, sampling_strategy={"z": 5})
    with pytest.raises(ValueError, match="target class is/are not present"):
        sampler.fit_resample(["a.png", "b.png", "c.png"], [0, 1, 1])
    sampler = AugmentingOverSampler(None, sampling_strategy={0: 2}, random_state=0)
    taken, y_new = sampler.fit_resample(["a.png", "b.png", "c.png"], [0, 1, 1])
    assert (list(taken), y_new) == (["a.png", "b.png", "c.png", "a.png"], [0, 1, 1, 0])
    assert sampler.sampling_strategy_ == {0: 1}
