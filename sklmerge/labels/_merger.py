"""LabelMerger: labels, probabilities and targets to the merged classes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice
from sklmerge._containers import CountedLabels, copy_labels, count_labels, read_labels
from sklmerge._dataset_labels import find_labels
from sklmerge._kinds import Label, show_labels
from sklmerge._tensors import give_in_kind
from sklmerge.labels._indicator import (
    count_columns,
    is_indicator,
    merge_table,
    read_columns,
    unmerge_table,
)
from sklmerge.labels._json import JsonText
from sklmerge.labels._merge_and_unmerge import (
    check_same_kind,
    check_same_rows,
    invert_mapping,
    merge_labels,
    place_members,
    to_label_array,
    unmerge_labels,
)
from sklmerge.labels._merge_map import (
    normalize_merge_map,
    read_classes,
    resolve_merge,
)
from sklmerge.labels._proba import check_proba, choose_shares, split_columns, sum_columns
from sklmerge.labels._targets import TargetCoding


class LabelMerger(TargetCoding, JsonText):
    """Merge several classes into one, and undo the merge.

    `fit` learns the original and merged classes of y. The other methods convert labels,
    probabilities and network targets from original to merged classes and back.

    Parameters
    ----------
    merge : mapping, list of lists or None, default=None
        Which classes to merge: ``{"AB": ["A", "B"]}``, or ``[["A", "B"]]``, which names the merged
        class ``A+B``. If `merge` is None, `min_count` and `unlisted` can still merge classes.
    classes : list of labels or None, default=None
        All original labels. Any other label in y raises an error. This can also detect a
        meta-estimator that replaces your numeric labels with 0, 1, 2, ..., in which case `merge`
        would list the wrong labels.
    min_count : int, float or None, default=None
        Minimum number of samples per class after `merge` is applied. All classes with fewer samples
        are merged into `rare_label`, whether or not `merge` lists them. A float is a fraction of
        all samples.
    rare_label : label, default="other"
        The label that rare classes are merged into. If a class already has this label, the rare
        classes join it.
    unlisted : "keep", "error" or label, default="keep"
        What to do with classes that `merge` does not list: keep them, raise an error, or merge all
        of them into the given label.
    unknown : "error", "keep" or label, default="error"
        What `transform` does with labels that are neither in the y passed to `fit` nor in `merge`:
        raise an error, keep them, or replace them with the given label.
    missing : {"error", "ignore"}, default="error"
        What to do if `merge` lists a label that is not in y: raise an error, or ignore the label. A
        cross-validation fold, for example, may contain no sample of a rare class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_original,)
        The original classes in y, sorted.
    merged_classes_ : ndarray of shape (n_merged,)
        The merged classes in y, sorted.
    n_classes_ : int
        Number of merged classes.
    mapping_ : dict of label -> label
        The merged label of each original label, including labels that only `merge` lists.
    members_ : dict of label -> list of labels
        The original classes of each merged class. Keys and lists are sorted.
    class_counts_ : dict of label -> int
        Number of samples of each original class.
    class_indices_ : dict of label -> int
        Class index of each merged class: 0, 1, 2, ... in sorted order. Keras assigns indices to
        class folders in the same way.
    multilabel_ : bool
        Whether y was a 0/1 table with one column per label.

    See Also
    --------
    MergedClassifier : Trains a classifier on merged classes.
    MergeAdvisor : Suggests merges.

    Notes
    -----
    y can be an array-like of shape (n_samples,) that contains strings, ints, bools or floats that
    are whole numbers. It can also be a 0/1 table of shape (n_samples, n_labels). In a table, a
    merged column is 1 if any of its members is 1. The result is in the same kind of container as y:
    a pandas or polars Series (with its index, name and kind of dtype), a data frame, a sparse
    matrix, an object array, or a tensor if scikit-learn's array API dispatch is on. For any other
    y, the result is a NumPy array. You can also pass a data set that stores its labels (`targets`,
    `samples`, a ClassLabel column). Its images are not decoded.

    The type of a label matters: ``True``, ``1`` and ``"1"`` are three labels, and a y that mixes
    types raises an error. Ints and floats that are whole numbers are an exception: ``1`` and
    ``1.0`` are the same label, and the result uses the type of y.

    Examples
    --------
    >>> from sklmerge import LabelMerger
    >>> merger = LabelMerger({"benign": ["nevus", "keratosis"]})
    >>> y = ["nevus", "melanoma", "keratosis", "nevus"]
    >>> merged = merger.fit_transform(y)
    >>> merged
    array(['benign', 'melanoma', 'benign', 'benign'], dtype='<U8')
    >>> merger.members_
    {'benign': ['keratosis', 'nevus'], 'melanoma': ['melanoma']}
    >>> merger.inverse_transform(merged, original=y)
    array(['nevus', 'melanoma', 'keratosis', 'nevus'], dtype='<U9')
    >>> merger.transform_proba([[0.25, 0.25, 0.5]])
    array([[0.75, 0.25]])
    """

    # The first argument of inverse_transform is data, not metadata to be routed.
    __metadata_request__inverse_transform: ClassVar[dict[str, str]] = {
        "y_merged": UNUSED,
        "original": UNUSED,
        "ambiguous": UNUSED,
    }

    def __init__(
        self,
        merge: Any = None,
        *,
        classes: Any = None,
        min_count: int | float | None = None,
        rare_label: Label = "other",
        unlisted: Label = "keep",
        unknown: Label = "error",
        missing: Literal["error", "ignore"] = "error",
    ) -> None:
        self.merge = merge
        self.classes = classes
        self.min_count = min_count
        self.rare_label = rare_label
        self.unlisted = unlisted
        self.unknown = unknown
        self.missing = missing

    def fit(self, y: ArrayLike) -> Self:
        """Learn the classes of y and their merged classes.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, or a 0/1 table with one column per label.

        Returns
        -------
        LabelMerger
            The object itself.

        Raises
        ------
        ValueError
            If y is empty, has missing labels, or contradicts `merge`.
        TypeError
            If y or `merge` mixes label types.
        """
        if not isinstance(y, CountedLabels):
            y = find_labels(y)
        multilabel = is_indicator(y)
        classes, counts, n_samples = count_columns(y) if multilabel else count_labels(y)
        return self._fit_counts(classes, counts, n_samples, multilabel)

    def fit_transform(self, y: ArrayLike) -> Any:
        """Fit to y and return the merged labels; see `fit` and `transform`.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, or a 0/1 table with one column per label.

        Returns
        -------
        same container as y
            Merged labels of the same rows.

        Raises
        ------
        ValueError
            If y is empty, has missing labels, or contradicts `merge`.
        TypeError
            If y or `merge` mixes label types.
        """
        return self.fit(y).transform(y)

    def transform(self, y: ArrayLike) -> Any:
        """Merge labels.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, in the same form as in `fit`.

        Returns
        -------
        same container as y
            Merged labels of the same rows.

        Raises
        ------
        ValueError
            If y has unknown labels and `unknown` is "error", or if an unknown label is to be kept
            but has the name of a merged class.
        """
        check_is_fitted(self)
        if self.multilabel_:
            return merge_table(y, self.members_, list(self.class_counts_))
        return merge_labels(y, self.mapping_, list(self.members_), self.unknown)

    def inverse_transform(
        self,
        y_merged: ArrayLike,
        *,
        original: ArrayLike | None = None,
        ambiguous: Literal["error", "most_frequent"] = "error",
    ) -> Any:
        """Convert merged labels back to original labels.

        ``transform(inverse_transform(z)) == z`` always holds. ``inverse_transform(transform(y)) ==
        y`` holds only if you pass `original`.

        Parameters
        ----------
        y_merged : array-like of shape (n_samples,) or (n_samples, n_merged)
            Merged labels.
        original : array-like like y, default=None
            The original labels of the same rows, for example ``y[sampler.sample_indices_]``. These
            labels are checked against `y_merged` and returned.
        ambiguous : {"error", "most_frequent"}, default="error"
            What to do if a merged class has several members and `original` is not given: raise an
            error, or return the member that is most frequent in training. "most_frequent" loses
            information, because it never returns the other members.

        Returns
        -------
        same container as `original`, or as `y_merged` without it
            A copy of the original labels.

        Raises
        ------
        ValueError
            If `original` contradicts `y_merged`, a label is not a merged class, or the result is
            ambiguous and `ambiguous` is "error".
        """
        check_is_fitted(self)
        check_choice("ambiguous", ambiguous, ("error", "most_frequent"))
        if original is not None:
            self._check_against(original, y_merged)
            return copy_labels(original)
        if self.multilabel_:
            return unmerge_table(y_merged, self.members_, self.class_counts_, ambiguous)
        return unmerge_labels(
            y_merged,
            self.mapping_,
            self.class_counts_,
            ambiguous=ambiguous,
            unknown=self.unknown,
        )

    def transform_proba(self, P: ArrayLike) -> Any:
        """Sum the probabilities of the members of each merged class.

        To predict the merged class, choose the one with the largest sum. This is better than taking
        the most probable original class and merging its label.

        Parameters
        ----------
        P : array-like of shape (n_samples, n_original)
            Probabilities of the original classes, with columns in the order of `classes_`.

        Returns
        -------
        ndarray of shape (n_samples, n_merged), float64
            Probabilities of the merged classes, with columns in the order of `merged_classes_`.
        """
        self._check_exclusive("transform_proba")
        table = check_proba(P, len(self.classes_))
        sums = sum_columns(table, place_members(self.members_, self.classes_.tolist()))
        return give_in_kind(sums, P)

    def inverse_transform_proba(
        self, P: ArrayLike, given: Mapping[Any, ArrayLike] | None = None
    ) -> Any:
        """Divide the probability of each merged class among its members.

        Parameters
        ----------
        P : array-like of shape (n_samples, n_merged)
            Probabilities of the merged classes, with columns in the order of `merged_classes_`.
        given : mapping of merged label -> array of shape (n_samples, n_members), default=None
            Probability of each member given its merged class, from a second model or a second head
            of a network. Columns are in the order of `members_`. If a merged class is not in the
            mapping, its probability is divided among its members by training frequency.

        Returns
        -------
        ndarray of shape (n_samples, n_original), float64
            Probabilities of the original classes, with columns in the order of `classes_`.
        """
        self._check_exclusive("inverse_transform_proba")
        table = check_proba(P, self.n_classes_)
        shares = choose_shares(self.members_, self.class_counts_, given, len(table))
        places = place_members(self.members_, self.classes_.tolist())
        return give_in_kind(split_columns(table, places, shares), P)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        settings = super().__repr__(N_CHAR_MAX)
        if not hasattr(self, "members_"):
            return settings
        shown = [
            repr(name) if labels == [name] else f"{name!r} <- {show_labels(labels, 5)}"
            for name, labels in self.members_.items()
        ]
        more = f"; and {len(shown) - 10} more" if len(shown) > 10 else ""
        return f"{settings}: {'; '.join(shown[:10])}{more}"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.one_d_labels = True
        return tags

    def _fit_counts(
        self, classes: NDArray[Any], counts: list[int], n_samples: int, multilabel: bool
    ) -> Self:
        check_choice("missing", self.missing, ("error", "ignore"))
        mapping = resolve_merge(
            normalize_merge_map(self.merge),
            dict(zip(classes.tolist(), counts, strict=True)),
            n_samples=n_samples,
            min_count=self.min_count,
            rare_label=self.rare_label,
            unlisted=self.unlisted,
            missing=self.missing,
            classes=read_classes(self.classes),
        )
        self._learn(classes, counts, mapping, multilabel)
        return self

    def _learn(
        self,
        classes: NDArray[Any],
        counts: list[int],
        mapping: dict[Label, Label],
        multilabel: bool,
    ) -> None:
        labels = classes.tolist()
        self.multilabel_ = multilabel
        self.classes_ = classes
        self.class_counts_ = dict(zip(labels, counts, strict=True))
        self.mapping_ = mapping
        self.members_ = invert_mapping({label: mapping[label] for label in labels})
        self.merged_classes_ = to_label_array(list(self.members_), classes.dtype)
        self.class_indices_ = {name: index for index, name in enumerate(self.members_)}
        self.n_classes_ = len(self.members_)

    def _check_against(self, original: Any, y_merged: Any) -> None:
        merged = self.transform(original)
        if self.multilabel_:
            expected = read_columns(merged, list(self.members_), "original")
            came = read_columns(y_merged, list(self.members_), "y_merged")
        else:
            expected = read_labels(merged, "original")
            came = read_labels(y_merged, "y_merged")
            check_same_kind(came, expected, "y_merged")
        check_same_rows(expected, came)
