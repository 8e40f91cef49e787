"""One balanced folder planned and written: what `balance_folder` does once, or once for a fold."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from sklmerge._checks import check_choice, check_whole
from sklmerge.balance.plan import Cleaned, Groups, Plan, Rules, Sources, choose_extension, plan_job
from sklmerge.balance.store import LINKS, Store
from sklmerge.balance.work import (
    BalanceReport,
    OutputSettings,
    Progress,
    begin_job,
    carry_out,
    compare_versions,
    describe_job,
    find_begun_plan,
    find_leaks,
    finish_job,
    make_report,
    read_known,
)

PLACES = ("copy", *LINKS, "reference")
IMAGE_FORMATS = ("keep", "jpeg", "png")


class Output(NamedTuple):
    """How files are written to the destination; the fields are parameters of `balance_folder`."""

    place: str
    image_format: str
    image_size: tuple[int, int] | None
    quality: int


def run_job(
    store: Store,
    rules: Rules,
    *,
    sources: Sources,
    mapping: Mapping[str, str],
    groups: Groups | None,
    output: Output,
    parameters: Mapping[str, Any],
    cleaned: Cleaned,
    n_jobs: int | None,
    skip: bool,
    dry_run: bool,
    progress: Progress | None,
) -> BalanceReport:
    """Plan one balanced folder, and write it unless this is a dry run."""
    plan = plan_job(sources, mapping, rules, groups)
    head = describe_job(plan, parameters, sources.root)
    begun = find_begun_plan(store, head)
    other_versions = compare_versions(begun, head)

    def report(plan: Plan, skipped: Mapping[str, str], n_bytes: int | None) -> BalanceReport:
        known, known_at = read_known(begun, store.place)
        # What is only referred to is not opened, and what is behind a URL is not fetched twice.
        looks = sources.files is None and output.place != "reference"
        leaks = find_leaks(plan, n_jobs, known=known, known_at=known_at) if looks else []
        return make_report(plan, skipped, n_bytes, leaks, other_versions, cleaned)

    if dry_run:
        return report(plan, {}, None)
    extensions = [
        choose_extension(path, output.image_format) for path in plan.paths.iterate_bytes()
    ]
    with store.open() as opened:
        head, present = begin_job(plan, head, opened)
        settings = OutputSettings(
            augmenter=rules.augmenter,
            seed=rules.seed,
            image_size=output.image_size,
            place=output.place,
            quality=output.quality,
            reader=sources.reader,
            remote=sources.files,
            store=opened,
            owner=os.getpid(),
        )
        plan, skipped, n_bytes = carry_out(
            plan, extensions, settings, present, skip=skip, n_jobs=n_jobs, progress=progress
        )
        done = report(plan, skipped, n_bytes)
        finish_job(plan, head, done, extensions, settings)
    return done


def check_output(
    place: str | None,
    n_folds: int | None,
    image_format: str,
    image_size: tuple[int, int] | None,
    quality: int,
) -> Output:
    """Check the parameters that say how files are written, also against each other."""
    if place is None:
        place = "copy" if n_folds is None else "symlink"
    check_choice("place", place, PLACES)
    check_choice("image_format", image_format, IMAGE_FORMATS)
    if place == "reference" and (image_size is not None or image_format != "keep"):
        changed = "image_size" if image_size is not None else "image_format"
        raise ValueError(
            f"place='reference' leaves originals as they are, so {changed} cannot be given; resize "
            "or convert when reading, or pass place='copy'"
        )
    return Output(
        place,
        image_format,
        image_size,
        check_whole("quality", quality, 1, 100),
    )
