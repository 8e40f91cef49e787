"""Which sources belong together: a pattern, a function, a mapping or a column says it."""

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance.plan._metadata import METADATA_NAME
from sklmerge.images import (
    Fetched,
    RemoteFiles,
    digest_file,
    fetch_urls,
    map_files,
    number_groups,
    read_bytes,
)

# Not the name of a column, and hardly a pattern that someone needs.
CONTENT = "content"
GroupBy = str | re.Pattern[str] | Callable[[str], Any] | Mapping[str, Any]


def find_groups(
    paths: Iterable[bytes],
    group_by: GroupBy,
    source: str,
    files: RemoteFiles | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    r"""Find the group of each source.

    Parameters
    ----------
    paths : iterable of bytes
        Relative to the source folder, POSIX.
    group_by : str, pattern, callable or mapping
        See `balance_folder`.
    source : str
        The source folder or its URL, where its metadata.csv is looked for.
    files : RemoteFiles or None, default=None
        What opens the URL.
    n_jobs : int or None, default=None
        Threads that read the files for ``"content"``.

    Returns
    -------
    codes : ndarray of int64, shape (n,)
        From 0 without gaps.
    keys : ndarray of uint64, shape (n_groups,)
        What stands for a group when groups are ordered.

    Raises
    ------
    ValueError
        If a path has no group.
    TypeError
        If `group_by` is none of these.

    Examples
    --------
    >>> from sklmerge.balance.plan._groups import find_groups
    >>> paths = [b"cat/smear1_x1.jpg", b"cat/smear2_x4.jpg", b"dog/smear1_x9.jpg"]
    >>> codes, _ = find_groups(paths, r"smear(\d+)", "pictures")
    >>> codes.tolist()
    [0, 1, 0]
    """
    if isinstance(group_by, str) and group_by == CONTENT:
        found = _digest_files(paths, source, files or RemoteFiles(), n_jobs)
        return number_groups(found, len(found))
    find = _make_finder(group_by, source, files)
    found = []
    for path in paths:
        text = os.fsdecode(path)
        group = find(text)
        if group is None or group != group:
            raise ValueError(f"group_by gives no group for {text!r}")
        found.append(str(group))
    return number_groups(found, len(found))


def describe_groups(group_by: GroupBy | None) -> str | None:
    """Describe `group_by` in a few words; which image is in which group is no parameter.

    Examples
    --------
    >>> from sklmerge.balance.plan._groups import describe_groups
    >>> describe_groups({"cat/1.jpg": "Tom"})
    'dict'
    """
    if group_by is None or isinstance(group_by, str):
        return group_by
    if isinstance(group_by, re.Pattern):
        return group_by.pattern
    return getattr(group_by, "__qualname__", type(group_by).__name__)


def _digest_files(
    paths: Iterable[bytes], source: str, files: RemoteFiles, n_jobs: int | None
) -> list[str]:
    """Digest the files; one that cannot be read is like no other."""
    places = [os.path.join(source, os.fsdecode(path)) for path in paths]
    return list(map_files(_digest_file, places, files, n_jobs))


def _digest_file(path: str, fetched: Fetched) -> str:
    try:
        return digest_file(read_bytes(path, fetched)).hex()
    except ValueError:
        return path


def _make_finder(group_by: GroupBy, source: str, files: RemoteFiles | None) -> Callable[[str], Any]:
    if isinstance(group_by, str):
        column = read_column(source, group_by, files)
        if column is not None:
            return column.get
        try:
            group_by = re.compile(group_by)
        except re.error as error:
            raise ValueError(
                f"group_by must be a column of {METADATA_NAME} or a regular expression, "
                f"got {group_by!r} ({error})"
            ) from error
    if isinstance(group_by, re.Pattern):
        return lambda path: _match_group(group_by, path)
    # A pandas Series, too, maps its index to its values.
    if hasattr(group_by, "get"):
        return group_by.get
    if callable(group_by):
        return group_by
    raise TypeError(
        "group_by must be 'content', a regular expression, a column of metadata.csv, a function of "
        f"the path, a mapping from paths, or None, got {group_by!r}"
    )


def _match_group(pattern: re.Pattern[str], path: str) -> str | None:
    match = pattern.search(path)
    if match is None:
        return None
    return match.group(1 if pattern.groups else 0)


def read_column(folder: str, name: str, files: RemoteFiles | None = None) -> dict[str, str] | None:
    """Read a column of a folder's metadata.csv, by file_name; None where there is none.

    Parameters
    ----------
    folder : str
        Path or URL.
    name : str
        The column.
    files : RemoteFiles or None, default=None
        What opens the URL.

    Returns
    -------
    dict of str to str, or None
    """
    path = os.path.join(folder, METADATA_NAME)
    fetched = None if files is None else fetch_urls([path], files)[0]
    if isinstance(fetched, ValueError) or (fetched is None and not os.path.exists(path)):
        return None
    text = read_bytes(path, fetched).decode("utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if rows.fieldnames is None or not {"file_name", name} <= set(rows.fieldnames):
        return None
    return {row["file_name"]: row[name] for row in rows}
