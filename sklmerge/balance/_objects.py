"""Objects below a URL, by name: read, written whole, listed and removed."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass

from sklmerge.images._remote import RemoteFiles, explain_store

_GO_ON = "; run the same command again, which goes on from here"


@dataclass(frozen=True)
class Objects:
    """A folder in an object store.

    Parameters
    ----------
    place : str
        URL, without a slash at its end.
    files : RemoteFiles
        What opens it.

    Examples
    --------
    >>> from sklmerge.balance._objects import Objects
    >>> from sklmerge.images._remote import RemoteFiles
    >>> objects = Objects("memory://objects", RemoteFiles())
    >>> objects.create("one", b"1"), objects.create("one", b"2"), objects.read("one")
    (True, False, b'1')
    """

    place: str
    files: RemoteFiles

    def read(self, name: str) -> bytes | None:
        """Read an object whole; None where there is none."""
        data = self.files.fetch([f"{self.place}/{name}"])[0]
        return data if isinstance(data, bytes) else None

    def write(self, objects: Mapping[str, bytes]) -> None:
        """Write objects whole, as many at a time as the store takes.

        Parameters
        ----------
        objects : mapping of str to bytes
            URL -> content.

        Raises
        ------
        OSError
            If the store does not answer, refuses, or has no such bucket.
        """
        if not objects:
            return
        opened = {self.files.open(url): data for url, data in objects.items()}
        system = next(iter(opened))[0]
        try:
            with explain_store(next(iter(objects)), "written"):
                system.pipe({path: data for (_, path), data in opened.items()})
        except ConnectionError as error:
            raise ConnectionError(f"{error}{_GO_ON}") from error
        except FileNotFoundError as error:
            raise FileNotFoundError(
                errno.ENOENT, f"no such bucket ({error})", self.place
            ) from error

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one, in one step where the store knows how.

        Returns
        -------
        bool
            Whether it was written, and is what is there now.
        """
        if self.read(name) is not None:
            return False
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        try:
            system.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        except (OSError, TypeError, NotImplementedError):
            # Some stores have no such condition; what else is wrong shows again here.
            self.write({url: data})
        # Others pass over the condition in silence.
        return self.read(name) == data

    def put_file(self, local: str, name: str) -> None:
        """Upload a file, however large; it is seen when it is complete."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "written"):
            system.put_file(local, path)

    def is_same(self, local: str, name: str) -> bool:
        """Tell whether an object has the content of a file."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "read"):
            try:
                if system.info(path)["size"] != os.path.getsize(local):
                    return False
            except FileNotFoundError:
                return False
            with system.open(path, "rb") as there, open(local, "rb") as here:
                while block := here.read(2**22):
                    if there.read(len(block)) != block:
                        return False
        return True

    def list_sizes(self, folder: str) -> dict[str, int]:
        """List the objects below a folder with their bytes, by URL."""
        url = f"{self.place}/{folder}"
        sizes = self.files.list_sizes(url)
        return {f"{url}/{name}": size for name, size in sizes.items()}

    def list_names(self, folder: str = "") -> list[str]:
        """List what lies directly in a folder, but for hidden names; nothing where it is not."""
        try:
            listing = self.files.list_folder(f"{self.place}/{folder}".rstrip("/"))
        except FileNotFoundError:
            return []
        return [*listing.folders, *listing.files]

    def remove(self, name: str) -> None:
        """Remove an object; no error where there is none."""
        url = f"{self.place}/{name}"
        system, path = self.files.open(url)
        with explain_store(url, "removed"):
            try:
                system.rm_file(path)
            except FileNotFoundError:
                return
