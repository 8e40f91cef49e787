"""How commands speak: tables and progress for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from sklmerge import ClassWeightEstimator, ImageIndex
from sklmerge.images import show_name
from sklmerge.report import FolderReport, FolderSuggestion


def print_json(value: Any) -> None:
    """Print a value as JSON, without escapes for characters that the terminal can show."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    print(text)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None
) -> None:
    """Print a table, with numbers aligned to the right."""
    shown = None if title is None else show_name(title)
    table = Table(title=shown, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for place, column in enumerate(columns):
        numeric = all(isinstance(row[place], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(format_cell(cell) for cell in row))
    Console(markup=False, highlight=False).print(table)


def format_cell(cell: object) -> str:
    """Format a number for people; leave anything else unchanged."""
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else show_name(str(cell))


def print_lines(lines: Sequence[str]) -> None:
    """Print lines, with escapes for characters that would break the line or the terminal."""
    for line in lines:
        print(show_name(line))


def list_members(members: Mapping[Any, Sequence[Any]], label: Any) -> str:
    """List the original classes of a merged class; "" for a class that is not merged."""
    return "" if list(members[label]) == [label] else ", ".join(map(str, members[label]))


class _RateColumn(ProgressColumn):
    """Files per second over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} files/s", style="progress.data.speed")


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar with rate and time left on standard error; gives `update(n_done, n_all)`."""
    counts, left = MofNCompleteColumn(), TimeRemainingColumn()
    columns = (TextColumn(what), BarColumn(), counts, _RateColumn(), left)
    # Standard output is for results alone; nothing is shown if standard error is no terminal.
    console = Console(stderr=True)
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=None)

        def update(n_done: int, n_all: int) -> None:
            progress.update(task, completed=n_done, total=n_all)

        yield update


@contextmanager
def show_waiting(what: str) -> Iterator[None]:
    """Show on standard error that a step takes some time."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def print_inspection(found: FolderReport) -> None:
    """Print the contents of a folder, and what to do."""
    merges = any(len(members) > 1 for members in found.members.values())
    bad = bool(found.unreadable_counts)
    columns = ["class", *(["merged from"] if merges else []), "images"]
    columns += [*(["unreadable"] if bad else []), "share", "weight", "copies per image"]
    rows = [
        [
            label,
            *([list_members(found.members, label)] if merges else []),
            n,
            *([found.unreadable_counts.get(label, 0)] if bad else []),
            f"{n / max(found.n_images, 1):.1%}",
            float(found.class_weight.get(label, 0)),
            found.copies.get(label, 0),
        ]
        for label, n in found.counts.items()
    ]
    print_table(columns, rows, title=f"{found.source}: {found.n_images:,} images")
    print_lines(found.list_remarks())


def print_suggestion(found: FolderSuggestion) -> None:
    """Print which classes are confused, and which merge is suggested."""
    header = ["merge", "confusability", "classes", "accuracy", "balanced acc.", ""]
    title = f"{found.source}: {found.n_images:,} images, cross-validated"
    print_table(header, found.list_steps(), title=title)
    print_lines(found.list_remarks())


def print_weights(
    estimator: ClassWeightEstimator, index: ImageIndex, code: str, as_json: bool
) -> None:
    """Print the weight of each class and the code, as a table or as JSON."""
    class_weight, indices = estimator.class_weight_, index.class_indices
    if as_json:
        print_json(
            {
                "class_indices": indices,
                "counts": index.counts,
                "class_weight": class_weight,
                "keras": {str(i): w for i, w in estimator.to_keras(indices).items()},
                "code": code,
            }
        )
        return
    rows = [
        [indices[label], label, index.counts[label], round(class_weight[label], 6)]
        for label in index.classes
    ]
    print_table(["index", "class", "images", "weight"], rows)
    print_lines(code.split("\n"))
