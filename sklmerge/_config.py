"""Settings of the library, as in scikit-learn; so far, `max_pixels` is the only one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sklmerge._checks import check_whole

# 600 MB as RGB: above every camera's picture, below what takes a machine down.
MAX_PIXELS = 200_000_000
VARIABLE = "SKLMERGE_MAX_PIXELS"
_UNSET: Any = "unset"
# What set_config set, for all threads; what holds inside a config_context is undone with it.
_settings: dict[str, Any] = {}
_context: ContextVar[dict[str, Any] | None] = ContextVar("sklmerge_config", default=None)


def get_config() -> dict[str, Any]:
    """Return the current settings.

    Returns
    -------
    dict of str to object
        ``"max_pixels"``: the maximum number of pixels of an image file, or None for no limit.

    See Also
    --------
    set_config : Changes settings.
    config_context : Changes settings temporarily.

    Examples
    --------
    >>> import sklmerge
    >>> sklmerge.get_config()
    {'max_pixels': 200000000}
    """
    inside = _context.get()
    if inside is not None:
        return dict(inside)
    if "max_pixels" in _settings:
        return dict(_settings)
    return {"max_pixels": _read_variable()}


def set_config(*, max_pixels: int | None = _UNSET) -> None:
    """Change settings of the library for all threads of this process.

    If you call it inside a :func:`config_context`, the change ends with the ``with`` block.

    Parameters
    ----------
    max_pixels : int or None, default="unset"
        Images with more pixels (height times width) than this raise an error before they are
        decoded, because a file of a few kilobytes can claim a size that would use up all memory.
        None sets no limit. If you do not pass this argument, the setting does not change. Until you
        change it, the limit is the value of the environment variable ``SKLMERGE_MAX_PIXELS`` (a
        number or ``none``) if it is set, and 200 million otherwise.

    See Also
    --------
    config_context : Changes settings temporarily.

    Examples
    --------
    >>> import sklmerge
    >>> with sklmerge.config_context():  # only so that this example leaves nothing behind
    ...     sklmerge.set_config(max_pixels=10**9)
    ...     sklmerge.get_config()["max_pixels"]
    1000000000
    """
    if max_pixels is not _UNSET:
        inside = _context.get()
        settings = _settings if inside is None else inside
        settings["max_pixels"] = _check_max_pixels(max_pixels)


@contextmanager
def config_context(*, max_pixels: int | None = _UNSET) -> Iterator[None]:
    """Change settings of the library within a ``with`` block.

    The settings apply to the thread that runs the block, and to workers that read files for it.

    Parameters
    ----------
    max_pixels : int or None
        The maximum number of pixels of an image; see :func:`set_config`.

    See Also
    --------
    set_config : Changes settings permanently.

    Examples
    --------
    >>> import sklmerge
    >>> with sklmerge.config_context(max_pixels=None):
    ...     print(sklmerge.get_config())
    {'max_pixels': None}
    """
    settings = get_config()
    if max_pixels is not _UNSET:
        settings["max_pixels"] = _check_max_pixels(max_pixels)
    token = _context.set(settings)
    try:
        yield
    finally:
        _context.reset(token)


def _check_max_pixels(max_pixels: Any) -> int | None:
    return None if max_pixels is None else check_whole("max_pixels", max_pixels, 1)


def _read_variable() -> int | None:
    said = os.environ.get(VARIABLE)
    text = "" if said is None else said.strip().lower()
    if not text:
        return MAX_PIXELS
    if text == "none":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{VARIABLE} must be a whole number of at least 1, or none, got {text!r}")
    return int(text)
