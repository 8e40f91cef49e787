"""The README begins with two commands, answers in short snippets, and leads to pages that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_each_snippet_is_short():
    snippets = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(snippets) == 4
    for code in snippets:
        assert len([line for line in code.splitlines() if line.strip()]) <= 18


def test_the_two_commands_are_there():
    assert "\npip install . && sklmerge demo\n" in README
    assert '\npip install -c tests/constraints.txt -e ".[test]" && pytest\n' in README


def test_all_links_lead_to_files():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
