"""Counts in, what to do about them out: written-down rules, with the numbers they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple


class AdviceRules(NamedTuple):
    """The numbers that advice rests on, all of them; docs/guide/balance.md has them in a table.

    Attributes
    ----------
    even : float
        Below this ratio of largest to smallest class, no remedy changes much.
    slight : float
        Up to this ratio weights, which cost nothing, are enough.
    max_copies : int
        So many varied copies of an image are worth their time; `balance_folder` has it as default.
    few : int
        Fewer images than this show too little of a class, however often they are varied.
    """

    even: float = 1.5
    slight: float = 3.0
    max_copies: int = 20
    few: int = 20


RULES = AdviceRules()


@dataclass(frozen=True)
class Advice:
    """What to do about classes of unequal size.

    Parameters
    ----------
    ratio : float
        Images of the largest class for each of the smallest.
    copies : dict of label to int
        Varied copies that each image of a class needs for the class to reach the largest.
    remedy : {"nothing", "weights", "copies", "copies and weights", "epochs"}
        What to try first.
    reasons : list of str
        One sentence for each number that led there.
    n_files : int
        Images and copies together, with as many copies as are worth their time.
    """

    ratio: float
    copies: dict[str, int]
    remedy: str
    reasons: list[str]
    n_files: int


def choose_remedy(ratio: float, n_copies: int, fits: bool, rules: AdviceRules = RULES) -> str:
    """Choose what to try first.

    Parameters
    ----------
    ratio : float
        Images of the largest class for each of the smallest.
    n_copies : int
        Copies that each image of the smallest class needs to reach the largest.
    fits : bool
        Whether there is room for the copies.
    rules : AdviceRules
        The numbers.

    Returns
    -------
    {"nothing", "weights", "copies", "copies and weights", "epochs"}

    Examples
    --------
    >>> from sklmerge.balance._advice import choose_remedy
    >>> choose_remedy(2, 1, True), choose_remedy(2000, 1999, True), choose_remedy(2000, 1999, False)
    ('weights', 'copies and weights', 'epochs')
    """
    if ratio < rules.even:
        return "nothing"
    if ratio <= rules.slight:
        return "weights"
    if not fits:
        return "epochs"
    return "copies" if n_copies <= rules.max_copies else "copies and weights"


def advise(
    counts: Mapping[str, int],
    *,
    image_bytes: float | None = None,
    budget_bytes: float | None = None,
) -> Advice:
    """Say what to do about classes of unequal size.

    Parameters
    ----------
    counts : mapping of label to int
        Images of each (merged) class, all > 0.
    image_bytes : float or None, default=None
        What one image takes on the disk, for the size of the copies.
    budget_bytes : float or None, default=None
        What images and copies together may take. Where that is too little, epochs are advised,
        which write nothing.

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
    is the better choice where images are varied anew each time, and the only one where there is no
    room for copies. A class of fewer than 20 images is named: what it lacks is images.

    Examples
    --------
    >>> from sklmerge.balance import advise
    >>> advice = advise({"nevus": 500, "melanoma": 100})
    >>> advice.remedy, advice.copies, advice.n_files
    ('copies', {'nevus': 0, 'melanoma': 4}, 1000)
    >>> advise({"nevus": 500, "melanoma": 100}, image_bytes=30_000, budget_bytes=10_000_000).remedy
    'epochs'
    """
    if not counts or min(counts.values()) <= 0:
        raise ValueError(f"counts must be > 0 for at least one class, got {dict(counts)}")
    largest = max(counts, key=lambda label: counts[label])
    smallest = min(counts, key=lambda label: counts[label])
    ratio = counts[largest] / counts[smallest]
    copies = {label: ceil(counts[largest] / n) - 1 for label, n in counts.items()}
    n_files = sum(min(n * (1 + RULES.max_copies), counts[largest]) for n in counts.values())
    size = None if image_bytes is None else n_files * image_bytes
    fits = size is None or budget_bytes is None or size <= budget_bytes
    remedy = choose_remedy(ratio, copies[smallest], fits)
    reasons = [
        f"{largest} has {ratio:.1f} images for each of {smallest}"
        if len(counts) > 1
        else f"{largest} is the only class: there is nothing to tell apart"
    ]
    reasons += _explain_remedy(remedy, copies[smallest], n_files, size, budget_bytes)
    if ratio > RULES.slight:
        drawn = len(counts) * counts[smallest]
        reasons.append(
            f"{'' if remedy == 'epochs' else 'or '}balanced epochs of {drawn:,} draws, all of "
            f"{smallest} and the next of the others: {largest} is seen once in {ratio:.1f} epochs, "
            "and nothing is written"
        )
    few = [label for label, n in counts.items() if n < RULES.few]
    if few:
        reasons.append(
            f"fewer than {RULES.few} images of {', '.join(few)}: collect more if you can"
        )
    return Advice(ratio, copies, remedy, reasons, n_files)


def _explain_remedy(
    remedy: str, n_copies: int, n_files: int, size: float | None, budget: float | None
) -> list[str]:
    """Say in a sentence each what the remedy costs, or why another one does not do."""
    room = "" if size is None else f", about {_tell_size(size)}"
    if remedy == "weights":
        return ["class weights make up for that and cost nothing"]
    if remedy == "epochs":
        return [
            f"images and copies would be {n_files:,} files{room}, more than the "
            f"{_tell_size(budget or 0)} there are for them"
        ]
    if remedy == "copies":
        return [f"at most {n_copies} varied copies of an image fill it up: {n_files:,} files{room}"]
    if remedy == "copies and weights":
        return [
            f"filling it up would take {n_copies} copies of an image: make at most "
            f"{RULES.max_copies} ({n_files:,} files{room}) and weigh what is left"
        ]
    return []


def _tell_size(n_bytes: float) -> str:
    """Write a size as disks have it.

    Examples
    --------
    >>> from sklmerge.balance._advice import _tell_size
    >>> _tell_size(2_340_000), _tell_size(1.5e12)
    ('2.3 MB', '1.5 TB')
    """
    for unit, least in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= least:
            return f"{n_bytes / least:,.1f} {unit}"
    return f"{n_bytes / 1e3:,.1f} kB"
