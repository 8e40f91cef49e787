"""The benchmarks' page holds what was measured and nothing else, and the floors hold the speed."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "benchmarks"
PAGE = ROOT / "docs" / "benchmarks.md"
NAMES = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


@pytest.fixture
def load(monkeypatch):
    """Import a script of the folder as Python does when it runs there."""
    names = {path.stem for path in FOLDER.glob("*.py")}
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module
    for name in names & set(sys.modules):
        del sys.modules[name]


def run_script(name, *arguments):
    command = [sys.executable, str(FOLDER / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def find_hand_made_figures(run, page):
    """Find the digits of a page that the command did not write."""
    for name, stated, text in run.BLOCK.findall(page):
        if text and run.digest(text) != stated:
            yield f"the table of {name}"
    words = re.sub(r"```.*?```|`[^`]*`", "", run.BLOCK.sub("", page), flags=re.DOTALL)
    yield from re.findall(r".*\d.*", words)


def test_every_figure_of_the_page_was_written_by_the_command(load):
    assert list(find_hand_made_figures(load("run"), PAGE.read_text())) == []


def test_a_figure_written_by_hand_is_found(load):
    run, line = load("run"), load("measuring").Line("this vs that", 2.0, 3.0)
    page = "# Page\n\n<!-- measured: labels  -->\n<!-- end -->\n"
    page = run.fill_page(page, {"labels": run.make_block("labels", [line], [], [])})
    assert "| this vs that | 2 s | 3 s | 1.50 |" in page
    assert list(find_hand_made_figures(run, page)) == []
    changed = page.replace("1.50", "7.50")
    assert list(find_hand_made_figures(run, changed)) == ["the table of labels"]
    added = f"{page}\nIn truth it is 8 times as fast.\n"
    assert list(find_hand_made_figures(run, added)) == ["In truth it is 8 times as fast."]


def test_a_table_says_where_it_was_measured(load):
    block = load("run").make_block("labels", [], ["pandas"], ["--short"])
    assert re.search(r"commit \w+\+?; Python 3\.\d+\.\d+, numpy \d.*pandas \d.* processors", block)


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_has_floors_and_a_place_on_the_page(name, load):
    assert load("check").read_floors()[name]["lines"]
    assert f"<!-- measured: {name} " in PAGE.read_text()


def test_there_are_no_floors_of_benchmarks_that_are_gone(load):
    assert sorted(load("check").read_floors()) == NAMES


def test_a_line_is_better_where_it_costs_less_or_yields_more(load):
    Line = load("measuring").Line
    assert Line("", 2.0, 3.0, "ms").ratio == 1.5
    assert Line("", 3.0, 2.0, "images/s").ratio == 1.5


def test_a_line_below_its_floor_or_without_one_or_missing_is_a_fault(load):
    Line, judge = load("measuring").Line, load("check").judge
    lines = [Line("a", 1.0, 2.0), Line("b", 1.0, 2.0)]
    assert judge(lines, {"a": {"floor": 2}, "b": {"floor": 1}}) == []
    (fault,) = judge(lines, {"a": {"floor": 2.1}, "b": {"floor": 1}})
    assert fault == "'a' is 2.00, below its floor 2.1"
    (fault,) = judge(lines, {"a": {"floor": 1}})
    assert fault == "'b' has no floor; write 'b' = { floor = 1 }"
    (fault,) = judge(lines[:1], {"a": {"floor": 1}, "b": {"floor": 1}})
    assert fault == "'b' was not measured"


@pytest.mark.parametrize("script", ["check.py", "run.py"])
def test_an_unknown_name_is_one_line_and_exit_code_2(script):
    run = run_script(script, "lables")
    assert run.returncode == 2
    assert run.stderr == f"error: there is no benchmark 'lables'; there are {', '.join(NAMES)}\n"


def test_a_missing_peer_is_one_line_and_exit_code_2(load, monkeypatch, capsys):
    check = load("check")
    floors = {"labels": {"peers": ["a_library_that_nobody_has"]}}
    with pytest.raises(SystemExit) as error:
        check.choose_benchmarks(["labels"], floors)
    assert error.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "'labels' needs a_library_that_nobody_has, which is not installed: pip install" in said


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_page_that_cannot_be_written_is_one_line_and_exit_code_2(kind, tmp_path):
    page = tmp_path if kind == "folder" else tmp_path / "nowhere" / "page.md"
    run = run_script("run.py", "labels", "--write-docs", "--page", page)
    assert run.returncode == 2
    assert run.stderr.startswith(f"error: {page} cannot be written: ")
    assert run.stderr.count("\n") == 1


def test_a_page_without_a_place_for_a_table_is_one_line_and_exit_code_2(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Empty\n")
    run = run_script("run.py", "labels", "--write-docs", "--page", page)
    assert run.returncode == 2
    assert "has no place for 'labels'" in run.stderr
    assert run.stderr.count("\n") == 1
