"""The main job on photographs that are at hand, start to end, with every claim checked."""

from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from imblearn.pipeline import make_pipeline
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_union
from sklearn.preprocessing import StandardScaler

from sklmerge import (
    AugmentingOverSampler,
    ClassWeightedClassifier,
    ColorHistogram,
    HOGFeatures,
    LabelMerger,
    balance_folder,
    inspect_folder,
    preview_folder,
    separate,
)
from sklmerge.cli._output import print_inspection, print_lines, print_table, show_progress
from sklmerge.datasets import load_textures, write_textures

MERGE = {"ground": ["grass", "gravel"]}
_REPEATS = 5


def run_demo(out: Path, n_jobs: int | None) -> None:
    """Write, inspect, merge, balance, take apart, cross-validate and draw; print each step."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"out must be a new or an empty folder, got {out}")
    source, balanced, separated = out / "textures", out / "balanced", out / "separated"

    print_step(1, f"Write photographs of brick, grass and gravel to {source}, and inspect them")
    write_textures(source)
    print_inspection(inspect_folder(source, n_jobs=n_jobs))

    print_step(2, "Merge grass and gravel, and balance the training part with augmented copies")
    with show_progress("writing files") as update:
        report = balance_folder(source, balanced, merge=MERGE, n_jobs=n_jobs, progress=update)
    print_lines(report.to_text().split("\n"))

    print_step(3, f"Restore the original classes in {separated}")
    counts = separate(balanced, separated)
    print_table(
        ["part", "original class", "files"],
        [[part, label, n] for part, classes in counts.items() for label, n in classes.items()],
    )
    n_checked = check_originals(source, separated)
    print_lines([f"all {n_checked} original images are back in their classes, byte for byte"])

    print_step(
        4, f"Evaluate by {_REPEATS} x 4-fold cross-validation; only training images are copied"
    )
    print_table(
        ["training rows", "original level", "merged level", *CLASSES],
        compare_pipelines(),
        title="Balanced accuracy, and recall of each class: logistic regression, HOG, grey levels",
    )
    print_lines(
        [
            "Mean ± standard deviation over folds. All models predict the three original classes.",
            "The merged level counts grass and gravel as one class, which makes the task easier.",
            "So compare numbers within a column, not between columns.",
        ]
    )

    print_step(5, "Draw images of each class beside their augmented copies")
    preview_folder(source, out / "contact_sheet.png")
    print_lines([f"wrote {out / 'contact_sheet.png'}"])


CLASSES = ("brick", "grass", "gravel")


def print_step(number: int, text: str) -> None:
    """Print the heading of a step."""
    print_lines(["", f"{number}. {text}"])


def check_originals(source: Path, separated: Path) -> int:
    """Check that all files came back to their class, byte for byte; return their number."""

    def list_digests(folder: Path) -> set[tuple[str, bytes]]:
        files = (path for path in folder.rglob("*.png") if "__aug" not in path.name)
        return {(path.parent.name, blake2b(path.read_bytes()).digest()) for path in files}

    given, found = list_digests(source), list_digests(separated)
    if given != found:
        raise RuntimeError(f"{len(given ^ found)} images did not come back as they were given")
    return len(given)


def compare_pipelines() -> list[list[Any]]:
    """Cross-validate one model on the given rows, with class weights, and with copies."""
    images, labels = load_textures(return_X_y=True)
    prepare = (
        make_union(HOGFeatures(pixels_per_cell=(16, 16)), ColorHistogram()),
        StandardScaler(),
    )
    model = LogisticRegression(max_iter=1000)
    pipelines = {
        "as given": (*prepare, model),
        "class weights": (*prepare, ClassWeightedClassifier(model)),
        "plain copies": (AugmentingOverSampler(None, random_state=0), *prepare, model),
        "augmented copies": (AugmentingOverSampler("light", random_state=0), *prepare, model),
    }
    return [
        [name, *judge(make_pipeline(*steps), images, labels)] for name, steps in pipelines.items()
    ]


def judge(model: Any, images: NDArray[np.uint8], labels: NDArray[Any]) -> list[str]:
    """Return mean and spread of balanced accuracy at both levels, and the recall of each class."""
    merger = LabelMerger(MERGE).fit(labels)
    folds = RepeatedStratifiedKFold(n_splits=4, n_repeats=_REPEATS, random_state=0)
    figures = []
    for train, test in folds.split(images, labels):
        predicted = model.fit(images[train], labels[train]).predict(images[test])
        merged = balanced_accuracy_score(
            merger.transform(labels[test]), merger.transform(predicted)
        )
        recalls = recall_score(labels[test], predicted, labels=CLASSES, average=None)
        figures.append([balanced_accuracy_score(labels[test], predicted), merged, *recalls])
    mean, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
    return [
        *(f"{mean[place]:.3f} ± {spread[place]:.3f}" for place in (0, 1)),
        *(f"{recall:.3f}" for recall in mean[2:]),
    ]
