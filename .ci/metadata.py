"""The README as package indices show it: its links lead to the repository, not beside the page."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

REPOSITORY = "https://github.com/sklmerge/sklmerge"
FILES = "https://raw.githubusercontent.com/sklmerge/sklmerge"


def make_links_absolute(text: str, version: str) -> str:
    """Point relative links at the repository, as of a version, and pictures at its files."""
    text = re.sub(r"(!\[[^]]*\]\()(?!http|#)", rf"\g<1>{FILES}/v{version}/", text)
    return re.sub(r"((?<!!)\[[^]]*\]\()(?!http|#)", rf"\g<1>{REPOSITORY}/blob/v{version}/", text)


class ReadmeHook(MetadataHookInterface):
    """Give the project a readme whose links work everywhere."""

    def update(self, metadata: dict) -> None:
        """Add the readme."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = make_links_absolute(text, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
