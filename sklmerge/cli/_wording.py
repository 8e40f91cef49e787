"""Messages of the library in the words of the shell: options instead of parameters, by rules."""

import re
from collections.abc import Mapping

# What the library calls a parameter, and the command line otherwise.
_OTHER_NAMES = {
    "n_jobs": "jobs",
    "random_state": "seed",
    "augmenter": "augment",
    "root": "source",
    "width_shift_range": "shift_range",
    "height_shift_range": "shift_range",
}
_FUNCTIONS = {"balance_folder": "sklmerge balance", "separate": "sklmerge separate"}
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_VALUE = rf"(?:{_QUOTED}|\([^()]*\)|\[[^\[\]]*\]|[\w.+-]*\w)"
# What goes on to be a path: the folders "random_state=5/", or the file "random_state=5.png".
_IN_PATH = r"[^\s'\"()\[\]]*(?:[/\\]|\.[A-Za-z])"
# A clause of advice, up to the next one or the end; none begins within quotes.
_ADVICE = re.compile(
    rf"(?P<quoted>{_QUOTED})|; (?:pass (?P<name>\w+)=|[A-Z]\w*\.\w+\()(?:{_QUOTED}|[^;'\"])*"
)
# One pass over a message: what is quoted stays as it is, unless it is the value of a parameter.
_PIECES = re.compile(
    rf"(?<![\w/.\\-])(?P<set>[a-z]\w*)=(?!{_IN_PATH})(?P<value>{_VALUE})"
    rf"|(?P<quoted>{_QUOTED})"
    r"|(?P<python>,? or use [A-Z]\w*(?:\.\w+)?|,? or None\b)"
    r"|\((?P<numbers>\d[\d.]*(?:, \d[\d.]*)+)\)"
    r"|\((?P<list>[a-z]\w*(?:, [a-z]\w*)*) differ\)"
    r"|(?<![\w/.\\-])(?P<long>[a-z]+(?:_[a-z0-9]+)+)(?![\w/\\=-]|\.\w)"
    r"|(?P<before>^|: |; | and )(?P<subject>[a-z]+)"
    r"(?= (?:and|must|has|holds|gives|cannot|changes|needs|leaves|lacks|lists|is|are|was)\b| ')"
)


def speak_shell(message: str, options: Mapping[str, str]) -> str:
    r"""Say a message of the library in the words of a command.

    Parameters
    ----------
    message : str
        One sentence or more.
    options : mapping of str to str
        Parameter of the command -> what it is called in the shell, such as ``"--on-error"`` or
        ``"SRC"``.

    Returns
    -------
    str
        On one line. Parameters that the command has are called by their options, and a clause that
        advises to pass one that it lacks is left out. What is quoted, such as the name of a class
        or a file, stays as it is.

    Examples
    --------
    >>> from sklmerge.cli._wording import speak_shell
    >>> options = {"on_error": "--on-error", "source": "SRC", "jobs": "--jobs"}
    >>> speak_shell('1 file is bad; pass on_error="skip" to go on without it', options)
    '1 file is bad; pass --on-error skip to go on without it'
    >>> speak_shell('1 file is bad; pass on_error="skip" to go on without it', {})
    '1 file is bad'
    >>> speak_shell("source must hold n_jobs folders, got 'n_jobs'", options)
    "SRC must hold --jobs folders, got 'n_jobs'"
    """

    def name_option(name: str) -> str | None:
        return options.get(name) or options.get(_OTHER_NAMES.get(name, ""))

    def keep_followable(clause: re.Match[str]) -> str:
        followable = clause["quoted"] or (clause["name"] and name_option(clause["name"]))
        return clause[0] if followable else ""

    def translate(piece: re.Match[str]) -> str:
        found = piece.groupdict()
        if found["set"] and (option := name_option(found["set"])):
            return _set_option(option, found["value"])
        if found["python"]:
            return ""
        if found["numbers"]:
            return str(found["numbers"]).replace(", ", ",")
        if found["list"]:
            names = [name_option(name) or name for name in found["list"].split(", ")]
            return f"({', '.join(names)} differ)"
        if found["long"]:
            return name_option(found["long"]) or _FUNCTIONS.get(found["long"]) or piece[0]
        if found["subject"] and (option := name_option(found["subject"])):
            return f"{found['before']}{option}"
        return piece[0]

    line = _ADVICE.sub(keep_followable, re.sub(r"\s*\n\s*", " ", message.strip()))
    return _PIECES.sub(translate, line)


def speak_reasons(reasons: Mapping[str, str]) -> dict[str, str]:
    """Say why files cannot be read; their paths stay as they are.

    Examples
    --------
    >>> from sklmerge.cli._wording import speak_reasons
    >>> speak_reasons({"max_pixels=9.png": "4 x 5 pixels are more than max_pixels=9"})
    {'max_pixels=9.png': '4 x 5 pixels are more than --max-pixels 9'}
    """
    options = {"max_pixels": "--max-pixels"}
    return {path: speak_shell(reason, options) for path, reason in reasons.items()}


def _set_option(option: str, value: str) -> str:
    """Say how an option is given what a parameter is in Python."""
    if value == "None":
        return f"no {option}"
    if value == "[...]":
        return f"{option} A,B"
    plain = value.strip("'\"()[]").replace(", ", ",")
    return f"{option} {plain}"
