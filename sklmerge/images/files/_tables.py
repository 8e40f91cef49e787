"""Tables of paths and labels: CSV files read as text, and data frames. No image is opened."""

import csv
import io
import math
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sklmerge._checks import is_whole
from sklmerge._did_you_mean import suggest_names

# The table that stands beside images, as other programs look for it too.
METADATA_NAME = "metadata.csv"
# Columns that are taken without being named, if only one of them is there; letters alone count.
_PATH_NAMES = "filename file filepath path image imagename imagepath imagefile imageid img imgname"
_LABEL_NAMES = "label labels class classname classlabel category target"
_SEPARATORS = ",;\t|"
N_SHOWN = 3
_N_LOOKED_AT = 100
# The columns by which metadata.csv of a balanced folder is known.
_BALANCED = frozenset({"file_name", "label", "original_label", "source"})


class Table:
    """Columns of a table by name, all of the same length, and how errors name its rows."""

    def __init__(
        self, name: str, columns: Mapping[str, Sequence[Any]], lines: Sequence[int] | None = None
    ) -> None:
        self.name = name
        self.columns = columns
        # The line of each row in its file; None for a data frame, whose rows count from 0.
        self.lines = lines

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    def __repr__(self) -> str:
        return f"Table({self.name!r}: {len(self)} rows of {', '.join(self.columns)})"

    @property
    def is_text(self) -> bool:
        """Whether all cells are text because the table was read from a file."""
        return self.lines is not None

    @property
    def is_balanced(self) -> bool:
        """Whether the table is the metadata.csv of a balanced folder."""
        return self.is_text and set(self.columns) >= _BALANCED

    def name_rows(self, rows: Sequence[int]) -> str:
        """Name some rows for an error message."""
        numbers = rows if self.lines is None else [self.lines[row] for row in rows]
        shown = ", ".join(str(number) for number in numbers[:N_SHOWN])
        more = f" and {len(rows) - N_SHOWN} more" if len(rows) > N_SHOWN else ""
        return f"{'row' if self.lines is None else 'line'} {shown}{more}"


def parse_table(data: bytes, name: str) -> Table:
    """Read a table from a CSV file in UTF-8 or UTF-16; every cell stays text."""
    text = _decode(data, name)
    head = text.lstrip("\r\n").partition("\n")[0]
    # Commas, semicolons, tabs or bars: whichever the first line has most of.
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not any(row):
                continue
            if not header:
                header = [cell.strip() for cell in row]
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{name} must have {len(header)} cells in every row, got {len(row)} in line "
                    f"{reader.line_num}"
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(f"{name} could not be read in line {reader.line_num} ({error})") from error
    if not rows:
        raise ValueError(f"{name} must have a header and a row for each image, got none")
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise ValueError(f"{name} must name each column once, got {twice[0]!r} more than once")
    return Table(name, dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)), lines)


def _decode(data: bytes, name: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} must be a table in UTF-8, got byte {error.object[error.start]:#04x} at "
            f"{error.start}; save it as UTF-8, or read it with pandas and give the data frame"
        ) from error
    if "\0" in text:
        raise ValueError(f"{name} must be a table of text, such as CSV, got other data")
    return text


def as_table(frame: Any) -> Table:
    """Make a table from a pandas or polars data frame, which must not be empty."""
    if len(frame) == 0:
        raise ValueError("source must have a row for each image, got an empty data frame")
    return Table("the data frame", {str(name): frame[name] for name in frame.columns})


def choose_columns(
    table: Table, path_column: str | None, label_column: str | None
) -> tuple[str, str]:
    """Choose the path column and the label column; guess only if the choice is clear."""
    names = list(table.columns)
    for parameter, name in (("path_column", path_column), ("label_column", label_column)):
        if name is not None and name not in names:
            raise ValueError(
                f"{parameter} must be a column of {table.name}, got {name!r}"
                f"{suggest_names([name], names)}; there are "
                f"{', '.join(map(repr, names))}"
            )
    path = path_column or _find_named(names, ("file_name",), _PATH_NAMES)
    if path is None:
        path = _find_one([name for name in names if _holds_paths(table.columns[name])])
    others = [name for name in names if name != path]
    label = label_column or _find_named(others, ("original_label", "label"), _LABEL_NAMES)
    if label is None and path is not None:
        label = _find_one(others)
    for parameter, what, name in (
        ("path_column", "paths", path),
        ("label_column", "labels", label),
    ):
        if name is None:
            raise ValueError(
                f"{parameter} must say which column of {table.name} holds the {what}; there are "
                f"{', '.join(map(repr, names))}"
            )
    return str(path), str(label)


def _find_named(names: Sequence[str], sure: Sequence[str], likely: str) -> str | None:
    known = [name for name in sure if name in names]
    if known:
        return known[0]
    letters = set(likely.split())
    return _find_one([name for name in names if re.sub("[^a-z]", "", name.lower()) in letters])


def _find_one(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _holds_paths(cells: Sequence[Any]) -> bool:
    """Say whether the first cells all end as names of files do."""
    some = list(cells[:_N_LOOKED_AT])
    return all(isinstance(cell, str) and re.search(r"\w\.[A-Za-z]\w{1,4}$", cell) for cell in some)


def read_paths(table: Table, column: str, suffix: str) -> list[str]:
    """Read the path of each row and append `suffix`; whole numbers are read as file names."""
    paths: list[str] = []
    empty: list[int] = []
    wrong: list[tuple[int, Any]] = []
    for row, cell in enumerate(table.columns[column]):
        text = _read_path(cell)
        if text is None:
            wrong.append((row, cell))
        elif not text:
            empty.append(row)
        else:
            paths.append(text + suffix)
    if empty:
        raise ValueError(
            f"column {column!r} of {table.name} must have a path in every row, got none in "
            f"{table.name_rows(empty)}"
        )
    if wrong:
        rows = table.name_rows([row for row, _ in wrong])
        raise ValueError(
            f"column {column!r} of {table.name} must hold paths or whole numbers, got "
            f"{wrong[0][1]!r} in {rows}"
        )
    return paths


def _read_path(cell: Any) -> str | None:
    """Read one path; "" if there is none, None if it is something else."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, os.PathLike):
        return os.fsdecode(cell)
    if is_whole(cell):
        return str(int(cell))
    # What has no value: None, NaN, pandas' NA and NaT, none of which equals itself.
    if cell is None or str(cell) in ("<NA>", "NaT") or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell):
        # A column of whole numbers that once had a gap.
        return str(int(cell))
    return None


def check_cells(table: Table, column: str) -> None:
    """Check that a column of text has no empty cell."""
    if not table.is_text:
        return
    empty = [row for row, cell in enumerate(table.columns[column]) if not cell.strip()]
    if empty:
        raise ValueError(
            f"column {column!r} of {table.name} must have a label in every row, got none in "
            f"{table.name_rows(empty)}"
        )


def read_merge(labels: Sequence[Any], originals: Sequence[Any]) -> dict[Any, list[Any]]:
    """Reconstruct a merge from two label columns; an original label must have one merged label."""
    merged: dict[Any, Any] = {}
    for label, original in dict.fromkeys(zip(labels, originals, strict=True)):
        if merged.setdefault(original, label) != label:
            raise ValueError(
                f"label must be one for each original_label, got {merged[original]!r} and "
                f"{label!r} for {original!r}"
            )
    members: dict[Any, list[Any]] = defaultdict(list)
    for original, label in merged.items():
        members[label].append(original)
    return {label: some for label, some in members.items() if some != [label]}
