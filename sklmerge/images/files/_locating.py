"""Paths that a table names in, paths of files that are there out. No file is opened."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sklmerge.images.files._tables import N_SHOWN, Table

# Folders that are looked into for advice.
_N_FOLDERS = 100


def locate_files(paths: Sequence[str], root: str, table: Table, suffix: str) -> list[str]:
    """Find the files of a table, listing each folder once; correct slightly wrong paths."""
    folders: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(paths):
        folders[path.rpartition("/")[0]].append(row)
    found = list(paths)
    missing: list[int] = []
    for folder, rows in folders.items():
        names = set(_list_names(os.path.join(root, folder)))
        padded: dict[str, str] | None = None
        for row in rows:
            name = paths[row].rpartition("/")[2]
            if name in names:
                continue
            if padded is None:
                padded = _index_numbers(names)
            # A spreadsheet drops zeros in front of a number; one that has them is taken as it is.
            mended = padded.get(name)
            # Another system's backslashes.
            turned = paths[row].replace("\\", "/")
            if mended:
                found[row] = f"{folder}/{mended}" if folder else mended
            elif turned != paths[row] and os.path.exists(os.path.join(root, turned)):
                found[row] = turned
            elif not os.path.exists(os.path.join(root, paths[row])):
                missing.append(row)
    if missing:
        first = paths[missing[0]]
        raise ValueError(
            f"{table.name} must list files that are there, but {len(missing)} of {len(paths)} are "
            f"not, first: {', '.join(repr(paths[row]) for row in missing[:N_SHOWN])} in {root!r}"
            f"{_advise(first, root, suffix)}"
        )
    _check_mended(paths, found, table)
    return found


def _check_mended(paths: Sequence[str], found: Sequence[str], table: Table) -> None:
    """Check that no path was mended to a file that has another path in the table."""
    mended = {new for old, new in zip(paths, found, strict=True) if new != old}
    path_of: dict[str, str] = {}
    for old, new in zip(paths, found, strict=True):
        if new in mended and path_of.setdefault(new, old) != old:
            raise ValueError(
                f"{table.name} must write the path of a file in one way, got {path_of[new]!r} and "
                f"{old!r}, which may both mean {new!r}"
            )


def _list_names(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                yield entry.name
    except OSError:
        return


def _cut_zeros(name: str) -> str:
    return re.sub(r"^0+(?=\d+(\.|$))", "", name)


def _index_numbers(names: set[str]) -> dict[str, str]:
    """Map numbers without their zeros to names that have them; "" if two names are one number."""
    numbers: dict[str, str] = {}
    for name in names:
        # Names without zeros are among `names` themselves, and never mended.
        if re.match(r"0+\d+(\.|$)", name):
            short = _cut_zeros(name)
            numbers[short] = "" if short in numbers else name
    return numbers


def _advise(path: str, root: str, suffix: str) -> str:
    """Look for the file under another ending, and one folder further down."""
    folder, _, name = path.rpartition("/")
    below = [""]
    try:
        with os.scandir(root or ".") as entries:
            below += sorted(entry.name for entry in entries if entry.is_dir())[:_N_FOLDERS]
    except OSError:
        pass
    for inner in below:
        place = os.path.join(root, inner)
        names = set(_list_names(os.path.join(place, folder)))
        further = f"root={place!r}" if inner else ""
        numbers = {_cut_zeros(each) for each in names}
        if not inner and name in numbers:
            return "; several names differ from it only by zeros in front"
        if name in names or name in numbers:
            return f"; pass {further}"
        if not suffix:
            longer = sorted(each for each in names | numbers if each.startswith(name + "."))
            if longer:
                told = f"suffix={longer[0].removeprefix(name)!r}"
                return f"; pass {', '.join(filter(None, (further, told)))}"
    return "; pass root, the folder that the paths are relative to, or suffix, such as '.jpg'"
