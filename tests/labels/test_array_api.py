"""Tensors come in at every door, and go out in kind if scikit-learn's array API dispatch is on."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklmerge import (
    AugmentingOverSampler,
    BalancingSampler,
    ClassWeightedClassifier,
    ClassWeightEstimator,
    LabelMerger,
    MergedClassifier,
    PriorAdjustedClassifier,
    adjust_prior,
    logit_offsets,
    merged_scorer,
)

Y = np.array([1, 2, 2, 3])
P = np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])


class Torch:
    def __init__(self):
        self.xp = pytest.importorskip("torch")
        self.kind = self.xp.Tensor

    def make(self, values, dtype=None):
        tensor = self.xp.tensor(values, dtype=None if dtype is None else getattr(self.xp, dtype))
        return tensor.requires_grad_() if tensor.is_floating_point() else tensor


class Jax:
    def __init__(self):
        self.xp = pytest.importorskip("jax.numpy")
        self.kind = type(self.xp.zeros(1))

    def make(self, values, dtype=None):
        return self.xp.asarray(values, dtype=None if dtype is None else getattr(self.xp, dtype))


class TensorFlow:
    def __init__(self):
        self.xp = pytest.importorskip("tensorflow")
        self.kind = type(self.xp.constant(0))

    def make(self, values, dtype=None):
        tensor = self.xp.constant(values)
        return tensor if dtype is None else self.xp.cast(tensor, dtype)


@pytest.fixture(params=[Torch, Jax, TensorFlow])
def library(request, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    return request.param()


def as_numpy(values):
    values = values.detach() if hasattr(values, "detach") else values
    return np.asarray(values)


def list_doors(library):
    """Every function that answers in numbers, on tensors, beside the same on NumPy's arrays."""
    merger, columns = LabelMerger({1: [1, 2]}).fit(Y), np.eye(3, dtype=int)
    weights = ClassWeightEstimator().fit(Y)
    one_hot = ClassWeightEstimator(target="one-hot").fit(np.eye(2)[[0, 1, 1]])
    return {
        "transform": (merger.transform, Y),
        "inverse_transform": (
            lambda y: merger.inverse_transform(y, ambiguous="most_frequent"),
            np.array([1, 3]),
        ),
        "encode": (merger.encode, Y),
        "one-hot": (lambda y: merger.encode(y, "categorical"), Y),
        "decode": (merger.decode, np.array([0, 1])),
        "transform_proba": (merger.transform_proba, P),
        "inverse_transform_proba": (merger.inverse_transform_proba, P[:, [1, 1]] + 0.25),
        "indicator": (LabelMerger({0: [0, 1]}).fit(columns).transform, columns),
        "adjust_prior": (lambda table: adjust_prior(table, [1, 2, 3]), P),
        "sigmoid": (lambda table: adjust_prior(table, [1, 2]), P[:, 0]),
        "logit_offsets": (logit_offsets, np.array([1.0, 2.0, 3.0])),
        "weights": (weights.transform, Y),
        "label maps": (weights.transform, Y.reshape(2, 1, 2)),
        "weights of one-hot": (one_hot.transform, np.eye(2)[[1, 0]]),
    }  # fmt: skip


DOORS = [
    *("transform", "inverse_transform", "encode", "one-hot", "decode", "transform_proba"),
    *("inverse_transform_proba", "indicator", "adjust_prior", "sigmoid", "logit_offsets"),
    *("weights", "label maps", "weights of one-hot"),
]


@pytest.mark.parametrize("door", DOORS)
def test_numbers_go_out_in_kind_where_dispatch_is_on(library, door):
    call, given = list_doors(library)[door]
    expected = call(given)
    tensor = library.make(given)
    off = call(tensor)
    assert type(off) is np.ndarray
    assert_allclose(off, expected, rtol=1e-6)
    with sklearn.config_context(array_api_dispatch=True):
        on = call(tensor)
        assert type(call(given)) is np.ndarray
    assert isinstance(on, library.kind)
    assert_allclose(as_numpy(on), expected, rtol=1e-6)


@pytest.mark.parametrize("door", ["transform_proba", "adjust_prior"])
def test_bfloat16_comes_in_as_float32_and_goes_out_as_itself(library, door):
    call, given = list_doors(library)[door]
    tensor = library.make(given, "bfloat16")
    off = call(tensor)
    assert off.dtype.kind == "f"
    with sklearn.config_context(array_api_dispatch=True):
        on = call(tensor)
    assert on.dtype == tensor.dtype
    on = on.float() if hasattr(on, "float") else np.asarray(on).astype(np.float32)
    assert_allclose(as_numpy(on), off, rtol=1e-2)


