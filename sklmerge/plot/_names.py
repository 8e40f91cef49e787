"""How classes are named in pictures: in few letters, told apart, as matplotlib takes text."""

from collections.abc import Sequence
from typing import Any


def shorten_names(labels: Sequence[Any], length: int = 32) -> list[str]:
    """Shorten labels so that different labels stay different."""
    names = [shorten_name(label, length) for label in labels]
    for name in {name for name in names if names.count(name) > 1}:
        places = [place for place, other in enumerate(names) if other == name]
        own = [" ".join(str(labels[place]).split()) for place in places]
        if len(set(own)) == len(own):
            for place, short in zip(places, show_difference(own, length), strict=True):
                names[place] = escape_text(short)
    return names


def shorten_name(label: Any, length: int = 32) -> str:
    """Shorten a label for matplotlib by leaving out its middle."""
    name = " ".join(str(label).split())
    if len(name) <= length:
        return escape_text(name)
    half = length // 2
    return escape_text(f"{name[:half]}…{name[len(name) - (length - half - 1) :]}")


def show_difference(names: Sequence[str], length: int) -> list[str]:
    """Cut the common beginning of names; number the names that are still equal."""
    columns = zip(*names, strict=False)
    start = next((n for n, own in enumerate(columns) if len(set(own)) > 1), min(map(len, names)))
    head = max(2, length // 3)
    begin = max(head + 1, start - (length - head - 2) // 2)
    shown = []
    for name in names:
        rest = name[begin:]
        room = length - head - 1
        rest = rest if len(rest) <= room else f"{rest[: room - 1]}…"
        shown.append(f"{name[: head + (begin == head + 1)]}…{rest}"[:length])
    if len(set(shown)) < len(shown):
        return [f"{text[: length - 4]} ({place})" for place, text in enumerate(shown, 1)]
    return shown


def escape_text(text: str) -> str:
    """Escape ``$``, which matplotlib would read as the beginning of a formula."""
    return text.replace("$", r"\$")
