"""Lightning, accelerate and the Trainer of transformers train on exact epochs, and resume them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sklmerge import EpochSchedule

SCRIPT = Path(__file__).with_name("fed_trainers.py")
TRAINERS = ("lightning", "accelerate", "transformers")
N_RARE, TARGET = 40, np.array([0] * 40 + [1] * 160)
PLAN = EpochSchedule("minority", random_state=0).fit(TARGET)


@pytest.fixture(scope="module")
def reports():
    """Run all trainers side by side, each in a process of its own."""
    runs = {
        name: subprocess.Popen(
            [sys.executable, str(SCRIPT), name],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in TRAINERS
    }
    printed = {name: run.communicate(timeout=600) for name, run in runs.items()}
    for name, run in runs.items():
        assert run.returncode == 0, printed[name][1]
    return {name: json.loads(out.splitlines()[-1]) for name, (out, _) in printed.items()}


def list_rows(epoch, rank=0, world_size=1):
    plan = PLAN.plan_batches(epoch, 10, rank=rank, world_size=world_size)
    return [draws.indices.tolist() for draws in plan]


def assert_seen(seen, epochs, world_size=1, start=0):
    """Compare what each rank saw, as (epoch, rows), with what the schedule plans."""
    for rank, steps in enumerate(seen):
        want = [[epoch, rows] for epoch in epochs for rows in list_rows(epoch, rank, world_size)]
        assert steps == want[start:]


def assert_even(batches_of_ranks):
    """Check that every rare image came once, and no common one twice."""
    counts = np.bincount(
        np.concatenate([np.concatenate(b) for b in batches_of_ranks]), minlength=200
    )
    assert (counts[:N_RARE] == 1).all()
    assert sorted(set(counts[N_RARE:])) == [0, 1]
    assert counts.sum() == 2 * N_RARE


@pytest.mark.parametrize(
    ("name", "epochs", "world_size", "start"),
    [
        ("one", (0, 1), 1, 0),
        ("one, within", (1, 2, 3), 1, 3),
        ("one, between", (2, 3), 1, 0),
        ("reloaded", (0, 1, 2), 1, 0),
        ("two ranks", (0, 1), 2, 0),
        ("two ranks, within", (1, 2), 2, 2),
    ],
)
def test_lightning_sees_each_epoch_once_and_resumes(reports, name, epochs, world_size, start):
    assert_seen(reports["lightning"][name], epochs, world_size, start)


def test_lightning_cannot_predict_from_a_loader_whose_batches_it_would_name(reports):
    assert reports["lightning"]["predict"].startswith("trainer.predict must not get the loader of")


@pytest.mark.parametrize("mode", ["even", "uneven", "own"])
def test_accelerate_shares_each_epoch_once_and_resumes(reports, mode):
    ranks = reports["accelerate"][mode]
    for rank, epochs in enumerate(ranks):
        assert epochs[:2] == [list_rows(epoch, rank, 2) for epoch in (0, 1)]
        assert epochs[2] == list_rows(2, rank, 2)[2:]
        assert epochs[3] == list_rows(3, rank, 2)
    for epoch in (0, 1, 3):
        assert_even([epochs[epoch] for epochs in ranks])


def test_accelerate_shares_the_batches_of_a_sampler(reports):
    for rank, epochs in enumerate(reports["accelerate"]["sampler"]):
        assert epochs == [list_rows(epoch, rank, 2) for epoch in (0, 1)]


def test_accelerate_must_be_told_who_shares_the_batches_out(reports):
    for told in reports["accelerate"]["auto"]:
        assert told.startswith("shard must be True or False beside accelerate on 2 processes")
    for mode in ("dispatch", "not prepared"):
        told = reports["accelerate"][mode][0]
        assert "dispatch_batches must be False, and a loader with shard=False must go throu" in told


@pytest.mark.parametrize("prepared", ["prepared", "as it is"])
def test_the_trainer_of_transformers_sees_each_epoch_once_and_resumes(reports, prepared):
    whole = reports["transformers"][f"{prepared}, False"]
    assert whole == [rows for epoch in range(3) for rows in list_rows(epoch)]
    assert reports["transformers"][f"{prepared}, True"] == whole[11:]
