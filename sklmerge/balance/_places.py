"""Where a job reads and where it writes, and what does not go together."""

import os

from sklmerge.images._remote import is_url


def check_apart(source: str, destination: str) -> None:
    """Check that neither folder lies in the other.

    Raises
    ------
    ValueError
        If one does, or both are one.
    """
    inner, outer = os.path.realpath(destination), os.path.realpath(source)
    if os.path.commonpath([inner, outer]) in (inner, outer):
        raise ValueError(
            f"destination and source must lie apart, got {destination!r} and {source!r}"
        )


def check_remote_place(place: str) -> None:
    """Check that nothing behind a URL is to be linked.

    Raises
    ------
    ValueError
        If it is.

    Examples
    --------
    >>> from sklmerge.balance._places import check_remote_place
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
    >>> from sklmerge.balance._places import check_destination
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
