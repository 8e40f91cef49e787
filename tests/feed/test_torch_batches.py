"""A real DataLoader, its workers and real distributed ranks are fed each epoch once."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.utils.data import DataLoader, TensorDataset

from sklmerge import EpochSchedule, ImageBatches, ImageScaler
from sklmerge.feed.torch import EpochBatchSampler, TorchBatches

# More workers than cores are slow, and here that is no matter.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")
BALANCED = EpochSchedule("minority", random_state=0)


def make_batches(textures, **settings):
    images, target = textures
    settings = {"schedule": BALANCED, "augmenter": "light", "batch_size": 12} | settings
    return ImageBatches(images, target, scaler=ImageScaler(rescale=1 / 255), **settings)


def make_loader(dataset, num_workers=0, **settings):
    return DataLoader(dataset, batch_size=None, num_workers=num_workers, **settings)


def assert_epoch(loop, batches, epoch):
    loop = list(loop)
    expected = list(batches.iterate(epoch))
    assert len(loop) == len(expected)
    for (x, y), (images, targets) in zip(loop, expected, strict=True):
        assert_array_equal(x.numpy(), images[:, None])
        assert_array_equal(y.numpy(), targets)


def test_tensors_have_channels_first_and_the_types_of_torch(textures):
    images, target = textures
    colored = np.repeat(images[..., None], 3, axis=3)
    batches = ImageBatches(colored, target, schedule=BALANCED, class_weight="balanced")
    x, y, weights = next(iter(TorchBatches(batches)))
    assert (x.shape, x.dtype) == (torch.Size([30, 3, 32, 48]), torch.float32)
    assert (y.dtype, weights.dtype) == (torch.int64, torch.float32)
    assert_array_equal(x.numpy().transpose(0, 2, 3, 1), batches[0][0])


@pytest.mark.parametrize(
    ("num_workers", "settings"),
    [
        (0, {}),
        (2, {}),
        (3, {"persistent_workers": True}),
        (2, {"multiprocessing_context": "spawn", "persistent_workers": True}),
    ],
)
def test_every_loop_is_the_next_epoch_whatever_the_workers(textures, num_workers, settings):
    batches = make_batches(textures)
    dataset = TorchBatches(batches)
    loader = make_loader(dataset, num_workers, **settings)
    assert len(loader) == 5
    for epoch in range(3):
        assert dataset.state_dict() == {"epoch": epoch}
        assert_epoch(loader, batches, epoch)
    dataset.set_epoch(7)
    assert_epoch(loader, batches, 7)
    dataset.load_state_dict({"epoch": 1})
    assert_epoch(loader, batches, 1)


def test_a_loop_that_is_broken_off_is_over(textures):
    batches = make_batches(textures)
    loader = make_loader(TorchBatches(batches), 2, persistent_workers=True)
    for _ in loader:
        break
    assert_epoch(loader, batches, 1)


def test_threads_in_workers_change_nothing(textures):
    batches = make_batches(textures, n_jobs=2)
    assert_epoch(make_loader(TorchBatches(batches), 2), batches, 0)


def test_another_number_of_workers_needs_an_epoch(textures):
    dataset = TorchBatches(make_batches(textures))
    list(make_loader(dataset, 2))
    with pytest.raises(RuntimeError, match="num_workers must stay 2 from epoch to epoch, got 1"):
        list(make_loader(dataset))
    dataset.set_epoch(1)
    assert_epoch(make_loader(dataset), dataset.batches, 1)


def test_a_data_set_of_ones_own_is_drawn_balanced_in_one_line(textures):
    images, target = textures
    codes = np.unique(target, return_inverse=True)[1]
    dataset = TensorDataset(torch.from_numpy(images), torch.from_numpy(codes))
    sampler = EpochBatchSampler(dataset.tensors[1], batch_size=15)
    seen = np.zeros(240, int)
    for num_workers in (0, 2, 2):
        for x, y in DataLoader(dataset, batch_sampler=sampler, num_workers=num_workers):
            assert torch.bincount(y).tolist() == [5, 5, 5]
            matches = (dataset.tensors[0][None] == x[:, None]).flatten(2).all(2).nonzero()[:, 1]
            np.add.at(seen, matches.numpy(), 1)
    assert_array_equal(seen, sampler.schedule.coverage(3))
    assert sampler.state_dict() == {"epoch": 3}
    sampler.load_state_dict({"epoch": 0})
    first, _ = list(sampler), next(iter(sampler))
    assert sampler.epoch == 2
    sampler.set_epoch(0)
    assert list(sampler) == first


def test_two_ranks_of_a_gloo_group_share_every_epoch(textures):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    script = str(Path(__file__).with_name("two_ranks.py"))
    runs = [
        subprocess.Popen(
            [sys.executable, script, str(rank), address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    printed = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], printed
    first, second = (json.loads(out.splitlines()[-1]) for out, _ in printed)
    images, target = textures
    schedule = EpochSchedule("minority", random_state=0).fit(target)
    for epoch in range(2):
        rows = [row for report in (first, second) for b in report["sampled"][epoch] for row in b]
        assert sorted(rows) == sorted(schedule.draws(epoch).indices)
        for report in (first, second):
            assert report["fed"][epoch] == [
                np.unique(target, return_inverse=True)[1][rows].tolist()
                for rows in report["sampled"][epoch]
            ]
    total = sum(first["sums"][0]) + sum(second["sums"][0])
    assert total == pytest.approx(images[schedule.draws(2).indices].sum(dtype=int), rel=1e-5)


@pytest.mark.parametrize("make", [TorchBatches, EpochBatchSampler])
def test_wrong_ranks_and_epochs_are_named(textures, make):
    source = make_batches(textures) if make is TorchBatches else textures[1]
    with pytest.raises(ValueError, match="rank and world_size must be given together, got 1, None"):
        make(source, rank=1)
    with pytest.raises(ValueError, match="epoch must be a whole number of at least 0, got -1"):
        make(source).set_epoch(-1)
    with pytest.raises(TypeError, match="epoch must be a whole number of at least 0, got"):
        make(source).set_epoch(1.5)
    with pytest.raises(ValueError, match="rank must be below world_size 2, got 2"):
        make(source, rank=2, world_size=2)
    assert len(make(source, rank=1, world_size=2)) == len(make(source, rank=0, world_size=2))
    with pytest.raises(TypeError, match="batches must be ImageBatches, got ndarray"):
        TorchBatches(textures[0])
