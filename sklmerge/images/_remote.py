"""Folders behind URLs, by fsspec: what lies in them, and the bytes of one file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_ODD_ENDS = ("", ".", "..")


def is_url(path: str) -> bool:
    """Tell a URL, such as ``s3://bucket/photos``, from a path.

    Examples
    --------
    >>> from sklmerge.images._remote import is_url
    >>> is_url("s3://bucket/photos"), is_url("/data/photos")
    (True, False)
    """
    return "://" in path


@dataclass(frozen=True)
class RemoteFolder:
    """A folder behind a URL; small, so that it can be sent to workers, which open it themselves.

    Parameters
    ----------
    url : str
        Without a slash at its end.
    options : mapping
        What fsspec's file system is made with, such as ``{"anon": True}``.

    Examples
    --------
    >>> import fsspec
    >>> from sklmerge.images._remote import RemoteFolder
    >>> fsspec.filesystem("memory").pipe({"/pets/cat/1.png": b"...", "/pets/dog/2.png": b"......"})
    >>> folder = RemoteFolder("memory://pets")
    >>> folder.list_files([".png"])
    [b'cat/1.png', b'dog/2.png']
    >>> folder.read("cat/1.png")
    b'...'
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def list_files(self, extensions: Iterable[str]) -> list[bytes]:
        """List the files below, relative to the folder, sorted bytewise.

        Parameters
        ----------
        extensions : iterable of str
            Endings of names, upper and lower case alike.

        Returns
        -------
        list of bytes
            Without those in hidden folders, and hidden files.

        Raises
        ------
        OSError
            If the folder cannot be listed.
        ImportError
            If fsspec, or what it needs for this kind of URL, is not installed.
        """
        files, root = self._open()
        endings = tuple(extension.lower() for extension in extensions)
        start = len(root.rstrip("/")) + 1
        # Some file systems put a slash before their paths, and some do not.
        names = (path.lstrip("/")[start - root.startswith("/") :] for path in files.find(root))
        found = [name for name in names if name.lower().endswith(endings) and _is_plain(name)]
        return sorted(name.encode("utf-8", "surrogateescape") for name in found)

    def read(self, name: str) -> bytes:
        """Read a file whole.

        Raises
        ------
        ValueError
            If it is not there or may not be read, with the reason.
        OSError
            If it could not be fetched: it may be sound, and nothing else is said of it.
        """
        files, root = self._open()
        try:
            return bytes(files.cat_file(f"{root.rstrip('/')}/{name}"))
        except FileNotFoundError as error:
            raise ValueError("no such file") from error
        except PermissionError as error:
            raise ValueError("permission denied") from error

    def _open(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise ImportError(
                f"fsspec is needed for {self.url!r}; pip install 'sklmerge[cloud]'"
            ) from error
        # fsspec keeps the file systems that it has made: this costs little after the first time.
        files, root = url_to_fs(self.url, **self.options)
        return files, str(root)


def _is_plain(name: str) -> bool:
    return not any(part in _ODD_ENDS or part.startswith(".") for part in name.split("/"))
