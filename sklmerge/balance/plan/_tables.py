"""Tables as people have them, read as text: columns for groups, and indexes of paths and labels."""

import csv
import io
import os
from collections.abc import Mapping
from typing import Any

from sklmerge.balance.plan._metadata import METADATA_NAME
from sklmerge.images import (
    BadFileError,
    ImageIndex,
    RemoteFiles,
    fetch_urls,
    is_url,
    read_bytes,
)

_LABELS = ("original_label", "label")


class _Columns:
    """The columns of a table, as an index takes them."""

    def __init__(self, columns: dict[str, list[str]]) -> None:
        self.columns = list(columns)
        self._columns = columns

    def __len__(self) -> int:
        return max(map(len, self._columns.values()), default=0)

    def __getitem__(self, name: str) -> list[str]:
        return self._columns[name]


def open_table(
    table: str,
    *,
    root: str,
    path_column: str | None = None,
    label_column: str | None = None,
    suffix: str | None = None,
    merge: Any = None,
    storage_options: Mapping[str, Any] | None = None,
) -> ImageIndex:
    """Index the images that a table lists, with their labels as text.

    Parameters
    ----------
    table : str
        Path of a CSV or TSV file.
    root : str
        What its paths are relative to.
    path_column, label_column : str or None
        None looks for ``file_name``, and for ``original_label`` or else ``label``.
    suffix : str or None
        What to put after each path, such as ``".jpg"``.
    merge, storage_options
        See `ImageIndex`.

    Raises
    ------
    ValueError
        If a column is not there, a cell is empty, or a file is not there.
    BadFileError
        If the table cannot be read.
    """
    try:
        rows = parse_table(read_bytes(table))
    except ValueError as error:
        raise BadFileError(f"labels {table!r} could not be read ({error})") from error
    columns = list(rows[0]) if rows else []
    paths = _take_column(rows, table, "path_column", path_column or "file_name", columns)
    found = label_column or next((name for name in _LABELS if name in columns), _LABELS[-1])
    labels = _take_column(rows, table, "label_column", found, columns)
    named = [path + (suffix or "") for path in paths]
    lost = [path for path in named if not (is_url(path) or is_url(root) or _exists(root, path))]
    if lost:
        hint = "" if suffix or os.path.splitext(lost[0])[1] else "; pass suffix if the ending lacks"
        raise ValueError(
            f"labels {table!r} lists {len(lost)} of {len(named)} files that are not in {root!r}, "
            f"first: {lost[0]!r}{hint}"
        )
    frame = _Columns({"file_name": named, "label": labels})
    return ImageIndex.from_frame(frame, root=root, merge=merge, storage_options=storage_options)


def _exists(root: str, path: str) -> bool:
    return os.path.exists(os.path.join(root, path))


def _take_column(
    rows: list[dict[str, str]], table: str, parameter: str, name: str, columns: list[str]
) -> list[str]:
    if name not in columns:
        raise ValueError(
            f"{parameter} must be a column of {table!r}, got {name!r}; there are "
            f"{', '.join(map(repr, columns)) or 'none'}"
        )
    values = [row[name].strip() for row in rows]
    empty = [number for number, value in enumerate(values, start=2) if not value]
    if empty:
        raise ValueError(
            f"{parameter} {name!r} of {table!r} must not be empty, got nothing in line {empty[0]}"
            + (f" and {len(empty) - 1} more" if len(empty) > 1 else "")
        )
    return values


def parse_table(data: bytes) -> list[dict[str, str]]:
    """Read a table of text: with or without BOM, separated by commas, semicolons or tabs."""
    text = data.decode("utf-8-sig", "surrogateescape")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restval="")
    return [{key: value for key, value in row.items() if key is not None} for row in rows]


def read_column(folder: str, name: str, files: RemoteFiles | None = None) -> dict[str, str] | None:
    """Read a column of a folder's metadata.csv, by file_name; None if there is none."""
    path = os.path.join(folder, METADATA_NAME)
    fetched = None if files is None else fetch_urls([path], files)[0]
    if isinstance(fetched, ValueError) or (fetched is None and not os.path.exists(path)):
        return None
    rows = parse_table(read_bytes(path, fetched))
    if not rows or not {"file_name", name} <= set(rows[0]):
        return None
    return {row["file_name"]: row[name] for row in rows}
