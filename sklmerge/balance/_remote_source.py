"""A source behind a URL: what it may be, and its images as columns, as _source.py has them."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sklmerge.balance._checks import PART_NAMES
from sklmerge.balance._source import Sources, order_parts
from sklmerge.images._paths import ImagePaths
from sklmerge.images._remote import RemoteFolder, is_url
from sklmerge.images._scan import IMAGE_EXTENSIONS


class _Row(NamedTuple):
    """One image; rows are sorted by these fields."""

    part: int
    label: str
    path: bytes


def list_remote_sources(remote: RemoteFolder) -> Sources:
    """List the images behind a URL, of class folders or of train, val and test folders of them.

    Parameters
    ----------
    remote : RemoteFolder
        Where they are. An object store has no empty folders, so a class has images or is not there.

    Returns
    -------
    Sources

    Raises
    ------
    ValueError
        If there is no image in a folder, or it cannot be listed.

    Examples
    --------
    >>> import fsspec
    >>> from sklmerge.balance._remote_source import list_remote_sources
    >>> from sklmerge.images._remote import RemoteFolder
    >>> files = fsspec.filesystem("memory")
    >>> files.pipe({"/divided/train/cat/1.png": b".", "/divided/val/cat/2.png": b"."})
    >>> sources = list_remote_sources(RemoteFolder("memory://divided"))
    >>> sources.class_names, sources.part_names, sources.parts.tolist()
    (('cat',), ('train', 'val'), [0, 1])
    """
    try:
        names = remote.list_files(IMAGE_EXTENSIONS)
    except OSError as error:
        raise ValueError(f"source {remote.url!r} cannot be listed: {error}") from error
    tops = sorted({name.split(b"/")[0] for name in names if b"/" in name})
    parts = order_parts([os.fsdecode(top) for top in tops])
    depth = 1 if parts else 0
    rows = []
    for name in names:
        folders = [os.fsdecode(folder) for folder in name.split(b"/")[:-1]]
        if len(folders) > depth:
            rows.append(_Row(parts[folders[0]] if parts else 0, folders[depth], name))
    if not rows:
        raise ValueError(f"source must hold a folder for each class, got {remote.url!r} with none")
    rows.sort()
    class_names = tuple(sorted({row.label for row in rows}))
    codes = {label: code for code, label in enumerate(class_names)}
    return Sources(
        remote.url,
        ImagePaths.from_bytes([row.path for row in rows], root=remote.url),
        class_names,
        np.array([codes[row.label] for row in rows], np.int32),
        tuple(PART_NAMES[code] for code in parts.values()),
        np.array([row.part for row in rows], np.int8) if parts else None,
    )


def check_remote(
    source: str | os.PathLike[str], storage_options: Mapping[str, Any] | None
) -> RemoteFolder | None:
    """Take a source that is a URL as a remote folder; None for a path.

    Raises
    ------
    ValueError
        If there are `storage_options` for a path.

    Examples
    --------
    >>> from sklmerge.balance._remote_source import check_remote
    >>> check_remote("s3://bucket/photos/", {"anon": True}).url
    's3://bucket/photos'
    """
    path = os.fspath(source)
    if is_url(path):
        return RemoteFolder(path.rstrip("/"), dict(storage_options or {}))
    if storage_options is not None:
        raise ValueError(
            f"storage_options are for a source that is a URL, such as 's3://bucket/photos', got "
            f"{path!r}"
        )
    return None


def check_remote_place(place: str) -> None:
    """Check that nothing behind a URL is to be linked.

    Raises
    ------
    ValueError
        If it is.

    Examples
    --------
    >>> from sklmerge.balance._remote_source import check_remote_place
    >>> check_remote_place("copy")
    """
    if place in ("hardlink", "symlink"):
        raise ValueError(
            f"place must be 'copy' or 'reference' for a source that is a URL, got {place!r}"
        )


def check_destination(destination: str | os.PathLike[str]) -> str:
    """Make a destination's path absolute.

    Raises
    ------
    ValueError
        If it is a URL.

    Examples
    --------
    >>> from sklmerge.balance._remote_source import check_destination
    >>> check_destination("/data/balanced/")
    '/data/balanced'
    """
    path = os.fspath(destination)
    if is_url(path):
        raise ValueError(
            "destination must be a folder, in which a file can be locked and put in place in one "
            f"step, got the URL {path!r}; write to a folder and upload it when it is finished"
        )
    return os.path.abspath(path)
