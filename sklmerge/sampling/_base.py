"""The base of both image samplers: containers, checks, choice of sources, and copies."""

import warnings
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from imblearn.base import BaseSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from sklmerge._checks import check_choice, check_max_copies, check_n_jobs, copy_fitted
from sklmerge._containers import is_index, is_pandas, is_polars, read_array, read_labels
from sklmerge._contract import as_image_batch, stack_images
from sklmerge._random import draw_uniform, hash_keys, resolve_seed
from sklmerge._tensors import check_open, take_by_place, to_numpy
from sklmerge.augment import (
    ClassAugmenter,
    ImageAugmenter,
    TrivialAugmenter,
    as_augmenter,
    tell_augmenter,
)
from sklmerge.labels import check_all_named, fit_nested_merger, take_rows


class Plan(NamedTuple):
    """Which rows are kept as they are, and which are copied."""

    # Ascending.
    kept: NDArray[np.intp]
    # The row that each new one is a copy of, and how many copies of that row come before it.
    drawn: NDArray[np.intp]
    copies: NDArray[np.intp]

    @classmethod
    def join(
        cls, kept: NDArray[np.intp], rounds: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]]
    ) -> Self:
        """Make one plan from the kept rows and the draws of several classes."""
        none, planned = np.zeros(0, dtype=np.intp), list(rounds)
        drawn = np.concatenate([none, *(sources for sources, _ in planned)])
        return cls(kept, drawn, np.concatenate([none, *(numbers for _, numbers in planned)]))


