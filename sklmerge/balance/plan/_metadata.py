"""metadata.csv, which stands beside the images of each part: its rows and its text, no files."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from sklmerge._random import hash_keys
from sklmerge.augment import Augmenter, pick_augmenter
from sklmerge.balance.plan._names import name_file
from sklmerge.balance.plan._plan import Plan
from sklmerge.images import BadFileError, is_url

_ROWS_AT_ONCE = 10_000


class MetadataRow(NamedTuple):
    """One file of a part; the fields are the columns of metadata.csv."""

    # Relative to the part, with forward slashes, as Hugging Face's imagefolder wants it; absolute,
    # or a URL, if an original is only referred to.
    file_name: str
    label: str
    original_label: str
    # Path of the image it was made from, relative to the source folder.
    source: str
    # "true" for a copy, "false" for the source's own file.
    augmented: str
    # How a copy is augmented, as JSON; "{}" for the source's own file.
    parameters: str


def list_metadata(
    plan: Plan,
    part: int,
    extensions: Sequence[str],
    augmenter: Augmenter | None,
    seed: int,
    *,
    source: str,
) -> Iterator[MetadataRow]:
    """List the files of a part, sorted by class and source, with copies after their source."""
    rows = plan.list_rows(part)
    folders = plan.folder_names
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        parameters = iter(_list_parameters(plan, some, augmenter, seed))
        for row in some:
            label, folder = plan.merged_names[plan.merged[row]], folders[plan.merged[row]]
            base = plan.name_base(row)
            path = plan.paths.get_bytes(row).decode("utf-8", "backslashreplace")
            for copy in range(plan.copies[row] + 1):
                written = copy >= plan.first_copy
                name = name_file(base, copy, extensions[row])
                yield MetadataRow(
                    f"{folder}/{name}" if written else _locate(source, path),
                    label,
                    plan.original_names[plan.originals[row]],
                    path,
                    "true" if copy else "false",
                    # Never empty: a part of empty cells would be a column of NaN to its readers,
                    # and Hugging Face refuses parts whose columns differ in type.
                    next(parameters) if copy else "{}",
                )


def _locate(source: str, path: str) -> str:
    """Say where an original is; in a table, paths may be absolute, or URLs, already."""
    return path if os.path.isabs(path) or is_url(path) else f"{source}/{path}"


def _list_parameters(
    plan: Plan, rows: np.ndarray[Any, np.dtype[np.int64]], augmenter: Augmenter | None, seed: int
) -> list[str]:
    """List the parameters of all copies of some sources, as JSON."""
    counts = plan.copies[rows]
    firsts = counts.cumsum() - counts
    copies = np.arange(counts.sum()) - np.repeat(firsts, counts) + 1
    keys = hash_keys(np.repeat(plan.keys[rows], counts), copies)
    owners = np.repeat(plan.originals[rows], counts)
    parameters = np.full(len(keys), "{}", dtype=object)
    for original in np.unique(owners):
        labels = plan.name_labels(int(rows[plan.originals[rows] == original][0]))
        own = pick_augmenter(augmenter, *labels)
        if own is not None:
            places = np.flatnonzero(owners == original)
            drawn = own.draw_params(len(places), seed, keys=keys[places])
            texts = [json.dumps(row, sort_keys=True) for row in drawn.to_dicts()]
            parameters[places] = texts
    return parameters.tolist()


def write_csv(rows: Iterable[MetadataRow]) -> Iterator[bytes]:
    """Yield rows as CSV (RFC 4180) in UTF-8, piece by piece."""
    rest = chain([MetadataRow(*MetadataRow._fields)], rows)
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        text = io.StringIO()
        # Lines end in CR LF: Python below 3.13 quotes a name with a bare CR for no other ending.
        csv.writer(text, lineterminator="\r\n").writerows(some)
        yield text.getvalue().encode("utf-8", "backslashreplace")


def read_csv(data: bytes, path: str) -> list[MetadataRow]:
    """Read what `write_csv` wrote; `path` is only for error messages."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _explain_damage(path, str(error)) from error
    header = rows[0] if rows else []
    if tuple(header) != MetadataRow._fields:
        raise BadFileError(
            f"{path!r} must have the columns {', '.join(MetadataRow._fields)}, "
            f"got {', '.join(header) or 'none'}; run balance_folder again to mend it"
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise _explain_damage(path, f"row {number} has {len(row)} columns of {len(header)}")
    return [MetadataRow(*row) for row in rows[1:]]


def _explain_damage(path: str, reason: str) -> BadFileError:
    return BadFileError(f"{path!r} is damaged ({reason}); run balance_folder again to mend it")
