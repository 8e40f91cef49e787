"""Base of image features: images or paths in, one row of numbers per image out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_n_jobs, copy_fitted
from sklmerge._contract import (
    as_image_batch,
    check_value_range,
    find_value_range,
    refuse_single_image,
    stack_images,
)
from sklmerge._parallel import map_ordered
from sklmerge.images import (
    BadFileError,
    Reader,
    ReadOptions,
    RemoteFiles,
    fetch_urls,
    find_paths,
    get_ways,
    read_image,
)

# So many bytes or files are read and handed to a worker at most, and each worker gets so many tasks
# or more where there are images enough, of one size, so that none waits long for the others.
_TASK_BYTES = 2**20
_TASK_FILES = 16
_TASKS_PER_WORKER = 4


class NamedFeatures(TransformerMixin, BaseEstimator):
    """A transformer that returns one row of named numbers per image or path."""

    feature_names_: list[str]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the features.

        Parameters
        ----------
        input_features : ignored
            Ignored, because pixels have no names.

        Returns
        -------
        ndarray of str, shape (n_features,)
        """
        check_is_fitted(self)
        return np.array(self.feature_names_, dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Declare that X may be images or paths."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class ImageFeatures(NamedFeatures, ABC):
    """Base class of image features. Subclasses define how one image is described."""

    image_shape: tuple[int, ...] | None
    n_jobs: int | None

    # Workers are processes where describing an image is mostly Python, which runs in one thread at
    # a time; else threads, to whom images need not be sent.
    _prefer = "processes"

    def _find_range(self) -> tuple[float, float] | None:
        """Return the values of black and white in float images, or None for 0 and 1."""
        return None

    def _check_range(self, batch: NDArray[Any]) -> None:
        """Refuse floats outside the value range."""
        bounds = find_value_range(batch.dtype, self._find_range())
        check_value_range(batch, bounds)

    @abstractmethod
    def _describe_image(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Describe one image by a vector whose length depends on the image's shape alone."""

    @abstractmethod
    def _name_features(self, image_shape: tuple[int, ...]) -> list[str]:
        """Name the entries of that vector; raise a ValueError if parameters do not fit."""

    def fit(self, X: Any, y: object = None) -> Self:
        """Check the parameters and store the image shape. Nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), paths or ImageIndex
            Images, flattened rows (which need ``image_shape``), paths, or an ImageIndex. For paths
            or an index, only the first image is read, to find the shape.
        y : ignored

        Returns
        -------
        self
        """
        paths = find_paths(X)
        if paths is None:
            shape = as_image_batch(X, self.image_shape).shape[1:]
        else:
            shape = read_batch(FileBatch(paths[:1], *get_ways(X), None)).shape[1:]
        self.feature_names_ = self._name_features(shape)
        self.image_shape_ = shape
        copy_fitted(self, None)
        if paths is None and self.image_shape is not None and np.ndim(X) == 2:
            self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Compute the features of each image.

        Parameters
        ----------
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, H * W * C), paths or ImageIndex
            Images of the same shape as in `fit`. Files are read as RGB, a few at a time.

        Returns
        -------
        ndarray of float64, shape (n, n_features)
        """
        check_is_fitted(self)
        check_n_jobs(self.n_jobs)
        paths = find_paths(X)
        tasks: list[Any]
        if paths is None:
            batch = stack_images(X)
            shape = self.image_shape_
            refuse_single_image(batch, shape)
            batch = as_image_batch(batch, self.image_shape, counted=batch.shape[1:] == shape)
            if batch.shape[1:] != self.image_shape_:
                raise ValueError(
                    f"X must hold images of shape {self.image_shape_} as in fit, "
                    f"got {batch.shape[1:]}"
                )
            self._check_range(batch)
            most = max(1, _TASK_BYTES * len(batch) // max(batch.nbytes, 1))
            tasks = [batch[part] for part in share_rows(len(batch), most, self.n_jobs)]
        else:
            ways = get_ways(X)
            parts = share_rows(len(paths), _TASK_FILES, self.n_jobs)
            tasks = [FileBatch(list(paths[part]), *ways, self.image_shape_) for part in parts]
        # What was fitted, such as thousands of names, need not travel to the workers.
        plain = clone(self)
        described = map_ordered(
            partial(describe_images, plain), tasks, n_jobs=self.n_jobs, prefer=self._prefer
        )
        return np.concatenate([np.empty((0, len(self.feature_names_))), *described])

    def __sklearn_tags__(self) -> Any:
        """Declare that X may be flattened rows if `image_shape` is set."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        return tags


def share_rows(n: int, most: int, n_jobs: int | None) -> list[slice]:
    """Divide rows as evenly as possible among tasks of at most `most` rows."""
    n_tasks = min(n, max(-(-n // most), _TASKS_PER_WORKER * joblib.effective_n_jobs(n_jobs)))
    bounds = [n * task // max(n_tasks, 1) for task in range(n_tasks + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


class FileBatch(NamedTuple):
    """Some files for one worker, and the shape that their images must have, if known."""

    paths: Sequence[str]
    reader: Reader | None
    files: RemoteFiles
    shape: tuple[int, ...] | None


def describe_images(
    features: ImageFeatures, images: NDArray[Any] | FileBatch
) -> NDArray[np.float64]:
    """Describe some images, in one worker."""
    if isinstance(images, FileBatch):
        images = read_batch(images)
        features._check_range(images)
    return np.stack([features._describe_image(image) for image in images])


def read_batch(files: FileBatch) -> NDArray[Any]:
    """Read files, all of which must have images of one shape."""
    images = []
    shape = files.shape
    fetched = fetch_urls(files.paths, files.files)
    for path, data in zip(files.paths, fetched, strict=True):
        try:
            image = read_image(path, ReadOptions(files.reader), data)
        except ValueError as error:
            raise BadFileError(f"{path!r} could not be read ({error})") from error
        shape = image.shape if shape is None else shape
        if image.shape != shape:
            raise ValueError(
                f"images must all have one shape, got {shape} and, in {path!r}, {image.shape}; "
                f"read the files at one size by ImageReader(image_size={shape[:2]})"
            )
        images.append(image)
    return as_image_batch(np.stack(images))
