"""Class folders behind a URL in, sorted paths and class codes out, as _scan.py has it for disks."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from sklmerge._checks import check_storage_options
from sklmerge._parallel import run_ahead
from sklmerge.images.files._archives import SCHEME, open_archive
from sklmerge.images.files._class_folders import choose_class_folders
from sklmerge.images.files._dataset_files import ROW_SCHEME
from sklmerge.images.files._names import is_hidden
from sklmerge.images.files._scan import (
    ScannedFolder,
    Wanted,
    arrange_paths,
    block_names,
    count_loose,
)


class Listing(NamedTuple):
    """Names of the folders and files directly in a folder, without hidden ones."""

    folders: list[str]
    files: list[str]


# What is no store: the files lie together in one file, or in the rows of a data set.
_PACKED = (SCHEME, ROW_SCHEME)


def is_packed(url: str) -> bool:
    """Return whether a URL points into an archive or a data set, not a folder or a store."""
    return url.startswith(_PACKED)


class PackedFiles(Protocol):
    """An archive or a data set, whose files are read by name."""

    path: str

    def read(self, names: Sequence[str]) -> list[bytes | ValueError]:
        """Read files; return a ValueError for each file that is missing."""


class RemoteFiles:
    """Read files from URLs. The object is small to pickle; workers open new connections."""

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        archives: Mapping[str, PackedFiles] | None = None,
    ) -> None:
        check_storage_options(options)
        self.options = dict(options or {})
        # By their absolute paths; others are listed when one of their files is read. Data sets are
        # at hand from the beginning, by their fingerprints.
        self.archives = dict(archives or {})
        # Any number of threads may use one system at once; no connection crosses a fork.
        # By process: a file system that came through a fork refuses to work.
        self._systems: dict[tuple[int, str], Any] = {}

    def fetch(self, urls: Sequence[str]) -> list[bytes | ValueError]:
        """Read whole files in order; give ValueErrors for missing files, raise if a store fails."""
        found: dict[int, Any] = {}
        groups: dict[int, tuple[Any, list[tuple[int, str]]]] = {}
        packed: dict[str, list[tuple[int, str]]] = {}
        for place, url in enumerate(urls):
            if is_packed(url):
                archive, name = self._find_archive(url)
                packed.setdefault(archive, []).append((place, name))
                continue
            files, path = self.open(url)
            groups.setdefault(id(files), (files, []))[1].append((place, path))
        for files, members in groups.values():
            # Not `cat`, which takes a name with a bracket for a pattern.
            fetched = files.cat_ranges([path for _, path in members], None, None, on_error="return")
            found |= zip((place for place, _ in members), fetched, strict=True)
        for archive, members in packed.items():
            read = self.archives[archive].read([name for _, name in members])
            found |= zip((place for place, _ in members), read, strict=True)
        return [_check_fetched(found[place], url) for place, url in enumerate(urls)]

    def _find_archive(self, url: str) -> tuple[str, str]:
        """Cut a path in an archive into that of the archive and the name in it."""
        path = url.partition("://")[2]
        cuts = [place for place, letter in enumerate(path) if letter == "/"]
        for cut in cuts:
            if path[:cut] in self.archives:
                return path[:cut], path[cut + 1 :]
        if url.startswith(ROW_SCHEME):
            raise ValueError(f"{url} must be read by the ImageIndex of its data set")
        for cut in cuts:
            if os.path.isfile(path[:cut]):
                self.archives[path[:cut]] = open_archive(path[:cut])
                return path[:cut], path[cut + 1 :]
        raise ValueError(f"{url} must name a file in an archive that is there")

    def list_folder(self, url: str) -> Listing:
        """List what is directly in a folder; raise FileNotFoundError if it does not exist."""
        files, root = self.open(url)
        with explain_store(url, "listed"):
            # What was listed before may have changed since.
            files.invalidate_cache()
            entries = files.ls(root, detail=True)
        named = [(_cut(entry["name"], root), entry["type"] == "directory") for entry in entries]
        plain = sorted(pair for pair in named if is_plain(pair[0]))
        return Listing(
            [name for name, is_folder in plain if is_folder],
            [name for name, is_folder in plain if not is_folder],
        )

    def list_files(self, url: str) -> list[str]:
        """List the relative paths of the visible files in a folder and its subfolders."""
        files, root = self.open(url)
        with explain_store(url, "listed"):
            found = files.find(root)
            # A store's listing takes some kilobyte a file.
            files.invalidate_cache()
        return [name for name in (_cut(path, root) for path in found) if is_plain(name)]

    def list_sizes(self, url: str) -> dict[str, int]:
        """Return the size of each file in a folder and its subfolders; {} without such a folder."""
        files, root = self.open(url)
        with explain_store(url, "listed"):
            files.invalidate_cache()
            found = files.find(root, detail=True)
            files.invalidate_cache()
        return {_cut(path, root): int(entry["size"]) for path, entry in found.items()}

    def open(self, url: str) -> tuple[Any, str]:
        """Return fsspec's file system for a URL, and the path in it."""
        try:
            from fsspec.core import strip_protocol, url_to_fs
        except ImportError as error:
            raise ImportError(
                f"fsspec is needed for {url!r}; pip install 'sklmerge[cloud]'"
            ) from error
        scheme, _, rest = url.partition("://")
        key = os.getpid(), f"{scheme}://{rest.partition('/')[0]}"
        if key in self._systems:
            return self._systems[key], str(strip_protocol(url))
        try:
            files, path = url_to_fs(url, **self.options)
        except ImportError as error:
            raise ImportError(f"{url!r} cannot be opened: {error}") from error
        # The others are for one thread alone, and so are URLs that chain two file systems.
        if files.async_impl and "::" not in url:
            self._systems[key] = files
        return files, str(path)

    def __getstate__(self) -> dict[str, Any]:
        return {"options": self.options, "archives": self.archives, "_systems": {}}


