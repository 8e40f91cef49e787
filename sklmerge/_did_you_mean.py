"""Suggest known names for a mistyped one: labels, class folders, columns and paths."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any


def suggest_names(wrong: Iterable[Any], known: Collection[Any]) -> str:
    """Guess the intended names, for the end of an error message; return "" if none is close."""
    folded = {name.casefold(): str(name) for name in known if isinstance(name, str)}
    typed = sorted(name.casefold() for name in wrong if isinstance(name, str))
    # Pairs are compared letter by letter, which would take minutes for two lists of thousands.
    close = [match for name in typed[:10] for match in get_close_matches(name, folded, 1, 0.75)]
    meant = ", ".join(repr(folded[name]) for name in dict.fromkeys(close))
    return f" (did you mean {meant}?)" if meant else ""
