"""Commands that look at images: one function each, what it takes, calls and prints."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sklmerge.cli import _shared_options as opt
from sklmerge.cli._errors import report_errors


@report_errors
@opt.take_source
def inspect(
    place: Any,
    merge: opt.Merge = None,
    model: Annotated[
        str, typer.Option(help="What you will train: network, embedding, linear or trees.")
    ] = "network",
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Disk space for all files, such as 20GB.  [default: free space]"
        ),
    ] = None,
    n_jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Count classes, find damaged and duplicate files, and advise on the imbalance."""
    from sklmerge.cli._output import print_inspection, print_json, show_progress
    from sklmerge.report import inspect_folder

    with show_progress("reading files") as update:
        found = inspect_folder(
            place,
            merge=opt.read_merge(merge),
            model=model,
            budget_bytes=opt.read_budget(budget),
            n_jobs=n_jobs,
            progress=update,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        print_inspection(found)


@report_errors
@opt.take_source
def report(
    place: Any,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path(
        "report.html"
    ),
    merge: opt.Merge = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    random_state: opt.Seed = 0,
    n_jobs: opt.Jobs = None,
) -> None:
    """Write an HTML page: counts, sample images, damaged files, duplicates and advice."""
    from sklmerge.cli._output import print_lines, show_progress
    from sklmerge.report import write_report

    with show_progress("reading files") as update:
        write_report(
            place,
            out,
            merge=opt.read_merge(merge),
            force=force,
            random_state=random_state,
            n_jobs=n_jobs,
            progress=update,
        )
    print_lines([f"wrote {out}"])


@report_errors
@opt.take_source
def weights(
    place: Any,
    merge: opt.Merge = None,
    scheme: Annotated[
        str, typer.Option(help="Scheme: balanced, effective, log or uniform.")
    ] = "balanced",
    power: Annotated[float, typer.Option(help="Exponent for balanced; 0.5: square root.")] = 1.0,
    beta: Annotated[float, typer.Option(help="Parameter of effective, in [0, 1).")] = 0.9999,
    normalize: Annotated[
        str,
        typer.Option(
            help="Which weight becomes 1: the mean over samples or over classes, max or min. "
            "none: no normalisation."
        ),
    ] = "samples",
    max_ratio: Annotated[
        float | None,
        typer.Option(help="Limit the largest weight to this multiple of the smallest."),
    ] = None,
    framework: Annotated[
        str,
        typer.Option(help="Print code for keras, torch, sklearn, lightgbm, catboost or xgboost."),
    ] = "keras",
    as_json: opt.Json = False,
) -> None:
    """Compute class weights for a folder of class folders."""
    from sklmerge import ClassWeightEstimator
    from sklmerge.cli._output import print_weights
    from sklmerge.report import write_weights

    index = place.open_classes(opt.read_merge(merge))
    estimator = ClassWeightEstimator(
        scheme,
        power=power,
        beta=beta,
        normalize=None if normalize == "none" else normalize,
        max_ratio=max_ratio,
    ).fit_counts(index.counts)
    print_weights(estimator, index, write_weights(framework, estimator, index), as_json)


@report_errors
@opt.take_source
def suggest(
    place: Any,
    merge: opt.Merge = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx", help="Use the output of this network as features of the images."
        ),
    ] = None,
    n_classes: Annotated[
        int | None, typer.Option(min=1, help="Merge until this many classes are left.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Merge classes as long as their confusability is at least this value."
            "  [default: 0.1]"
        ),
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="HEIGHTxWIDTH",
            help="Resize images to this size first.  [default: 48x48, or the size that --model "
            "expects]",
        ),
    ] = None,
    max_images: Annotated[int, typer.Option(min=2, help="Maximum images to use per class.")] = 500,
    folds: Annotated[int, typer.Option(min=2, help="Number of cross-validation folds.")] = 5,
    group_by: opt.GroupBy = None,
    random_state: opt.Seed = 0,
    n_jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Suggest which classes to merge because a linear model confuses them."""
    from sklmerge.cli._output import print_json, print_suggestion, show_waiting
    from sklmerge.report import suggest_folder

    with show_waiting("computing features and cross-validating"):
        found = suggest_folder(
            place,
            merge=opt.read_merge(merge),
            model=None if model is None else str(model),
            n_classes=n_classes,
            threshold=threshold,
            image_size=opt.read_image_size(image_size),
            max_images=max_images,
            folds=folds,
            group_by=group_by,
            random_state=random_state,
            n_jobs=n_jobs,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        print_suggestion(found)


@report_errors
def audit(
    train: Annotated[
        str, typer.Argument(metavar="TRAIN", help="Folder of class folders, URL, or table.")
    ],
    val: Annotated[
        str, typer.Argument(metavar="VAL", help="Folder, URL or table of the validation images.")
    ],
    path_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of paths, if TRAIN or VAL is a table."),
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of labels, if TRAIN or VAL is a table."),
    ] = None,
    suffix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Text to append to each path, such as .jpg.")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Folder that the paths in the tables are relative to."),
    ] = None,
    extensions: Annotated[
        str | None,
        typer.Option(
            metavar=".A,.B", help="File extensions to read, such as .jpg to skip PNG masks."
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Leave out files whose paths match, such as _mask."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV file to write, with all pairs that were found."),
    ] = None,
    storage_options: opt.StorageOptions = None,
    n_jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Find VAL images that are also in TRAIN: equal, similar, or copies. Exit code 1 if any."""
    from sklmerge.balance import audit_split
    from sklmerge.cli._output import print_json, print_lines, show_progress
    from sklmerge.report import Place

    options = opt.read_storage_options(storage_options)
    endings = opt.read_names("extensions", extensions)
    columns = {"path_column": path_column, "label_column": label_column, "suffix": suffix}
    places = [Place(s, extensions=endings, exclude=exclude, options=options) for s in (train, val)]
    given = [name for name, value in {"root": root, **columns}.items() if value]
    if given and not any(place.has_table for place in places):
        raise ValueError(f"{given[0]} is for a table, got folders: {train!r} and {val!r}")
    sides = [_open_side(place, root, columns) for place in places]
    with show_progress("comparing images") as update:
        found = audit_split(
            *sides,
            n_jobs=n_jobs,
            progress=update,
            storage_options=options,
        )
    if out is not None:
        found.write_csv(out)
    if as_json:
        print_json(found.to_dict())
    else:
        print_lines(str(found).split("\n"))
    if not found.ok:
        raise typer.Exit(1)


