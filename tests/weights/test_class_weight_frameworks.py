"""Every framework trains with our weights as on rows repeated as often."""

import numpy as np
import pytest
import torch
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from sklmerge import ClassWeightEstimator

RNG = np.random.default_rng(0)
COUNTS, REPEATS = [60, 20, 10], [1, 3, 6]
Y = np.repeat([0, 1, 2], COUNTS)
X = (RNG.normal(size=(90, 3)) + 0.7 * Y[:, None]).round(1)
X_TWICE, Y_TWICE = (
    np.repeat(X, np.repeat(REPEATS, COUNTS), axis=0),
    np.repeat(Y, np.repeat(REPEATS, COUNTS)),
)
# With the smallest weight 1, the weights are the repeats: even what penalises a leaf is equal.
WEIGHTS = ClassWeightEstimator(normalize="min").fit(Y)

LIGHTGBM = LGBMClassifier(
    n_estimators=5, min_child_samples=0, min_data_in_bin=1, n_jobs=1, verbose=-1, random_state=0
)
XGBOOST = XGBClassifier(n_estimators=5, max_depth=3, tree_method="exact", n_jobs=1)
CATBOOST = CatBoostClassifier(
    iterations=5,
    depth=3,
    learning_rate=0.3,
    l2_leaf_reg=0,
    bootstrap_type="No",
    random_strength=0,
    thread_count=1,
    allow_writing_files=False,
    verbose=False,
)
MODELS = {
    "lightgbm": LIGHTGBM,
    "xgboost": XGBOOST,
    "catboost": CATBOOST,
    "sklearn": LogisticRegression(tol=1e-10, max_iter=1000),
}


@pytest.fixture(params=MODELS.keys())
def framework(request):
    return request.param


def test_weighed_rows_train_like_repeated_rows(framework):
    model = MODELS[framework]
    plain = model.fit(X, Y).predict_proba(X)
    repeated = model.fit(X_TWICE, Y_TWICE).predict_proba(X)
    weighed = model.fit(X, Y, **WEIGHTS.fit_params(framework, Y)).predict_proba(X)
    assert_allclose(weighed, repeated, atol=1e-5)
    assert np.abs(plain - repeated).max() > 0.05


@pytest.mark.parametrize(
    "model",
    [
        LIGHTGBM.__class__(**LIGHTGBM.get_params() | {"class_weight": WEIGHTS.class_weight_}),
        CatBoostClassifier(**CATBOOST.get_params() | {"class_weights": WEIGHTS.class_weight_}),
        LogisticRegression(tol=1e-10, max_iter=1000, class_weight=WEIGHTS.class_weight_),
    ],
    ids=["lightgbm", "catboost", "sklearn"],
)
def test_the_dict_of_class_weights_is_taken_as_it_is(model):
    name = {"LGBMClassifier": "lightgbm", "CatBoostClassifier": "catboost"}
    framework = name.get(type(model).__name__, "sklearn")
    by_class = model.fit(X, Y).predict_proba(X)
    by_sample = MODELS[framework].fit(X, Y, **WEIGHTS.fit_params(framework, Y)).predict_proba(X)
    assert_allclose(by_class, by_sample, atol=1e-6)


def test_named_classes_are_taken_by_the_dict_and_by_sample():
    names = np.array(["common", "some", "rare"])[Y]
    weights = ClassWeightEstimator(normalize="min").fit(names)
    by_class = LogisticRegression(class_weight=weights.class_weight_).fit(X, names)
    by_sample = LogisticRegression().fit(X, names, **weights.fit_params("sklearn", names))
    assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), atol=1e-6)


def test_cross_entropy_of_torch_with_weights_is_that_of_repeated_rows():
    logits = torch.tensor(X, requires_grad=True)
    repeats = torch.tensor(REPEATS)[torch.tensor(Y)]
    loss = torch.nn.CrossEntropyLoss(weight=WEIGHTS.to_torch(dtype=torch.float64))
    weighed = loss(logits, torch.tensor(Y))
    repeated = torch.nn.CrossEntropyLoss()(
        logits.repeat_interleave(repeats, dim=0), torch.tensor(Y_TWICE)
    )
    assert weighed.item() == pytest.approx(repeated.item(), rel=1e-12)
    gradients = [torch.autograd.grad(value, logits)[0] for value in (weighed, repeated)]
    assert_allclose(*gradients, atol=1e-12)


def test_binary_cross_entropy_of_torch_with_pos_weight_is_that_of_repeated_positives():
    # 2 of 8, 4 of 8 and 1 of 8 are positive: 3, 1 and 7 negatives for each.
    y = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0], *[[0, 0, 0]] * 4])
    logits, targets = torch.tensor(RNG.normal(size=y.shape)), torch.tensor(y, dtype=torch.float64)
    weights = ClassWeightEstimator(target="multilabel").fit(y)
    params = weights.fit_params("torch")
    assert params["pos_weight"].tolist() == pytest.approx([3, 1, 7])
    weighed = torch.nn.BCEWithLogitsLoss(**params, reduction="sum")(logits, targets)
    each = torch.nn.BCEWithLogitsLoss(reduction="none")(logits, targets).numpy()
    assert weighed.item() == pytest.approx((each * np.where(y == 1, [3, 1, 7], 1)).sum(), rel=1e-6)
    # As weights of the elements: the same up to the scale of each column.
    by_element = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets, weight=torch.tensor(weights.transform(y)), reduction="none"
    )
    ratio = by_element.numpy() / (each * np.where(y == 1, [3, 1, 7], 1))
    assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape))


def test_torch_gets_its_default_type_unless_told_and_pixels_weigh_there():
    assert WEIGHTS.to_torch().dtype == torch.get_default_dtype()
    assert WEIGHTS.fit_params("torch")["weight"].tolist() == REPEATS
    assert WEIGHTS.to_torch(torch.float16, device="cpu").dtype == torch.float16
    masks = torch.tensor(RNG.choice(3, size=(2, 5, 7), p=[0.8, 0.1, 0.1]))
    weights = ClassWeightEstimator("log").fit(masks)
    logits = torch.tensor(RNG.normal(size=(2, 3, 5, 7)))
    loss = torch.nn.CrossEntropyLoss(weight=weights.to_torch(torch.float64), reduction="none")
    plain = torch.nn.CrossEntropyLoss(reduction="none")(logits, masks).numpy()
    assert_allclose(loss(logits, masks).numpy(), plain * weights.transform(masks), rtol=1e-12)


def test_xgboost_takes_pos_weight_as_scale_pos_weight():
    y = (Y > 0).astype(int)
    weights = ClassWeightEstimator(normalize="min").fit(y)
    scale = float(weights.pos_weight()[0])
    model = XGBClassifier(
        n_estimators=5, max_depth=3, tree_method="exact", base_score=0.5, n_jobs=1
    )
    by_sample = model.fit(X, y, **weights.fit_params("xgboost", y)).predict_proba(X)
    by_scale = model.set_params(scale_pos_weight=scale).fit(X, y).predict_proba(X)
    assert_allclose(by_scale, by_sample, atol=1e-5)
