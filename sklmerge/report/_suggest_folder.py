"""suggest_folder: which classes of a folder a model confuses."""

from dataclasses import asdict, dataclass, field
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_image_size, check_whole
from sklmerge._random import check_seed, hash_texts, rank_keys
from sklmerge.balance import find_groups
from sklmerge.images import BadFileError, ImageIndex, merge_index, show_name
from sklmerge.labels import MergeAdvisor
from sklmerge.report._place import Merge, Place, find_place, list_merge, write_merge

_MOST_PAIRS, _MOST_FILES = 6, 3
# Joins shown beyond those that are suggested.
_MORE_STEPS = 2


@dataclass(frozen=True)
class FolderSuggestion:
    """Suggested merges for a folder. Print the object to see a short summary.

    Attributes
    ----------
    source : str
        The folder.
    model : str
        Name of the features or of the model that computed them.
    n_images, n_unreadable : int
        Number of images that were used, and number of unreadable files that were left out.
    left_out : dict of label to int
        Class that was left out because it has fewer readable images than there are folds -> number
        of its readable images.
    classes : list
        The classes that were compared.
    confusion : list of list of int
        Confusion matrix of the out-of-fold predictions. Rows are true classes, columns are
        predicted classes.
    accuracy, balanced_accuracy : float
        Cross-validated scores before merging.
    merge : dict of label to list of labels
        The suggested merge: merged class -> its classes.
    note : str or None
        Why no merge is suggested. None if there is a suggestion, or if only few samples are
        confused.
    steps : list of dict
        The joins, starting with the most confusable classes. Each entry contains the scores after
        its join.
    pairs : list of dict
        Pairs of confused classes, each with the files that were confused.
    commands : list of str
        Shell commands that apply the suggestion. Empty if the source is an index.
    code : list of str
        Python code that applies the suggestion to the given ``index``. Empty if the source is a
        folder.
    """

    source: str
    model: str
    n_images: int
    n_unreadable: int
    left_out: dict[Any, int]
    classes: list[Any]
    confusion: list[list[int]]
    accuracy: float
    balanced_accuracy: float
    merge: dict[Any, list[Any]]
    note: str | None
    steps: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    commands: list[str]
    code: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values that JSON can store."""
        return asdict(self)

    def list_steps(self) -> list[list[Any]]:
        """Return the joins as table rows: members, confusability, n_classes, two scores, remark.

        Returns
        -------
        list of list
        """
        n_shown = sum(step["suggested"] for step in self.steps) + _MORE_STEPS
        rows: list[list[Any]] = [
            ["(none)", "", len(self.classes), self.accuracy, self.balanced_accuracy, ""]
        ]
        for step in self.steps[:n_shown]:
            scores = [step["n_classes"], step["accuracy"], step["balanced_accuracy"]]
            mark = "suggested" if step["suggested"] else ""
            members = " + ".join(map(str, step["members"]))
            rows.append([members, f"{step['confusability']:.3f}", *scores, mark])
        return rows

    def list_remarks(self) -> list[str]:
        """Return the confused classes and the suggested merge, as lines of text.

        Returns
        -------
        list of str
        """
        lines = []
        if self.n_unreadable:
            lines.append(f"files left out because they cannot be read: {self.n_unreadable}")
        for label, n in self.left_out.items():
            lines.append(f"class left out because it has fewer images than folds: {label} ({n})")
        lines.append("Classes that are confused most often:")
        for pair in self.pairs[:_MOST_PAIRS]:
            names, files = " and ".join(map(str, pair["classes"])), pair["files"]
            told = f"{len(files)} images, confusability {pair['confusability']:.3f}, such as"
            lines.append(f"  {names}: {told}")
            lines += [f"    {name}" for name in files[:_MOST_FILES]]
        return [*lines, *tell_merge(self)]

    def __str__(self) -> str:
        head = f"{self.source}: {self.n_images:,} images, cross-validated"
        rows = ["  ".join(map(str, row)).rstrip() for row in self.list_steps()]
        return "\n".join(map(show_name, [head, *rows, *self.list_remarks()]))


def suggest_folder(
    source: Any,
    *,
    merge: Any = None,
    model: Any = None,
    n_classes: int | None = None,
    threshold: float | None = None,
    image_size: tuple[int, int] | None = None,
    max_images: int = 500,
    folds: int = 5,
    group_by: Any = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> FolderSuggestion:
    """Predict images by cross-validation, and report which classes a model confuses.

    The features of an image are HOG features and a colour histogram or, if you pass a `model`, the
    embedding that the model computes. The classifier is a logistic regression with balanced class
    weights. ``sklmerge suggest`` prints this report.

    Parameters
    ----------
    source : path, URL or ImageIndex
        Folder of class folders, or an index.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Classes to merge before the prediction, which are then treated as one class.
    model : object or None, default=None
        A model for `EmbeddingFeatures`, such as the path of an ONNX file. None uses HOG features
        and colour histograms.
    n_classes : int or None, default=None
        If given, merge until only this number of classes is left.
    threshold : float or None, default=None
        If given, merge classes as long as their confusability is at least this value; see
        `MergeAdvisor`.
    image_size : (height, width) or None, default=None
        Resize images to this height and width. None means the input size of the model, or (48, 48)
        without a model.
    max_images : int, default=500
        Maximum number of images to use per class. If a class has more, images are chosen by a hash
        of their paths.
    folds : int, default=5
        Number of cross-validation folds. Classes with fewer readable images than this are left out;
        ``left_out`` of the result lists them.
    group_by : str, pattern, callable, mapping or None, default=None
        Which images must be in the same fold, see `balance_folder`.
    random_state : int, default=0
        Random seed.
    n_jobs : int or None, default=None
        Number of threads, as in joblib.

    Returns
    -------
    FolderSuggestion

    Raises
    ------
    ValueError
        If fewer than two classes have at least `folds` readable images.

    See Also
    --------
    suggest_merges : Suggests merges, from the predictions of your own model.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import suggest_folder
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     found = suggest_folder(folder, max_images=30)
    >>> found.classes
    ['brick', 'grass', 'gravel']
    """
    check_whole("folds", folds, 2)
    check_whole("max_images", max_images, 2)
    check_seed(random_state)
    size = check_image_size(image_size)
    place = source if isinstance(source, Place) else find_place(source)
    if isinstance(source, ImageIndex):
        index = merge_index(source, merge, "suggest_folder")
    else:
        index = place.open_classes(merge)
    index = index.take(choose_images(index, max_images, random_state))
    n_chosen = len(index)
    described, rows = describe_images(index, model, size, n_jobs)
    index = index.take(rows)
    n_readable = len(index)
    kept, left_out = choose_classes(index, folds)
    index, described = index.take(kept), described[kept]
    groups = None if group_by is None else find_groups(index, group_by, n_jobs=n_jobs)
    advisor = MergeAdvisor(make_classifier(), n_classes=n_classes, threshold=threshold, cv=folds)
    found = advisor.fit(described, index.labels, groups).suggestion_
    names = index.paths.relative()
    has_merge = merge is not None or place.is_index
    joined = join_merges(list_merge(index) if has_merge else None, found.merge)
    return FolderSuggestion(
        source=place.source,
        model="gradients and colours" if model is None else str(model),
        n_images=len(index),
        n_unreadable=n_chosen - n_readable,
        left_out=left_out,
        classes=found.classes.tolist(),
        confusion=found.confusion.tolist(),
        accuracy=found.accuracy,
        balanced_accuracy=found.balanced_accuracy,
        merge=found.merge,
        note=found.note,
        steps=[step._asdict() for step in found.steps],
        pairs=[
            {
                "classes": [pair.first, pair.second],
                "confusability": pair.confusability,
                "files": [names[row] for row in pair.sample_indices],
            }
            for pair in found.ambiguous_pairs
        ],
        commands=write_commands(place, joined, n_chosen > n_readable),
        code=[f"index = index.with_merge({joined!r})"] if joined and place.is_index else [],
    )


def make_classifier() -> Any:
    """Make the linear classifier whose mistakes are counted."""
    # Here and below, because other looks at a folder need not wait for these imports.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = LogisticRegression(C=0.01, class_weight="balanced", max_iter=300)
    return make_pipeline(StandardScaler(), linear)


def describe_images(
    index: ImageIndex, model: Any, image_size: tuple[int, int] | None, n_jobs: int | None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Compute the features of all readable images, and return them with their rows."""
    if model is not None:
        return _embed_images(index, model, image_size, n_jobs)
    from sklearn.pipeline import make_union

    from sklmerge.features import ColorHistogram, HOGFeatures

    size = image_size or (48, 48)
    images, rows = index.read(image_size=size, on_error="skip", return_indices=True, n_jobs=n_jobs)
    cells = (max(size[0] // 5, 1), max(size[1] // 5, 1))
    features = make_union(HOGFeatures(pixels_per_cell=cells, n_jobs=n_jobs), ColorHistogram())
    return features.fit_transform(images), rows


def _embed_images(
    index: ImageIndex, model: Any, image_size: tuple[int, int] | None, n_jobs: int | None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    from sklmerge.features import EmbeddingFeatures

    bad_files = index.verify(n_jobs=n_jobs).bad_files
    readable = [name not in bad_files for name in index.paths.relative()]
    rows = np.flatnonzero(readable)
    features = EmbeddingFeatures(model, image_size=image_size)
    return features.fit_transform(index.take(rows)), rows


def choose_classes(index: ImageIndex, folds: int) -> tuple[NDArray[np.intp], dict[Any, int]]:
    """Choose the images of classes with at least one image per fold; list the other classes."""
    left_out = {label: n for label, n in index.counts.items() if n < folds}
    few = [index.class_indices[label] for label in left_out]
    kept = np.flatnonzero(~np.isin(index.codes, few))
    if index.n_classes - len(few) < 2:
        largest = max(index.counts.values())
        if largest == 0:
            raise BadFileError("source must hold images that can be read, got none")
        raise ValueError(
            f"folds must be at most the readable images of two classes, got {folds}; there are "
            f"{index.counts}"
        )
    return kept, left_out


def choose_images(index: ImageIndex, max_images: int, seed: int) -> NDArray[np.intp]:
    """Choose at most `max_images` of each class, by a hash of their paths."""
    ranks = rank_keys(hash_texts(index.paths.iterate_bytes()), seed, "suggest")
    chosen = []
    for code in range(index.n_classes):
        members = np.flatnonzero(index.codes == code)
        chosen.append(members[np.argsort(ranks[members], kind="stable")[:max_images]])
    return np.sort(np.concatenate(chosen))


def join_merges(merge: Merge | None, suggested: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    """Combine a merge with a suggested one, by original classes; {} if nothing is suggested."""
    if not suggested:
        return {}
    joined = {
        label: [own for member in members for own in (merge or {}).get(member, [member])]
        for label, members in suggested.items()
    }
    taken = {own for members in joined.values() for own in members}
    for label, members in (merge or {}).items():
        if not taken & set(members):
            joined[label] = list(members)
    return joined


def write_commands(place: Place, joined: Merge, has_bad_files: bool) -> list[str]:
    """Write the command that applies the suggestion and skips unreadable files."""
    if not joined or place.is_index:
        return []
    folder, out = place.write_shell(), quote(place.name_output())
    skip = " --on-error skip" if has_bad_files else ""
    return [f"sklmerge balance {folder} {out}{write_merge(joined)}{skip}"]


def tell_merge(found: FolderSuggestion) -> list[str]:
    """Say which merge is suggested, or why no merge is suggested."""
    if found.note:
        return tell_confusion(found)
    merges = ", ".join(f"{name} ({len(own)} classes)" for name, own in found.merge.items())
    return [
        f"Suggested: {merges or 'no merge'}",
        "  Scores rise by merging alone, because fewer classes are easier to tell apart.",
        "  Only someone who knows what the classes mean can decide whether to merge them.",
        *(f"  $ {command}" for command in found.commands),
        *(f"  {line}" for line in found.code),
    ]


def tell_confusion(found: FolderSuggestion) -> list[str]:
    """Say what to do if the model confuses all classes."""
    n = len(found.classes)
    lines = [
        "Suggested: no merge, because this linear model confuses all classes",
        "  This means that the model cannot tell the classes apart, not that they are alike.",
    ]
    # Pairs without a confusion are not listed, and count as 0.
    mean = sum(pair["confusability"] for pair in found.pairs) / (n * (n - 1) / 2)
    if n > 2 and mean < 0.5:
        lines += [
            f"  On average it confuses a pair of classes {100 * mean:.1f} % of the time.",
            "  To merge only classes that it confuses twice as often, pass "
            f"--threshold {2 * mean:.2f}.",
            "  Or use a better model (--model, or MergeAdvisor in Python).",
        ]
    else:
        lines.append("  Use a better model (--model, or MergeAdvisor in Python).")
    return lines
