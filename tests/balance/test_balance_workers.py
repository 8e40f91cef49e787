"""The files do not depend on who makes them."""

import os
import pickle

import cv2
import joblib
import pytest

from sklmerge import balance_folder

COUNTS = {"A": 6, "B": 9, "C": 40}


@pytest.fixture
def source(write_classes):
    source = write_classes(COUNTS)
    (source / "C/07.jpg").write_bytes(b"no image")
    return source


@pytest.fixture
def expected(source, tmp_path, hash_tree):
    balance_folder(source, tmp_path / "alone", on_error="skip", samples_per_class=150)
    return hash_tree(tmp_path / "alone")


def test_two_threads_make_the_same_bytes(source, expected, tmp_path, hash_tree):
    options = {"on_error": "skip", "samples_per_class": 150}
    balance_folder(source, tmp_path / "out", n_jobs=2, **options)
    assert hash_tree(tmp_path / "out") == expected


def test_two_processes_make_the_same_bytes(source, expected, tmp_path, hash_tree):
    options = {"on_error": "skip", "samples_per_class": 150}
    with joblib.parallel_config(backend="loky", n_jobs=2):
        balance_folder(source, tmp_path / "out", augmenter="light", **options)
    assert hash_tree(tmp_path / "out") == expected


def test_an_augmenter_of_ones_own_runs_in_processes(source, tmp_path, hash_tree):
    def darken(image, rng):
        return (image * rng.uniform(0.5, 1.0)).astype(image.dtype)

    with joblib.parallel_config(backend="loky", n_jobs=2):
        balance_folder(source, tmp_path / "many", augmenter=darken, on_error="skip")
    balance_folder(source, tmp_path / "alone", augmenter=darken, on_error="skip")
    assert hash_tree(tmp_path / "many") == hash_tree(tmp_path / "alone")


def test_opencv_keeps_its_threads_in_the_calling_process(source, tmp_path):
    n_threads = cv2.getNumThreads()
    with joblib.parallel_config(backend="loky", n_jobs=2):
        balance_folder(source, tmp_path / "processes", on_error="skip")
    balance_folder(source, tmp_path / "threads", on_error="skip", n_jobs=2)
    assert cv2.getNumThreads() == n_threads


def test_what_is_sent_to_a_worker_does_not_grow_with_the_source(
    write_classes, tmp_path, monkeypatch
):
    source = write_classes({"A": 1, "B": 1})
    for number in range(2000):
        os.link(source / "A/00.jpg", source / f"A/{'long' * 20}{number}.jpg")
    sizes = []

    def record(function, tasks, *shared, **options):
        for task in tasks:
            sizes.append(len(pickle.dumps((function, task, *shared))))
            yield function(task, *shared)

    monkeypatch.setattr("sklmerge.balance.work._workers.map_unordered", record)
    balance_folder(source, tmp_path / "out", max_copies=0, split=None)
    assert 10 < len(sizes) < 2002 / 100
    assert max(sizes) < 100_000
