"""Every Python snippet of the README and the documentation runs, and prints what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "\N{BLACK SQUARE} block"


def list_blocks(page):
    return [(match[1], match[2]) for match in BLOCK.finditer(page.read_text())]


WITH_CODE = [page for page in PAGES if any(kind == "python" for kind, _ in list_blocks(page))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_as_one_script_and_print_what_follows_them(page, tmp_path):
    blocks = list_blocks(page)
    code = [text for kind, text in blocks if kind == "python"]
    script = tmp_path / "page.py"
    script.write_text(f"\nprint({MARK!r})\n".join(code))
    run = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    printed = iter(run.stdout.split(f"{MARK}\n"))
    said = None
    for kind, text in blocks:
        if kind == "python":
            said = next(printed)
        elif kind == "text" and said is not None:
            assert_same_words(text, said)
            said = None


def assert_same_words(text, said):
    """Compare words; numbers may differ a little between processors."""
    words, expected = said.split(), text.split()
    assert len(words) == len(expected), said
    for word, other in zip(words, expected, strict=True):
        if word != other:
            pair = [float(re.sub(r"[^0-9.eE+-]", "", side) or "nan") for side in (word, other)]
            assert pair[0] == pytest.approx(pair[1], rel=0.1, abs=0.03), (word, other)


def test_each_answer_to_a_founding_question_is_under_fifteen_lines():
    code = [text for kind, text in list_blocks(ROOT / "README.md") if kind == "python"]
    assert len(code) == 3
    for text in code:
        assert len([line for line in text.splitlines() if line.strip()]) < 15


def test_the_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    assert "\npip install . && sklmerge demo\n" in readme
    assert '\npip install -c tests/constraints.txt -e ".[test]" && pytest\n' in readme
