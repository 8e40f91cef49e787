"""Settings of a schedule and labels in, numbers of draws out: the rules of `fit`."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sklmerge._checks import check_choice, check_samples_per_class, check_whole
from sklmerge._codes import count_classes, match_labels
from sklmerge._containers import CountedLabels, is_index, read_categories, read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._did_you_mean import suggest_names
from sklmerge._kinds import show_labels
from sklmerge.labels import LabelMerger, check_merger, is_indicator


class ReadClasses(NamedTuple):
    """The classes, and the class of each row."""

    merger: LabelMerger
    originals: list[Any]
    # The place of each row's class in `originals`, and the rows of each of these.
    codes: NDArray[np.signedinteger]
    counts: NDArray[np.int64]


def read_drawn_classes(y: Any, merge: Any) -> ReadClasses:
    """Read the merged and original classes of y; merge=None uses the merge of an index."""
    if is_index(y):
        merger = y.merger
        if merge is not None:
            if y.n_classes != len(y.original_classes):
                raise ValueError(
                    "merge must be given once, got one in the ImageIndex and one in the schedule"
                )
            # A part of an index, such as one side of a split, keeps the classes of the whole.
            whole: Any = CountedLabels(
                list(merger.class_counts_), list(merger.class_counts_.values())
            )
            merger = check_merger(merge).fit(whole)
        originals, codes = list(y.original_classes), y.original_codes
        counts = np.zeros(len(originals), np.int64)
        present, n_present = count_classes(codes)
        counts[present] = n_present
        return ReadClasses(merger, originals, codes, counts)
    y = find_labels(y)
    merger = check_merger(merge).fit(y)
    if merger.multilabel_:
        raise ValueError("y must have one label a row, got a 0/1 table with one column a label")
    originals = merger.classes_.tolist()
    dtype, categories = _choose_dtype(len(originals)), read_categories(y)
    if categories is None:
        codes = match_labels(read_labels(y), merger.classes_, dtype)
    else:
        # A categorical is numbered by its categories: no row of it is spelt out.
        places, names = categories
        codes = np.take(match_labels(names, merger.classes_, dtype), places)
    counts = np.array([merger.class_counts_[label] for label in originals])
    return ReadClasses(merger, originals, codes, counts)


def read_label_table(y: Any, merge: Any) -> tuple[LabelMerger, NDArray[np.uint8]] | None:
    """Read and merge a 0/1 table of labels; return None if y has one label per row."""
    if is_index(y) or not is_indicator(y):
        return None
    merger = check_merger(merge).fit(y)
    merged = merger.transform(y)
    table = merged.toarray() if issparse(merged) else np.asarray(merged)
    return merger, table.astype(np.uint8)


def check_table_settings(augment: Any, within_merged: str, *, stratify_batches: bool) -> None:
    """Refuse settings that are impossible if rows have several labels."""
    if stratify_batches:
        raise ValueError(
            "stratify_batches must be False if rows of y hold several labels, got True: no batch "
            "can have its exact share of each"
        )
    if within_merged != "natural":
        raise ValueError(
            f"within_merged must be 'natural' if rows of y hold several labels, got "
            f"{within_merged!r}"
        )
    if not isinstance(augment, str | None):
        raise ValueError(
            "augment must be 'all', 'repeated' or 'none' if rows of y hold several labels, got "
            f"{augment!r}"
        )


def check_augment(augment: Any, samples_per_class: Any) -> None:
    """Refuse `augment` with samples_per_class=None, which augments nothing."""
    if samples_per_class is None and augment is not None:
        raise ValueError(
            "augment must be None beside samples_per_class=None, whose draws are plain, "
            f'got {augment!r}; pass samples_per_class="natural" for each image once, '
            "shuffled and augmented"
        )


def check_counts(counts: Mapping[Any, int], samples_per_class: Any) -> None:
    """Refuse classes without an image, unless samples_per_class is None."""
    empty = [label for label, n in counts.items() if n == 0]
    # A test side may lack a rare class; what draws from each class needs them all.
    if empty and samples_per_class is not None:
        raise ValueError(f"y must have an image of every class, got none of {show_labels(empty)}")


def check_unchanged(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to draw if parameters of the schedule have changed since its fit."""
    for name, value in now.items():
        if name not in before or not _is_same(before[name], value):
            raise ValueError(
                f"{name} must stay as it was in fit, got {value!r}; fit the schedule again"
            )


def _is_same(before: Any, now: Any) -> bool:
    return before is now or (type(before) is type(now) and np.array_equal(before, now))


