"""Displays of images: sources beside their augmented copies, and images that are confused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_whole
from sklmerge._contract import as_image_batch
from sklmerge._image_grid import SheetRow, draw_contact_sheet, show_as_bytes
from sklmerge._random import resolve_seed
from sklmerge.augment import as_augmenter
from sklmerge.images import ImageIndex, merge_index
from sklmerge.labels import MergeAdvisor, MergeSuggestion, check_merger
from sklmerge.plot._axes import Display, check_kind, find_paper, open_axes
from sklmerge.plot._copies import pick_array_rows, pick_file_rows, shorten_stem, write_label
from sklmerge.sampling import AugmentingOverSampler

# Pixels of a sheet for each inch of a figure of its own: twice the sheet's points, to stay sharp.
_SCALE, _DENSITY = 2, 200


def show_rows(rows: Sequence[SheetRow], ax: Any, captions: bool, caller: str) -> Any:
    """Draw rows of images on axes, as a single picture, and return the axes."""
    if not captions:
        rows = [
            SheetRow(row.title, row.images, [""] * len(row.images), row.n_sources) for row in rows
        ]
    sheet = draw_contact_sheet(rows, scale=_SCALE, paper=find_paper(ax, caller))
    height, width = sheet.shape[:2]
    ax = open_axes(ax, (width / _DENSITY, height / _DENSITY), caller)
    ax.imshow(sheet)
    ax.grid(False)
    ax.set_axis_off()
    return ax


class AugmentationDisplay(Display):
    r"""Show framed images next to their augmented copies.

    Parameters
    ----------
    rows : sequence of SheetRow
        The rows of the sheet, from top to bottom.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    See Also
    --------
    sklmerge.plot.draw_contact_sheet : Returns the same picture as an array, without matplotlib.
    sklmerge.ConfusedImagesDisplay : Shows images that a model confuses.

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
        """Plot images of each class next to their augmented copies.

        Parameters
        ----------
        estimator : AugmentingOverSampler, or whatever `as_augmenter` takes
            How the images are augmented. A sampler does not have to be fitted.
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), or ImageIndex
            The images. If X contains flattened rows, `image_shape` is needed, here or in the
            sampler.
        y : array-like of shape (n,), default=None
            Original labels. Not needed for an index. If X is an array and `y` is None, all images
            count as one class.
        classes : sequence of labels, default=None
            The (merged) classes to show. None shows all.
        n_sources, n_copies : int, default=1 and 5
            Number of rows (source images) per class, and number of copies per row.
        image_shape : tuple of int, default=None
            Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows.
        random_state : int, RandomState instance or None, default=None
            Seed of the copies. None uses the seed of the sampler, or 0 if `estimator` is not a
            sampler.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        AugmentationDisplay

        Notes
        -----
        If X is an array, the plot shows the first copies that a sampler makes with the same seed.
        If X is an index, it shows the first copies that `balance_folder` makes with the same seed.
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
            index = merge_index(X, merge, "AugmentationDisplay")
            chosen = choose_classes(classes, index.classes)
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
        chosen = choose_classes(classes, merger.merged_classes_.tolist())
        rows = pick_array_rows(images, labels, merged, augmenter, chosen, n_sources, n_copies, seed)
        return cls(rows).plot(ax=ax)

    def plot(self, ax: Any = None, *, captions: bool = True) -> Self:
        """Plot the rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.
        captions : bool, default=True
            Whether to write a caption below each image: the name of a source image, or the
            parameters of a copy.

        Returns
        -------
        AugmentationDisplay
            This display.
        """
        self.ax_ = show_rows(self.rows, ax, captions, "AugmentationDisplay.plot")
        self.figure_ = self.ax_.figure
        return self


class ConfusedImagesDisplay(Display):
    r"""Show the images that a model confuses, for the most confused pairs of classes.

    Look at these images before you merge two classes. Often the labels are wrong, or the difference
    is not visible at this image size.

    Parameters
    ----------
    rows : sequence of SheetRow
        The rows of the sheet, from top to bottom. Each pair of classes has up to two rows, one for
        each direction of confusion.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    See Also
    --------
    sklmerge.MergeDisplay : Shows how often each class is predicted as another class.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import ConfusedImagesDisplay, suggest_merges
    >>> from sklmerge.datasets import load_textures
    >>> images, labels = load_textures(return_X_y=True)
    >>> predicted = np.where(np.arange(len(labels)) % 9, labels, "gravel")  # say, a poor model
    >>> suggestion = suggest_merges(labels, predicted)
    >>> display = ConfusedImagesDisplay.from_estimator(suggestion, images, labels)
    >>> display.rows[0].title
    'grass\ntaken for gravel\n7 of 60'
    """

    def __init__(self, rows: Sequence[SheetRow]) -> None:
        self.rows = rows

    @classmethod
    def from_estimator(
        cls,
        estimator: MergeAdvisor | MergeSuggestion,
        X: Any,
        y: ArrayLike | None = None,
        *,
        n_pairs: int = 3,
        n_images: int = 6,
        image_shape: tuple[int, ...] | None = None,
        ax: Any = None,
    ) -> Self:
        """Plot the confused images of the most confused pairs of classes.

        Parameters
        ----------
        estimator : MergeAdvisor or MergeSuggestion
            A fitted `MergeAdvisor`, or a `MergeSuggestion`.
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), or ImageIndex
            The images of all predicted samples, in the same order as the predictions. If X contains
            flattened rows, `image_shape` is needed.
        y : array-like of shape (n,), default=None
            The true labels of these images. Not needed if X is an index: its original labels are
            used if the suggestion is about original labels, and its merged labels otherwise.
        n_pairs : int, default=3
            Maximum number of pairs of classes.
        n_images : int, default=6
            Maximum number of images for each direction of a pair.
        image_shape : tuple of int, default=None
            Shape ``(H, W)`` or ``(H, W, C)`` of the images if X contains flattened rows.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        ConfusedImagesDisplay

        Raises
        ------
        ValueError
            If no pair of classes is confused, or the number of labels differs from the number of
            images.
        """
        check_whole("n_pairs", n_pairs, 1)
        check_whole("n_images", n_images, 1)
        suggestion = estimator
        if not isinstance(suggestion, MergeSuggestion):
            check_kind("estimator", suggestion, MergeAdvisor)
            check_is_fitted(suggestion)
            suggestion = suggestion.suggestion_
        images = X if isinstance(X, ImageIndex) else as_image_batch(X, image_shape)
        labels = _read_true_labels(X, suggestion) if y is None else np.asarray(y)
        if labels.shape != (len(images),):
            raise ValueError(
                f"y must have a label for each of the {len(images)} images, got "
                f"{'none' if y is None else labels.size}"
            )
        rows = []
        for pair in suggestion.ambiguous_pairs[:n_pairs]:
            for label, other in ((pair.first, pair.second), (pair.second, pair.first)):
                places = pair.sample_indices[labels[pair.sample_indices] == label]
                if len(places):
                    count = f"{len(places):,} of {int((labels == label).sum()):,}"
                    title = f"{write_label(label)}\ntaken for {write_label(other)}\n{count}"
                    rows.append(pick_images(images, places[:n_images], title))
        if not rows:
            raise ValueError("estimator must have found classes that are confused, got none")
        return cls(rows).plot(ax=ax)

    def plot(self, ax: Any = None, *, captions: bool = True) -> Self:
        """Plot the rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on. None creates a new figure.
        captions : bool, default=True
            Whether to write below each image its row in X or, for an index, its file name.

        Returns
        -------
        ConfusedImagesDisplay
            This display.
        """
        self.ax_ = show_rows(self.rows, ax, captions, "ConfusedImagesDisplay.plot")
        self.figure_ = self.ax_.figure
        return self


def _read_true_labels(images: Any, suggestion: MergeSuggestion) -> NDArray[Any]:
    """Read the labels of an index that a suggestion is of."""
    if not isinstance(images, ImageIndex):
        return np.asarray(None)
    confused = {one for pair in suggestion.ambiguous_pairs for one in (pair.first, pair.second)}
    is_original = confused.issubset(images.original_classes)
    return images.original_labels if is_original else images.labels


def pick_images(images: Any, places: NDArray[np.intp], title: str) -> SheetRow:
    """Pick rows of an array or files of an index, and say where each of them is."""
    if isinstance(images, ImageIndex):
        captions = [shorten_stem(images.paths[place]) for place in places]
        return SheetRow(title, list(images.read(places, color_mode="rgb")), captions, n_sources=0)
    shown = [show_as_bytes(images[place]) for place in places]
    return SheetRow(title, shown, [f"row {place}" for place in places], n_sources=0)


def choose_classes(classes: Sequence[Any] | None, known: Sequence[Any]) -> Sequence[Any]:
    """Check the classes to draw."""
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list or array of labels, got {classes!r} (str)")
    unknown = [label for label in classes if label not in known] if classes is not None else []
    if unknown:
        raise ValueError(f"classes must be among {list(known)}, got {unknown[0]!r}")
    return known if classes is None else classes
