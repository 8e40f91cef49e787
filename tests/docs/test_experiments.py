"""The experiments run on the embedded sample, and their page says what their results say."""

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from sklmerge import AugmentingOverSampler, ClassWeightedClassifier
from sklmerge.balance import MODELS, advise

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "experiments"
PAGES = tuple(
    ROOT / page
    for page in (
        "docs/experiments.md",
        "docs/experiments_tables.md",
        "docs/guide/choose.md",
        "docs/guide/features.md",
        "README.md",
    )
)
TABLE = re.compile(r"<!-- table: .*?<!-- end -->", re.DOTALL)
# What advise calls each model and each remedy of the tables.
KINDS = {
    "linear, C chosen inside": "linear",
    "boosted": "trees",
    "network": "network",
    "network, long": "network",
    "embedding": "embedding",
}
REMEDIES = {
    "weights": "weights: balanced",
    "copies and weights": "copies: 3 + weights",
    "epochs": "balanced epochs, all augmented",
}
# A remedy that costs so much accuracy more is no rival of another.
DEARER = 0.02
COUNTS = {
    "red cells 20:1": {"normal": 914, "teardrop": 45},
    "waste 4:1": {"paper": 98, "trash": 23},
    "clothes 100:1": {"common": 1500, "rare": 15},
    "clothes 4:1": {"common": 1500, "rare": 375},
}
LEVELS = ("original", "merged")


@pytest.fixture
def load(monkeypatch):
    """Import a script of the folder as Python does when it runs there."""
    names = {path.stem for path in FOLDER.glob("*.py")}
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in names & set(sys.modules):
        del sys.modules[name]


def test_every_method_is_scored_at_both_levels(load, tmp_path):
    protocol, textures, report = load("protocol"), load("textures"), load("report")
    protocol.run(textures.make_task(), [0], tmp_path / "textures.csv", models=["linear"])
    rows = report.read_rows("textures", tmp_path)
    levels = [[row["method"] for row in rows if row["level"] == level] for level in LEVELS]
    assert levels[0] == levels[1]
    assert len(set(levels[0])) == len(levels[0]) > 15
    assert sum("prior adjustment" in name for name in levels[0]) == 3
    for score in set(protocol.SCORES) - {"log_loss"}:
        assert all(0 <= float(row[score]) <= 1 for row in rows)


def test_networks_are_trained_by_every_recipe(load):
    networks, task = load("networks"), load("textures").make_task()
    rows = list(networks.run_seed(task, seed=0, n_draws=64, model="network"))
    names = [row["method"] for row in rows]
    assert len(set(names)) == len(names) == len(networks.RECIPES) + 5
    assert all(0 <= row["balanced_accuracy"] <= 1 for row in rows)


def test_only_the_recipes_that_are_asked_for_are_trained(load):
    networks, task = load("networks"), load("textures").make_task()
    rows = networks.run_seed(task, seed=0, n_draws=32, model="network", only=["nothing"])
    assert [row["method"] for row in rows] == [
        "nothing",
        "prior adjustment: 0.5",
        "prior adjustment: 1",
        "last layer trained anew, balanced",
    ]


def test_embeddings_are_tried_with_what_suits_them(load):
    embedding, task = load("embedding"), load("textures").make_task()
    task = replace(task, images=np.repeat(task.images[..., None], 3, axis=3))
    features = task.describe.fit_transform(task.images[..., 0]).astype(np.float32)
    rows = list(embedding.run_seed(task, features, seed=0))
    names = [row["method"] for row in rows]
    assert len(set(names)) == len(names) == 7
    assert not any(name.startswith("copies") for name in names)  # of images repeated for 3 channels
    assert all(0 <= row["balanced_accuracy"] <= 1 for row in rows)


def test_the_penalty_is_chosen_by_the_loss_that_is_trained_on(load):
    models, rng = load("models"), np.random.default_rng(0)
    y = np.repeat(["common", "rare"], [270, 30])
    X = rng.normal(size=(300, 4)) + (y == "rare")[:, None]
    P = np.tile([0.9, 0.1], (300, 1))

    class Fixed:
        classes_ = np.array(["common", "rare"])

        def predict_proba(self, X):
            return P[: len(X)]

    mean = [-np.log(0.9) * 0.9 - np.log(0.1) * 0.1, -np.log(0.9) / 2 - np.log(0.1) / 2]
    for power, loss in zip((0.0, 1.0), mean, strict=True):
        assert models.score_weighted(Fixed(), X, y, power) == pytest.approx(-loss)


