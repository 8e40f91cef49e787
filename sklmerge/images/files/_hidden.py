"""Which names are hidden: one rule for folders, stores, archives and balanced folders.

Hidden are names that begin with a dot, and ``__MACOSX``, in which a Mac's archives keep the
attributes of files under the files' own names. What lies in a hidden folder is hidden.
"""

import re

import numpy as np
from numpy.typing import NDArray

_OF_A_MAC = "__MACOSX"
_INSIDE = re.compile(rf"/{_OF_A_MAC}[/\0]".encode())


def is_hidden(path: str | bytes) -> bool:
    """Say whether a relative path has a hidden part."""
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    return any(part.startswith(".") or part == _OF_A_MAC for part in text.split("/"))


def find_hidden(block: bytes) -> NDArray[np.intp]:
    """Find the slashes before hidden parts, in paths with a 0 after each."""
    letters = np.frombuffer(block, np.uint8)
    dots = np.flatnonzero((letters[:-1] == ord("/")) & (letters[1:] == ord(".")))
    # Hardly ever there, and a plain search is 20 times as fast as the pattern.
    if _OF_A_MAC.encode() not in block:
        return dots
    return np.append(dots, [found.start() for found in _INSIDE.finditer(block)]).astype(np.intp)
