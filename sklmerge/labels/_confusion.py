"""Confusion counts in, groups of confused classes out. No labels here."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def count_confusions(
    truth: NDArray[np.intp],
    predicted: NDArray[np.intp],
    n_classes: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Count the samples, or sum their weights, by true class (row) and predicted class (column)."""
    cells = np.bincount(truth * n_classes + predicted, weights, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def measure_confusability(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Average P(predicted j | true i) and P(predicted i | true j); class sizes do not matter."""
    totals = confusion.sum(axis=1, keepdims=True)
    # A class that was only predicted has no samples to be mistaken: its row stays 0.
    rates = confusion / np.where(totals > 0, totals, 1)
    confusability = (rates + rates.T) / 2
    np.fill_diagonal(confusability, 0)
    return confusability


def link_classes(confusability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join classes by average linkage; heights are 1 minus mean confusability."""
    if len(confusability) < 2:
        return np.empty((0, 4))
    # 70 ms to import, which only this needs.
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    distances = 1 - confusability
    np.fill_diagonal(distances, 0)
    return np.asarray(linkage(squareform(distances, checks=False), method="average"))


def score_joins(
    confusion: NDArray[Any], links: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return accuracy and balanced accuracy before the first join and after each join."""
    # Rows and columns are added up once a join, instead of counting samples again.
    table = confusion.astype(np.float64)
    totals, hits = table.sum(axis=1), table.diagonal().copy()
    total, accuracies, balanced = totals.sum(), [], []
    rows = list(range(len(table)))
    for step in range(len(links) + 1):
        accuracies.append(hits.sum() / total)
        # A group without samples has no recall to count.
        present = totals > 0
        balanced.append((hits[present] / totals[present]).mean())
        if step == len(links):
            break
        # The joined group takes the row of its left half, and leaves that of the right one empty.
        left, right = (rows[int(group)] for group in links[step, :2])
        table[left] += table[right]
        table[:, left] += table[:, right]
        table[right] = table[:, right] = 0
        hits[left], totals[left] = table[left, left], totals[left] + totals[right]
        hits[right] = totals[right] = 0
        rows.append(left)
    return np.array(accuracies), np.array(balanced)


def is_at_chance(confusion: NDArray[Any]) -> bool:
    """Say whether the predictions are no better than chance."""
    # Both must be below 0.1: Cohen's kappa (Cohen 1960), and Cramer's V without its bias (Bergsma
    # 2013). Two classes that are always confused have no kappa, but much V.
    total = confusion.sum()
    shares = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / total
    expected = shares.trace() / total
    kappa = (confusion.trace() / total - expected) / max(1 - expected, 1e-12)
    if len(confusion) < 2 or kappa >= 0.1:
        return False
    known = shares > 0
    phi = float((((confusion - shares)[known]) ** 2 / shares[known]).sum() / total)
    free = len(confusion) - 1
    if total <= 1:
        return True
    phi = max(0.0, phi - free**2 / (total - 1))
    width = len(confusion) - free**2 / (total - 1)
    return bool(width <= 1 or np.sqrt(phi / (width - 1)) < 0.1)


def choose_groups(
    confusion: NDArray[Any], links: NDArray[np.float64], threshold: float
) -> list[bool]:
    """Say for each join whether it is part of a group of classes that should be merged."""
    k = len(confusion)
    rates = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1e-300)
    np.fill_diagonal(rates, 0)
    # Row and column of a group add up those of its classes; `within` adds up what stays inside.
    into, lost, within = rates.copy(), rates.sum(axis=1), np.zeros(2 * k)
    sizes, rows, chosen = [1] * k, list(range(k)), []
    for step, (left, right) in enumerate(links[:, :2].astype(int).tolist()):
        a, b = rows[left], rows[right]
        there, back = into[a, b], into[b, a]
        size = sizes[left] + sizes[right]
        inside = within[left] + within[right] + there + back
        lost[a] += lost[b]
        outside = max(lost[a] - inside, 0.0) / max(size * (k - size), 1)
        mutual = (there / sizes[left] + back / sizes[right]) / 2
        density = (there + back) / (2 * sizes[left] * sizes[right])
        # Rounding must not undo a confusability that is the threshold itself.
        is_close = 1 - links[step, 2] >= threshold - 1e-12
        # In a large cluster many classes share what they lose. A join belongs to one if each half
        # goes to the other in a share of at least `threshold`, and classes within are confused
        # three times as often as with a class outside.
        is_cluster = size < k and mutual >= threshold and density >= 3 * outside
        chosen.append(bool(is_close or is_cluster))
        into[a] += into[b]
        into[:, a] += into[:, b]
        within[k + step] = inside
        sizes.append(size)
        rows.append(a)
    # All joins below a chosen one belong to it.
    for step in reversed(range(len(links))):
        if chosen[step]:
            for part in links[step, :2].astype(int).tolist():
                if part >= k:
                    chosen[part - k] = True
    return chosen


def list_groups(links: NDArray[np.float64], chosen: Sequence[bool]) -> list[list[int]]:
    """List the groups of classes after the chosen joins, sorted."""
    n_classes = len(links) + 1
    groups = {i: [i] for i in range(n_classes)}
    for step, (left, right) in enumerate(links[:, :2].astype(int).tolist()):
        if chosen[step]:
            groups[n_classes + step] = sorted(groups.pop(left) + groups.pop(right))
    return sorted(groups.values())
