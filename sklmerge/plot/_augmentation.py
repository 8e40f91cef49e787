"""AugmentationDisplay: images beside the varied copies that are made of them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklmerge._contract import as_image_batch
from sklmerge._random import resolve_seed
from sklmerge.augment import as_augmenter
from sklmerge.images import ImageIndex
from sklmerge.labels import check_merger
from sklmerge.plot._axes import BLUE, FAINT, INK, escape_text, measure_axes, open_axes, shorten_name
from sklmerge.plot._contact_sheet import SheetRow
from sklmerge.plot._copies import pick_array_rows, pick_file_rows
from sklmerge.sampling import AugmentingOverSampler, check_whole

# Inches of a tile, and what lies around it: titles to the left, captions below.
_TILE, _GAP, _TITLE, _LINE = 1.25, 0.12, 1.5, 0.13


class AugmentationDisplay:
    r"""Show images, framed, and to their right the copies that are made of them.

    Parameters
    ----------
    rows : sequence of SheetRow
        From top to bottom.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        What was drawn on.
    figure_ : matplotlib.figure.Figure
        The figure it is in.

    See Also
    --------
    sklmerge.plot.draw_contact_sheet : The same rows as an array of pixels, without matplotlib.

    Examples
    --------
    >>> from sklmerge import AugmentationDisplay
    >>> from sklmerge.datasets import load_textures
    >>> images, labels = load_textures(return_X_y=True)
    >>> display = AugmentationDisplay.from_estimator("light", images, labels, n_copies=3)
    >>> [(row.title, len(row.images)) for row in display.rows]
    [('brick\n160 images', 4), ('grass\n60 images', 4), ('gravel\n20 images', 4)]
    """

    def __init__(self, rows: Sequence[SheetRow]) -> None:
        self.rows = rows

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        classes: Sequence[Any] | None = None,
        n_sources: int = 1,
        n_copies: int = 5,
        image_shape: tuple[int, ...] | None = None,
        random_state: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw images of each class and copies of them.

        Parameters
        ----------
        estimator : AugmentingOverSampler, or whatever `as_augmenter` takes
            What varies the images. It need not be fitted.
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), or ImageIndex
            Images; flattened rows need `image_shape`, or a sampler that has one.
        y : array-like of shape (n,), default=None
            Original labels. An index brings its own; without any, an array is one class.
        classes : sequence of labels, default=None
            Which (merged) classes; None takes all.
        n_sources, n_copies : int, default=1 and 5
            Rows for each class, and copies in each row.
        image_shape : tuple of int, default=None
            ``(H, W)`` or ``(H, W, C)`` of flattened rows.
        random_state : int, RandomState instance or None, default=None
            Seed of the copies. None takes a sampler's own, or else 0.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        AugmentationDisplay

        Notes
        -----
        With the same seed, the copies are the first ones that a sampler makes of an array, and
        those that `balance_folder` makes of an index' files.
        """
        merge = None
        if isinstance(estimator, AugmentingOverSampler):
            merge, image_shape = estimator.merge, image_shape or estimator.image_shape
            random_state = estimator.random_state if random_state is None else random_state
            estimator = estimator.augmenter
        check_whole("n_sources", n_sources, 1)
        check_whole("n_copies", n_copies, 0)
        augmenter = as_augmenter(estimator)
        seed = resolve_seed(0 if random_state is None else random_state)
        if isinstance(X, ImageIndex):
            if y is not None:
                raise ValueError("y must be None where X is an ImageIndex, which brings it")
            index = X if merge is None else X.with_merge(merge)
            chosen = check_classes(classes, index.classes)
            rows = pick_file_rows(index, augmenter, chosen, n_sources, n_copies, seed)
            return cls(rows).plot(ax=ax)
        images = as_image_batch(X, image_shape or getattr(augmenter, "image_shape", None))
        labels = np.full(len(images), "images") if y is None else np.asarray(y)
        if len(labels) != len(images):
            raise ValueError(
                f"y must have a label for each of the {len(images)} images, got {len(labels)}"
            )
        merger = check_merger(merge).fit(labels)
        merged = np.asarray(merger.transform(labels))
        chosen = check_classes(classes, merger.merged_classes_.tolist())
        rows = pick_array_rows(images, labels, merged, augmenter, chosen, n_sources, n_copies, seed)
        return cls(rows).plot(ax=ax)

    def plot(self, ax: Any = None, *, captions: bool = True) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.
        captions : bool, default=True
            Whether to write below each image where it comes from, or what was drawn for it.

        Returns
        -------
        AugmentationDisplay
            Itself.
        """
        if not self.rows:
            raise ValueError("rows must hold at least one row, got none")
        tiles = [max(measure_tile(image)[0] for image in row.images) for row in self.rows]
        below = [measure_captions(row) if captions else 0.0 for row in self.rows]
        *tops, height = np.cumsum([0, *(np.add(tiles, below) + _GAP)]).tolist()
        width = _TITLE + max(len(row.images) for row in self.rows) * (_TILE + _GAP)
        ax = open_axes(ax, (width, height + 0.1), "AugmentationDisplay.plot")
        # One unit of the axes is an inch of a figure of their own; text shrinks with the axes.
        scale = min(1.0, measure_axes(ax)[0] / width)
        scale = scale if ax.figure.bbox.width / ax.figure.dpi < width else 1.0
        for row, top, tile in zip(self.rows, tops, tiles, strict=True):
            draw_row(ax, row, top, tile, scale, captions)
        ax.set(xlim=(0, width), ylim=(height, -0.06), aspect="equal")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def draw_row(
    ax: Any, row: SheetRow, top: float, height: float, scale: float, captions: bool
) -> None:
    """Draw a title, the images to its right, and a caption below each."""
    from matplotlib.patches import Rectangle

    name, _, rest = row.title.partition("\n")
    ax.text(0, top, shorten_name(name, 17), va="top", size=10 * scale, color=INK)
    ax.text(0, top + 0.2, escape_text(rest), va="top", size=8 * scale, color=FAINT)
    for column, (image, caption) in enumerate(zip(row.images, row.captions, strict=True)):
        tile_height, tile_width = measure_tile(image)
        left = _TITLE + column * (_TILE + _GAP) + (_TILE - tile_width) / 2
        bottom = top + height
        extent = (left, left + tile_width, bottom, bottom - tile_height)
        pixels = image[..., 0] if image.shape[2:] == (1,) else image
        ax.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="nearest")
        if column < row.n_sources:
            corner = (left, bottom - tile_height)
            frame = Rectangle(corner, tile_width, tile_height, fill=False, ec=BLUE, lw=2.5)
            ax.add_patch(frame).set_clip_on(False)
        if captions:
            spot, style = (left + tile_width / 2, bottom + 0.06), {"ha": "center", "va": "top"}
            ax.text(*spot, escape_text(caption), size=7 * scale, color=FAINT, **style)


def measure_tile(image: Any) -> tuple[float, float]:
    """Say how high and wide an image is drawn: its proportions, within a square tile."""
    height, width = image.shape[:2]
    return _TILE * height / max(height, width), _TILE * width / max(height, width)


def measure_captions(row: SheetRow) -> float:
    """Say how much room the captions of a row take."""
    return 0.05 + _LINE * max(text.count("\n") + 1 for text in row.captions)


def check_classes(classes: Sequence[Any] | None, known: Sequence[Any]) -> Sequence[Any]:
    """Check which classes are to be drawn."""
    unknown = [label for label in classes or () if label not in known]
    if unknown:
        raise ValueError(f"classes must be among {list(known)}, got {unknown[0]!r}")
    return known if classes is None else classes
