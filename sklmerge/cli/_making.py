"""Commands that write folders: one function each, what it takes, calls and prints."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sklmerge import balance_folder, separate
from sklmerge.cli import _options as opt
from sklmerge.cli._demo import run_demo
from sklmerge.cli._errors import report_errors, speak_reasons
from sklmerge.cli._options import take_augmenter
from sklmerge.cli._output import print_json, print_lines, print_table, show_progress
from sklmerge.cli._places import Destination, DestinationOptions, Source, StorageOptions
from sklmerge.cli._places import read_storage_options as read_options


@report_errors
@take_augmenter
def balance(
    source: Source,
    destination: Destination,
    classes: opt.Classes = None,
    merge: opt.Merge = None,
    samples_per_class: Annotated[
        str,
        typer.Option(help="majority, minority, none, a number, or CLASS=NUMBER,... in train."),
    ] = "majority",
    max_copies: Annotated[int, typer.Option(help="Most copies of one image; -1: no bound.")] = 20,
    split: Annotated[
        str, typer.Option(metavar="TRAIN,VAL[,TEST]", help="Shares; 1 puts all in train.")
    ] = "0.8,0.2",
    group_by: opt.GroupBy = None,
    image_size: Annotated[
        str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Resize all images.")
    ] = None,
    place: Annotated[
        str, typer.Option(help="Unchanged images: copy, hardlink, symlink or reference.")
    ] = "copy",
    max_pixels: opt.MaxPixels = 200_000_000,
    image_format: Annotated[str, typer.Option("--format", help="keep, jpeg or png.")] = "keep",
    quality: Annotated[int, typer.Option(help="Of JPEG files that are written anew.")] = 95,
    augmenter: Any = None,
    storage_options: StorageOptions = None,
    destination_options: DestinationOptions = None,
    seed: opt.Seed = 0,
    jobs: opt.Jobs = None,
    on_error: Annotated[str, typer.Option(help="Unreadable images: raise or skip.")] = "raise",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Make a balanced folder: split, merge, and fill small classes up with varied copies."""
    options: dict[str, Any] = {
        "place": place,
        "image_format": image_format,
        "on_error": on_error,
        "max_pixels": max_pixels,
        "storage_options": read_options(storage_options),
        "destination_options": read_options(destination_options, "destination_options"),
    }
    with show_progress("writing files") as update:
        report = balance_folder(
            source,
            destination,
            classes=opt.read_classes(classes),
            merge=opt.read_merge(merge),
            samples_per_class=opt.read_samples(samples_per_class),
            max_copies=None if max_copies == -1 else max_copies,
            augmenter=augmenter,
            split=opt.read_split(split),
            group_by=group_by,
            image_size=None if image_size is None else opt.read_image_size(image_size),
            quality=quality,
            random_state=seed,
            n_jobs=jobs,
            dry_run=dry_run,
            progress=update,
            **options,
        )
    report = replace(report, skipped=speak_reasons(report.skipped))
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(report.to_text().split("\n"))


@report_errors
def separate_command(
    balanced: Annotated[str, typer.Argument(metavar="DST", help="What balance has written.")],
    destination: Annotated[str, typer.Argument(metavar="OUT", help="New or empty folder.")],
    augmented: Annotated[
        bool, typer.Option("--augmented/--no-augmented", help="Whether to take the copies along.")
    ] = True,
    as_json: opt.Json = False,
) -> None:
    """Give the original classes of a balanced folder back, each in a folder of its own."""
    counts = separate(balanced, destination, include_augmented=augmented)
    if as_json:
        print_json(counts)
        return
    rows = [[part, label, n] for part, classes in counts.items() for label, n in classes.items()]
    print_table(["part", "original class", "files"], rows)


@report_errors
def demo(
    out: Annotated[
        Path, typer.Argument(metavar="[OUT]", help="New or empty folder to write to.")
    ] = Path("sklmerge-demo"),
    jobs: opt.Jobs = None,
) -> None:
    """Run the main job on photographs that are at hand, from merging to judging it."""
    run_demo(out, jobs)
