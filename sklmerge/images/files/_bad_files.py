"""The error for files that are damaged, where nothing that was asked for is wrong."""


class BadFileError(ValueError):
    """Raised if a file cannot be used, although the call itself is correct.

    For example, an image cannot be read, or a table or archive is damaged. The class is a subclass
    of ValueError. Catch it to distinguish bad data from wrong parameters. The command line exits
    with code 1 for bad data, and with code 2 for incorrect usage.

    See Also
    --------
    ImageIndex.verify : Lists all files that cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklmerge import BadFileError, ImageIndex
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog"):
    ...     (folder / name).mkdir()
    ...     _ = (folder / name / "1.jpg").write_bytes(b"no image")
    >>> try:
    ...     images = ImageIndex(folder).read()
    ... except BadFileError as error:
    ...     print(str(error)[:50])
    2 of 2 files could not be read, first: 'cat/1.jpg'
    """
