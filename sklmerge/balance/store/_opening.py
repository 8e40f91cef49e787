"""Where a job reads and where it writes, and what does not go together."""

import os
from collections.abc import Collection, Mapping
from typing import Any

from sklmerge._parallel import name_processes
from sklmerge.balance.store._folder import FolderStore
from sklmerge.balance.store._objects import ObjectStore
from sklmerge.balance.store._store import LINKS, Store
from sklmerge.images import RemoteFiles, check_url, find_local, is_url

# Where an object is seen when it is complete, or not at all: scheme -> kind of store.
_OBJECT_STORES = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "az"),
    **{name: name for name in ("oci", "oss", "obs", "tos", "memory")},
}


def open_places(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    options: Mapping[str, Any] | None,
    own: Mapping[str, Any] | None,
    *,
    folders: Collection[str] | None = None,
    force: bool = False,
) -> tuple[str, RemoteFiles | None, Store]:
    """Find where a job reads and where it writes, and check that these lie apart.

    Parameters
    ----------
    source, destination : path or URL
        ``file://`` and ``local://`` are paths.
    options, own : mapping or None
        See `share_options`.
    folders : collection of str or None, default=None
        The folders that hold the images, where a table lists them; None if all of the source does.
    force : bool, default=False
        Whether to take the destination from another run, see `ObjectStore`.

    Returns
    -------
    source : str
        Absolute path, or URL without a slash at its end.
    files : RemoteFiles or None
        What opens it; None for a path.
    store : Store
        What writes to the destination.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import open_places
    >>> open_places("file:///data/photos/", "memory://balanced", None, None)[:2]
    ('/data/photos', None)
    """
    origin, target = find_local(source), find_local(destination)
    options, own = share_options(origin, target, options, own)
    place, files = open_source(origin, options)
    store = open_destination(target, own, force=force)
    for folder in [place] if folders is None else sorted(folders):
        check_apart(folder, store.place)
    return place, files, store


def open_source(
    source: str | os.PathLike[str], options: Mapping[str, Any] | None
) -> tuple[str, RemoteFiles | None]:
    """Find where a source is, and what opens it if it is a URL.

    Returns
    -------
    place : str
        Absolute path, or URL without a slash at its end.
    files : RemoteFiles or None
        None for a path.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import open_source
    >>> open_source("/data/photos/", None)
    ('/data/photos', None)
    """
    path = os.fspath(source)
    if is_url(path):
        return check_url(path, options), RemoteFiles(options)
    return os.path.abspath(path), None


def open_destination(
    destination: str | os.PathLike[str],
    options: Mapping[str, Any] | None,
    *,
    force: bool = False,
) -> Store:
    """Choose what writes to a destination.

    Raises
    ------
    ValueError
        If it is a URL where files could be seen half-written.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import open_destination
    >>> open_destination("/data/balanced/", None).place
    '/data/balanced'
    """
    path = os.fspath(destination)
    if not is_url(path):
        return FolderStore(os.path.abspath(path))
    if path.partition("://")[0] not in _OBJECT_STORES:
        raise ValueError(
            "destination must be a path, or a URL of an object store, where a file is seen when "
            f"it is complete ({', '.join(_OBJECT_STORES)}), got {path!r}; write to a folder and "
            "upload it when it is finished"
        )
    return ObjectStore(check_url(path, options), RemoteFiles(options), force)


def share_options(
    source: str,
    destination: str,
    options: Mapping[str, Any] | None,
    own: Mapping[str, Any] | None,
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Tell which options open the source, and which the destination.

    Parameters
    ----------
    source, destination : str
        Paths or URLs.
    options : mapping or None
        Of the source, and of a destination behind the same kind of URL or beside a local source.
    own : mapping or None
        Of the destination alone.

    Raises
    ------
    ValueError
        If there are options for a path.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import share_options
    >>> share_options("/photos", "s3://bucket/balanced", {"anon": True}, None)
    (None, {'anon': True})
    """
    if own is not None and not is_url(destination):
        raise ValueError(
            "destination_options are for URLs, such as 's3://bucket/balanced', got the path "
            f"{destination!r}"
        )
    if not is_url(source):
        if not is_url(destination) or own is not None:
            check_url(source, options)
        return None, options if own is None else own
    kinds = [place.partition("://")[0] for place in (source, destination)]
    return options, options if own is None and kinds[0] == kinds[1] else own


def check_apart(source: str, destination: str) -> None:
    """Check that neither place lies in the other, however they are spelt.

    Raises
    ------
    ValueError
        If one does, or both are one.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import check_apart
    >>> check_apart("s3://bucket/photos", "s3://bucket/photos-balanced")
    """
    steps = [list_steps(source), list_steps(destination)]
    if all(one == other for one, other in zip(*steps, strict=False)):
        raise ValueError(
            f"destination and source must lie apart, got {destination!r} and {source!r}"
        )


def list_steps(place: str) -> list[str]:
    """List the kind of store, the bucket and the folders that lead to a place.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import list_steps
    >>> list_steps("s3a://bucket//photos"), list_steps("simplecache::s3://bucket/photos")
    (['s3', 'bucket', 'photos'], ['s3', 'bucket', 'photos'])
    """
    scheme, path = "file", place
    if is_url(place):
        # What comes before it in a chain hands on what lies there.
        scheme, _, path = place.rpartition("::")[2].partition("://")
        scheme = _OBJECT_STORES.get(scheme, scheme)
    else:
        path = os.path.realpath(place).replace(os.sep, "/")
    steps = [scheme, *(name for name in path.split("/") if name)]
    if scheme == "az":
        # The container comes alone, or as container@account.
        steps[1:2] = [name.partition("@")[0] for name in steps[1:2]]
    return steps


def check_workers(source: str, destination: str, n_jobs: int | None) -> None:
    """Check that workers see what is in memory.

    Raises
    ------
    ValueError
        If they are other processes, and the source or the destination is in that of this one.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import check_workers
    >>> check_workers("memory://photos", "/data/balanced", 2)
    """
    for name, place in (("source", source), ("destination", destination)):
        backend = name_processes(n_jobs) if list_steps(place)[0] == "memory" else None
        if backend is not None:
            raise ValueError(
                f"{name} must be a path or in a store that other processes see, got {place!r} and "
                f"the workers of {backend}; take n_jobs=1, or threads"
            )


def check_place(place: str, source: str, destination: str) -> None:
    """Check that nothing behind a URL is to be linked, or linked to.

    Raises
    ------
    ValueError
        If it is.

    Examples
    --------
    >>> from sklmerge.balance.store._opening import check_place
    >>> check_place("copy", "s3://bucket/photos", "/data/balanced")
    """
    if place in LINKS and (is_url(source) or is_url(destination)):
        raise ValueError(
            "place must be 'copy' or 'reference' where the source or the destination is a URL, got "
            f"{place!r}"
        )
