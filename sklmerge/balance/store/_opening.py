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
    """Open source and destination, and check that neither is inside the other."""
    origin, target = find_local(source), find_local(destination)
    options, own = share_options(origin, target, options, own)
    place, files = open_source(origin, options)
    store = open_destination(target, own, force=force)
    # Of a table, whose images may lie beside the destination, only the folders that hold images.
    for folder in [place] if folders is None else sorted(folders):
        check_apart(folder, store.place)
    return place, files, store


def open_source(
    source: str | os.PathLike[str], options: Mapping[str, Any] | None
) -> tuple[str, RemoteFiles | None]:
    """Return the path or URL of a source, and what opens it; None for a path."""
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
    """Open a destination in which no unfinished file is ever visible."""
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
    """Return the options for the source and the options for the destination."""
    if own is not None and not is_url(destination):
        raise ValueError(
            "destination_options are for URLs, such as 's3://bucket/balanced', got the path "
            f"{destination!r}"
        )
    if not is_url(source):
        if not is_url(destination) or own is not None:
            check_url(source, options)
        return None, options if own is None else own
    # `options` also open a destination behind the same kind of URL, or one beside a local source.
    kinds = [place.partition("://")[0] for place in (source, destination)]
    return options, options if own is None and kinds[0] == kinds[1] else own


def check_apart(source: str, destination: str) -> None:
    """Check that neither place is inside the other, however the paths are written."""
    steps = [list_steps(source), list_steps(destination)]
    if all(one == other for one, other in zip(*steps, strict=False)):
        raise ValueError(
            f"destination and source must lie apart, got {destination!r} and {source!r}"
        )


def list_steps(place: str) -> list[str]:
    """List the kind of store, the bucket and the folders on the way to a place."""
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
    """Check that other processes can access source and destination (memory:// is not shared)."""
    for name, place in (("source", source), ("destination", destination)):
        backend = name_processes(n_jobs) if list_steps(place)[0] == "memory" else None
        if backend is not None:
            raise ValueError(
                f"{name} must be a path or in a store that other processes see, got {place!r} and "
                f"the workers of {backend}; take n_jobs=1, or threads"
            )


def check_place(place: str, source: str, destination: str) -> None:
    """Check that links are not requested from or to a URL."""
    if place in LINKS and (is_url(source) or is_url(destination)):
        raise ValueError(
            "place must be 'copy' or 'reference' where the source or the destination is a URL, got "
            f"{place!r}"
        )
