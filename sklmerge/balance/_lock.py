"""A folder that one run has to itself, by the kernel's word."""

import os
from contextlib import suppress


def lock_folder(work: str, destination: str) -> int:
    """Lock a folder for one run, by the file ``lock`` in it; it is made where it is missing.

    Parameters
    ----------
    work, destination : str
        The folder, and what the message calls it.

    Returns
    -------
    int
        File descriptor: the lock goes when it is closed.

    Raises
    ------
    ValueError
        If another run has it.
    """
    # Not at the top: Windows has no fcntl, and the rest of the library works there.
    import fcntl

    path = os.path.join(work, "lock")
    while True:
        os.makedirs(work, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise ValueError(f"destination {destination!r} is in use by another run") from error
        except OSError:
            os.close(lock)
            raise
        # A run that ends removes its lock file: what was locked may be no longer the one in place.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        os.close(lock)
