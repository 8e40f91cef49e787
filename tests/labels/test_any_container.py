"""One reading of labels for every door: whatever holds them comes in, and goes out as it came."""

import enum

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB

from sklmerge import (
    ClassWeightEstimator,
    EpochSchedule,
    LabelMerger,
    MergedClassifier,
    classification_report_levels,
    merged_scorer,
    suggest_merges,
)

TEXT = ["a", "b", "c", "b"]
MERGE = {"ab": ["a", "b"]}


class Animal(enum.StrEnum):
    FIRST = "a"
    SECOND = "b"
    THIRD = "c"


class Old(str, enum.Enum):  # noqa: UP042 - hashes by its name and not by its text
    FIRST = "a"
    SECOND = "b"
    THIRD = "c"


MEMBERS = {"a": "FIRST", "b": "SECOND", "c": "THIRD"}
CONTAINERS = {
    "list": list(TEXT),
    "tuple": tuple(TEXT),
    "array": np.array(TEXT),
    "objects": np.array(TEXT, dtype=object),
    "strings of any length": np.array(TEXT, dtype=np.dtypes.StringDType()),
    "np.str_": [np.str_(label) for label in TEXT],
    "StrEnum": [Animal[MEMBERS[label]] for label in TEXT],
    "str and Enum": [Old[MEMBERS[label]] for label in TEXT],
    "objects of Enum": np.array([Old[MEMBERS[label]] for label in TEXT] + [None], dtype=object)[
        :-1
    ],
    "column": np.array(TEXT)[:, None],
    "rows of one": [[label] for label in TEXT],
    "Series": pd.Series(TEXT),
    "string": pd.Series(TEXT, dtype="string"),
    "pyarrow": pd.Series(TEXT, dtype="string[pyarrow]"),
    "category": pd.Series(TEXT, dtype="category"),
    "Categorical": pd.Categorical(TEXT),
    "Index": pd.Index(TEXT),
    "frame": pd.DataFrame({"y": TEXT}),
    "polars": pl.Series("y", TEXT),
    "polars category": pl.Series("y", TEXT, dtype=pl.Categorical),
    "polars Enum": pl.Series("y", TEXT, dtype=pl.Enum(["a", "b", "c", "unused"])),
    "polars frame": pl.DataFrame({"y": TEXT}),
}


@pytest.mark.parametrize("y", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_is_read_alike(y):
    merger = LabelMerger(MERGE).fit(y)
    assert merger.class_counts_ == {"a": 1, "b": 2, "c": 1}
    assert merger.members_ == {"ab": ["a", "b"], "c": ["c"]}


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_goes_out_is_what_came_in(name):
    y = CONTAINERS[name]
    merged = LabelMerger(MERGE).fit_transform(y)
    assert np.ravel(merged).tolist() == ["ab", "ab", "c", "ab"]
    if isinstance(y, pd.Series | pd.DataFrame | pl.Series | pl.DataFrame):
        assert type(merged) is type(y)
    if isinstance(y, pl.Series | pd.Series) and "ategor" not in name and name != "polars Enum":
        assert merged.dtype == y.dtype
    if isinstance(y, np.ndarray):
        assert merged.shape == y.shape
        assert merged.dtype.kind == y.dtype.kind
    assert str(getattr(merged, "dtype", ""))[:8] == str(getattr(y, "dtype", ""))[:8] or name in (
        *("list", "tuple", "array", "np.str_", "StrEnum", "str and Enum", "column", "rows of one"),
        *("Categorical", "Index"),
    )


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "int64[pyarrow]", "category"])
def test_nullable_numbers_keep_their_dtype(dtype):
    y = pd.Series([0, 1, 1], dtype="int64").astype(dtype)
    merged = LabelMerger({y.iloc[0]: [y.iloc[0]]}).fit_transform(y)
    assert merged.dtype == y.dtype
    assert merged.tolist() == y.tolist()