def test_no_label_is_rounded_by_the_dtype_of_the_tensor(library):
    # bfloat16 holds 256 and 258, and nothing between them.
    y = library.make(Y, "bfloat16")
    with sklearn.config_context(array_api_dispatch=True):
        merged = LabelMerger({257: [1, 2]}).fit_transform(y)
        kept = LabelMerger({1: [1, 2]}).fit_transform(y)
    assert as_numpy(merged).tolist() == [257, 257, 257, 3]
    assert kept.dtype == y.dtype


def test_a_merged_label_that_the_library_cannot_hold_is_refused_or_held(library):
    y = library.make(Y)
    with sklearn.config_context(array_api_dispatch=True):
        if isinstance(library, Jax):
            with pytest.raises(ValueError, match=r"^labels must fit int32 to go out as ArrayImpl"):
                LabelMerger({2**40: [1, 2]}).fit_transform(y)
        else:
            merged = LabelMerger({2**40: [1, 2]}).fit_transform(y)
            assert as_numpy(merged).tolist() == [2**40] * 3 + [3]


def test_originals_come_back_in_kind(library):
    y = library.make(Y)
    merger = LabelMerger({1: [1, 2]}).fit(y)
    with sklearn.config_context(array_api_dispatch=True):
        back = merger.inverse_transform(merger.transform(y), original=y)
    assert isinstance(back, library.kind)
    assert as_numpy(back).tolist() == Y.tolist()


@pytest.mark.parametrize("sampler", [AugmentingOverSampler(None), BalancingSampler(augmenter=None)])
def test_samplers_take_tensors_and_keep_those_of_y(library, sampler):
    X = np.arange(16.0, dtype=np.float32).reshape(4, 4)
    taken, y = sampler.fit_resample(library.make(X), library.make(Y))
    assert isinstance(y, library.kind)
    assert as_numpy(y).tolist() == Y[sampler.sample_indices_].tolist()
    assert_allclose(taken, X[sampler.sample_indices_])


X = np.random.default_rng(0).normal(size=(60, 3)) + np.repeat([0, 2, 4], 20)[:, None]
ORIGINAL = np.repeat([0, 1, 5], 20)
MERGE = {0: [0, 1], 5: [5]}
CLASSIFIERS = {
    "merged": MergedClassifier(LinearDiscriminantAnalysis(), MERGE),
    "encoded": MergedClassifier(LinearDiscriminantAnalysis(), MERGE, encode_labels=True),
    "prior": MergedClassifier(GaussianNB(), MERGE, refiner="prior", output="original"),
    "refined": MergedClassifier(
        LogisticRegression(), MERGE, refiner=LinearDiscriminantAnalysis(), output="original"
    ),
    "numbered refiner": MergedClassifier(
        GaussianNB(), MERGE, refiner=GaussianNB(), output="original", encode_labels=True
    ),
    "weighted": ClassWeightedClassifier(GaussianNB()),
    "adjusted": PriorAdjustedClassifier(GaussianNB(), target_prior=[0.5, 0.25, 0.25]),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_answer_tensors_in_tensors(name, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    torch = pytest.importorskip("torch")
    model = CLASSIFIERS[name].fit(X, ORIGINAL)
    labels, proba, score = model.predict(X), model.predict_proba(X), model.score(X, ORIGINAL)
    tensors = torch.tensor(X), torch.tensor(ORIGINAL)
    with sklearn.config_context(array_api_dispatch=True):
        on = sklearn.clone(CLASSIFIERS[name]).fit(*tensors)
        answers = on.predict(tensors[0]), on.predict_proba(tensors[0])
        logarithms = on.predict_log_proba(tensors[0])
        assert on.score(*tensors) == pytest.approx(score)
        if name != "weighted":
            assert on.score(*tensors, sample_weight=torch.ones(60)) == pytest.approx(score)
    assert all(isinstance(answer, torch.Tensor) for answer in (*answers, logarithms))
    assert answers[0].tolist() == labels.tolist()
    assert_allclose(answers[1], proba, rtol=1e-6, atol=1e-12)
    assert_allclose(logarithms, np.log(proba), rtol=1e-6, atol=1e-9)


def test_text_beside_tensors_stays_text(monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    torch = pytest.importorskip("torch")
    y, tensor = np.repeat(["a", "b", "c"], 20), torch.tensor(X)
    # Numbers in place of text let estimators of tensors in that take no text at all.
    model = MergedClassifier(LinearDiscriminantAnalysis(), [["a", "b"]], encode_labels=True)
    with sklearn.config_context(array_api_dispatch=True):
        predicted = model.fit(tensor, y).predict(tensor)
        assert merged_scorer("accuracy", [["a", "b"]])(model, tensor, y) == model.score(tensor, y)
    assert type(predicted) is np.ndarray
    assert set(predicted.tolist()) == {"a+b", "c"}
