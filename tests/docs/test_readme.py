"""The README begins with two commands, answers in short snippets, and leads to pages that exist."""

import re
from pathlib import Path

import sklmerge

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_each_snippet_is_short():
    snippets = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(snippets) >= 6
    for code in snippets:
        assert len([line for line in code.splitlines() if line.strip()]) <= 18


def test_the_two_commands_are_there():
    assert "\npip install . && sklmerge demo\n" in README
    assert '\npip install -c tests/constraints.txt -e ".[test]" && pytest\n' in README


def test_all_links_lead_to_files():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 10
    local = [link for link in links if not link.startswith("https://")]
    assert len(local) > 10
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_links_are_absolute_where_package_indices_show_them():
    text = (ROOT / ".ci" / "metadata.py").read_text()
    rules = {}
    exec("import re\n" + text[text.index("REPOSITORY") : text.index("class ReadmeHook")], rules)
    shown = rules["make_links_absolute"](README, "0.2.0")
    assert [link for link in re.findall(r"\]\(([^)]+)\)", shown) if link[:8] != "https://"] == []
    assert "(https://raw.githubusercontent.com/sklmerge/sklmerge/v0.2.0/docs/images/" in shown
    assert "(https://github.com/sklmerge/sklmerge/blob/v0.2.0/docs/faq.md)" in shown


def test_the_version_to_cite_is_this_one():
    assert f"sklmerge {sklmerge.__version__}," in README
