"""Names as they come, shown so that they break no line, no table and no terminal."""


def show_name(name: str) -> str:
    r"""Show a name on one line: control characters, and bytes that are no Unicode, as escapes.

    Parameters
    ----------
    name : str
        Of a class or a file.

    Returns
    -------
    str
        The name itself where every character of it can be printed.

    Examples
    --------
    >>> from sklmerge.images._names import show_name
    >>> print(show_name("two\nlines"), show_name("Nävus 1"))
    two\nlines Nävus 1
    """
    if name.isprintable():
        return name
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in name)


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
