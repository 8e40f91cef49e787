"""Which sources stand for a class in a picture, and their first copies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._image_grid import SheetRow, show_as_bytes
from sklmerge._random import hash_keys, hash_texts, rank_keys
from sklmerge.augment import Augmenter, pick_augmenter
from sklmerge.images import BadFileError, ImageIndex


def caption_params(row: Mapping[str, Any]) -> str:
    """Describe augmentation parameters in a few short lines."""
    lines = []
    for names, unit, scale in _SIGNED:
        values = [show_signed(row[name] * scale, unit) for name in names if name in row]
        if values:
            lines.append(f"{_WORDS[names[0]]} {', '.join(values)}")
    if "zoom_x" in row:
        lines.append(f"zoom {row['zoom_x']:.2f}, {row['zoom_y']:.2f}")
    if "operation" in row:
        operation = str(row["operation"]).replace("_", " ")
        lines.append(operation if operation in _PLAIN else f"{operation} {row['magnitude']:.2f}")
    if "crop" in row:
        lines.append(f"crop {row['crop']:.0%}")
    if row.get("quarter_turns"):
        lines.append(f"turn {row['quarter_turns']:.0f}/4")
    lines += [f"{_WORDS.get(name, name)} {row[name]:.2f}" for name in _FACTORS if name in row]
    if row.get("erase_width"):
        lines.append(f"erased {row['erase_width'] * row['erase_height']:.0%}")
    flips = [_WORDS[name] for name in ("horizontal_flip", "vertical_flip") if row.get(name)]
    return "\n".join([*lines, *flips])


_SIGNED = (
    (("rotation",), "°", 1),
    (("shear",), "°", 1),
    (("shift_x", "shift_y"), "%", 100),
    (("shift_x_pixels", "shift_y_pixels"), " px", 1),
    (("channel_shift",), "", 1),
    (("hue",), "°", 1),
)
_FACTORS = (
    "brightness",
    "contrast",
    "gamma",
    "saturation",
    "blur_sigma",
    "noise_std",
)
_PLAIN = ("identity", "autocontrast", "equalize")
_WORDS = {
    "rotation": "rotate",
    "shear": "shear",
    "shift_x": "shift",
    "shift_y": "shift",
    "shift_x_pixels": "shift",
    "shift_y_pixels": "shift",
    "channel_shift": "levels",
    "brightness": "brightness",
    "hue": "hue",
    "blur_sigma": "blur",
    "noise_std": "noise",
    "horizontal_flip": "flipped",
    "vertical_flip": "upside down",
}


def show_signed(value: float, unit: str) -> str:
    """Format a whole number with a sign, except 0."""
    whole = round(value)
    return f"{whole:+d}{unit}" if whole else f"0{unit}"


def pick_file_rows(
    index: ImageIndex,
    augmenter: Augmenter | None,
    classes: Sequence[Any],
    n_sources: int,
    n_copies: int,
    seed: int,
    *,
    bad_files: dict[str, str] | None = None,
) -> list[SheetRow]:
    """Pick images of each class, with their first copies as `balance_folder` makes them."""
    keys = hash_texts(index.paths.iterate_bytes())
    rows = []
    for label in classes:
        members = np.flatnonzero(index.codes == index.class_indices[label])
        n_picked = 0
        for place in choose_sources(members, keys, len(members), seed):
            if n_picked == n_sources:
                break
            try:
                image = index.read([place], color_mode="rgb")[0]
            # Another image of the class is picked, if the caller takes the reasons.
            except BadFileError as error:
                if bad_files is None:
                    raise
                bad_files[index.paths.relative()[int(place)]] = read_reason(error)
                continue
            n_picked += 1
            original = index.original_classes[index.original_codes[place]]
            own = pick_augmenter(augmenter, original, label)
            # Copies are numbered from 1, as in the names of the files.
            copies, captions = vary_image(image, own, keys[place], n_copies, seed, first=1)
            short = shorten_stem(index.paths[place])
            title = f"{write_label(label)}\n{index.counts[label]:,} images"
            rows.append(SheetRow(title, [image, *copies], [short, *captions]))
    return rows


def read_reason(error: BadFileError) -> str:
    """Extract the reason from an error message about a single file."""
    return str(error).partition("' (")[2].partition("); pass ")[0]


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
    """Pick images of each class, with their first copies as a sampler makes them from arrays."""
    keys = np.arange(len(images), dtype=np.uint64)
    rows = []
    for label in classes:
        members = np.flatnonzero(merged == label)
        for place in choose_sources(members, keys, n_sources, seed):
            own = pick_augmenter(augmenter, labels[place].item(), merged[place].item())
            image = images[place]
            copies, captions = vary_image(image, own, keys[place], n_copies, seed, first=0)
            value_range = getattr(own, "value_range", None)
            shown = [show_as_bytes(one, value_range) for one in (image, *copies)]
            title = f"{write_label(label)}\n{len(members):,} images"
            rows.append(SheetRow(title, shown, [f"row {place}", *captions]))
    return rows


def choose_sources(
    members: NDArray[np.intp], keys: NDArray[np.uint64], n: int, seed: int
) -> NDArray[np.intp]:
    """Choose n images of a class by a hash that does not depend on the other images."""
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


def write_label(label: Any) -> str:
    """Format a label on one line, because later lines are drawn smaller."""
    return " ".join(str(label).split())


def shorten_stem(path: str) -> str:
    """Shorten a file name and remove its extension."""
    name = Path(path).stem
    return name if len(name) <= 19 else f"{name[:8]}...{name[-8:]}"
