"""ImageReader: the first step of a pipeline that begins with paths."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from sklmerge._checks import check_n_jobs, check_reader, check_storage_options
from sklmerge.augment import ImageTransformer
from sklmerge.images import (
    BadFileError,
    Reader,
    ReadOptions,
    RemoteFiles,
    check_decoding,
    find_open_path,
    find_paths,
    gather_images,
    get_ways,
    name_source,
    read_images,
    tell_failures,
)


class ImageReader(ImageTransformer, BaseEstimator):
    """Read images from paths, as the first step of a pipeline.

    A grid search can then split lists of paths into folds, and each fold reads only its own images.

    Parameters
    ----------
    image_size : (int, int), default=None
        Resize all images to this height and width, in pixels. None keeps the sizes of the images,
        which must then be equal.
    color_mode : {"rgb", "grayscale", "rgba", "keep"}, default="rgb"
        Channels of the images; see `sklmerge.images.decode_image`.
    reader : callable, default=None
        A function that reads your own file formats: it takes a path and returns an array. It should
        raise OSError or ValueError if it fails. None uses the `reader` of the ImageIndex, if X is
        one. Otherwise, the formats that `decode_image` supports are read.
    n_jobs : int, default=None
        Number of threads, as in joblib. Does not change the result.
    storage_options : mapping, default=None
        Options for fsspec's file systems, if paths are URLs. None uses the options of the
        ImageIndex, if X is one.

    See Also
    --------
    ImageIndex : Lists the images of a folder and their labels.

    Notes
    -----
    The reader learns nothing, so it does not need to be fitted. The output must have one image per
    path, so a file that cannot be read raises an error. `ImageIndex.verify` lists all such files,
    and ``ImageIndex.read`` with ``on_error="skip"`` leaves them out. ``set_output`` has no effect
    on this step, because images stay arrays.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklmerge import ColorHistogram, ImageIndex, ImageReader
    >>> from sklmerge.datasets import write_textures
    >>> features = make_pipeline(ImageReader(image_size=(24, 36)), ColorHistogram(n_bins=4))
    >>> with TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     index = ImageIndex(folder)
    ...     features.fit_transform(index.paths).shape
    (240, 12)
    """

    def __init__(
        self,
        *,
        image_size: tuple[int, int] | None = None,
        color_mode: str = "rgb",
        reader: Reader | None = None,
        n_jobs: int | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.image_size = image_size
        self.color_mode = color_mode
        self.reader = reader
        self.n_jobs = n_jobs
        self.storage_options = storage_options

    def fit(self, X: Any = None, y: object = None) -> Self:
        """Check the parameters. Nothing is learned.

        Parameters
        ----------
        X : ignored, default=None
        y : ignored, default=None

        Returns
        -------
        self
        """
        self._check_params()
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Read the images.

        Parameters
        ----------
        X : ImageIndex, or list, array or column of str or path-likes
            Paths of the images.

        Returns
        -------
        ndarray of shape (n, height, width) or (n, height, width, channels)
            The images, as uint8 unless `color_mode` is "keep".

        Raises
        ------
        TypeError
            If X contains no paths.
        BadFileError
            If files cannot be read.
        ValueError
            If the images differ in shape or dtype.
        ConnectionError
            If the server behind a URL does not respond or refuses access.
        """
        self._check_params()
        path = find_open_path(X)
        paths = find_paths(X) if path is None else None
        if paths is None or len(paths) == 0:
            shape = getattr(X, "shape", ())
            got = f"an array of shape {shape}" if len(shape) > 1 else type(X).__name__
            advice = f"; pass {name_source(path)}" if path else ""
            raise TypeError(
                f"X must list at least one path, or be an ImageIndex, got {got}{advice}"
            )
        reader, files = get_ways(X)
        reader = self.reader or reader
        options = ReadOptions(reader, self.image_size, self.color_mode)
        if self.storage_options is not None:
            files = RemoteFiles(self.storage_options)
        read = read_images(paths, options, files, self.n_jobs)
        images, _, failures = gather_images(read, len(paths))
        if failures:
            raise BadFileError(
                f'{tell_failures(failures, paths)}; ImageIndex.read(on_error="skip") goes on '
                "without them"
            )
        if isinstance(images, list):
            first = images[0]
            place, other = next(
                (place, image)
                for place, image in enumerate(images)
                if (image.shape, image.dtype) != (first.shape, first.dtype)
            )
            raise ValueError(
                f"images must all have one shape and dtype, got {first.shape} {first.dtype} in "
                f"{paths[0]!r} and {other.shape} {other.dtype} in {paths[place]!r}; pass "
                "image_size, such as image_size=(224, 224), and a color_mode other than 'keep'"
            )
        return images

    def _check_params(self) -> None:
        """Check the types of the parameters, before errors in files."""
        check_decoding(self.color_mode, self.image_size)
        check_n_jobs(self.n_jobs)
        check_reader(self.reader)
        check_storage_options(self.storage_options)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_] | None:
        """Return the input names unchanged, so that a pipeline can name its features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns, if any.

        Returns
        -------
        ndarray of str or None
        """
        return None if input_features is None else np.asarray(input_features, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Declare that there is nothing to fit."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Declare that X is a list of paths."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.requires_fit = False
        return tags
