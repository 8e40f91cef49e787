"""What a source is, a folder, a URL, a table, an archive or a data set, and what it lists."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge._codes import find_classes
from sklmerge._containers import read_labels
from sklmerge.images._reading import fetch_urls, read_bytes
from sklmerge.images.codec import IMAGE_EXTENSIONS, sniff_format
from sklmerge.images.files import (
    METADATA_NAME,
    TABLE_ENDINGS,
    BadFileError,
    DataSetFiles,
    ImagePaths,
    RemoteFiles,
    ScannedFolder,
    Table,
    Wanted,
    advise_on_open,
    as_table,
    check_cells,
    check_url,
    choose_code_dtype,
    choose_columns,
    count_extensions,
    is_archive,
    is_url,
    locate_files,
    open_archive,
    parse_table,
    read_merge,
    read_names,
    read_paths,
    scan_archives,
    scan_class_folders,
    scan_remote_folders,
)


class Columns(NamedTuple):
    """Parameters that say how to read a table, see `ImageIndex`."""

    path_column: str | None = None
    label_column: str | None = None
    suffix: str = ""
    root: str | os.PathLike[str] | None = None


class Listed(NamedTuple):
    """The images of a source and their classes."""

    paths: ImagePaths
    # Position of each original label in `classes`, shape (n,).
    codes: NDArray[np.signedinteger]
    # The original labels, sorted.
    classes: list[Any]
    # What fetches URLs and members of archives.
    files: RemoteFiles
    # The merge that a table tells of.
    merge: dict[Any, list[Any]] | None = None
    # Class folders without an image.
    empty: Sequence[str] = ()
    # Extension -> files that were seen and not taken.
    passed_over: Mapping[str, int] = Counter()
    # Whether a table lists the files, wherever they lie.
    has_table: bool = False


def list_images(
    source: Any, wanted: Wanted, columns: Columns, storage_options: Mapping[str, Any] | None
) -> Listed:
    """List the images of any source that `ImageIndex` accepts."""
    files = RemoteFiles(storage_options)
    listed = _list(source, wanted, columns, files)
    if not listed.paths.hold_urls():
        check_url(listed.paths.root, storage_options)
    return listed


def _list(source: Any, wanted: Wanted, columns: Columns, files: RemoteFiles) -> Listed:
    if isinstance(source, list | tuple):
        return _list_archives([check_url(one, None) for one in source], wanted, columns, files)
    if not isinstance(source, str | os.PathLike):
        # A Hugging Face data set, a stream of one, or a dict of them.
        if hasattr(source, "column_names") and not hasattr(source, "columns"):
            return _list_data_set(source, wanted, columns, files)
        if not (hasattr(source, "columns") and hasattr(source, "__getitem__")):
            has_rows = hasattr(source, "__len__") and hasattr(source, "__getitem__")
            takes = "; ImageBatches takes data sets with rows as they are"
            advice = takes if has_rows else advise_on_open(source)
            raise TypeError(
                "source must be a folder, a URL, a table, a data frame, an archive or a Hugging "
                f"Face data set, got {type(source).__name__}{advice}"
            )
        return _list_table(as_table(source), "", wanted, columns, files)
    place = check_url(source, None)
    if is_url(place) and place.lower().endswith(TABLE_ENDINGS):
        (data,) = fetch_urls([place], files)
        table = _parse(place, data)
        return _list_table(table, place.rpartition("/")[0], wanted, columns, files)
    if os.path.isfile(place):
        if is_archive(place):
            return _list_archives([place], wanted, columns, files)
        if not place.lower().endswith(TABLE_ENDINGS):
            raise ValueError(
                "source must be a folder, a table that ends in .csv or .tsv, or a tar or zip "
                f"archive, got {place!r}"
            )
        return _list_table(_parse(place), os.path.dirname(place), wanted, columns, files)
    if is_url(place) or os.path.isdir(place):
        _refuse_columns(columns, place)
    return _list_folder(place, wanted, files)


def _parse(place: str, data: Any = None) -> Table:
    try:
        return parse_table(read_bytes(place, data), repr(place))
    except ValueError as error:
        told = str(error) if place in str(error) else f"{place!r} could not be read ({error})"
        raise BadFileError(told) from error


def _refuse_columns(columns: Columns, place: str) -> None:
    given = [name for name, value in columns._asdict().items() if value not in (None, "")]
    if given:
        raise ValueError(f"{given[0]} is for a table such as 'train.csv', got source={place!r}")


def _list_folder(place: str, wanted: Wanted, files: RemoteFiles) -> Listed:
    scan = scan_remote_folders if is_url(place) else _scan_local
    found = scan(files, place, wanted)
    listed = Listed(found.paths, found.codes, found.classes, files, None, found.empty)
    listed = listed._replace(passed_over=found.passed_over)
    table = os.path.join(place, METADATA_NAME)
    names = files.list_folder(place).files if is_url(place) else os.listdir(place)
    if METADATA_NAME not in names:
        return listed
    data = read_bytes(table, *fetch_urls([table], files))
    # Other programs write tables of this name, too.
    if b"original_label" not in data.partition(b"\n")[0]:
        return listed
    known = _parse(table, data)
    return _recall(listed, known, wanted) if known.is_balanced else listed


def _scan_local(files: RemoteFiles, place: str, wanted: Wanted) -> ScannedFolder:
    return scan_class_folders(place, wanted)


def _recall(listed: Listed, table: Table, wanted: Wanted) -> Listed:
    """Take original labels and the merge of a balanced folder from its metadata.csv."""
    names, labels, originals = (
        table.columns[column] for column in ("file_name", "label", "original_label")
    )
    by_name = dict(zip(names, originals, strict=True))
    folders_by_label = read_merge(labels, originals)
    found = [os.fsdecode(path) for path in listed.paths.iterate_bytes()]
    folders = np.array(listed.classes, object)[listed.codes].tolist()
    # A file that the table does not list is of its folder's class.
    texts = [by_name.get(name, folder) for name, folder in zip(found, folders, strict=True)]
    lost = [name for name, text in zip(found, texts, strict=True) if text in folders_by_label]
    lost = [name for name in lost if name not in by_name]
    if lost:
        raise ValueError(
            f"{table.name} must give the original label of each file in a merged class, got none "
            f"for {lost[0]!r}; add its row, or remove the table to go by folders alone"
        )
    # Images that lie elsewhere, as place="reference" leaves them; their rows come last.
    away = [
        row
        for row, name in enumerate(names)
        if (is_url(name) or os.path.isabs(name))
        and (wanted.classes is None or labels[row] in wanted.classes)
    ]
    paths = listed.paths
    if away:
        texts += [originals[row] for row in away]
        relative = [*paths.iterate_bytes(), *(os.fsencode(names[row]) for row in away)]
        paths = ImagePaths.from_bytes(relative, root=paths.root)
    classes, places = find_classes(read_labels(texts))
    codes = places.astype(choose_code_dtype(len(classes)))
    # A class all of whose files have been taken away is none of the merge either.
    merge = _cut_merge(folders_by_label, classes.tolist())
    return listed._replace(paths=paths, codes=codes, classes=classes.tolist(), merge=merge)


def _list_table(
    table: Table, home: str, wanted: Wanted, columns: Columns, files: RemoteFiles
) -> Listed:
    """List the rows of a table, in their order."""
    if wanted.levels != "top":
        raise ValueError(f"levels is for class folders, got a table and levels={wanted.levels!r}")
    root = home if columns.root is None else check_url(columns.root, None)
    path_column, label_column = choose_columns(table, columns.path_column, columns.label_column)
    named = read_paths(table, path_column, columns.suffix)
    check_cells(table, label_column)
    labels = read_labels(table.columns[label_column], f"column {label_column!r} of {table.name}")
    all_classes, all_codes = find_classes(labels)
    chosen = _choose_classes(all_classes.tolist(), wanted.classes)
    rows, passed_over = _choose_images(named, np.isin(all_codes, chosen), wanted)
    present = np.unique(all_codes[rows])
    empty = [str(all_classes[code]) for code in chosen if code not in set(present.tolist())]
    if empty and not (wanted.allow_empty and len(rows)):
        raise ValueError(
            f"{table.name} must list an image of each class, but extensions and exclude leave none "
            f"of {empty[0]!r}" + ("; pass allow_empty=True to pass over it" if len(rows) else "")
        )
    if len(rows) < len(named):
        named = [named[row] for row in rows]
    if os.path.isfile(root) and is_archive(root):
        paths, files = _find_members(named, root, table, files)
    else:
        if not is_url(root):
            named = _locate_local(named, root, table, columns.suffix)
        paths = ImagePaths.from_bytes((os.fsencode(path) for path in named), root=root)
    codes = np.searchsorted(present, all_codes[rows]).astype(choose_code_dtype(len(present)))
    classes = all_classes[present].tolist()
    merge = None
    if label_column == "original_label" and columns.label_column is None and table.is_text:
        merge = _cut_merge(_read_label_merge(table) or {}, classes) or None
    return Listed(paths, codes, classes, files, merge, empty, passed_over, has_table=True)


def _cut_merge(merge: Mapping[Any, list[Any]], classes: Sequence[Any]) -> dict[Any, list[Any]]:
    """Leave the classes out of a merge that are not there."""
    present = set(classes)
    kept = {label: [one for one in some if one in present] for label, some in merge.items()}
    return {label: some for label, some in kept.items() if some}


def _read_label_merge(table: Table) -> dict[Any, list[Any]] | None:
    if "label" not in table.columns:
        return None
    return read_merge(table.columns["label"], table.columns["original_label"]) or None


def _locate_local(named: Sequence[str], root: str, table: Table, suffix: str) -> list[str]:
    """Find local files; URLs among the paths are left as they are."""
    if not any(map(is_url, named)):
        # Without a list of rows, which takes as much memory as the paths.
        return locate_files(named, root, table, suffix)
    rows = [row for row, path in enumerate(named) if not is_url(path)]
    located = locate_files([named[row] for row in rows], root, table, suffix)
    found = list(named)
    for row, path in zip(rows, located, strict=True):
        found[row] = path
    return found


def _choose_classes(known: Sequence[Any], classes: Iterable[str] | None) -> list[int]:
    """Choose the numbers of the classes to take, ascending."""
    if classes is None:
        return list(range(len(known)))
    numbers = {str(label): number for number, label in enumerate(known)}
    unknown = [label for label in classes if str(label) not in numbers]
    if unknown:
        raise ValueError(
            f"classes must name labels of the table, got {unknown}; there are {list(known[:10])}"
        )
    return sorted({numbers[str(label)] for label in classes})


def _choose_images(
    named: Sequence[str], is_wanted: NDArray[np.bool_], wanted: Wanted
) -> tuple[NDArray[np.intp], Counter[str]]:
    """Choose the rows that are images, and count the others that are of a class to take."""
    # A table says what an image is, whatever its extension, unless extensions were given.
    endings = ("",) if wanted.extensions is IMAGE_EXTENSIONS else wanted.extensions
    endings = tuple(ending.lower() for ending in endings)
    exclude = wanted.exclude
    answers = (
        name.lower().endswith(endings) and not (exclude and exclude.search(name)) for name in named
    )
    is_image = np.fromiter(answers, np.bool_, len(named))
    left_out = np.flatnonzero(is_wanted & ~is_image)
    return np.flatnonzero(is_wanted & is_image), count_extensions(
        os.fsencode(named[row]) for row in left_out.tolist()
    )


def _list_archives(
    archives: Sequence[str], wanted: Wanted, columns: Columns, files: RemoteFiles
) -> Listed:
    _refuse_columns(columns, archives[0] if archives else "")
    found, tables = scan_archives(archives, wanted)
    opened = RemoteFiles(files.options, archives=tables)
    return Listed(
        found.paths, found.codes, found.classes, opened, None, found.empty, found.passed_over
    )


def _list_data_set(data: Any, wanted: Wanted, columns: Columns, files: RemoteFiles) -> Listed:
    """List the rows of a Hugging Face data set as a table of files."""
    packed = DataSetFiles(data, columns.path_column)
    labels = read_names(data, columns.label_column)
    if packed.has_paths:
        table = Table("the data set", {"file_name": packed.list_paths(), "label": labels})
        return _list_table(
            table, "", wanted, columns._replace(path_column=None, label_column=None), files
        )
    _refuse_columns(columns._replace(path_column=None, label_column=None), type(data).__name__)
    if files.options:
        raise ValueError("storage_options are for URLs, got a data set")
    names = packed.list_names(_name_extension)
    table = Table("the data set", {"file_name": names, "label": labels})
    opened = RemoteFiles(files.options, archives={packed.path: packed})
    return _list_table(table, "", wanted, Columns(root=packed.url), opened)


def _name_extension(data: bytes | ValueError) -> str:
    """Name the extension of a file by its content; "" if it is not known."""
    name = None if isinstance(data, ValueError) else sniff_format(data)
    return "" if name is None else "." + name.replace("jpeg2000", "jp2").replace("jpeg", "jpg")


def _find_members(
    named: Sequence[str], root: str, table: Table, files: RemoteFiles
) -> tuple[ImagePaths, RemoteFiles]:
    """Find the members of an archive that a table names."""
    archive = open_archive(root)
    missing = [name for name in named if name not in archive]
    if missing:
        raise ValueError(
            f"{table.name} must list members of {root!r}, but {len(missing)} of {len(named)} are "
            f"not there, first: {missing[0]!r}"
        )
    opened = RemoteFiles(files.options, archives={archive.path: archive})
    paths = ImagePaths.from_bytes((os.fsencode(name) for name in named), root=archive.url)
    return paths, opened


def tell_passed_over(passed_over: Mapping[str, int]) -> str:
    """Summarise which files were skipped, the most frequent extension first."""
    counts = sorted(passed_over.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = ", ".join(f"{n} {extension or 'without extension'}" for extension, n in counts)
    return f"; passed over: {listed}" if listed else ""
