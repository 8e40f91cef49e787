"""Every Python snippet of the README and the documentation runs, and prints what it says."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "\N{BLACK SQUARE} block"


def list_blocks(page):
    return [(match[1], match[2]) for match in BLOCK.finditer(page.read_text())]


WITH_CODE = [page for page in PAGES if any(kind == "python" for kind, _ in list_blocks(page))]


def run_page(page, folder):
    """Run the Python blocks of a page as one script, in a folder of its own."""
    folder.mkdir()
    code = [text for kind, text in list_blocks(page) if kind == "python"]
    script = folder / "page.py"
    script.write_text(f"\nprint({MARK!r})\n".join(code))
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        # Two at a time: threads of numerical libraries would only get into each other's way.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """Start the pages that are to be tested, two at a time, for most of their time is imports."""
    folder = tmp_path_factory.mktemp("pages")
    pages = [item.callspec.params["page"] for item in request.session.items if is_page_test(item)]
    with ThreadPoolExecutor(2) as pool:
        yield {
            page: pool.submit(run_page, page, folder / str(number))
            for number, page in enumerate(pages)
        }


def is_page_test(item):
    return "page" in getattr(getattr(item, "callspec", None), "params", {})


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_as_one_script_and_print_what_follows_them(page, runs):
    run = runs[page].result()
    assert run.returncode == 0, run.stderr
    printed = iter(run.stdout.split(f"{MARK}\n"))
    said = None
    for kind, text in list_blocks(page):
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
            # What is written with an exponent is small, and its size is the point.
            absolute = 0 if "e-" in other else 0.03
            assert pair[0] == pytest.approx(pair[1], rel=0.1, abs=absolute), (word, other)
