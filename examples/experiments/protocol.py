"""What every experiment here does: split, train by each method, score at both levels, write a CSV.

What the methods and the models are stands in methods.py and models.py.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from methods import Method, Rows, Side, list_methods
from models import MODELS, TUNED, adjust, fit_tuned, make_linear
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from sklmerge import LabelMerger, MergeAdvisor, PriorAdjustedClassifier

N_BINS = 15
SCORES = ("balanced_accuracy", "macro_f1", "worst_recall", "accuracy", "ece", "log_loss")
COLUMNS = ("model", "method", "seed", "level", "rows", *SCORES)
MERGE_COLUMNS = ("seed", "weights", "members", "confusability", "n_classes", "balanced_accuracy")


@dataclass(frozen=True)
class Fold:
    """One split: rows to train on, rows to test on, and what each test row counts."""

    train: np.ndarray
    test: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Task:
    """One data set and all that is chosen for it."""

    images: np.ndarray  # (n, H, W[, C]), uint8
    labels: np.ndarray  # (n,), str
    groups: np.ndarray | None  # (n,): what must not stand on both sides
    merge: dict[str, list[str]]  # the merged level, chosen by meaning
    describe: Any  # transformer: images -> features
    own_augmenter: Any  # what this kind of image stands without losing its label
    split: Callable[[int], Fold]  # seed -> fold


def split_by_group(
    labels: np.ndarray, groups: np.ndarray, seed: int, n_train: int | None = None
) -> Fold:
    """Split two to one, keeping groups together; take `n_train` of the training side, if given."""
    splitter = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    train, test = next(splitter.split(labels, labels, groups))
    if n_train is not None:
        train, _ = train_test_split(
            train, train_size=n_train, stratify=labels[train], random_state=seed
        )
    return Fold(train, test, np.ones(len(test)))


def measure_calibration_error(
    confidence: np.ndarray, is_right: np.ndarray, weight: np.ndarray
) -> float:
    """Mean gap of confidence and accuracy over 15 bins of (nearly) equal weight.

    Confidence is the probability of the predicted class.
    """
    order = np.argsort(confidence, kind="stable")
    confidence, is_right, weight = confidence[order], is_right[order], weight[order]
    # The middle of a sample's weight says in which bin it lies.
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    bins = np.minimum((middle * N_BINS).astype(int), N_BINS - 1)
    gap = weight * (confidence - is_right)
    return float(np.abs(np.bincount(bins, gap, N_BINS)).sum() / weight.sum())


def score(truth: np.ndarray, P: np.ndarray, classes: np.ndarray, weight: np.ndarray) -> dict:
    """Score probabilities whose columns are `classes`."""
    P = np.minimum(P, 1)  # a sum may pass 1 in the last bit, which log_loss refuses
    predicted = classes[P.argmax(axis=1)]
    recalls = recall_score(
        truth, predicted, labels=classes, average=None, sample_weight=weight, zero_division=0
    )
    values = (
        recalls.mean(),
        f1_score(truth, predicted, average="macro", sample_weight=weight, zero_division=0),
        recalls.min(),
        accuracy_score(truth, predicted, sample_weight=weight),
        measure_calibration_error(P.max(axis=1), predicted == truth, weight),
        log_loss(truth, P, labels=classes, sample_weight=weight),
    )
    return {name: round(float(value), 5) for name, value in zip(SCORES, values, strict=True)}


def suggest(side: Side, weights: str | None) -> MergeAdvisor:
    """Ask the advisor on the training side alone; `weights` is the linear model's class_weight."""
    model = make_linear(0.1).set_params(logisticregression__class_weight=weights)
    return MergeAdvisor(model, cv=3).fit(side.features, side.labels, groups=side.groups)


def list_joins(seed: int, weights: str | None, advisor: MergeAdvisor) -> list[dict]:
    """List what the advisor would join, in order, suggested or not."""
    found = advisor.suggestion_
    start = (seed, weights or "none", "", "", len(found.classes), found.balanced_accuracy)
    rows = [start] + [
        (seed, weights or "none", "+".join(s.members), s.confusability, s.n_classes,
         s.balanced_accuracy)
        for s in found.steps
    ]  # fmt: skip
    return [dict(zip(MERGE_COLUMNS, row, strict=True)) for row in rows]


