"""What a name says by itself: whether it is a URL, whether it is hidden, how it is shown.

Hidden are names that begin with a dot, and ``__MACOSX``, in which a Mac's archives keep the
attributes of files under the files' own names. What lies in a hidden folder is hidden.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_storage_options

# A scheme has two letters or more: C:// is a drive. Schemes may be chained, as in zip::s3://.
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")

# What an archive is called, in lower case.
PACKED_NAME = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2|txz|zip)$")
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".tab")

_DRIVE = re.compile(r"/[A-Za-z]:[/\\]")
_OF_A_MAC = "__MACOSX"
_INSIDE = re.compile(rf"/{_OF_A_MAC}[/\0]".encode())


def is_url(path: str) -> bool:
    """Return whether this is a URL, such as s3://bucket/photos, and not a path."""
    return _URL.match(path) is not None


def find_open_path(thing: Any) -> str | None:
    """Find the path of an open file or archive, such as a ZipFile; "" if it is in memory."""
    if not any(hasattr(thing, name) for name in ("seekable", "namelist", "getmembers")):
        return None
    path = getattr(thing, "filename", None) or getattr(thing, "name", None)
    return os.fspath(path) if isinstance(path, str | os.PathLike) else ""


def name_source(path: str) -> str:
    """Write the code that gives a path to what takes many images: an index, or a list of one."""
    name = path.lower()
    is_file_of_many = PACKED_NAME.search(name) or name.endswith(TABLE_ENDINGS)
    return f"ImageIndex({path!r})" if is_file_of_many or os.path.isdir(path) else f"[{path!r}]"


def advise_on_open(thing: Any) -> str:
    """Say what to pass instead of an open file or archive."""
    path = find_open_path(thing)
    if path is None:
        return ""
    return f"; pass its path, {path!r}" if path else "; write it to the disk, and pass its path"


def read_place(place: str | os.PathLike[str], name: str = "source") -> str:
    """Convert a path or a URL to a str."""
    if not isinstance(place, str | os.PathLike):
        raise TypeError(
            f"{name} must be a path or a URL, got {type(place).__name__}{advise_on_open(place)}"
        )
    return os.fspath(place)


def find_local(place: str | os.PathLike[str], name: str = "source") -> str:
    """Convert a file:// or local:// URL to a path; return anything else unchanged."""
    path = read_place(place, name)
    # So what lies on the disk is listed by one rule: links are followed, loops are found.
    for scheme in ("file://", "local://"):
        if path.startswith(scheme):
            local = path.removeprefix(scheme)
            # file:///C:/photos names a drive, not a folder called C:.
            return local[1:] if _DRIVE.match(local) else local
    return path


def check_url(place: str | os.PathLike[str], options: Mapping[str, Any] | None) -> str:
    """Strip slashes from the end of a folder's URL; local paths must not have options."""
    check_storage_options(options)
    path = find_local(place)
    if is_url(path):
        first, _, last = path.rpartition("::")
        # In others, such as simplecache::s3://bucket, what is put to the end is in the bucket.
        if is_url(first) or (first and find_local(last) != last):
            raise ValueError(
                f"URLs of folders must not be chained by '::', got {path!r}; for an archive take "
                "'zip://' and name it in storage_options, such as '{\"fo\": \"photos.zip\"}'"
            )
        scheme, _, rest = path.partition("://")
        return f"{scheme}://{rest.rstrip('/')}"
    if options is not None:
        raise ValueError(
            f"storage_options are for URLs, such as 's3://bucket/photos', got the path {path!r}"
        )
    return path


def show_name(name: str) -> str:
    """Show a name on one line, with escapes for control characters and bytes that are not text."""
    if name.isprintable():
        return name
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in name)


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def is_hidden(path: str | bytes) -> bool:
    """Return whether any part of a relative path is hidden."""
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    return any(part.startswith(".") or part == _OF_A_MAC for part in text.split("/"))


def find_hidden(block: bytes) -> NDArray[np.intp]:
    """Find the slashes before hidden parts, in a block of paths that each end in a 0 byte."""
    letters = np.frombuffer(block, np.uint8)
    dots = np.flatnonzero((letters[:-1] == ord("/")) & (letters[1:] == ord(".")))
    # Hardly ever there, and a plain search is 20 times as fast as the pattern.
    if _OF_A_MAC.encode() not in block:
        return dots
    return np.append(dots, [found.start() for found in _INSIDE.finditer(block)]).astype(np.intp)
