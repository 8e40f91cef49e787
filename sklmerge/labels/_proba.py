"""Probabilities of original classes to merged classes (sum columns) and back (split columns)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._tensors import to_numpy

# Rounding that rows of given conditional probabilities may show; float16 is good to 1e-3.
_TOLERANCE = 1e-2


def check_proba(P: Any, n_columns: int, name: str = "P") -> NDArray[np.float64]:
    """Check that P is finite, within 0..1 and has n_columns columns; return it as float64."""
    table = to_numpy(P).astype(np.float64, copy=False)
    if table.ndim != 2 or table.shape[1] != n_columns:
        raise ValueError(
            f"{name} must be of shape (n_samples, {n_columns}), one column a class, "
            f"got {table.shape}"
        )
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise ValueError(f"{name} must be finite, got {table[row].tolist()} in row {row}")
    if table.size and (table.min() < -1e-6 or table.max() > 1 + _TOLERANCE):
        worst = table.min() if table.min() < 0 else table.max()
        raise ValueError(f"{name} must hold probabilities within 0..1, got {worst:g}")
    return table


def sum_columns(P: NDArray[np.float64], places: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Sum the columns of the members of each merged class; each class has at least one."""
    starts = np.cumsum([0, *(len(columns) for columns in places[:-1])])
    sums = np.add.reduceat(P[:, np.concatenate(places)], starts, axis=1)
    # Rounding, a network's float32 too, can lift a sum above the 1 that scores insist on; outputs
    # that are independent of each other may truly sum to more, and stay so.
    return np.where((sums > 1) & (sums < 1 + 1e-6), 1.0, sums)


def split_columns(
    P: NDArray[np.float64],
    places: Sequence[NDArray[np.intp]],
    shares: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Split each merged column among its members, at `places`: P(a|x) = P(AB|x) P(a|AB, x)."""
    out = np.empty((len(P), sum(len(columns) for columns in places)))
    for merged, (columns, share) in enumerate(zip(places, shares, strict=True)):
        out[:, columns] = P[:, [merged]] * share
    return out


def choose_shares(
    members: Mapping[Any, Sequence[Any]],
    counts: Mapping[Any, float],
    given: Mapping[Any, Any] | None,
    n_samples: int,
) -> list[NDArray[np.float64]]:
    """List each merged class's P(member | class): (n_members,) or (n_samples, n_members)."""
    given = {} if given is None else given
    strangers = [name for name in given if name not in members]
    if strangers:
        raise ValueError(f"given must be keyed by merged classes {list(members)}, got {strangers}")
    shares = []
    for name, labels in members.items():
        # By training frequency, or by sums of weights.
        if name not in given:
            share = np.array([counts[label] for label in labels], dtype=np.float64)
        else:
            share = check_proba(given[name], len(labels), f"given[{name!r}]")
            if len(share) != n_samples:
                raise ValueError(f"given[{name!r}] must have {n_samples} rows, got {len(share)}")
            wrong = np.flatnonzero(np.abs(share.sum(axis=1) - 1) > _TOLERANCE)
            if len(wrong):
                raise ValueError(
                    f"given[{name!r}] must have rows that sum to 1, got a sum of "
                    f"{share[wrong[0]].sum():g} in row {wrong[0]}"
                )
        # Rounding of float16 and float32 networks is divided out here, so that sums stay exact.
        shares.append(share / share.sum(axis=-1, keepdims=True))
    return shares
