"""An ImageIndex is an X for scikit-learn: cut, folded, searched, calibrated and sent."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils import resample, shuffle

from sklmerge import ColorHistogram, ImageIndex, ImageReader
from sklmerge.datasets import write_textures


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    write_textures(folder)
    return ImageIndex(folder)


@pytest.fixture
def model():
    reader = ImageReader(image_size=(12, 16))
    return make_pipeline(reader, ColorHistogram(n_bins=4), LogisticRegression())


def test_rows_are_taken_as_of_an_array(index):
    paths = np.array(list(index.paths))
    assert (index.shape, len(index)) == ((240,), 240)
    assert (index[3], index[-1], index[np.int64(7)]) == (paths[3], paths[-1], paths[7])
    assert list(index) == paths.tolist()
    np.testing.assert_array_equal(np.asarray(index), paths)
    mask = index.labels == "grass"
    for rows in (slice(5, 50, 7), slice(None, None, -1), np.array([4, 4, -1]), mask, [9, 2]):
        part = index[rows]
        assert isinstance(part, ImageIndex)
        assert list(part.paths) == paths[rows].tolist()
        assert part.labels.tolist() == index.labels[rows].tolist()
        assert part.class_indices == index.class_indices
    assert len(index[:0]) == 0
    with pytest.raises(IndexError):
        index[240]
    with pytest.raises(TypeError, match="indices must be positions or a mask"):
        index["grass"]


def test_train_test_split_and_friends_give_indexes(index):
    train, test, y, z = train_test_split(index, index.labels, stratify=index.labels, random_state=0)
    assert (train.labels == y).all()
    assert (test.labels == z).all()
    assert sorted([*train.paths, *test.paths]) == sorted(index.paths)
    assert isinstance(shuffle(index, random_state=0), ImageIndex)
    assert isinstance(resample(index, n_samples=9, random_state=0), ImageIndex)


def test_folds_searches_and_calibration_score_as_a_list_of_paths_does(index, model):
    y, paths = index.labels, list(index.paths)
    expected = cross_val_score(model, paths, y, cv=3)
    np.testing.assert_allclose(cross_val_score(model, index, y, cv=3), expected)
    np.testing.assert_allclose(cross_val_score(model, index, y, cv=3, n_jobs=2), expected)
    search = GridSearchCV(model, {"logisticregression__C": [1.0]}, cv=3).fit(index, y)
    assert search.best_score_ == pytest.approx(expected.mean())
    calibrated = CalibratedClassifierCV(model, cv=2)
    np.testing.assert_allclose(
        calibrated.fit(index, y).predict_proba(index[:9]),
        calibrated.fit(paths, y).predict_proba(paths[:9]),
    )
    assert (cross_val_predict(model, index, y) == cross_val_predict(model, paths, y)).all()
    learning_curve(model, index, y, cv=2, train_sizes=[0.5], shuffle=True, error_score="raise")
    VotingClassifier([("a", model)]).fit(index, y).predict(index)


def test_a_reader_of_the_index_serves_its_folds(index, model):
    frame = index.to_frame()

    def read(path):
        return np.full((12, 16, 3), 200 if "grass" in path else 20, np.uint8)

    own = ImageIndex(frame, root=index.root, reader=read)
    is_grass = own.labels == "grass"
    assert cross_val_score(model, own, is_grass, cv=3).min() == 1


def test_an_index_is_sent_small_and_without_what_can_be_made_again(index):
    names = [f"{n:07d}/{'x' * 40}.jpg" for n in range(50_000)]
    frame = pd.DataFrame({"file_name": names, "label": np.arange(50_000) % 3})
    large = ImageIndex(frame, root="memory://none")
    large.labels, large.codes, large.original_labels  # noqa: B018
    size = len(pickle.dumps(large))
    assert size < 50_000 * (52 + 12 + 2) * 1.05
    again = pickle.loads(pickle.dumps(large[10:20]))
    assert list(again.paths) == list(large.paths[10:20])
    assert again.labels.tolist() == large.labels[10:20].tolist()
