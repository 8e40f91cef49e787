"""On a cluster of worker processes the job makes the bytes that it makes alone."""

import subprocess
import sys

import joblib
import pytest
from dask.distributed import Client, LocalCluster

from sklmerge import balance_folder

COUNTS = {"A": 6, "B": 9, "C": 40}
OPTIONS = {"on_error": "skip", "samples_per_class": 150}
# Ray starts processes of its own and leaves threads behind: a program of its own keeps them away.
ON_RAY = """
import sys
import joblib, ray
from ray.util.joblib import register_ray
from sklmerge import balance_folder

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
register_ray()
with joblib.parallel_config(backend="ray", n_jobs=2):
    balance_folder(sys.argv[1], sys.argv[2], on_error="skip", samples_per_class=150)
ray.shutdown()
"""


@pytest.fixture
def source(write_classes):
    source = write_classes(COUNTS)
    (source / "C/07.jpg").write_bytes(b"no image")
    return source


@pytest.fixture
def expected(source, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "alone", **OPTIONS)
    return hash_tree(tmp_path / "alone")


def test_dask_worker_processes_make_the_same_bytes(source, expected, tmp_path, hash_tree):
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        balance_folder(source, tmp_path / "out", **OPTIONS)
    assert hash_tree(tmp_path / "out") == expected


def test_ray_worker_processes_make_the_same_bytes(
    source, expected, tmp_path, hash_tree, monkeypatch
):
    # No word to anyone outside this machine.
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    command = [sys.executable, "-c", ON_RAY, str(source), str(tmp_path / "out")]
    subprocess.run(command, check=True, timeout=120)
    assert hash_tree(tmp_path / "out") == expected
