"""What `sklmerge inspect` finds out about a folder, and how it says it."""

from pathlib import Path
from shlex import quote
from typing import Any

from sklmerge import ClassWeightEstimator
from sklmerge.balance import advise
from sklmerge.cli._options import open_classes, write_merge
from sklmerge.cli._output import list_members, print_lines, print_table, show_waiting

_MOST_NAMED = 10


def inspect_folder(source: Path, merge: Any, n_jobs: int | None) -> dict[str, Any]:
    """Count, weigh, verify and advise; everything as plain values, fit for JSON."""
    index = open_classes(source, merge)
    with show_waiting(f"reading {len(index):,} files"):
        report = index.verify(n_jobs=n_jobs)
    advice = advise(index.counts)
    weights = ClassWeightEstimator().fit_counts(index.counts)
    return {
        "source": str(source),
        "n_images": len(index),
        "counts": index.counts,
        "original_counts": index.original_counts,
        "members": {label: list(names) for label, names in index.merger.members_.items()},
        "ratio": advice.ratio,
        "class_weight": weights.class_weight_,
        "copies": advice.copies,
        "remedy": advice.remedy,
        "reasons": advice.reasons,
        "bad_files": report.bad_files,
        "duplicates": report.duplicates,
        "conflicts": report.conflicts,
        "commands": write_commands(source, merge, advice.remedy),
        "code": write_code(source, merge, advice.remedy),
    }


def write_commands(source: Path, merge: dict[str, list[str]] | None, remedy: str) -> list[str]:
    """Write the commands that carry the advice out."""
    folder, out = quote(str(source)), quote(f"{source}-balanced")
    merged = write_merge(merge)
    commands = {
        "nothing": [],
        "weights": [f"sklmerge weights {folder}{merged}"],
        "copies": [f"sklmerge balance {folder} {out}{merged}"],
        "copies and weights": [
            f"sklmerge balance {folder} {out}{merged} --max-copies 20",
            f"sklmerge weights {out}/train",
        ],
    }
    return commands[remedy]


def write_code(source: Path, merge: dict[str, list[str]] | None, remedy: str) -> list[str]:
    """Write the same for a program: weights, or balanced epochs for a training loop."""
    index = f"ImageIndex({str(source)!r}{'' if merge is None else f', merge={merge!r}'})"
    if remedy == "nothing":
        return []
    if remedy == "weights":
        return [
            "from sklmerge import ClassWeightEstimator, ImageIndex",
            f"class_weight = ClassWeightEstimator().fit({index}).to_keras()",
        ]
    return [
        "from sklmerge import EpochSchedule, ImageBatches, ImageIndex",
        f"index = {index}",
        'schedule = EpochSchedule("minority", random_state=0)',
        'batches = ImageBatches(index, schedule=schedule, augmenter="light", image_size=(96, 96))',
    ]


def print_inspection(found: dict[str, Any]) -> None:
    """Print what was found, for people."""
    merges = any(len(members) > 1 for members in found["members"].values())
    columns = ["class", *(["of"] if merges else []), "images", "share", "weight", "copies of each"]
    rows = [
        [
            label,
            *([list_members(found["members"], label)] if merges else []),
            n,
            f"{n / found['n_images']:.1%}",
            float(found["class_weight"][label]),
            found["copies"][label],
        ]
        for label, n in found["counts"].items()
    ]
    print_table(columns, rows, title=f"{found['source']}: {found['n_images']:,} images")
    lines = []
    for name, text in (
        ("bad_files", "files that cannot be read"),
        ("duplicates", "groups of equal files"),
    ):
        lines.append(f"{text}: {len(found[name])}")
    for path, reason in list(found["bad_files"].items())[:_MOST_NAMED]:
        lines.append(f"  cannot be read: {path} ({reason})")
    for same in found["conflicts"][:_MOST_NAMED]:
        lines.append(f"  equal under different labels: {' = '.join(same)}")
    lines.append(f"What to do: {found['remedy']}")
    lines += [f"  {reason}" for reason in found["reasons"]]
    lines += [f"  $ {command}" for command in found["commands"]]
    if found["code"]:
        lines += ["In Python:", *found["code"]]
    print_lines(lines)