@contextmanager
def explain_store(url: str, what: str) -> Iterator[None]:
    """Convert every failure of a store to a ConnectionError that names the URL."""
    try:
        yield
    except (FileNotFoundError, ImportError):
        # As it came: callers tell a folder that is not there from a store that is down.
        raise
    # Stores raise classes of their libraries (botocore's, aiohttp's), few of which are OSErrors.
    except Exception as error:
        raise ConnectionError(f"{url} could not be {what} ({_tell(error)})") from error


def is_plain(name: str) -> bool:
    """Return whether a relative path has no hidden or empty parts."""
    return "" not in name.split("/") and not is_hidden(name)


def _cut(path: str, root: str) -> str:
    """Cut the root off; some file systems put a slash before their paths, and some do not."""
    return path.strip("/")[len(root.strip("/")) :].strip("/")


def _check_fetched(data: Any, url: str) -> bytes | ValueError:
    if isinstance(data, ValueError) and is_packed(url):
        return data
    if isinstance(data, FileNotFoundError):
        return ValueError("no such file")
    if isinstance(data, IsADirectoryError):
        return ValueError("is a folder")
    if isinstance(data, BaseException):
        # The store does not answer, or refuses: the file may be sound, and nothing is said of it.
        raise ConnectionError(f"{url} could not be fetched ({_tell(data)})") from data
    return bytes(data)


def _tell(error: BaseException) -> str:
    return str(error) or type(error).__name__


# Classes listed at a time: a store answers with a thousand names, and takes its time.
_LISTED_AT_ONCE = 8


def scan_remote_folders(files: RemoteFiles, root: str, wanted: Wanted) -> ScannedFolder:
    """List the images in the class folders of a URL, which must not end with a slash."""
    try:
        listing = files.list_folder(root)
    except FileNotFoundError as error:
        raise ValueError(f"source must be an existing folder, got {root!r} ({error})") from error
    loose = count_loose(map(os.fsencode, listing.files), wanted.endings)
    present = sorted(os.fsencode(name) for name in listing.folders)
    folders = choose_class_folders(
        root,
        present,
        wanted.top_classes,
        exclude=wanted.exclude,
        has_images=bool(loose),
        list_inside=lambda folder: files.list_folder(f"{root}/{folder}").folders,
    )

    def list_names(folder: bytes) -> list[bytes]:
        found = files.list_files(f"{root}/{os.fsdecode(folder)}")
        return [folder + b"/" + os.fsencode(name) for name in found]

    listings = run_ahead(list_names, folders, _LISTED_AT_ONCE)
    return arrange_paths(
        root, folders, block_names(listings, folders, wanted.levels), wanted, loose
    )
