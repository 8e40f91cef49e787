"""Counts in, what to do about them out: written-down rules, with the numbers they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from sklmerge._checks import check_choice, is_real
from sklmerge.weights import read_counts

MODELS = ("linear", "trees", "network", "embedding")
# Classes with too few images that are named, the rarest first.
_MOST_NAMED = 5


class AdviceRules(NamedTuple):
    """The numbers that advice rests on, all of them; docs/guide/balance.md has them in a table."""

    # Below this ratio of largest to smallest class, no remedy changes much. Judgement, as `few`
    # is: no experiment of ours tells either from its neighbours.
    even: float = 1.5
    # So many augmented copies of an image bring most of what any number brings
    # (docs/experiments.md).
    max_copies: int = 3
    # The largest ratio in docs/experiments.md; advice beyond it is an extrapolation, and says so.
    measured: float = 100.0
    # Fewer images show too little of a class, however often they are augmented.
    few: int = 20


RULES = AdviceRules()


@dataclass(frozen=True)
class Advice:
    """Advice on how to handle classes of unequal size.

    Parameters
    ----------
    ratio : float
        Number of images of the largest class divided by that of the smallest class.
    copies : dict of label to int
        For each class, the number of augmented copies of each image that makes the class at least
        as large as the largest class.
    first : str
        What to try first: a step that needs no new training. An empty string if the classes have
        about the same size.
    remedy : {"nothing", "weights", "copies and weights", "epochs"}
        What to try next. Unlike the first step, this changes the training.
    reasons : list of str
        The reasons for this advice, one per item.
    n_files : int
        Total number of images and copies, if each image gets at most 3 copies and no class becomes
        larger than the largest class.
    """

    ratio: float
    copies: dict[str, int]
    first: str
    remedy: str
    reasons: list[str]
    n_files: int


def choose_remedy(
    ratio: float, smallest: int, fits: bool, model: str = "network", rules: AdviceRules = RULES
) -> str:
    """Choose what to try next; `fits` says whether there is disk space for the copies."""
    if ratio < rules.even:
        return "nothing"
    if model in ("linear", "embedding"):
        return "weights"
    if smallest >= rules.few and (model == "network" or not fits):
        return "epochs"
    return "copies and weights" if fits else "weights"


def advise(
    counts: Any,
    *,
    model: str = "network",
    image_bytes: float | None = None,
    budget_bytes: float | None = None,
) -> Advice:
    """Advise on how to handle classes of unequal size.

    Parameters
    ----------
    counts : mapping of label to int, or Series
        Number of images of each (merged) class, all > 0. It may be the output of
        ``Series.value_counts``.
    model : {"linear", "trees", "network", "embedding"}, default="network"
        What you train. "linear": a linear model, or another smooth one, on features. "trees":
        trees, or another flexible model, on features. "network": a network on images. "embedding":
        a linear model on the output of a frozen network.
    image_bytes : float or None, default=None
        Average disk space of an image in bytes, to estimate the disk space of the copies.
    budget_bytes : float or None, default=None
        Disk space in bytes that images and copies may use in total. If copies would be advised but
        do not fit, the advice is balanced epochs, which write nothing to disk, or only class
        weights if a class has fewer than 20 images.

    Returns
    -------
    Advice

    Raises
    ------
    TypeError
        If `counts` is neither a mapping nor a Series, or contains values that are not numbers.
    ValueError
        If there is no class, a class has no image, or `model` is unknown.

    See Also
    --------
    sklmerge.PriorAdjustedClassifier, sklmerge.logit_offsets : The first step: they adjust the
        probabilities of a classifier and of a network.

    Notes
    -----
    The advice depends on the ratio of the largest class to the smallest. Below 1.5, do nothing.
    From a ratio of 1.5, first train without weights, and then adjust the probabilities to balanced
    classes, which needs no further training.

    The next step depends on the model. For a network, use balanced epochs with all draws augmented.
    For trees, make at most 3 augmented copies of each image, and use class weights for the
    imbalance that remains. In the experiments, 3 copies gave most of the improvement that any
    number of copies gave. If the disk has no space for the copies, use balanced epochs. For a
    linear model, including one on embeddings, use class weights, which are about as good as
    adjusting the probabilities. The experiments did not include ratios above 100.

    The reasons name each class with fewer than 20 images, because what such a class needs most is
    more images. Balanced epochs would be tiny with such a class, so the advice is to use copies and
    weights instead, or only weights if the disk has no space for the copies.

    Examples
    --------
    >>> from sklmerge.balance import advise
    >>> advice = advise({"nevus": 500, "melanoma": 100})
    >>> advice.remedy, advice.copies, advice.n_files
    ('epochs', {'nevus': 0, 'melanoma': 4}, 900)
    >>> advice.first.partition(" (")[0]
    'train without weights, then divide the probabilities by the class shares'
    >>> [advise({"nevus": 500, "melanoma": 100}, model=m).remedy for m in ("linear", "trees")]
    ['weights', 'copies and weights']
    >>> advise({"nevus": 500, "melanoma": 19}).remedy
    'copies and weights'
    """
    labels, numbers = read_counts(counts, "for labels pass collections.Counter(labels)")
    for label, number in zip(labels, numbers, strict=True):
        if number < 1 or not number.is_integer():
            raise ValueError(
                f"counts must be whole numbers of at least 1, got {number:g} for {label!r}; leave "
                "out classes without images"
            )
    counts = {label: int(number) for label, number in zip(labels, numbers, strict=True)}
    check_choice("model", model, MODELS)
    largest = max(counts, key=lambda label: counts[label])
    smallest = min(counts, key=lambda label: counts[label])
    ratio = counts[largest] / counts[smallest]
    copies = {label: ceil(counts[largest] / n) - 1 for label, n in counts.items()}
    n_files = sum(min(n * (1 + RULES.max_copies), counts[largest]) for n in counts.values())
    size = None if image_bytes is None else n_files * image_bytes
    if budget_bytes is not None and not (is_real(budget_bytes) and budget_bytes >= 0):
        raise ValueError(f"budget_bytes must be at least 0 or None, got {budget_bytes!r}")
    fits = size is None or budget_bytes is None or size <= budget_bytes
    remedy = choose_remedy(ratio, counts[smallest], fits, model)
    reasons = [_tell_ratio(counts, largest, smallest)]
    reasons += _explain_remedy(remedy, model, n_files, size, None if fits else budget_bytes)
    if remedy not in ("nothing", "weights") and (
        remedy == "epochs" or counts[smallest] >= RULES.few
    ):
        drawn = len(counts) * counts[smallest]
        reasons.append(
            f"{'' if remedy == 'epochs' else 'alternatively, '}balanced epochs of {drawn:,} draws, "
            "all of them augmented, without writing files: each epoch draws every image of "
            f"{smallest}, and as many images of each other class. Seeing every image of {largest} "
            f"takes {_tell_number(ratio)} epochs; train at least that long"
        )
    if remedy != "nothing" and ratio > RULES.measured:
        reasons.append(
            f"our experiments end at {RULES.measured:g} to 1; beyond that ratio, this advice is an "
            "extrapolation"
        )
    few = sorted((label for label, n in counts.items() if n < RULES.few), key=lambda c: counts[c])
    if few:
        n_more = max(len(few) - _MOST_NAMED, 0)
        rest = f" and {n_more} more class{'es' * (n_more > 1)}" if n_more else ""
        named = ", ".join(map(str, few[:_MOST_NAMED]))
        reasons.append(f"fewer than {RULES.few} images of {named}{rest}: collect more if you can")
    return Advice(ratio, copies, _tell_first(remedy, model), remedy, reasons, n_files)


def _tell_first(remedy: str, model: str) -> str:
    """Say what to try first, which needs no new training."""
    if remedy == "nothing":
        return ""
    how = "logit_offsets, adjust_prior" if model == "network" else "PriorAdjustedClassifier"
    return f"train without weights, then divide the probabilities by the class shares ({how})"


def _tell_ratio(counts: Mapping[Any, int], largest: Any, smallest: Any) -> str:
    """Say how uneven the classes are."""
    if len(counts) == 1:
        return f"{largest} is the only class, so there is nothing to balance"
    ratio = _tell_number(counts[largest] / counts[smallest])
    if ratio == "1.0":
        return "all classes have about the same number of images"
    return f"{largest} has {ratio} images for each image of {smallest}"


def _explain_remedy(
    remedy: str, model: str, n_files: int, size: float | None, budget: float | None
) -> list[str]:
    """Say why this remedy, for this model; `budget` is given if copies do not fit into it."""
    if remedy == "nothing":
        return []
    reasons = []
    if budget is not None and size is not None and model in ("trees", "network"):
        reasons.append(
            f"images and copies would be {n_files:,} files, about {_tell_size(size)}, more than "
            f"the {_tell_size(budget)} of disk space that they may use"
        )
    if remedy == "weights":
        reasons.append(
            "class weights cost nothing either, and help about as much as adjusting probabilities"
        )
        if model == "linear":
            reasons.append(
                "the features matter far more: try the embeddings of a frozen network instead "
                "(EmbeddingFeatures)"
            )
    elif remedy == "copies and weights":
        room = "" if size is None else f", about {_tell_size(size)}"
        reasons.append(
            f"make at most {RULES.max_copies} augmented copies of each image ({n_files:,} "
            f"files{room}), which achieves most of what any number of copies does, and use class "
            "weights for the imbalance that remains"
        )
    elif model == "network":
        reasons.append(
            "compare the result with that of the first step: in our experiments, balanced epochs "
            "were better than adjusting the probabilities at an imbalance of 20 to 1, but not at 4 "
            f"to 1 or 100 to 1. At most {RULES.max_copies} copies of each image, written as files "
            "and combined with class weights, gained less than balanced epochs at 20 to 1, and "
            "about as much at 100 to 1; at 4 to 1, neither helped"
        )
    return reasons


def _tell_number(number: float) -> str:
    """Write a ratio with a decimal below 100, and with commas above."""
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"


def _tell_size(n_bytes: float) -> str:
    """Write a size as disks have it, in powers of 1000."""
    for unit, least in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= least:
            return f"{n_bytes / least:,.1f} {unit}"
    return f"{n_bytes / 1e3:,.1f} kB"
