"""What a parameter called `merge` is: one fresh LabelMerger of it, and whether it is fitted."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sklmerge._checks import check_choice
from sklmerge._containers import copy_labels, count_labels, read_labels
from sklmerge._kinds import Label, show_labels
from sklmerge.labels._exchange import (
    check_same_kind,
    check_same_rows,
    invert_mapping,
    is_identity,
    merge_labels,
    place_members,
    read_json,
    to_label_array,
    unmerge_labels,
    write_json,
)
from sklmerge.labels._indicator import (
    count_columns,
    is_indicator,
    merge_table,
    read_columns,
    unmerge_table,
)
from sklmerge.labels._merge_map import (
    check_all_named,
    invert_merge_map,
    normalize_merge_map,
    read_classes,
    resolve_merge,
)
from sklmerge.labels._proba import check_proba, choose_shares, split_columns, sum_columns
from sklmerge.labels._targets import decode_numbers, encode_numbers, find_positive, number_labels


class LabelMerger(BaseEstimator):
    """Let several classes count as one, and take that back.

    It learns from y which classes there are and what each becomes, then carries labels,
    probabilities and network targets from the original classes to the merged ones and back.

    Parameters
    ----------
    merge : mapping, list of lists or None, default=None
        ``{"AB": ["A", "B"]}``; or ``[["A", "B"]]``, named by joining the members with ``+``; or
        None, which merges nothing by name.
    classes : list of labels or None, default=None
        All original labels there are. A y with any other label is an error, whoever calls: so a
        map of numbers fails loudly inside a meta-estimator that numbers the classes 0, 1, 2, ...
    min_count : int, float or None, default=None
        Merged classes with fewer samples become `rare_label`. A float is a fraction of n_samples.
    rare_label : label, default="other"
        Takes the rare classes in; a class of that name takes them in beside its own samples.
    unlisted : "keep", "error" or label, default="keep"
        What becomes of classes that `merge` does not list: they stay, are an error, or all become
        this label.
    unknown : "error", "keep" or label, default="error"
        What `transform` makes of labels that neither y had nor `merge` lists.
    missing : {"error", "ignore"}, default="error"
        Whether `merge` may list a label that y lacks, as in a fold without the rare class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_original,)
        The original classes in y, sorted.
    merged_classes_ : ndarray of shape (n_merged,)
        The merged classes in y, sorted.
    n_classes_ : int
        How many merged classes there are.
    mapping_ : dict of label -> label
        What each original label becomes, also those that only `merge` lists.
    members_ : dict of label -> list of labels
        The original classes of each merged class, both in sorted order.
    class_counts_ : dict of label -> int
        Samples of each original class.
    class_indices_ : dict of label -> int
        The number of each merged class, sorted, as Keras numbers folders.
    multilabel_ : bool
        Whether y was a 0/1 table with one column a label.

    Notes
    -----
    y is array-like of shape (n_samples,) and holds str, int, bool or whole floats, or is a 0/1
    table of shape (n_samples, n_labels), where a merged column is the OR of its members. A pandas
    Series comes back as a Series with its index, name and kind of dtype, a data frame as a data
    frame, an object array as an object array, all else as an array of natural dtype.

    Labels have a type: ``True``, ``1`` and ``"1"`` are three labels, and a y that mixes them is an
    error. Whole floats and ints are the same number, written as y writes them.

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
        """Learn the classes of y and what each becomes.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, or a 0/1 table with one column a label.

        Returns
        -------
        LabelMerger
            Itself.

        Raises
        ------
        ValueError
            If y is empty, has missing labels, or contradicts `merge`.
        TypeError
            If y or `merge` mixes types of labels.
        """
        multilabel = is_indicator(y)
        classes, counts, n_samples = count_columns(y) if multilabel else count_labels(y)
        return self._fit_counts(classes, counts, n_samples, multilabel)

    def fit_transform(self, y: ArrayLike) -> Any:
        """Learn from y and merge it; see `fit` and `transform`.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, or a 0/1 table with one column a label.

        Returns
        -------
        same container as y
            Merged labels of the same rows.

        Raises
        ------
        ValueError
            If y is empty, has missing labels, or contradicts `merge`.
        TypeError
            If y or `merge` mixes types of labels.
        """
        return self.fit(y).transform(y)

    def transform(self, y: ArrayLike) -> Any:
        """Merge labels.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Original labels, in the form that `fit` saw.

        Returns
        -------
        same container as y
            Merged labels of the same rows.

        Raises
        ------
        ValueError
            If y has unknown labels and `unknown` is "error".
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
        """Take the merge back.

        ``transform(inverse_transform(z)) == z`` always holds; the other way round only with
        `original`.

        Parameters
        ----------
        y_merged : array-like of shape (n_samples,) or (n_samples, n_merged)
            Merged labels.
        original : array-like like y, default=None
            The original labels of the same rows, for example ``y[sampler.sample_indices_]``. They
            are checked against `y_merged` and returned.
        ambiguous : {"error", "most_frequent"}, default="error"
            What to do without `original` where a merged class has several members. Taking the
            most frequent one is lossy: the rarer members never come back.

        Returns
        -------
        same container as `original`, or as `y_merged` without it
            Original labels, a copy.

        Raises
        ------
        ValueError
            If `original` contradicts `y_merged`, a label is no merged class, or the answer is
            ambiguous and must not be.
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

    def transform_proba(self, P: ArrayLike) -> NDArray[np.float64]:
        """Sum the probabilities of the members of each merged class.

        Taking the largest of these sums is not the same as merging the most probable original
        class, and is the better guess at the merged level.

        Parameters
        ----------
        P : array-like of shape (n_samples, n_original)
            Probabilities of the original classes, in the order of `classes_`.

        Returns
        -------
        ndarray of shape (n_samples, n_merged), float64
            Probabilities of the merged classes, in the order of `merged_classes_`.
        """
        self._check_exclusive("transform_proba")
        table = check_proba(P, len(self.classes_))
        return sum_columns(table, place_members(self.members_, self.classes_.tolist()))

    def inverse_transform_proba(
        self, P: ArrayLike, given: Mapping[Any, ArrayLike] | None = None
    ) -> NDArray[np.float64]:
        """Split the probability of each merged class among its members.

        Parameters
        ----------
        P : array-like of shape (n_samples, n_merged)
            Probabilities of the merged classes, in the order of `merged_classes_`.
        given : mapping of merged label -> array of shape (n_samples, n_members), default=None
            Probabilities of the members given the merged class, from a second model or a second
            head of a network, columns in the order of `members_`. A merged class not given is
            split by training frequency.

        Returns
        -------
        ndarray of shape (n_samples, n_original), float64
            Probabilities of the original classes, in the order of `classes_`.
        """
        self._check_exclusive("inverse_transform_proba")
        table = check_proba(P, self.n_classes_)
        shares = choose_shares(self.members_, self.class_counts_, given, len(table))
        return split_columns(table, place_members(self.members_, self.classes_.tolist()), shares)

    def encode(
        self,
        y: ArrayLike,
        class_mode: Literal["sparse", "categorical", "binary"] = "sparse",
        pos_label: Label | None = None,
        *,
        merged: bool = False,
    ) -> NDArray[Any]:
        """Write labels as targets of a network, merging them on the way.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Original labels, or merged ones with `merged`.
        class_mode : {"sparse", "categorical", "binary"}, default="sparse"
            Numbers by `class_indices_` (int64), one-hot rows (float32), or 1 for `pos_label` and 0
            for the other of two classes (float32).
        pos_label : label, default=None
            The merged class that "binary" writes as 1; None is the second.
        merged : bool, default=False
            Whether y holds merged labels already.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_merged)
            Targets.
        """
        self._check_exclusive("encode")
        positive = find_positive(class_mode, pos_label, self.merged_classes_)
        labels = read_labels(y) if merged else read_labels(self.transform(y))
        codes = number_labels(labels, self.merged_classes_)
        return encode_numbers(codes, self.n_classes_, class_mode, positive)

    def decode(self, codes: ArrayLike, pos_label: Label | None = None) -> NDArray[Any]:
        """Read merged labels from codes, one-hot rows, or a network's softmax or sigmoid output.

        Parameters
        ----------
        codes : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, n_merged)
            What `encode` wrote or a network predicted. A table is read by its largest column; a
            single column of two classes is 1 for `pos_label`, or its probability (above 0.5).
        pos_label : label, default=None
            The merged class that a single column is about; None is the second.

        Returns
        -------
        ndarray of shape (n_samples,)
            Merged labels.
        """
        self._check_exclusive("decode")
        positive = None
        if pos_label is not None:
            positive = find_positive("binary", pos_label, self.merged_classes_)
        return np.take(self.merged_classes_, decode_numbers(codes, self.n_classes_, positive))

    def to_json(self) -> str:
        """Write parameters and, after fit, what was learned, as JSON text with typed labels.

        Returns
        -------
        str
            What `from_json` reads, to be kept with the weights of a network.
        """
        learned = None
        if hasattr(self, "mapping_"):
            learned = {
                "multilabel": self.multilabel_,
                "classes": self.classes_.tolist(),
                "dtype": self.classes_.dtype.str,
                "counts": list(self.class_counts_.values()),
                "mapping": [list(pair) for pair in self.mapping_.items()],
            }
        return write_json(self.get_params(deep=False), learned)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a merger, fitted if it was, from what `to_json` wrote.

        Parameters
        ----------
        text : str
            What `to_json` wrote.

        Returns
        -------
        LabelMerger
            Its labels have the types that they had.

        Raises
        ------
        ValueError
            If the text is no JSON, or not that of a LabelMerger.

        Examples
        --------
        >>> from sklmerge import LabelMerger
        >>> merger = LabelMerger({0: [0, 1]}).fit([0, 1, 2])
        >>> LabelMerger.from_json(merger.to_json()).transform([1, 2])
        array([0, 2])
        """
        params, learned = read_json(text)
        merger = cls(**params)
        if learned is not None:
            classes = np.array(learned["classes"], dtype=np.dtype(learned["dtype"]))
            mapping = dict(learned["mapping"])
            merger._learn(classes, learned["counts"], mapping, learned["multilabel"])
        return merger

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

    def _check_exclusive(self, method: str) -> None:
        check_is_fitted(self)
        if self.multilabel_:
            raise ValueError(
                f"{method} needs classes that exclude each other, but y was a 0/1 table with one "
                "column a label"
            )

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


def check_merger(merge: Any) -> LabelMerger:
    """Make a fresh, unfitted merger of whatever a parameter called `merge` takes.

    Parameters
    ----------
    merge : LabelMerger, mapping, list of lists or None
        A merger is cloned, never fitted in place.

    Returns
    -------
    LabelMerger
        Unfitted.

    Raises
    ------
    TypeError
        If `merge` is none of these.
    ValueError
        If `merge` contradicts itself.

    Examples
    --------
    >>> check_merger([["A", "B"]])
    LabelMerger(merge=[['A', 'B']])
    """
    if isinstance(merge, LabelMerger):
        return clone(merge)
    normalize_merge_map(merge)
    return LabelMerger(merge)


def fit_nested_merger(merge: Any, y: Any) -> LabelMerger:
    """Fit a fresh merger inside something that a meta-estimator may hold.

    ``LabelMerger.fit`` takes any map. Here the labels may have been numbered by whoever calls, so
    maps of numbers must name every class; see :func:`check_all_named`. No map at all and counting
    alone mean the same under any numbering, and so does a map that changes no label.

    Parameters
    ----------
    merge : LabelMerger, mapping, list of lists or None
        As for `check_merger`.
    y : array-like of shape (n_samples,)
        Original labels, or what a meta-estimator made of them.

    Returns
    -------
    LabelMerger
        Fitted.

    Raises
    ------
    ValueError, TypeError
        If `merge` and y contradict each other, or y may be numbers of other labels.

    Examples
    --------
    >>> fit_nested_merger({1: [1, 2], 3: [3]}, [1, 2, 3]).n_classes_
    2
    """
    merger = check_merger(merge)
    classes, counts, n_samples = count_labels(y)
    found = classes.tolist()
    listed = invert_merge_map(normalize_merge_map(merger.merge))
    takes_rest = merger.unlisted != "keep" and merger.unlisted != "error"
    takes_rare = merger.min_count is not None and merger.rare_label in found
    if takes_rest or takes_rare or not is_identity(listed):
        declared = read_classes(merger.classes)
        named = list(listed) if declared is None else declared
        if all(isinstance(label, int | float) for label in named):
            check_all_named("merge", named, found, missing=merger.missing)
            if found == [0, 1] and len({listed.get(label, label) for label in named}) == 1:
                raise ValueError(
                    "merge must keep two classes apart if labels are 0 and 1, which say one class "
                    "or the rest inside OneVsRestClassifier and its kin, got "
                    f"{merger.merge!r}; use text labels, or put the meta-estimator inside this "
                    "estimator"
                )
    try:
        return merger._fit_counts(classes, counts, n_samples, multilabel=False)
    except ValueError as error:
        if classes.dtype.kind not in "iuf" or found != list(range(len(found))):
            raise
        raise ValueError(
            f"{error}; y holds 0..{len(found) - 1}, as it does inside meta-estimators that number "
            "the classes before fit (VotingClassifier, StackingClassifier, cross_val_predict of "
            "probabilities): put the meta-estimator inside this estimator"
        ) from error


def is_fitted_merger(merge: Any) -> bool:
    """Say whether a parameter called `merge` is a LabelMerger that has learned its classes."""
    return isinstance(merge, LabelMerger) and hasattr(merge, "mapping_")