def _choose_dtype(n_classes: int) -> type[np.signedinteger]:
    for dtype in (np.int8, np.int16):
        if n_classes <= np.iinfo(dtype).max:
            return dtype
    return np.int32


def resolve_samples(samples_per_class: Any, counts: Mapping[Any, int]) -> dict[Any, int]:
    """Compute the number of draws of each class in an epoch."""
    check_samples_per_class(samples_per_class)
    if samples_per_class is None or (
        isinstance(samples_per_class, str) and samples_per_class == "natural"
    ):
        return dict(counts)
    if isinstance(samples_per_class, Mapping):
        differing = [label for label in counts if label not in samples_per_class]
        differing += [label for label in samples_per_class if label not in counts]
        if differing:
            raise ValueError(
                f"samples_per_class must name each class once, got {show_labels(differing)} on one "
                f"side only{suggest_names(set(samples_per_class) - set(counts), counts)}; the "
                f"classes are {show_labels(list(counts))}"
            )
        return {label: int(samples_per_class[label]) for label in counts}
    if isinstance(samples_per_class, str):
        choose = min if samples_per_class == "minority" else max
        return dict.fromkeys(counts, choose(counts.values()))
    return dict.fromkeys(counts, int(samples_per_class))


def find_augmented(
    augment: Any, originals: list[Any], merger: LabelMerger
) -> NDArray[np.bool_] | None:
    """Say for each original class if its draws are augmented; None if that depends on the draw."""
    if isinstance(augment, str):
        check_choice("augment", augment, ("all", "repeated", "none"))
        return None if augment == "repeated" else np.full(len(originals), augment == "all")
    if not isinstance(augment, Collection):
        raise TypeError(
            f'augment must be "all", "repeated", "none" or a list of classes, got {augment!r}'
        )
    known = {*originals, *merger.class_indices_}
    unknown = [label for label in augment if label not in known]
    if unknown:
        raise ValueError(
            f"augment must list classes, got {show_labels(unknown)}"
            f"{suggest_names(unknown, known)}; the classes are "
            f"{show_labels(originals)}"
        )
    return np.array(
        [label in augment or merger.mapping_[label] in augment for label in originals], np.bool_
    )


def check_rank(schedule: Any, rank: Any, world_size: Any) -> None:
    """Check that 0 <= rank < world_size, and that all ranks plan the same epoch."""
    check_whole("world_size", world_size, 1)
    check_whole("rank", rank, 0)
    if rank >= world_size:
        raise ValueError(f"rank must be below world_size {world_size}, got {rank}")
    draws_at_random = schedule.samples_per_class is not None
    if world_size > 1 and draws_at_random and schedule.random_state is None:
        raise ValueError(
            "random_state must be an int where world_size > 1, so that all ranks plan the same "
            "epoch, got None"
        )


class FactorClasses(NamedTuple):
    """Classes of rows that are drawn equally often."""

    # The class of each row; the rows and the draws in an epoch of each class.
    codes: NDArray[np.signedinteger]
    counts: NDArray[np.int64]
    draws: NDArray[np.int64]


def find_repeat_factors(table: NDArray[Any], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute how often each row of a 0/1 table is drawn in an epoch; every column needs a 1."""
    # Gupta, Dollar and Girshick, "LVIS: A Dataset for Large Vocabulary Instance Segmentation", CVPR
    # 2019, appendix "Repeat factor sampling". They leave no label's factor below 1; here it may be,
    # if fewer draws than rows are asked for.
    by_label = np.sqrt(targets / table.sum(axis=0))
    # A row has the largest factor of its labels; one without labels has the smallest there is.
    factors = np.full(len(table), by_label.min())
    # Label by label, since a table of factors would take eight times the memory of the labels.
    for label in np.argsort(by_label):
        factors[table[:, label] == 1] = by_label[label]
    return factors


def group_by_factor(factors: NDArray[np.float64]) -> FactorClasses:
    """Group rows of equal factor into classes with a whole number of draws per epoch."""
    distinct, codes, counts = np.unique(factors, return_inverse=True, return_counts=True)
    draws = np.maximum(1, np.rint(distinct * counts)).astype(np.int64)
    return FactorClasses(codes.astype(np.int32), counts.astype(np.int64), draws)


def expect_draws(
    table: NDArray[Any], classes: FactorClasses, labels: list[Any]
) -> dict[Any, float]:
    """Compute how many draws per epoch show each label, on average."""
    rates = (classes.draws / classes.counts)[classes.codes]
    shown = [float(rates[column == 1].sum()) for column in table.T]
    return dict(zip(labels, shown, strict=True))
