"""What goes into a sampler comes out of it: containers, types of labels, lists of images."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge import AugmentingOverSampler, BalancingSampler

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
