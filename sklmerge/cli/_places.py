"""Where images are: SRC and --storage-options in, an index out, and both written down again."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, NamedTuple

import typer

from sklmerge import ImageIndex
from sklmerge.cli._options import read_classes, write_classes
from sklmerge.images import find_local, is_url

Merge = Mapping[str, Sequence[str]]


def tidy_place(text: str) -> str:
    """Write a path without what it does not need, also for file://; other URLs stay as they are."""
    place = find_local(text)
    return place if is_url(place) else str(Path(place))


Source = Annotated[
    str,
    typer.Argument(
        metavar="SRC",
        help="Folder with one folder of images per class, or its URL.",
        callback=tidy_place,
    ),
]
Destination = Annotated[
    str, typer.Argument(metavar="DST", help="New or empty folder, or URL of an object store.")
]
StorageOptions = Annotated[
    str | None,
    typer.Option(
        "--storage-options",
        metavar="JSON",
        help="What opens a URL, such as '{\"anon\": true}'.",
    ),
]
DestinationOptions = Annotated[
    str | None,
    typer.Option("--destination-options", metavar="JSON", help="The same for DST, if it differs."),
]


def read_storage_options(text: str | None, name: str = "storage_options") -> dict[str, Any] | None:
    """Read what fsspec's file system is made with.

    Raises
    ------
    ValueError
        If the text is no JSON object. It may hold a key, so it is not repeated.
    """
    if text is None:
        return None
    try:
        options = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f'{name} must be a JSON object, such as {{"anon": true}}, got text that is no JSON '
            f"({error})"
        ) from error
    if not isinstance(options, dict):
        raise ValueError(
            f'{name} must be a JSON object, such as {{"anon": true}}, got {type(options).__name__}'
        )
    return options


class Place(NamedTuple):
    """A folder or its URL, and what opens it.

    Attributes
    ----------
    source : str
        Path or URL.
    options : dict or None
        What fsspec's file system is made with. What is printed tells that there are some, but not
        what they are: a key may be among them.
    classes : list of str or None
        The class folders to take; None takes all.

    Examples
    --------
    >>> from sklmerge.cli._places import Place
    >>> place = Place("s3://bucket/photos", {"key": "secret"})
    >>> place.write_shell(), place.name_output()
    ('s3://bucket/photos --storage-options "$OPTIONS"', 'photos-balanced')
    """

    source: str
    options: dict[str, Any] | None = None
    classes: list[str] | None = None

    @classmethod
    def read(cls, source: str, storage_options: str | None, classes: str | None = None) -> "Place":
        """Take all as they come from the shell."""
        return cls(source, read_storage_options(storage_options), read_classes(classes))

    def open_index(self, merge: Merge | None = None, *, allow_empty: bool = False) -> ImageIndex:
        """Index the images."""
        return ImageIndex(
            self.source,
            classes=self.classes,
            merge=merge,
            allow_empty=allow_empty,
            storage_options=self.options,
        )

    def open_classes(self, merge: Merge | None = None, *, allow_empty: bool = False) -> ImageIndex:
        """Index the images, and refuse a single class, before or after merging."""
        index = self.open_index(merge, allow_empty=allow_empty)
        if index.n_classes < 2:
            raise ValueError(f"SRC must hold at least two classes, got only {index.classes[0]!r}")
        return index

    def name_output(self) -> str:
        """Propose a local folder for what is made of the images, outside of theirs."""
        if is_url(self.source):
            return f"{self.source.rstrip('/').rpartition('/')[2]}-balanced"
        if Path(self.source).name in ("", ".."):
            return str(Path(self.source, "..", f"{Path(self.source).resolve().name}-balanced"))
        return f"{self.source}-balanced"

    def measure_room(self) -> int:
        """Measure the free disk space, in bytes, where the proposed folder would be."""
        folder = Path(self.name_output()).absolute().parent
        return shutil.disk_usage(folder if folder.is_dir() else Path.cwd()).free

    def write_shell(self) -> str:
        """Write the place for a command line."""
        options = "" if self.options is None else ' --storage-options "$OPTIONS"'
        return quote(self.source) + write_classes(self.classes) + options

    def write_code(self, merge: Merge | None) -> str:
        """Write the index for a program."""
        return f"ImageIndex({self.write_arguments(merge)})"

    def write_arguments(self, merge: Merge | None, *more: str) -> str:
        """Write the folder, more of them, and how it is read, for a call in a program."""
        options = "" if self.options is None else ", storage_options=storage_options"
        merged = "" if merge is None else f", merge={merge!r}"
        classes = "" if self.classes is None else f", classes={self.classes!r}"
        folders = ", ".join(map(repr, (self.source, *more)))
        return f"{folders}{classes}{merged}{options}"
