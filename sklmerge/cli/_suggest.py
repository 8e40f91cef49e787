"""What `sklmerge suggest` finds out: which classes a linear model takes for one another."""

from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sklmerge import ColorHistogram, HOGFeatures, ImageIndex, MergeAdvisor
from sklmerge._random import hash_texts, rank_keys
from sklmerge.balance import find_groups
from sklmerge.cli._options import write_merge
from sklmerge.cli._output import print_lines, print_table, show_waiting
from sklmerge.cli._places import Place

_MOST_PAIRS, _MOST_FILES = 6, 3
# Joins shown beyond those that are suggested.
_MORE_STEPS = 2


def suggest_for_folder(
    place: Place,
    *,
    image_size: tuple[int, int],
    max_images: int,
    n_classes: int | None,
    threshold: float | None,
    group_by: str | None,
    n_folds: int,
    seed: int,
    n_jobs: int | None,
) -> dict[str, Any]:
    """Predict images out of fold, and say which classes are confused; plain values, fit for JSON.

    Gradients and colours of each image, scaled, go to a logistic regression with balanced weights:
    quick and the same every time, but no match for a trained network.
    """
    index = place.open_classes()
    index = index.take(choose_images(index, max_images, seed))
    n_chosen = len(index)
    described, index = describe_readable(index, image_size, n_folds, n_jobs)
    linear = LogisticRegression(C=0.01, class_weight="balanced", max_iter=300)
    model = make_pipeline(StandardScaler(), linear)
    groups = None
    if group_by is not None:
        paths = index.paths.iterate_bytes()
        groups, _ = find_groups(paths, group_by, place.source, index.files)
    advisor = MergeAdvisor(model, n_classes=n_classes, threshold=threshold, cv=n_folds)
    with show_waiting("predicting out of fold"):
        advisor.fit(described, index.labels, groups)
    found = advisor.suggestion_
    names = index.paths.relative()
    # Whoever asks for one class, or names a threshold, gets what follows from it.
    asked = n_classes is not None or threshold is not None
    all_confused = not asked and joins_all(found.merge, len(found.classes))
    merge = {} if all_confused else found.merge
    return {
        "source": place.source,
        "n_images": len(index),
        "n_unreadable": n_chosen - len(index),
        "classes": found.classes.tolist(),
        "confusion": found.confusion.tolist(),
        "accuracy": found.accuracy,
        "balanced_accuracy": found.balanced_accuracy,
        "merge": merge,
        "all_confused": all_confused,
        "steps": [
            step._replace(suggested=step.suggested and not all_confused)._asdict()
            for step in found.steps
        ],
        "pairs": [
            {
                "classes": [pair.first, pair.second],
                "confusability": pair.confusability,
                "files": [names[row] for row in pair.sample_indices],
            }
            for pair in found.ambiguous_pairs
        ],
        "commands": write_commands(place, merge, n_chosen > len(index)),
    }


