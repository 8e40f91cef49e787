"""Counts in, what to do about them out: written-down rules, with the numbers they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

# Below this ratio of largest to smallest class, no remedy changes much.
_EVEN = 1.5
# Fewer images than this show too little of a class, however often they are varied.
_FEW = 20
# So many varied copies of one image are still worth their time; `balance_folder` has it as default.
_MAX_COPIES = 20


@dataclass(frozen=True)
class Advice:
    """What to do about classes of unequal size.

    Parameters
    ----------
    ratio : float
        Images of the largest class for each of the smallest.
    copies : dict of label to int
        Varied copies that each image of a class needs for the class to reach the largest.
    remedy : {"nothing", "weights", "copies", "copies and weights"}
        What to try first.
    reasons : list of str
        One sentence for each number that led there.
    """

    ratio: float
    copies: dict[str, int]
    remedy: str
    reasons: list[str]


def advise(counts: Mapping[str, int]) -> Advice:
    """Say what to do about classes of unequal size.

    Parameters
    ----------
    counts : mapping of label to int
        Images of each (merged) class, all > 0.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        If there is no class, or one without an image.

    Notes
    -----
    The rules: below a ratio of 1.5 nothing; up to 3 weights, which cost nothing; up to 21 varied
    copies of the smaller classes, at most 20 of an image; above that both, because copies beyond 20
    show nothing new. From a ratio of 3 on, a training loop can draw balanced epochs instead, which
    is the better choice where images are varied anew each time. A class of fewer than 20 images is
    named: what it lacks is images.

    Examples
    --------
    >>> from sklmerge.balance import advise
    >>> advice = advise({"nevus": 500, "melanoma": 100})
    >>> advice.remedy, advice.copies
    ('copies', {'nevus': 0, 'melanoma': 4})
    """
    if not counts or min(counts.values()) <= 0:
        raise ValueError(f"counts must be > 0 for at least one class, got {dict(counts)}")
    largest = max(counts, key=lambda label: counts[label])
    smallest = min(counts, key=lambda label: counts[label])
    ratio = counts[largest] / counts[smallest]
    copies = {label: ceil(counts[largest] / n) - 1 for label, n in counts.items()}
    reasons = [
        f"{largest} has {ratio:.1f} images for each of {smallest}"
        if len(counts) > 1
        else f"{largest} is the only class: there is nothing to tell apart"
    ]
    if ratio < _EVEN:
        remedy = "nothing"
    elif ratio <= 2 * _EVEN:
        remedy = "weights"
        reasons.append("class weights make up for that and cost nothing")
    elif copies[smallest] <= _MAX_COPIES:
        remedy = "copies"
        reasons.append(f"at most {copies[smallest]} varied copies of an image fill it up")
    else:
        remedy = "copies and weights"
        reasons.append(
            f"filling it up would take {copies[smallest]} copies of an image: make at most "
            f"{_MAX_COPIES} and weigh what is left"
        )
    if ratio > 2 * _EVEN:
        drawn = len(counts) * counts[smallest]
        reasons.append(
            f"or balanced epochs of {drawn:,} draws, all of {smallest} and the next of the others: "
            f"{largest} is seen once in {ratio:.1f} epochs, and nothing is written"
        )
    few = [label for label, n in counts.items() if n < _FEW]
    if few:
        reasons.append(f"fewer than {_FEW} images of {', '.join(few)}: collect more if you can")
    return Advice(ratio, copies, remedy, reasons)
