"""Where images are and how they are read: opened as an index, and written down for a command."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from sklmerge.balance import find_parts
from sklmerge.images import IMAGE_EXTENSIONS, ImageIndex, is_url, read_place

Merge = Mapping[str, Sequence[str]]
_TABLES = (".csv", ".tsv")


class Place(NamedTuple):
    """A folder, URL or table, and how to read its images, see `ImageIndex`."""

    # Path or URL of the images, or of a table.
    source: str
    # The table of an image folder without class folders.
    labels: str | None = None
    path_column: str | None = None
    label_column: str | None = None
    suffix: str | None = None
    classes: list[str] | None = None
    extensions: list[str] | None = None
    levels: str | None = None
    exclude: str | None = None
    # What fsspec's file system is made with. What is printed tells that there are some, but not
    # what they are: a key may be among them.
    options: dict[str, Any] | None = None
    # Whether the caller has an index of the images: it may read them in ways that no command can
    # be told, so that what is printed takes it as `index`.
    is_index: bool = False
    # The folder that is divided into parts, if the source is one of them.
    whole: str | None = None

    @property
    def has_table(self) -> bool:
        """Whether the labels come from a table."""
        return self.labels is not None or self.source.lower().endswith(_TABLES)

    @property
    def needs_index(self) -> bool:
        """Whether a job needs the index, because the path alone does not identify the images."""
        return self.is_index or self.has_table or os.path.isfile(self.source)

    def open_index(self, merge: Any = None, *, allow_empty: bool = False) -> ImageIndex:
        """Open the source as an index."""
        return ImageIndex(
            self.source if self.labels is None else self.labels,
            classes=self.classes,
            merge=merge,
            levels=self.levels or "top",
            extensions=self.extensions or IMAGE_EXTENSIONS,
            exclude=self.exclude,
            path_column=self.path_column,
            label_column=self.label_column,
            suffix=self.suffix or "",
            root=None if self.labels is None else self.source,
            allow_empty=allow_empty,
            storage_options=self.options,
        )

    def find_parts(self) -> dict[str, str]:
        """Find the folders train, val and test of the source; {} if there are none."""
        if self.needs_index or self.classes:
            return {}
        return find_parts(self.source, self.options, self.exclude)

    def take_whole(self) -> "Place":
        """Return the place of the whole divided folder if this is a part of it, else this place."""
        return self if self.whole is None else self._replace(source=self.whole, whole=None)

    def check_columns(self) -> None:
        """Check that options for tables are given only with a table."""
        given = [n for n in ("path_column", "label_column", "suffix") if getattr(self, n)]
        if given:
            raise ValueError(f"{given[0]} is for a table; name the table by labels")

    def open_classes(self, merge: Any = None, *, allow_empty: bool = False) -> ImageIndex:
        """Open the source as an index, which must have at least two (merged) classes."""
        index = self.open_index(merge, allow_empty=allow_empty)
        if index.n_classes < 2:
            raise ValueError(
                f"source must hold at least two classes, got only {index.classes[0]!r}"
            )
        return index

    def name_output(self) -> str:
        """Propose a local folder for results, outside the source."""
        source = os.path.splitext(self.source)[0] if self.has_table else self.source
        source = self.source if self.labels is not None else source
        if is_url(source):
            return f"{source.rstrip('/').rpartition('/')[2]}-balanced"
        if Path(source).name in ("", ".."):
            return str(Path(source, "..", f"{Path(source).resolve().name}-balanced"))
        return f"{source}-balanced"

    def measure_room(self) -> int:
        """Return the free disk space, in bytes, at the proposed folder for results."""
        folder = Path(self.name_output()).absolute().parent
        return shutil.disk_usage(folder if folder.is_dir() else Path.cwd()).free

    def write_shell(self) -> str:
        """Write the source and its options as arguments of a shell command."""
        told = {
            "--labels": self.labels,
            "--path-column": self.path_column,
            "--label-column": self.label_column,
            "--suffix": self.suffix,
            "--levels": self.levels,
            "--exclude": self.exclude,
        }
        words = [f" {name} {quote(text)}" for name, text in told.items() if text is not None]
        words += [write_names("--classes", self.classes)] if self.classes is not None else []
        words += [write_names("--extensions", self.extensions)] if self.extensions else []
        words += [' --storage-options "$OPTIONS"'] if self.options is not None else []
        return quote(self.source) + "".join(words)

    def write_code(self, merge: Merge | None) -> str:
        """Write Python code that creates the index, or ``index`` if an index was passed."""
        if self.is_index:
            return "index" if merge is None else f"index.with_merge({merge!r})"
        return f"ImageIndex({self.write_arguments(merge)})"

    def write_job(self, merge: Merge | None, destination: str) -> str:
        """Write the source, destination and reading options of a job as Python arguments."""
        if self.needs_index:
            return f"{self.write_code(merge)}, {destination!r}"
        return self.write_arguments(merge, destination)

    def write_arguments(self, merge: Merge | None, *more: str) -> str:
        """Write the source, more paths and the reading options as Python arguments."""
        table = {
            "path_column": self.path_column,
            "label_column": self.label_column,
            "suffix": self.suffix,
            "classes": self.classes,
            "levels": self.levels,
            "extensions": self.extensions,
            "exclude": self.exclude,
            "merge": merge,
        }
        options = "" if self.options is None else ", storage_options=storage_options"
        root = "" if self.labels is None else f", root={self.source!r}"
        places = ", ".join(map(repr, (self.labels or self.source, *more)))
        told = [f", {name}={value!r}" for name, value in table.items() if value is not None]
        return f"{places}{root}{''.join(told)}{options}"


def write_names(option: str, names: Sequence[str]) -> str:
    """Write an option with names separated by commas, or as JSON if a name has a comma."""
    plain = not any("," in name or name.startswith("[") for name in names)
    return f" {option} {quote(','.join(names) if plain else json.dumps(list(names)))}"


def write_merge(merge: Merge | None) -> str:
    """Write a merge as shell options, with JSON for names that contain special characters."""
    entries = {}
    for name, members in (merge or {}).items():
        plain = not any(sign in part for part in (name, *members) for sign in ",={")
        entries[name] = f"{name}={','.join(members)}" if plain else json.dumps({name: members})
    return "".join(f" --merge {quote(entry)}" for entry in entries.values())


def find_place(source: Any) -> Place:
    """Make a place from a path, a URL or an index."""
    if isinstance(source, ImageIndex):
        return Place(source.root, is_index=True)
    return Place(read_place(source))


def list_merge(index: ImageIndex) -> Merge | None:
    """List the original classes of each merged class, except classes that do not change."""
    members: dict[Any, list[Any]] = {
        label: list(own) for label, own in index.merger.members_.items()
    }
    return {label: own for label, own in members.items() if own != [label]} or None
