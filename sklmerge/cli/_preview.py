"""The contact sheet: images of each class beside the copies that a job would make of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import Augmenter, hash_keys
from sklmerge.images import ImageIndex, encode_image
from sklmerge.images._hash import hash_texts, rank_keys
from sklmerge.plot import SheetRow, draw_contact_sheet


def draw_preview(
    index: ImageIndex,
    augmenter: Augmenter | None,
    classes: Sequence[str] | None,
    n_sources: int,
    n_copies: int,
    seed: int,
) -> NDArray[np.uint8]:
    """Draw some images of each class, each with its first copies as `balance_folder` makes them.

    Parameters
    ----------
    index : ImageIndex
        Where the images are.
    augmenter : Augmenter or None
        How copies are varied; None makes plain copies.
    classes : sequence of str or None
        Which (merged) classes; None takes all.
    n_sources, n_copies : int
        Rows for each class, and copies in each row.
    seed : int
        The seed of the job.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    ValueError
        If a class is not in the index, or an image cannot be read.
    """
    unknown = [label for label in classes or [] if label not in index.class_indices]
    if unknown:
        raise ValueError(f"--class must be one of {', '.join(index.classes)}, got {unknown[0]!r}")
    keys = hash_texts(index.paths.iterate_bytes())
    ranks = rank_keys(keys, seed, "preview")
    rows = []
    for label in classes or index.classes:
        members = np.flatnonzero(index.codes == index.class_indices[label])
        for place in members[np.argsort(ranks[members], kind="stable")][:n_sources]:
            image = index.read([place], color_mode="rgb")[0]
            copies, captions = vary_image(image, augmenter, keys[place], n_copies, seed)
            title = f"{label}\n{index.counts[label]:,} images"
            name = Path(index.paths[place]).stem
            short = name if len(name) <= 19 else f"{name[:8]}...{name[-8:]}"
            rows.append(SheetRow(title, [image, *copies], [short, *captions]))
    return draw_contact_sheet(rows, heading="Sources (framed) and the copies made of them")


def vary_image(
    image: NDArray[np.uint8], augmenter: Augmenter | None, key: np.uint64, n: int, seed: int
) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Make the first n copies of an image, with a caption for each."""
    if augmenter is None:
        return [image] * n, ["plain"] * n
    # Copies are numbered from 1, as in the names of the files.
    params = augmenter.draw_params(n, seed, keys=hash_keys([key] * n, np.arange(1, n + 1)))
    copies = augmenter.apply(image[None], params, indices=np.zeros(n, np.intp))
    return list(copies), [caption_params(row) for row in params.to_dicts()]


def caption_params(row: Mapping[str, Any]) -> str:
    """Write drawn parameters in a few short lines."""
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
    "rotation": "turn",
    "shear": "shear",
    "shift_x": "shift",
    "shift_y": "shift",
    "shift_x_pixels": "shift",
    "shift_y_pixels": "shift",
    "channel_shift": "levels",
    "brightness": "light",
    "hue": "hue",
    "blur_sigma": "blur",
    "noise_std": "noise",
    "horizontal_flip": "mirrored",
    "vertical_flip": "upside down",
}


def show_signed(value: float, unit: str) -> str:
    """Write a whole number with a sign, but for zero."""
    whole = round(value)
    return f"{whole:+d}{unit}" if whole else f"0{unit}"


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture whole or not at all, in the format that its name says."""
    suffix = path.suffix.lower().lstrip(".")
    formats = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp"}
    if suffix not in formats:
        raise ValueError(f"--out must end in .png, .jpg or .webp, got {path.name!r}")
    if not path.parent.is_dir():
        raise ValueError(f"--out must lie in a folder that is there, got {str(path)!r}")
    data = encode_image(picture, formats[suffix])
    begun = path.with_name(f".{path.name}.part")
    begun.write_bytes(data)
    begun.replace(path)
