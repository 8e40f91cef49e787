"""The files do not depend on who makes them."""

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
        return image * rng.uniform(0.5, 1.0)

    with joblib.parallel_config(backend="loky", n_jobs=2):
        balance_folder(source, tmp_path / "many", augmenter=darken, on_error="skip")
    balance_folder(source, tmp_path / "alone", augmenter=darken, on_error="skip")
    assert hash_tree(tmp_path / "many") == hash_tree(tmp_path / "alone")
