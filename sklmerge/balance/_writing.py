"""Files that appear whole or not at all, and what to do where they cannot be written."""

import errno
import filecmp
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress


def write_whole(data: bytes, path: str, temporary: str) -> None:
    """Write a file that appears whole or not at all.

    Parameters
    ----------
    data : bytes
        Content.
    path : str
        Where to.
    temporary : str
        Folder of the same file system, see `open_work`.

    Raises
    ------
    OSError
        If it cannot be written; a full disk says what to do.
    """
    unfinished = os.path.join(temporary, uuid.uuid4().hex)
    try:
        with open(unfinished, "wb") as file:
            file.write(data)
        os.replace(unfinished, path)
    except OSError as error:
        with suppress(OSError):
            os.remove(unfinished)
        raise explain_write_error(error, path) from error


def link_whole(source: str, path: str, temporary: str, place: str) -> None:
    """Put a hard or a symbolic link to a source in place.

    Parameters
    ----------
    source, path : str
        Absolute paths of the file and of the link.
    temporary : str
        See `write_whole`.
    place : {"hardlink", "symlink"}
        Kind of the link.

    Raises
    ------
    OSError
        If the file system cannot do it.
    """
    unfinished = os.path.join(temporary, uuid.uuid4().hex)
    target = os.path.realpath(source)
    try:
        if place == "symlink":
            os.symlink(target, unfinished)
        else:
            os.link(target, unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise explain_write_error(error, path) from error


def explain_write_error(error: OSError, path: str) -> OSError:
    """Say what to do about a full disk, or about links between file systems."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "no space left; free some and run the same command again, which goes on from here"
    elif error.errno == errno.EFBIG:
        advice = (
            "the file system, or a limit set for this process, takes no file so large; raise it "
            "and run the same command again, which goes on from here"
        )
    elif error.errno == errno.EXDEV:
        advice = (
            "place='hardlink' needs source and destination on one file system; pass "
            "place='copy' or 'symlink'"
        )
    else:
        return error
    return OSError(error.errno, advice, path)


def write_if_new(pieces: Iterable[bytes], path: str, temporary: str) -> None:
    """Write a file whole, piece by piece, unless it is there already with this content.

    Parameters
    ----------
    pieces : iterable of bytes
        Content.
    path, temporary : str
        See `write_whole`.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    unfinished = os.path.join(temporary, os.path.basename(path))
    try:
        with open(unfinished, "wb") as file:
            file.writelines(pieces)
        if os.path.exists(path) and filecmp.cmp(unfinished, path, shallow=False):
            os.remove(unfinished)
        else:
            os.replace(unfinished, path)
    except OSError as error:
        raise explain_write_error(error, path) from error
