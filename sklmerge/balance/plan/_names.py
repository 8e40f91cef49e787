"""What a file is called in the balanced folder: unique, stable when images are added, and legal."""

import os
import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from sklmerge._random import hash_texts
from sklmerge.images import is_hidden

_MAX_NAME_BYTES = 255
# Room for "__aug", ten digits and the longest extension, so that every copy can have its name.
_MAX_BASE_BYTES = _MAX_NAME_BYTES - len("__aug") - 10 - len(".jpeg")
# What os.fsdecode makes of bytes that are no UTF-8.
_SURROGATE = re.compile("[\ud800-\udfff]")
# What Windows forbids in a name, the slash of a class that is a path, and an escape of ours, so
# that no two names share one.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$|%(?=[0-9A-Fa-f]{2})')
_ILLEGAL = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
_OWN_ENDING = re.compile(r"(__aug\d+|-[0-9a-f]{10})$", re.IGNORECASE)
# Keras reads no TIFF or WebP, and takes the palette numbers of a BMP for grey levels.
_READ_BY_ALL = {".jpg", ".jpeg", ".png"}


def check_class_name(name: object) -> str:
    """Check that a class name can be a folder name, after forbidden characters are escaped."""
    if not isinstance(name, str):
        raise TypeError(f"merge must give classes that are strings (folders), got {name!r}")
    size = len(name_folder(name).encode("utf-8", "surrogateescape"))
    parts_are_names = all(part not in ("", ".", "..") for part in name.split("/"))
    climbs = not parts_are_names or is_hidden(name) or "\0" in name
    no_unicode = _SURROGATE.search(name) is not None
    if climbs or no_unicode or size > _MAX_NAME_BYTES or name.casefold() == "metadata.csv":
        raise ValueError(
            "class names must be names of folders: Unicode, not empty, at most 255 bytes, not "
            "beginning with '.', and neither 'metadata.csv' nor '__MACOSX', "
            f"got {name!r}"
        )
    return name


def name_folder(label: str) -> str:
    """Name the folder of a class; escape slashes and what Windows forbids as % and hex digits."""
    escaped = _FORBIDDEN.sub(lambda found: f"%{ord(found[0]):02X}", label)
    return f"%{ord(escaped[0]):02X}{escaped[1:]}" if _DEVICE.match(escaped) else escaped


def join_base(original: str, path: bytes) -> str:
    """Join original class and stem to a file name, which need not be unique yet."""
    name = path.rpartition(b"/")[2]
    stem = name.rpartition(b".")[0] or name
    return f"{original}__{os.fsdecode(stem)}"


def find_unsafe_names(folders: Iterable[str], bases: Iterable[str]) -> NDArray[np.bool_]:
    """Find the names that need a hash of the path to be unique or legal."""
    # Another source of the folder has the name (whatever the extension, the case or the Unicode
    # normal form), or it looks as if made by `make_base` or `name_file`, or is too long, no
    # Unicode, or forbidden by Windows.
    unsafe: list[bool] = []
    # 64 bits a name instead of the name: two names that meet by chance both get a digest.
    folded = hash_texts(
        _note_unsafe(base, unsafe) + b"\0" + folder.encode("utf-8", "surrogateescape")
        for folder, base in zip(folders, bases, strict=True)
    )
    _, places, counts = np.unique(folded, return_inverse=True, return_counts=True)
    return np.array(unsafe, bool) | (counts[places] > 1)


def _note_unsafe(base: str, unsafe: list[bool]) -> bytes:
    """Append whether a base is unsafe by itself, and return it folded."""
    if base.isascii():
        odd = _OWN_ENDING.search(base) or _ILLEGAL.search(base)
        unsafe.append(len(base) > _MAX_BASE_BYTES or odd is not None)
        return base.lower().encode()
    encoded = base.encode("utf-8", "surrogateescape")
    unsafe.append(
        _SURROGATE.search(base) is not None
        or _ILLEGAL.search(base) is not None
        or len(encoded) > _MAX_BASE_BYTES
        or _OWN_ENDING.search(base) is not None
    )
    # Canonical caseless matching, Unicode Standard, definition D145.
    caseless = unicodedata.normalize("NFD", unicodedata.normalize("NFD", base).casefold())
    return caseless.encode("utf-8", "surrogateescape")


def make_base(base: str, path: bytes, unsafe: bool) -> str:
    """Make the unique prefix of a source's file names, with at most 235 bytes of UTF-8."""
    if not unsafe:
        return base
    digest = "-" + blake2b(path).hexdigest()[:10]
    legal = _ILLEGAL.sub("_", _SURROGATE.sub("_", base)).encode()
    return legal[: _MAX_BASE_BYTES - len(digest)].decode("utf-8", "ignore") + digest


def name_file(base: str, copy: int, extension: str) -> str:
    """Name the file of a source (copy 0) or of one of its copies: nevus__img7__aug0003.jpg."""
    return f"{base}{extension}" if copy == 0 else f"{base}__aug{copy:04d}{extension}"


def choose_extension(path: bytes, image_format: str) -> str:
    """Choose the extension, and thus the format, of a source's files."""
    extension = os.fsdecode(os.path.splitext(path)[1])
    # "keep" turns what Keras, torchvision and Hugging Face do not all read alike into PNG.
    wanted = {"keep": _READ_BY_ALL, "jpeg": {".jpg", ".jpeg"}, "png": {".png"}}[image_format]
    # A fitting extension keeps its case.
    if extension.lower() in wanted:
        return extension
    return ".jpg" if image_format == "jpeg" else ".png"
