"""A DataLoader, its workers and real distributed ranks are fed each epoch once, and resume."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

import sklmerge
from sklmerge import EpochSchedule, ImageBatches, ImageScaler
from sklmerge.feed.torch import EpochBatchSampler

# More workers than cores are slow, and here that is no matter.
pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    # torchdata calls it.
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),
]
BALANCED = EpochSchedule("minority", random_state=0)


def make_batches(textures, **settings):
    images, target = textures
    settings = {"schedule": BALANCED, "augmenter": "light", "batch_size": 12} | settings
    return ImageBatches(images, target, scaler=ImageScaler(rescale=1 / 255), **settings)


def assert_epoch(loop, batches, epoch, start=0):
    loop = list(loop)
    expected = list(batches.iterate(epoch))[start:]
    assert len(loop) == len(expected)
    for (x, y), (images, targets) in zip(loop, expected, strict=True):
        assert_array_equal(x.numpy(), images[:, None])
        assert_array_equal(y.numpy(), targets)


def start_late(worker):
    time.sleep(0.3 * worker)


def test_tensors_have_channels_first_and_the_types_of_torch(textures):
    images, target = textures
    colored = np.repeat(images[..., None], 3, axis=3)
    batches = ImageBatches(colored, target, schedule=BALANCED, class_weight="balanced")
    x, y, weights = next(iter(batches.to_torch()))
    assert (x.shape, x.dtype) == (torch.Size([30, 3, 32, 48]), torch.float32)
    assert (y.dtype, weights.dtype) == (torch.int64, torch.float32)
    assert_array_equal(x.numpy().transpose(0, 2, 3, 1), batches[0][0])


@pytest.mark.parametrize(
    ("num_workers", "options"),
    [
        (0, {}),
        (2, {"worker_init_fn": start_late}),
        (3, {"persistent_workers": True}),
        (2, {"multiprocessing_context": "spawn", "persistent_workers": True}),
    ],
)
def test_every_loop_is_the_next_epoch_whatever_the_workers(textures, num_workers, options):
    batches = make_batches(textures)
    loader = batches.to_torch(num_workers, **options)
    assert len(loader) == 5
    for epoch in range(3):
        assert loader.epoch == epoch
        assert_epoch(loader, batches, epoch)
    loader.set_epoch(7)
    assert_epoch(loader, batches, 7)
    # Looked into, broken off, and still whole epochs afterwards.
    next(iter(loader))
    assert_epoch(loader, batches, 9)
    for number, _ in enumerate(loader):
        if number == 1:
            break
    assert_epoch(loader, batches, 11)


@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize("options", [{}, {"prefetch_factor": 1}, {"collate_fn": list}])
def test_batches_that_are_kept_stay_what_they_were(n_channels, options):
    # Workers hand batches over in memory that later batches go into.
    images = np.random.default_rng(0).integers(0, 256, (90, 5, 7, n_channels), dtype=np.uint8)
    loader = ImageBatches(images, batch_size=4).to_torch(2, **options)
    for _ in range(2):
        kept = np.concatenate([x.numpy() for x, *_ in loader])
        assert_array_equal(kept.transpose(0, 2, 3, 1), images)


def test_workers_may_be_let_further_ahead_after_the_loader_was_made():
    images = np.random.default_rng(0).integers(0, 256, (90, 5, 7, 3), dtype=np.uint8)
    loader = ImageBatches(images, batch_size=4).to_torch(1)
    loader.prefetch_factor = 8
    kept = []
    for (x,) in loader:
        if not kept:
            # The worker has made the eight that follow before the next one is copied.
            time.sleep(0.5)
        kept.append(x.numpy())
    assert_array_equal(np.concatenate(kept).transpose(0, 2, 3, 1), images)


def test_batches_too_large_to_be_handed_over_in_turns_are_right():
    # 37 MB each as float32.
    images = np.random.default_rng(0).integers(0, 256, (7, 1700, 1800, 3), dtype=np.uint8)
    loader = ImageBatches(images, batch_size=1).to_torch(1)
    for image, (x,) in zip(images, list(loader), strict=True):
        assert_array_equal(x[0].numpy().transpose(1, 2, 0), image)


@pytest.mark.parametrize("shape", [(2, 6, 8, 3), (1, 1700, 1800, 3)], ids=["lent", "too large"])
def test_too_little_shared_memory_is_told_with_its_remedy(shape, monkeypatch):
    def refuse(tensor):
        raise RuntimeError("unable to allocate shared memory(shm): No space left on device (28)")

    # Workers are forked, and have it, too.
    monkeypatch.setattr(torch.Tensor, "share_memory_", refuse)
    loader = ImageBatches(np.zeros(shape, np.uint8)).to_torch(1, multiprocessing_context="fork")
    with pytest.raises(RuntimeError, match=r"another batch of \d+ MB; give the container more"):
        next(iter(loader))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_loop_resumes_within_its_epoch(textures, num_workers):
    loader = make_batches(textures).to_torch(num_workers)
    list(loader)
    states = [loader.state_dict() for _ in loader]
    assert [(state["epoch"], state["batch"]) for state in states] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 0),
    ]
    for state in states:
        batches = make_batches(textures)
        resumed = batches.to_torch(2 - num_workers)
        # What is written into a checkpoint comes back as plain numbers and text.
        resumed.load_state_dict(json.loads(json.dumps(state)))
        assert resumed.state_dict() == state
        assert resumed.epoch == state["epoch"]
        # Loops that name their epochs name the one that they resume.
        resumed.set_epoch(state["epoch"])
        assert_epoch(resumed, batches, state["epoch"], state["batch"])
        assert_epoch(resumed, batches, state["epoch"] + 1)


def test_batches_without_a_framework_resume_as_well(textures, assert_same_batches):
    broken, resumed = make_batches(textures), make_batches(textures, n_jobs=2)
    for number, _ in enumerate(broken):
        if number == 2:
            break
    assert (broken.state_dict()["epoch"], broken.state_dict()["batch"]) == (0, 3)
    resumed.load_state_dict(broken.state_dict())
    assert_same_batches(resumed, list(broken.iterate(0))[3:])
    assert_same_batches(resumed, broken.iterate(1))


def test_a_state_of_something_else_is_refused(textures):
    state = make_batches(textures).to_torch().state_dict()
    images, target = textures
    others = [
        make_batches(textures, batch_size=15),
        make_batches(textures, schedule=EpochSchedule("minority", random_state=1)),
        make_batches(textures, schedule=EpochSchedule("majority", random_state=0)),
        make_batches((images, target[::-1])),
        make_batches((images[:-1], target[:-1])),
    ]
    for other in others:
        with pytest.raises(ValueError, match="state must be of the same data set, schedule, batch"):
            other.to_torch().load_state_dict(state)
        with pytest.raises(ValueError, match="state must be of the same data set, schedule, batch"):
            other.load_state_dict(state)
    without_seed = make_batches(textures, schedule=EpochSchedule("minority")).state_dict()
    with pytest.raises(ValueError, match=r"random_state .*\(random_state=None is another seed"):
        make_batches(textures).load_state_dict(without_seed)
    digest_alone = {name: state[name] for name in ("epoch", "batch", "world_size", "digest")}
    for wrong in ({}, {"epoch": 1}, None, digest_alone):
        with pytest.raises(ValueError, match="state must hold epoch, batch, world_size, digest"):
            make_batches(textures).to_torch().load_state_dict(wrong)
    with pytest.raises(ValueError, match=r"state\['batch'\] must be a whole number"):
        make_batches(textures).load_state_dict(state | {"batch": -1})
    two_ranks = make_batches(textures).to_torch()
    two_ranks.load_state_dict(state | {"batch": 3, "world_size": 2})
    with pytest.raises(ValueError, match="saved within an epoch of world_size 2, got world_size 1"):
        next(iter(two_ranks))


@pytest.mark.parametrize(
    ("parameters", "batch_size", "message"),
    [
        ({}, 15, r"batch_size 12 instead of 15$"),
        (
            {"random_state": 1},
            12,
            r"random_state 0 instead of 1 \(random_state=None is another seed",
        ),
        ({"samples_per_class": 15}, 12, r"samples_per_class 'minority' instead of 15$"),
        (
            {"samples_per_class": dict.fromkeys(("brick", "grass", "gravel"), np.int64(15))},
            12,
            "samples_per_class 'minority' instead of 'a mapping'$",
        ),
        (
            {"samples_per_class": "majority", "order": "sequential"},
            12,
            r"n_draws 60 instead of \d+, order 'shuffled' instead of 'sequential', "
            "samples_per_class 'minority' instead of 'majority'$",
        ),
        ({"augment": ["grass"]}, 12, r"augment 'all' instead of \[\"'grass'\"\]$"),
        ({"stratify_batches": np.False_}, 12, "stratify_batches True instead of False$"),
        ({"merge": {"x": ["grass", "brick"]}}, 12, "n_classes 3 instead of 2, n_draws 60 inst"),
    ],
)
def test_an_unfit_state_says_in_what_it_differs(parameters, batch_size, message, textures):
    state = ImageBatches(*textures, schedule=EpochSchedule(random_state=0), batch_size=12)
    state = json.loads(json.dumps(state.state_dict()))
    schedule = EpochSchedule(**{"random_state": 0} | parameters)
    other = ImageBatches(*textures, schedule=schedule, batch_size=batch_size)
    with pytest.raises(ValueError, match=message):
        other.load_state_dict(state)
    other.load_state_dict(json.loads(json.dumps(other.state_dict())))


def test_an_unfit_state_says_that_the_images_or_labels_differ(textures):
    images, target = textures
    state = ImageBatches(images, target).state_dict()
    with pytest.raises(ValueError, match=r"got n_images \d+ instead of \d+, n_draws \d+ instead"):
        ImageBatches(images[1:], target[1:]).load_state_dict(state)
    with pytest.raises(ValueError, match=r"got other labels, or the same in another order$"):
        ImageBatches(images, target[::-1]).load_state_dict(state)
    # Beside samples_per_class=None, no other augment is possible: that is not what differs.
    natural = EpochSchedule("natural", augment="all", random_state=0)
    natural = ImageBatches(images, target[::-1], schedule=natural)
    with pytest.raises(ValueError, match=r"got random_state None instead of 0 \(.*time\)$"):
        natural.load_state_dict(state)


def test_an_unfit_state_of_a_mapping_says_so(textures):
    def batches(brick, grass):
        draws = {"brick": brick, "grass": grass, "gravel": 5}
        schedule = EpochSchedule(draws, random_state=0)
        return ImageBatches(*textures, schedule=schedule)

    with pytest.raises(ValueError, match=r"got other numbers of draws per class$"):
        batches(15, 10).load_state_dict(batches(10, 15).state_dict())


@pytest.mark.parametrize("num_workers", [0, 2])
def test_threads_change_nothing(textures, num_workers):
    batches = make_batches(textures, n_jobs=2)
    loader = batches.to_torch(num_workers)
    assert_epoch(loader, batches, 0)
    assert_epoch(loader, batches, 1)


def test_what_a_batch_becomes_may_be_said(textures):
    loader = make_batches(textures).to_torch(
        collate_fn=lambda batch: {"pixel_values": batch[0], "labels": batch[1]}
    )
    assert sorted(next(iter(loader))) == ["labels", "pixel_values"]


def test_a_data_set_of_ones_own_is_drawn_balanced_in_one_line(textures):
    images, target = textures
    codes = np.unique(target, return_inverse=True)[1]
    dataset = TensorDataset(torch.from_numpy(images), torch.from_numpy(codes))
    sampler = EpochBatchSampler(dataset, batch_size=15)
    seen = np.zeros(240, int)
    for num_workers in (0, 2, 2):
        for x, y in DataLoader(dataset, batch_sampler=sampler, num_workers=num_workers):
            assert torch.bincount(y).tolist() == [5, 5, 5]
            matches = (dataset.tensors[0][None] == x[:, None]).flatten(2).all(2).nonzero()[:, 1]
            np.add.at(seen, matches.numpy(), 1)
    assert_array_equal(seen, sampler.schedule.coverage(3))
    assert sampler.epoch == 3
    sampler.set_epoch(0)
    first, _ = list(sampler), next(iter(sampler))
    assert sampler.epoch == 2
    sampler.set_epoch(0)
    assert list(sampler) == first


class Photos(Dataset):
    """Knows its labels, and counts the images that it makes."""

    made = 0

    def __init__(self):
        self.targets = [0] * 30 + [1] * 10

    def __len__(self):
        return 40

    def __getitem__(self, row):
        Photos.made += 1
        return torch.full((3, 4, 6), float(row)), self.targets[row]


class Unlabelled(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, row):
        raise AssertionError("nothing must be read")


def test_labels_of_a_data_set_are_found_without_reading_it():
    photos = Photos()
    parts = ConcatDataset([Subset(photos, range(5, 40)), photos])
    assert len(EpochBatchSampler(photos, batch_size=4)) == 5
    assert len(EpochBatchSampler(Subset(photos, range(25, 40)), batch_size=4)) == 3
    assert len(EpochBatchSampler(parts, batch_size=4)) == 10
    assert Photos.made == 0
    with pytest.raises(TypeError, match="data must be labels or a data set that holds them"):
        EpochBatchSampler(Subset(Unlabelled(), [0]), batch_size=4)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("n_taken", [1, 3, 8])
def test_a_stateful_loader_resumes_within_its_epoch(num_workers, n_taken):
    images = torch.arange(200.0).reshape(-1, 1)
    target = np.repeat([0, 1], [40, 160])

    def make():
        return StatefulDataLoader(
            TensorDataset(images),
            batch_sampler=EpochBatchSampler(target, batch_size=10),
            num_workers=num_workers,
        )

    def read(batches):
        return [batch[0][:, 0].int().tolist() for batch in batches]

    plan = EpochSchedule(random_state=0).fit(target)
    want = [[b.indices.tolist() for b in plan.plan_batches(e, 10)] for e in range(4)]
    loader = make()
    assert read(loader) == want[0]
    loop = iter(loader)
    for _ in range(n_taken):
        next(loop)
    resumed = make()
    resumed.load_state_dict(loader.state_dict())
    if n_taken < 8:
        assert read(resumed) == want[1][n_taken:]
    else:
        # At its end this loader has still to say so.
        assert read(resumed) in ([], want[2])
    assert read(resumed) in (want[2], want[3])


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
    reports = [json.loads(out.splitlines()[-1]) for out, _ in printed]
    codes = np.unique(textures[1], return_inverse=True)[1]
    plan = EpochSchedule("minority", random_state=0).fit(textures[1])
    for rank, report in enumerate(reports):
        for epoch in range(3):
            rows = [b.indices for b in plan.plan_batches(epoch, 6, rank=rank, world_size=2)]
            assert report["sampled"][epoch] == [part.tolist() for part in rows]
            assert report["fed"][epoch] == [codes[part].tolist() for part in rows]
        assert report["resumed"] == report["fed"][1][2:]
        assert "world_size must not exceed" in report["too few"]
    for epoch in range(3):
        rows = [row for report in reports for b in report["sampled"][epoch] for row in b]
        assert sorted(rows) == sorted(plan.draws(epoch).indices)


def test_rows_of_several_labels_are_drawn_by_repeat_factors():
    tags = (np.random.default_rng(0).random((200, 3)) < [0.05, 0.5, 0.9]).astype(int)
    sampler = EpochBatchSampler(torch.tensor(tags), batch_size=20)
    assert sampler.schedule.stratify_batches is False
    rows = np.concatenate(list(sampler))
    seen = np.bincount(rows, minlength=200)
    for codes in range(sampler.schedule.original_codes_.max() + 1):
        alike = seen[sampler.schedule.original_codes_ == codes]
        assert alike.max() - alike.min() <= 1
    assert tags[rows].mean(axis=0)[0] >= tags.mean(axis=0)[0]


def test_wrong_uses_are_named(textures):
    batches = make_batches(textures)
    for make in (batches.to_torch, lambda **options: EpochBatchSampler(textures[1], **options)):
        with pytest.raises(ValueError, match='shard must be "auto", True or False, got 2'):
            make(shard=2)
        for epoch in (-1, 1.5):
            with pytest.raises((ValueError, TypeError), match="epoch must be a whole number of at"):
                make().set_epoch(epoch)
    for name, value in {"batch_size": 4, "shuffle": True, "batch_sampler": []}.items():
        with pytest.raises(TypeError, match=f"{name} must not be given to to_torch, got"):
            batches.to_torch(**{name: value})
    with pytest.raises(ValueError, match="batches must be those of all processes, got rank 1 of 2"):
        batches.with_rank(1, 2).to_torch()
    with pytest.raises(ValueError, match="batch_size must be at least 3"):
        EpochBatchSampler(textures[1], batch_size=2)


@pytest.mark.parametrize("options", [{}, {"batch_size": 4}, {"batch_size": 4, "shuffle": True}])
def test_a_loader_made_by_hand_is_led_to_the_finished_one(textures, options):
    batches = make_batches(textures)
    with pytest.raises(TypeError, match=r"batches\.to_torch\(num_workers=\.\.\.\) gives the fini"):
        next(iter(DataLoader(batches, **options)))
    with pytest.raises(TypeError, match=r"loader\.dataset must not be put into another DataLoader"):
        next(iter(DataLoader(batches.to_torch().dataset, **options)))


@pytest.mark.parametrize(
    ("name", "door"),
    [
        ("KerasBatches", "batches.to_keras("),
        ("TorchBatches", "batches.to_torch("),
        ("EpochBatchSampler", "sklmerge.feed.torch"),
    ],
)
def test_names_that_people_look_for_lead_to_their_doors(name, door):
    with pytest.raises(ImportError, match=re.escape(door)):
        getattr(sklmerge, name)
