"""Images to embed, read one at a time, and embeddings stored on disk."""

import hashlib
import os
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._contract import as_image_batch, check_value_range
from sklmerge.images import BadFileError, ReadOptions, fetch_urls, read_bytes, read_image


class Images:
    """Images to embed, read one at a time."""

    def __len__(self) -> int:
        raise NotImplementedError

    def read(self, place: int) -> NDArray[Any]:
        raise NotImplementedError

    def digest(self, place: int) -> str:
        """Return a hash of the content of an image."""
        image = np.ascontiguousarray(self.read(place))
        told = f"{image.dtype}{image.shape}".encode()
        return hashlib.blake2b(image.tobytes(), digest_size=16, key=told[:64]).hexdigest()


class ArrayImages(Images):
    def __init__(self, images: Any) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def read(self, place: int) -> NDArray[Any]:
        image: NDArray[Any] = self.images[place]
        check_value_range(image, (-np.inf, np.inf))
        return image


class FileImages(Images):
    def __init__(self, paths: Any, image_size: Any, reader: Any, files: Any) -> None:
        self.paths, self.files = paths, files
        self.options = ReadOptions(reader, image_size)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, place: int) -> NDArray[Any]:
        path = self.paths[place]
        (fetched,) = fetch_urls([path], self.files)
        try:
            image = read_image(path, self.options, fetched)
        except ValueError as error:
            raise BadFileError(f"{path!r} could not be read ({error})") from error
        return as_image_batch(image[None])[0]

    def digest(self, place: int) -> str:
        if self.options.reader is not None:
            return super().digest(place)
        path = self.paths[place]
        (fetched,) = fetch_urls([path], self.files)
        try:
            content = read_bytes(path, fetched)
        except ValueError as error:
            raise BadFileError(f"{path!r} could not be read ({error})") from error
        return hashlib.blake2b(content, digest_size=16, key=b"file").hexdigest()


class EmbeddingStore:
    """Rows of float32 in files, one per image; a file is written completely or not at all."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def _locate(self, name: str) -> str:
        # A folder of a million files is slow to list.
        return os.path.join(self.folder, name[:2], name[2:])

    def load(self, name: str, row: NDArray[np.float32]) -> bool:
        """Load a stored row into `row`; return False if it is not stored or has another length."""
        try:
            with open(self._locate(name), "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return False
        if len(content) != row.nbytes:
            return False
        row[:] = np.frombuffer(content, np.float32)
        return True

    def save(self, name: str, row: NDArray[np.float32]) -> None:
        """Store a row; several processes may do this at once, because all write the same data."""
        path = self._locate(name)
        own = f"{path}.{os.getpid()}.{threading.get_ident()}"
        for attempt in (0, 1):
            try:
                with open(own, "wb") as file:
                    file.write(row.tobytes())
                break
            except FileNotFoundError:
                if attempt:
                    raise
                os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(own, path)