def describe_readable(
    index: ImageIndex, image_size: tuple[int, int], n_folds: int, n_jobs: int | None
) -> tuple[NDArray[np.float64], ImageIndex]:
    """Describe the images that can be read, of which each fold needs one of every class."""
    with show_waiting(f"describing {len(index):,} images"):
        images, rows = index.read(
            image_size=image_size, on_error="skip", return_indices=True, n_jobs=n_jobs
        )
        index = index.take(rows)
        smallest = min(index.counts, key=lambda label: index.counts[label])
        if index.counts[smallest] < n_folds:
            raise ValueError(
                f"--folds must be at most the images of the smallest class, {smallest!r} with "
                f"{index.counts[smallest]} readable ones, got {n_folds}"
            )
        cells = (max(image_size[0] // 5, 1), max(image_size[1] // 5, 1))
        features = make_union(HOGFeatures(pixels_per_cell=cells, n_jobs=n_jobs), ColorHistogram())
        return features.fit_transform(images), index


def choose_images(index: ImageIndex, max_images: int, seed: int) -> NDArray[np.intp]:
    """Choose at most so many images of each class, by the hash of their paths."""
    ranks = rank_keys(hash_texts(index.paths.iterate_bytes()), seed, "suggest")
    chosen = []
    for code in range(index.n_classes):
        members = np.flatnonzero(index.codes == code)
        chosen.append(members[np.argsort(ranks[members], kind="stable")[:max_images]])
    return np.sort(np.concatenate(chosen))


def joins_all(merge: dict[Any, list[Any]], n_classes: int) -> bool:
    """Say whether a merge leaves a single class, which tells of the model and not of the classes.

    Examples
    --------
    >>> from sklmerge.cli._suggest import joins_all
    >>> joins_all({"a+b": ["a", "b"]}, 2), joins_all({"a+b": ["a", "b"]}, 3)
    (True, False)
    """
    return any(len(members) == n_classes for members in merge.values())


def write_commands(place: Place, merge: dict[Any, list[Any]], has_bad_files: bool) -> list[str]:
    """Write the command that carries the suggestion out, past files that cannot be read."""
    if not merge:
        return []
    folder, out = place.write_shell(), quote(place.name_output())
    skip = " --on-error skip" if has_bad_files else ""
    return [f"sklmerge balance {folder} {out}{write_merge(merge)}{skip}"]


def print_suggestion(found: dict[str, Any]) -> None:
    """Print what was found, for people."""
    header = ["merge", "confusability", "classes", "accuracy", "balanced acc.", ""]
    rows: list[list[object]] = [
        ["(none)", "", len(found["classes"]), found["accuracy"], found["balanced_accuracy"], ""]
    ]
    n_shown = sum(step["suggested"] for step in found["steps"]) + _MORE_STEPS
    for step in found["steps"][:n_shown]:
        scores = [step["n_classes"], step["accuracy"], step["balanced_accuracy"]]
        mark = "suggested" if step["suggested"] else ""
        rows.append([" + ".join(step["members"]), f"{step['confusability']:.3f}", *scores, mark])
    print_table(header, rows, title=f"{found['source']}: {found['n_images']:,} images, out of fold")
    lines = ["Taken for one another most often:"]
    if found["n_unreadable"]:
        lines.insert(0, f"left out, because they cannot be read: {found['n_unreadable']}")
    for pair in found["pairs"][:_MOST_PAIRS]:
        names, files = " and ".join(pair["classes"]), pair["files"]
        lines.append(f"  {names}: {len(files)} images ({pair['confusability']:.3f}), such as")
        lines += [f"    {name}" for name in files[:_MOST_FILES]]
    print_lines([*lines, *tell_merge(found)])


def tell_merge(found: dict[str, Any]) -> list[str]:
    """Say which merge is suggested, or why none is."""
    if found["all_confused"]:
        return tell_confusion(found)
    merges = ", ".join(f"{name} of {len(own)}" for name, own in found["merge"].items())
    return [
        f"Suggested: {merges or 'no merge'}",
        "  Scores rise by merging alone, because fewer classes are easier to tell apart.",
        "  Whether two should be one is for those who know what they mean.",
        *(f"  $ {command}" for command in found["commands"]),
    ]


def tell_confusion(found: dict[str, Any]) -> list[str]:
    """Say what to do where all classes are confused with one another."""
    n = len(found["classes"])
    lines = [
        f"Suggested: no merge, for all {n} classes would be one",
        "  That says that this linear model confuses these images, not that they are alike.",
    ]
    # Pairs without a confusion are not listed, and count as 0.
    mean = sum(pair["confusability"] for pair in found["pairs"]) / (n * (n - 1) / 2)
    if n > 2 and mean < 0.5:
        lines += [
            f"  It takes two classes for one another in {mean:.3f} of all cases, on average.",
            f"  Ask for those that it confuses twice as often (--threshold {2 * mean:.2f}), or a",
            "  better model (MergeAdvisor in Python).",
        ]
    else:
        lines.append("  Ask a better model (MergeAdvisor in Python).")
    return lines
