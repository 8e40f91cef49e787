"""Which sources stand for a class in a picture, and their first copies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._contract import find_value_range
from sklmerge.augment import Augmenter, hash_keys
from sklmerge.balance._by_class import pick_augmenter
from sklmerge.images import ImageIndex
from sklmerge.images._hash import hash_texts, rank_keys
from sklmerge.plot._captions import caption_params
from sklmerge.plot._contact_sheet import SheetRow


def pick_file_rows(
    index: ImageIndex,
    augmenter: Augmenter | None,
    classes: Sequence[Any],
    n_sources: int,
    n_copies: int,
    seed: int,
) -> list[SheetRow]:
    """Pick images of each class, each with its first copies as `balance_folder` makes them.

    Parameters
    ----------
    index : ImageIndex
        Where the images are.
    augmenter : Augmenter or None
        How copies are varied; None makes plain copies.
    classes : sequence of labels
        Which (merged) classes.
    n_sources, n_copies : int
        Rows for each class, and copies in each row.
    seed : int
        The seed of the job.

    Returns
    -------
    list of SheetRow
    """
    keys = hash_texts(index.paths.iterate_bytes())
    rows = []
    for label in classes:
        members = np.flatnonzero(index.codes == index.class_indices[label])
        for place in choose_sources(members, keys, n_sources, seed):
            image = index.read([place], color_mode="rgb")[0]
            original = index.original_classes[index.original_codes[place]]
            own = pick_augmenter(augmenter, original, label)
            # Copies are numbered from 1, as in the names of the files.
            copies, captions = vary_image(image, own, keys[place], n_copies, seed, first=1)
            name = Path(index.paths[place]).stem
            short = name if len(name) <= 19 else f"{name[:8]}...{name[-8:]}"
            title = f"{write_label(label)}\n{index.counts[label]:,} images"
            rows.append(SheetRow(title, [image, *copies], [short, *captions]))
    return rows


def pick_array_rows(
    images: NDArray[Any],
    labels: NDArray[Any],
    merged: NDArray[Any],
    augmenter: Augmenter | None,
    classes: Sequence[Any],
    n_sources: int,
    n_copies: int,
    seed: int,
) -> list[SheetRow]:
    """Pick images of each class, each with its first copies as `AugmentingOverSampler` makes them.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Sources.
    labels, merged : ndarray of shape (n,)
        Their original and merged labels; which are the same where nothing is merged.
    augmenter, classes, n_sources, n_copies, seed
        See `pick_file_rows`.

    Returns
    -------
    list of SheetRow
    """
    keys = np.arange(len(images), dtype=np.uint64)
    rows = []
    for label in classes:
        members = np.flatnonzero(merged == label)
        for place in choose_sources(members, keys, n_sources, seed):
            own = pick_augmenter(augmenter, labels[place].item(), merged[place].item())
            image = images[place]
            copies, captions = vary_image(image, own, keys[place], n_copies, seed, first=0)
            shown = [show_as_bytes(one, own) for one in (image, *copies)]
            title = f"{write_label(label)}\n{len(members):,} images"
            rows.append(SheetRow(title, shown, [f"row {place}", *captions]))
    return rows


def choose_sources(
    members: NDArray[np.intp], keys: NDArray[np.uint64], n: int, seed: int
) -> NDArray[np.intp]:
    """Choose n images of a class, the same ones however many others there are."""
    ranks = rank_keys(keys[members], seed, "preview")
    return members[np.argsort(ranks, kind="stable")][:n]


def vary_image(
    image: NDArray[Any],
    augmenter: Augmenter | None,
    key: np.uint64,
    n: int,
    seed: int,
    *,
    first: int,
) -> tuple[list[NDArray[Any]], list[str]]:
    """Make n copies of an image, from copy number `first` on, with a caption for each."""
    if augmenter is None:
        return [image] * n, ["plain"] * n
    keys = hash_keys(np.full(n, key), np.arange(first, first + n))
    params = augmenter.draw_params(n, seed, keys=keys)
    copies = augmenter.apply(image[None], params, indices=np.zeros(n, np.intp))
    return list(copies), [caption_params(row) for row in params.to_dicts()]


def show_as_bytes(image: NDArray[Any], augmenter: Augmenter | None) -> NDArray[np.uint8]:
    """Bring an image of any dtype to 0..255."""
    low, high = find_value_range(image.dtype, getattr(augmenter, "value_range", None))
    scaled = (image.astype(np.float64) - low) * (255 / (high - low))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def write_label(label: Any) -> str:
    """Write a label on one line, whatever it holds: the lines after it are smaller."""
    return " ".join(str(label).split())
