"""Features and ImageReader take paths in every form, and say what is wrong with files."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklmerge import (
    AugmentingOverSampler,
    ColorHistogram,
    HOGFeatures,
    ImageIndex,
    ImageReader,
    LBPFeatures,
    config_context,
)
from sklmerge.datasets import load_textures, write_textures
from sklmerge.images import encode_image


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("textures")
    write_textures(folder)
    return ImageIndex(folder)


FORMS = {
    "index": lambda index: index,
    "paths": lambda index: index.paths,
    "list": lambda index: list(index.paths),
    "pathlib": lambda index: [Path(path) for path in index.paths],
    "array": lambda index: np.array(list(index.paths)),
    "column": lambda index: np.array(list(index.paths), dtype=object)[:, None],
    "pandas": lambda index: pd.Series(list(index.paths)),
    "pandas frame": lambda index: pd.DataFrame({"path": list(index.paths)}),
    "polars": lambda index: pl.Series(list(index.paths)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_paths_gives_the_images_of_the_files(index, form):
    some = index.take([0, 170, 239])
    expected = load_textures().images[[0, 170, 239]]
    read = ImageReader(color_mode="grayscale").transform(form(some))
    assert_array_equal(read, expected)
    rgb = np.repeat(expected[..., None], 3, axis=-1)
    for features in (HOGFeatures(), LBPFeatures(), ColorHistogram()):
        assert_array_equal(features.fit_transform(form(some)), features.fit_transform(rgb))


def test_workers_read_what_one_reads(index):
    expected = ColorHistogram().fit_transform(index)
    assert_array_equal(ColorHistogram(n_jobs=2).fit_transform(index), expected)
    assert_array_equal(ImageReader(n_jobs=2).transform(index), ImageReader().transform(index))


def test_size_mode_and_reader_are_the_users(index):
    some = index.take([3, 4])
    assert ImageReader(image_size=(7, 11), color_mode="rgba").transform(some).shape == (2, 7, 11, 4)
    constant = ImageReader(reader=lambda path: np.full((2, 3), len(path), np.uint8))
    assert_array_equal(constant.transform(["abc"]), np.full((1, 2, 3), 3))
    own = ImageIndex(index.root, reader=lambda path: np.full((9, 5), 128, np.uint8))
    assert_array_equal(ImageReader().transform(own), np.full((240, 9, 5), 128))
    assert ColorHistogram(n_bins=2).fit_transform(own)[0].tolist() == [0, 1]


def test_a_pipeline_from_paths_names_its_features(index):
    some = index.take([0, 170, 239])
    features = make_pipeline(ImageReader(), HOGFeatures()).fit(some)
    names = features.get_feature_names_out()
    assert_array_equal(names, features[-1].get_feature_names_out())
    assert_array_equal(features.get_feature_names_out(["path"]), names)
    expected = features.transform(some)
    with sklearn.config_context(transform_output="pandas"):
        frame = features.transform(some)
        assert isinstance(ImageReader().fit_transform(some), np.ndarray)
    assert list(frame.columns) == list(names)
    assert_array_equal(frame.to_numpy(), expected)
    assert list(ImageReader().get_feature_names_out(["path"])) == ["path"]


@pytest.fixture
def mixed(tmp_path):
    folder = tmp_path
    (folder / "bad.png").write_bytes(b"no image")
    for name, shape in (("a.png", (8, 12)), ("b.png", (12, 8))):
        (folder / name).write_bytes(encode_image(np.zeros(shape, np.uint8), "png"))
    return folder


@pytest.mark.parametrize("step", [ImageReader(), ColorHistogram()], ids=["reader", "features"])
def test_sizes_that_differ_and_broken_files_are_named(mixed, step):
    with pytest.raises(ValueError, match=r"must all have one shape.*b\.png.*image_size"):
        step.fit([mixed / "a.png"]).transform([mixed / "a.png", mixed / "b.png"])
    with pytest.raises(ValueError, match=r"bad\.png' \(.+\)|bad\.png' could not be read \(.+\)"):
        step.fit([mixed / "a.png"]).transform([mixed / "a.png", mixed / "bad.png"])
    sized = ImageReader(image_size=(4, 6)).transform([mixed / "a.png", mixed / "b.png"])
    assert sized.shape == (2, 4, 6, 3)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a.png", "must be a list of paths, got one path"),
        (["a.png", None], "must hold paths only, got None at position 1"),
    ],
)
def test_what_is_no_list_of_paths_is_refused(X, message):
    for step in (ImageReader(), ColorHistogram()):
        with pytest.raises(TypeError, match=message):
            step.fit(X).transform(X)


@pytest.mark.parametrize(
    "X",
    [
        [],
        np.zeros((2, 8, 9), np.uint8),
        np.zeros((2, 2), object),
        [np.zeros((8, 9)), np.zeros((7, 9))],
    ],
)
def test_the_reader_wants_paths(X):
    with pytest.raises(TypeError, match="X must list at least one path"):
        ImageReader().transform(X)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"image_size": (0, 3)}, ValueError),
        ({"image_size": (True, 3)}, ValueError),
        ({"color_mode": "bgr"}, ValueError),
        ({"reader": 5}, TypeError),
        ({"storage_options": 5}, TypeError),
    ],
)
def test_the_readers_parameters_are_checked(params, error):
    with pytest.raises(error, match=f"^{next(iter(params))} must be"):
        ImageReader(**params).fit()


def test_a_grid_search_over_paths_augments_the_folds_it_trains_on(index):
    model = make_pipeline(
        ImageReader(color_mode="grayscale"),
        AugmentingOverSampler(random_state=0),
        HOGFeatures(pixels_per_cell=(16, 16)),
        LogisticRegression(max_iter=500),
    )
    search = GridSearchCV(model, {"augmentingoversampler__max_copies": [0, 2]}, cv=2)
    from_paths = search.fit(index.paths, index.labels).cv_results_["mean_test_score"]
    from_arrays = search.set_params(estimator=model[1:]).fit(*load_textures(return_X_y=True))
    assert_array_equal(from_arrays.cv_results_["mean_test_score"], from_paths)


def test_a_sampler_of_rows_may_come_before_the_reader(index):
    column = np.array(list(index.paths), dtype=object)[:, None]
    model = make_pipeline(RandomOverSampler(random_state=0), ImageReader(), ColorHistogram())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(column, index.labels).transform(column[:2]).shape == (2, 48)


@pytest.mark.parametrize("column", ["files", "reader", "paths"])
def test_a_table_may_call_its_column_as_an_index_calls_its_own(index, column):
    table = pd.DataFrame({column: list(index.paths)[:3]})
    expected = ImageReader().transform(index.take([0, 1, 2]))
    assert_array_equal(ImageReader().transform(table), expected)
    features = ColorHistogram().fit_transform(table)
    assert_array_equal(features, ColorHistogram().fit_transform(expected))


def test_the_limit_of_pixels_is_named_and_can_be_raised(index):
    few = index.paths[:2]
    with config_context(max_pixels=1535), pytest.raises(ValueError, match="max_pixels"):
        ImageReader().transform(few)
    with config_context(max_pixels=1536):
        assert ImageReader().transform(few).shape == (2, 32, 48, 3)
