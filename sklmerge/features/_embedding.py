"""EmbeddingFeatures: the output of a pretrained network as features."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_image_size, check_whole
from sklmerge._contract import as_image_batch, find_value_range, stack_images
from sklmerge._resize import resize_image
from sklmerge.augment import read_normalization
from sklmerge.features._base import NamedFeatures
from sklmerge.features._models import (
    OnnxModel,
    Run,
    Wants,
    ask_model,
    digest_model,
    find_kind,
    open_model,
)
from sklmerge.features._stored import ArrayImages, EmbeddingStore, FileImages, Images
from sklmerge.images import find_paths, get_ways


class EmbeddingFeatures(NamedFeatures):
    """Describe images by the output of a pretrained network that is frozen and in inference mode.

    Try these features first if you have few images. You provide the model; no weights are
    downloaded.

    Parameters
    ----------
    model : torch module, Keras model, path of an ONNX file, or callable
        The pretrained network. A torch module gets float32 tensors of shape (n, C, H, W). A Keras
        model or a callable gets float32 arrays of shape (n, H, W, C). An ONNX model gets whichever
        of these two shapes its input requires. The output must have one row of numbers per image.
        Trailing axes of length 1 are dropped.
    image_size : (int, int), default=None
        Resize images to this height and width, in pixels. None keeps their size.
    mean, std : float or sequence of float, default=None
        Subtract `mean` from each channel, then divide by `std`. Values up to 1 are on a scale where
        white is 1, like ImageNet's (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225). If any value is
        above 1, such as 127.5, all values are on the scale of the images. None passes the images
        unchanged.
    batch_size : int, default=32
        Number of images per call of the model. It affects the result only by rounding errors.
    device : str, default=None
        Device for a torch module or an ONNX file, such as ``"cuda"``. None leaves a torch module on
        its device.
    output : str, default=None
        Name of an inner layer whose output is used instead of the model's output. For a torch
        module, a name from ``named_modules()``; for a Keras model, the name of one of its
        ``layers``; for an ONNX file, the name of a tensor.
    cache_dir : path-like, default=None
        Folder in which the embeddings are cached, under a hash of the image and the model. Each
        embedding is then computed only once, and reused in other folds, grid search candidates,
        later runs and other processes.

    Attributes
    ----------
    n_outputs_ : int
        Number of features per image.
    feature_names_ : list of str
        Names of the features.

    Notes
    -----
    A clone of this object uses the same model, without copying or changing its weights. The model's
    training mode is restored after each call. The hash of a model covers its weights, its
    configuration and its output for a fixed test batch, so a model that was trained further counts
    as a new model. The hash of a callable covers only its name and its output for the test batch.

    If `mean` and `std` are None, integer values are passed to the model without scaling: 0 to 255
    for uint8.

    See Also
    --------
    HOGFeatures, LBPFeatures, ColorHistogram : Features that need no network.

    Examples
    --------
    >>> import numpy as np
    >>> from sklmerge import EmbeddingFeatures
    >>> from sklmerge.datasets import load_textures
    >>> def pool(batch):
    ...     return batch.reshape(len(batch), 4, 8, 4, 12).mean(axis=(2, 4)).reshape(len(batch), 16)
    >>> features = EmbeddingFeatures(pool, mean=0.5, std=0.25)
    >>> features.fit_transform(load_textures().images[:6]).shape
    (6, 16)
    """

    def __init__(
        self,
        model: Any,
        *,
        image_size: tuple[int, int] | None = None,
        mean: Any = None,
        std: Any = None,
        batch_size: int = 32,
        device: str | None = None,
        output: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self.model = model
        self.image_size = image_size
        self.mean = mean
        self.std = std
        self.batch_size = batch_size
        self.device = device
        self.output = output
        self.cache_dir = cache_dir

    def fit(self, X: Any, y: object = None) -> Self:
        """Embed the first image to check the parameters and count the features.

        Parameters
        ----------
        X : array-like of shape (n, H, W) or (n, H, W, C), list of images, paths or ImageIndex
            Images, or their paths.
        y : ignored

        Returns
        -------
        self
        """
        self._check_params()
        images = self._open_images(X)
        if len(images) == 0:
            raise ValueError("X must hold at least one image, got none")
        with self._open_model() as (run, wants):
            first = self._prepare([images.read(0)], wants)
            self.n_outputs_ = self._embed(run, first).shape[1]
        self.feature_names_ = [f"embedding_{place}" for place in range(self.n_outputs_)]
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Embed each image.

        Parameters
        ----------
        X : array-like of shape (n, H, W) or (n, H, W, C), list of images, paths or ImageIndex
            Images of the same size, or of any size if `image_size` is given.

        Returns
        -------
        ndarray of float32, shape (n, n_features)

        Raises
        ------
        ValueError
            If the model does not accept the images, or does not return one row per image.
        BadFileError
            If a file cannot be read.
        """
        check_is_fitted(self)
        self._check_params()
        images = self._open_images(X)
        rows = np.empty((len(images), self.n_outputs_), np.float32)
        if len(images) == 0:
            return rows
        with self._open_model() as (run, wants):
            store = self._open_store(run, wants, images)
            for start in range(0, len(images), self.batch_size * (1 if store is None else 8)):
                stop = min(start + self.batch_size * (1 if store is None else 8), len(images))
                self._fill(rows[start:stop], images, range(start, stop), run, wants, store)
        return rows

    def _fill(
        self,
        rows: NDArray[np.float32],
        images: Images,
        places: range,
        run: Run,
        wants: Wants,
        store: EmbeddingStore | None,
    ) -> None:
        """Fill in the rows of some images: first the stored ones, then the others."""
        lacking = list(range(len(rows)))
        names: list[str] = []
        if store is not None:
            names = [images.digest(place) for place in places]
            lacking = [at for at in lacking if not store.load(names[at], rows[at])]
        for start in range(0, len(lacking), self.batch_size):
            some = lacking[start : start + self.batch_size]
            batch = self._prepare([images.read(places[at]) for at in some], wants)
            embedded = self._embed(run, batch)
            if embedded.shape[1] != rows.shape[1]:
                raise ValueError(
                    f"model must give rows of {rows.shape[1]} values as in fit, "
                    f"got {embedded.shape[1]}"
                )
            rows[some] = embedded
            if store is not None:
                for at in some:
                    store.save(names[at], rows[at])

    def _check_params(self) -> None:
        """Check the types of the parameters, before errors in a model or a file."""
        find_kind(self.model)
        check_image_size(self.image_size)
        check_whole("batch_size", self.batch_size, 1)
        for name in ("device", "output"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} must be a str or None, got {value!r}")
        if self.cache_dir is not None and not isinstance(self.cache_dir, str | os.PathLike):
            raise TypeError(f"cache_dir must be a path or None, got {self.cache_dir!r}")

    def _open_images(self, X: Any) -> Images:
        paths = find_paths(X)
        if paths is not None:
            return FileImages(paths, check_image_size(self.image_size), *get_ways(X))
        if self.image_size is not None and isinstance(X, list | tuple):
            # Each becomes one size anyway.
            return ArrayImages([as_image_batch(np.asarray(image)[None])[0] for image in X])
        batch = stack_images(X)
        if batch.ndim == 2:
            raise ValueError(
                "X must be images of shape (n, H, W) or (n, H, W, C), got flattened rows of "
                f"shape {batch.shape}; pass X.reshape(len(X), H, W, C)"
            )
        return ArrayImages(as_image_batch(batch))

    @contextmanager
    def _open_model(self) -> Iterator[tuple[Run, Wants]]:
        """Yield the function that embeds a batch, and the image format that the model requires."""
        kind = find_kind(self.model)
        if kind != "onnx":
            with open_model(kind, self.model, self.output, self.device) as run:
                yield run, ask_model(kind, self.model)
            return
        session = self.__dict__.get("_session")
        if session is None or session.settings != (self.model, self.output, self.device):
            session = self._session = OnnxModel(self.model, self.output, self.device)
        yield session, session.wants

    def _prepare(self, images: list[NDArray[Any]], wants: Wants) -> NDArray[np.float32]:
        """Resize and normalise images, and convert them to float32 with channels last."""
        size = check_image_size(self.image_size)
        if size is not None:
            images = [resize_image(image, size) for image in images]
        for image in images:
            if image.shape != images[0].shape:
                raise ValueError(
                    f"X must hold images of one shape, got {images[0].shape} and {image.shape}; "
                    "pass image_size, such as image_size=(224, 224)"
                )
        height, width, *channels = images[0].shape
        n_channels = channels[0] if channels else 1
        if wants.n_channels not in (None, n_channels):
            raise ValueError(
                f"model takes images of {wants.n_channels} channels, got X with {n_channels}"
            )
        if wants.size not in (None, (height, width)):
            raise ValueError(
                f"model takes images of {wants.size[0]} x {wants.size[1]} pixels, got X of "
                f"{height} x {width}; pass image_size={wants.size}"
            )
        batch = np.empty((len(images), height, width, n_channels), np.float32)
        for place, image in zip(batch, images, strict=True):
            np.copyto(place, image.reshape(place.shape), casting="same_kind")
        gain, bias = read_normalization(self.mean, self.std, images[0].dtype, n_channels)
        if gain is not None:
            # Whole rows of pixels at a time: NumPy is slow over an axis of three.
            rows = batch.reshape(len(batch), height, width * n_channels)
            rows *= np.resize(gain, width * n_channels).astype(np.float32)
            rows += np.resize(bias, width * n_channels).astype(np.float32)
        return batch

    def _embed(self, run: Run, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the model on a batch, and check that it returns one row per image."""
        try:
            result = run(batch)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ValueError(
                f"model cannot take images of shape {batch.shape[1:]} ({error})"
            ) from error
        rows = np.asarray(result)
        while rows.ndim > 2 and rows.shape[-1] == 1:
            rows = rows[..., 0]
        if rows.shape[:1] != (len(batch),) or rows.ndim != 2 or rows.dtype.kind not in "fiu":
            got = f"shape {rows.shape}" if rows.dtype.kind in "fiu" else repr(type(result).__name__)
            raise ValueError(
                f"model must give numbers of shape (n, d) for {len(batch)} images, got {got}; "
                "name an inner layer by output=, or let the model end in pooling"
            )
        return rows.astype(np.float32, copy=False)

    def _open_store(self, run: Run, wants: Wants, images: Images) -> EmbeddingStore | None:
        """Open the folder of the embeddings of this model in its present state."""
        if self.cache_dir is None:
            return None
        kind = find_kind(self.model)
        digest = hashlib.blake2b(digest_size=16)
        weights = run.digest if isinstance(run, OnnxModel) else digest_model(kind, self.model)
        size = check_image_size(self.image_size)
        like = images.read(0)
        shape = (2, *(size or like.shape[:2]), *like.shape[2:])
        probe = np.random.default_rng(0).random(shape)
        white = find_value_range(like.dtype, None)[1]
        output = self._embed(run, self._prepare(list((probe * white).astype(like.dtype)), wants))
        # Projections, roughly rounded, so that another number of threads changes nothing.
        scale = float(np.abs(output).max()) or 1.0
        sides = np.random.default_rng(1).standard_normal((output.shape[1], 4))
        seen = np.round(output @ sides / (scale * output.shape[1] ** 0.5), 3) + 0.0
        told = (
            kind,
            weights,
            self.output,
            size,
            shape[1:],
            str(like.dtype),
            f"{scale:.3g}",
            seen.tolist(),
        )
        digest.update(repr((told, np.shape(self.mean), self.mean, self.std)).encode())
        return EmbeddingStore(os.path.join(os.fspath(self.cache_dir), digest.hexdigest()))

    def __sklearn_clone__(self) -> Self:
        """Clone all parameters except the model, which is shared, because it may be large."""
        params = self.get_params(deep=False)
        model = params.pop("model")
        return type(self)(model, **{name: clone(v, safe=False) for name, v in params.items()})

    def __getstate__(self) -> dict[str, Any]:
        """Leave out an open session."""
        state = dict(super().__getstate__())
        state.pop("_session", None)
        return state
