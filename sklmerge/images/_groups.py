"""Which images belong together: by content, a column, a pattern, a function or a mapping."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sklmerge.images._duplicates import find_equal, find_near
from sklmerge.images._fingerprints import digest_file, take_fingerprints
from sklmerge.images._reading import Fetched, Reader, fetch_urls, map_files, read_bytes
from sklmerge.images.files import METADATA_NAME, ImagePaths, RemoteFiles, parse_table

# Not the names of columns, and hardly patterns that someone needs.
CONTENT, SIMILAR = "content", "similar"
GroupBy = str | re.Pattern[str] | Callable[[str], Any] | Mapping[str, Any]


def name_groups(
    paths: ImagePaths,
    group_by: GroupBy,
    *,
    files: RemoteFiles | None = None,
    reader: Reader | None = None,
    n_jobs: int | None = None,
) -> list[str]:
    """Return the group name of each image, according to `group_by` of `balance_folder`."""
    if isinstance(group_by, str) and group_by == CONTENT:
        return list(map_files(_digest_file, paths, files or RemoteFiles(), n_jobs))
    relative = paths.relative()
    if isinstance(group_by, str) and group_by == SIMILAR:
        names = list(relative)
        for group in find_similar(paths, files=files, reader=reader, n_jobs=n_jobs):
            for row in group:
                names[row] = names[group[0]]
        return names
    find, tried = _make_finder(group_by, paths, files)
    found = []
    for path in relative:
        group = find(path)
        if group is None or group != group or group == "":
            raise ValueError(f"group_by gives no group for {path!r}{tried}")
        found.append(str(group))
    n, n_groups = len(found), len(set(found))
    if tried and n > 1 and n_groups in (1, n):
        what = f"puts all {n} images into one group" if n_groups == 1 else "groups no two images"
        raise ValueError(f"group_by={_show(group_by)} {what}, got {found[0]!r} first{tried}")
    return found


def find_similar(
    paths: ImagePaths, *, files: RemoteFiles | None, reader: Reader | None, n_jobs: int | None
) -> list[list[int]]:
    """Find groups of rows whose images are near duplicates or equal."""
    prints = take_fingerprints(paths, n_jobs=n_jobs, reader=reader, files=files)
    # Nothing is known of any of them then, which must not pass for "none are similar".
    if len(prints) and not prints.has_pixels.any():
        first = os.fsdecode(paths.get_bytes(0))
        raise ValueError(
            f"source has no image that can be decoded, so none can be found similar, first: "
            f"{first!r}; pass reader=... for a format of your own"
        )
    near = find_near(prints)
    return join_groups([group.tolist() for group in (*near.groups, *find_equal(prints))])


def join_groups(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """Join groups that share members, directly or through other groups; sort all of them."""
    owner: dict[int, list[int]] = {}
    for group in groups:
        joined = dict.fromkeys(group)
        for member in group:
            joined |= dict.fromkeys(owner.get(member, ()))
        together = sorted(joined)
        owner.update(dict.fromkeys(together, together))
    return sorted({tuple(group): group for group in owner.values()}.values())


def _show(group_by: GroupBy) -> str:
    return repr(group_by.pattern if isinstance(group_by, re.Pattern) else group_by)


def _digest_file(path: str, fetched: Fetched) -> str:
    """Digest a file; one that cannot be read is like no other."""
    try:
        return digest_file(read_bytes(path, fetched)).hex()
    except ValueError:
        return path


def _make_finder(
    group_by: GroupBy, paths: ImagePaths, files: RemoteFiles | None
) -> tuple[Callable[[str], Any], str]:
    """Make the function from path to group, and say what was tried if it is a column or pattern."""
    if isinstance(group_by, re.Pattern):
        return _match(group_by), "; it is a regular expression, searched for in each path"
    if isinstance(group_by, str):
        column, tried = _find_column(paths, files, group_by)
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


def _find_column(
    paths: ImagePaths, files: RemoteFiles | None, name: str
) -> tuple[Callable[[str], Any] | None, str]:
    """Find path -> value in the tables of the source, or None; tell what was tried."""
    tables = _read_tables(paths.root, files)
    seen = []
    for file_name, table in tables.items():
        columns = list(table)
        if name not in columns:
            seen.append(f"{file_name} has the columns {', '.join(columns) or 'none'}")
            continue
        for key in [c for c in ("file_name", *columns) if c in columns and c != name]:
            values = dict(zip(table[key], table[name], strict=True))
            find = _find_in(values, paths.relative())
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
    """Read a column of a folder's metadata.csv, keyed by file_name; None if it does not exist."""
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
