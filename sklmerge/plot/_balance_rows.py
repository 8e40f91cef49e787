"""Counts of classes in, the rows of a picture out. Nothing is drawn here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray


class BalanceRow(NamedTuple):
    """One row of the picture: a class, or one of the original classes of a merged one."""

    label: Any
    is_member: bool
    n_members: int
    before: int
    sources: int
    copies: int


def arrange_rows(
    classes: Sequence[Any],
    before: Sequence[int],
    sources: Sequence[int] | None,
    copies: Sequence[int] | None,
    merged: Sequence[Any] | None,
) -> list[BalanceRow]:
    """Arrange classes from the largest to the smallest, members below what they are merged to."""
    none = [0] * len(classes)
    columns = [none if own is None else own for own in (before, sources, copies)]
    table = list(zip(classes, *columns, strict=True))
    groups: dict[Any, list[Any]] = {}
    for group, line in zip(classes if merged is None else merged, table, strict=True):
        groups.setdefault(group, []).append(line)
    rows: list[list[BalanceRow]] = []
    for group, lines in groups.items():
        totals = [sum(line[place] for line in lines) for place in (1, 2, 3)]
        own = [BalanceRow(group, False, len(lines), *totals)]
        if len(lines) > 1:
            members = sorted(lines, key=lambda line: -line[1])
            own += [BalanceRow(line[0], True, 1, *line[1:]) for line in members]
        rows.append(own)
    return [row for own in sorted(rows, key=lambda own: -own[0].before) for row in own]


def count_copies(
    codes: NDArray[np.signedinteger], drawn: NDArray[np.intp], n_classes: int
) -> list[int]:
    """Count, class by class, the draws of a source that was drawn before."""
    draws = np.bincount(codes[drawn], minlength=n_classes)
    return (draws - np.bincount(codes[np.unique(drawn)], minlength=n_classes)).tolist()


def check_length(sampler: Any, drawn: NDArray[np.intp], n_labels: int) -> None:
    """Refuse labels that are not as many as a sampler was given, where it shows.

    Parameters
    ----------
    sampler : sampler of imbalanced-learn
        Fitted.
    drawn : ndarray of int, shape (n_out,)
        Its ``sample_indices_``.
    n_labels : int
        How many there are.
    """
    asked = "y must be the labels that the sampler was given, got"
    if len(drawn) and drawn.max() >= n_labels:
        raise ValueError(f"{asked} {n_labels} labels where it drew row {drawn.max()}")
    if isinstance(sampler, BaseOverSampler):
        # All rows come first, in their order, and then what was drawn of them.
        places = np.arange(len(drawn))
        n_rows = int((drawn == places).sum())
        if n_rows != n_labels:
            raise ValueError(f"{asked} {n_labels} labels for its {n_rows} rows")


def tell_after(row: BalanceRow) -> str:
    """Say how many images a class has afterwards, and of what."""
    return f"{row.sources:,} + {row.copies:,}" if row.copies else f"{row.sources:,}"