def test_sources_that_keep_their_features_give_the_model_of_the_plain_pipeline(load):
    methods, task = load("methods"), load("textures").make_task()
    train, test = task.split(0).train, task.split(0).test
    features = task.describe.fit(task.images[:1]).transform(task.images)
    side = methods.Side(
        task.images[train], task.labels[train], None, features[train], task.describe, seed=3
    )
    X, y, _ = methods.vary_rows(side, AugmentingOverSampler("light", max_copies=2))
    model = ClassWeightedClassifier(LogisticRegression(max_iter=1000))
    short = model.fit(X, y).predict_proba(features[test])
    sampler = AugmentingOverSampler("light", max_copies=2, random_state=3)
    plain = make_pipeline(sampler, task.describe, model)
    plain.fit(task.images[train], task.labels[train])
    assert_array_equal(short, plain.predict_proba(task.images[test]))


def test_the_calibration_error_is_the_gap_of_confidence_and_accuracy(load):
    measure = load("protocol").measure_calibration_error
    confidence, is_right = np.full(300, 0.75), np.arange(300) % 2 == 0
    assert measure(confidence, is_right, np.ones(300)) == pytest.approx(0.25)
    # The right half counts three times: then 0.75 is what it should be.
    weight = np.where(is_right, 3.0, 1.0)
    assert measure(confidence, is_right, weight) == pytest.approx(0, abs=0.01)
    # Over- and underconfident samples lie in bins of their own and do not cancel.
    confidence, is_right = np.repeat([0.6, 0.9], 300), np.ones(600, bool)
    is_right[300:540] = False
    assert measure(confidence, is_right, np.ones(600)) == pytest.approx((0.4 + 0.7) / 2, abs=0.02)


def test_the_tables_are_those_of_the_results(load):
    report = load("report")
    tables = report.make_tables()
    for page in report.PAGES:
        text = page.read_text()
        assert report.fill_page(text, tables) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_score_in_the_words_stands_in_a_table(page):
    tables = [table for each in PAGES[:2] for table in TABLE.findall(each.read_text())]
    known = set(re.findall(r"[+-]?\d\.\d{3}", " ".join(tables)))
    words = TABLE.sub("", page.read_text())
    said = re.findall(r"[+-]?\b\d\.\d{3}\b", words)
    assert said or page == PAGES[1]
    assert [number for number in said if number not in known] == []


def test_what_is_advised_is_among_the_best_of_the_tables(load):
    report = load("report")
    assert set(KINDS.values()) == set(MODELS)
    for column in (*report.SHORT, *report.NETWORKS, *report.EMBEDDINGS):
        found = report.select(column, "balanced_accuracy")
        n_splits = len(found["nothing"])
        if n_splits == 1:
            continue  # no spread to compare with
        # Nobody can advise augmentation that suits the images without having seen them.
        gains = {
            name: values - found["nothing"]
            for name, values in found.items()
            if len(values) == n_splits and "own kind" not in name
        }
        advice = advise(COUNTS[column.data], model=KINDS[column.model])
        assert "divide the probabilities by the class shares" in advice.first
        advised = max(
            ("prior adjustment: 1", REMEDIES[advice.remedy]), key=lambda m: gains[m].mean()
        )
        first = gains["prior adjustment: 1"].mean()
        weights = gains["weights: balanced"]
        # The first step trains nothing anew: it helps, and weights do not help more than it.
        assert first > 0, column
        assert first >= weights.mean() - weights.std(ddof=1), column
        # Of both steps the better one is within the spread of the best that costs no more accuracy.
        accuracy = {name: v.mean() for name, v in report.select(column, "accuracy").items()}
        rivals = [gains[m] for m in gains if accuracy[m] >= accuracy[advised] - DEARER]
        best = max(rivals, key=np.mean)
        assert gains[advised].mean() >= best.mean() - best.std(ddof=1), column
