"""Sizes, modes and formats of many images, counted one after another."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.images._headers import FORMAT_NAMES

_FORMATS_BY_EXTENSION = {
    ".bmp": "bmp",
    ".jpeg": "jpeg",
    ".jpg": "jpeg",
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
}
_COLORS = {1: "grey", 3: "RGB", 4: "RGBA"}


def name_mode(image: NDArray[Any]) -> str:
    """Name the colours and the depth of an image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge.images._statistics import name_mode
    >>> name_mode(np.zeros((4, 6, 3), np.uint8)), name_mode(np.zeros((4, 6), np.uint16))
    ('RGB uint8', 'grey uint16')
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    return f"{_COLORS.get(channels, f'{channels} channels')} {image.dtype}"


def find_lie(name: str, image_format: str | None) -> str | None:
    """Name the format of a file whose extension stands for another one; None where it is true.

    Examples
    --------
    >>> from sklmerge.images._statistics import find_lie
    >>> find_lie("cat/1.jpg", "png"), find_lie("cat/1.JPEG", "jpeg")
    ('PNG', None)
    """
    claimed = _FORMATS_BY_EXTENSION.get("." + name.rpartition(".")[2].lower())
    if image_format is None or claimed is None or claimed == image_format:
        return None
    return FORMAT_NAMES[image_format]


def summarise_sizes(sizes: Counter[tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Find the smallest, the median and the largest (height, width), by the number of pixels.

    Each is the size of an image that is there; of two in the middle the smaller one is the median.

    Parameters
    ----------
    sizes : Counter of (height, width)
        How many images have each size.

    Returns
    -------
    dict of str to (int, int)
        ``"smallest"``, ``"median"`` and ``"largest"``; empty without images.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklmerge.images._statistics import summarise_sizes
    >>> summarise_sizes(Counter({(100, 80): 5, (30, 200): 1, (3024, 3024): 1}))["median"]
    (100, 80)
    """
    if not sizes:
        return {}
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ranks = np.cumsum([sizes[size] for size in ordered])
    middle = ordered[int(np.searchsorted(ranks, (ranks[-1] + 1) // 2))]
    return {"smallest": ordered[0], "median": middle, "largest": ordered[-1]}


def sort_counts(counts: Counter[str]) -> dict[str, int]:
    """Sort what was counted: the most frequent first, equals by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
