"""AugmentingOverSampler takes any augmenter, one for each class, and lets a grid tune and cache."""

from collections import Counter

import albumentations
import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer

from sklmerge import AugmentingOverSampler, ImageAugmenter

MERGE = {"pet": ["cat", "dog"]}


def make_images(counts, shape=(9, 14, 3), dtype="uint8"):
    y = np.repeat(list(counts), list(counts.values()))
    y = np.random.default_rng(0).permutation(y)
    return (np.random.default_rng(0).random((len(y), *shape)) * 255).astype(dtype), y


def flatten(images):
    return images.reshape(len(images), -1) / 255


def list_new(sampler, X, y):
    X_new, y_new = sampler.fit_resample(X, y)
    return X_new[len(X) :], np.asarray(y_new)[len(X) :], sampler.sample_indices_[len(X) :]


def test_each_class_has_its_own_augmenter_by_original_or_merged_label():
    X, y = make_images({"cat": 4, "dog": 6, "cow": 3, "bird": 20})
    mapping = {
        "cat": lambda image: image[:, ::-1],
        "pet": lambda image: image[::-1],
        "cow": None,
    }
    sampler = AugmentingOverSampler(mapping, merge=MERGE, random_state=0)
    new, labels, sources = list_new(sampler, X, y)
    assert Counter(labels.tolist()) == {"cat": 4, "dog": 6, "cow": 17}
    for image, label, source in zip(new, labels, sources, strict=True):
        original = X[source]
        expected = {"cat": original[:, ::-1], "dog": original[::-1], "cow": original}[label]
        assert_array_equal(image, expected)
    assert_array_equal(sampler.is_augmented_[len(X) :], labels != "cow")


def test_a_class_varies_alone_as_it_does_beside_others():
    X, y = make_images({"cat": 4, "dog": 6, "bird": 20})
    own = {"cat": ImageAugmenter(rotation_range=20), "dog": "trivial"}
    new, labels, _ = list_new(AugmentingOverSampler(own, random_state=3), X, y)
    for label, augmenter in own.items():
        alone, names, _ = list_new(AugmentingOverSampler(augmenter, random_state=3), X, y)
        assert_array_equal(new[labels == label], alone[names == label])


def test_labels_of_any_type_are_keys():
    X, y = make_images({0: 4, 1: 6, 2: 9})
    for labels in (y, pd.Series(y, dtype="Int64"), y == 0):
        keys = (
            {True: "light", False: "light"}
            if labels.dtype == bool
            else {0: "light", 1: None, 2: None}
        )
        _, y_new = AugmentingOverSampler(keys, random_state=0).fit_resample(X, labels)
        assert len(set(Counter(list(y_new)).values())) == 1


def test_a_class_that_grows_without_an_augmenter_is_named():
    X, y = make_images({"cat": 4, "dog": 6, "bird": 20})
    with pytest.raises(ValueError, match="augmenter has no entry for 'dog'; give every class"):
        AugmentingOverSampler({"cat": "light"}).fit_resample(X, y)
    rows = X.reshape(len(X), -1)
    with pytest.raises(ValueError, match=r"for example image_shape=\(9, 14, 3\)"):
        AugmentingOverSampler({"cat": "light", "dog": None}).fit_resample(rows, y)


def test_transforms_of_other_libraries_see_images_and_not_rows():
    X, y = make_images({"cat": 4, "bird": 20})
    flip = albumentations.HorizontalFlip(p=1)
    sampler = AugmentingOverSampler(flip, image_shape=(9, 14, 3), random_state=0)
    new, _, sources = list_new(sampler, X.reshape(len(X), -1), y)
    assert_array_equal(new.reshape(-1, 9, 14, 3), X[sources][:, :, ::-1])
    frame = pd.DataFrame(X.reshape(len(X), -1))
    framed, _ = sampler.fit_resample(frame, y)
    assert_array_equal(framed.to_numpy()[len(X) :], new)
    assert (framed.dtypes == np.uint8).all()


@pytest.mark.parametrize("shape", [(9, 14), (9, 14, 1), (9, 14, 3), (9, 14, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_trivial_augment_takes_every_image(shape, dtype):
    X, y = make_images({"cat": 4, "bird": 20}, shape, dtype)
    X = (X / 255).astype(dtype) if dtype.startswith("float") else X
    X_new, _ = AugmentingOverSampler("trivial", random_state=0).fit_resample(X, y)
    assert X_new.shape == (40, *shape)
    assert X_new.dtype == dtype


@pytest.mark.parametrize("labels", ["category", "string", "str", "object"])
def test_merging_and_balancing_members_keeps_pandas_labels(labels):
    X, y = make_images({"cat": 2, "dog": 6, "bird": 24}, (5, 8))
    y = pd.Series(y, dtype=labels, name="kind", index=np.arange(32) + 100)
    sampler = AugmentingOverSampler(merge=MERGE, within_merged="balanced", random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert y_new.dtype == y.dtype
    assert y_new.name == "kind"
    assert y_new.value_counts().to_dict() == {"bird": 24, "dog": 14, "cat": 10}
    assert not y_new.isna().any()
    assert_array_equal(y_new.to_numpy(), y.to_numpy()[sampler.sample_indices_])


def test_balanced_members_share_what_max_copies_leaves():
    X, y = make_images({"cat": 1, "dog": 6, "bird": 24}, (5, 8))
    sampler = AugmentingOverSampler(
        merge=MERGE, within_merged="balanced", max_copies=3, random_state=0
    )
    _, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == {"cat": 4, "dog": 6 + 14, "bird": 24}


def test_a_grid_search_tunes_augmenter_and_copies_and_caches_what_is_the_same(tmp_path):
    X, y = make_images({"cat": 9, "dog": 27}, (5, 8))
    model = make_pipeline(
        AugmentingOverSampler(ImageAugmenter(), random_state=0),
        FunctionTransformer(flatten),
        LogisticRegression(),
    )
    grid = {
        "augmentingoversampler__augmenter__rotation_range": [5, 20],
        "augmentingoversampler__max_copies": [1, None],
        "logisticregression__C": [0.1, 1],
    }
    plain = GridSearchCV(clone(model), grid, cv=3).fit(X, y)
    cached = GridSearchCV(clone(model).set_params(memory=str(tmp_path)), grid, cv=3).fit(X, y)
    assert_array_equal(plain.cv_results_["mean_test_score"], cached.cv_results_["mean_test_score"])
    assert np.isfinite(plain.cv_results_["mean_test_score"]).all()
    # One entry for each step, fold and choice of sampler; the final fit is the seventh.
    resampled = [path for path in tmp_path.rglob("output.pkl") if "resample" in str(path)]
    assert len(resampled) == 3 * 4 + 1


def test_flattened_data_frames_go_through_a_grid_search():
    X, y = make_images({"cat": 9, "dog": 27}, (5, 8))
    frame = pd.DataFrame(X.reshape(len(X), -1)).add_prefix("pixel")
    model = make_pipeline(
        AugmentingOverSampler("strong", image_shape=(5, 8), random_state=0), LogisticRegression()
    )
    grid = {"augmentingoversampler__augmenter": ["light", "trivial", None]}
    search = GridSearchCV(model, grid, cv=3).fit(frame, pd.Series(y, dtype="category"))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    sampler = search.best_estimator_[0]
    assert sampler.feature_names_in_.tolist() == frame.columns.tolist()
    assert len(sampler.sample_indices_) == 54
