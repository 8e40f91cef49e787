"""Every Python snippet of the README and the documentation runs, and prints what it says."""

import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Counts of what a fitted model predicted, which may depend on the processor as floats do.
COUNTS = r"\b\d+(?= of 20 of gravel found)|(?<=twice: )\d+\b|(?<=weights: )\d+\b"
NUMBER = re.compile(
    rf"(?<![\w.])(?:(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?|\d+e[+-]?\d+)(?!\w|\.\w)|{COUNTS}"
)
MARK = "\N{BLACK SQUARE} block"
# Two at a time: threads of numerical libraries would only get into each other's way. Copied once,
# because pytest changes the environment while the threads that run pages would read it.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


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
        env=ENVIRONMENT,
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
    missing = re.search(r"No module named '(\w+)'", run.stderr)
    if run.returncode and missing and importlib.util.find_spec(missing[1]) is None:
        pytest.skip(f"{missing[1]} is not installed")
    assert run.returncode == 0, run.stderr
    printed = iter(run.stdout.split(f"{MARK}\n"))
    said = None
    for kind, text in list_blocks(page):
        if kind == "python":
            said = next(printed)
        elif kind == "text" and said is not None:
            assert_same_output(text, said)
            said = None


def assert_same_output(text, said):
    """Compare all but spaces; only numbers with a point or an exponent may differ a little."""
    assert " ".join(NUMBER.sub("#", said).split()) == " ".join(NUMBER.sub("#", text).split()), said
    for number, other in zip(NUMBER.findall(said), NUMBER.findall(text), strict=True):
        rounding = min(find_last_digit(number), find_last_digit(other)) / 2
        slack = 1 if other.isdigit() else rounding
        assert abs(float(number) - float(other)) <= 0.03 * abs(float(other)) + slack, said


def find_last_digit(number):
    """What the last digit shown is worth: 0.01 in 2.50, 1e-38 in 1.8e-37."""
    return 10.0 ** Decimal(number).as_tuple().exponent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{0: 2.8, 1: 1.02}", "{0: 3.0, 1: 1.0}"),
        ("common 520 to 1000", "common 500 to 999"),
        ("{'brick': 150}", "{'brick': 160}"),
        ("b1 0.50", "a1 0.50"),
        ("up to 0.02", "up to 0.04"),
        ("-0.5", "0.5"),
        ("1.8e-37", "1.8e-36"),
        ("[1. 0.]", "[1. 0. 0.]"),
        ("3 of 20 of gravel found", "5 of 20 of gravel found"),
        ("version 1.0.3", "version 1.0.4"),
    ],
)
def test_output_that_says_something_else_is_found(text, said):
    with pytest.raises(AssertionError):
        assert_same_output(text, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recall [0.996 1. ]\nloss 0.452", "recall  [1. 1. ]\nloss 0.458"),
        ("mean 9.98, 1.8e-37", "mean  10.01, 1.81e-37"),
        ("4 of 20 of gravel found", "5 of 20 of gravel found"),
    ],
)
def test_output_that_differs_in_the_last_digit_is_the_same(text, said):
    assert_same_output(text, said)