class ImageSampler(BaseSampler):
    """Take and augment rows by a plan, which a subclass makes."""

    augmenter: Any
    merge: Any
    within_merged: str
    max_copies: int | None
    image_shape: tuple[int, ...] | None
    random_state: Any
    n_jobs: int | None

    @abstractmethod
    def _plan(self, labels: NDArray[Any], merged: NDArray[Any], seed: int) -> Plan:
        """Choose the rows to keep and the rows to copy."""

    def _resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Resample any container; called by `fit_resample` of the subclass."""
        check_open(X, "X")
        check_open(y, "y")
        plain: Any = y
        if len(y.shape if hasattr(y, "shape") else read_array(y).shape) != 2:
            # Before imbalanced-learn, whose complaint about NaN is a warning of a failed cast.
            plain = read_labels(y)
            plain = plain.astype(np.str_) if plain.dtype == object else plain
        if _is_unread(X):
            resampled = self._resample_unread(X, plain)
        else:
            rows, rebuild = _read_container(X)
            # It would cast merged labels back to the categories of the original ones.
            resampled, _ = super().fit_resample(rows, plain, original=plain)
            resampled = rebuild(resampled)
        return resampled, _take_labels(y, self.sample_indices_)

    def _resample_unread(self, X: Any, labels: NDArray[Any]) -> Any:
        """Take rows of paths or of an index, whose images are not loaded and so not augmented."""
        check_consistent_length(X, labels)
        labels = check_target_type(labels)
        merged = self._merge(labels)
        # What imbalanced-learn resolves for rows that it reads.
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, merged, self._sampling_type
        )
        copy_fitted(self, None)
        plan = self._plan(labels, merged, resolve_seed(self.random_state))
        if len(plan.drawn) and self.augmenter is not None:
            raise TypeError(
                f"augmenter must be None for X of paths or an ImageIndex, whose {len(plan.drawn)} "
                f"copies cannot be augmented before they are read, got {self.augmenter!r}; read "
                "them first (ImageReader), or feed them by ImageBatches"
            )
        self._remember(plan, np.zeros(len(plan.drawn), dtype=bool))
        return take_rows(X, self.sample_indices_)

    def _check_X_y(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any], bool]:
        """Return X as an array, y merged, and whether y came one-hot; imbalanced-learn's hook."""
        labels, one_hot = check_target_type(y, indicate_one_vs_all=True)
        labels = self._merge(labels)
        if np.ndim(X) > 2:
            check_consistent_length(X, labels)
            copy_fitted(self, None)
            return as_image_batch(X, counted=True), labels, one_hot
        # Labels are checked already; only their number matters here.
        sparse_frame = hasattr(X, "iloc")
        rows, _ = validate_data(
            self, X, np.zeros(len(labels)), dtype=None, accept_sparse=sparse_frame
        )
        return rows.toarray() if issparse(rows) else rows, labels, one_hot

    def _merge(self, labels: NDArray[Any]) -> NDArray[Any]:
        check_choice("within_merged", self.within_merged, ("natural", "balanced"))
        check_max_copies(self.max_copies)
        check_n_jobs(self.n_jobs)
        if self.merge is None:
            return labels
        return np.asarray(fit_nested_merger(self.merge, labels).transform(labels))

    def _fit_resample(
        self, X: NDArray[Any], y: NDArray[Any], original: Any
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Plan the draws, then write them directly to the output; imbalanced-learn's hook."""
        seed = resolve_seed(self.random_state)
        labels = check_target_type(original)
        plan = self._plan(labels, y, seed)
        n_kept, n_drawn = len(plan.kept), len(plan.drawn)
        augmenter = self._prepare_augmenter(X, labels)
        resampled = np.empty((n_kept + n_drawn, *X.shape[1:]), X.dtype)
        np.take(X, plan.kept, axis=0, out=resampled[:n_kept], mode="clip")
        is_augmented = np.full(n_drawn, augmenter is not None)
        if augmenter is None:
            np.take(X, plan.drawn, axis=0, out=resampled[n_kept:], mode="clip")
        else:
            asked: dict[str, Any] = {"keys": hash_keys(plan.drawn, plan.copies)}
            by_class = isinstance(augmenter, ClassAugmenter)
            if by_class:
                asked |= {"labels": labels[plan.drawn], "merged_labels": y[plan.drawn]}
            params = augmenter.draw_params(n_drawn, seed, **asked)
            if by_class:
                is_augmented = params["augmenter"] >= 0
            elif n_drawn and not params.columns:
                warnings.warn(
                    f"augmenter changes nothing, so {n_drawn} new images are plain copies; set "
                    "one of its ranges, or pass augmenter=None to say so",
                    stacklevel=5,
                )
            augmenter.apply(X, params, indices=plan.drawn, out=resampled[n_kept:])
        self._remember(plan, is_augmented)
        return resampled, y[self.sample_indices_]

    def _remember(self, plan: Plan, is_augmented: NDArray[np.bool_]) -> None:
        self.sample_indices_ = np.concatenate([plan.kept, plan.drawn])
        self.is_augmented_ = np.concatenate([np.zeros(len(plan.kept), dtype=bool), is_augmented])

    def _prepare_augmenter(self, X: NDArray[Any], labels: NDArray[Any]) -> Any:
        """Return the augmenter with image_shape and n_jobs set, and check it against X."""
        augmenter = tell_augmenter(
            as_augmenter(self.augmenter), image_shape=self.image_shape, n_jobs=self.n_jobs
        )
        by_class = isinstance(augmenter, ClassAugmenter)
        if by_class and self.merge is None:
            check_all_named("augmenter", list(augmenter.augmenters), np.unique(labels).tolist())
        for member in augmenter.augmenters.values() if by_class else [augmenter]:
            if isinstance(member, ImageAugmenter | TrivialAugmenter):
                as_image_batch(X, member.image_shape or self.image_shape, counted=True)
        return augmenter

    def __sklearn_tags__(self) -> Any:
        """Declare that X may be rows, data frames or strings, but not sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.dataframe = True
        tags.input_tags.string = True
        tags.sampler_tags.sample_indices = True
        return tags


def _is_unread(X: Any) -> bool:
    """Say whether X is an ImageIndex, or a list, array or Series of paths."""
    if is_index(X):
        return True
    if isinstance(X, list | tuple):
        return len(X) > 0 and isinstance(X[0], str)
    if len(getattr(X, "shape", ())) != 1:
        return False
    first = next(iter(X), None)
    return isinstance(first, str)


def _read_container(X: Any) -> tuple[Any, Any]:
    """Convert X to a form that imbalanced-learn can read, and return a function to convert back."""
    if isinstance(X, Iterator):
        stack_images(X)
    is_list = isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object)
    if is_list and len(X) and len(np.shape(X[0])) > 1:
        return stack_images(X), lambda rows: rows
    if is_polars(X, "DataFrame"):
        # NumPy would index it by column.
        return X.to_numpy(), lambda rows: type(X)(rows, schema=X.schema)
    return (to_numpy(X) if hasattr(X, "__dlpack__") else X), lambda rows: rows


def _take_labels(labels: Any, indices: NDArray[np.intp]) -> Any:
    """Take labels by position; keep their container and type."""
    if is_pandas(labels, "Series", "DataFrame"):
        return labels.iloc[indices].reset_index(drop=True)
    if isinstance(labels, list):
        return [labels[place] for place in indices]
    # Rows of a dask collection have no place by number.
    is_array = hasattr(labels, "__array__") and not hasattr(labels, "__dask_graph__")
    return take_by_place(labels if is_array else np.asarray(labels), indices)


# The random numbers that order sources; an augmenter's columns take the numbers below.
_ORDER_STREAM = 1000


def plan_rounds(
    sources: NDArray[np.intp], n_draws: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw sources in rounds; return the source of each draw and how often it was drawn before."""
    # A round is a random order of all sources, so that their counts differ by at most 1.
    rounds = np.arange(n_draws) // max(len(sources), 1)
    drawn = np.empty(n_draws, dtype=np.intp)
    for start in range(0, n_draws, max(len(sources), 1)):
        keys = hash_keys(sources, rounds[start])
        order = np.argsort(draw_uniform(seed, keys, _ORDER_STREAM), kind="stable")
        drawn[start : start + len(sources)] = sources[order][: n_draws - start]
    return drawn, rounds


def share_evenly(n_draws: int, capacities: Sequence[int]) -> list[int]:
    """Share draws evenly; what exceeds one capacity goes to the others."""
    shares = [0] * len(capacities)
    # Shares add up to the draws, or to all that fits.
    left = min(n_draws, sum(capacities))
    # Whoever can take least is served first, so that what it leaves is spread over the others.
    by_capacity = sorted(range(len(capacities)), key=lambda place: capacities[place])
    for served, place in enumerate(by_capacity):
        shares[place] = min(capacities[place], left // (len(by_capacity) - served))
        left -= shares[place]
    return shares
