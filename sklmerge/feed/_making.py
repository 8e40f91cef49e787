"""Draws in, one batch out: images read, varied, scaled, with targets and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.feed._preparing import prepare_images
from sklmerge.feed._provenance import Batch, BatchDraws
from sklmerge.feed._reader import RowReader
from sklmerge.feed._weights import weigh_rows
from sklmerge.sampling import EpochDraws


@dataclass(frozen=True, eq=False)
class BatchMaker:
    """All that a batch is made of, but for the draws.

    Parameters
    ----------
    reader : RowReader
        Gives the images.
    codes : ndarray of int, shape (n_samples,)
        Original class of each image.
    originals, merged : ndarray of shape (n_originals,)
        The original classes, and what each is merged to.
    targets : ndarray of shape (n_originals, ...), or None
        What stands for each original class in y; None gives batches without y.
    augmenters : sequence of length n_originals
        What varies the images of each original class; None leaves them plain.
    scaler : ImageScaler, other transformer, or None
        Prepares every image.
    seed : int
        Of all random numbers.
    sample_weight : ndarray of float32, shape (n_samples,), or None
        Weight of each image.
    class_weight : mapping of label to float, or None
        Weight of each merged class.
    """

    reader: RowReader
    codes: NDArray[np.signedinteger]
    originals: NDArray[Any]
    merged: NDArray[Any]
    targets: NDArray[Any] | None
    augmenters: Sequence[Any]
    scaler: Any
    seed: int
    sample_weight: NDArray[np.float32] | None
    class_weight: Mapping[Any, float] | None

    def make(self, planned: EpochDraws) -> Batch:
        """Make a batch of some draws."""
        draws, images = self._gather(planned)
        codes = self.codes[draws.indices]
        augmenters = self._choose_augmenters(draws)
        parts = [prepare_images(images, augmenters, draws.keys, self.seed, self.scaler)]
        if self.targets is not None:
            parts.append(self.targets[codes])
        weights = weigh_rows(
            self.sample_weight, self.class_weight, self.merged.tolist(), self.codes, draws.indices
        )
        if weights is not None:
            parts.append(weights)
        batch = Batch(parts)
        batch.draws = draws
        return batch

    def make_pictures(self, planned: EpochDraws) -> tuple[list[NDArray[Any]], list[str]]:
        """Read and vary the images of some draws without scaling them; say what each is."""
        draws, images = self._gather(planned)
        pictures = [
            prepare_images([image], [augmenter], draws.keys[place : place + 1], self.seed, None)[0]
            for place, (image, augmenter) in enumerate(
                zip(images, self._choose_augmenters(draws), strict=True)
            )
        ]
        names = [""] * len(pictures) if draws.labels is None else draws.labels.tolist()
        captions = [
            f"{name}, varied" if varied else f"{name}"
            for name, varied in zip(names, draws.is_augmented.tolist(), strict=True)
        ]
        return pictures, captions

    def _gather(self, planned: EpochDraws) -> tuple[BatchDraws, list[NDArray[Any]]]:
        """Read the images, and note where each comes from."""
        read = self.reader.read_all(planned.indices.tolist())
        indices = np.array([row for row, _ in read], dtype=np.int64)
        codes = self.codes[indices]
        varies = np.array([augmenter is not None for augmenter in self.augmenters])
        has_labels = self.targets is not None
        draws = BatchDraws(
            indices,
            self.merged[codes] if has_labels else None,
            self.originals[codes] if has_labels else None,
            planned.is_augmented & varies[codes],
            planned.keys,
        )
        return draws, [image for _, image in read]

    def _choose_augmenters(self, draws: BatchDraws) -> list[Any]:
        codes = self.codes[draws.indices].tolist()
        return [
            self.augmenters[code] if varied else None
            for code, varied in zip(codes, draws.is_augmented.tolist(), strict=True)
        ]
