"""Make the figures of the documentation: the full run of every benchmark.

    python tests/benchmarks/run.py [names] [--write-docs] [--short]

With `--write-docs` the tables go into docs/benchmarks.md, each with the commit, the versions and
the processor it was measured with. Nobody writes a figure there by hand: a test refuses it.
"""

import argparse
import ast
import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from functools import cache
from pathlib import Path

from check import FOLDER, choose_benchmarks, read_floors, refuse, run_benchmark
from measuring import Line

ROOT = FOLDER.parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BLOCK = re.compile(r"<!-- measured: (\w+) (\w*) -->\n(.*?)<!-- end -->", re.DOTALL)
DISTRIBUTIONS = {"cv2": "opencv-python-headless", "tensorflow": "tensorflow-cpu"}
OWN = ("numpy", "scikit-learn", "scikit-image", "opencv-python-headless", "simplejpeg")


def make_block(name: str, lines: list[Line], peers: list[str], options: list[str]) -> str:
    """Make a benchmark's block of the page, with a digest that shows a hand-made change."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"bench_{name}.py").read_text()))
    rows = [f"| {line.name} | {show_figures(line)} | {line.ratio:.2f} |" for line in lines]
    rule = "|---|---|---|---|"
    parts = (
        docstring,
        "\n".join(["| comparison | sklmerge | the other | times as good |", rule, *rows]),
        f"`{' '.join(['python tests/benchmarks/run.py', name, *options])}`: {describe_run(peers)}",
    )
    text = "\n\n".join(part.strip() for part in parts if part) + "\n"
    return f"<!-- measured: {name} {digest(text)} -->\n{text}<!-- end -->"


def show_figures(line: Line) -> str:
    """Show both figures with their unit; three digits are all that a busy machine is good for."""
    return " | ".join(f"{float(f'{each:.3g}'):,g} {line.unit}" for each in (line.ours, line.other))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def describe_run(peers: list[str]) -> str:
    """Say what was measured: commit, versions and processor."""
    names = [*OWN, *(DISTRIBUTIONS.get(peer, peer) for peer in peers)]
    versions = ", ".join(f"{name} {find_version(name)}" for name in dict.fromkeys(names))
    processor = f"{os.cpu_count()} processors, {read_processor()}"
    return f"commit {read_commit()}; Python {platform.python_version()}, {versions}; {processor}."


def find_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


@cache
def read_commit() -> str:
    """Read the commit, with a plus where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=8"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"


def read_processor() -> str:
    """Read the processor's name, on Linux."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return " ".join((names[0] if names else platform.processor() or platform.machine()).split())


def fill_page(page: str, blocks: dict[str, str]) -> str:
    """Put blocks in the places of those of the same names."""
    return BLOCK.sub(lambda match: blocks.get(match[1], match[0]), page)


def read_page(path: Path, names: list[str]) -> str:
    """Read the page before anything is measured; refuse one that could not be written."""
    try:
        with path.open("r+", encoding="utf-8") as file:
            page = file.read()
    except OSError as error:
        refuse(f"{path} cannot be written: {error.strerror}")
    places = {match[1] for match in BLOCK.finditer(page)}
    if missing := [name for name in names if name not in places]:
        refuse(f"{path} has no place for {missing[0]!r}: <!-- measured: {missing[0]}  -->")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--short", action="store_true", help="the form of check.py, in minutes")
    parser.add_argument("--page", type=Path, default=PAGE)
    settings = parser.parse_args()
    floors = read_floors()
    names = choose_benchmarks(settings.names, floors)
    page = read_page(settings.page, names) if settings.write_docs else ""
    for name in names:
        options = ["--short"] if settings.short else []
        lines = run_benchmark(name, *options)
        block = make_block(name, lines, floors.get(name, {}).get("peers", []), options)
        print(block, flush=True)
        if settings.write_docs:
            # One after another: what was measured stays, if a later one fails.
            page = fill_page(page, {name: block})
            settings.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