def test_categories_in_use_count_and_others_do_not():
    y = pd.Series(["b", "a", "b"], dtype=pd.CategoricalDtype(["z", "b", "a"]), index=[7, 8, 9])
    merger = LabelMerger({"ab": ["a", "b"]}).fit(y)
    assert merger.class_counts_ == {"a": 1, "b": 2}
    merged = merger.transform(y)
    assert (merged.tolist(), merged.index.tolist()) == (["ab"] * 3, [7, 8, 9])
    assert merged.cat.categories.tolist() == ["ab"]
    with pytest.raises(ValueError, match=r"unknown to this LabelMerger: 'z'"):
        merger.transform(pd.Series(["z", "b"], dtype=y.dtype))
    kept = LabelMerger(MERGE, unknown="keep").fit(y).transform(pd.Series(["z", "b"], dtype=y.dtype))
    assert kept.tolist() == ["z", "ab"]


@pytest.mark.parametrize(
    "y",
    [
        ["a", None],
        ["a", float("nan")],
        np.array(["a", pd.NA], dtype=object),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype="category"),
        pl.Series(["a", None]),
        pl.Series(["a", None], dtype=pl.Categorical),
        pl.DataFrame({"y": ["a", None]}),
        np.array(["a", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan)),
        np.ma.masked_array([1, 2], mask=[False, True]),
        pd.Series([1, None], dtype="Int64"),
    ],
    ids=repr,
)
def test_missing_labels_are_named_by_position_everywhere(y):
    with pytest.raises(ValueError, match=r"has missing labels \(NaN, None\) at positions 1"):
        LabelMerger().fit(y)
    with pytest.raises(ValueError, match=r"has missing labels \(NaN, None\) at positions 1"):
        suggest_merges(y, ["a", "a"])


@pytest.mark.parametrize("y", [{"a", "b"}, {"a": 1}, frozenset("ab"), {"a": 1}.keys()])
def test_what_has_no_order_or_no_rows_is_refused(y):
    with pytest.raises((TypeError, ValueError), match=r"^y must"):
        LabelMerger().fit(y)


@pytest.mark.parametrize("rows", [[("cat", 1), ("dog", 1)], ["cat", 1], [True, 2], [1, "1"]])
def test_mixed_types_are_refused(rows):
    with pytest.raises((TypeError, ValueError), match=r"^y (must|of)"):
        LabelMerger().fit(rows)


WHOLE = np.array([1, 2, 2, 3])


@pytest.mark.parametrize("fitted", [int, float, np.uint8, object, "Int64"])
@pytest.mark.parametrize("given", [int, float, np.int8, object, "Float64"])
def test_one_and_one_point_zero_are_one_label(fitted, given):
    fitted, given = (
        pd.Series(WHOLE).astype(kind) if isinstance(kind, str) else WHOLE.astype(kind)
        for kind in (fitted, given)
    )
    merger = LabelMerger({1: [1, 2]}).fit(fitted)
    assert merger.encode(given).tolist() == [0, 0, 0, 1]
    assert list(merger.transform(given)) == [1, 1, 1, 3]
    assert suggest_merges(fitted, given).accuracy == 1
    report = classification_report_levels(
        fitted, given, {1: [1, 2]}, level="original", output_dict=True
    )
    assert report["original"]["accuracy"] == 1


class Told(GaussianNB):
    """Predicts what scikit-learn's own classifiers do for nullable labels: floats."""

    def predict(self, X):
        return super().predict(X).astype(float)


@pytest.mark.parametrize("dtype", ["Int64", "int64", "Float64", "boolean", "category"])
def test_a_scorer_takes_the_labels_of_any_dtype(dtype):
    X = np.array([0.0, 0.1, 1, 1.1, 0.2, 1.2])[:, None]
    y = pd.Series([0, 0, 1, 1, 0, 1]).astype(dtype)
    model = Told().fit(X, y.to_numpy().astype(int))
    assert merged_scorer("balanced_accuracy", None)(model, X, y) == 1


class Photos:
    """A data set that counts the images it decodes."""

    def __init__(self):
        self.targets, self.n_decoded = ["a", "b", "c"] * 5, 0

    def __len__(self):
        return 15

    def __getitem__(self, row):
        self.n_decoded += 1
        return np.zeros((8, 9, 3)), self.targets[row]


def test_a_data_set_is_read_by_its_labels_alone():
    photos = Photos()
    assert LabelMerger(MERGE).fit(photos).n_classes_ == 2
    X = np.arange(15.0)[:, None]
    assert MergedClassifier(GaussianNB(), MERGE).fit(X, photos).classes_.tolist() == ["ab", "c"]
    assert photos.n_decoded == 0


def test_tensors_of_torch_come_in_and_go_out(monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    torch = pytest.importorskip("torch")
    merger = LabelMerger({1: [1, 2]}).fit(torch.tensor(WHOLE))
    P = torch.tensor([[0.25, 0.25, 0.5]], dtype=torch.bfloat16, requires_grad=True)
    assert isinstance(merger.transform_proba(P), np.ndarray)
    assert_allclose(merger.transform_proba(P), [[0.5, 0.5]])
    with sklearn.config_context(array_api_dispatch=True):
        merged = merger.transform(torch.tensor(WHOLE))
        assert isinstance(merged, torch.Tensor)
        assert merged.tolist() == [1, 1, 1, 3]
        sums = merger.transform_proba(P)
        assert (type(sums), sums.dtype, sums.tolist()) == (
            torch.Tensor,
            torch.bfloat16,
            [[0.5, 0.5]],
        )
        assert merger.decode(torch.tensor([0, 1])).tolist() == [1, 3]
        assert isinstance(merger.encode(torch.tensor(WHOLE)), torch.Tensor)
    assert LabelMerger().fit([torch.tensor(1), torch.tensor(2)]).n_classes_ == 2
    assert suggest_merges(torch.tensor(WHOLE), torch.tensor(WHOLE)).accuracy == 1


def test_arrays_of_jax_come_in_and_go_out(monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    jnp = pytest.importorskip("jax.numpy")
    merger = LabelMerger({1: [1, 2]}).fit(jnp.asarray(WHOLE))
    P = jnp.asarray([[0.25, 0.25, 0.5]], dtype=jnp.bfloat16)
    assert_allclose(merger.transform_proba(P), [[0.5, 0.5]])
    with sklearn.config_context(array_api_dispatch=True):
        merged = merger.transform(jnp.asarray(WHOLE))
        assert_array_equal(merged, [1, 1, 1, 3])
        assert type(merged) is type(P)
        assert merger.transform_proba(P).dtype == P.dtype


@pytest.mark.parametrize("k", [1, 3, 1000])
@pytest.mark.parametrize("width", [1, 5, 40])
def test_strings_are_found_whatever_their_width_and_number(k, width):
    rng = np.random.default_rng(0)
    letters = rng.choice(list("abß字z"), (k, width))
    names = np.unique(["".join(row) for row in letters])
    y = names[rng.integers(0, len(names), 3000)]
    merger = LabelMerger(unknown="keep").fit(y)
    assert merger.class_counts_ == pd.Series(y).value_counts().to_dict()
    strangers = np.array([*y[:5], "", "a" * (width + 3), names[0] + "a"])
    assert merger.transform(strangers).tolist() == strangers.tolist()


class Scalar:
    """A tensor of one number, as a loop over a data set collects, that counts its arrays."""

    n_arrays = 0
    ndim = 0

    def __init__(self, value):
        self.value = value

    def __len__(self):
        raise TypeError("len() of a 0-d tensor")

    def __array__(self, dtype=None, copy=None):
        Scalar.n_arrays += 1
        return np.array(self.value)

    def item(self):
        return self.value


@pytest.mark.parametrize("make", [Scalar, torch.tensor, np.array], ids=lambda make: make.__name__)
def test_tensors_of_one_number_each_are_read_as_numbers(make):
    y = [make(label) for label in WHOLE]
    Scalar.n_arrays = 0
    weights = ClassWeightEstimator().fit(y)
    assert weights.class_counts_ == ClassWeightEstimator().fit(WHOLE).class_counts_
    assert_array_equal(weights.transform(y), weights.transform(WHOLE))
    merger = LabelMerger({9: [1, 2]}).fit(y)
    assert_array_equal(merger.transform(y), merger.transform(WHOLE))
    assert EpochSchedule().fit(y).class_counts_ == EpochSchedule().fit(WHOLE).class_counts_
    # Each array takes as long as twenty numbers.
    assert Scalar.n_arrays == 0
    with pytest.raises((TypeError, ValueError), match="one type"):
        ClassWeightEstimator().fit([*y, "a"])