def _open_side(place: Any, root: str | None, columns: dict[str, Any]) -> Any:
    """Index a table, or what a pattern leaves of a folder; give any other folder as it is."""
    if place.has_table:
        place = place._replace(**columns)
        if root is not None:
            place = place._replace(source=root, labels=place.source)
    if place.has_table or place.extensions or place.exclude:
        return place.open_index(allow_empty=True)
    return place.source


@report_errors
@opt.take_augmenter
@opt.take_source
def preview(
    place: Any,
    out: Annotated[Path, typer.Option("--out", "-o", help="Image file to write.")] = Path(
        "preview.png"
    ),
    n_sources: Annotated[int, typer.Option(min=1, help="Number of rows per class.")] = 1,
    n_copies: Annotated[int, typer.Option(min=1, help="Number of copies per row.")] = 6,
    merge: opt.Merge = None,
    augmenter: Any = None,
    random_state: opt.Seed = 0,
) -> None:
    """Draw a contact sheet: images of each class beside their augmented copies."""
    from sklmerge.cli._output import print_lines
    from sklmerge.report import preview_folder

    preview_folder(
        place.open_index(opt.read_merge(merge)),
        out,
        augmenter=augmenter,
        n_sources=n_sources,
        n_copies=n_copies,
        random_state=random_state,
    )
    print_lines([f"wrote {out}"])
