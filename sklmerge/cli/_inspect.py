"""What `sklmerge inspect` finds out about a folder, and how it says it."""

from shlex import quote
from typing import Any

from sklmerge import ClassWeightEstimator
from sklmerge.balance import RULES, advise
from sklmerge.cli._errors import speak_reasons
from sklmerge.cli._options import read_size, write_merge
from sklmerge.cli._output import list_members, print_lines, print_table, show_progress
from sklmerge.cli._places import Place
from sklmerge.images import ImageReport

_MOST_NAMED = 10


def inspect_folder(
    place: Place,
    merge: Any,
    n_jobs: int | None,
    *,
    max_pixels: int = 200_000_000,
    budget: str | None = None,
) -> dict[str, Any]:
    """Count, weigh, verify and advise; everything as plain values, fit for JSON."""
    index = place.open_classes(merge, allow_empty=True)
    if index.empty_folders:
        # What is advised must run.
        place = place._replace(classes=list(index.original_classes))
    with show_progress("reading files") as update:
        report = index.verify(n_jobs=n_jobs, max_pixels=max_pixels, progress=update)
    budget_bytes = place.measure_room() if budget is None else read_size(budget)
    advice = advise(
        index.counts, image_bytes=report.n_bytes / len(index), budget_bytes=budget_bytes
    )
    weights = ClassWeightEstimator().fit_counts(index.counts)
    return {
        "source": place.source,
        "n_images": len(index),
        "counts": index.counts,
        "original_counts": index.original_counts,
        "empty_folders": index.empty_folders,
        "members": {label: list(names) for label, names in index.merger.members_.items()},
        "ratio": advice.ratio,
        "class_weight": weights.class_weight_,
        "copies": advice.copies,
        "n_files_balanced": advice.n_files,
        "budget_bytes": budget_bytes,
        "remedy": advice.remedy,
        "reasons": advice.reasons,
        "bad_files": speak_reasons(report.bad_files),
        "duplicates": report.duplicates,
        "same_pixels": report.same_pixels,
        "conflicts": report.conflicts,
        "sizes": {name: list(size) for name, size in report.sizes.items()},
        "modes": report.modes,
        "formats": report.formats,
        "wrong_extensions": report.wrong_extensions,
        "n_bytes": report.n_bytes,
        "images": report.describe_images(),
        "commands": write_commands(place, merge, advice.remedy, bool(report.bad_files)),
        "code": write_code(place, merge, advice.remedy, report),
    }


def write_commands(
    place: Place, merge: dict[str, list[str]] | None, remedy: str, has_bad_files: bool
) -> list[str]:
    """Write the commands that carry the advice out, past files that cannot be read."""
    folder, out = place.write_shell(), quote(place.name_output())
    merged = write_merge(merge) + (" --on-error skip" if has_bad_files else "")
    if remedy == "weights":
        return [f"sklmerge weights {folder}{write_merge(merge)}"]
    if remedy == "copies and weights":
        return [
            f"sklmerge balance {folder} {out}{merged} --max-copies {RULES.max_copies}",
            f"sklmerge weights {out}/train",
        ]
    return []


def write_code(
    place: Place, merge: dict[str, list[str]] | None, remedy: str, report: ImageReport
) -> list[str]:
    """Write the same for a program; beside copies also what a training loop takes instead."""
    if remedy == "nothing":
        return []
    if remedy == "weights":
        return [
            "from sklmerge import ClassWeightEstimator, ImageIndex",
            f"class_weight = ClassWeightEstimator().fit({place.write_code(merge)}).to_keras()",
        ]
    epochs = _write_epochs(place, merge, report)
    if remedy == "epochs":
        return epochs
    return [*_write_copies(place, merge, report), "# or, in a training loop:", *epochs]


def _write_copies(
    place: Place, merge: dict[str, list[str]] | None, report: ImageReport
) -> list[str]:
    """Write the job that makes copies, and the weights of what it leaves uneven."""
    out = place.name_output()
    skip = ', on_error="skip"' if report.bad_files else ""
    folders = place.write_arguments(merge, out)
    balanced = f"ImageIndex({f'{out}/train'!r})"
    return [
        "from sklmerge import ClassWeightEstimator, ImageIndex, balance_folder",
        "balance_folder(",
        f"    {folders}, max_copies={RULES.max_copies}{skip}",
        ")",
        f"class_weight = ClassWeightEstimator().fit({balanced}).to_keras()",
    ]


def _write_epochs(
    place: Place, merge: dict[str, list[str]] | None, report: ImageReport
) -> list[str]:
    """Write balanced epochs for a training loop.

    Images of several sizes are brought to the median; files that cannot be read are passed over.
    """
    sizes = {name: tuple(size) for name, size in report.sizes.items()}
    options = [f", image_size={sizes['median']}"] if len(set(sizes.values())) > 1 else []
    options += [', on_error="skip"'] if report.bad_files else []
    return [
        "from sklmerge import EpochSchedule, ImageBatches, ImageIndex",
        f"index = {place.write_code(merge)}",
        'schedule = EpochSchedule("minority", random_state=0)',
        "batches = ImageBatches(",
        '    index, schedule=schedule, augmenter="light"' + "".join(options),
        ")",
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
    lines = list(found["images"])
    for name, text in (
        ("empty_folders", "class folders without an image"),
        ("bad_files", "files that cannot be read"),
        ("duplicates", "groups of equal files"),
        ("same_pixels", "groups of different files with the same pixels"),
        ("conflicts", "groups of equal images under different labels"),
        ("wrong_extensions", "files with the extension of another format"),
    ):
        lines.append(f"{text}: {len(found[name])}")
        lines += _name_some(found[name])
    lines.append(f"What to do: {found['remedy']}")
    lines += [f"  {reason}" for reason in found["reasons"]]
    lines += [f"  $ {command}" for command in found["commands"]]
    if found["code"]:
        lines += ["In Python:", *found["code"]]
    print_lines(lines)


def _name_some(found: dict[str, str] | list[list[str]] | list[str]) -> list[str]:
    """Name the first of some files, each with its reason, of groups of files, or of folders."""
    if isinstance(found, dict):
        named = [f"  {path} ({reason})" for path, reason in found.items()]
    else:
        named = [f"  {same if isinstance(same, str) else ' = '.join(same)}" for same in found]
    n_more = len(named) - _MOST_NAMED
    return named[:_MOST_NAMED] + ([f"  and {n_more:,} more"] if n_more > 0 else [])
