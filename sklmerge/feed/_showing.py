"""Images and captions in, a matplotlib figure out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_N_COLUMNS = 4


def draw_images(images: Sequence[NDArray[Any]], captions: Sequence[str]) -> Any:
    """Draw images in rows of four.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W) or (H, W, C)
        Integers over their dtype's range, or floats from 0 to 1.
    captions : sequence of str
        One for each.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    n_rows = -(-len(images) // _N_COLUMNS)
    figure, axes = plt.subplots(
        n_rows, _N_COLUMNS, figsize=(2 * _N_COLUMNS, 2.2 * n_rows), squeeze=False
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, caption in zip(axes.flat, images, captions, strict=False):
        highest = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0
        shown = np.clip(image / highest, 0, 1)
        axis.imshow(
            shown[..., 0] if shown.shape[2:] == (1,) else shown, cmap="gray", vmin=0, vmax=1
        )
        axis.set_title(caption, fontsize=8)
    figure.tight_layout()
    return figure
