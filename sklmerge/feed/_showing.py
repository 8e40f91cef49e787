"""Images and captions in, a matplotlib figure out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._image_grid import SheetRow, draw_contact_sheet, show_as_bytes

_N_COLUMNS = 4


def draw_images(images: Sequence[NDArray[Any]], captions: Sequence[str]) -> Any:
    """Draw images of any dtype in rows of four; return matplotlib's Figure."""
    import matplotlib.pyplot as plt

    rows = [
        SheetRow(
            "",
            [show_as_bytes(image) for image in images[start : start + _N_COLUMNS]],
            captions[start : start + _N_COLUMNS],
            n_sources=0,
        )
        for start in range(0, len(images), _N_COLUMNS)
    ]
    sheet = draw_contact_sheet(rows, tile_size=(160, 160), scale=1.5)
    figure = plt.figure(figsize=np.array(sheet.shape[1::-1]) / 150, frameon=False)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.imshow(sheet)
    axis.set_axis_off()
    return figure
