"""Small pictures for a page: images in, data URLs of 96 pixels out, within a budget of bytes."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sklmerge.images import (
    Fetched,
    ImageIndex,
    ReadOptions,
    encode_image,
    map_files,
    read_image,
)

SIDE = 96
_QUALITY = 60


@dataclass
class Thumbnails:
    """Makes the thumbnails of a page, once per image, within limits of bytes and number."""

    index: ImageIndex
    n_jobs: int | None
    # Of all of them; base64 adds a third.
    max_bytes: int = 3_200_000
    max_images: int = 2000
    n_left_out: int = 0
    _urls: dict[int, str] = field(default_factory=dict)
    _n_bytes: int = 0
    _n_images: int = 0

    def add_rows(self, rows: list[int]) -> None:
        """Make thumbnails of the given images of the index, except unreadable ones."""
        wanted = [row for row in dict.fromkeys(rows) if row not in self._urls]
        room = max(self.max_images - self._n_images, 0)
        self.n_left_out += len(wanted[room:])
        wanted = wanted[:room]
        options = ReadOptions(self.index.reader)

        def make(path: str, fetched: Fetched) -> bytes | None:
            try:
                return encode_thumbnail(read_image(path, options, fetched))
            except ValueError:
                return None

        paths = self.index.paths.take(np.array(wanted, np.intp))
        made = map_files(make, paths, self.index.files, self.n_jobs)
        for row, data in zip(wanted, made, strict=True):
            if data is not None:
                self._urls[row] = self._take(data)

    def add_image(self, image: NDArray[Any]) -> str:
        """Make the thumbnail of an array; "" if a limit is reached."""
        if self._n_images >= self.max_images:
            self.n_left_out += 1
            return ""
        return self._take(encode_thumbnail(image))

    def find(self, row: int) -> str:
        """Return the data URL of an image; "" if it has none."""
        return self._urls.get(row, "")

    def _take(self, data: bytes) -> str:
        if self._n_bytes + len(data) > self.max_bytes:
            self.n_left_out += 1
            return ""
        self._n_bytes += len(data)
        self._n_images += 1
        return f"data:image/jpeg;base64,{b64encode(data).decode('ascii')}"


def encode_thumbnail(image: NDArray[Any]) -> bytes:
    """Shrink an image to at most 96 pixels per side, keep its aspect ratio, and encode as JPEG."""
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    elif image.dtype != np.uint8:
        low, high = float(np.nanmin(image)), float(np.nanmax(image))
        image = np.nan_to_num((image - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
    scale = SIDE / max(image.shape[:2])
    if scale < 1:
        size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if image.ndim == 3 and image.shape[2] == 4:
        # What is transparent stands on grey, which both colour schemes set off.
        alpha = image[..., 3:].astype(np.float32) / 255
        image = (image[..., :3] * alpha + 160 * (1 - alpha)).astype(np.uint8)
    return encode_image(np.ascontiguousarray(image), "jpeg", quality=_QUALITY)