def try_models(
    method: Method, side: Side, tested: np.ndarray, models: Sequence[str]
) -> Iterator[tuple[str, str, int, np.ndarray]]:
    """Train each model by a method; give model, method, training rows and what is predicted."""
    drawn = X, y, sources = method.draw(side)
    classes, shares = np.unique(side.labels, return_counts=True)
    for model in models:
        if model == TUNED:
            if method.power is not None:
                for name, P in try_tuned(method, side, drawn, tested):
                    yield model, name, len(X), P
            continue
        classifier = method.wrap(MODELS[model]())
        if method.prior is None:
            P = classifier.fit(X, y).predict_proba(tested)
            yield model, method.name, len(X), P
            if method.name == "nothing":
                for name, adjusted in adjust(classifier, P, X, y, side.group(sources)).items():
                    yield model, name, len(X), adjusted
            continue
        # Fitted once, asked twice: without the correction and with it.
        corrected = PriorAdjustedClassifier(
            classifier,
            train_prior=method.prior,
            target_prior=dict(zip(classes.tolist(), (shares / shares.sum()).tolist(), strict=True)),
        ).fit(X, y)
        yield model, method.name, len(X), corrected.estimator_.predict_proba(tested)
        yield model, f"{method.name} (corrected)", len(X), corrected.predict_proba(tested)


def try_tuned(
    method: Method, side: Side, drawn: Rows, tested: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Train the linear model by a method, with C chosen inside the training side."""
    X, y, sources = drawn
    groups = side.group(sources)
    model = fit_tuned(method.wrap, method.power, X, y, groups)
    P = model.predict_proba(tested)
    yield method.name, P
    if method.name == "nothing":
        yield from adjust(model, P, X, y, groups).items()


def take_side(task: Task, features: np.ndarray, rows: np.ndarray, seed: int) -> Side:
    """Take the training side of a split."""
    groups = None if task.groups is None else task.groups[rows]
    images, labels = task.images[rows], task.labels[rows]
    return Side(images, labels, groups, features[rows], task.describe, seed)


def run_seed(
    task: Task, features: np.ndarray, seed: int, models: Sequence[str], only: Sequence[str]
) -> tuple:
    """Train and score every method and model on one split; list the joins of the advisor too."""
    fold = task.split(seed)
    merger = LabelMerger(task.merge).fit(task.labels[fold.train])
    side = take_side(task, features, fold.train, seed)
    advisors = {weights: suggest(side, weights) for weights in (None, "balanced")}
    truth, tested = task.labels[fold.test], features[fold.test]
    classes = np.unique(side.labels)
    rows: list[dict] = []
    for method in list_methods(task, advisors["balanced"].merge_):
        if only and method.name not in only:
            continue
        for model, name, n_rows, P in try_models(method, side, tested, models):
            head = {"model": model, "method": name, "seed": seed, "rows": n_rows}
            original = score(truth, P, classes, fold.weight)
            rows.append({**head, "level": "original", **original})
            merged = merger.transform_proba(P), merger.merged_classes_, fold.weight
            rows.append({**head, "level": "merged", **score(merger.transform(truth), *merged)})
    joins = [row for weights, found in advisors.items() for row in list_joins(seed, weights, found)]
    return rows, joins


def write_rows(path: Path, columns: Sequence[str], rows: list[dict]) -> None:
    """Write a CSV, numbers to five digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            short = {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(short)


def run(
    task: Task,
    seeds: Sequence[int],
    out: Path,
    models: Sequence[str] = (*MODELS, TUNED),
    only: Sequence[str] = (),
) -> None:
    """Run all seeds, and write what is known after each to `out` and beside it."""
    features = task.describe.fit(task.images[:1]).transform(task.images)
    rows: list[dict] = []
    joins: list[dict] = []
    for seed in seeds:
        more = run_seed(task, features, seed, models, only)
        rows += more[0]
        joins += more[1]
        write_rows(out, COLUMNS, rows)
        write_rows(out.with_name(f"{out.stem}_merges.csv"), MERGE_COLUMNS, joins)
        print(f"seed {seed}: {len(more[0])} rows, {out}", flush=True)


def read_arguments(description: str, name: str) -> argparse.Namespace:
    """Read the command line that all scripts share."""
    results = Path(__file__).parents[2] / "docs" / "experiments" / f"{name}.csv"
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", type=Path, help="the folder of the data")
    parser.add_argument("--seeds", type=int, default=5, help="how many; 5 unless told")
    parser.add_argument("--only", nargs="+", default=(), help="the methods to try, by name")
    parser.add_argument("--models", nargs="+", default=(*MODELS, TUNED), help="the models to try")
    parser.add_argument("--out", type=Path, default=results, help="the CSV to write")
    return parser.parse_args()
