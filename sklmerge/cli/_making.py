"""Commands that write folders: one function each, what it takes, calls and prints."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sklmerge.cli import _shared_options as opt
from sklmerge.cli._errors import report_errors


@report_errors
@opt.take_augmenter
@opt.take_source
def balance(
    place: Any,
    destination: opt.Destination,
    merge: opt.Merge = None,
    samples_per_class: Annotated[
        str,
        typer.Option(
            help="Files of each class in train: majority, minority, natural, a number, or "
            "CLASS=NUMBER,..."
        ),
    ] = "majority",
    max_copies: Annotated[
        int, typer.Option(help="Maximum number of copies of one image; -1 means no limit.")
    ] = 20,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="TRAIN,VAL[,TEST]",
            help="Fractions of the images. Or, for example, val=0.1,test=50 (a tenth for val, and "
            "50 images per class for test). 1 puts all images in train.  [default: 0.8,0.2]",
        ),
    ] = None,
    folds: Annotated[
        int | None, typer.Option(help="Write this many folds for cross-validation, as links.")
    ] = None,
    resplit: Annotated[
        bool,
        typer.Option("--resplit", help="If SOURCE is already divided into parts, split it again."),
    ] = False,
    group_by: opt.GroupBy = None,
    drop: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Images to leave out before the split: duplicates, similar, leaks, conflicts, "
            "unreadable.",
        ),
    ] = None,
    image_size: Annotated[
        str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Resize all images to this.")
    ] = None,
    how: Annotated[
        str | None,
        typer.Option(
            "--place",
            help="How to place unchanged images: copy, hardlink, symlink or reference.  [default: "
            "copy, or symlink with --folds]",
        ),
    ] = None,
    image_format: Annotated[
        str, typer.Option(help="Format of the files: keep, jpeg or png.")
    ] = "keep",
    quality: Annotated[int, typer.Option(help="Quality of JPEG files, from 1 to 100.")] = 95,
    augmenter: Any = None,
    destination_options: opt.DestinationOptions = None,
    random_state: opt.Seed = 0,
    n_jobs: opt.Jobs = None,
    on_error: opt.OnError = "raise",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Take over a DESTINATION in an object store from a run that was killed."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be done, and write nothing.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Make a balanced folder: split, merge, and oversample small classes with augmented copies."""
    from sklmerge import balance_folder
    from sklmerge.cli._output import print_json, print_lines, show_progress

    options: dict[str, Any] = {
        "image_format": image_format,
        "place": how,
        "on_error": on_error,
        "destination_options": opt.read_storage_options(destination_options, "destination_options"),
    }
    if split is not None:
        options["split"] = opt.read_split(split)
    joined = opt.read_merge(merge)
    if place.needs_index:
        source: Any = place.open_index(joined)
        joined = None
    else:
        place.check_columns()
        source = place.source
        options |= {
            "classes": place.classes,
            "levels": place.levels or "top",
            "extensions": place.extensions,
            "exclude": place.exclude,
            "storage_options": place.options,
        }
    with show_progress("writing files") as update:
        report = balance_folder(
            source,
            destination,
            merge=joined,
            samples_per_class=opt.read_samples(samples_per_class),
            max_copies=opt.read_max_copies(max_copies),
            augmenter=augmenter,
            folds=folds,
            resplit=resplit,
            group_by=group_by,
            drop=opt.read_names("drop", drop) or (),
            image_size=opt.read_image_size(image_size),
            quality=quality,
            random_state=random_state,
            n_jobs=n_jobs,
            force=force,
            dry_run=dry_run,
            progress=update,
            **options,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(report.to_text().split("\n"))


@report_errors
def separate(
    balanced: Annotated[str, typer.Argument(metavar="BALANCED", help="Folder that balance wrote.")],
    destination: Annotated[str, typer.Argument(metavar="DESTINATION", help="New or empty folder.")],
    include_augmented: Annotated[
        bool,
        typer.Option(
            "--include-augmented/--no-include-augmented",
            help="Whether to include the augmented copies.",
        ),
    ] = True,
    as_json: opt.Json = False,
) -> None:
    """Restore the original classes of a balanced folder, one folder per class."""
    from sklmerge.balance import separate as take_apart
    from sklmerge.cli._output import print_json, print_table

    counts = take_apart(balanced, destination, include_augmented=include_augmented)
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
    n_jobs: opt.Jobs = None,
) -> None:
    """Show all steps on sample photographs, from merging to evaluation."""
    from sklmerge.cli._demo import run_demo

    run_demo(out, n_jobs)
