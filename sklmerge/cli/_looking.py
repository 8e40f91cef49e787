"""Commands that look at images: one function each, what it takes, calls and prints."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sklmerge import ClassWeightEstimator
from sklmerge.balance import audit_split
from sklmerge.cli import _options as opt
from sklmerge.cli._errors import report_errors, speak_reasons
from sklmerge.cli._frameworks import tell_weights, write_code
from sklmerge.cli._inspect import inspect_folder, print_inspection
from sklmerge.cli._options import take_augmenter
from sklmerge.cli._output import print_json, print_lines, show_progress
from sklmerge.cli._places import Place, Source, StorageOptions
from sklmerge.cli._places import read_storage_options as read_options
from sklmerge.cli._preview import draw_preview, write_picture
from sklmerge.cli._suggest import print_suggestion, suggest_for_folder
from sklmerge.images import is_url


@report_errors
def inspect(
    source: Source,
    classes: opt.Classes = None,
    merge: opt.Merge = None,
    max_pixels: opt.MaxPixels = 200_000_000,
    budget: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Room for copies, as 20GB.  [default: what is free]"),
    ] = None,
    storage_options: StorageOptions = None,
    jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Count classes, find bad and duplicate files, and say what to do about the imbalance."""
    place = Place.read(source, storage_options, classes)
    found = inspect_folder(place, opt.read_merge(merge), jobs, max_pixels=max_pixels, budget=budget)
    if as_json:
        print_json(found)
    else:
        print_inspection(found)


@report_errors
def weights(
    source: Source,
    classes: opt.Classes = None,
    merge: opt.Merge = None,
    scheme: Annotated[str, typer.Option(help="balanced, effective, log or uniform.")] = "balanced",
    power: Annotated[float, typer.Option(help="Of balanced; 0.5 is the square-root rule.")] = 1.0,
    beta: Annotated[float, typer.Option(help="Of effective, in [0, 1).")] = 0.9999,
    normalize: Annotated[
        str, typer.Option(help="What is 1: samples (mean), classes (mean), max, min, or none.")
    ] = "samples",
    max_ratio: Annotated[
        float | None, typer.Option(help="Largest weight, as a multiple of the smallest.")
    ] = None,
    framework: Annotated[
        str,
        typer.Option(help="Print code for keras, torch, sklearn, lightgbm, catboost or xgboost."),
    ] = "keras",
    storage_options: StorageOptions = None,
    as_json: opt.Json = False,
) -> None:
    """Compute class weights for a folder of class folders."""
    index = Place.read(source, storage_options, classes).open_classes(opt.read_merge(merge))
    estimator = ClassWeightEstimator(
        scheme,
        power=power,
        beta=beta,
        normalize=None if normalize == "none" else normalize,
        max_ratio=max_ratio,
    ).fit_counts(index.counts)
    tell_weights(estimator, index, write_code(framework, estimator, index), as_json)


@report_errors
def suggest(
    source: Source,
    classes: opt.Classes = None,
    n_classes: Annotated[
        int | None, typer.Option(min=1, help="Merge until so many classes are left.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Merge while confusability is at least this.  [default: 0.1]"),
    ] = None,
    image_size: Annotated[
        str, typer.Option(metavar="HEIGHTxWIDTH", help="Size at which images are compared.")
    ] = "48x48",
    max_images: Annotated[
        int, typer.Option(min=2, help="Look at so many images of a class at most.")
    ] = 500,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-validation.")] = 5,
    group_by: opt.GroupBy = None,
    storage_options: StorageOptions = None,
    seed: opt.Seed = 0,
    jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Suggest which classes to merge, because a linear model takes them for one another."""
    found = suggest_for_folder(
        Place.read(source, storage_options, classes),
        image_size=opt.read_image_size(image_size),
        max_images=max_images,
        n_classes=n_classes,
        threshold=threshold,
        group_by=group_by,
        n_folds=folds,
        seed=seed,
        n_jobs=jobs,
    )
    if as_json:
        print_json(found)
    else:
        print_suggestion(found)


@report_errors
def audit(
    train: Annotated[str, typer.Argument(metavar="TRAIN", help="Folder of class folders, or URL.")],
    val: Annotated[str, typer.Argument(metavar="VAL", help="Folder of class folders, or URL.")],
    max_pixels: opt.MaxPixels = 200_000_000,
    storage_options: StorageOptions = None,
    jobs: opt.Jobs = None,
    as_json: opt.Json = False,
) -> None:
    """Find images of TRAIN that are in VAL too, and copies whose source is; exit 1 if there are."""
    with show_progress("comparing images") as update:
        report = audit_split(
            train,
            val,
            n_jobs=jobs,
            max_pixels=max_pixels,
            progress=update,
            storage_options=read_options(storage_options),
        )
    report = replace(report, unreadable=speak_reasons(report.unreadable))
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(str(report).split("\n"))
    if not report.ok:
        raise typer.Exit(1)


@report_errors
@take_augmenter
def preview(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture to write.")] = Path(
        "preview.png"
    ),
    classes: opt.Classes = None,
    sources: Annotated[int, typer.Option(min=1, help="Rows of each class.")] = 1,
    copies: Annotated[int, typer.Option(min=1, help="Varied copies in each row.")] = 6,
    merge: opt.Merge = None,
    augmenter: Any = None,
    storage_options: StorageOptions = None,
    seed: opt.Seed = 0,
) -> None:
    """Draw a contact sheet: images of each class beside the copies that would be made of them."""
    index = Place.read(source, storage_options, classes).open_index(opt.read_merge(merge))
    if not is_url(source) and Path(source).resolve() in out.resolve().parents:
        raise ValueError(f"--out must lie outside SRC, whose files are never changed, got {out}")
    sheet = draw_preview(index, augmenter, sources, copies, seed)
    write_picture(sheet, out)
    print_lines([f"wrote {out}"])
