"""Which sources belong together: by content, a column, a pattern, a function or a mapping."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.balance.plan._metadata import METADATA_NAME
from sklmerge.balance.plan._source import Sources, take_index
from sklmerge.images import (
    Fetched,
    ImageIndex,
    RemoteFiles,
    digest_file,
    fetch_urls,
    find_equal,
    find_near,
    map_files,
    number_groups,
    parse_table,
    read_bytes,
    take_fingerprints,
)

# Not the names of columns, and hardly patterns that someone needs.
CONTENT, SIMILAR = "content", "similar"
GroupBy = str | re.Pattern[str] | Callable[[str], Any] | Mapping[str, Any]
Groups = tuple[NDArray[np.int64], NDArray[np.uint64]]


def find_groups(
    index: ImageIndex, group_by: GroupBy, *, n_jobs: int | None = None
) -> NDArray[np.int64]:
    r"""Find which images of an index belong together, for ``index.split(groups=...)``.

    Parameters
    ----------
    index : ImageIndex
        The images.
    group_by : str, pattern, callable or mapping
        See `balance_folder`.
    n_jobs : int or None, default=None
        Threads that read the files for ``"content"`` and ``"similar"``.

    Returns
    -------
    ndarray of int64, shape (n,)
        The group number of each image, from 0 without gaps.

    Raises
    ------
    ValueError
        If an image has no group, or a pattern or column groups no images or all of them.
    TypeError
        If `group_by` is none of these.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklmerge import ImageIndex
    >>> from sklmerge.balance import find_groups
    >>> from sklmerge.datasets import write_textures
    >>> with TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     groups = find_groups(ImageIndex(folder), r"(\d)\.png$")
    >>> int(groups.max())
    4
    """
    sources = take_index(index)
    codes, _ = group_sources(sources, group_by, n_jobs)
    places = {path: place for place, path in enumerate(sources.paths)}
    root = sources.root
    rows = [places[os.path.join(root, path)] for path in index.paths.relative()]
    return codes[rows]


def group_sources(sources: Sources, group_by: GroupBy, n_jobs: int | None = None) -> Groups:
    """Find the group of each source: codes from 0 without gaps, and what stands for each group.

    Raises
    ------
    ValueError
        If a source has no group, or a pattern or column groups nothing or everything.
    TypeError
        If `group_by` is none of what `balance_folder` takes.
    """
    n = len(sources)
    if isinstance(group_by, str) and group_by == CONTENT:
        digests = map_files(_digest_file, sources.paths, sources.files or RemoteFiles(), n_jobs)
        return number_groups(list(digests), n)
    if isinstance(group_by, str) and group_by == SIMILAR:
        names = list(sources.paths.relative())
        for group in find_similar(sources, n_jobs):
            for row in group:
                names[row] = names[group[0]]
        return number_groups(names, n)
    find, tried = _make_finder(group_by, sources)
    found = []
    for path in sources.paths.relative():
        group = find(path)
        if group is None or group != group or group == "":
            raise ValueError(f"group_by gives no group for {path!r}{tried}")
        found.append(str(group))
    codes, keys = number_groups(found, n)
    if tried and n > 1 and len(keys) in (1, n):
        what = f"puts all {n} images into one group" if len(keys) == 1 else "groups no two images"
        raise ValueError(f"group_by={_show(group_by)} {what}, got {found[0]!r} first{tried}")
    return codes, keys


def find_similar(sources: Sources, n_jobs: int | None) -> list[list[int]]:
    """Find the groups of rows that are near duplicates, equal images among them.

    Raises
    ------
    ValueError
        If no image can be decoded, so that nothing is known of any.
    """
    prints = take_fingerprints(
        sources.paths, n_jobs=n_jobs, reader=sources.reader, files=sources.files
    )
    if len(prints) and not prints.has_pixels.any():
        first = os.fsdecode(sources.paths.get_bytes(0))
        raise ValueError(
            f"source has no image that can be decoded, so none can be found similar, first: "
            f"{first!r}; pass reader=... for a format of your own"
        )
    near = find_near(prints)
    return join_groups([group.tolist() for group in (*near.groups, *find_equal(prints))])


def join_groups(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """Join groups that share a member; members and groups are sorted.

    Examples
    --------
    >>> from sklmerge.balance.plan._groups import join_groups
    >>> join_groups([[1, 2], [3, 4], [2, 7]])
    [[1, 2, 7], [3, 4]]
    """
    owner: dict[int, list[int]] = {}
    for group in groups:
        joined = dict.fromkeys(group)
        for member in group:
            joined |= dict.fromkeys(owner.get(member, ()))
        together = sorted(joined)
        owner.update(dict.fromkeys(together, together))
    return sorted({tuple(group): group for group in owner.values()}.values())


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


def _show(group_by: GroupBy) -> str:
    return repr(group_by.pattern if isinstance(group_by, re.Pattern) else group_by)


def _digest_file(path: str, fetched: Fetched) -> str:
    """Digest a file; one that cannot be read is like no other."""
    try:
        return digest_file(read_bytes(path, fetched)).hex()
    except ValueError:
        return path


def _make_finder(group_by: GroupBy, sources: Sources) -> tuple[Callable[[str], Any], str]:
    """Make the function from path to group, and say what was tried if it is a column or pattern."""
    if isinstance(group_by, re.Pattern):
        return _match(group_by), "; it is a regular expression, searched for in each path"
    if isinstance(group_by, str):
        column, tried = find_column(sources, group_by)
        if column is not None:
            return column, tried
        try:
            pattern = re.compile(group_by)
        except re.error as error:
            raise ValueError(
                f"group_by must be 'content', 'similar', a column of a table or a regular "
                f"expression, got {group_by!r} ({error}); {tried}"
            ) from error
        return _match(pattern), f"; {tried}, so it was taken as a regular expression"
    # A pandas Series, too, maps its index to its values.
    if hasattr(group_by, "get"):
        return group_by.get, ""
    if callable(group_by):
        return group_by, ""
    raise TypeError(
        "group_by must be 'content', 'similar', a column of a table, a regular expression, a "
        f"function of the path, a mapping from paths, or None, got {group_by!r}"
    )


def _match(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def find(path: str) -> str | None:
        match = pattern.search(path)
        return None if match is None else match.group(1 if pattern.groups else 0)

    return find


def find_column(sources: Sources, name: str) -> tuple[Callable[[str], Any] | None, str]:
    """Find a column in the tables that lie in the source; None if no table has it.

    Returns
    -------
    find : callable or None
        Path -> what the column holds for it.
    tried : str
        Which tables were looked at, and what they have.
    """
    tables = _read_tables(sources.root, sources.files)
    seen = []
    for file_name, table in tables.items():
        columns = list(table)
        if name not in columns:
            seen.append(f"{file_name} has the columns {', '.join(columns) or 'none'}")
            continue
        for key in [c for c in ("file_name", *columns) if c in columns and c != name]:
            values = dict(zip(table[key], table[name], strict=True))
            find = _find_in(values, sources.paths.relative())
            if find is not None:
                return find, f"; it is a column of {file_name}, found by its column {key!r}"
        seen.append(f"{file_name} has a column {name!r}, but none that holds the images' paths")
    where = "; ".join(seen) or f"there is no {METADATA_NAME} or other table in the source"
    return None, f"no table has a column {name!r} ({where})"


def _find_in(values: Mapping[str, Any], paths: Sequence[str]) -> Callable[[str], Any] | None:
    """Look values up by path, by file name, or by its stem, if all images are found that way."""
    for shorten in (_keep, os.path.basename, _take_stem):
        if len({shorten(path) for path in paths}) == len(paths) and all(
            shorten(path) in values for path in paths
        ):
            return partial(_look_up, values, shorten)
    return None


def _look_up(values: Mapping[str, Any], shorten: Callable[[str], str], path: str) -> Any:
    return values.get(shorten(path))


def _keep(path: str) -> str:
    return path


def _take_stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def read_column(folder: str, name: str, files: RemoteFiles | None = None) -> dict[str, str] | None:
    """Read a column of a folder's metadata.csv, by file_name; None if there is none."""
    path = os.path.join(folder, METADATA_NAME)
    (data,) = fetch_urls([path], files or RemoteFiles())
    if isinstance(data, ValueError) or (data is None and not os.path.exists(path)):
        return None
    table = _read_columns(path, data)
    if not {"file_name", name} <= set(table):
        return None
    return dict(zip(table["file_name"], table[name], strict=True))


def _read_tables(folder: str, files: RemoteFiles | None) -> dict[str, Mapping[str, Sequence[str]]]:
    """Read the tables that lie in a folder, as text; behind a URL metadata.csv alone."""
    if files is not None:
        path = f"{folder}/{METADATA_NAME}"
        (data,) = fetch_urls([path], files)
        return {METADATA_NAME: _read_columns(path, data)} if isinstance(data, bytes) else {}
    if not os.path.isdir(folder or "."):
        return {}
    names = sorted(
        (n for n in os.listdir(folder or ".") if n.lower().endswith((".csv", ".tsv"))),
        key=lambda n: (n != METADATA_NAME, n),
    )
    return {name: _read_columns(os.path.join(folder, name)) for name in names}


def _read_columns(path: str, data: Fetched = None) -> Mapping[str, Sequence[str]]:
    """Read the columns of a table; none of one that is no table."""
    try:
        return parse_table(read_bytes(path, data), path).columns
    except ValueError:
        return {}
