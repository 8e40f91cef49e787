"""What keeps a page safe from the names in it: escaping, and a content security policy."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from sklmerge.images import show_name


def load_templates() -> Any:
    """Make a jinja2 environment that escapes all text; an ImportError names the extra."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(
            "jinja2 is needed for the report; pip install 'sklmerge[report]'"
        ) from error
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(read_file),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Names of classes and files are anybody's text: control signs, surrogates and signs that turn
    # the direction of text are shown as escapes.
    environment.filters["name"] = lambda value: show_name(str(value))
    return environment


def read_file(name: str) -> str:
    """Read a template, style sheet or script by name."""
    return files("sklmerge.report").joinpath("templates", name).read_text(encoding="utf-8")


def write_policy(style: str, script: str) -> str:
    """Write the content security policy of the page: only this style and script are allowed."""
    hashes = (b64encode(sha256(text.encode()).digest()).decode("ascii") for text in (style, script))
    style_hash, script_hash = hashes
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )
